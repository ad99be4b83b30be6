//! Drain, pause, resume and cancel under load: what was acknowledged holds from then on.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use xmlx_tests::{Cluster, Needs, Setup, Signal, skips_on_server};

const APPS: usize = 500;
const SETUP: Setup = Setup { coordinators: 2, workers: 3, group_apps: 3, ..Setup::small(APPS) };

async fn busy() -> (Cluster, i64) {
    let cluster = Cluster::start(SETUP).await;
    cluster.db.faults().add("commit:1+:delay=25ms".parse().unwrap());
    let job = cluster.submit(&[]);
    cluster.wait_busy().await;
    (cluster, job)
}

/// Every worker has had, and lost, its chance to commit what it had in hand: all have ended as an operator ends them,
/// and a worker that is drained commits what it has extracted if it still may. Others take their places.
async fn replace_all_workers(cluster: &mut Cluster) {
    cluster.dismiss_workers().await;
    for _ in 0..SETUP.workers {
        cluster.add_worker();
    }
    cluster.wait_complete().await;
}

/// What is granted after the job stopped, and before it runs again.
async fn granted_in_between(cluster: &Cluster) -> i64 {
    let granted = "SELECT COUNT_BIG(*) AS [n] FROM [xmlx].[range_history] AS h WHERE h.[event] = 'granted' AND h.[history_id] > \
         (SELECT MAX(k.[history_id]) FROM [xmlx].[range_history] AS k WHERE k.[event] IN ('paused', 'cancelled'))";
    cluster.db.count(granted).await
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_committed_after_a_pause() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let (mut cluster, job) = busy().await;
    let id = job.to_string();
    let _ = cluster.client(&["pause", &id]).expect(0);
    let at_ack = cluster.logged().await;
    assert!(at_ack < i64::try_from(APPS).unwrap(), "there was something left to commit");
    replace_all_workers(&mut cluster).await;
    assert_eq!(cluster.logged().await, at_ack);
    assert_eq!(granted_in_between(&cluster).await, 0);
    let _ = cluster.client(&["resume", &id]).expect(0);
    cluster.wait_done(job).await;
    assert_eq!(cluster.logged().await, i64::try_from(APPS).unwrap());
    cluster.assert_verified(job).await;
}

/// Again and again, as fast as the client can.
#[tokio::test(flavor = "multi_thread")]
async fn pauses_in_quick_succession_are_barriers_each() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let (cluster, job) = busy().await;
    let id = job.to_string();
    for _ in 0..6 {
        let _ = cluster.client(&["pause", &id]).expect(0);
        let at_ack = cluster.logged().await;
        let _ = cluster.client(&["pause", &id]).expect(0);
        assert_eq!(cluster.logged().await, at_ack);
        let _ = cluster.client(&["resume", &id]).expect(0);
        cluster.wait_logged(at_ack + 5).await;
    }
    cluster.wait_done(job).await;
    cluster.assert_verified(job).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_committed_after_a_cancel() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let (mut cluster, job) = busy().await;
    let _ = cluster.client(&["cancel", &job.to_string()]).expect(0);
    let at_ack = cluster.logged().await;
    assert!(at_ack < i64::try_from(APPS).unwrap(), "there was something left to commit");
    replace_all_workers(&mut cluster).await;
    assert_eq!(cluster.logged().await, at_ack);
    assert_eq!(granted_in_between(&cluster).await, 0);
    cluster.assert_history_holds(job);
    // What is left is another job's.
    let rest = cluster.submit(&[]);
    cluster.wait_done(rest).await;
    assert_eq!(cluster.logged().await, i64::try_from(APPS).unwrap());
    cluster.assert_verified(rest).await;
    cluster.assert_history_holds(job);
}

/// The leader dies between a pause and its resume: the next one knows that the job rests.
#[tokio::test(flavor = "multi_thread")]
async fn a_pause_outlives_its_leader() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let (mut cluster, job) = busy().await;
    let id = job.to_string();
    let _ = cluster.client(&["pause", &id]).expect(0);
    let at_ack = cluster.logged().await;
    let term = cluster.term().await;
    cluster.leader().kill();
    cluster.wait_term_after(term).await;
    cluster.wait_complete().await;
    replace_all_workers(&mut cluster).await;
    assert_eq!(cluster.logged().await, at_ack);
    assert_eq!(granted_in_between(&cluster).await, 0);
    let _ = cluster.client(&["resume", &id]).expect(0);
    cluster.wait_done(job).await;
    cluster.assert_verified(job).await;
}

/// A whole host goes: half of its workers are told by signal, half by the client. What they had is
/// given back, not taken away, and nothing is decided twice.
#[tokio::test(flavor = "multi_thread")]
async fn draining_a_host_repeats_nothing() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let (mut cluster, job) = busy().await;
    cluster.workers[0].signal(Signal::SIGTERM);
    let _ = cluster.client(&["drain", "w2"]).expect(0);
    for worker in &mut cluster.workers[..2] {
        assert_eq!(worker.exit_code().await, 0, "{}", worker.name);
    }
    let gone = cluster.status();
    assert_eq!(gone["workers"].as_array().unwrap().len(), 1, "{gone}");
    cluster.wait_done(job).await;
    assert_eq!(cluster.logged().await, i64::try_from(APPS).unwrap());
    assert_eq!(cluster.job(job)["leases_revoked"], 0);
    let released = "SELECT COUNT_BIG(*) FROM [xmlx].[range_history] WHERE [event] = 'released'";
    assert!(cluster.db.count(released).await > 0, "something was given back");
    cluster.assert_verified(job).await;
}

/// The last worker goes, and later another one comes.
#[tokio::test(flavor = "multi_thread")]
async fn draining_everybody_leaves_the_rest_for_later() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let (mut cluster, job) = busy().await;
    for name in ["w1", "w2", "w3"] {
        let _ = cluster.client(&["drain", name]).expect(0);
    }
    for worker in &mut cluster.workers {
        assert_eq!(worker.exit_code().await, 0, "{}", worker.name);
    }
    let at_end = cluster.logged().await;
    assert!(at_end < i64::try_from(APPS).unwrap(), "something was left");
    assert_eq!(cluster.job(job)["ranges_leased"], 0);
    cluster.assert_history_holds(job);
    cluster.add_worker();
    cluster.wait_done(job).await;
    assert_eq!(cluster.job(job)["leases_revoked"], 0);
    cluster.assert_verified(job).await;
}

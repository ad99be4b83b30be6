//! What fails on the way: processes, the leader, connections, answers.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use xmlx_tests::{Cluster, Needs, Setup, Signal, skips_on_server};

async fn two_workers(apps: usize) -> Cluster {
    let setup = Setup { coordinators: 2, workers: 2, group_apps: 5, ..Setup::small(apps) };
    let cluster = Cluster::start(setup).await;
    cluster.db.faults().add("commit:1+:delay=30ms".parse().unwrap());
    cluster
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_worker_loses_its_leases_to_the_other() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let mut cluster = two_workers(400).await;
    let job = cluster.submit(&[]);
    cluster.wait_busy().await;
    cluster.workers[0].kill();
    cluster.wait_done(job).await;
    assert!(
        cluster.job(job)["leases_revoked"].as_i64().unwrap() > 0,
        "the killed worker held leases"
    );
    assert_eq!(cluster.logged().await, 400);
    cluster.assert_verified(job).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_leader_is_replaced_and_nothing_is_repeated() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let mut cluster = two_workers(400).await;
    let job = cluster.submit(&[]);
    cluster.wait_busy().await;
    let term = cluster.status()["leader"]["term"].as_i64().unwrap();
    cluster.leader().kill();
    cluster.wait_done(job).await;
    assert!(cluster.status()["leader"]["term"].as_i64().unwrap() > term);
    assert_eq!(cluster.logged().await, 400);
    cluster.assert_verified(job).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_told_to_stop_resigns() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let mut cluster = two_workers(400).await;
    let job = cluster.submit(&[]);
    cluster.wait_busy().await;
    let process = cluster.leader();
    process.signal(Signal::SIGTERM);
    assert_eq!(process.exit_code().await, 0);
    cluster.wait_done(job).await;
    cluster.assert_verified(job).await;
}

/// The zombie: paused for longer than it may be silent, then woken. What it still has in hand is refused.
#[tokio::test(flavor = "multi_thread")]
async fn a_zombie_commits_nothing() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let mut cluster = two_workers(400).await;
    let job = cluster.submit(&[]);
    cluster.wait_busy().await;
    cluster.workers[0].signal(Signal::SIGSTOP);
    cluster
        .wait_for("its leases to be revoked", async |cluster| {
            cluster.job(job)["leases_revoked"].as_i64().unwrap() > 0
        })
        .await;
    cluster.workers[0].signal(Signal::SIGCONT);
    cluster.wait_done(job).await;
    // Drained, it would commit what it has extracted if it still could.
    cluster.dismiss_workers().await;
    assert_eq!(cluster.logged().await, 400);
    cluster.assert_verified(job).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn draining_repeats_nothing() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let mut cluster = two_workers(300).await;
    let job = cluster.submit(&[]);
    cluster.wait_busy().await;
    assert_eq!(
        cluster.client(&["drain", "w1", "-o", "json"]).expect(0).json()["outcome"],
        "accepted"
    );
    assert_eq!(cluster.workers[0].exit_code().await, 0, "a drained worker ends by itself");
    cluster.add_worker();
    cluster.workers[1].signal(Signal::SIGTERM);
    assert_eq!(cluster.workers[1].exit_code().await, 0);
    cluster.wait_done(job).await;
    assert_eq!(
        cluster.job(job)["leases_revoked"],
        0,
        "what was left was given back, not taken away"
    );
    cluster.assert_verified(job).await;
    let unknown = cluster.client(&["drain", "nobody"]).expect(2);
    assert!(unknown.stderr.contains("`nobody`"), "{unknown:?}");
}

/// Pause is a barrier: once acknowledged, nothing more is committed.
#[tokio::test(flavor = "multi_thread")]
async fn pause_is_a_barrier() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let cluster = two_workers(400).await;
    let job = cluster.submit(&[]);
    let id = job.to_string();
    cluster.wait_busy().await;
    assert_eq!(cluster.client(&["pause", &id]).expect(0).stdout.trim(), "accepted");
    let at_pause = cluster.logged().await;
    assert_eq!(cluster.client(&["pause", &id]).expect(0).stdout.trim(), "already so");
    // Both workers have been told, and ask in vain, by the time their heartbeats show no lease.
    cluster
        .wait_for("the workers to let go", async |cluster| {
            cluster.status()["workers"]
                .as_array()
                .unwrap()
                .iter()
                .all(|worker| worker["leases"] == 0)
        })
        .await;
    assert_eq!(cluster.logged().await, at_pause);
    let _ = cluster.client(&["resume", &id]).expect(0);
    cluster.wait_done(job).await;
    cluster.assert_verified(job).await;
}

/// The answer to the pause is lost on its way from the database: the client's own repetition finds the
/// job paused, and by then every lease has been revoked.
#[tokio::test(flavor = "multi_thread")]
async fn a_pause_whose_answer_is_lost_is_a_barrier_too() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let cluster = two_workers(400).await;
    let job = cluster.submit(&[]);
    let id = job.to_string();
    cluster.wait_busy().await;
    cluster.db.faults().add("text=UPDATE [xmlx].[job]\nSET [state]:1:drop-after".parse().unwrap());
    let _ = cluster.client(&["pause", &id]).expect(0);
    let at_pause = cluster.logged().await;
    cluster
        .wait_for("the workers to let go", async |cluster| {
            cluster.status()["workers"]
                .as_array()
                .unwrap()
                .iter()
                .all(|worker| worker["leases"] == 0)
        })
        .await;
    assert_eq!(cluster.logged().await, at_pause);
    cluster.assert_faults_fired();
    let _ = cluster.client(&["resume", &id]).expect(0);
    cluster.wait_done(job).await;
    cluster.assert_verified(job).await;
}

/// The answer to a submission is lost: the client's own repetition finds the job, and it is worked on.
#[tokio::test(flavor = "multi_thread")]
async fn a_submission_whose_answer_is_lost_is_made_once() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let cluster = Cluster::start(Setup::small(30)).await;
    cluster.db.faults().add("text=INSERT INTO [xmlx].[job]:1:drop-after".parse().unwrap());
    let job = cluster.submit(&["--wait"]);
    assert_eq!(cluster.job(job)["ok"], 30);
    assert_eq!(cluster.status()["jobs"].as_array().unwrap().len(), 1);
    cluster.assert_faults_fired();
}

/// One fault at a time, at statements of the worker and of the leader.
async fn survives(fault: &str) {
    let cluster = Cluster::start(Setup { workers: 2, ..Setup::small(150) }).await;
    cluster.db.faults().add(fault.parse().unwrap());
    let job = cluster.submit(&[]);
    cluster.wait_done(job).await;
    assert_eq!(cluster.job(job)["failed"], 0, "{fault}: nothing transient is recorded as failed");
    assert_eq!(cluster.logged().await, 150, "{fault}");
    cluster.assert_verified(job).await;
    cluster.assert_faults_fired();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_is_lost_is_applied_once() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    survives("commit:2:drop-after").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_never_arrived_is_sent_again() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    survives("commit:2:drop-before").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadlock_is_tried_again() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    survives("commit:2:error=1205").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_timeout_is_tried_again() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    survives("commit:1:error=1222").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fetch_that_breaks_is_tried_again() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    survives("fetch:2:drop-before").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_change_that_breaks_is_seen_through() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    survives("text=xmlx].[range_history:2:drop-after").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_completion_whose_answer_is_lost_is_found_out() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    survives("text='completed':1:drop-after").await;
}

/// No room in the database pauses the job, and says so.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_log_pauses_the_job() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let cluster = Cluster::start(Setup::small(60)).await;
    cluster.db.faults().add("commit:1:error=9002".parse().unwrap());
    let job = cluster.submit(&[]);
    cluster
        .wait_for("the job to be paused", async |cluster| cluster.job(job)["state"] == "paused")
        .await;
    assert!(cluster.job(job)["reason"].as_str().unwrap().contains("9002"));
    let _ = cluster.client(&["resume", &job.to_string()]).expect(0);
    cluster.wait_done(job).await;
    cluster.assert_verified(job).await;
    cluster.assert_faults_fired();
}

/// An error that the server gives no number of its own may pass. Where it does not, the job pauses and says so: no
/// application fails for it, and nothing goes round for ever.
#[tokio::test(flavor = "multi_thread")]
async fn an_error_without_a_number_pauses_the_job_at_last() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let cluster = Cluster::start(Setup::small(60)).await;
    cluster.db.faults().add("commit:1+:error=33557097".parse().unwrap());
    let job = cluster.submit(&[]);
    cluster
        .wait_for("the job to be paused", async |cluster| cluster.job(job)["state"] == "paused")
        .await;
    let shown = cluster.job(job);
    assert!(shown["reason"].as_str().unwrap().contains("33557097"), "{shown}");
    assert_eq!((cluster.logged().await, &shown["failed"]), (0, &0.into()));
    cluster.assert_faults_fired();
    cluster.db.faults().clear();
    let _ = cluster.client(&["resume", &job.to_string()]).expect(0);
    cluster.wait_done(job).await;
    assert_eq!(cluster.job(job)["ok"], 60);
    cluster.assert_verified(job).await;
}

/// Somebody else holds the ranges for longer than a commit waits: it is tried again, and no application fails.
#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_is_held_is_waited_for() {
    let cluster = Cluster::start(Setup { group_apps: 1, ..Setup::small(150) }).await;
    let job = cluster.submit(&[]);
    cluster.wait_logged(5).await;
    let held = cluster.db.hold("UPDATE [xmlx].[range] SET [deaths] = [deaths]").await;
    cluster.wait_for_a_lock_timeout().await;
    held.release().await;
    cluster.wait_done(job).await;
    assert_eq!(cluster.job(job)["ok"], 150);
    cluster.assert_verified(job).await;
}

/// An application that takes its process down with it costs at most three of them; its neighbours are done.
#[tokio::test(flavor = "multi_thread")]
async fn poison_is_isolated() {
    let setup = Setup { worker_flags: &["--test-abort-on-app", "1150"], ..Setup::small(200) };
    let mut cluster = Cluster::start(setup).await;
    let poison = "SELECT COUNT_BIG(*) FROM [sample].[application_xml] WHERE [app_id] = 1150";
    assert_eq!(cluster.db.count(poison).await, 1, "the sample has that application");
    let job = cluster.submit(&[]);
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(60);
    while cluster.job(job)["state"] != "done" {
        assert!(tokio::time::Instant::now() < deadline, "{}", cluster.job(job));
        if !cluster.workers.last_mut().unwrap().runs() {
            cluster.add_worker();
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let lives = cluster.workers.iter_mut().map(|it| it.runs()).filter(|runs| !runs).count();
    assert!((1..=3).contains(&lives), "{lives} workers died");
    let shown = cluster.job(job);
    assert_eq!((&shown["ok"], &shown["failed"]), (&199.into(), &1.into()));
    let failures = cluster.client(&["failures", &job.to_string(), "-o", "json"]).expect(0).json();
    assert_eq!(failures["stages"][0]["stage"], "poison");
    assert_eq!(failures["failures"][0]["app_id"], 1150);
    cluster.assert_verified(job).await;
}

/// One lease over everything, and a slot that stands idle: it gets half of what is left.
#[tokio::test(flavor = "multi_thread")]
async fn an_idle_slot_takes_half_of_the_largest_lease() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let flags = &["--lease-apps-first", "400"];
    let setup = Setup { group_apps: 5, coordinator_flags: flags, ..Setup::small(400) };
    let cluster = Cluster::start(setup).await;
    cluster.db.faults().add("commit:1+:delay=10ms".parse().unwrap());
    let job = cluster.submit(&["--wait"]);
    let splits = "SELECT COUNT_BIG(*) FROM [xmlx].[range_history] WHERE [event] = 'split'";
    assert!(cluster.db.count(splits).await > 0);
    assert_eq!(cluster.job(job)["ok"], 400);
    cluster.assert_verified(job).await;
    cluster.assert_faults_fired();
}

/// The owner closes a range at the very moment of a pause: the pause is a pause all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_pause_that_finds_a_range_changed_is_a_pause() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let flags = &["--lease-apps-first", "100000"];
    let setup = Setup { group_apps: 5, coordinator_flags: flags, ..Setup::small(400) };
    let cluster = Cluster::start(setup).await;
    cluster.db.faults().add("commit:1+:delay=60ms".parse().unwrap());
    let job = cluster.submit(&[]);
    cluster
        .wait_for("two leases, and nothing left to hand out", async |cluster| {
            let job = cluster.job(job);
            let is_all_leased = job["ranges_leased"] == 2 && job["ranges_pending"] == 0;
            is_all_leased && cluster.logged().await > 0
        })
        .await;
    // The answer of a compare-and-set that found something else.
    let conflict = "xmlx/coordinator@text=SET [state] = @P7:1:error=51003";
    cluster.db.faults().add(conflict.parse().unwrap());
    let paused = cluster.client(&["pause", &job.to_string()]).expect(0);
    let at_pause = cluster.logged().await;
    assert_eq!(paused.stdout.trim(), "accepted");
    cluster.assert_faults_fired();
    assert_eq!(cluster.job(job)["ranges_leased"], 0);
    let _ = cluster.client(&["pause", &job.to_string()]).expect(0);
    assert_eq!(cluster.logged().await, at_pause);
    let _ = cluster.client(&["resume", &job.to_string()]).expect(0);
    cluster.wait_done(job).await;
    cluster.assert_verified(job).await;
}

/// Where a job's log ends could not be noted when it ended: it is before the next job writes.
#[tokio::test(flavor = "multi_thread")]
async fn later_jobs_do_not_count_for_an_earlier_one() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let cluster = Cluster::start(Setup { broken_permille: 300, ..Setup::small(60) }).await;
    cluster.db.faults().add("text=SET [log_end]:1:drop-before".parse().unwrap());
    let first = cluster.submit(&["--wait"]);
    cluster.assert_faults_fired();
    let retried = cluster.client(&["retry", "--contract", "card.json", "--wait", "-o", "json"]);
    let retried = retried.expect(1).json()["job"]["job"].as_i64().unwrap();
    cluster.assert_each_verified(&[first, retried]);
}

/// The database goes away under load and comes back with everything that it had acknowledged.
#[tokio::test(flavor = "multi_thread")]
async fn the_database_is_restarted_under_load() {
    if skips_on_server(Needs::Restart) {
        return;
    }
    let mut cluster = two_workers(400).await;
    let job = cluster.submit(&[]);
    cluster.wait_busy().await;
    for _ in 0..2 {
        let before = cluster.logged().await;
        cluster.db.restart(async || ()).await;
        assert!(cluster.logged().await >= before, "what was committed is there");
        cluster.wait_logged(before + 40).await;
    }
    cluster.wait_done(job).await;
    assert_eq!(cluster.job(job)["failed"], 0);
    assert_eq!(cluster.logged().await, 400);
    cluster.assert_verified(job).await;
}

//! The polite load: a ceiling of commits for the whole cluster.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use std::cell::RefCell;

use xmlx_tests::{Cluster, Needs, Setup, skips_on_server};

/// Applications that are decided while it is counted how many commits are under way at once: enough groups for every
/// worker to have committed several times.
const WINDOW: i64 = 40;

/// The most commits at once while the next applications are decided.
async fn most_commits(cluster: &Cluster) -> usize {
    let _ = cluster.db.faults().most_commits();
    cluster.wait_logged(cluster.logged().await + WINDOW).await;
    cluster.db.faults().most_commits()
}

/// In a row, so that what is seen is no moment between two shares.
const WINDOWS: usize = 3;

/// An order is on its way to the workers after it was accepted, and after a worker has joined, as all do with a new
/// leader, the others have their larger shares for about a second (docs/sql-server.md). From then on the ceiling holds, and
/// the workers together use all of it: not in every window, since a worker may wait for its next lease, and on a busy
/// machine for its turn.
async fn assert_held(cluster: &Cluster, ceiling: usize) {
    let seen = RefCell::new(Vec::new());
    cluster
        .wait_for("the ceiling to hold and to be used", async |cluster| {
            let most = most_commits(cluster).await;
            let mut seen = seen.borrow_mut();
            seen.push(most);
            let last = &seen[seen.len().saturating_sub(WINDOWS)..];
            last.len() == WINDOWS && last.iter().max() == Some(&ceiling)
        })
        .await;
}

/// An order reaches every worker, outlives the leader, and can be taken back.
#[tokio::test(flavor = "multi_thread")]
async fn a_ceiling_is_shared_out_and_outlives_the_leader() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let setup = Setup {
        coordinators: 2,
        workers: 2,
        group_apps: 5,
        coordinator_flags: &["--commits-max", "3"],
        ..Setup::small(1_800)
    };
    let mut cluster = Cluster::start(setup).await;
    // Long enough that a worker's next group is ready before its last one is written, also on a busy machine.
    cluster.db.faults().add("commit:1+:delay=40ms".parse().unwrap());
    assert_eq!(cluster.status()["commits_max"], 3);
    let job = cluster.submit(&[]);
    assert_held(&cluster, 3).await;
    let order = |cluster: &Cluster, args: &[&str]| {
        cluster.client(&[&["throttle"], args].concat()).expect(0).stdout.trim().to_owned()
    };
    assert_eq!(order(&cluster, &["--commits", "2"]), "accepted");
    assert_eq!(order(&cluster, &["--commits", "2"]), "already so");
    assert_held(&cluster, 2).await;
    let address = cluster.status()["leader"]["address"].as_str().unwrap().to_owned();
    let leader = cluster.coordinators.iter_mut().find(|(url, _)| *url == address);
    leader.unwrap().1.kill();
    cluster
        .wait_for("another leader", async |cluster| {
            let status = cluster.status();
            status["leader"]["alive"] == true && status["leader"]["address"] != address.as_str()
        })
        .await;
    assert_eq!(cluster.status()["commits_max"], 2);
    assert_held(&cluster, 2).await;
    let shown = cluster.client(&["status"]).expect(0);
    assert!(shown.stdout.contains("at most 2 commits at once"), "{shown:?}");
    assert_eq!(order(&cluster, &["--off"]), "accepted");
    assert_eq!(cluster.status()["commits_max"], 3);
    cluster.wait_done(job).await;
    assert_eq!(cluster.logged().await, 1_800);
    cluster.assert_verified(job).await;
    assert_eq!(cluster.client(&["throttle"]).code, 64);
    assert_eq!(cluster.client(&["throttle", "--commits", "0"]).code, 64);
}

/// A ceiling below the number of workers holds as well: some of them hold no lease.
#[tokio::test(flavor = "multi_thread")]
async fn fewer_commits_than_workers() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let mut cluster =
        Cluster::start(Setup { workers: 3, group_apps: 2, ..Setup::small(900) }).await;
    cluster.db.faults().add("commit:1+:delay=20ms".parse().unwrap());
    let job = cluster.submit(&[]);
    cluster
        .wait_for("several commits at once, without a ceiling", async |cluster| {
            cluster.db.faults().most_commits() > 2
        })
        .await;
    for ceiling in [2_usize, 1] {
        let order = cluster.client(&["throttle", "--commits", &ceiling.to_string()]);
        let _ = order.expect(0);
        let holders = |it: &Cluster| {
            let status = it.status();
            let all = status["workers"].as_array().unwrap().clone();
            all.iter().filter(|worker| worker["leases"] != 0).count()
        };
        assert!(holders(&cluster) <= ceiling, "at once");
        assert_held(&cluster, ceiling).await;
    }
    // Whoever may commit dies: another worker takes over.
    let status = cluster.status();
    let holder = status["workers"].as_array().unwrap().iter().find(|worker| worker["leases"] != 0);
    let name = holder.expect("somebody works")["name"].as_str().unwrap().to_owned();
    let _ = cluster.db.faults().most_commits();
    cluster.workers.iter_mut().find(|it| it.name == name).unwrap().kill();
    let begun = cluster.logged().await;
    cluster.wait_logged(begun + 20).await;
    assert_eq!(cluster.db.faults().most_commits(), 1);
    let _ = cluster.client(&["throttle", "--off"]).expect(0);
    cluster.wait_done(job).await;
    cluster.assert_verified(job).await;
}

/// Deadlocks and lock timeouts slow a worker down; they fail nothing.
#[tokio::test(flavor = "multi_thread")]
async fn congestion_fails_no_application() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let cluster = Cluster::start(Setup { group_apps: 5, ..Setup::small(60) }).await;
    for fault in ["commit:2:error=1205", "commit:4:error=1222", "commit:6:error=8645"] {
        cluster.db.faults().add(fault.parse().unwrap());
    }
    let job = cluster.submit(&[]);
    cluster
        .wait_for("the job to end or to pause", async |cluster| {
            cluster.job(job)["state"] != "running"
        })
        .await;
    if cluster.job(job)["state"] == "paused" {
        let _ = cluster.client(&["resume", &job.to_string()]).expect(0);
    }
    cluster.wait_done(job).await;
    assert_eq!(cluster.job(job)["ok"], 60);
    cluster.assert_faults_fired();
    cluster.assert_verified(job).await;
}

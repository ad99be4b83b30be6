//! The polite load: a ceiling of commits for the whole cluster.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use xmlx_tests::{Cluster, Setup, skips_on_server};

async fn told(cluster: &Cluster, share: u32) {
    let line = format!("commits_max={share}");
    cluster
        .wait_for("every worker to hear of its share", async |it| {
            it.workers.iter().all(|it| {
                let log = it.log();
                let last = log.lines().rfind(|it| it.contains("commits_max="));
                last.is_some_and(|it| it.contains(&line))
            })
        })
        .await;
}

/// An order reaches every worker, outlives the leader, and can be taken back.
#[tokio::test(flavor = "multi_thread")]
async fn a_ceiling_is_shared_out_and_outlives_the_leader() {
    if skips_on_server("a plan of faults") {
        return;
    }
    let setup = Setup {
        coordinators: 2,
        workers: 2,
        group_apps: 5,
        coordinator_flags: &["--commits-max", "9"],
        ..Setup::small(300)
    };
    let mut cluster = Cluster::start(setup).await;
    cluster.db.faults().add("commit:1+:delay=20ms".parse().unwrap());
    assert_eq!(cluster.status()["commits_max"], 9);
    told(&cluster, 4).await;
    let job = cluster.submit(&[]);
    cluster.wait_logged(10).await;
    let order = |cluster: &Cluster, args: &[&str]| {
        cluster.client(&[&["throttle"], args].concat()).expect(0).stdout.trim().to_owned()
    };
    assert_eq!(order(&cluster, &["--commits", "2"]), "accepted");
    assert_eq!(order(&cluster, &["--commits", "2"]), "already so");
    told(&cluster, 1).await;
    let address = cluster.status()["leader"]["address"].as_str().unwrap().to_owned();
    let leader = cluster.coordinators.iter_mut().find(|(url, _)| *url == address);
    leader.unwrap().1.kill();
    cluster
        .wait_for("another leader", async |it| {
            let status = it.status();
            status["leader"]["alive"] == true && status["leader"]["address"] != address.as_str()
        })
        .await;
    assert_eq!(cluster.status()["commits_max"], 2);
    let shown = cluster.client(&["status"]).expect(0);
    assert!(shown.stdout.contains("at most 2 commits at once"), "{shown:?}");
    assert_eq!(order(&cluster, &["--off"]), "accepted");
    assert_eq!(cluster.status()["commits_max"], 9);
    cluster.wait_done(job).await;
    assert_eq!(cluster.logged().await, 300);
    cluster.assert_verified(job).await;
    assert_eq!(cluster.client(&["throttle"]).code, 64);
    assert_eq!(cluster.client(&["throttle", "--commits", "0"]).code, 64);
}

/// Deadlocks and lock timeouts slow a worker down; they fail nothing.
#[tokio::test(flavor = "multi_thread")]
async fn congestion_fails_no_application() {
    if skips_on_server("a plan of faults") {
        return;
    }
    let cluster = Cluster::start(Setup { group_apps: 5, ..Setup::small(60) }).await;
    for fault in ["commit:2:error=1205", "commit:4:error=1222", "commit:6:error=8645"] {
        cluster.db.faults().add(fault.parse().unwrap());
    }
    let job = cluster.submit(&[]);
    cluster
        .wait_for("the job to end or to pause", async |it| it.job(job)["state"] != "running")
        .await;
    if cluster.job(job)["state"] == "paused" {
        let _ = cluster.client(&["resume", &job.to_string()]).expect(0);
    }
    cluster.wait_done(job).await;
    assert_eq!(cluster.job(job)["ok"], 60);
    cluster.assert_faults_fired();
    cluster.assert_verified(job).await;
}

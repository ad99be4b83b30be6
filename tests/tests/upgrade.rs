//! Rolling upgrades: programs of this release and of the one before, side by side, replaced one by one.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use serde_json::Value;
use xmlx_proto::Release;
use xmlx_tests::{Cluster, Needs, Setup, skips_on_server};

/// Everything of the release before.
fn previous(apps: usize) -> Setup {
    // Large leases, small groups: slots stand idle, so that leases of old and new workers are split.
    let flags = &["--lease-apps-first", "200"];
    Setup {
        coordinators: 2,
        workers: 2,
        group_apps: 5,
        release: Release::Previous,
        coordinator_flags: flags,
        ..Setup::small(apps)
    }
}

async fn schema_version(cluster: &Cluster) -> i64 {
    let sql = "SELECT CAST(MAX([version]) AS bigint) FROM [xmlx].[schema_version]";
    cluster.db.count(sql).await
}

/// Asks as a client does and goes on until `n` more applications are done.
async fn work_goes_on(cluster: &Cluster, job: i64, n: i64) {
    let before = cluster.logged().await;
    cluster
        .wait_for("work to go on", async |cluster| {
            // Either fails the test where a client sees an error.
            let shown = cluster.job(job);
            let _ = cluster.client(&["workers", "-o", "json"]).expect(0);
            assert_eq!(shown["state"], "running", "{shown}");
            cluster.logged().await >= before + n
        })
        .await;
}

fn builds(cluster: &Cluster) -> Vec<bool> {
    let status = cluster.status();
    let workers = status["workers"].as_array().unwrap().iter();
    let mut old: Vec<bool> =
        workers.map(|worker| worker["build"].as_str().unwrap().ends_with("-previous")).collect();
    old.sort_unstable();
    old
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_is_upgraded_one_by_one_under_load() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let mut cluster = Cluster::start(previous(800)).await;
    cluster.db.faults().add("commit:1+:delay=80ms".parse().unwrap());
    let job = cluster.submit(&[]);
    work_goes_on(&cluster, job, 20).await;
    assert_eq!(schema_version(&cluster).await, 2);
    assert_eq!(builds(&cluster), [true, true]);

    cluster.upgrade();
    // Coordinators first: a new one works with old tables and old workers.
    for _ in 0..2 {
        cluster.replace_coordinator().await;
        work_goes_on(&cluster, job, 20).await;
    }
    let newest = i64::from(xmlx_store::SCHEMA_VERSION);
    cluster
        .wait_for("the new tables", async |cluster| schema_version(cluster).await == newest)
        .await;
    cluster.wait_for("the old workers", async |cluster| builds(cluster) == [true, true]).await;
    for old in [vec![false, true], vec![false, false]] {
        cluster.replace_worker().await;
        cluster.wait_for("the new worker", async |cluster| builds(cluster) == old).await;
        work_goes_on(&cluster, job, 20).await;
    }
    cluster.db.faults().clear();
    cluster.wait_done(job).await;
    assert_eq!(cluster.job(job)["ok"], 800);
    cluster.assert_verified(job).await;
}

/// The other order works, too: workers of this release under coordinators of the one before.
#[tokio::test(flavor = "multi_thread")]
async fn workers_may_be_upgraded_before_coordinators() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let setup = Setup { broken_permille: 200, ..previous(300) };
    let mut cluster = Cluster::start(setup).await;
    cluster.db.faults().add("commit:1+:delay=40ms".parse().unwrap());
    // A coordinator that knows no limits takes the job without them, and the client says so.
    let args = ["submit", "-o", "json", "--contract", "card.json", "--max-failures", "90%"];
    let submitted = cluster.client(&args).expect(0);
    assert!(submitted.stderr.contains("has no limits of failures"), "{submitted:?}");
    let job = submitted.json()["job"]["job"].as_i64().unwrap();
    work_goes_on(&cluster, job, 10).await;
    cluster.upgrade();
    cluster.replace_worker().await;
    cluster.wait_for("the new worker", async |cluster| builds(cluster) == [false, true]).await;
    work_goes_on(&cluster, job, 10).await;
    assert_eq!(schema_version(&cluster).await, 2);
    cluster.db.faults().clear();
    cluster.wait_done(job).await;
    let shown = cluster.job(job);
    assert_eq!(shown["ok"].as_i64().unwrap() + shown["failed"].as_i64().unwrap(), 300);
    // There is no place for warnings yet: the new worker goes on without.
    assert_eq!((&shown["warned"], &shown["max_failures"]), (&0.into(), &Value::Null));
    cluster.assert_verified(job).await;
}

/// Tables of a later release that only added something are worked with; ones that took something away
/// are not touched, and whoever is too old says so.
#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_is_too_old_for_the_tables_refuses_to_work() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let mut cluster = Cluster::start(Setup::small(40)).await;
    let later = |version: i32, compatible_from: i32| {
        format!(
            "INSERT INTO [xmlx].[schema_version] ([version], [compatible_from]) VALUES ({version}, {compatible_from})"
        )
    };
    cluster.db.run(&later(98, 1)).await;
    cluster.replace_coordinator().await;
    let job = cluster.submit(&["--wait"]);
    assert_eq!(cluster.job(job)["ok"], 40);

    cluster.db.run(&later(99, 99)).await;
    cluster.add_worker();
    let refusal = cluster.workers.last_mut().unwrap().refusal().await;
    assert!(refusal.contains("upgrade this worker"), "{refusal}");

    cluster.replace_coordinator().await;
    let refusal = cluster.coordinators[0].1.refusal().await;
    assert!(refusal.contains("upgrade this coordinator"), "{refusal}");
}

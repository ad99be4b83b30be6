//! Several jobs on the same workers.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use xmlx_tests::{Cluster, Needs, Setup, skips_on_server};

/// While an important job has something to hand out, no other job gets a lease.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_of_higher_priority_is_served_first() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let flags = &["--lease-apps-first", "5", "--lease-apps-min", "5"];
    let setup = Setup { coordinator_flags: flags, group_apps: 1, ..Setup::small(300) };
    let cluster = Cluster::start(setup).await;
    cluster.db.faults().add("commit:1+:delay=10ms".parse().unwrap());
    let ids = cluster
        .db
        .column("SELECT CAST([app_id] AS bigint) FROM [sample].[application_xml] ORDER BY [app_id]")
        .await;
    let middle = ids[150];
    let usual = cluster.submit(&["--to", &(middle - 1).to_string()]);
    cluster.wait_logged(1).await;
    let urgent = cluster.submit(&["--from", &middle.to_string(), "--priority", "10"]);
    assert_eq!(cluster.job(urgent)["priority"], 10);
    cluster.wait_done(urgent).await;
    cluster.wait_done(usual).await;
    let granted = |job: i64| {
        format!(
            "SELECT [history_id] FROM [xmlx].[range_history] WHERE [job_id] = {job} AND [event] = 'granted' ORDER BY [history_id]"
        )
    };
    let urgent_grants = cluster.db.column(&granted(urgent)).await;
    let (first, last) = (urgent_grants[0], *urgent_grants.last().unwrap());
    let usual_grants = cluster.db.column(&granted(usual)).await;
    let between = usual_grants.iter().filter(|it| (first..last).contains(*it)).count();
    assert_eq!(between, 0, "the usual job got {between} leases before the urgent one was served");
    assert!(urgent_grants.len() > 10, "{} leases", urgent_grants.len());
    assert!(usual_grants.iter().any(|it| *it > last), "the usual job waited");
    cluster.assert_each_verified(&[usual, urgent]);
    assert_eq!(cluster.repeated().await, 0);
    cluster.assert_faults_fired();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_priority_out_of_bounds_is_refused() {
    let cluster = Cluster::start(Setup::small(1)).await;
    let refused = cluster.client(&["submit", "--contract", "card.json", "--priority", "5000"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("`priority` must be between -1000 and 1000"), "{refused:?}");
}

/// What failed is tried again while a job waits for what comes: the two take different applications.
#[tokio::test(flavor = "multi_thread")]
async fn a_retry_runs_beside_a_job_that_follows() {
    let cluster = Cluster::start(Setup { broken_permille: 300, ..Setup::small(60) }).await;
    let follow = cluster.submit(&["--follow"]);
    cluster.wait_logged(60).await;
    cluster
        .wait_for("the ranges to be done", async |cluster| {
            let job = cluster.job(follow);
            job["ok"].as_i64().unwrap() + job["failed"].as_i64().unwrap() == 60
        })
        .await;
    let failed = cluster.job(follow)["failed"].as_i64().unwrap();
    assert!(failed > 5, "{failed} failed");

    let retry = ["retry", "--contract", "card.json", "--wait", "-o", "json"];
    let retried = cluster.client(&retry).json()["job"].clone();
    assert_eq!((&retried["failed"], &retried["state"]), (&failed.into(), &"done".into()));
    assert_eq!(retried["total"], failed);
    assert_eq!(cluster.logged().await, 60 + failed);
    let refused = cluster.client(&["submit", "--contract", "card.json", "-o", "json"]);
    assert!(refused.stderr.contains("works on app_id"), "{refused:?}");
    // Each tells its own decisions from the other's.
    cluster.assert_each_verified(&[follow, retried["job"].as_i64().unwrap()]);
    let failures = cluster.client(&["failures", &follow.to_string(), "-o", "json"]).expect(0);
    assert_eq!(
        failures.json()["failures"].as_array().unwrap().len(),
        usize::try_from(failed).unwrap()
    );
}

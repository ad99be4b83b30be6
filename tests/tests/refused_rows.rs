//! What the database refuses: the guilty application fails alone, and a refusal that is nobody's stops the job.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use xmlx_tests::{Cluster, Needs, Setup, skips_on_server};

/// Refuses the commits of certain applications with this error.
fn refuse(cluster: &Cluster, ids: &[i64], number: u32) {
    for id in ids {
        let fault = format!("value=[{id},\"success\":1+:error={number}");
        cluster.db.faults().add(fault.parse().unwrap());
    }
}

/// The ids of these applications, counted from the first one of the source.
async fn ids(cluster: &Cluster, at: &[usize]) -> Vec<i64> {
    let all = cluster
        .db
        .column("SELECT CAST([app_id] AS bigint) AS [app_id] FROM [sample].[card_application] ORDER BY [app_id]")
        .await;
    at.iter().map(|i| all[*i]).collect()
}

/// The ids that the log has as failed, in order.
async fn failed(cluster: &Cluster) -> Vec<i64> {
    cluster
        .db
        .column("SELECT CAST([app_id] AS bigint) AS [app_id] FROM [sample].[processing_log] WHERE [status] = 'failed' ORDER BY [app_id]")
        .await
}

/// A trigger's, a check's or a computed column's error may have any number. Whether it is one application's is seen by
/// what gets through beside it.
#[tokio::test(flavor = "multi_thread")]
async fn an_unlisted_error_fails_the_application_it_belongs_to() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    for number in [3616, 33_557_097] {
        let cluster = Cluster::start(Setup { group_apps: 30, ..Setup::small(200) }).await;
        // At the beginning, in the middle, two in a row, and the last one of all.
        let guilty = ids(&cluster, &[0, 50, 51, 199]).await;
        refuse(&cluster, &guilty, number);
        let job = cluster.submit(&[]);
        cluster.wait_done(job).await;
        assert_eq!(failed(&cluster).await, guilty, "{number}");
        assert_eq!(cluster.job(job)["ok"], 196, "{number}");
        cluster.assert_verified(job).await;
        cluster.assert_faults_fired();
    }
}

/// An error that all meet is no application's: the job pauses with the reason, and nothing is recorded as failed.
#[tokio::test(flavor = "multi_thread")]
async fn an_unlisted_error_that_all_meet_pauses_the_job() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let cluster = Cluster::start(Setup { group_apps: 30, ..Setup::small(200) }).await;
    cluster.db.faults().add("xmlx/worker@commit:5+:error=3623".parse().unwrap());
    let job = cluster.submit(&[]);
    cluster
        .wait_for("the job to be paused", async |cluster| cluster.job(job)["state"] == "paused")
        .await;
    let shown = cluster.job(job);
    assert!(shown["reason"].as_str().unwrap().contains("3623"), "{shown}");
    assert_eq!(failed(&cluster).await, [0_i64; 0]);
    cluster.db.faults().clear();
    let _ = cluster.client(&["resume", &job.to_string()]).expect(0);
    cluster.wait_done(job).await;
    assert_eq!(cluster.job(job)["ok"], 200);
    cluster.assert_verified(job).await;
}

/// Refusals cost a few commits each, and no connections.
#[tokio::test(flavor = "multi_thread")]
async fn one_refusal_in_a_hundred_costs_few_commits() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let cluster = Cluster::start(Setup { group_apps: 100, ..Setup::small(1_000) }).await;
    let guilty: Vec<usize> = (0..10).map(|i| 100 * i + 37).collect();
    let guilty = ids(&cluster, &guilty).await;
    refuse(&cluster, &guilty, 2627);
    let job = cluster.submit(&[]);
    cluster.wait_done(job).await;
    assert_eq!(failed(&cluster).await, guilty);
    let refused = cluster.db.faults().fired().len();
    println!("10 refused applications of 1,000: {refused} refused commits");
    assert!(refused <= 80, "{refused} refused commits for 10 applications");
    cluster.assert_verified(job).await;
}

/// Where many are refused, one round trip finds all of a group, and a second one commits the others.
#[tokio::test(flavor = "multi_thread")]
async fn one_refusal_in_ten_costs_few_round_trips() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let cluster = Cluster::start(Setup { group_apps: 100, ..Setup::small(1_000) }).await;
    let guilty: Vec<usize> = (0..100).map(|i| 10 * i + i % 10).collect();
    let guilty = ids(&cluster, &guilty).await;
    cluster.occupy(&guilty).await;
    for statement in ["commit", "find-refused"] {
        // Counts them.
        cluster.db.faults().add(format!("{statement}:1+:delay=0ms").parse().unwrap());
    }
    let job = cluster.submit(&["--max-failures", "100%"]);
    cluster.wait_done(job).await;
    assert_eq!(failed(&cluster).await, guilty);
    assert_eq!(cluster.job(job)["ok"], 900);
    let round_trips = cluster.db.faults().fired().len();
    println!("100 refused applications of 1,000: {round_trips} round trips");
    // Halving takes about 600.
    assert!(round_trips <= 110, "{round_trips} for 100 refused applications");
    let reasons = cluster
        .db
        .texts("SELECT DISTINCT [failure_reason] FROM [sample].[processing_log] WHERE [status] = 'failed'")
        .await;
    assert_eq!(reasons.len(), 1, "{reasons:?}");
    assert!(reasons[0][0].starts_with("constraint: SQL Server error 2627: "), "{reasons:?}");
    assert!(reasons[0][0].ends_with("in object 'sample.submission'."), "{reasons:?}");
    cluster.vacate(&guilty).await;
    cluster.assert_verified(job).await;
}

/// Answers are lost and locks run out while refused applications are looked for and the others committed: everything is
/// decided once, and nothing fails for what passes.
#[tokio::test(flavor = "multi_thread")]
async fn refused_applications_are_decided_once_whatever_passes() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let cluster = Cluster::start(Setup { group_apps: 50, ..Setup::small(500) }).await;
    let guilty: Vec<usize> = (0..50).map(|i| 10 * i + 7 * i % 10).collect();
    let guilty = ids(&cluster, &guilty).await;
    cluster.occupy(&guilty).await;
    for fault in [
        "find-refused:1:drop-before",
        "find-refused:2:drop-after",
        "find-refused:4:error=1205",
        "find-refused:6:error=1222",
        "commit:3:drop-after",
        "commit:5:drop-before",
        "commit:8:error=1205",
    ] {
        cluster.db.faults().add(fault.parse().unwrap());
    }
    let job = cluster.submit(&["--max-failures", "100%"]);
    cluster.wait_done(job).await;
    cluster.assert_faults_fired();
    assert_eq!(failed(&cluster).await, guilty);
    assert_eq!((cluster.job(job)["ok"].as_i64(), cluster.repeated().await), (Some(450), 0));
    cluster.vacate(&guilty).await;
    cluster.assert_verified(job).await;
}

/// Errors of data beside errors that are in no list: each fails alone, whichever way it is found.
#[tokio::test(flavor = "multi_thread")]
async fn listed_and_unlisted_errors_are_found_beside_each_other() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let cluster = Cluster::start(Setup { group_apps: 50, ..Setup::small(300) }).await;
    let occupied: Vec<usize> = (0..30).map(|i| 10 * i + 3).collect();
    let occupied = ids(&cluster, &occupied).await;
    let odd = ids(&cluster, &[0, 14, 102, 104, 250, 299]).await;
    cluster.occupy(&occupied).await;
    refuse(&cluster, &odd, 3616);
    let job = cluster.submit(&["--max-failures", "100%"]);
    cluster.wait_done(job).await;
    let mut guilty = [&occupied[..], &odd].concat();
    guilty.sort_unstable();
    assert_eq!(failed(&cluster).await, guilty);
    cluster.vacate(&occupied).await;
    cluster.assert_verified(job).await;
}

/// A server that does not know the statement has the refused ones found by smaller commits.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cannot_search_is_searched_by_halves() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let cluster = Cluster::start(Setup { group_apps: 50, ..Setup::small(200) }).await;
    let guilty: Vec<usize> = (0..20).map(|i| 10 * i + 3).collect();
    let guilty = ids(&cluster, &guilty).await;
    cluster.occupy(&guilty).await;
    cluster.db.faults().add("find-refused:1+:error=102".parse().unwrap());
    let job = cluster.submit(&["--max-failures", "100%"]);
    cluster.wait_done(job).await;
    assert_eq!(failed(&cluster).await, guilty);
    let asked = cluster.db.faults().fired().len();
    assert!(asked <= 2, "{asked}: once, or twice where two leases asked at the same time");
    cluster.vacate(&guilty).await;
    cluster.assert_verified(job).await;
}

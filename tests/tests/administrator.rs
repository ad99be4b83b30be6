//! What docs/sql-server.md tells administrators to run does what it says.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use xmlx_tests::{Cluster, Needs, Setup, block, skips_on_server};

/// Without any coordinator's help: nothing more is committed, and `resume` goes on.
#[tokio::test(flavor = "multi_thread")]
async fn the_database_alone_can_stop_a_job() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let setup = Setup { coordinators: 2, workers: 2, group_apps: 5, ..Setup::small(300) };
    let cluster = Cluster::start(setup).await;
    cluster.db.faults().add("commit:1+:delay=30ms".parse().unwrap());
    let job = cluster.submit(&[]);
    cluster.wait_logged(20).await;
    cluster.db.run(&block("-- stop")).await;
    let committed = cluster.logged().await;
    assert!(committed < 300);
    cluster
        .wait_for("every worker to let go", async |cluster| {
            let status = cluster.status();
            status["workers"].as_array().unwrap().iter().all(|worker| worker["leases"] == 0)
        })
        .await;
    assert_eq!(cluster.logged().await, committed);
    assert_eq!(cluster.job(job)["state"], "paused");
    let _ = cluster.client(&["resume", &job.to_string()]).expect(0);
    cluster.wait_done(job).await;
    assert_eq!(cluster.logged().await, 300);
    cluster.assert_verified(job).await;
}

/// Applications whose rows the earlier pipeline committed without a log row are found and logged.
#[tokio::test(flavor = "multi_thread")]
async fn applications_without_a_log_row_are_found() {
    let cluster = Cluster::start(Setup::small(30)).await;
    let job = cluster.submit(&["--wait"]);
    assert_eq!(cluster.job(job)["ok"], 30);
    cluster.db.run("DELETE FROM [sample].[processing_log] WHERE [app_id] < 1010").await;
    let lost = cluster
        .db
        .count("SELECT COUNT_BIG(*) FROM [sample].[submission] WHERE [app_id] < 1010")
        .await;
    assert!(lost > 0);
    let verified = cluster.client(&["verify", &job.to_string()]).expect(1).stdout;
    assert!(verified.contains("the first: 1002"), "the finding names ids: {verified}");
    cluster.db.run(&block("SELECT s.[app_id]\n")).await;
    cluster.db.run(&block("INSERT INTO [sample].[processing_log]")).await;
    assert_eq!(cluster.logged().await, 30);
    let moved = cluster.db.count("SELECT COUNT_BIG(*) FROM [sample].[processing_log] WHERE [session_id] = 'moved-over' AND [status] = 'success'").await;
    assert_eq!(moved, lost);
}

/// The queries over our own tables find what there is; those over the server's views devdb does not have.
#[tokio::test(flavor = "multi_thread")]
async fn the_page_s_own_queries_find_what_there_is() {
    let cluster = Cluster::start(Setup::small(30)).await;
    assert_eq!(cluster.submit(&["--wait"]), 1);
    for (mark, found) in [
        ("SUM(r.[done_ok])", true),
        // The job is done.
        ("WHERE r.[state] = 'leased'", false),
        ("FROM [xmlx].[leader]", true),
        // Nobody has lost a lease.
        ("TOP (50) h.[at]", false),
        ("WHERE j.[job_id] = 2", true),
    ] {
        let sql = block(mark).replace("[job_id] = 2", "[job_id] = 1");
        let n_rows = cluster.db.n_rows(&sql).await;
        assert_eq!(n_rows > 0, found, "{n_rows} rows: {sql}");
    }
}

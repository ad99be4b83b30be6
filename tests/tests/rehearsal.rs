//! A rehearsal reads and maps what a load would take, and writes nothing of it.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use serde_json::Value;
use xmlx_proto::Release;
use xmlx_tests::{Cluster, Needs, Setup, skips_on_server};

/// The tables that a load fills, with everything in them.
async fn contents(cluster: &Cluster) -> Vec<Vec<Vec<String>>> {
    let sql = "SELECT CAST(t.[name] AS nvarchar(128)) FROM sys.tables AS t JOIN sys.schemas AS s ON s.[schema_id] = t.[schema_id] WHERE s.[name] = N'sample' ORDER BY t.[name]";
    let mut all = Vec::new();
    for table in cluster.db.texts(sql).await {
        let table = &table[0];
        let columns = cluster
            .db
            .texts(&format!(
                "SELECT c.[name] FROM sys.columns AS c WHERE c.[object_id] = OBJECT_ID(N'[sample].[{table}]', N'U') ORDER BY c.[name]"
            ))
            .await;
        let columns: Vec<String> =
            columns.iter().map(|it| format!("CAST([{}] AS nvarchar(max))", it[0])).collect();
        let mut rows = cluster
            .db
            .texts(&format!("SELECT {} FROM [sample].[{table}]", columns.join(", ")))
            .await;
        rows.sort_unstable();
        all.push(rows);
    }
    assert!(all.len() > 3, "{all:?}");
    all
}

fn number(job: &Value, name: &str) -> i64 {
    job[name].as_i64().unwrap()
}

/// Whatever happens to its workers, a rehearsal writes to the control tables alone, goes over every application, and
/// comes to what the load behind it comes to.
#[tokio::test(flavor = "multi_thread")]
async fn a_rehearsal_writes_nothing_and_comes_to_what_the_load_comes_to() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let setup = Setup { workers: 2, group_apps: 10, ..Setup::small(400) };
    let mut cluster = Cluster::start(setup).await;
    let before = contents(&cluster).await;
    cluster.db.faults().add("commit:1+:delay=30ms".parse().unwrap());
    let rehearsal = cluster.submit(&["--dry-run"]);
    cluster
        .wait_for("some of it to be read", async |cluster| {
            number(&cluster.job(rehearsal), "ok") >= 50
        })
        .await;
    cluster.workers[0].kill();
    cluster.add_worker();
    cluster.db.faults().clear();
    cluster.wait_done(rehearsal).await;
    assert_eq!(contents(&cluster).await, before);
    cluster.assert_each_verified(&[rehearsal]);
    let rehearsed = cluster.job(rehearsal);
    assert_eq!((&rehearsed["mode"], number(&rehearsed, "rows")), (&"rehearse".into(), 0));

    let load = cluster.submit(&["--max-failures", "100%", "--wait"]);
    let loaded = cluster.job(load);
    for name in ["ok", "failed"] {
        assert_eq!(number(&loaded, name), number(&rehearsed, name), "{name}");
    }
    assert_eq!(number(&loaded, "ok"), 400, "{loaded}");
    cluster.assert_verified(load).await;
    // The load's rows are not the rehearsal's.
    cluster.assert_each_verified(&[rehearsal]);
}

/// A worker of the release before is given no lease of a rehearsal.
#[tokio::test(flavor = "multi_thread")]
async fn an_old_worker_rehearses_nothing() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let mut cluster =
        Cluster::start(Setup { release: Release::Previous, ..Setup::small(60) }).await;
    cluster.upgrade();
    cluster.replace_coordinator().await;
    cluster
        .wait_for("the new tables", async |cluster| {
            let sql = "SELECT CAST(MAX([version]) AS bigint) FROM [xmlx].[schema_version]";
            cluster.db.count(sql).await == i64::from(xmlx_store::SCHEMA_VERSION)
        })
        .await;
    let rehearsal = cluster.submit(&["--dry-run"]);
    cluster
        .wait_for("the job to say what it waits for", async |cluster| {
            cluster.job(rehearsal)["reason"]
                .as_str()
                .unwrap()
                .contains("too old for a job of this mode")
        })
        .await;
    let load = cluster.submit(&["--wait"]);
    assert_eq!(number(&cluster.job(load), "ok"), 60);
    let rehearsed = cluster.job(rehearsal);
    assert_eq!((&rehearsed["state"], number(&rehearsed, "ok")), (&"running".into(), 0));
    cluster.add_worker();
    cluster.wait_done(rehearsal).await;
    // As of its submission: what the load has decided since then was waiting.
    assert_eq!(number(&cluster.job(rehearsal), "ok"), 60);
    cluster.assert_each_verified(&[rehearsal]);
}

/// What is not in this build is refused by name.
#[tokio::test(flavor = "multi_thread")]
async fn what_this_build_cannot_do_is_refused() {
    let cluster = Cluster::start(Setup { workers: 0, ..Setup::small(1) }).await;
    let refused = cluster.client(&["retry", "--contract", "card.json", "--dry-run"]).expect(2);
    assert!(refused.stderr.contains("`retry` has no `--dry-run`"), "{refused:?}");
}

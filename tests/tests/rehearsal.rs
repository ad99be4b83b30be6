//! A rehearsal reads and maps what a load would take, and writes nothing of it.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use std::collections::BTreeMap;

use serde_json::Value;
use xmlx_devdb::Tls;
use xmlx_proto::Release;
use xmlx_tests::{Cluster, Database, Needs, Setup, skips_on_server};

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

/// Which applications failed, each with its stage: as `failures` lists them.
fn failures(cluster: &Cluster, job: i64) -> BTreeMap<i64, String> {
    let printed = cluster.client(&["failures", &job.to_string(), "--limit", "0", "-o", "json"]);
    let printed = printed.expect(0).json();
    let failures = printed["failures"].as_array().unwrap().iter();
    let stage = |it: &Value| it["reason"].as_str().unwrap().split(':').next().unwrap().to_owned();
    failures.map(|it| (number(it, "app_id"), stage(it))).collect()
}

fn rehearsal(cluster: &Cluster, job: i64, code: i32) -> Value {
    cluster.client(&["rehearsal", &job.to_string(), "-o", "json"]).expect(code).json()
}

/// Whatever happens to its workers, a rehearsal writes to the control tables alone, goes over every application, and
/// comes to what the load behind it comes to: but for which of two applications with one key is the first, which the
/// database alone can know.
#[tokio::test(flavor = "multi_thread")]
async fn a_rehearsal_writes_nothing_and_comes_to_what_the_load_comes_to() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let setup = Setup { workers: 2, broken_permille: 300, group_apps: 10, ..Setup::small(500) };
    let mut cluster = Cluster::start(setup).await;
    let before = contents(&cluster).await;
    cluster.db.faults().add("commit:1+:delay=30ms".parse().unwrap());
    let job = cluster.submit(&["--dry-run"]);
    cluster
        .wait_for("some of it to be read", async |cluster| number(&cluster.job(job), "ok") >= 50)
        .await;
    cluster.workers[0].kill();
    cluster.add_worker();
    cluster.db.faults().clear();
    cluster.wait_done(job).await;
    assert_eq!(contents(&cluster).await, before);
    cluster.assert_each_verified(&[job]);
    let rehearsed = cluster.job(job);
    assert_eq!((&rehearsed["mode"], number(&rehearsed, "rows")), (&"rehearse".into(), 0));
    let report = rehearsal(&cluster, job, 1);
    let foreseen = failures(&cluster, job);

    let load = cluster.submit(&["--max-failures", "100%", "--wait"]);
    let loaded = cluster.job(load);
    cluster.assert_verified(load).await;
    // The load's rows are not the rehearsal's.
    cluster.assert_each_verified(&[job]);
    let failed = failures(&cluster, load);
    for stage in ["validation", "mapping", "constraint", "database"] {
        assert!(foreseen.values().any(|it| it == stage), "{stage}: {foreseen:?}");
    }
    for (app_id, stage) in &foreseen {
        assert_eq!(failed.get(app_id), Some(stage), "{app_id}");
    }
    // The rest have a key that another application has as well, and one of each comes first.
    let repeated = report["repeated_keys"].as_array().unwrap();
    assert_eq!(repeated.len(), 1, "{report}");
    assert_eq!(repeated[0]["key"], "person (con_id)");
    let pairs: Vec<[i64; 2]> = repeated[0]["such_as"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| [number(it, "first_app_id"), number(it, "last_app_id")])
        .collect();
    assert_eq!(i64::try_from(pairs.len()).unwrap(), number(&repeated[0], "refused"), "{report}");
    let rest: Vec<i64> = failed.keys().copied().filter(|id| !foreseen.contains_key(id)).collect();
    for pair in &pairs {
        assert_eq!(pair.iter().filter(|id| rest.contains(id)).count(), 1, "{pair:?}: {rest:?}");
    }
    assert_eq!(rest.len(), pairs.len(), "{rest:?} {pairs:?}");
    assert!(rest.iter().all(|id| failed[id] == "constraint"), "{failed:?}");
    for (name, count) in [("would_load", "ok"), ("would_fail", "failed")] {
        assert_eq!(number(&report, name), number(&loaded, count), "{report}");
    }
    assert_eq!(number(&report, "warned"), number(&loaded, "warned"), "{report}");
    let rows = report["rows"].as_array().unwrap().iter();
    let submissions = rows.clone().find(|it| it["table"] == "submission").unwrap();
    assert_eq!(
        number(submissions, "rows"),
        number(&loaded, "ok") + number(&repeated[0], "refused")
    );
    let listed = report["failures"].as_array().unwrap().iter();
    let n_listed: i64 = listed.map(|it| number(it, "applications")).sum();
    assert_eq!(n_listed, i64::try_from(foreseen.len()).unwrap());
    assert_eq!(report["unknown"], serde_json::json!([]));
    let printed = cluster.client(&["rehearsal", &job.to_string()]).expect(1).stdout;
    for part in ["nothing was written", "KEY OF SEVERAL APPLICATIONS", "or longer"] {
        assert!(printed.contains(part), "{printed}");
    }
    let refused = cluster.client(&["rehearsal", &load.to_string()]).expect(2);
    assert!(refused.stderr.contains("is no rehearsal"), "{refused:?}");
}

/// Rows that somebody has left in the target are seen, and `--wait` prints the report.
#[tokio::test(flavor = "multi_thread")]
async fn rows_that_are_there_already_are_foreseen() {
    let cluster = Cluster::start(Setup::small(30)).await;
    let ids = cluster
        .db
        .column("SELECT CAST([app_id] AS bigint) AS [app_id] FROM [sample].[card_application] ORDER BY [app_id]")
        .await;
    let all =
        cluster.client(&["submit", "--contract", "card.json", "--dry-run", "--wait", "-o", "json"]);
    let all = all.expect(0).json();
    assert_eq!((number(&all, "would_load"), number(&all, "there_already")), (30, 0), "{all}");
    cluster.occupy(&ids[3..5]).await;
    let all =
        cluster.client(&["submit", "--contract", "card.json", "--dry-run", "--wait", "-o", "json"]);
    let all = all.expect(1).json();
    assert_eq!(all["there_already_app_ids"], serde_json::json!(ids[3..5]), "{all}");
    assert_eq!((number(&all, "would_load"), number(&all, "would_fail")), (28, 2), "{all}");
}

/// A worker that may write nothing but control tables can rehearse; what it may not read it names.
#[tokio::test(flavor = "multi_thread")]
async fn a_rehearsal_needs_no_right_to_write() {
    let db = Database::start(Tls::Off).await;
    let worker = db.add_user("w").await;
    let setup = Setup { workers: 0, broken_permille: 300, ..Setup::small(60) };
    let mut cluster = Cluster::start_on(db, setup).await;
    let printed = cluster.client(&["grants", "--contract", "card.json"]).expect(0).stdout;
    let lines = printed.lines().filter_map(|line| {
        let of_the_target = line.starts_with("GRANT ") && line.contains("OBJECT::[sample]");
        match (of_the_target && line.contains("INSERT"), line.contains("SELECT")) {
            (true, true) => Some(line.replace(", INSERT", "")),
            (true, false) => None,
            (false, _) => Some(line.to_owned()),
        }
    });
    let script: Vec<String> = lines.collect();
    cluster.db.store().run_script(&script.join("\n")).await.unwrap();
    cluster.db.run("ALTER ROLE [xmlx_worker] ADD MEMBER [w]").await;
    cluster.add_worker_at(&worker);
    let report =
        cluster.client(&["submit", "--contract", "card.json", "--dry-run", "--wait", "-o", "json"]);
    let report = report.expect(1).json();
    assert_eq!(number(&report, "applications"), 60, "{report}");
    let unknown = report["unknown"].as_array().unwrap();
    assert_eq!(unknown.len(), 2, "{report}");
    assert!(unknown[0].as_str().unwrap().contains("GRANT SELECT ON sample."), "{report}");
    // With it, the lookups are known.
    for table in ["lookup", "campaign"] {
        cluster
            .db
            .run(&format!("GRANT SELECT ON OBJECT::[sample].[{table}] TO [xmlx_worker]"))
            .await;
    }
    let report =
        cluster.client(&["submit", "--contract", "card.json", "--dry-run", "--wait", "-o", "json"]);
    let report = report.expect(1).json();
    assert_eq!(report["unknown"], serde_json::json!([]), "{report}");
    let load = cluster.submit(&[]);
    cluster
        .wait_for("the load to be refused", async |cluster| cluster.job(load)["state"] != "running")
        .await;
    assert_eq!(cluster.logged().await, 0, "{}", cluster.job(load));
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

//! Jobs that take a part of their scopes: a sample, or what failed in another job for one reason.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use std::collections::BTreeSet;

use serde_json::Value;
use xmlx_devdb::Tls;
use xmlx_domain::{JobId, Mode, Sample, Selection};
use xmlx_extract::Plan;
use xmlx_proto::Release;
use xmlx_store::{Part, Source};
use xmlx_tests::{Cluster, Database, Needs, Setup, skips_on_server};

/// Documents whose ids the source alone says, so that they may be any number.
const CONTRACT: &str = r#"
format = 2
source = { table = "order_xml", document = "body" }
target = { schema = "sample" }
[[table]]
name = "purchase"
rows = "/order"
columns = { sku = "@sku" }
"#;

const TABLES: [&str; 2] = [
    "CREATE TABLE [sample].[order_xml] ([app_id] bigint NOT NULL PRIMARY KEY, [body] nvarchar(max) NULL)",
    "CREATE TABLE [sample].[purchase] ([app_id] bigint NOT NULL PRIMARY KEY, [sku] nvarchar(20) NULL)",
];

async fn add_orders(db: &Database, ids: &[i64]) {
    for chunk in ids.chunks(200) {
        let rows = chunk.iter().map(|id| format!("({id}, N'<order sku=\"a\"/>')"));
        let rows: Vec<String> = rows.collect();
        let sql = format!(
            "INSERT INTO [sample].[order_xml] ([app_id], [body]) VALUES {}",
            rows.join(", ")
        );
        db.run(&sql).await;
    }
}

fn sample(text: &str) -> Sample {
    text.parse().unwrap()
}

fn number(job: &Value, name: &str) -> i64 {
    job[name].as_i64().unwrap_or_else(|| panic!("no `{name}` in {job}"))
}

/// The ids that the log has.
async fn logged(cluster: &Cluster) -> Vec<i64> {
    let sql = "SELECT DISTINCT CAST([app_id] AS bigint) AS [app_id] FROM [sample].[processing_log] ORDER BY [app_id]";
    cluster.db.column(sql).await
}

fn job_of(cluster: &Cluster, args: &[&str]) -> Value {
    let all = [args, &["-o", "json"]].concat();
    cluster.client(&all).expect(0).json()["job"].clone()
}

/// What the database reckons of an id is what the programs do, at the ends of all ids, too.
#[tokio::test(flavor = "multi_thread")]
async fn the_database_takes_the_sample_that_the_programs_take() {
    let db = Database::start(Tls::Off).await;
    for table in TABLES {
        db.run(table).await;
    }
    let ends = [i64::MIN + 1, -2_147_483_648, -2_147_483_647, 2_147_483_647, i64::MAX - 1];
    let near = ends.iter().flat_map(|end| (-9..=9).filter_map(|n| end.checked_add(n)));
    let ids = near.chain(-60..=60).filter(|id| *id > i64::MIN && *id < i64::MAX);
    let ids: Vec<i64> = ids.collect::<BTreeSet<i64>>().into_iter().collect();
    add_orders(&db, &ids).await;
    let plan = Plan::from_json(CONTRACT).unwrap();
    for share in ["0.0001%", "1%", "50%", "99.9999%"] {
        let selection = Selection::Sample(sample(share));
        let source = Source::of_part(&plan, Mode::Once, 0, Part { selection, job: JobId(0) });
        let expected: Vec<i64> =
            ids.iter().copied().filter(|id| sample(share).takes(*id)).collect();
        assert_eq!(source.among(db.store(), &ids).await.unwrap(), expected, "{share}");
    }
}

/// A sample is its share of the ids, negative ones too; a larger one goes on from there, and so does everything.
#[tokio::test(flavor = "multi_thread")]
async fn a_sample_and_then_the_rest() {
    let cluster = Cluster::start(Setup { workers: 2, group_apps: 7, ..Setup::small(1) }).await;
    for table in TABLES {
        cluster.db.run(table).await;
    }
    let ids: Vec<i64> = (-250..250).collect();
    add_orders(&cluster.db, &ids).await;
    cluster.write("order.toml", CONTRACT);
    let submit = |more: &[&str]| {
        job_of(&cluster, &[&["submit", "--contract", "order.toml", "--wait"], more].concat())
    };
    let of = |share: &str| -> Vec<i64> {
        ids.iter().copied().filter(|id| sample(share).takes(*id)).collect()
    };

    let tenth = submit(&["--sample", "10%"]);
    assert_eq!(logged(&cluster).await, of("10%"));
    assert!((49..=51).contains(&number(&tenth, "ok")), "{tenth}");
    assert_eq!((&tenth["sample"], &tenth["state"]), (&"10%".into(), &"done".into()));
    assert_eq!(tenth["total"], tenth["ok"], "{tenth}");
    let shown = cluster.client(&["jobs"]).expect(0).stdout;
    assert!(shown.contains(&format!("{} (10%)", number(&tenth, "total"))), "{shown}");
    // Both halves have their share.
    let negative = of("10%").iter().filter(|id| **id < 0).count();
    assert!((23..=27).contains(&negative), "{negative}");

    // The same sample has nothing left, and says so.
    let again = ["submit", "--contract", "order.toml", "--wait", "--sample", "10%"];
    let again = cluster.client(&again).expect(0);
    assert!(again.stderr.contains("applications of the sample of 10% does"), "{again:?}");

    let quarter = submit(&["--sample", "25%"]);
    assert_eq!(logged(&cluster).await, of("25%"));
    assert_eq!(number(&quarter, "ok"), (of("25%").len() - of("10%").len()) as i64);
    // At most so many of the sample.
    let few = submit(&["--sample", "50%", "--limit", "5"]);
    assert_eq!(number(&few, "ok"), 5, "{few}");
    assert!(logged(&cluster).await.iter().all(|id| sample("50%").takes(*id)));

    let rest = submit(&[]);
    assert_eq!((&rest["sample"], logged(&cluster).await.len()), (&Value::Null, ids.len()));
    assert_eq!(cluster.repeated().await, 0);
    cluster.assert_each_verified(&[1, 2, 3, 4, 5]);
    assert_eq!(number(&rest, "job"), 5);
}

/// While a sample is open, the whole scope is not taken for the same job.
#[tokio::test(flavor = "multi_thread")]
async fn a_sample_is_no_other_job() {
    let cluster = Cluster::start(Setup { workers: 0, ..Setup::small(60) }).await;
    let job = cluster.submit(&["--sample", "50%"]);
    let again = ["submit", "--contract", "card.json", "--sample", "50%", "-o", "json"];
    let again = cluster.client(&again).expect(0).json();
    assert_eq!((&again["outcome"], &again["job"]["job"]), (&"already so".into(), &job.into()));
    for other in [&["--sample", "40%"][..], &[]] {
        let refused = cluster.client(&[&["submit", "--contract", "card.json"], other].concat());
        assert!(refused.expect(2).stderr.contains("works on app_id"), "{other:?}");
    }
}

/// What waits for a retry, by the log alone.
async fn failed_by(cluster: &Cluster, stage: &str) -> Vec<i64> {
    let sql = format!(
        "SELECT CAST([app_id] AS bigint) AS [app_id] FROM [sample].[processing_log] WHERE [status] = 'failed' AND [failure_reason] LIKE N'{stage}: %' ORDER BY [app_id]"
    );
    cluster.db.column(&sql).await
}

/// A retry of what failed for one reason takes these and nothing else, whatever happens to its workers.
#[tokio::test(flavor = "multi_thread")]
async fn a_retry_takes_what_failed_for_one_reason() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let setup = Setup { workers: 2, group_apps: 3, broken_permille: 300, ..Setup::small(240) };
    let mut cluster = Cluster::start(setup).await;
    let ids = cluster
        .db
        .column("SELECT CAST([app_id] AS bigint) AS [app_id] FROM [sample].[card_application] ORDER BY [app_id]")
        .await;
    cluster.occupy(&ids[40..160]).await;
    let load = job_of(
        &cluster,
        &["submit", "--contract", "card.json", "--max-failures", "100%", "--wait"],
    );
    cluster.vacate(&ids[40..160]).await;
    let expected = failed_by(&cluster, "constraint").await;
    assert!(expected.len() > 60 && number(&load, "failed") > expected.len() as i64 + 10, "{load}");

    // Without `--yes`, and with nobody to ask, nothing is submitted.
    let id = load["job"].to_string();
    let ask = ["retry", &id, "--stage", "constraint", "--max-failures", "100%"];
    let preview = cluster.client(&[&ask[..], &["-o", "json"]].concat()).expect(1);
    assert!(preview.stderr.contains("with `--yes` submits it"), "{preview:?}");
    let preview = preview.json();
    assert_eq!(number(&preview, "applications"), expected.len() as i64, "{preview}");
    let groups = preview["groups"].as_array().unwrap();
    assert!(groups.iter().all(|group| group["stage"] == "constraint"), "{preview}");
    assert!(expected.contains(&groups[0]["app_ids"][0].as_i64().unwrap()), "{preview}");
    assert_eq!(cluster.status()["jobs"].as_array().unwrap().len(), 1);

    cluster.db.faults().add("commit:1+:delay=60ms".parse().unwrap());
    let retried = cluster.client(&[&ask[..], &["--yes", "-o", "json"]].concat()).expect(0);
    assert!(retried.stderr.contains(&format!("this takes {} applications", expected.len())));
    let retried = number(&retried.json()["job"], "job");
    cluster
        .wait_for("some to be retried", async |cluster| number(&cluster.job(retried), "ok") >= 9)
        .await;
    cluster.workers[0].kill();
    cluster.add_worker();
    cluster.db.faults().clear();
    cluster.wait_done(retried).await;
    let job = cluster.job(retried);
    assert_eq!(number(&job, "listed"), expected.len() as i64, "{job}");
    assert_eq!(number(&job, "ok") + number(&job, "failed"), expected.len() as i64, "{job}");
    assert_eq!(job["total"], expected.len(), "{job}");
    let twice = "SELECT CAST([app_id] AS bigint) AS [app_id] FROM [sample].[processing_log] GROUP BY [app_id] HAVING COUNT_BIG(*) > 1 ORDER BY [app_id]";
    assert_eq!(cluster.db.column(twice).await, expected);
    let thrice = "SELECT CAST([app_id] AS bigint) AS [app_id] FROM [sample].[processing_log] GROUP BY [app_id] HAVING COUNT_BIG(*) > 2";
    assert!(cluster.db.column(thrice).await.is_empty());
    cluster.assert_each_verified(&[number(&load, "job"), retried]);
    let runs = cluster.client(&["runs", &expected[0].to_string(), "-o", "json"]).expect(0).json();
    assert_eq!((&runs[0]["job"], &runs[1]["job"]), (&retried.into(), &load["job"]), "{runs}");

    // What has succeeded is not taken again.
    let left = cluster.client(&[&ask[..], &["-o", "json"]].concat()).expect(1).json();
    assert_eq!(number(&left, "applications"), number(&job, "failed"), "{left}");
    assert_eq!(number(&left, "not_waiting"), number(&job, "ok"), "{left}");
    let none = cluster.client(&["retry", &id, "--reason", "nobody fails for this", "--yes"]);
    assert!(none.expect(1).stderr.contains("nothing was submitted"));

    // A reconciliation of the retry compares what the retry took.
    let report = cluster.client(&["reconcile", &retried.to_string(), "-o", "json"]).expect(0);
    let report = report.json();
    assert_eq!(report["applications"], job["ok"], "{report}");
    assert_eq!(number(&report, "listed"), expected.len() as i64);
    assert_lists_are_pruned(&cluster, retried).await;
}

/// The list of a job goes with the job.
async fn assert_lists_are_pruned(cluster: &Cluster, job: i64) {
    let newest = cluster.submit(&["--wait"]);
    let ends = "SELECT COUNT_BIG(*) FROM [xmlx].[job] WHERE [log_end] IS NULL";
    cluster
        .wait_for("the ends of the logs", async |cluster| cluster.db.count(ends).await == 0)
        .await;
    let listed = |job: i64| {
        format!("SELECT COUNT_BIG(*) FROM [xmlx].[job_application] WHERE [job_id] = {job}")
    };
    assert!(cluster.db.count(&listed(job)).await > 60);
    cluster
        .db
        .run(&format!(
            "UPDATE [xmlx].[job] SET [created_at] = DATEADD(day, -101, [created_at]), [finished_at] = DATEADD(day, -100, [finished_at]) WHERE [job_id] <> {newest}"
        ))
        .await;
    let pruned = cluster.client(&["prune", "--older-than", "90d", "-o", "json"]).expect(0).json();
    assert_eq!(number(&pruned, "jobs"), newest - 1, "{pruned}");
    for table in ["job", "job_selection", "job_application"] {
        let sql = format!("SELECT COUNT_BIG(*) FROM [xmlx].[{table}] WHERE [job_id] <> {newest}");
        assert_eq!(cluster.db.count(&sql).await, 0, "{table}");
    }
}

/// Every report of a job that has looked at a part says so.
#[tokio::test(flavor = "multi_thread")]
async fn reports_say_what_they_are_of() {
    let cluster = Cluster::start(Setup::small(200)).await;
    cluster.db.run("CREATE INDEX [IX_person_app_id] ON [sample].[person] ([app_id])").await;
    let ids = cluster
        .db
        .column("SELECT CAST([app_id] AS bigint) AS [app_id] FROM [sample].[card_application] ORDER BY [app_id]")
        .await;
    let n = |share: &str| ids.iter().filter(|id| sample(share).takes(**id)).count();
    let note = |share: &str| {
        let of = share.trim_end_matches('%');
        let n = n(share);
        format!("a sample: {of} % of the range, {n} applications; the others were not looked at")
    };
    let rehearsed = ["submit", "--contract", "card.json", "--dry-run", "--sample", "10%", "--wait"];
    let rehearsed = cluster.client(&rehearsed).expect(0).stdout;
    assert!(rehearsed.contains(&note("10%")), "{rehearsed}");
    let printed = cluster.client(&["rehearsal", "1", "-o", "json"]).expect(0).json();
    assert_eq!((&printed["sample"], &printed["applications"]), (&"10%".into(), &n("10%").into()));

    let load = cluster.submit(&["--sample", "50%", "--wait"]).to_string();
    let quality = cluster.client(&["quality", &load]);
    assert!(quality.stderr.contains(&note("50%")), "{quality:?}");
    // Of the job it has the part, and a share of the range that is smaller is within it.
    let report = cluster.client(&["reconcile", &load, "-o", "json"]).expect(0).json();
    assert_eq!((&report["sample"], &report["applications"]), (&"50%".into(), &n("50%").into()));
    let report = ["reconcile", &load, "--sample", "10%", "--report", "r.html"];
    let report = cluster.client(&report).expect(0).stdout;
    assert!(report.contains(&note("10%")), "{report}");
    let page = std::fs::read_to_string(cluster.folder().join("r.html")).unwrap();
    assert!(page.contains(&note("10%")), "{page}");

    // Another contract writes a sample again, and then the rest: nothing twice.
    let rest = cluster.submit(&["--wait"]);
    let contract: Value =
        serde_json::from_str(xmlx_samples::contract(xmlx_samples::Line::Card)).unwrap();
    cluster.write("again.json", &serde_json::to_string_pretty(&contract).unwrap());
    let replace = ["submit", "--contract", "again.json", "--replace", "--wait"];
    let part = job_of(&cluster, &[&replace[..], &["--sample", "10%"]].concat());
    assert_eq!(number(&part, "ok"), n("10%") as i64, "{part}");
    let others = job_of(&cluster, &replace);
    assert_eq!(number(&others, "ok"), (ids.len() - n("10%")) as i64, "{others}");
    let jobs = [1, load.parse().unwrap(), rest, number(&part, "job"), number(&others, "job")];
    cluster.assert_each_verified(&jobs);

    let refused = cluster.client(&["retry", "1", "--yes"]).expect(2);
    assert!(refused.stderr.contains("has decided nothing"), "{refused:?}");
    let refused = cluster.client(&["retry", "99", "--yes"]).expect(2);
    assert!(refused.stderr.contains("there is no job 99"), "{refused:?}");
}

/// A worker of the release before would take everything: it is given no lease of a job that takes a part.
#[tokio::test(flavor = "multi_thread")]
async fn an_old_worker_is_given_no_part() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let mut cluster =
        Cluster::start(Setup { release: Release::Previous, ..Setup::small(200) }).await;
    // There is no place for it in the control tables yet.
    let early = cluster.client(&["submit", "--contract", "card.json", "--sample", "20%"]).expect(2);
    assert!(early.stderr.contains("xmlx-client init"), "{early:?}");
    cluster.upgrade();
    cluster.replace_coordinator().await;
    cluster
        .wait_for("the new tables", async |cluster| {
            let sql = "SELECT CAST(MAX([version]) AS bigint) FROM [xmlx].[schema_version]";
            cluster.db.count(sql).await == i64::from(xmlx_store::SCHEMA_VERSION)
        })
        .await;
    let part = cluster.submit(&["--sample", "20%"]);
    cluster
        .wait_for("the job to say what it waits for", async |cluster| {
            cluster.job(part)["reason"].as_str().unwrap().contains("too old for a job of this mode")
        })
        .await;
    assert_eq!(cluster.logged().await, 0);
    cluster.add_worker();
    cluster.wait_done(part).await;
    let job = cluster.job(part);
    let taken = logged(&cluster).await;
    assert!(taken.len() > 20 && taken.iter().all(|id| sample("20%").takes(*id)), "{taken:?}");
    assert_eq!(number(&job, "ok"), cluster.logged().await);
    cluster.assert_verified(part).await;
}

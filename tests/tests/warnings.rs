//! Warnings are counted with the commit: each once, whatever happens.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use std::collections::BTreeMap;

use xmlx_devdb::Tls;
use xmlx_domain::{JobId, LogReason, Mode, RangeEvent, Scope, Stage};
use xmlx_extract::{Plan, Warning, WarningKind};
use xmlx_samples::{Line, Options, Synth};
use xmlx_store::{
    CommitPlan, Committed, Decided, Error, Group, HeldLease, OpenRange, SCHEMA_VERSION, Source,
    WarningRow,
};
use xmlx_tests::{
    Cluster, Database, Needs, Setup, first_lease, first_range_change, lead, new_job,
    skips_on_server, workspace,
};

const JOB: JobId = JobId(1);
const SCOPE: Scope = Scope { lo: 1001, hi: 1101 };

/// A table, a column, a kind of warnings: how many applications have some, and how many there are.
type Counts = BTreeMap<(String, String, String), (i64, i64)>;

fn plan() -> Plan {
    Plan::from_json(xmlx_samples::contract(Line::Card)).unwrap()
}

/// What the applications that have succeeded warn of, and how many of them have warnings: what an undisturbed run of the
/// same would count.
async fn expected(db: &Database, broken_permille: u32) -> (Counts, i64) {
    let mut plan = plan();
    db.store().catalog(plan.target_schema()).await.unwrap().narrow(&mut plan);
    let succeeded = db
        .column("SELECT CAST([app_id] AS bigint) FROM [sample].[processing_log] WHERE [status] = 'success'")
        .await;
    let synth = Synth::new(Options { seed: 7, first_id: 1001, broken_permille, padding_bytes: 0 });
    let (mut counts, mut warned) = (Counts::new(), 0);
    for app_id in succeeded {
        let sample = synth.application(u64::try_from(app_id - 1001).unwrap());
        let mapped = plan.map(&sample.xml, Some(app_id)).unwrap();
        warned += i64::from(!mapped.warnings.is_empty());
        let mut of_app = Counts::new();
        for it in &mapped.warnings {
            let table = &plan.tables()[it.table];
            let column = it.column.map_or("", |column| table.columns[column].name.as_str());
            let key = (table.name.clone(), column.to_owned(), it.kind.as_str().to_owned());
            of_app.entry(key).or_insert((1, 0)).1 += 1;
        }
        for (key, (apps, warnings)) in of_app {
            let all = counts.entry(key).or_default();
            *all = (all.0 + apps, all.1 + warnings);
        }
    }
    (counts, warned)
}

fn shown(cluster: &Cluster, job: i64, args: &[&str]) -> serde_json::Value {
    let id = job.to_string();
    let all: Vec<&str> =
        ["warnings", &id, "-o", "json"].into_iter().chain(args.iter().copied()).collect();
    cluster.client(&all).expect(0).json()
}

fn counts(shown: &serde_json::Value) -> Counts {
    let count = |it: &serde_json::Value| {
        let text = |name: &str| it[name].as_str().unwrap_or_default().to_owned();
        let number = |name: &str| it[name].as_i64().unwrap();
        let key = (text("table"), text("column"), text("kind"));
        (key, (number("applications"), number("warnings")))
    };
    shown["counts"].as_array().unwrap().iter().map(count).collect()
}

/// One range of one job, leased to `a`.
async fn leased(db: &Database) -> HeldLease {
    let store = db.store();
    let leader = lead(store).await;
    store.insert_job(&leader, &new_job(JOB, Mode::Once, SCOPE)).await.unwrap();
    let owners = ((None, 0), (Some("a"), 1));
    let granted = first_range_change(JOB, SCOPE, RangeEvent::Granted, owners, SCOPE.hi);
    store.change_range(&leader, &granted).await.unwrap();
    first_lease(JOB, 1, "a")
}

/// Applications with warnings of `submission.client_ip`, so many each.
fn decided(apps: &[(i64, usize)]) -> Vec<Decided> {
    let plan = plan();
    let table = plan.tables().iter().position(|it| it.name == "submission").unwrap();
    let column = plan.tables()[table].columns.iter().position(|it| it.name == "client_ip");
    let synth =
        Synth::new(Options { seed: 7, first_id: 1001, broken_permille: 0, padding_bytes: 0 });
    let cards = (0..).map(|i| synth.application(i)).filter(|sample| sample.line == Line::Card);
    let mapped = cards.zip(apps).map(|(sample, (_, n))| {
        let mut app = plan.map(&sample.xml, Some(sample.app_id)).unwrap();
        app.warnings = vec![Warning { table, column, kind: WarningKind::Cut }; *n];
        Decided::Rows(app)
    });
    mapped.collect()
}

/// A repeated commit, one of a part, and one that the fence refuses count nothing; neither does a failed application.
#[tokio::test(flavor = "multi_thread")]
async fn a_warning_is_counted_with_its_application() {
    let db = Database::start(Tls::Off).await;
    let key = leased(&db).await;
    let store = db.store();
    let plan = plan();
    let catalog = store.catalog(plan.target_schema()).await.unwrap();
    let source = Source::new(&plan, Mode::Once, 0);
    let commits = CommitPlan::new(&plan, &catalog, &source).unwrap();
    let mut connection = store.connection();
    let mut commit = async |cursor, schema, decided: &[Decided]| {
        let range = OpenRange { scope: SCOPE, committed_through: cursor, deaths: 0, schema };
        commits.commit(&mut connection, &key, Group::of(range, decided)).await
    };
    let all = decided(&[(1, 2), (2, 0), (3, 1), (4, 3), (5, 1)]);
    let ids: Vec<i64> = all.iter().map(Decided::app_id).collect();
    let now = SCHEMA_VERSION;
    assert_eq!(commit(1000, now, &all[..2]).await.unwrap(), Committed::Now);
    assert_eq!(commit(1000, now, &all[..2]).await.unwrap(), Committed::Before, "repeated");
    assert_eq!(commit(1000, now, &all[..1]).await.unwrap(), Committed::Before, "a part");
    assert_eq!(commit(0, now, &all[2..3]).await.unwrap(), Committed::Gone, "another cursor");
    assert_eq!(commit(ids[1], now, &all[2..3]).await.unwrap(), Committed::Now);
    let failed = Decided::Failed { app_id: ids[3], reason: LogReason::new(Stage::Mapping, "x") };
    assert_eq!(commit(ids[2], now, &[failed]).await.unwrap(), Committed::Now);
    // A refused group takes its warnings back with its rows.
    let twice = [all[4].clone(), all[4].clone()];
    let refused = commit(ids[3], now, &twice).await;
    assert!(matches!(refused, Err(Error::Server { number: 2627, .. })), "{refused:?}");
    let expected = WarningRow {
        table: "submission".to_owned(),
        column: "client_ip".to_owned(),
        kind: "cut".to_owned(),
        applications: 2,
        warnings: 3,
        app_ids: vec![ids[0], ids[2]],
    };
    assert_eq!(store.warnings(JOB).await.unwrap(), std::slice::from_ref(&expected));
    // Older tables have no place for them; the application is committed all the same.
    assert_eq!(commit(ids[3], 2, &all[4..]).await.unwrap(), Committed::Now);
    assert_eq!(store.warnings(JOB).await.unwrap(), [expected]);
    let warned = store.warned(Some(JOB)).await.unwrap()[&JOB];
    assert_eq!((warned.applications, warned.warnings), (2, 3));
}

/// Workers are killed under load; what is shown is what an undisturbed run would show.
#[tokio::test(flavor = "multi_thread")]
async fn every_warning_is_counted_once_whoever_dies() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    const APPS: usize = 400;
    let setup = Setup { workers: 2, broken_permille: 400, group_apps: 5, ..Setup::small(APPS) };
    let mut cluster = Cluster::start(setup).await;
    // Some answers are lost: these commits are repeated.
    for fault in ["commit:7:drop-after", "commit:19:drop-after", "commit:1+:delay=20ms"] {
        cluster.db.faults().add(fault.parse().unwrap());
    }
    let job = cluster.submit(&["--max-failures", "100%"]);
    for n in [40, 120] {
        cluster.wait_logged(n).await;
        cluster.workers[0].kill();
        cluster.workers.remove(0);
        cluster.add_worker();
    }
    cluster.wait_done(job).await;
    cluster.assert_faults_fired();
    let (expected, warned) = expected(&cluster.db, 400).await;
    assert!(expected.len() >= 2 && warned > 20, "{expected:?}");
    let all = shown(&cluster, job, &[]);
    assert_eq!(counts(&all), expected);
    let warnings: i64 = expected.values().map(|(_, n)| n).sum();
    assert_eq!((&all["applications"], &all["warnings"]), (&warned.into(), &warnings.into()));
    let status = cluster.job(job);
    assert_eq!((&status["warned"], &status["warnings"]), (&warned.into(), &warnings.into()));
    cluster.assert_verified(job).await;

    people_see_them(&cluster, job, &expected);
    // Somebody alters what is kept: it no longer adds up.
    cluster.db.run("UPDATE [xmlx].[warning] SET [warnings] = [warnings] + 1").await;
    let verified = cluster.client(&["verify", &job.to_string(), "-o", "json"]).expect(1).json();
    let checks = verified["checks"].as_array().unwrap();
    let sums = checks.iter().find(|check| check["check"] == "warnings kept add up to those shown");
    assert_eq!(sums.unwrap()["holds"], false, "{verified}");
}

/// The table, and the list of one column.
fn people_see_them(cluster: &Cluster, job: i64, expected: &Counts) {
    let id = job.to_string();
    let ((table, column, _), _) = expected.iter().next().unwrap();
    let one = format!("{}.{column}", table.to_uppercase());
    let of_one = counts(&shown(cluster, job, &["--column", &one]));
    let wanted = expected.iter().filter(|((t, c, _), _)| (t, c) == (table, column));
    assert_eq!(of_one, wanted.map(|(key, n)| (key.clone(), *n)).collect());
    let of_table = counts(&shown(cluster, job, &["--column", table]));
    assert_eq!(of_table.len(), expected.keys().filter(|it| it.0 == *table).count());
    let none = cluster.client(&["warnings", &id, "--column", "submission.nosuch"]).expect(2);
    assert!(none.stderr.contains("no column `submission.nosuch`"), "{none:?}");

    let printed = cluster.client(&["warnings", &id]).expect(0);
    let header = printed.stdout.lines().next().unwrap();
    let words: Vec<&str> = header.split_whitespace().collect();
    assert_eq!(words, ["TABLE", "COLUMN", "KIND", "APPLICATIONS", "WARNINGS", "SUCH", "AS"]);
    assert!(printed.stdout.contains("MEANING"), "{printed:?}");
    let jobs = cluster.client(&["jobs"]).expect(0).stdout;
    assert!(jobs.lines().next().unwrap().contains("WARNED"), "{jobs}");
    let verified = cluster.client(&["verify", &id]).expect(0).stdout;
    assert!(verified.contains("applications are shown,"), "{verified}");
}

/// Whoever meets a kind finds it on the page, in the words in which it is printed.
#[test]
fn the_page_has_every_kind() {
    let page = std::fs::read_to_string(workspace().join("docs/warnings.md")).unwrap();
    for kind in WarningKind::ALL {
        let begin = format!("| `{kind}` | {} | ", kind.sentence());
        assert!(page.lines().any(|line| line.starts_with(&begin)), "{begin}");
    }
}

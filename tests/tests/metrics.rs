//! What programs tell monitoring: numbers that are true, and whether they are alive and ready.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use std::collections::BTreeSet;
use std::fmt::Write as _;

use xmlx_tests::{Cluster, Monitoring, Setup, Wire, workspace};

const SETUP: Setup = Setup { monitoring: Monitoring::On, ..Setup::small(300) };

/// The names of the leading and the other coordinator.
fn leader_and_standby(cluster: &Cluster) -> (&'static str, &'static str) {
    let leads = |name: &str| cluster.numbers(name).get("xmlx_leading") > 0.5;
    if leads("c1") { ("c1", "c2") } else { ("c2", "c1") }
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_are_what_the_database_has() {
    let setup =
        Setup { coordinators: 2, workers: 2, broken_permille: 100, wire: Wire::Tls, ..SETUP };
    let cluster = Cluster::start(setup).await;
    let (leader, standby) = leader_and_standby(&cluster);
    let job = cluster.submit(&[]);
    cluster.wait_done(job).await;
    let state = cluster.job(job);
    let both = |series: &str| ["w1", "w2"].map(|name| cluster.numbers(name).get(series));
    let sum = |series: &str| both(series).into_iter().sum::<f64>();
    let of_job = |key: &str| state[key].as_f64().unwrap();
    assert!(of_job("failed") > 0.0);
    assert_eq!(sum("xmlx_applications_total{outcome=\"success\"}"), of_job("ok"));
    assert_eq!(sum("xmlx_applications_total{outcome=\"failed\"}"), of_job("failed"));
    assert_eq!(sum("xmlx_applications_total{outcome=\"read\"}"), 0.0);
    assert_eq!(sum("xmlx_rows_total"), of_job("rows"));
    assert!(sum("xmlx_document_bytes_total") > 0.0);
    assert!(sum("xmlx_step_seconds_count{step=\"commit\"}") >= 300.0 / 20.0);
    assert_eq!(both("xmlx_connected"), [1.0, 1.0]);
    assert_eq!(both("xmlx_slots"), [2.0, 2.0]);
    cluster
        .wait_for("the leader to see that nothing is left", async |cluster| {
            let numbers = cluster.numbers(leader);
            numbers.get("xmlx_jobs{state=\"running\"}") == 0.0
                && numbers.get("xmlx_worker_leases") == 0.0
                && numbers.get("xmlx_workers{state=\"active\"}") == 2.0
        })
        .await;
    let numbers = cluster.numbers(leader);
    assert_eq!(numbers.get("xmlx_worker_slots"), 4.0);
    let granted = numbers.get("xmlx_range_events_total{event=\"granted\"}");
    let ended = ["done", "drained", "stuck", "gone"]
        .map(|end| sum(&format!("xmlx_leases_ended_total{{end=\"{end}\"}}")));
    assert!(granted > 0.0);
    assert_eq!(ended.into_iter().sum::<f64>(), granted, "every lease has ended");
    assert_eq!(numbers.get("xmlx_leadership_changes_total{change=\"won\"}"), 1.0);
    assert_eq!(cluster.numbers(standby).get("xmlx_workers{state=\"active\"}"), 0.0);
    for name in ["c1", "c2", "w1", "w2"] {
        assert_eq!(cluster.probe(name, "/healthz").unwrap().0, 200, "{name}");
        assert_eq!(cluster.probe(name, "/readyz").unwrap().0, 200, "{name}");
        let ends = cluster.numbers(name).get("xmlx_certificate_expiry_timestamp_seconds");
        assert!(ends > cluster.numbers(name).get("process_start_time_seconds"), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_cannot_work_is_not_ready_and_alive() {
    let mut cluster = Cluster::start(Setup { workers: 0, ..SETUP }).await;
    cluster.coordinators[0].1.kill();
    cluster.add_worker();
    cluster
        .wait_for("the worker to answer", async |cluster| {
            cluster.probe("w1", "/healthz").is_some_and(|(status, _)| status == 200)
        })
        .await;
    let (status, reason) = cluster.probe("w1", "/readyz").unwrap();
    assert_eq!(status, 503);
    assert!(reason.contains("no coordinator"), "{reason}");
    assert_eq!(cluster.numbers("w1").get("xmlx_connected"), 0.0);
    assert!(!cluster.numbers("w1").has("xmlx_certificate_expiry_timestamp_seconds"), "no TLS");
    assert_eq!(cluster.probe("w1", "/").unwrap().0, 404);
    let ready = async |cluster: &Cluster| {
        cluster.probe("w1", "/readyz").is_some_and(|(status, _)| status == 200)
    };
    cluster.restart_coordinator(0);
    cluster.wait_for("the worker to be ready", ready).await;
    // It works on at what it holds: whoever starts it again for this would only lose that.
    cluster.coordinators[0].1.kill();
    cluster
        .wait_for("the worker to miss its coordinator", async |cluster| {
            cluster.numbers("w1").get("xmlx_connected") == 0.0
        })
        .await;
    assert!(ready(&cluster).await);
}

/// A table of the page: what a program has.
fn table(text: &str) -> String {
    let mut table = "| name | type | what it is |\n|---|---|---|\n".to_owned();
    for line in text.lines() {
        let Some(help) = line.strip_prefix("# HELP ") else { continue };
        let (name, help) = help.split_once(' ').unwrap();
        let kind = text.lines().find_map(|line| line.strip_prefix(&format!("# TYPE {name} ")));
        let suffix = if kind == Some("counter") { "_total" } else { "" };
        let label = text
            .lines()
            .find_map(|line| line.strip_prefix(&format!("{name}{suffix}{{")))
            .or_else(|| text.lines().find_map(|line| line.strip_prefix(&format!("{name}_sum{{"))))
            .and_then(|labels| labels.split('=').next());
        let label = label.map_or(String::new(), |label| format!("{{{label}}}"));
        let help = help.trim_end_matches('.');
        writeln!(table, "| `{name}{suffix}{label}` | {} | {help} |", kind.unwrap()).unwrap();
    }
    table
}

/// With `XMLX_TEST_BLESS` set the tables are written anew.
fn compare(page: &str, program: &str, expected: &str) -> String {
    let (begin, end) = (format!("<!-- {program} -->\n"), format!("<!-- end of {program} -->"));
    let (before, rest) = page.split_once(&begin).unwrap();
    let (found, after) = rest.split_once(&end).unwrap();
    if std::env::var_os("XMLX_TEST_BLESS").is_none() {
        assert_eq!(found, expected, "write the page anew with XMLX_TEST_BLESS=1");
    }
    format!("{before}{begin}{expected}{end}{after}")
}

/// The names of numbers in a text: whatever begins with `xmlx_` or `process_`.
fn names(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("xmlx_") || word.starts_with("process_")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_lists_every_number_and_rules_use_no_other() {
    let cluster = Cluster::start(Setup { apps: 0, wire: Wire::Tls, ..SETUP }).await;
    let path = workspace().join("docs/metrics.md");
    let mut page = std::fs::read_to_string(&path).unwrap();
    let mut known = String::new();
    for (program, name) in [("xmlx-coordinator", "c1"), ("xmlx-worker", "w1")] {
        let text = cluster.numbers(name).text;
        page = compare(&page, program, &table(&text));
        known += &text;
    }
    if std::env::var_os("XMLX_TEST_BLESS").is_some() {
        std::fs::write(&path, page).unwrap();
    }
    let series: BTreeSet<&str> = names(&known);
    for file in ["prometheus/rules.yml", "prometheus/rules-test.yml", "grafana/xmlx.json"] {
        let text = std::fs::read_to_string(workspace().join("deploy").join(file)).unwrap();
        let used = names(&text);
        assert!(used.len() > 5, "{file} uses {used:?}");
        let unknown: Vec<&&str> = used.difference(&series).collect();
        assert!(unknown.is_empty(), "{file} has {unknown:?}");
    }
}

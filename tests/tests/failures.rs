//! Failures by stage, reason, column and application, in groups and in files.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use std::collections::BTreeMap;

use serde_json::Value;
use xmlx_tests::{Cluster, Setup};

fn list(answer: &Value) -> &Vec<Value> {
    answer["failures"].as_array().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_found_by_what_they_have_in_common() {
    let setup = Setup { broken_permille: 500, ..Setup::small(240) };
    let cluster = Cluster::start(setup).await;
    let job = cluster.submit(&["--max-failures", "100%"]);
    cluster.wait_done(job).await;
    let id = job.to_string();
    let failed = cluster.job(job)["failed"].as_i64().unwrap();
    let ask = |args: &[&str]| {
        let all = [&["failures", &id, "-o", "json"], args].concat();
        cluster.client(&all).expect(0).json()
    };
    let all = ask(&["--limit", "0"]);
    assert_eq!(list(&all).len(), usize::try_from(failed).unwrap());

    // The groups add up, and each is what its filter finds.
    let groups = ask(&["--groups"]);
    assert_eq!((&groups["total"], &groups["not_shown"]), (&failed.into(), &0.into()));
    let groups = groups["groups"].as_array().unwrap();
    let sum: i64 = groups.iter().map(|group| group["count"].as_i64().unwrap()).sum();
    assert_eq!(sum, failed);
    assert!(groups.len() > 2, "{groups:?}");
    let mut stages: BTreeMap<&str, i64> = BTreeMap::new();
    for group in groups {
        let stage = group["stage"].as_str().unwrap();
        let count = group["count"].as_i64().unwrap();
        *stages.entry(stage).or_default() += count;
        let reason = group["reason"].as_str().unwrap();
        let found = ask(&["--limit", "0", "--stage", stage, "--reason", reason]);
        assert!(list(&found).len() >= usize::try_from(count).unwrap(), "{group}");
        let first = group["app_ids"][0].as_i64().unwrap();
        let one = ask(&["--app", &first.to_string()]);
        assert_eq!(list(&one).len(), 1, "{group}");
        if let Some(column) = group["column"].as_str() {
            let found = ask(&["--limit", "0", "--column", column]);
            assert!(list(&found).iter().all(|failure| failure["column"] == column), "{found}");
            assert!(list(&found).len() >= usize::try_from(count).unwrap(), "{group}");
        }
    }
    assert!(groups.iter().any(|group| group["column"].is_string()), "some name a column");
    for (stage, count) in stages {
        let found = ask(&["--limit", "0", "--stage", stage]);
        assert_eq!(list(&found).len(), usize::try_from(count).unwrap(), "{stage}");
    }
    assert_eq!(list(&ask(&["--reason", "nobody fails for this"])).len(), 0);

    // The whole history of one of them: it failed twice, under two jobs.
    let app = list(&all)[0]["app_id"].as_i64().unwrap();
    let bounds = app.to_string();
    let again = ["--from", &bounds, "--to", &bounds, "--max-failures", "100%"];
    let retried = cluster.client(&[&["retry", "--contract", "card.json"], &again[..]].concat());
    let retried = retried.expect(0);
    assert!(!retried.stdout.is_empty());
    cluster.wait_done(job + 1).await;
    let runs = cluster.client(&["runs", &bounds, "-o", "json"]).expect(0).json();
    let runs = runs.as_array().unwrap();
    assert_eq!(runs.len(), 2, "{runs:?}");
    for (run, job) in runs.iter().zip([job + 1, job]) {
        assert_eq!((&run["job"], &run["worker"]), (&job.into(), &"w1".into()), "{run}");
        assert_eq!((&run["status"], &run["epoch"]), (&"failed".into(), &1.into()), "{run}");
        assert_eq!(run["contract_hash"], cluster.job(job)["contract_hash"]);
        assert!(run["reason"].is_string() && run["range"].is_i64(), "{run}");
    }
    let one = cluster.client(&["runs", &bounds, "--limit", "1"]).expect(0);
    assert_eq!(one.stdout.lines().count(), 2, "{one:?}");
    let _ = cluster.client(&["runs", "999999999"]).expect(1);

    // Files have all of them, however many pages that takes.
    for (name, header) in [("f.csv", 1), ("f.jsonl", 0)] {
        let path = cluster.folder().join(name);
        let written = ask(&["--export", path.to_str().unwrap()]);
        assert_eq!(written["written"], failed);
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), usize::try_from(failed).unwrap() + header, "{name}");
    }
    let refused = cluster.client(&["failures", &id, "--export", "f.xls"]).expect(2);
    assert!(refused.stderr.contains("neither in `.csv`"), "{refused:?}");
}

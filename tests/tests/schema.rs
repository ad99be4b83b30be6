//! Tables from a contract, and rows that foreign keys need.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use std::collections::BTreeSet;

use serde_json::Value;
use xmlx_extract::Plan;
use xmlx_samples::{Line, Options, Synth};
use xmlx_store::{Document, OldRows, grants_script, target_schema};
use xmlx_tests::{Cluster, Setup};

/// What `schema` prints is what `check` wants, and what a job fills; a quote in a name does no harm.
#[tokio::test(flavor = "multi_thread")]
async fn printed_tables_fit_their_contract_and_can_be_filled() {
    let cluster = Cluster::start(Setup::small(0)).await;
    let store = cluster.db.store();
    let synth = Synth::new(Options { seed: 7, first_id: 1, broken_permille: 0, padding_bytes: 0 });
    for line in [Line::Card, Line::Loan] {
        let schema = format!("o'fresh_{}", line.name());
        let old = r#""target_schema": "sample""#;
        assert!(xmlx_samples::contract(line).contains(old));
        let contract =
            xmlx_samples::contract(line).replace(old, &format!("\"target_schema\": \"{schema}\""));
        cluster.write("fresh.json", &contract);
        let _ = cluster.client(&["check", "fresh.json"]).expect(1);
        let printed = cluster.client(&["schema", "fresh.json"]).expect(0).stdout;
        for _ in 0..2 {
            store.run_script(&printed).await.unwrap();
        }
        let in_literal = schema.replace('\'', "''");
        let source = xmlx_samples::source_sql()
            .replace("CREATE SCHEMA [sample]", &format!("CREATE SCHEMA [{in_literal}]"))
            .replace("N'sample'", &format!("N'{in_literal}'"))
            .replace("N'[sample]", &format!("N'[{in_literal}]"))
            .replace("[sample]", &format!("[{schema}]"));
        store.run_script(&source).await.unwrap();
        let checked = cluster.client(&["check", "fresh.json"]).expect(0);
        assert_eq!(checked.stdout.trim(), "the contract fits the database");

        let plan = Plan::from_json(&contract).unwrap();
        let samples =
            (0..200).map(|i| synth.application(i)).filter(|sample| sample.line == line).take(20);
        let documents: Vec<Document> =
            samples.map(|sample| Document { app_id: sample.app_id, xml: sample.xml }).collect();
        assert_eq!(store.load(&plan, &documents).await.unwrap(), 20);
        let args =
            ["submit", "--contract", "fresh.json", "--name", &schema, "--wait", "-o", "json"];
        let job = cluster.client(&args).expect(0).json()["job"]["job"].as_i64().unwrap();
        assert_eq!(cluster.job(job)["ok"], 20, "{}", cluster.job(job));
        cluster.assert_each_verified(&[job]);
    }
}

/// Campaigns and enum values without a row are named before the run, every one, with what to do.
#[tokio::test(flavor = "multi_thread")]
async fn rows_that_foreign_keys_need_are_missed_before_the_run() {
    let cluster = Cluster::start(Setup { workers: 0, ..Setup::small(1) }).await;
    let _ = cluster.client(&["check", "card.json"]).expect(0);
    cluster.db.run("DELETE FROM [sample].[lookup] WHERE [enum_id] IN (143, 181)").await;
    cluster.db.run("DELETE FROM [sample].[lookup] WHERE [enum_id] = 203").await;
    let missing = cluster.client(&["check", "card.json", "-o", "json"]).expect(1).json();
    let problems: Vec<&str> = missing
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| problem["problem"].as_str().unwrap())
        .collect();
    assert_eq!(problems.len(), 2, "203 is of no card contract: {problems:#?}");
    for (problem, (value, place)) in problems
        .iter()
        .zip([("143", "submission.decision_enum"), ("181", "person_address.kind_enum")])
    {
        for part in [value, place, "INSERT INTO [sample].[lookup]"] {
            assert!(problem.contains(part), "`{part}` is missing in: {problem}");
        }
    }
    let refused = cluster.client(&["submit", "--contract", "card.json"]).expect(2);
    assert!(refused.stderr.contains("143") && refused.stderr.contains("181"), "{refused:?}");
}

/// What would end a batch of the printed T-SQL and begin another.
const BREAKS_OUT: &str = "\nGO\nDROP TABLE [x]\nGO\n[";

/// Every text of a JSON document, keys of objects included.
fn texts(json: &Value, all: &mut BTreeSet<String>) {
    match json {
        Value::String(text) => {
            all.insert(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| texts(item, all)),
        Value::Object(members) => {
            for (key, member) in members {
                all.insert(key.clone());
                texts(member, all);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => (),
    }
}

/// The document with one text replaced wherever it stands, so that names still agree with each other.
fn replaced(json: &Value, old: &str, new: &str) -> Value {
    let text = |text: &String| if text == old { new.to_owned() } else { text.clone() };
    match json {
        Value::String(it) => Value::String(text(it)),
        Value::Array(items) => items.iter().map(|item| replaced(item, old, new)).collect(),
        Value::Object(members) => Value::Object(
            members.iter().map(|(key, it)| (text(key), replaced(it, old, new))).collect(),
        ),
        Value::Null | Value::Bool(_) | Value::Number(_) => json.clone(),
    }
}

/// Whatever text of a contract holds line breaks, none of them reaches the T-SQL that administrators run.
#[test]
fn no_name_breaks_out_of_printed_sql() {
    let (mut n_refused, mut n_taken) = (0, 0);
    for (_, contract) in xmlx_samples::contracts() {
        let json: Value = serde_json::from_str(contract).unwrap();
        let mut all = BTreeSet::new();
        texts(&json, &mut all);
        assert!(all.len() > 100, "{all:?}");
        for text in &all {
            let hostile = replaced(&json, text, &format!("{text}{BREAKS_OUT}{text}")).to_string();
            let Ok(plan) = Plan::from_json(&hostile) else {
                n_refused += 1;
                continue;
            };
            n_taken += 1;
            for script in [target_schema(&plan), grants_script(Some(&plan), OldRows::Replaced)] {
                assert!(!script.contains("DROP TABLE"), "by `{text}`:\n{script}");
            }
        }
    }
    assert!(n_refused > 100 && n_taken > 10, "{n_refused} refused, {n_taken} taken");
    let contract = xmlx_samples::contract(Line::Card).replace("\"sample\"", "\"sam\\nple\"");
    let refused = Plan::from_json(&contract).unwrap_err();
    assert_eq!(refused.problems()[0].path, "target_schema");
    assert!(refused.problems()[0].reason.contains(r#""sam\nple""#), "{refused}");
}

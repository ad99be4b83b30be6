//! Tables from a contract, and rows that foreign keys need.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use xmlx_extract::Plan;
use xmlx_samples::{Line, Options, Synth};
use xmlx_store::Document;
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
        let samples = (0..200).map(|i| synth.application(i)).filter(|it| it.line == line).take(20);
        let documents: Vec<Document> =
            samples.map(|it| Document { app_id: it.app_id, xml: it.xml }).collect();
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
    let problems: Vec<&str> =
        missing.as_array().unwrap().iter().map(|it| it["problem"].as_str().unwrap()).collect();
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

//! Refusals that are long: what is wrong with a contract reaches whoever submits it, however much it is.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use xmlx_proto::v1 as pb;
use xmlx_proto::v1::job_service_client::JobServiceClient;
use xmlx_proto::{ErrorCode, Refusal};
use xmlx_samples::Line;
use xmlx_tests::{Cluster, Setup};

/// A contract of which every type is one that there is not.
fn wrong() -> (String, usize) {
    let key = "\"data_type\": \"";
    let contract = xmlx_samples::contract(Line::Card);
    let mut parts = contract.split(key);
    let mut wrong = parts.next().unwrap().to_owned();
    let mut n = 0;
    for part in parts {
        n += 1;
        let (_, rest) = part.split_once('"').unwrap();
        wrong.push_str(&format!("{key}no_such_type_of_any_database_{n}\"{rest}"));
    }
    assert!(n > 90, "{n}");
    (wrong, n)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contract_with_many_problems_is_refused_with_all_of_them() {
    let cluster = Cluster::start(Setup { workers: 0, ..Setup::small(1) }).await;
    let (contract, n) = wrong();
    cluster.write("wrong.json", &contract);
    let found = cluster.client(&["check", "wrong.json", "-o", "json"]).expect(1).json();
    let found = found.as_array().unwrap().len();
    assert!(found >= n, "{found}");
    let refused = cluster.client(&["submit", "--contract", "wrong.json"]).expect(2).stderr;
    assert!(!refused.contains("no coordinator answers"), "{refused}");
    assert!(refused.contains(&format!("({found} problems)")), "{refused}");
    let shown = refused.matches("no_such_type_of_any_database_").count();
    assert!(shown >= 90, "{shown} are shown: {refused}");
    assert!(
        refused.contains(&format!("... and {} more; `xmlx-client check`", found - 100)),
        "{refused}"
    );

    // A client of an earlier release takes no lists: it gets what a refusal has room for.
    let request = pb::SubmitRequest {
        submit_key: "k".to_owned(),
        contract,
        mode: pb::JobMode::Once.into(),
        ..pb::SubmitRequest::default()
    };
    let url = cluster.coordinators[0].0.clone();
    let status = JobServiceClient::connect(url).await.unwrap().submit(request).await;
    let refusal = Refusal::from_status(&status.expect_err("a refusal"));
    assert_eq!(refusal.code, ErrorCode::Invalid, "{refusal}");
    assert!(refusal.message.contains("no_such_type_of_any_database_1"), "{refusal}");
    assert!(refusal.message.ends_with("more lines"), "{refusal}");
}

/// A request that is too large is no coordinator that does not answer.
#[tokio::test(flavor = "multi_thread")]
async fn a_contract_that_is_too_large_is_refused_as_such() {
    let cluster = Cluster::start(Setup { workers: 0, ..Setup::small(1) }).await;
    let contract = xmlx_samples::contract(Line::Card);
    let padding = " ".repeat(17 * 1024 * 1024);
    cluster.write("large.json", &format!("{padding}{contract}"));
    let refused = cluster.client(&["submit", "--contract", "large.json"]).expect(2).stderr;
    assert!(refused.contains("a coordinator takes no more than"), "{refused}");
}

/// The lowest and the highest number there is: a job cannot take them, says so, and takes their neighbours.
#[tokio::test(flavor = "multi_thread")]
async fn ids_at_the_ends_of_what_numbers_hold() {
    let cluster = Cluster::start(Setup::small(0)).await;
    for table in ["application_xml", "processing_log"] {
        cluster.db.run(&format!("DROP TABLE [sample].[{table}]")).await;
    }
    // As users have them whose ids are large.
    let source = "CREATE TABLE [sample].[application_xml] ([app_id] bigint NOT NULL, [app_XML] nvarchar(max) NULL, CONSTRAINT [PK_application_xml] PRIMARY KEY ([app_id]))";
    cluster.db.run(source).await;
    let log = "CREATE TABLE [sample].[processing_log] ([log_id] int IDENTITY(1,1) NOT NULL, [app_id] bigint NOT NULL, [status] varchar(20) NOT NULL, [failure_reason] varchar(500) NULL, [processing_time] datetime2(7) NOT NULL DEFAULT (getutcdate()), [session_id] varchar(50) NULL, [app_id_start] bigint NULL, [app_id_end] bigint NULL, CONSTRAINT [PK_processing_log] PRIMARY KEY ([log_id]))";
    cluster.db.run(log).await;
    // Documents that do not say which application they are: all fail, and that is a decision.
    let ids = [i64::MIN, i64::MIN + 1, -5, 0, i64::MAX - 1, i64::MAX];
    for id in ids {
        let insert =
            "INSERT INTO [sample].[application_xml] ([app_id], [app_XML]) VALUES (@P1, N'<x/>')";
        cluster.db.execute(insert, &[&id]).await;
    }
    let contract = xmlx_samples::contract(Line::Card);
    let line = "\"source_application_table\": \"sample.card_application\",";
    assert!(contract.contains(line));
    cluster.write("all.json", &contract.replace(line, ""));
    let submit = |args: &[&str]| {
        cluster.client(&[&["submit", "--contract", "all.json", "-o", "json"], args].concat())
    };
    let (min, max) = (i64::MIN.to_string(), i64::MAX.to_string());
    for (args, named) in [
        (vec![], &min),
        (vec!["--from", "0"], &max),
        (vec!["--from=-10", "--to", &max], &max),
        (vec!["--follow"], &min),
    ] {
        let refused = submit(&args).expect(2).stderr;
        assert!(
            refused.contains(named.as_str()) && refused.contains("--from"),
            "{args:?}: {refused}"
        );
    }
    let (from, to) = (format!("--from={}", i64::MIN + 1), (i64::MAX - 1).to_string());
    let job = submit(&[&from, "--to", &to]).expect(0).json()["job"]["job"].as_i64().unwrap();
    cluster.wait_done(job).await;
    let decided =
        cluster.db.column("SELECT [app_id] FROM [sample].[processing_log] ORDER BY [app_id]").await;
    assert_eq!(decided, ids[1..5]);
    cluster.assert_verified(job).await;
    let _ = cluster.client(&["ranges", &job.to_string()]).expect(0);
}

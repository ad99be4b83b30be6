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

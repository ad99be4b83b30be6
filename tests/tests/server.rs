//! A server that is not SQL Server: what it does in another way is found before anything is decided on it.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use std::process::Command;

use xmlx_devdb::{Faults, Like, Options, Server, Storage, Tls};
use xmlx_domain::ErrorClass;
use xmlx_samples::Line;
use xmlx_store::{Access, Error, ServerFindings, Store, StoreConfig};
use xmlx_tests::{Database, Needs, Output, binary, skips_on_server};

fn server(like: Like) -> Server {
    Server::start(Options {
        listen: ([127, 0, 0, 1], 0).into(),
        data: Storage::Memory,
        user: "sa".to_owned(),
        password: "secret".to_owned(),
        tls: Tls::Off,
        faults: Faults::none(),
        like,
    })
    .unwrap()
}

fn store(connection_string: &str) -> Store {
    Store::new(&StoreConfig {
        connection_string: connection_string.to_owned(),
        ca: None,
        access: Access::ReadOnly,
        application_name: "xmlx/worker/test".to_owned(),
        connections_max: 2,
        limits: xmlx_extract::Limits::default(),
    })
    .unwrap()
}

fn differences(found: &ServerFindings) -> Vec<&xmlx_store::Disagreement> {
    found.wrong.iter().chain(&found.unnamed).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn sql_server_does_what_is_relied_on() {
    let db = Database::start(Tls::Off).await;
    let found = db.store().server_findings().await.unwrap();
    assert!(differences(&found).is_empty(), "{found:?}");
    assert!(found.found.len() > 20, "{found:?}");
    db.store().require_fit_server().await.unwrap();
}

/// A login without any permission can be asked as well.
#[tokio::test(flavor = "multi_thread")]
async fn no_permission_is_needed() {
    let db = Database::start(Tls::Off).await;
    let nobody = store(&db.add_user("nobody").await);
    let found = nobody.server_findings().await.unwrap();
    assert!(differences(&found).is_empty(), "{found:?}");
    let tried = |number: &str| found.found.iter().any(|(it, _)| it.expected.contains(number));
    assert!(["515", "547", "2627", "2628"].into_iter().all(tried), "{found:?}");
}

/// Text that comes back as other bytes would be written as `failed`, application by application.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_garbles_text_is_refused() {
    if skips_on_server(Needs::OwnServer) {
        return;
    }
    let server = server(Like::Garbling);
    let store = store(&server.connection_string());
    let refused = store.require_fit_server().await.unwrap_err();
    assert!(matches!(refused, Error::Unfit(_)) && refused.is_refused_entry(), "{refused}");
    let said = refused.to_string();
    for part in [
        "this server",
        "an int: expected \"-2147483648\", found 11 bytes",
        "a text of 9,000 characters",
    ] {
        assert!(said.contains(part), "`{part}` is missing in: {said}");
    }
    assert!(!said.contains("51001"), "what is as it should be is not told: {said}");
}

/// A worker does not join, `submit` refuses and `check` lists it.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_decided_on_a_server_that_garbles_text() {
    const FOUND: &str = "expected \"-2147483648\", found 11 bytes";
    if skips_on_server(Needs::OwnServer) {
        return;
    }
    let server = server(Like::Garbling);
    let database = server.connection_string();
    let run = |program: &str, args: &[&str]| {
        let mut command = Command::new(binary(program));
        command.env_remove("RUST_LOG").env("XMLX_DATABASE", &database).args(args);
        Output::of(command)
    };
    let ended = run("xmlx-worker", &["--coordinators", "http://127.0.0.1:9"]).expect(78);
    assert!(ended.stderr.contains(FOUND), "{ended:?}");
    let folder = tempfile::tempdir().unwrap();
    let contract = folder.path().join("card.json");
    std::fs::write(&contract, xmlx_samples::contract(Line::Card)).unwrap();
    let checked = run("xmlx-client", &["check", contract.to_str().unwrap()]).expect(1);
    assert!(checked.stdout.contains(FOUND), "{checked:?}");
}

/// Errors without a number of their own do not make results wrong; they are told all the same.
#[tokio::test(flavor = "multi_thread")]
async fn errors_without_a_number_are_told() {
    if skips_on_server(Needs::OwnServer) {
        return;
    }
    let server = server(Like::Babelfish);
    let found = store(&server.connection_string()).server_findings().await.unwrap();
    assert_eq!(found.wrong, []);
    let problems: Vec<&str> = found.unnamed.iter().map(|it| it.problem.as_str()).collect();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(
        problems[0].starts_with("a day of 1899, read as smalldatetime: expected an error of data")
    );
    assert!(problems[0].contains("33557097"));
}

/// A server that cannot be asked now has not been found to differ.
#[tokio::test(flavor = "multi_thread")]
async fn a_trial_that_was_disturbed_is_no_finding() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let server = server(Like::SqlServer);
    let store = store(&server.connection_string());
    for fault in ["error=1205", "error=40613", "drop-before", "drop-after"] {
        server.faults().add(format!("text=OPENJSON:1:{fault}").parse().unwrap());
        let err = store.require_fit_server().await.unwrap_err();
        assert!(
            matches!(err.class(), ErrorClass::Transient | ErrorClass::Ambiguous),
            "{fault}: {err}"
        );
    }
    store.require_fit_server().await.unwrap();
}

//! `doctor`: what is assumed of a server is tried, and nothing of it stays.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use std::process::Command;

use serde_json::Value;
use xmlx_devdb::{Faults, Like, Options, Server, Storage, Tls};
use xmlx_store::assumptions;
use xmlx_tests::{Database, Needs, Output, binary, skips_on_server};

const SCHEMAS: &str = "SELECT COUNT_BIG(*) FROM sys.schemas WHERE [name] = N'xmlx_doctor'";

fn doctor(database: &str, args: &[&str]) -> Output {
    let mut command = Command::new(binary("xmlx-client"));
    command.env_remove("RUST_LOG").env("XMLX_DATABASE", database).arg("doctor").args(args);
    Output::of(command)
}

fn verdicts(report: &Value) -> Vec<(String, String)> {
    let lines = report["assumptions"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    lines.map(|line| (text(&line["id"]), text(&line["verdict"]))).collect()
}

/// With the rights of `init`, and what a run that was killed has left.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_examined_and_left_as_it_was() {
    let db = Database::start_without_control_tables().await;
    let owner = db.add_user("owner").await;
    db.run("GRANT CREATE SCHEMA, CREATE TABLE TO [owner]").await;
    let first = doctor(&owner, &["-o", "json"]);
    assert!(first.code < 2, "{first:?}");
    let report = first.json();
    let ids: Vec<String> = verdicts(&report).into_iter().map(|(id, _)| id).collect();
    let all: Vec<&str> = assumptions().iter().map(|assumption| assumption.id).collect();
    assert_eq!(ids, all, "each assumption has its answer");
    let untried: Vec<_> = verdicts(&report).into_iter().filter(|(_, it)| it == "untried").collect();
    assert_eq!(untried, [], "{report}");
    assert!(
        report["paces"]
            .as_array()
            .unwrap()
            .iter()
            .all(|pace| pace["commits_per_second"].as_f64() > Some(0.0)),
        "{report}"
    );
    assert!(report["recommended"]["slots"].as_u64() > Some(0), "{report}");
    assert_eq!(db.count(SCHEMAS).await, 0, "the schema is dropped");

    db.run("CREATE SCHEMA [xmlx_doctor]").await;
    db.run("CREATE TABLE [xmlx_doctor].[item] ([app_id] int NULL)").await;
    let second = doctor(&db.connection_string(), &[]);
    assert!(second.stderr.contains("was left behind, and is dropped"), "{second:?}");
    assert!(second.stdout.contains("recommended for applications of a few rows"), "{second:?}");
    assert_eq!(db.count(SCHEMAS).await, 0, "{second:?}");
}

/// What devdb does in another way than SQL Server, or is set to in another way than is recommended.
const DEVDB_DIFFERS: [&str; 0] = [];

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

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_does_in_another_way_is_named() {
    if skips_on_server(Needs::OwnServer) {
        return;
    }
    let devdb = doctor(&server(Like::SqlServer).connection_string(), &["-o", "json"]).json();
    let differs: Vec<String> = verdicts(&devdb)
        .into_iter()
        .filter(|(_, verdict)| verdict == "differs")
        .map(|(id, _)| id)
        .collect();
    assert_eq!(differs, DEVDB_DIFFERS, "{devdb}");

    let server = server(Like::Babelfish);
    let found = doctor(&server.connection_string(), &["-o", "json"]).expect(1);
    let report = found.json();
    let of = |id: &str| {
        let lines = report["assumptions"].as_array().unwrap();
        lines.iter().find(|line| line["id"] == id).unwrap().clone()
    };
    for id in ["error-smalldatetime", "lock-timeout"] {
        let line = of(id);
        assert_eq!(line["verdict"], "differs", "{line}");
        assert!(line["found"].as_str().unwrap().contains("33557097"), "{line}");
    }
    assert_eq!(of("commit")["verdict"], "as expected", "{report}");
}

/// An error on the way: the schema goes all the same.
#[tokio::test(flavor = "multi_thread")]
async fn the_scratch_schema_goes_after_an_error() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let db = Database::start_without_control_tables().await;
    db.faults().add("text=INSERT INTO [xmlx_doctor].[range]:5:error=9002".parse().unwrap());
    let ended = doctor(&db.connection_string(), &[]).expect(2);
    assert!(ended.stderr.contains("9002"), "{ended:?}");
    assert_eq!(db.count(SCHEMAS).await, 0, "{ended:?}");
}

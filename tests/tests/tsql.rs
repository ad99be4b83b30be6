//! All T-SQL in one place: written to `target/tsql`, where a parser of the server's vendor can read it.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use xmlx_devdb::Tls;
use xmlx_extract::Plan;
use xmlx_store::{
    Access, CommitPlan, Mode, Source, Store, StoreConfig, all_statements, control_schema,
    load_statement, verification_statements,
};
use xmlx_tests::{Database, workspace};

/// Parameters of the generated reads: bounds of the ids, a count, the log's watermark.
const READ_PARAMS: &str = "-- params: @P1 bigint, @P2 bigint, @P3 bigint, @P4 bigint, @P5 bigint\n";

#[tokio::test(flavor = "multi_thread")]
async fn every_statement_is_written_out() {
    let write = |name: &str, text: &str| {
        let path = workspace().join("target/tsql").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    for (name, text) in all_statements() {
        let folder = if name.starts_with("00") { "scripts" } else { "queries" };
        write(&format!("{folder}/{name}.sql"), text);
    }
    write("scripts/samples_target.sql", xmlx_samples::target_sql());
    write("scripts/samples_source.sql", xmlx_samples::source_sql());
    write("schema/control.sql", &unguarded(&control_schema()));
    let samples = format!("{}\nGO\n{}", xmlx_samples::target_sql(), xmlx_samples::source_sql());
    write("schema/samples.sql", &unguarded(&samples));

    let db = Database::start(Tls::Off).await;
    let store = Store::new(&StoreConfig {
        connection_string: db.connection_string(),
        ca: None,
        access: Access::ReadWrite,
        application_name: "xmlx/tests".to_owned(),
        connections_max: 1,
    })
    .unwrap();
    for (line, contract) in xmlx_samples::contracts() {
        let plan = Plan::from_json(contract).unwrap();
        let catalog = store.catalog(plan.target_schema()).await.unwrap();
        let commit = CommitPlan::new(&plan, &catalog).unwrap();
        let tables = plan.tables().len();
        let params: Vec<String> = (1..=12)
            .map(|i| {
                if i == 8 || i == 10 {
                    format!("@P{i} nvarchar(max)")
                } else {
                    format!("@P{i} bigint")
                }
            })
            .chain((13..13 + tables).map(|i| format!("@P{i} nvarchar(max)")))
            .collect();
        let text = format!("-- params: {}\n{}", params.join(", "), commit.text());
        assert_eq!(
            text.matches("OPENJSON").count(),
            tables + 1,
            "one statement per table, and the log"
        );
        write(&format!("queries/commit_{}.sql", line.name()), &text);
        let load = load_statement(&plan);
        let load = format!("-- params: @P1 nvarchar(max), @P2 nvarchar(max)\n{load}");
        write(&format!("queries/load_{}.sql", line.name()), &load);
        let source = Source::new(&plan, Mode::Once, 0);
        for (name, text) in verification_statements(&plan, &source) {
            write(
                &format!("queries/verify_{name}_{}.sql", line.name()),
                &format!("{READ_PARAMS}{text};\n"),
            );
        }
        let documents =
            format!("-- params: @P1 nvarchar(max)\n{};\n", source.documents_statement());
        write(&format!("queries/documents_{}.sql", line.name()), &documents);
        for mode in [Mode::Once, Mode::Retry] {
            for (name, text) in Source::new(&plan, mode, 0).statements() {
                write(
                    &format!("queries/{name}_{}_{}.sql", mode.name(), line.name()),
                    &format!("{READ_PARAMS}{text};\n"),
                );
            }
        }
    }
}

/// A script without its guards against a second run: a schema checker looks at no statement behind an IF.
fn unguarded(script: &str) -> String {
    let mut schemas = Vec::new();
    let mut plain = String::new();
    for line in script.lines() {
        if let Some((_, create)) = line.split_once("CREATE SCHEMA [") {
            let name = create.split(']').next().unwrap();
            if !schemas.contains(&name) {
                schemas.push(name);
                plain.push_str(&format!("CREATE SCHEMA [{name}];\n"));
            }
        } else if !line.starts_with("IF OBJECT_ID(")
            && !line.starts_with("IF NOT EXISTS (SELECT 1 FROM sys.indexes")
        {
            plain.push_str(line);
            plain.push('\n');
        }
    }
    plain
}

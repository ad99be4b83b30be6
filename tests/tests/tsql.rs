//! All T-SQL in one place: written to `target/tsql`, where a parser of the server's vendor can read it.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use xmlx_devdb::Tls;
use xmlx_extract::Plan;
use xmlx_store::{CommitPlan, Mode, Source, Store, StoreConfig, all_statements};
use xmlx_tests::{Database, workspace};

/// Parameters of the generated reads: bounds of the ids, a count, the log's watermark.
const READ_PARAMS: &str = "-- params: @P1 bigint, @P2 bigint, @P3 bigint, @P4 bigint\n";

#[tokio::test(flavor = "multi_thread")]
async fn every_statement_is_written_out() {
    let folder = workspace().join("target/tsql");
    std::fs::create_dir_all(&folder).unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    for (name, text) in all_statements() {
        write(&format!("{name}.sql"), text);
    }
    write("samples_target.sql", xmlx_samples::target_sql());
    write("samples_source.sql", xmlx_samples::source_sql());

    let db = Database::start(Tls::Off).await;
    let store = Store::new(&StoreConfig {
        connection_string: db.connection_string(),
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
        write(&format!("commit_{}.sql", line.name()), &text);
        for mode in [Mode::Once, Mode::Retry] {
            for (name, text) in Source::new(&plan, mode, 0).statements() {
                write(
                    &format!("{name}_{}_{}.sql", mode.name(), line.name()),
                    &format!("{READ_PARAMS}{text};\n"),
                );
            }
        }
    }
}

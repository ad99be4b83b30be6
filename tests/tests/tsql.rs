//! All T-SQL in one place: written to `target/tsql`, where a parser of the server's vendor can read it.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use xmlx_devdb::Tls;
use xmlx_extract::Plan;
use xmlx_store::{OldRows, control_schema, grants_script, scratch_scripts, target_schema};
use xmlx_tests::{Database, block, blocks, statements, workspace};

#[tokio::test(flavor = "multi_thread")]
async fn every_statement_is_written_out() {
    // Nothing of an earlier run is checked.
    let _ = std::fs::remove_dir_all(workspace().join("target/tsql"));
    let write = |name: &str, text: &str| {
        let path = workspace().join("target/tsql").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let db = Database::start(Tls::Off).await;
    let all = statements(&db).await;
    for it in &all {
        write(&format!("queries/{}.sql", it.file()), &it.text);
    }
    assert!(all.len() > 80, "only {} statements", all.len());
    write("scripts/control.sql", &control_schema());
    write("scripts/samples_target.sql", xmlx_samples::target_sql());
    write("scripts/samples_source.sql", xmlx_samples::source_sql());
    for (line, contract) in xmlx_samples::contracts() {
        let plan = Plan::from_json(contract).unwrap();
        let text = contract.replace(r#""target_schema": "sample""#, r#""target_schema": "made""#);
        let made = target_schema(&Plan::from_json(&text).unwrap());
        write(&format!("scripts/made_{}.sql", line.name()), &made);
        if line == xmlx_samples::Line::Card {
            write("schema/made.sql", &unguarded(&made));
        }
        write(
            &format!("scripts/grants_{}.sql", line.name()),
            &grants_script(Some(&plan), OldRows::Replaced),
        );
    }
    let [made, dropped] = scratch_scripts();
    write("schema/doctor.sql", &unguarded(&made));
    write("scripts/doctor_made.sql", &made);
    write("scripts/doctor_dropped.sql", &dropped);
    // The checker would miss the tables from there on; the parser reads it.
    write("scripts/docs_removal.sql", &block("DROP TABLE"));
    let shown = documented();
    assert!(shown.len() >= 9, "only {} blocks", shown.len());
    for (i, text) in shown.iter().enumerate() {
        write(&format!("queries/docs_{i}.sql"), text);
    }
    write("schema/control.sql", &unguarded(&control_schema()));
    let samples = format!("{}\nGO\n{}", xmlx_samples::target_sql(), xmlx_samples::source_sql());
    write("schema/samples.sql", &unguarded(&samples));
}

/// The T-SQL that docs/sql-server.md shows, but for what drops the tables that the others need.
fn documented() -> Vec<String> {
    blocks().into_iter().filter(|it| !it.contains("DROP ")).collect()
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

//! `init`: the control tables.

use xmlx_store::{SCHEMA_VERSION, control_schema};

use super::store;
use crate::cli::Database;
use crate::output::{self, Answer, Format};

pub(crate) async fn run(
    format: Format,
    database: &Database,
    print: bool,
) -> anyhow::Result<Answer> {
    if print {
        output::line(control_schema().trim_end())?;
        return Ok(Answer::Yes);
    }
    let store = store(database)?;
    let problems: Vec<String> =
        store.database_facts().await?.problems().iter().map(ToString::to_string).collect();
    anyhow::ensure!(problems.is_empty(), "{}", problems.join("\n"));
    let before = store.schema_version().await?.version;
    if before >= SCHEMA_VERSION {
        return show(format, "already so", before);
    }
    store.migrate().await?;
    show(format, "accepted", store.schema_version().await?.version)
}

fn show(format: Format, outcome: &str, version: i32) -> anyhow::Result<Answer> {
    match format {
        Format::Json => {
            output::json(&serde_json::json!({ "outcome": outcome, "schema_version": version }))?;
        }
        Format::Table => output::line(&format!("{outcome}: control schema version {version}"))?,
    }
    Ok(Answer::Yes)
}

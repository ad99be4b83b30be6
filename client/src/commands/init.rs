//! `init`: the control tables.

use xmlx_store::{Fit, SCHEMA_VERSION, Store, control_schema};

use crate::output::{self, Answer, Format};

/// Prints the T-SQL, for who wants to read it first or has to hand it to somebody else.
pub(crate) fn print(format: Format) -> anyhow::Result<Answer> {
    output::sql(format, control_schema().trim_end())?;
    Ok(Answer::Yes)
}

/// Creates what is missing.
pub(crate) async fn run(format: Format, store: &Store) -> anyhow::Result<Answer> {
    let problems: Vec<String> =
        store.database_facts().await?.problems().iter().map(ToString::to_string).collect();
    anyhow::ensure!(problems.is_empty(), "{}", problems.join("\n"));
    let before = store.schema_version().await?;
    let outcome = match before.fit(SCHEMA_VERSION) {
        Fit::TooNew => {
            output::note(&format!("{}; upgrade this client", before.too_new_for(SCHEMA_VERSION)));
            show(format, "not possible", before.version)?;
            return Ok(Answer::No);
        }
        Fit::Missing => "created",
        Fit::Older => "brought up",
        Fit::Fits => "already so",
    };
    // Also where they fit: what somebody has deleted comes back. Newer tables are a newer build's business.
    if before.version <= SCHEMA_VERSION {
        store.migrate().await?;
    }
    show(format, outcome, store.schema_version().await?.version)?;
    Ok(Answer::Yes)
}

fn show(format: Format, outcome: &str, version: i32) -> anyhow::Result<()> {
    match format {
        Format::Json => {
            output::json(&serde_json::json!({ "outcome": outcome, "schema_version": version }))
        }
        Format::Table if outcome == "brought up" => {
            output::line(&format!("brought up to version {version} of the control schema"))
        }
        Format::Table => output::line(&format!("{outcome}: control schema version {version}")),
    }
}

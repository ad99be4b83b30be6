//! `init`: the control tables.

use anyhow::Context as _;
use xmlx_runtime::Secret;
use xmlx_store::{SCHEMA_VERSION, control_schema};

use super::store;
use crate::output::{self, Answer};

pub(crate) async fn run(database: Option<&Secret>, print: bool) -> anyhow::Result<Answer> {
    if print {
        output::line(control_schema().trim_end())?;
        return Ok(Answer::Yes);
    }
    let database =
        database.context("no database: set `--database` or XMLX_DATABASE, or use `--print`")?;
    let store = store(database)?;
    let before = store.schema_version().await?;
    if before >= SCHEMA_VERSION {
        output::line(&format!("already so: control schema version {before}"))?;
        return Ok(Answer::Yes);
    }
    store.migrate().await?;
    output::line(&format!("control schema version {} created", store.schema_version().await?))?;
    Ok(Answer::Yes)
}

//! `schema`: the target tables that a contract asks for; or what a contract looks like.

use std::path::Path;

use xmlx_extract::{CONTRACT_FORMAT, Limits};
use xmlx_store::target_schema;

use super::plan;
use crate::output::{self, Answer};

/// Without a contract, the format of contracts.
pub(crate) fn run(contract: Option<&Path>) -> anyhow::Result<Answer> {
    match contract {
        Some(path) => {
            let plan = plan(&[path.to_owned()], Limits::default())?;
            output::line(target_schema(&plan).trim_end())?;
        }
        None => output::line(CONTRACT_FORMAT.trim_end())?,
    }
    Ok(Answer::Yes)
}

//! `schema`: the target tables that a contract asks for; or what a contract looks like.

use std::path::Path;

use xmlx_extract::{CONTRACT_FORMAT, Limits};
use xmlx_store::target_schema;

use super::plan;
use crate::output::{self, Answer, Format};

/// Without a contract, the format of contracts, which is JSON in any case.
pub(crate) fn run(format: Format, contract: Option<&Path>) -> anyhow::Result<Answer> {
    match contract {
        Some(path) => {
            let plan = plan(&[path.to_owned()], Limits::default())?;
            output::sql(format, target_schema(&plan).trim_end())?;
        }
        None => output::verbatim(CONTRACT_FORMAT.trim_end())?,
    }
    Ok(Answer::Yes)
}

//! `schema`: the target tables that a contract asks for.

use std::path::Path;

use xmlx_extract::Limits;
use xmlx_store::target_schema;

use super::plan;
use crate::output::{self, Answer};

pub(crate) fn run(contract: &Path) -> anyhow::Result<Answer> {
    output::line(target_schema(&plan(&[contract.to_owned()], Limits::default())?).trim_end())?;
    Ok(Answer::Yes)
}

//! `grants`: the least that coordinators, workers and readers need.

use std::path::Path;

use xmlx_extract::Limits;
use xmlx_store::{Role, grants_script};

use super::plan;
use crate::output::{self, Answer};

pub(crate) fn run(contract: Option<&Path>) -> anyhow::Result<Answer> {
    let plan = contract.map(|it| plan(&[it.to_owned()], Limits::default())).transpose()?;
    output::line(
        "-- Run in the database that holds the control tables, after `xmlx-client init`. Safe to repeat.",
    )?;
    if plan.is_none() {
        output::line(
            "-- With `--contract`, the permissions on the contract's tables come as well.",
        )?;
    }
    output::line(grants_script(plan.as_ref()).trim_end())?;
    output::line(
        "-- Then make the users members; `xmlx-client check CONTRACT --role worker`, run as one, says what is missing:",
    )?;
    for role in Role::ALL {
        output::line(&format!("-- ALTER ROLE [{}] ADD MEMBER [user];", role.name()))?;
    }
    Ok(Answer::Yes)
}

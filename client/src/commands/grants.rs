//! `grants`: the least that coordinators, workers and readers need.

use std::path::Path;

use xmlx_extract::Limits;
use xmlx_store::{OldRows, Role, grants_script};

use super::plan;
use crate::output::{self, Answer, Format};

pub(crate) fn run(
    format: Format,
    contract: Option<&Path>,
    old_rows: OldRows,
) -> anyhow::Result<Answer> {
    let plan = contract.map(|it| plan(&[it.to_owned()], Limits::default())).transpose()?;
    let mut lines = vec![
        "-- Run in the database that holds the control tables, after `xmlx-client init`. Safe to repeat."
            .to_owned(),
    ];
    if plan.is_none() {
        let hint = "-- With `--contract`, the permissions on the contract's tables come as well.";
        lines.push(hint.to_owned());
    }
    lines.push(grants_script(plan.as_ref(), old_rows).trim_end().to_owned());
    lines.push(
        "-- Then make the users members; `xmlx-client check CONTRACT --role worker`, run as one, says what is missing:"
            .to_owned(),
    );
    for role in Role::ALL {
        lines.push(format!("-- ALTER ROLE [{}] ADD MEMBER [user];", role.name()));
    }
    output::sql(format, &lines.join("\n"))?;
    Ok(Answer::Yes)
}

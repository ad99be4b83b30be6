//! `check`: a contract against itself and the database.

use std::path::PathBuf;

use serde::Serialize;
use xmlx_extract::{Limits, Plan, Problem};
use xmlx_store::{Disagreement, Fit, Grant, NO_CONTROL_TABLES, Role, SCHEMA_VERSION, Store};

use super::{contract_text, store};
use crate::cli::{Config, RoleName};
use crate::output::{self, Answer, Format};

/// Something that is wrong, and where: in the contract or in the database.
#[derive(Debug, Serialize)]
struct Finding {
    place: String,
    problem: String,
}

/// A contract with problems of its own is not compared with the database.
pub(crate) async fn run(
    format: Format,
    contract: &[PathBuf],
    role: Option<RoleName>,
    config: &Config,
) -> anyhow::Result<Answer> {
    let (plan, mut findings) = check_alone(&contract_text(contract)?, config.limits);
    if let Some(mut plan) = plan.filter(|_| findings.is_empty()) {
        let store = store(config)?;
        let mut found = match role {
            // A reader sees none of the target tables.
            Some(RoleName::Reader) => Vec::new(),
            None | Some(RoleName::Coordinator | RoleName::Worker) => {
                disagreements(&store, &mut plan).await?
            }
        };
        found.extend(control_tables(&store).await?);
        if let Some(role) = role {
            found.extend(missing(&store, &plan, role).await?);
        }
        let finding = |found: Disagreement| Finding { place: found.place, problem: found.problem };
        findings.extend(found.into_iter().map(finding));
    }
    match format {
        Format::Json => output::json(&findings)?,
        Format::Table if findings.is_empty() => output::line(match role {
            Some(RoleName::Reader) => "this login may read what a reader needs",
            None | Some(RoleName::Coordinator | RoleName::Worker) => {
                "the contract fits the database"
            }
        })?,
        Format::Table => {
            let rows =
                findings.iter().map(|found| vec![found.place.clone(), found.problem.clone()]);
            output::table(&["PLACE", "PROBLEM"], rows.collect())?;
        }
    }
    Ok(Answer::from(findings.is_empty()))
}

/// Where the contract and the database disagree.
async fn disagreements(store: &Store, plan: &mut Plan) -> anyhow::Result<Vec<Disagreement>> {
    let catalog = store.catalog(plan.target_schema()).await?;
    let mut found = catalog.describe(plan);
    found.extend(catalog.check(plan));
    for it in catalog.advice(plan) {
        output::note(&format!("note: {it}"));
    }
    if !catalog.database().problems().is_empty() {
        // It could not be asked further.
        return Ok(found);
    }
    found.extend(store.source_problems(plan).await?);
    let server = store.server_findings().await?;
    found.extend(server.wrong);
    for it in &server.unnamed {
        output::note(&format!(
            "note: {it}: applications that the database refuses are found by trial"
        ));
    }
    match store.missing_references(plan).await {
        Ok(missing) => found.extend(missing),
        Err(err) if err.is_select_denied() => {
            output::note(&format!("rows that foreign keys need were not looked for: {err}"))
        }
        Err(err) => return Err(err.into()),
    }
    Ok(found)
}

/// Control tables that this build is too old for. Without any the contract fits all the same, and no job can run.
async fn control_tables(store: &Store) -> anyhow::Result<Option<Disagreement>> {
    let version = match store.schema_version().await {
        Ok(it) => it,
        Err(err) if err.is_select_denied() => return Ok(None),
        Err(err) => return Err(err.into()),
    };
    match version.fit(SCHEMA_VERSION) {
        Fit::Fits | Fit::Older => Ok(None),
        Fit::Missing => {
            output::note(&format!("note: {NO_CONTROL_TABLES}"));
            Ok(None)
        }
        Fit::TooNew => Ok(Some(Disagreement {
            place: "xmlx.schema_version".to_owned(),
            problem: format!("{}; upgrade this client", version.too_new_for(SCHEMA_VERSION)),
        })),
    }
}

/// What the login of the connection may not do, although its role has to.
async fn missing(store: &Store, plan: &Plan, role: RoleName) -> anyhow::Result<Vec<Disagreement>> {
    let role = match role {
        RoleName::Coordinator => Role::Coordinator,
        RoleName::Worker => Role::Worker,
        RoleName::Reader => Role::Reader,
    };
    let missing = store.missing_grants(&role.grants(Some(plan))).await?;
    let disagreement = |grant: Grant| Disagreement {
        problem: format!(
            "this login has no permission {}, or there is no such {}; `xmlx-client grants` prints what {} needs",
            grant.permission,
            grant.class.to_lowercase(),
            role.name()
        ),
        place: grant.securable,
    };
    Ok(missing.into_iter().map(disagreement).collect())
}

/// Reads a contract and lists what is wrong with it.
fn check_alone(text: &str, limits: Limits) -> (Option<Plan>, Vec<Finding>) {
    match Plan::from_json_with(text, limits) {
        Ok(plan) => (Some(plan), Vec::new()),
        Err(errors) => {
            let finding = |problem: &Problem| Finding {
                place: problem.path.clone(),
                problem: format!("{}; {}", problem.reason, problem.suggestion),
            };
            (None, errors.problems().iter().map(finding).collect())
        }
    }
}

#[cfg(test)]
mod tests;

//! `check`: a contract against the database.

use xmlx_extract::Plan;
use xmlx_store::{Disagreement, Grant, Role, Store};

use super::store;
use crate::cli::{Database, RoleName};
use crate::output::{self, Answer, Format};

pub(crate) async fn run(
    format: Format,
    plan: &Plan,
    role: Option<RoleName>,
    database: &Database,
) -> anyhow::Result<Answer> {
    let store = store(database)?;
    let mut found = store.catalog(plan.target_schema()).await?.check(plan);
    found.extend(store.missing_references(plan).await?);
    if let Some(role) = role {
        found.extend(missing(&store, plan, role).await?);
    }
    match format {
        Format::Json => {
            let item =
                |it: &Disagreement| serde_json::json!({ "place": it.place, "problem": it.problem });
            output::json(&found.iter().map(item).collect::<Vec<_>>())?;
        }
        Format::Table if found.is_empty() => output::line("the contract fits the database")?,
        Format::Table => {
            let rows = found.iter().map(|it| vec![it.place.clone(), it.problem.clone()]);
            output::table(&["PLACE", "PROBLEM"], rows.collect())?;
        }
    }
    Ok(Answer::from(found.is_empty()))
}

/// What the login of the connection may not do, although its role has to.
async fn missing(store: &Store, plan: &Plan, role: RoleName) -> anyhow::Result<Vec<Disagreement>> {
    let role = match role {
        RoleName::Coordinator => Role::Coordinator,
        RoleName::Worker => Role::Worker,
        RoleName::Reader => Role::Reader,
    };
    let missing = store.missing_grants(&role.grants(Some(plan))).await?;
    let disagreement = |it: Grant| Disagreement {
        problem: format!(
            "this login has no permission {}, or there is no such {}; `xmlx-client grants` prints what {} needs",
            it.permission,
            it.class.to_lowercase(),
            role.name()
        ),
        place: it.securable,
    };
    Ok(missing.into_iter().map(disagreement).collect())
}

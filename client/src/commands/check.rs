//! `check`: a contract against the database.

use std::path::Path;

use super::{plan, store};
use crate::cli::Database;
use crate::output::{self, Answer, Format};

pub(crate) async fn run(
    format: Format,
    contract: &Path,
    database: &Database,
) -> anyhow::Result<Answer> {
    let plan = plan(contract)?;
    let found = store(database)?.catalog(plan.target_schema()).await?.check(&plan);
    match format {
        Format::Json => {
            let item = |it: &xmlx_store::Disagreement| serde_json::json!({ "place": it.place, "problem": it.problem });
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

//! The warnings of a job as a client sees them.

use xmlx_domain::JobId;
use xmlx_extract::{Plan, WarningKind};
use xmlx_proto::{ErrorCode, Refusal, v1 as pb};
use xmlx_store::{Store, WarningRow};

use crate::convert;

/// Warnings of a job, of one column or table where one is named.
pub(crate) async fn list(
    store: &Store,
    plan: &Plan,
    request: &pb::ListWarningsRequest,
) -> Result<pb::ListWarningsResponse, Refusal> {
    let db = |err| convert::refusal(&err);
    let job = JobId(request.job_id);
    let named = request.column.to_lowercase();
    if !named.is_empty() && !columns(plan).any(|it| is_within(&it, &named)) {
        let message = format!(
            "the contract of job {} has no column `{}`; name one as `table.column`, or a table",
            request.job_id, request.column
        );
        return Err(Refusal::new(ErrorCode::NotFound, message));
    }
    let rows = store.warnings(job).await.map_err(db)?;
    let all = store.warned(Some(job)).await.map_err(db)?;
    let all = all.get(&job).copied().unwrap_or_default();
    let wanted = rows
        .into_iter()
        .filter(|it| named.is_empty() || is_within(&(&it.table, &it.column), &named));
    Ok(pb::ListWarningsResponse {
        applications: all.applications,
        warnings: all.warnings,
        counts: wanted.map(count).collect(),
    })
}

fn columns(plan: &Plan) -> impl Iterator<Item = (&String, &String)> {
    plan.tables()
        .iter()
        .flat_map(|table| table.columns.iter().map(move |it| (&table.name, &it.name)))
}

/// Whether a column is what is named, in lower case: the column, or its table.
fn is_within((table, column): &(&String, &String), named: &str) -> bool {
    let table = table.to_lowercase();
    table == named || format!("{table}.{}", column.to_lowercase()) == named
}

fn count(it: WarningRow) -> pb::WarningCount {
    // A later release may count what this one does not know.
    let meaning = it.kind.parse::<WarningKind>().map(WarningKind::sentence).unwrap_or_default();
    pb::WarningCount {
        meaning: meaning.to_owned(),
        table: it.table,
        column: it.column,
        kind: it.kind,
        applications: it.applications,
        warnings: it.warnings,
        app_ids: it.app_ids,
    }
}

/// Adds to jobs what is known of their warnings and budgets.
pub(crate) async fn add(store: &Store, jobs: &mut [pb::Job]) -> Result<(), Refusal> {
    let one = match &*jobs {
        [] => return Ok(()),
        [job] => Some(JobId(job.job_id)),
        _ => None,
    };
    let warned = store.warned(one).await.map_err(|err| convert::refusal(&err))?;
    for job in jobs {
        let Some(it) = warned.get(&JobId(job.job_id)) else { continue };
        (job.warned, job.warnings) = (it.applications, it.warnings);
        if let Some(budget) = it.budget {
            job.max_failures = budget.max_failures.to_string();
            job.max_warnings = budget.max_warnings.map(|it| it.to_string()).unwrap_or_default();
        }
    }
    Ok(())
}

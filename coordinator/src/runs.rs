//! The history of one application as a client sees it.

use xmlx_extract::Plan;
use xmlx_proto::{Refusal, v1 as pb};
use xmlx_store::{Run, Store};

use crate::convert;
use crate::pages::Page;

/// The most rows in one answer: each costs a question.
const RUNS_MAX: usize = 100;

/// A page of the rows that the log has of an application, the latest first.
pub(crate) async fn page(
    store: &Store,
    plan: &Plan,
    app_id: i64,
    page: Page,
) -> Result<pb::ListRunsResponse, Refusal> {
    let page = Page { size: page.size.min(RUNS_MAX), ..page };
    let before = page.after.unwrap_or(i64::MAX);
    let runs = store.runs(plan, app_id, before, page.to_read()).await;
    let mut runs = runs.map_err(|err| convert::refusal(&err))?;
    let next_page_token = page.cut(&mut runs, |run| run.log_id);
    Ok(pb::ListRunsResponse { runs: runs.into_iter().map(run).collect(), next_page_token })
}

pub(crate) fn run(run: Run) -> pb::Run {
    let mut message = pb::Run {
        status: run.status,
        reason: run.reason,
        session_id: run.session_id,
        at: run.at,
        ..pb::Run::default()
    };
    if let Some(owner) = run.owner {
        message.job_id = Some(owner.job_id.0);
        message.contract_hash = owner.contract_hash;
        message.worker = owner.worker;
        message.range_id = owner.range_id.0;
        message.epoch = owner.epoch.0;
    }
    message
}

//! Whether a new job may stand beside those that are there.

use xmlx_extract::Plan;
use xmlx_proto::{ErrorCode, Refusal};
use xmlx_store::{JobRow, Mode, NewJob, Store, same_applications};

use crate::convert;

/// Two jobs must not decide the same applications at the same time. A job that was asked for again
/// is found; any other overlap is refused.
pub(crate) async fn same_or_overlap(
    store: &Store,
    jobs: &[JobRow],
    new: &NewJob,
) -> Result<Option<i64>, Refusal> {
    let plan = |text: &str| Plan::from_json_with(text, *store.limits()).ok();
    for job in jobs {
        if job.submit_key == new.submit_key {
            return Ok(Some(job.job_id));
        }
        if !is_open(job) || !overlap(job, new) {
            continue;
        }
        if job.contract_hash == new.contract_hash && job.mode == new.mode && job.scope == new.scope
        {
            return Ok(Some(job.job_id));
        }
        let found = store.job_contract(job.job_id).await.map_err(|err| convert::refusal(&err))?;
        let other = found.and_then(|(text, _, _)| plan(&text));
        let shared = plan(&new.contract).zip(other).is_none_or(|(a, b)| same_applications(&a, &b));
        if shared {
            let (id, state, lo, hi) = (job.job_id, &job.state, job.scope.lo, job.scope.hi - 1);
            let message = format!(
                "job {id} ({state}) works on app_id {lo} to {hi} of the same source; wait for it, cancel it, or submit another range"
            );
            return Err(Refusal::new(ErrorCode::NotPossible, message));
        }
    }
    Ok(None)
}

/// Whether the job has not ended.
pub(crate) fn is_open(job: &JobRow) -> bool {
    matches!(job.state.as_str(), "running" | "paused")
}

/// A job that follows has no end.
fn overlap(job: &JobRow, new: &NewJob) -> bool {
    let end = |mode, hi| if mode == Mode::Follow { i64::MAX } else { hi };
    new.scope.lo < end(job.mode, job.scope.hi) && job.scope.lo < end(new.mode, new.scope.hi)
}

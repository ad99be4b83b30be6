//! Whether a new job may stand beside those that are there: what `xmlx_lease::overlap` has to know is read here.

use xmlx_domain::{JobId, Mode};
use xmlx_extract::Plan;
use xmlx_lease::overlap::{Beside, Claim, Grows, IsOpen, beside};
use xmlx_proto::{ErrorCode, Refusal};
use xmlx_store::{JobRow, NewJob, Store, same_applications};

use crate::convert;

/// Two jobs must not decide the same applications at the same time. A job that was asked for again
/// is found; any other overlap is refused.
pub(crate) async fn same_or_overlap(
    store: &Store,
    jobs: &[JobRow],
    (new, new_plan): (&NewJob, &Plan),
) -> Result<Option<JobId>, Refusal> {
    let db = |err| convert::refusal(&err);
    let plan = |text: &str| Plan::from_json_with(text, *store.limits()).ok();
    for job in jobs {
        let follows = job.state.is_open() && job.mode == Mode::Follow;
        let grows_down = follows && store.grows_down(job.job_id).await.map_err(db)?;
        let grows = if grows_down { Grows::BothWays } else { Grows::Up };
        let is_open = if job.state.is_open() { IsOpen::Open } else { IsOpen::Ended };
        match beside(claim_of_row(job, grows), is_open, claim_of_new(new)) {
            Beside::Same => return Ok(Some(job.job_id)),
            Beside::Apart => continue,
            Beside::Competing => (),
        }
        let found = store.job_contract(job.job_id).await.map_err(db)?;
        let other = found.and_then(|(text, _, _)| plan(&text));
        let shared = other.is_none_or(|other| same_applications(new_plan, &other));
        if shared {
            let (id, state, lo, hi) = (job.job_id, job.state, job.scope.lo, job.scope.hi - 1);
            let message = format!(
                "job {id} ({state}) works on app_id {lo} to {hi} of the same source; wait for it, cancel it, or submit another range"
            );
            return Err(Refusal::new(ErrorCode::NotPossible, message));
        }
    }
    Ok(None)
}

fn claim_of_row(job: &JobRow, grows: Grows) -> Claim<'_> {
    Claim {
        submit_key: &job.submit_key,
        contract_hash: &job.contract_hash,
        mode: job.mode,
        selection: job.selection,
        scope: job.scope,
        grows,
    }
}

fn claim_of_new(new: &NewJob) -> Claim<'_> {
    Claim {
        submit_key: &new.submit_key,
        contract_hash: &new.contract_hash,
        mode: new.mode,
        selection: new.chosen.selection(),
        scope: new.scope,
        grows: new.grows,
    }
}

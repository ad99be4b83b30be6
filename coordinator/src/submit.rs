//! Everything that is found out before a job is accepted.

use xmlx_extract::Plan;
use xmlx_proto::{ErrorCode, Refusal, v1 as pb};
use xmlx_store::{CommitPlan, JobRow, Mode, NewJob, Scope, Source, Store};

use crate::convert;

/// A name longer than this is refused.
const NAME_CHARS_MAX: usize = 200;
const KEY_CHARS_MAX: usize = 64;

/// What a request comes to.
#[derive(Debug)]
pub(crate) enum Prepared {
    /// A job to be inserted; its `job_id` is still 0.
    New(Box<NewJob>),
    /// A job that does not end before doing just this.
    Same(Box<JobRow>),
}

/// Checks a request against the contract's rules and the database, and makes a job of it.
pub(crate) async fn prepare(
    store: &Store,
    request: pb::SubmitRequest,
) -> Result<Prepared, Refusal> {
    let invalid = |message: String| Refusal::new(ErrorCode::Invalid, message);
    if request.submit_key.is_empty() || request.submit_key.len() > KEY_CHARS_MAX {
        return Err(invalid(format!("`submit_key` must have 1 to {KEY_CHARS_MAX} characters")));
    }
    if request.name.chars().count() > NAME_CHARS_MAX {
        return Err(invalid(format!("`name` has more than {NAME_CHARS_MAX} characters")));
    }
    if request.limit.is_some_and(|it| it < 1) {
        return Err(invalid("`limit` must be at least 1".to_owned()));
    }
    let mode = convert::mode(request.mode())?;
    let plan = Plan::from_json(&request.contract).map_err(|err| invalid(err.to_string()))?;
    let db = |err| convert::refusal(&err);
    let catalog = store.catalog(plan.target_schema()).await.map_err(db)?;
    CommitPlan::new(&plan, &catalog).map_err(db)?;
    let source = Source::new(&plan, mode, 0);
    let log_watermark = source.newest_log_id(store).await.map_err(db)?;
    let source = Source::new(&plan, mode, log_watermark);
    let scope = scope(store, &source, mode, &request).await?;
    let job = NewJob {
        job_id: 0,
        submit_key: request.submit_key,
        name: request.name,
        contract_hash: plan.hash().to_owned(),
        contract: request.contract,
        mode,
        scope,
        log_watermark,
    };
    let same = same_or_overlap(store, &plan, &job).await?;
    Ok(same.map_or_else(|| Prepared::New(Box::new(job)), |it| Prepared::Same(Box::new(it))))
}

/// From the ids that exist, narrowed by what was asked for.
async fn scope(
    store: &Store,
    source: &Source,
    mode: Mode,
    request: &pb::SubmitRequest,
) -> Result<Scope, Refusal> {
    let db = |err| convert::refusal(&err);
    let bounds = source.bounds(store).await.map_err(db)?.unwrap_or(Scope { lo: 1, hi: 1 });
    let lo = request.from_app_id.unwrap_or(bounds.lo);
    let hi = request.to_app_id.map_or(bounds.hi.max(lo), |it| it.saturating_add(1));
    if hi < lo {
        let message = format!("`to_app_id` ({}) is below `from_app_id` ({lo})", hi - 1);
        return Err(Refusal::new(ErrorCode::Invalid, message));
    }
    let scope = Scope { lo, hi };
    let Some(limit) = request.limit else { return Ok(scope) };
    if mode == Mode::Follow {
        return Err(Refusal::new(ErrorCode::Invalid, "a job that follows has no `limit`"));
    }
    let last = source.boundary(store, scope, limit).await.map_err(db)?;
    Ok(match last {
        Some((last, n)) if n >= limit => Scope { lo, hi: last + 1 },
        _ => scope,
    })
}

/// Two jobs must not decide the same applications at the same time. A job that was asked for again is
/// found; any other overlap is refused.
async fn same_or_overlap(
    store: &Store,
    plan: &Plan,
    new: &NewJob,
) -> Result<Option<JobRow>, Refusal> {
    let db = |err| convert::refusal(&err);
    for job in store.jobs().await.map_err(db)? {
        let ended = !matches!(job.state.as_str(), "running" | "paused");
        if ended || !overlaps(&job, new) {
            continue;
        }
        let as_asked = job.contract_hash == new.contract_hash && job.mode == new.mode;
        if job.submit_key == new.submit_key || (as_asked && job.scope == new.scope) {
            return Ok(Some(job));
        }
        let Some((contract, _, _)) = store.job_contract(job.job_id).await.map_err(db)? else {
            continue;
        };
        let Ok(other) = Plan::from_json(&contract) else { continue };
        if other.source() == plan.source() && other.target_schema() == plan.target_schema() {
            let message = format!(
                "job {} ({}) works on app_id {} to {} of the same source; wait for it, cancel it, or submit another range",
                job.job_id,
                job.state,
                job.scope.lo,
                job.scope.hi - 1
            );
            return Err(Refusal::new(ErrorCode::NotPossible, message));
        }
    }
    Ok(None)
}

/// A job that follows has no end.
fn overlaps(job: &JobRow, new: &NewJob) -> bool {
    let end = |mode, hi| if mode == Mode::Follow { i64::MAX } else { hi };
    new.scope.lo < end(job.mode, job.scope.hi) && job.scope.lo < end(new.mode, new.scope.hi)
}

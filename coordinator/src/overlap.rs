//! Whether a new job may stand beside those that are there.

use xmlx_extract::Plan;
use xmlx_proto::{ErrorCode, Refusal};
use xmlx_store::{JobRow, Mode, NewJob, Scope, Store, same_applications};

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
        let both_take = overlap((job.mode, job.scope), (new.mode, new.scope));
        if !is_open(job) || !both_take {
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

/// Whether two jobs over the same documents could take the same application. A `retry` takes what has failed already,
/// the other modes what has no decision yet: a commit refuses what the other kind has decided in the meantime. A job
/// that follows has no end.
fn overlap((mode, scope): (Mode, Scope), (new_mode, new_scope): (Mode, Scope)) -> bool {
    let takes_failed = |mode: Mode| match mode {
        Mode::Once | Mode::Follow => false,
        Mode::Retry => true,
    };
    let end = |mode: Mode, hi| if mode == Mode::Follow { i64::MAX } else { hi };
    takes_failed(mode) == takes_failed(new_mode)
        && new_scope.lo < end(mode, scope.hi)
        && scope.lo < end(new_mode, new_scope.hi)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_overlap_where_both_could_take_an_application() {
        let (low, high) = (Scope { lo: 1, hi: 10 }, Scope { lo: 10, hi: 20 });
        for (a, b, expected) in [
            ((Mode::Once, low), (Mode::Once, low), true),
            ((Mode::Once, low), (Mode::Once, high), false),
            ((Mode::Follow, low), (Mode::Once, high), true),
            ((Mode::Follow, high), (Mode::Once, low), false),
            ((Mode::Follow, low), (Mode::Follow, high), true),
            ((Mode::Follow, low), (Mode::Retry, low), false),
            ((Mode::Once, low), (Mode::Retry, low), false),
            ((Mode::Retry, low), (Mode::Retry, low), true),
            ((Mode::Retry, low), (Mode::Retry, high), false),
        ] {
            assert_eq!(overlap(a, b), expected, "{a:?} {b:?}");
            assert_eq!(overlap(b, a), expected, "{b:?} {a:?}");
        }
    }
}

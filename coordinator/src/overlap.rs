//! Whether a new job may stand beside those that are there.

use xmlx_domain::{JobId, Mode, Scope};
use xmlx_extract::Plan;
use xmlx_proto::{ErrorCode, Refusal};
use xmlx_store::{Grows, JobRow, NewJob, Store, same_applications};

use crate::convert;

/// Two jobs must not decide the same applications at the same time. A job that was asked for again
/// is found; any other overlap is refused.
pub(crate) async fn same_or_overlap(
    store: &Store,
    jobs: &[JobRow],
    new: &NewJob,
) -> Result<Option<JobId>, Refusal> {
    let db = |err| convert::refusal(&err);
    let plan = |text: &str| Plan::from_json_with(text, *store.limits()).ok();
    for job in jobs {
        if job.submit_key == new.submit_key {
            return Ok(Some(job.job_id));
        }
        if !job.state.is_open() {
            continue;
        }
        let grows_down =
            job.mode == Mode::Follow && store.grows_down(job.job_id).await.map_err(db)?;
        let grows = if grows_down { Grows::BothWays } else { Grows::Up };
        let taken = reach(job.mode, job.scope, grows);
        if !overlap((job.mode, taken), (new.mode, reach(new.mode, new.scope, new.grows))) {
            continue;
        }
        if job.contract_hash == new.contract_hash && job.mode == new.mode && job.scope == new.scope
        {
            return Ok(Some(job.job_id));
        }
        let found = store.job_contract(job.job_id).await.map_err(db)?;
        let other = found.and_then(|(text, _, _)| plan(&text));
        let shared = plan(&new.contract).zip(other).is_none_or(|(a, b)| same_applications(&a, &b));
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

/// The ids that a job may come to.
fn reach(mode: Mode, scope: Scope, grows: Grows) -> Scope {
    match (mode, grows) {
        (Mode::Once | Mode::Retry, Grows::Up | Grows::BothWays) => scope,
        (Mode::Follow, Grows::Up) => Scope { hi: i64::MAX, ..scope },
        (Mode::Follow, Grows::BothWays) => Scope { lo: i64::MIN, hi: i64::MAX },
    }
}

/// Whether two jobs over the same documents could take the same application. What one of another kind has decided in the
/// meantime, a commit refuses.
fn overlap((mode, scope): (Mode, Scope), (new_mode, new_scope): (Mode, Scope)) -> bool {
    mode.competes_with(new_mode) && scope.overlaps(new_scope)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_overlap_where_both_could_take_an_application() {
        use Grows::{BothWays, Up};
        let (low, high) = (Scope { lo: 1, hi: 10 }, Scope { lo: 10, hi: 20 });
        let check = |(mode, scope, grows), (new, new_scope, new_grows), expected| {
            let (a, b) =
                ((mode, reach(mode, scope, grows)), (new, reach(new, new_scope, new_grows)));
            assert_eq!(overlap(a, b), expected, "{a:?} {b:?}");
            assert_eq!(overlap(b, a), expected, "{b:?} {a:?}");
        };
        check((Mode::Follow, high, BothWays), (Mode::Once, low, Up), true);
        check((Mode::Follow, high, BothWays), (Mode::Retry, low, Up), false);
        for ((mode, scope), (new, new_scope), expected) in [
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
            check((mode, scope, Up), (new, new_scope, Up), expected);
        }
    }
}

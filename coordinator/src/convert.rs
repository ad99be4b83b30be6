//! Between the wire, the store and the lease table. Protobuf and SQL types stop here.

use std::time::Duration;

use xmlx_lease::{
    Change, Epoch, JobId, JobSnapshot, JobState, Lease, RangeId, RangeSnapshot, RangeState,
    SessionId,
};
use xmlx_proto::{ErrorCode, Refusal, v1 as pb};
use xmlx_store::{Class, Error, JobRow, Mode, OpenJob, RangeChange, RangeRow};

use crate::engine::Notes;

/// A person waits for the answer; the client has more patience than this.
const ANSWER: Duration = Duration::from_secs(8);

pub(crate) fn lease(it: Option<pb::Lease>) -> Result<Lease, Refusal> {
    let it = it.ok_or_else(|| Refusal::new(ErrorCode::Invalid, "`lease` is missing"))?;
    if it.hi < it.lo {
        return Err(Refusal::new(ErrorCode::Invalid, "`lease.hi` is below `lease.lo`"));
    }
    Ok(Lease {
        job: JobId(it.job_id),
        range: RangeId(it.range_id),
        epoch: Epoch(it.epoch),
        lo: it.lo,
        hi: it.hi,
    })
}

pub(crate) fn lease_message(it: Lease) -> pb::Lease {
    pb::Lease { job_id: it.job.0, range_id: it.range.0, epoch: it.epoch.0, lo: it.lo, hi: it.hi }
}

pub(crate) fn change(it: &Change) -> RangeChange {
    let owner_session = match &it.to {
        RangeState::Leased(session) => session.0.clone(),
        RangeState::Pending | RangeState::Done => String::new(),
    };
    RangeChange {
        job_id: it.job.0,
        range_id: it.range.0,
        event: it.event,
        from: (it.from_state, it.from_epoch.0, it.from_hi),
        to: (it.to.name(), it.to_epoch.0, it.to_hi),
        owner_session,
        rest: it.rest.map_or(0, |it| it.0),
        cursor: it.cursor,
    }
}

pub(crate) fn job_state(name: &str) -> JobState {
    match name {
        "running" => JobState::Running,
        "paused" => JobState::Paused,
        _ => JobState::Ended,
    }
}

/// A job as the lease table takes it, still without its ranges.
pub(crate) fn snapshot(job: &OpenJob, last_range: i64) -> JobSnapshot {
    JobSnapshot {
        job: JobId(job.job_id),
        state: job_state(&job.state),
        priority: job.priority,
        total: job.total.map(count),
        decided: count(job.decided),
        last_range: RangeId(last_range),
        ranges: Vec::new(),
    }
}

pub(crate) fn range(it: &RangeRow) -> RangeSnapshot {
    let state = match (it.state.as_str(), &it.owner_session) {
        ("leased", Some(owner)) => RangeState::Leased(SessionId(owner.clone())),
        ("done", _) => RangeState::Done,
        _ => RangeState::Pending,
    };
    RangeSnapshot {
        range: RangeId(it.range_id),
        lo: it.scope.lo,
        hi: it.scope.hi,
        epoch: Epoch(it.epoch),
        state,
        committed_through: it.committed_through,
    }
}

/// Counts in the database are never negative.
pub(crate) fn count(it: i64) -> u64 {
    u64::try_from(it).unwrap_or(0)
}

/// A job as clients see it; one that runs says what holds it up.
pub(crate) fn job_message(it: &JobRow, notes: &Notes) -> pb::Job {
    let held_up = (it.state == "running").then(|| notes.of(JobId(it.job_id))).flatten();
    let state = match it.state.as_str() {
        "running" => pb::JobState::Running,
        "paused" => pb::JobState::Paused,
        "done" => pb::JobState::Done,
        "failed" => pb::JobState::Failed,
        "cancelled" => pb::JobState::Cancelled,
        _ => pb::JobState::Unspecified,
    };
    let mode = match it.mode {
        Mode::Once => pb::JobMode::Once,
        Mode::Follow => pb::JobMode::Follow,
        Mode::Retry => pb::JobMode::Retry,
    };
    pb::Job {
        job_id: it.job_id,
        name: it.name.clone(),
        contract_hash: it.contract_hash.clone(),
        mode: mode.into(),
        priority: it.priority,
        state: state.into(),
        reason: held_up.unwrap_or_else(|| it.reason.clone()),
        scope_lo: it.scope.lo,
        scope_hi: it.scope.hi,
        total: it.total,
        done_ok: it.done_ok,
        done_failed: it.done_failed,
        rows_written: it.rows_written,
        ranges_pending: it.ranges.0,
        ranges_leased: it.ranges.1,
        ranges_done: it.ranges.2,
        leases_revoked: it.revoked,
        created_at: it.created_at.clone(),
        finished_at: it.finished_at.clone(),
        // Warnings and budgets are in tables of their own; `warnings::add` reads them.
        ..pb::Job::default()
    }
}

pub(crate) fn mode(it: pb::JobMode) -> Result<Mode, Refusal> {
    match it {
        pb::JobMode::Once => Ok(Mode::Once),
        pb::JobMode::Follow => Ok(Mode::Follow),
        pb::JobMode::Retry => Ok(Mode::Retry),
        pb::JobMode::Unspecified => Err(Refusal::new(ErrorCode::Invalid, "`mode` is missing")),
    }
}

/// What a quick question comes to where the database does not answer it in time.
pub(crate) async fn in_time<T>(
    asking: impl Future<Output = Result<T, Refusal>>,
) -> Result<T, Refusal> {
    tokio::time::timeout(ANSWER, asking).await.unwrap_or_else(|_| {
        let message = format!("the database does not answer within {ANSWER:?}");
        Err(Refusal::new(ErrorCode::Unavailable, message))
    })
}

/// What a client is told when the database fails.
pub(crate) fn refusal(err: &Error) -> Refusal {
    match err {
        Error::Deposed => Refusal::not_leader(None),
        Error::Conflict | Error::Fenced => Refusal::new(
            ErrorCode::NotPossible,
            "the state changed in the meantime; look at `xmlx-client status` and try again",
        ),
        Error::Mismatch(_) | Error::Duplicate { .. } => {
            Refusal::new(ErrorCode::Invalid, err.to_string())
        }
        Error::NoControlTables | Error::Unfit(_) => {
            Refusal::new(ErrorCode::NotPossible, err.to_string())
        }
        Error::Server { .. }
        | Error::Connect(_)
        | Error::Login { .. }
        | Error::Tls { .. }
        | Error::Lost(_)
        | Error::Unanswered(_)
        | Error::DecidedElsewhere
        | Error::Unreadable(_)
        | Error::Behind { .. }
        | Error::Shape { .. } => {
            // What passes by itself a client tries again; the rest it has to hear of.
            let code = match err.class() {
                Class::Transient | Class::Ambiguous | Class::Capacity => ErrorCode::Unavailable,
                Class::Fenced | Class::Data | Class::Fatal | Class::Unclear => ErrorCode::Internal,
            };
            Refusal::new(code, err.to_string())
        }
    }
}

//! Between the wire, the store and the lease table. Protobuf and SQL types stop here.

use std::time::Duration;

use xmlx_domain::{ErrorClass, JobState, RangeId, Selection};
use xmlx_lease::JobSnapshot;
use xmlx_proto::{ErrorCode, Refusal, protocol_for, v1 as pb};
use xmlx_store::{Error, JobRow, OpenJob};

use crate::engine::Notes;

/// A person waits for the answer; the client has more patience than this.
const ANSWER: Duration = Duration::from_secs(8);

/// A job as the lease table takes it, still without its ranges.
pub(crate) fn snapshot(job: &OpenJob, last_range: RangeId) -> JobSnapshot {
    JobSnapshot {
        job: job.job_id,
        state: job.state,
        priority: job.priority,
        protocol: protocol_for(job.mode, job.extent),
        total: job.total.map(count),
        decided: count(job.decided),
        last_range,
        ranges: Vec::new(),
    }
}

/// Counts in the database are never negative.
pub(crate) fn count(it: i64) -> u64 {
    u64::try_from(it).unwrap_or(0)
}

/// A job as clients see it; one that runs says what holds it up.
pub(crate) fn job_message(job: &JobRow, notes: &Notes) -> pb::Job {
    let (sample, listed) = match job.selection {
        Selection::All => (String::new(), None),
        Selection::Sample(sample) => (sample.to_string(), None),
        Selection::Listed(n) => (String::new(), Some(n)),
    };
    let held_up = (job.state == JobState::Running).then(|| notes.of(job.job_id)).flatten();
    pb::Job {
        job_id: job.job_id.0,
        name: job.name.clone(),
        contract_hash: job.contract_hash.clone(),
        mode: pb::JobMode::from(job.mode).into(),
        priority: job.priority,
        state: pb::JobState::from(job.state).into(),
        reason: held_up.unwrap_or_else(|| job.reason.clone()),
        scope_lo: job.scope.lo,
        scope_hi: job.scope.hi,
        total: job.total,
        done_ok: job.done_ok,
        done_failed: job.done_failed,
        rows_written: job.rows_written,
        ranges_pending: job.ranges.0,
        ranges_leased: job.ranges.1,
        ranges_done: job.ranges.2,
        leases_revoked: job.revoked,
        created_at: job.created_at.clone(),
        finished_at: job.finished_at.clone(),
        sample,
        listed,
        // Warnings and budgets are in tables of their own; `warnings::add` reads them.
        ..pb::Job::default()
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
        Error::NoControlTables | Error::Unfit(_) | Error::NotGranted(_) => {
            Refusal::new(ErrorCode::NotPossible, err.to_string())
        }
        Error::Server { .. }
        | Error::Connect(_)
        | Error::Login { .. }
        | Error::Tls { .. }
        | Error::Lost(_)
        | Error::Unanswered(_)
        | Error::DecidedElsewhere
        | Error::Outrun
        | Error::Unreadable(_)
        | Error::Behind { .. }
        | Error::Shape { .. } => {
            // What passes by itself a client tries again; the rest it has to hear of.
            let code = match err.class() {
                ErrorClass::Transient | ErrorClass::Ambiguous | ErrorClass::Capacity => {
                    ErrorCode::Unavailable
                }
                ErrorClass::Fenced | ErrorClass::Data | ErrorClass::Fatal | ErrorClass::Unclear => {
                    ErrorCode::Internal
                }
            };
            Refusal::new(code, err.to_string())
        }
    }
}

//! What a leader writes, for tests that do so themselves without a cluster.

use std::time::Duration;

use xmlx_domain::{
    Epoch, JobId, LeaseKey, Mode, RangeChange, RangeEvent, RangeId, RangeMark, RangeState, Scope,
    SessionId, SessionState,
};
use xmlx_samples::Line;
use xmlx_store::{Budget, Chosen, Grows, HeldLease, Leadership, Limit, NewJob, SessionRow, Store};

/// A leadership that no test outlasts.
const TTL: Duration = Duration::from_secs(600);

/// Takes the leadership, which has to be free.
pub async fn lead(store: &Store) -> Leadership {
    let acquired = store.acquire_leadership("leader", "http://leader", TTL).await;
    acquired.expect("the database answers").expect("nobody leads")
}

/// A job over the card applications of `scope`, with the limits that a job has by default.
#[must_use]
pub fn new_job(job_id: JobId, mode: Mode, scope: Scope) -> NewJob {
    NewJob {
        job_id,
        submit_key: job_id.to_string(),
        name: format!("job {job_id}"),
        contract_hash: "0".repeat(64),
        contract: xmlx_samples::contract(Line::Card).to_owned(),
        priority: 0,
        mode,
        chosen: Chosen::All,
        scope,
        log_watermark: 0,
        budget: Budget { max_failures: Limit::HALF, max_warnings: None },
        thresholds: Vec::new(),
        grows: Grows::Up,
    }
}

/// An active session of a worker with one slot.
#[must_use]
pub fn session(id: &str) -> SessionRow {
    SessionRow {
        session_id: SessionId(id.to_owned()),
        name: id.to_owned(),
        build: "0".to_owned(),
        slots: 1,
        state: SessionState::Active,
    }
}

/// A lease of the job's first range.
#[must_use]
pub fn first_lease(job: JobId, epoch: i64, session: &str) -> HeldLease {
    let key = LeaseKey { job, range: RangeId::FIRST, epoch: Epoch(epoch) };
    HeldLease { key, session: SessionId(session.to_owned()) }
}

/// Who has a range under which epoch; `None`: nobody, and it is pending.
pub type Owner<'a> = (Option<&'a str>, i64);

/// A change of the job's first range, which reaches over `scope`, from one owner to another; it ends at `hi` then.
#[must_use]
pub fn first_range_change(
    job: JobId,
    scope: Scope,
    event: RangeEvent,
    (from, to): (Owner<'_>, Owner<'_>),
    hi: i64,
) -> RangeChange {
    let mark = |(session, epoch): Owner<'_>, hi| RangeMark {
        state: if session.is_some() { RangeState::Leased } else { RangeState::Pending },
        epoch: Epoch(epoch),
        hi,
    };
    RangeChange {
        job,
        range: RangeId::FIRST,
        event,
        from: mark(from, scope.hi),
        to: mark(to, hi),
        owner: to.0.map(|session| SessionId(session.to_owned())),
        rest: (hi < scope.hi).then(|| RangeId::FIRST.next()),
        cursor: scope.lo - 1,
    }
}

//! A table with jobs that sessions ask for leases of.

use xmlx_domain::{Epoch, JobId, JobState, RangeId, RangeSnapshot, RangeState, Scope, SessionId};
use xmlx_lease::{Action, Boundary, Event, JobSnapshot, LeaseTable, Message, Timestamp};

pub(crate) const START: Timestamp = Timestamp(0);

/// A job of 1,000 applications that nobody has.
pub(crate) fn job(id: i64, priority: i32) -> Event {
    let whole = RangeSnapshot {
        range: RangeId(1),
        scope: Scope { lo: 1, hi: 1001 },
        epoch: Epoch(0),
        state: RangeState::Pending,
        owner: None,
        committed_through: 0,
    };
    Event::JobLoaded(JobSnapshot {
        job: JobId(id),
        state: JobState::Running,
        priority,
        protocol: 1,
        total: Some(1000),
        decided: 0,
        last_range: RangeId(1),
        ranges: vec![whole],
    })
}

pub(crate) fn worker(name: &str) -> SessionId {
    SessionId(name.to_owned())
}

/// Lets `session` ask for leases and answers every question for a boundary with 100 applications; the
/// jobs of the leases that it gets, in order.
pub(crate) fn granted(
    table: &mut LeaseTable,
    session: &str,
    credits: u32,
    now: Timestamp,
) -> Vec<i64> {
    let mut jobs = Vec::new();
    let mut actions = table.apply(Event::Asked { session: worker(session), credits }, now);
    while let Some(action) = (!actions.is_empty()).then(|| actions.remove(0)) {
        match action {
            Action::FindBoundary { job, range, scope: Scope { lo: from, .. }, .. } => {
                let boundary = Boundary::Cut { from, at: from + 100, count: 100 };
                actions.extend(table.apply(Event::Found { job, range, boundary }, now));
            }
            Action::Send { session: to, message: Message::Grant(lease) }
                if to == worker(session) =>
            {
                jobs.push(lease.key.job.0);
            }
            Action::Send { .. }
            | Action::Save(_)
            | Action::EndSession { .. }
            | Action::CheckDone { .. } => (),
        }
    }
    jobs
}

//! Jobs that only workers of a newer protocol know, seen from outside.

use std::time::Duration;

use xmlx_domain::{Epoch, JobId, JobState, RangeId, RangeSnapshot, RangeState, Scope, SessionId};
use xmlx_lease::{
    Action, Boundary, Event, JobSnapshot, LeaseTable, Limits, Message, Timestamp, Wait,
};

const START: Timestamp = Timestamp(0);

/// A job of 1,000 applications that nobody has.
fn job(id: i64, priority: i32) -> Event {
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

fn worker(name: &str) -> SessionId {
    SessionId(name.to_owned())
}

/// Lets `session` ask for leases and answers every question for a boundary with 100 applications; the
/// jobs of the leases that it gets, in order.
fn granted(table: &mut LeaseTable, session: &str, credits: u32, now: Timestamp) -> Vec<i64> {
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

/// During an upgrade a worker may not know what to do with a job of a newer mode: it goes on with the jobs that it knows,
/// whatever their priority, and the newer job waits for a newer worker.
#[test]
fn a_job_waits_for_workers_that_know_its_mode() {
    let mut table = LeaseTable::new(Limits::default(), START);
    let Event::JobLoaded(newer) = job(1, 9) else { unreachable!() };
    table.apply(Event::JobLoaded(JobSnapshot { protocol: 3, ..newer }), START);
    table.apply(job(2, 0), START);
    let join = |table: &mut LeaseTable, session: &str, protocol| {
        let session = worker(session);
        table.apply(Event::Joined { session, slots: 4, held: Vec::new(), protocol }, START);
    };
    join(&mut table, "old", 2);
    assert_eq!(granted(&mut table, "old", 2, START), [2, 2]);
    let standing = |table: &LeaseTable| {
        let found: Vec<_> = table.standing(Duration::from_secs(1), START).collect();
        found.into_iter().map(|(job, wait, _)| (job, wait)).collect::<Vec<_>>()
    };
    assert_eq!(standing(&table), [(JobId(1), Wait::OldWorkers)]);
    join(&mut table, "new", 3);
    assert_eq!(granted(&mut table, "new", 1, START), [1], "the more important one");
    assert_eq!(standing(&table), []);
    // What an old worker still wants keeps nothing from a new one, and it takes nothing of the newer job's.
    table.apply(Event::Asked { session: worker("old"), credits: 4 }, START);
    assert!(granted(&mut table, "new", 1, START).contains(&1));
    assert!(!table.holds_any(&worker("old"), JobId(1)));
}

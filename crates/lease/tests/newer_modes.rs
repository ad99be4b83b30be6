//! Jobs that only workers of a newer protocol know, seen from outside.

#[path = "common/asking.rs"]
mod asking;

use std::time::Duration;

use xmlx_domain::JobId;
use xmlx_lease::{Event, JobSnapshot, LeaseTable, Limits, Wait};

use asking::{START, granted, job, worker};

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

//! How jobs share the workers, seen from outside.

#[path = "common/asking.rs"]
mod asking;

use std::time::Duration;

use xmlx_domain::{
    Epoch, JobId, JobState, Lease, LeaseKey, Progress, RangeChange, RangeEvent, RangeId, RangeMark,
    RangeSnapshot, RangeState, Scope, SessionId,
};
use xmlx_lease::{Action, Boundary, Event, JobSnapshot, LeaseTable, Limits, Message, Wait};

use asking::{START, granted, job, worker};

/// The first lease of job 1.
fn first_lease(lo: i64, hi: i64) -> Lease {
    let key = LeaseKey { job: JobId(1), range: RangeId(1), epoch: Epoch(1) };
    Lease { key, scope: Scope { lo, hi } }
}

/// A table with the jobs, in which `w` has joined with `slots` slots.
fn table(jobs: &[(i64, i32)], slots: u32) -> LeaseTable {
    let mut table = LeaseTable::new(Limits::default(), START);
    for &(id, priority) in jobs {
        table.apply(job(id, priority), START);
    }
    table
        .apply(Event::Joined { session: worker("w"), slots, held: Vec::new(), protocol: 1 }, START);
    table
}

#[test]
fn jobs_of_one_priority_share_the_slots() {
    assert_eq!(granted(&mut table(&[(1, 0), (2, 0)], 5), "w", 6, START), [1, 2, 1, 2, 1, 2]);
}

#[test]
fn a_job_of_higher_priority_is_served_first() {
    let mut table = table(&[(1, 0), (2, 10), (3, -5)], 15);
    // Job 2 has ten leases to give away, then it is the next one's turn.
    let jobs = granted(&mut table, "w", 12, START);
    assert_eq!(jobs, [2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1]);
}

#[test]
fn a_job_that_is_paused_is_passed_over() {
    let mut table = table(&[(1, 0), (2, 10)], 3);
    table.apply(Event::JobMoved { job: JobId(2), state: JobState::Paused }, START);
    assert_eq!(granted(&mut table, "w", 2, START), [1, 1]);
}

/// A worker that is heard of and gets nowhere loses its lease to one that works.
#[test]
fn a_lease_without_progress_goes_to_another_worker() {
    let mut table = table(&[(1, 0)], 1);
    assert_eq!(granted(&mut table, "w", 1, START), [1]);
    let beat = || Event::Beat { session: worker("w"), progress: Vec::new() };
    let mut now = START;
    let stalled = loop {
        now = now.after(Duration::from_secs(1));
        table.apply(beat(), now);
        let actions = table.apply(Event::Ticked, now);
        let revoked = actions.into_iter().find_map(|action| match action {
            Action::Save(RangeChange { event: RangeEvent::Stalled, range, to, .. }) => {
                Some((range, to.epoch))
            }
            Action::Save(_)
            | Action::Send { .. }
            | Action::FindBoundary { .. }
            | Action::EndSession { .. }
            | Action::CheckDone { .. } => None,
        });
        if let Some(revoked) = revoked {
            break revoked;
        }
        assert!(now < START.after(Duration::from_secs(600)), "the lease is never taken away");
    };
    assert_eq!(stalled, (RangeId(1), Epoch(2)));
    assert!(now >= START.after(Limits::default().stalled_after));
    table.apply(
        Event::Joined { session: worker("x"), slots: 1, held: Vec::new(), protocol: 1 },
        now,
    );
    assert_eq!(granted(&mut table, "w", 1, now), [] as [i64; 0], "others go first");
    assert_eq!(granted(&mut table, "x", 1, now), [1]);
}

/// A table that stood locked for longer than a stall may last: every lease stalls, and nobody is to blame.
#[test]
fn a_worker_rests_only_while_another_can_take_the_lease() {
    let mut table = table(&[(1, 0)], 1);
    table.apply(
        Event::Joined { session: worker("x"), slots: 1, held: Vec::new(), protocol: 1 },
        START,
    );
    assert_eq!(granted(&mut table, "w", 1, START), [1]);
    assert_eq!(granted(&mut table, "x", 1, START), [1]);
    let now = START.after(Limits::default().stalled_after);
    for name in ["w", "x"] {
        table.apply(Event::Beat { session: worker(name), progress: Vec::new() }, now);
    }
    let actions = table.apply(Event::Ticked, now);
    let is_stalled = |action: &&Action| {
        matches!(action, Action::Save(RangeChange { event: RangeEvent::Stalled, .. }))
    };
    assert_eq!(actions.iter().filter(is_stalled).count(), 2, "{actions:?}");
    assert_eq!(granted(&mut table, "w", 1, now), [1], "nobody else could take it");
    // What w has now it gets on with, but its slot is full: nobody else can take what x asks for.
    assert_eq!(granted(&mut table, "x", 1, now), [1]);
}

/// Looking through the ids of a sparse range is work, also where it takes longer than a stall may last.
#[test]
fn a_read_that_takes_long_is_no_stall_and_is_shown() {
    let mut table = table(&[(1, 0)], 1);
    assert_eq!(granted(&mut table, "w", 1, START), [1]);
    let lease = first_lease(1, 101);
    let limits = Limits::default();
    let mut now = START;
    let stalled_at = loop {
        now = now.after(Duration::from_secs(10));
        let progress = Progress {
            lease,
            committed_through: 0,
            claimed_through: 0,
            apps: 0,
            reading: Some(Duration::from_millis(now.0)),
        };
        table.apply(Event::Beat { session: worker("w"), progress: vec![progress] }, now);
        let actions = table.apply(Event::Ticked, now);
        let is_stalled = |action: &Action| {
            matches!(action, Action::Save(RangeChange { event: RangeEvent::Stalled, .. }))
        };
        if actions.iter().any(is_stalled) {
            break now;
        }
        let (job, what, so_long) =
            table.standing(Duration::from_secs(5), now).next().expect("it is held up");
        assert_eq!((job, what), (JobId(1), Wait::Reading(RangeId(1))));
        assert_eq!(so_long, Duration::from_millis(now.0));
    };
    // A worker whose threads hang says the same for ever.
    let patience = START.after(limits.reading_max);
    assert!(stalled_at > patience && stalled_at <= patience.after(limits.stalled_after));
}

/// What is held up, by what, and for how long; what gets on is not held up.
#[test]
fn a_job_that_stands_says_what_it_waits_for() {
    let mut table = LeaseTable::new(Limits::default(), START);
    let at = |seconds: u64| START.after(Duration::from_secs(seconds));
    let shown = |table: &LeaseTable, now| {
        table.standing(Duration::from_secs(5), now).map(|(_, wait, _)| wait).next()
    };
    table.apply(job(1, 0), START);
    assert_eq!(shown(&table, START), Some(Wait::NoWorker));
    table.apply(
        Event::Joined { session: worker("w"), slots: 1, held: Vec::new(), protocol: 1 },
        START,
    );
    let asked = table.apply(Event::Asked { session: worker("w"), credits: 1 }, START);
    assert!(matches!(asked[..], [Action::FindBoundary { .. }]), "{asked:?}");
    assert_eq!(shown(&table, at(4)), None, "it has only begun");
    assert_eq!(shown(&table, at(5)), Some(Wait::Searching));
    let boundary = Boundary::Cut { from: 40, at: 60, count: 20 };
    let found = Event::Found { job: JobId(1), range: RangeId(1), boundary };
    let granted = table.apply(found, at(6));
    let is_grant = |action: &Action| {
        matches!(action, Action::Save(RangeChange { cursor: 39, to: RangeMark { hi: 60, .. }, .. }))
    };
    assert!(granted.iter().any(is_grant), "what is decided is passed at once: {granted:?}");
    assert_eq!(shown(&table, at(10)), None);
    assert_eq!(shown(&table, at(11)), Some(Wait::Waiting(RangeId(1))));
    let lease = first_lease(1, 60);
    let progress = |committed_through| Progress {
        lease,
        committed_through,
        claimed_through: 59,
        apps: 0,
        reading: None,
    };
    let beat = |progress| Event::Beat { session: worker("w"), progress: vec![progress] };
    table.apply(beat(progress(39)), at(12));
    assert_eq!(shown(&table, at(17)), Some(Wait::Working(RangeId(1))));
    table.apply(beat(progress(45)), at(18));
    assert_eq!(shown(&table, at(19)), None, "it gets on");
}

/// What an owner said of its cursor a database may have lost since: a grant does not hold it to that.
#[test]
fn a_range_that_comes_back_is_granted_from_where_the_database_has_it() {
    let mut table = table(&[(1, 0)], 1);
    assert_eq!(granted(&mut table, "w", 1, START), [1]);
    let lease = first_lease(1, 101);
    let backoff = Duration::ZERO;
    let released =
        Event::Released { session: worker("w"), lease: lease.key, committed_through: 60, backoff };
    table.apply(released, START);
    let actions = table.apply(Event::Asked { session: worker("w"), credits: 1 }, START);
    let is_grant = |action: &Action| {
        matches!(
            action,
            Action::Save(RangeChange {
                event: RangeEvent::Granted,
                range: RangeId(1),
                cursor: 0,
                ..
            })
        )
    };
    assert!(actions.iter().any(is_grant), "{actions:?}");
}

/// A job that follows is read again whenever its source has grown: that is no progress of a lease.
#[test]
fn reading_a_job_again_is_no_progress() {
    let mut table = table(&[(1, 0)], 1);
    assert_eq!(granted(&mut table, "w", 1, START), [1]);
    let again = || {
        let leased = RangeSnapshot {
            range: RangeId(1),
            scope: Scope { lo: 1, hi: 101 },
            epoch: Epoch(1),
            state: RangeState::Leased,
            owner: Some(worker("w")),
            committed_through: 0,
        };
        let rest = RangeSnapshot {
            range: RangeId(2),
            scope: Scope { lo: 101, hi: 1001 },
            epoch: Epoch(0),
            state: RangeState::Pending,
            owner: None,
            committed_through: 100,
        };
        Event::JobLoaded(JobSnapshot {
            job: JobId(1),
            state: JobState::Running,
            priority: 0,
            protocol: 1,
            total: Some(1000),
            decided: 0,
            last_range: RangeId(2),
            ranges: vec![leased, rest],
        })
    };
    let mut now = START;
    while now < START.after(Limits::default().stalled_after) {
        now = now.after(Duration::from_secs(2));
        table.apply(Event::Beat { session: worker("w"), progress: Vec::new() }, now);
        table.apply(again(), now);
    }
    let actions = table.apply(Event::Ticked, now);
    let is_stalled = |action: &Action| {
        matches!(action, Action::Save(RangeChange { event: RangeEvent::Stalled, .. }))
    };
    assert!(actions.iter().any(is_stalled), "{actions:?}");
}

fn snapshot(ranges: Vec<RangeSnapshot>) -> JobSnapshot {
    JobSnapshot {
        job: JobId(1),
        state: JobState::Running,
        priority: 0,
        protocol: 1,
        total: Some(1000),
        decided: 0,
        last_range: RangeId(2),
        ranges,
    }
}

/// A range that `owner` has, or nobody.
fn range(id: i64, (lo, hi): (i64, i64), owner: Option<SessionId>) -> RangeSnapshot {
    RangeSnapshot {
        range: RangeId(id),
        scope: Scope { lo, hi },
        epoch: Epoch(i64::from(owner.is_some())),
        state: if owner.is_some() { RangeState::Leased } else { RangeState::Pending },
        owner,
        committed_through: lo - 1,
    }
}

/// Other jobs go on while one is read again, and what happens to that one meanwhile is not forgotten.
#[test]
fn nothing_is_decided_about_a_job_in_doubt() {
    let mut table = table(&[(1, 5), (2, 0)], 2);
    assert_eq!(granted(&mut table, "w", 1, START), [1]);
    assert!(table.apply(Event::JobDoubted { job: JobId(1) }, START).is_empty());
    assert!(table.is_doubted(JobId(1)) && table.state(JobId(1)) == Some(JobState::Running));
    assert_eq!(granted(&mut table, "w", 1, START), [2], "the less important one is not in doubt");
    let done = Event::Finished {
        session: worker("w"),
        lease: first_lease(1, 101).key,
        apps: 100,
        elapsed: Duration::from_secs(1),
    };
    assert!(table.apply(done, START).is_empty());
    assert_eq!(table.leases_of(&worker("w")), 2, "as far as is known");
    // Read before the range was done.
    let read = snapshot(vec![range(1, (1, 101), Some(worker("w"))), range(2, (101, 1001), None)]);
    table.apply(Event::JobLoaded(read), START);
    assert!(!table.is_doubted(JobId(1)));
    assert_eq!(table.leases_of(&worker("w")), 1);
    assert_eq!(granted(&mut table, "w", 1, START), [1]);
}

/// A worker that comes back while its lease is in doubt keeps it.
#[test]
fn a_lease_in_doubt_is_not_revoked_at_a_reconnect() {
    let mut table = table(&[(1, 0)], 1);
    assert_eq!(granted(&mut table, "w", 1, START), [1]);
    table.apply(Event::JobDoubted { job: JobId(1) }, START);
    let lease = first_lease(1, 101);
    let joined = Event::Joined { session: worker("w"), slots: 1, held: vec![lease], protocol: 1 };
    assert!(table.apply(joined, START).is_empty());
    let read = snapshot(vec![range(1, (1, 101), Some(worker("w")))]);
    let actions = table.apply(Event::JobLoaded(read), START);
    let again = Action::Send { session: worker("w"), message: Message::Grant(lease) };
    assert_eq!(actions, [again]);
}

/// A pause that came while the job was read again takes hold once it has been read.
#[test]
fn a_pause_in_doubt_revokes_when_the_doubt_ends() {
    let mut table = table(&[(1, 0)], 1);
    assert_eq!(granted(&mut table, "w", 1, START), [1]);
    table.apply(Event::JobDoubted { job: JobId(1) }, START);
    let paused = Event::JobMoved { job: JobId(1), state: JobState::Paused };
    assert!(table.apply(paused, START).is_empty());
    let read = snapshot(vec![range(1, (1, 101), Some(worker("w")))]);
    let actions = table.apply(Event::JobLoaded(read), START);
    let saved = actions.iter().any(
        |action| matches!(action, Action::Save(change) if change.event == RangeEvent::Revoked),
    );
    assert!(saved, "{actions:?}");
}

/// A range that was added while the job was read is taken in once, whenever the tables were read.
#[test]
fn an_added_range_is_taken_in_once() {
    let added = Event::RangeAdded {
        job: JobId(1),
        range: RangeId(2),
        scope: Scope { lo: 1001, hi: 1101 },
        waiting: 100,
    };
    let mut table = table(&[(1, 0)], 9);
    table.apply(added.clone(), START);
    assert_eq!(table.last_range(JobId(1)), Some(RangeId(2)));
    assert_eq!(granted(&mut table, "w", 9, START).len(), 9);
    table.apply(Event::JobDoubted { job: JobId(1) }, START);
    table.apply(added, START);
    let read = snapshot(vec![range(2, (1001, 1101), None)]);
    table.apply(Event::JobLoaded(read), START);
    assert_eq!(table.last_range(JobId(1)), Some(RangeId(2)));
}

/// What a worker says of its own lease is not believed beyond the lease's bounds, and nothing of others' leases.
#[test]
fn a_worker_cannot_overstate() {
    let mut table = table(&[(1, 0)], 2);
    assert_eq!(granted(&mut table, "w", u32::MAX, START), [1, 1, 1], "two slots and one ahead");
    assert!(granted(&mut table, "w", u32::MAX, START).is_empty());
    let lease = first_lease(1, 101);
    let through = i64::MAX;
    let progress = Progress {
        lease,
        committed_through: through,
        claimed_through: through,
        apps: u64::MAX,
        reading: None,
    };
    table.apply(Event::Beat { session: worker("w"), progress: vec![progress] }, START);
    let released = Event::Released {
        session: worker("w"),
        lease: lease.key,
        committed_through: through,
        backoff: Duration::ZERO,
    };
    table.apply(released, START);
    table.apply(
        Event::Joined { session: worker("v"), slots: 9, held: Vec::new(), protocol: 1 },
        START,
    );
    let done = Event::Finished {
        session: worker("v"),
        lease: LeaseKey { range: RangeId(2), ..lease.key },
        apps: u64::MAX,
        elapsed: Duration::MAX,
    };
    table.apply(done, START);
    assert_eq!(table.leases_of(&worker("w")), 2, "the lease of another worker stays");
    assert!(!granted(&mut table, "v", 9, START).is_empty());
}

/// Fewer workers than there are may hold leases: the others give theirs back, and follow when one has nothing left.
#[test]
fn a_ceiling_keeps_workers_from_leases() {
    let mut table = table(&[(1, 0)], 2);
    for session in ["v", "u"] {
        table.apply(
            Event::Joined { session: worker(session), slots: 2, held: Vec::new(), protocol: 1 },
            START,
        );
    }
    assert_eq!(granted(&mut table, "w", 3, START), [1, 1, 1]);
    assert_eq!(granted(&mut table, "v", 1, START), [1]);
    let limit = |workers_max| Event::WorkersLimited { workers_max };
    let actions = table.apply(limit(Some(1)), START);
    let revoked = actions.iter().filter(
        |action| matches!(action, Action::Save(change) if change.event == RangeEvent::Revoked),
    );
    assert_eq!(revoked.count(), 1, "{actions:?}");
    assert_eq!((table.leases_of(&worker("v")), table.leases_of(&worker("w"))), (0, 3));
    assert!(granted(&mut table, "v", 3, START).is_empty());
    assert!(granted(&mut table, "u", 3, START).is_empty());
    // What was being looked for on behalf of a worker beyond the ceiling is not for it any more.
    let actions = table.apply(limit(Some(2)), START);
    let asked = actions.iter().find_map(|action| {
        let Action::FindBoundary { job, range, scope, .. } = action else { return None };
        Some((*job, *range, scope.lo))
    });
    let (job, range, from) = asked.expect("a boundary is looked for");
    table.apply(limit(Some(1)), START);
    let boundary = Boundary::Cut { from, at: from + 100, count: 100 };
    table.apply(Event::Found { job, range, boundary }, START);
    assert_eq!(table.leases_of(&worker("v")), 0);
    // The holder leaves: another one takes its place.
    let mut actions = table.apply(Event::Left { session: worker("w") }, START);
    while let Some(action) = actions.pop() {
        if let Action::FindBoundary { job, range, scope, .. } = action {
            let from = scope.lo;
            let boundary = Boundary::Cut { from, at: from + 100, count: 100 };
            actions.extend(table.apply(Event::Found { job, range, boundary }, START));
        }
    }
    let leases = ["v", "u"].map(|name| table.leases_of(&worker(name)));
    assert!(leases.contains(&0) && leases != [0, 0], "one of the two: {leases:?}");
}

//! One decision of the table after the other, each where it could go the other way.

use std::time::Duration;

use xmlx_domain::{
    Epoch, JobId, JobState, Lease, LeaseKey, Progress, RangeChange, RangeEvent, RangeId,
    RangeSnapshot, RangeState, Scope, SessionId,
};
use xmlx_lease::{Action, Boundary, Event, JobSnapshot, LeaseTable, Limits, Message, Timestamp};

const JOB: JobId = JobId(1);
const START: Timestamp = Timestamp(0);

fn worker(name: &str) -> SessionId {
    SessionId(name.to_owned())
}

fn job(id: JobId, priority: i32, bounds: &[i64]) -> Event {
    let ranges = bounds.windows(2).zip(1..).map(|(ends, range)| RangeSnapshot {
        range: RangeId(range),
        scope: Scope { lo: ends[0], hi: ends[1] },
        epoch: Epoch(0),
        state: RangeState::Pending,
        owner: None,
        committed_through: ends[0] - 1,
    });
    let ranges: Vec<RangeSnapshot> = ranges.collect();
    Event::JobLoaded(JobSnapshot {
        job: id,
        state: JobState::Running,
        priority,
        protocol: 1,
        total: None,
        decided: 0,
        last_range: RangeId(i64::try_from(ranges.len()).expect("a few")),
        ranges,
    })
}

/// A table with `JOB`, whose ranges lie between the bounds, and with workers of so many slots.
fn table(bounds: &[i64], workers: &[(&str, u32)]) -> LeaseTable {
    let mut table = LeaseTable::new(Limits::default(), START);
    table.apply(job(JOB, 0, bounds), START);
    for &(name, slots) in workers {
        join(&mut table, name, slots, Vec::new());
    }
    table
}

fn join(table: &mut LeaseTable, name: &str, slots: u32, held: Vec<Lease>) -> Vec<Action> {
    table.apply(Event::Joined { session: worker(name), slots, held, protocol: 1 }, START)
}

fn ask(table: &mut LeaseTable, name: &str, credits: u32, now: Timestamp) -> Vec<Action> {
    table.apply(Event::Asked { session: worker(name), credits }, now)
}

fn found(range: i64, boundary: Boundary) -> Event {
    Event::Found { job: JOB, range: RangeId(range), boundary }
}

fn cut(from: i64, at: i64, count: u64) -> Boundary {
    Boundary::Cut { from, at, count }
}

fn lease(range: i64, epoch: i64, lo: i64, hi: i64) -> Lease {
    let key = LeaseKey { job: JOB, range: RangeId(range), epoch: Epoch(epoch) };
    Lease { key, scope: Scope { lo, hi } }
}

/// Gives `name` range `range`, which begins at `from`, up to `at`.
fn grant(table: &mut LeaseTable, name: &str, range: i64, (from, at): (i64, i64)) {
    let asked = ask(table, name, 1, START);
    assert_eq!(searches(&asked), [(JOB, RangeId(range))], "{asked:?}");
    let count = from.abs_diff(at);
    let granted = table.apply(found(range, cut(from, at, count)), START);
    assert_eq!(saved(&granted), [(RangeId(range), RangeEvent::Granted)], "{granted:?}");
}

/// The ranges for which these actions ask for a boundary.
fn searches(actions: &[Action]) -> Vec<(JobId, RangeId)> {
    let search = |action: &Action| match action {
        Action::FindBoundary { job, range, .. } => Some((*job, *range)),
        Action::Save(_)
        | Action::Send { .. }
        | Action::EndSession { .. }
        | Action::CheckDone { .. } => None,
    };
    actions.iter().filter_map(search).collect()
}

/// What these actions save.
fn saved(actions: &[Action]) -> Vec<(RangeId, RangeEvent)> {
    let save = |action: &Action| match action {
        Action::Save(RangeChange { range, event, .. }) => Some((*range, *event)),
        Action::FindBoundary { .. }
        | Action::Send { .. }
        | Action::EndSession { .. }
        | Action::CheckDone { .. } => None,
    };
    actions.iter().filter_map(save).collect()
}

/// `w` has all of range 1.
fn one_lease() -> LeaseTable {
    let mut table = table(&[1, 101], &[("w", 1)]);
    grant(&mut table, "w", 1, (1, 101));
    join(&mut table, "x", 1, Vec::new());
    table
}

#[test]
fn the_table_knows_who_is_there_and_what_they_hold() {
    let mut table = one_lease();
    let (w, x, key) = (worker("w"), worker("x"), lease(1, 1, 1, 101).key);
    assert!(table.knows(&w) && table.knows(&x) && !table.knows(&worker("y")));
    assert!(table.holds(&w, key) && !table.holds(&x, key));
    assert!(!table.holds(&w, LeaseKey { epoch: Epoch(2), ..key }), "another epoch");
    assert!(table.holds_any(&w, JOB) && !table.holds_any(&x, JOB));
    assert!(!table.holds_any(&w, JobId(2)));
    assert!(!table.is_draining(&w));
    table.apply(Event::DrainAsked { session: w.clone() }, START);
    assert!(table.is_draining(&w) && !table.is_draining(&x));
}

#[test]
fn a_job_is_counted_once_its_total_is_known() {
    let mut table = table(&[1, 101], &[]);
    assert!(!table.is_counted(JOB));
    table.apply(Event::Counted { job: JOB, total: 100 }, START);
    assert!(table.is_counted(JOB) && !table.is_counted(JobId(2)));
}

#[test]
fn a_job_is_forgotten_when_it_has_ended_and_not_before() {
    for (state, last_range) in [
        (JobState::Paused, Some(RangeId(1))),
        (JobState::Running, Some(RangeId(1))),
        (JobState::Done, None),
        (JobState::Failed, None),
        (JobState::Cancelled, None),
    ] {
        let mut table = one_lease();
        table.apply(Event::JobMoved { job: JOB, state }, START);
        assert_eq!(table.last_range(JOB), last_range, "{state}");
    }
}

#[test]
fn a_session_keeps_what_it_presents_where_that_is_its_own() {
    let own = lease(1, 1, 1, 101);
    let old = Lease { key: LeaseKey { epoch: Epoch(0), ..own.key }, ..own };
    let revoke = |name: &str, lease, reason| Action::Send {
        session: worker(name),
        message: Message::Revoke { lease, reason },
    };
    let rejoin = |name: &str, held: &[Lease]| join(&mut one_lease(), name, 1, held.to_vec());
    assert_eq!(rejoin("w", &[own]), []);
    assert_eq!(rejoin("x", &[own]), [revoke("x", own, "the lease has moved on")]);
    let revoked = [(RangeId(1), RangeEvent::Revoked)];
    let nothing = rejoin("w", &[]);
    assert_eq!(saved(&nothing), revoked, "it never got the lease: {nothing:?}");
    let outdated = rejoin("w", &[old]);
    assert_eq!(saved(&outdated), revoked, "{outdated:?}");
    assert!(outdated.contains(&revoke("w", old, "the lease has moved on")), "{outdated:?}");
}

/// A lease ahead is no reason to take half of another's: only a slot that stands idle is.
#[test]
fn a_lease_is_split_for_a_free_slot_alone() {
    for (slots, searched) in [(1, vec![]), (2, vec![(JOB, RangeId(1))])] {
        let mut table = table(&[1, 101, 201], &[("w", 1), ("x", slots)]);
        grant(&mut table, "w", 1, (1, 101));
        grant(&mut table, "x", 2, (101, 111));
        let asked = ask(&mut table, "x", 1, START);
        assert_eq!(searches(&asked), [(JOB, RangeId(3))], "what is left of range 2: {asked:?}");
        let actions = table.apply(found(3, Boundary::Empty), START);
        assert_eq!(searches(&actions), searched, "{slots} slots: {actions:?}");
    }
}

#[test]
fn one_lease_is_split_at_a_time_for_the_same_session() {
    let mut table = table(&[1, 101, 201], &[("w", 1), ("x", 1), ("y", 2)]);
    grant(&mut table, "w", 1, (1, 101));
    grant(&mut table, "x", 2, (101, 201));
    assert_eq!(searches(&ask(&mut table, "y", 2, START)).len(), 1);
    assert_eq!(searches(&ask(&mut table, "y", 2, START)), []);
}

/// What is promised to a worker fills its slot as a lease does.
#[test]
fn a_worker_that_rests_goes_on_where_the_others_are_about_to_be_busy() {
    let mut table = table(&[1, 101, 201], &[("w", 1), ("x", 1)]);
    grant(&mut table, "w", 1, (1, 101));
    assert_eq!(searches(&ask(&mut table, "x", 1, START)), [(JOB, RangeId(2))]);
    let now = START.after(Limits::default().stalled_after);
    for name in ["w", "x"] {
        table.apply(Event::Beat { session: worker(name), progress: Vec::new() }, now);
    }
    let ticked = table.apply(Event::Ticked, now);
    assert_eq!(saved(&ticked), [(RangeId(1), RangeEvent::Stalled)], "{ticked:?}");
    let granted = ask(&mut table, "w", 1, now);
    assert_eq!(saved(&granted), [(RangeId(1), RangeEvent::Granted)], "{granted:?}");
}

#[test]
fn less_important_jobs_wait_for_two_seconds_while_a_range_is_cut() {
    for (ms, expected) in [(0, vec![]), (1_999, vec![]), (2_000, vec![(JOB, RangeId(1))])] {
        let mut table = table(&[1, 101], &[("w", 1), ("x", 1)]);
        table.apply(job(JobId(2), 10, &[1, 101]), START);
        assert_eq!(searches(&ask(&mut table, "w", 1, START)), [(JobId(2), RangeId(1))]);
        let now = START.after(Duration::from_millis(ms));
        assert_eq!(searches(&ask(&mut table, "x", 1, now)), expected, "after {ms} ms");
    }
}

#[test]
fn jobs_of_one_priority_do_not_wait_for_each_other() {
    let mut table = table(&[1, 101], &[("w", 2)]);
    table.apply(job(JobId(2), 0, &[1, 101]), START);
    let asked = ask(&mut table, "w", 2, START);
    assert_eq!(searches(&asked), [(JOB, RangeId(1)), (JobId(2), RangeId(1))]);
}

/// Who was promised a range that has nothing for it is served from the next one.
#[test]
fn a_promise_that_comes_to_nothing_is_kept_elsewhere() {
    for (boundary, closed) in
        [(Boundary::Empty, vec![(RangeId(1), RangeEvent::Empty)]), (Boundary::Unknown, Vec::new())]
    {
        let mut table = table(&[1, 101, 201, 301], &[("w", 2)]);
        assert_eq!(searches(&ask(&mut table, "w", 1, START)), [(JOB, RangeId(1))]);
        let actions = table.apply(found(1, boundary), START);
        assert_eq!(saved(&actions), closed, "{boundary:?}");
        assert_eq!(searches(&actions), [(JOB, RangeId(2))], "{boundary:?}");
    }
}

#[test]
fn a_promise_ends_with_the_session_or_with_a_pause() {
    let session = || worker("w");
    for event in [
        Event::DrainAsked { session: session() },
        Event::Broke { session: session() },
        Event::Left { session: session() },
        Event::JobMoved { job: JOB, state: JobState::Paused },
    ] {
        let mut table = table(&[1, 101, 201], &[("w", 1)]);
        ask(&mut table, "w", 1, START);
        table.apply(event.clone(), START);
        let actions = table.apply(found(1, cut(1, 101, 100)), START);
        assert_eq!(saved(&actions), [], "{event:?}");
        let actions = table.apply(found(1, Boundary::Unknown), START);
        assert_eq!(searches(&actions), [], "{event:?}");
    }
}

/// The owner has fetched everything up to 40 and the lease ends at 101.
#[test]
fn a_lease_is_cut_above_what_is_fetched_and_below_its_end() {
    for (at, is_cut) in [(40, false), (41, false), (42, true), (100, true), (101, false)] {
        let mut table = one_lease();
        let fetched =
            Progress { claimed_through: 40, apps: 20, ..Progress::none(lease(1, 1, 1, 101)) };
        table.apply(Event::Beat { session: worker("w"), progress: vec![fetched] }, START);
        assert_eq!(searches(&ask(&mut table, "x", 1, START)), [(JOB, RangeId(1))]);
        let actions = table.apply(found(1, cut(41, at, 40)), START);
        let split = saved(&actions).contains(&(RangeId(1), RangeEvent::Split));
        assert_eq!(split, is_cut, "at {at}: {actions:?}");
    }
}

//! How leases are sized, split and read again, seen from outside.

use std::time::Duration;

use xmlx_domain::{
    Epoch, JobId, JobState, Lease, LeaseKey, Progress, RangeChange, RangeEvent, RangeId,
    RangeSnapshot, RangeState, Scope, SessionId, SessionState,
};
use xmlx_lease::{
    Action, Boundary, Event, JobSnapshot, LeaseTable, Limits, Message, Timestamp, Wait,
};

const JOB: JobId = JobId(1);
const START: Timestamp = Timestamp(0);

fn worker(name: &str) -> SessionId {
    SessionId(name.to_owned())
}

fn job(total: Option<u64>, decided: u64, ranges: Vec<RangeSnapshot>) -> Event {
    Event::JobLoaded(JobSnapshot {
        job: JOB,
        state: JobState::Running,
        priority: 0,
        protocol: 1,
        total,
        decided,
        last_range: RangeId::FIRST,
        ranges,
    })
}

/// The first range, which `owner` has under that epoch, or nobody.
fn range(hi: i64, epoch: i64, owner: Option<&str>, committed_through: i64) -> RangeSnapshot {
    RangeSnapshot {
        range: RangeId::FIRST,
        scope: Scope { lo: 1, hi },
        state: if owner.is_some() { RangeState::Leased } else { RangeState::Pending },
        epoch: Epoch(epoch),
        owner: owner.map(worker),
        committed_through,
    }
}

fn join(table: &mut LeaseTable, name: &str, now: Timestamp) {
    table.apply(
        Event::Joined { session: worker(name), slots: 1, held: Vec::new(), protocol: 1 },
        now,
    );
}

fn ask(table: &mut LeaseTable, name: &str, now: Timestamp) -> Vec<Action> {
    table.apply(Event::Asked { session: worker(name), credits: 1 }, now)
}

/// The search that these actions ask for.
fn searched(actions: &[Action]) -> Option<(Scope, u64)> {
    actions.iter().find_map(|action| {
        let Action::FindBoundary { scope, count, .. } = action else { return None };
        Some((*scope, *count))
    })
}

fn lease(hi: i64) -> Lease {
    let key = LeaseKey { job: JOB, range: RangeId::FIRST, epoch: Epoch(1) };
    Lease { key, scope: Scope { lo: 1, hi } }
}

fn found(from: i64, at: i64, count: u64) -> Event {
    let boundary = Boundary::Cut { from, at, count };
    Event::Found { job: JOB, range: RangeId::FIRST, boundary }
}

/// `w` has all of the 100 applications.
fn one_lease() -> LeaseTable {
    let mut table = LeaseTable::new(Limits::default(), START);
    table.apply(job(Some(100), 0, vec![range(101, 0, None, 0)]), START);
    join(&mut table, "w", START);
    ask(&mut table, "w", START);
    table.apply(found(1, 101, 100), START);
    assert_eq!(table.leases_of(&worker("w")), 1);
    join(&mut table, "x", START);
    table
}

fn report(table: &mut LeaseTable, claimed_through: i64, apps: u64) {
    let progress =
        Progress { claimed_through, committed_through: 0, apps, ..Progress::none(lease(101)) };
    let beat = Event::Beat { session: worker("w"), progress: vec![progress] };
    assert_eq!(table.apply(beat, START), [], "a heartbeat hands nothing out");
}

#[test]
fn the_middle_of_what_is_not_fetched_goes_to_an_idle_slot() {
    let mut table = one_lease();
    report(&mut table, 40, 20);
    let asked = ask(&mut table, "x", START);
    assert_eq!(searched(&asked), Some((Scope { lo: 41, hi: 101 }, 40)), "half of 80");
    let actions = table.apply(found(41, 71, 40), START);
    let splits = actions.iter().any(|action| {
        matches!(action, Action::Save(RangeChange { event: RangeEvent::Split, to, rest, .. })
            if to.hi == 71 && *rest == Some(RangeId(2)))
    });
    assert!(splits, "{actions:?}");
    let message = Message::Split { lease: lease(101), at: 71 };
    assert!(actions.contains(&Action::Send { session: worker("w"), message }), "{actions:?}");
}

#[test]
fn a_lease_is_split_where_each_part_is_worth_it() {
    for (apps, count) in [(80, Some(10)), (81, None), (99, None)] {
        let mut table = one_lease();
        report(&mut table, 0, apps);
        let asked = ask(&mut table, "x", START);
        assert_eq!(searched(&asked).map(|(_, count)| count), count, "{apps} are done");
    }
}

#[test]
fn a_lease_that_could_not_be_split_is_left_alone_for_a_while() {
    let mut table = one_lease();
    assert!(searched(&ask(&mut table, "x", START)).is_some());
    let unknown = Event::Found { job: JOB, range: RangeId::FIRST, boundary: Boundary::Unknown };
    assert_eq!(searched(&table.apply(unknown, START)), None, "not at once");
    let soon = START.after(Duration::from_millis(999));
    assert_eq!(searched(&ask(&mut table, "x", soon)), None);
    let later = START.after(Duration::from_millis(1_000));
    assert!(searched(&ask(&mut table, "x", later)).is_some());
}

#[test]
fn a_lease_is_no_larger_than_a_quarter_of_a_slots_share_of_what_is_left() {
    for (total, decided, count) in
        [(Some(400), 0, 100), (Some(400), 120, 70), (Some(10_000), 0, 200), (None, 0, 200)]
    {
        let mut table = LeaseTable::new(Limits::default(), START);
        table.apply(job(total, decided, vec![range(1_001, 0, None, 0)]), START);
        join(&mut table, "w", START);
        let asked = ask(&mut table, "w", START);
        assert_eq!(searched(&asked), Some((Scope { lo: 1, hi: 1_001 }, count)), "{total:?}");
    }
}

#[test]
fn a_range_that_is_read_again_has_as_many_applications_as_ids_left() {
    let now = START.after(Duration::from_secs(1_000));
    let mut table = LeaseTable::new(Limits::default(), START);
    join(&mut table, "w", now);
    join(&mut table, "x", now);
    table.apply(job(None, 0, vec![range(1_001, 1, Some("w"), 500)]), now);
    let ticked = table.apply(Event::Ticked, now);
    assert!(
        !ticked.iter().any(|action| matches!(action, Action::Save(_))),
        "it is not taken for stalled: {ticked:?}"
    );
    let asked = ask(&mut table, "x", now);
    assert_eq!(searched(&asked), Some((Scope { lo: 501, hi: 1_001 }, 250)), "half of 500");
}

#[test]
fn a_range_that_was_carved_before_goes_out_whole() {
    let mut table = LeaseTable::new(Limits::default(), START);
    table.apply(job(None, 0, vec![range(1_001, 3, None, 500)]), START);
    join(&mut table, "w", START);
    let granted = ask(&mut table, "w", START);
    let grant = granted.iter().find_map(|action| {
        let Action::Save(change) = action else { return None };
        Some((change.event, change.to.epoch, change.to.hi, change.rest, change.cursor))
    });
    assert_eq!(grant, Some((RangeEvent::Granted, Epoch(4), 1_001, None, 0)));
}

#[test]
fn a_grant_counts_from_the_first_that_waits() {
    let mut table = LeaseTable::new(Limits::default(), START);
    table.apply(job(Some(100), 0, vec![range(101, 0, None, 0)]), START);
    join(&mut table, "w", START);
    ask(&mut table, "w", START);
    table.apply(found(40, 101, 60), START);
    join(&mut table, "x", START);
    let asked = ask(&mut table, "x", START);
    assert_eq!(searched(&asked), Some((Scope { lo: 40, hi: 101 }, 30)));
}

#[test]
fn a_worker_cannot_claim_beyond_its_range() {
    let mut table = one_lease();
    report(&mut table, i64::MAX, 0);
    let asked = ask(&mut table, "x", START);
    assert_eq!(searched(&asked), Some((Scope { lo: 101, hi: 101 }, 50)), "nothing is left");
}

#[test]
fn an_owner_that_has_decided_something_has_begun() {
    let wait = |apps| {
        let mut table = one_lease();
        report(&mut table, 0, apps);
        let now = START.after(Duration::from_secs(60));
        table.standing(Duration::from_secs(5), now).map(|(_, wait, _)| wait).next()
    };
    assert_eq!(wait(0), Some(Wait::Waiting(RangeId::FIRST)));
    assert_eq!(wait(5), Some(Wait::Working(RangeId::FIRST)));
}

#[test]
fn a_job_waits_for_workers_only_where_something_is_left() {
    let wait = |ranges: Vec<RangeSnapshot>, is_here: bool| {
        let mut table = LeaseTable::new(Limits::default(), START);
        table.apply(job(None, 0, ranges), START);
        if is_here {
            join(&mut table, "w", START);
        }
        let now = START.after(Duration::from_secs(60));
        table.standing(Duration::from_secs(5), now).map(|(_, wait, _)| wait).next()
    };
    assert_eq!(wait(vec![range(101, 0, None, 0)], false), Some(Wait::NoWorker));
    assert_eq!(wait(Vec::new(), false), None);
    assert_eq!(wait(vec![range(101, 0, None, 0)], true), None);
}

#[test]
fn a_move_of_a_job_in_doubt_counts_at_once() {
    let mut table = one_lease();
    table.apply(Event::JobDoubted { job: JOB }, START);
    table.apply(Event::JobMoved { job: JOB, state: JobState::Paused }, START);
    assert_eq!(table.state(JOB), Some(JobState::Paused));
    table.apply(Event::JobMoved { job: JOB, state: JobState::Cancelled }, START);
    assert_eq!(table.state(JOB), None, "it has ended");
}

/// Whoever carries the actions out leaves out what follows on a save that failed, by job.
#[test]
fn an_action_names_its_job() {
    let session = worker("w");
    let send = |message| Action::Send { session: session.clone(), message };
    let scope = Scope { lo: 1, hi: 2 };
    for (action, job) in [
        (Action::FindBoundary { job: JOB, range: RangeId::FIRST, scope, count: 1 }, Some(JOB)),
        (Action::CheckDone { job: JOB }, Some(JOB)),
        (send(Message::Grant(lease(2))), Some(JOB)),
        (send(Message::Revoke { lease: lease(2), reason: "" }), Some(JOB)),
        (send(Message::Split { lease: lease(2), at: 1 }), Some(JOB)),
        (send(Message::Drain), None),
        (Action::EndSession { session: session.clone(), ended: SessionState::Left }, None),
    ] {
        assert_eq!(action.job(), job, "{action:?}");
    }
}

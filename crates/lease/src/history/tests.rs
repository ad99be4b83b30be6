//! A good history, and the same with one thing broken: each rule objects to its own fault and to
//! nothing else.

use xmlx_domain::{
    Epoch, HistoryEvent, JobState, RangeEvent, RangeId, RangeSnapshot, RangeState, Scope,
    SessionId, Term,
};

use super::{Entry, Replay, Rule};

const JOB: i64 = 0;
const CREATED: HistoryEvent = HistoryEvent::Range(RangeEvent::Created);
const GRANTED: HistoryEvent = HistoryEvent::Range(RangeEvent::Granted);
const RELEASED: HistoryEvent = HistoryEvent::Range(RangeEvent::Released);
const REVOKED: HistoryEvent = HistoryEvent::Range(RangeEvent::Revoked);
const STALLED: HistoryEvent = HistoryEvent::Range(RangeEvent::Stalled);
const LOST: HistoryEvent = HistoryEvent::Range(RangeEvent::Lost);
const SPLIT: HistoryEvent = HistoryEvent::Range(RangeEvent::Split);
const EMPTY: HistoryEvent = HistoryEvent::Range(RangeEvent::Empty);
const COMPLETED: HistoryEvent = HistoryEvent::Range(RangeEvent::Completed);
const REOPENED: HistoryEvent = HistoryEvent::Range(RangeEvent::Reopened);
const PAUSED: HistoryEvent = HistoryEvent::Job(JobState::Paused);
const RUNNING: HistoryEvent = HistoryEvent::Job(JobState::Running);
const DONE: HistoryEvent = HistoryEvent::Job(JobState::Done);

/// What a history, the tables and the log say.
#[derive(Clone)]
struct Case {
    entries: Vec<Entry>,
    job: JobState,
    scope: Scope,
    rows: Vec<RangeSnapshot>,
    /// Log id, application, session.
    log: Vec<(i64, i64, &'static str)>,
}

fn session(name: &str) -> SessionId {
    SessionId(name.to_owned())
}

/// Two takeovers, a lost owner, a pause, a split, a drain, and an end: everything that may happen.
#[rustfmt::skip]
fn good() -> Case {
    let entries = [
        // range, event, lo, hi, epoch, term, session, cursor
        (1, CREATED, 1, 100, 0, 1, "", 0),
        (1, GRANTED, 1, 40, 1, 1, "a", 0),
        (2, CREATED, 40, 100, 0, 1, "", 39),
        (2, GRANTED, 40, 70, 1, 1, "b", 39),
        (3, CREATED, 70, 100, 0, 1, "", 69),
        (1, LOST, 1, 40, 2, 1, "", 10),
        (1, GRANTED, 1, 40, 3, 1, "b", 10),
        (2, SPLIT, 40, 55, 1, 2, "b", 44),
        (4, CREATED, 55, 70, 0, 2, "", 54),
        (1, COMPLETED, 1, 40, 3, 0, "b", 39),
        (JOB, PAUSED, 1, 100, 0, 2, "", 0),
        (2, REVOKED, 40, 55, 2, 2, "", 50),
        (JOB, RUNNING, 1, 100, 0, 3, "", 0),
        (2, GRANTED, 40, 55, 3, 3, "c", 50),
        (2, RELEASED, 40, 55, 3, 3, "", 52),
        (2, GRANTED, 40, 55, 4, 3, "d", 52),
        (4, GRANTED, 55, 70, 1, 3, "c", 54),
        (2, COMPLETED, 40, 55, 4, 0, "d", 54),
        (4, COMPLETED, 55, 70, 1, 0, "c", 69),
        (3, EMPTY, 70, 100, 0, 3, "", 99),
        (JOB, DONE, 1, 100, 0, 3, "", 0),
    ];
    let rows = [(1, 1, 40, 3), (2, 40, 55, 4), (3, 70, 100, 0), (4, 55, 70, 1)];
    Case {
        entries: entries.into_iter().zip(1..).map(entry).collect(),
        job: JobState::Done,
        scope: Scope { lo: 1, hi: 100 },
        rows: rows.into_iter().map(done).collect(),
        log: vec![(1, 5, "a"), (2, 11, "b"), (3, 44, "b"), (4, 52, "c"), (5, 53, "d"), (6, 60, "c")],
    }
}

type Written = (i64, HistoryEvent, i64, i64, i64, i64, &'static str, i64);

fn entry((written, history_id): (Written, i64)) -> Entry {
    let (range, event, lo, hi, epoch, term, owner, committed_through) = written;
    Entry {
        history_id,
        range: RangeId(range),
        event,
        scope: Scope { lo, hi },
        epoch: Epoch(epoch),
        term: Term(term),
        owner: Some(session(owner)).filter(|owner| !owner.0.is_empty()),
        committed_through,
    }
}

fn done((range, lo, hi, epoch): (i64, i64, i64, i64)) -> RangeSnapshot {
    RangeSnapshot {
        range: RangeId(range),
        scope: Scope { lo, hi },
        state: RangeState::Done,
        epoch: Epoch(epoch),
        owner: None,
        committed_through: hi - 1,
    }
}

fn check(case: &Case) -> Vec<(Rule, String)> {
    let mut replay = Replay::default();
    for entry in &case.entries {
        replay.push(entry);
    }
    replay.finish(case.job, case.scope, &case.rows);
    for &(log_id, app_id, owner) in &case.log {
        replay.decision(log_id, app_id, &session(owner));
    }
    let found = Rule::ALL.map(|rule| (rule, replay.findings().of(rule).1.to_owned()));
    found.into_iter().filter(|(_, text)| !text.is_empty()).collect()
}

/// Breaks the good history, and sees that one rule alone objects.
fn broken(rule: Rule, with: &str, break_it: impl FnOnce(&mut Case)) {
    let mut case = good();
    break_it(&mut case);
    let found = check(&case);
    assert!(found.len() == 1 && found[0].0 == rule, "{rule:?} alone, but: {found:#?}");
    assert!(found[0].1.contains(with), "`{with}` in {}", found[0].1);
}

/// The entry with that id.
fn at(case: &mut Case, history_id: usize) -> &mut Entry {
    &mut case.entries[history_id - 1]
}

/// One more entry, behind the one with that id.
fn insert(case: &mut Case, behind: usize, written: Written) {
    case.entries.insert(behind, entry((written, 99)));
}

/// The history up to and with that entry, of a job in `state`.
fn cut(case: &mut Case, last: usize, state: JobState, rows: Vec<RangeSnapshot>) {
    case.entries.truncate(last);
    case.job = state;
    case.rows = rows;
    case.log.clear();
}

fn held(row: (i64, i64, i64, i64), owner: &str, cursor: i64) -> RangeSnapshot {
    RangeSnapshot {
        state: RangeState::Leased,
        owner: Some(session(owner)),
        committed_through: cursor,
        ..done(row)
    }
}

fn pending(row: (i64, i64, i64, i64)) -> RangeSnapshot {
    RangeSnapshot { state: RangeState::Pending, committed_through: row.1 - 1, ..done(row) }
}

#[test]
fn a_good_history_is_good() {
    assert_eq!(check(&good()), []);
}

#[test]
fn a_good_history_is_good_while_the_job_runs() {
    let mut case = good();
    let rows =
        vec![held((1, 1, 40, 1), "a", 7), held((2, 40, 70, 1), "b", 39), pending((3, 70, 100, 0))];
    cut(&mut case, 5, JobState::Running, rows);
    case.log = vec![(1, 7, "a")];
    assert_eq!(check(&case), []);
}

#[test]
fn a_scope_that_grows_is_good() {
    let mut case = good();
    cut(&mut case, 1, JobState::Running, vec![pending((1, 1, 100, 0)), pending((2, 100, 120, 0))]);
    insert(&mut case, 1, (2, CREATED, 100, 120, 0, 1, "", 99));
    case.scope.hi = 120;
    assert_eq!(check(&case), []);
    case.rows.push(pending((3, -20, 1, 0)));
    insert(&mut case, 2, (3, CREATED, -20, 1, 0, 1, "", -21));
    case.scope.lo = -20;
    assert_eq!(check(&case), []);
}

/// Documents came late in a range that was done: its end is cut off, a range made of where they are, and the rest is
/// done as before.
#[rustfmt::skip]
fn reopened() -> Case {
    let mut case = good();
    cut(&mut case, 1, JobState::Running, vec![done((1, 1, 20, 1)), done((2, 20, 31, 2)), done((3, 31, 100, 0))]);
    let entries = [
        (1, GRANTED, 1, 100, 1, 1, "a", 9),
        (1, COMPLETED, 1, 100, 1, 0, "a", 99),
        (1, REOPENED, 1, 20, 1, 1, "", 19),
        (2, CREATED, 20, 31, 0, 1, "", 19),
        (3, CREATED, 31, 100, 0, 1, "", 30),
        (3, EMPTY, 31, 100, 0, 1, "", 99),
        (2, GRANTED, 20, 31, 1, 1, "b", 19),
        (2, LOST, 20, 31, 2, 1, "", 25),
        (2, GRANTED, 20, 31, 3, 1, "c", 25),
        (2, COMPLETED, 20, 31, 3, 0, "c", 30),
    ];
    case.rows[1].epoch = Epoch(3);
    case.entries.extend(entries.into_iter().zip(2..).map(entry));
    case.log = vec![(1, 15, "a"), (2, 24, "a"), (3, 90, "a"), (4, 21, "b"), (5, 26, "c")];
    case
}

#[test]
fn a_range_that_was_done_may_be_opened_again() {
    assert_eq!(check(&reopened()), []);
    let broken = |rule: Rule, with: &str, break_it: &dyn Fn(&mut Case)| {
        let mut case = reopened();
        break_it(&mut case);
        let found = check(&case);
        assert!(
            found.iter().any(|(found, text)| *found == rule && text.contains(with)),
            "{found:#?}"
        );
    };
    broken(Rule::Order, "reopened from", &|case| drop(case.entries.remove(2)));
    broken(Rule::Cursors, "reopened at 18", &|case| at(case, 4).committed_through = 18);
    broken(Rule::Epochs, "reopened under 2", &|case| at(case, 4).epoch = Epoch(2));
    broken(Rule::Tiling, "cut off", &|case| drop(case.entries.drain(5..7)));
    broken(Rule::Tiling, "went from", &|case| at(case, 4).scope.lo = 2);
    broken(Rule::Decisions, "did not hold", &|case| case.log.push((6, 25, "c")));
    broken(Rule::Decisions, "did not hold", &|case| case.log.push((6, 9, "a")));
}

/// A lease that was taken because of a stall ends like any that was taken.
#[test]
fn a_stalled_lease_is_taken_like_any_other() {
    let mut case = good();
    at(&mut case, 12).event = STALLED;
    assert_eq!(check(&case), []);
}

/// An owner's completion may stand between a cut and the range that is made of the rest.
#[test]
fn completions_wait_for_nobody() {
    let mut case = good();
    case.entries.swap(8, 9);
    assert_eq!(check(&case), []);
}

#[test]
fn gaps_and_overlaps_are_found() {
    let rule = Rule::Tiling;
    broken(rule, "cut off", |case| {
        let rows = vec![held((1, 1, 40, 1), "a", 0)];
        cut(case, 2, JobState::Running, rows);
    });
    broken(rule, "cut off", |case| {
        cut(case, 4, JobState::Running, vec![pending((1, 1, 40, 1)), pending((2, 40, 100, 0))]);
        case.entries[3] = case.entries[2].clone();
        case.entries[2] = entry(((1, RELEASED, 1, 40, 1, 1, "", 0), 3));
    });
    broken(rule, "went from", |case| at(case, 15).scope.hi = 54);
    broken(rule, "scope is", |case| at(case, 21).scope.hi = 101);
}

#[test]
fn impossible_changes_are_found() {
    let rule = Rule::Order;
    broken(rule, "split from pending", |case| insert(case, 5, (3, SPLIT, 70, 100, 0, 1, "", 69)));
    broken(rule, "never created", |case| insert(case, 5, (9, GRANTED, 70, 100, 1, 1, "a", 69)));
}

#[test]
fn two_owners_are_found() {
    let rule = Rule::Owners;
    broken(rule, "completed", |case| at(case, 10).owner = Some(session("a")));
    broken(rule, "split", |case| at(case, 8).owner = Some(session("a")));
    broken(rule, "released", |case| at(case, 15).owner = Some(session("c")));
}

#[test]
fn epochs_that_fall_stand_or_jump_are_found() {
    let rule = Rule::Epochs;
    for epoch in [0, 1, 3] {
        broken(rule, "lost under", |case| {
            at(case, 6).epoch = Epoch(epoch);
            at(case, 7).epoch = Epoch(epoch + 1);
            at(case, 10).epoch = Epoch(epoch + 1);
            case.rows[0].epoch = Epoch(epoch + 1);
        });
    }
}

#[test]
fn a_deposed_leader_that_writes_is_found() {
    broken(Rule::Terms, "term 1 after term 2", |case| at(case, 12).term = Term(1));
}

#[test]
fn cursors_that_fall_or_leave_their_range_are_found() {
    let rule = Rule::Cursors;
    broken(rule, "revoked at 43, 44 before", |case| {
        case.log.clear();
        at(case, 12).committed_through = 43;
        at(case, 14).committed_through = 43;
    });
    broken(rule, "granted at 9, 10 before", |case| {
        case.log.clear();
        at(case, 7).committed_through = 9;
    });
    broken(rule, "granted at 40, 10 before", |case| {
        case.log.clear();
        at(case, 7).committed_through = 40;
        at(case, 10).committed_through = 40;
        case.rows[0].committed_through = 40;
    });
    broken(rule, "completed at 38", |case| {
        at(case, 10).committed_through = 38;
        case.rows[0].committed_through = 38;
    });
}

#[test]
fn life_after_done_is_found() {
    broken(Rule::AfterDone, "granted", |case| insert(case, 20, (1, GRANTED, 1, 40, 4, 3, "a", 39)));
}

#[test]
fn grants_of_a_paused_job_are_found() {
    let rule = Rule::Barrier;
    broken(rule, "job paused", |case| case.entries.swap(12, 13));
    broken(rule, "is held, job cancelled", |case| {
        let rows = vec![held((1, 1, 40, 1), "a", 7), pending((2, 40, 100, 0))];
        cut(case, 3, JobState::Cancelled, rows);
        insert(case, 3, (JOB, HistoryEvent::Job(JobState::Cancelled), 1, 100, 0, 1, "", 0));
    });
}

#[test]
fn a_job_that_ends_twice_or_too_early_is_found() {
    let rule = Rule::JobMoves;
    broken(rule, "from done to done", |case| insert(case, 21, (JOB, DONE, 1, 100, 0, 3, "", 0)));
    broken(rule, "done with 1 ranges open", |case| case.entries.swap(19, 20));
}

#[test]
fn tables_that_say_something_else_are_found() {
    let rule = Rule::Tables;
    broken(rule, "range 2: done under epoch 5", |case| case.rows[1].epoch = Epoch(5));
    broken(rule, "range 4 is missing", |case| drop(case.rows.pop()));
    broken(rule, "range 9 has no history", |case| case.rows.push(done((9, 1, 1, 0))));
    broken(rule, "the job is failed", |case| case.job = JobState::Failed);
    broken(rule, "range 1: done under epoch 3 at 38", |case| case.rows[0].committed_through = 38);
}

#[test]
fn decisions_of_somebody_else_are_found() {
    let rule = Rule::Decisions;
    // The first owner of a range, after it was lost; nobody's; and the right owner's, before its time.
    for (app_id, session) in [(11, "a"), (80, "b"), (5, "z"), (51, "d")] {
        broken(rule, "did not hold", |case| case.log.push((9, app_id, session)));
    }
}

/// Sees that a rule objects, among others perhaps.
fn objects(case: &Case, rule: Rule, with: &str) {
    let found = check(case);
    let is_meant = |(objected, text): &(Rule, String)| *objected == rule && text.contains(with);
    assert!(found.iter().any(is_meant), "{rule:?} `{with}` in {found:#?}");
}

#[test]
fn a_range_has_to_be_made_of_what_was_cut_off() {
    for scope in [Scope { lo: 41, hi: 100 }, Scope { lo: 40, hi: 101 }] {
        let mut case = good();
        at(&mut case, 3).scope = scope;
        objects(&case, Rule::Tiling, "cut off");
    }
    let mut case = good();
    at(&mut case, 3).scope = Scope { lo: 40, hi: 39 };
    objects(&case, Rule::Tiling, "range 2 at");
}

#[test]
fn a_new_range_adjoins_the_scope() {
    let with = |lo, hi| {
        let mut case = good();
        insert(&mut case, 1, (9, CREATED, lo, hi, 0, 1, "", lo - 1));
        case
    };
    for (lo, hi) in [(150, 160), (-20, 0), (1, 1), (50, 60)] {
        objects(&with(lo, hi), Rule::Tiling, "range 9 at");
    }
    let found = check(&with(100, 100));
    assert!(found.iter().all(|(_, text)| !text.contains("range 9 at")), "{found:#?}");
}

#[test]
fn rows_of_open_ranges_are_compared_with_their_leases() {
    let rows = || {
        vec![held((1, 1, 40, 1), "a", 7), held((2, 40, 70, 1), "b", 39), pending((3, 70, 100, 0))]
    };
    let mut case = good();
    cut(&mut case, 5, JobState::Running, rows());
    assert_eq!(check(&case), []);
    for (row, changed) in [
        (0, held((1, 1, 40, 1), "b", 7)),
        (0, held((1, 1, 40, 1), "a", -1)),
        (0, held((1, 1, 40, 1), "a", 40)),
        (2, RangeSnapshot { owner: Some(session("a")), ..pending((3, 70, 100, 0)) }),
        (2, RangeSnapshot { committed_through: 75, ..pending((3, 70, 100, 0)) }),
    ] {
        case.rows = rows();
        case.rows[row] = changed;
        objects(&case, Rule::Tables, "under epoch");
    }
}

#[test]
fn entries_are_counted() {
    let mut replay = Replay::default();
    for entry in &good().entries {
        replay.push(entry);
    }
    assert_eq!(replay.entries(), 21);
}

/// What stays in memory is one short record per range and per lease.
#[test]
fn a_hundred_thousand_ranges_are_replayed() {
    const RANGES: i64 = 100_000;
    let mut replay = Replay::default();
    let mut rows = Vec::new();
    let end = RANGES * 10 + 1;
    replay.push(&entry(((1, CREATED, 1, end, 0, 1, "", 0), 1)));
    for id in 1..=RANGES {
        let (lo, hi) = ((id - 1) * 10 + 1, id * 10 + 1);
        replay.push(&entry(((id, GRANTED, lo, hi, 1, 1, "a", lo - 1), id * 3)));
        if hi < end {
            replay.push(&entry(((id + 1, CREATED, hi, end, 0, 1, "", hi - 1), id * 3 + 1)));
        }
        replay.push(&entry(((id, COMPLETED, lo, hi, 1, 0, "a", hi - 1), id * 3 + 2)));
        rows.push(done((id, lo, hi, 1)));
    }
    replay.push(&entry(((JOB, DONE, 1, end, 0, 1, "", 0), end)));
    replay.finish(JobState::Done, Scope { lo: 1, hi: end }, &rows);
    replay.decision(1, 77_777, &session("a"));
    for rule in Rule::ALL {
        assert_eq!(replay.findings().of(rule), (0, ""), "{rule:?}");
    }
}

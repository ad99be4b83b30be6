//! A good history, and the same with one thing broken: each rule objects to its own fault and to
//! nothing else.

use super::{Change, Entry, Event, JobState, Replay, Rule};
use crate::{JobRow, Mode, RangeRow, Scope};

const JOB: i64 = 0;
const CREATED: Event = Event::Created;
const GRANTED: Event = Event::Range(Change::Granted);
const RELEASED: Event = Event::Range(Change::Released);
const REVOKED: Event = Event::Range(Change::Revoked);
const LOST: Event = Event::Range(Change::Lost);
const SPLIT: Event = Event::Range(Change::Split);
const EMPTY: Event = Event::Range(Change::Empty);
const COMPLETED: Event = Event::Range(Change::Completed);
const REOPENED: Event = Event::Range(Change::Reopened);
const PAUSED: Event = Event::Job(JobState::Paused);
const RUNNING: Event = Event::Job(JobState::Running);
const DONE: Event = Event::Job(JobState::Done);

/// What a history, the tables and the log say.
#[derive(Clone)]
struct Case {
    entries: Vec<Entry>,
    job: JobRow,
    rows: Vec<RangeRow>,
    /// Log id, application, session.
    log: Vec<(i64, i64, &'static str)>,
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
        job: job("done"),
        rows: rows.into_iter().map(done).collect(),
        log: vec![(1, 5, "a"), (2, 11, "b"), (3, 44, "b"), (4, 52, "c"), (5, 53, "d"), (6, 60, "c")],
    }
}

type Written = (i64, Event, i64, i64, i64, i64, &'static str, i64);

fn entry((it, history_id): (Written, i64)) -> Entry {
    let (range_id, event, lo, hi, epoch, term, session, committed_through) = it;
    let session = Some(session.to_owned()).filter(|it| !it.is_empty());
    Entry {
        history_id,
        range_id,
        event,
        scope: Scope { lo, hi },
        epoch,
        term,
        session,
        committed_through,
    }
}

fn done((range_id, lo, hi, epoch): (i64, i64, i64, i64)) -> RangeRow {
    RangeRow {
        range_id,
        scope: Scope { lo, hi },
        state: "done".to_owned(),
        epoch,
        owner_session: None,
        committed_through: hi - 1,
        done_ok: 0,
        done_failed: 0,
        rows_written: 0,
    }
}

fn job(state: &str) -> JobRow {
    JobRow {
        job_id: 1,
        submit_key: String::new(),
        name: String::new(),
        contract_hash: String::new(),
        mode: Mode::Once,
        priority: 0,
        scope: Scope { lo: 1, hi: 100 },
        state: state.to_owned(),
        reason: String::new(),
        total: None,
        log_watermark: 0,
        log_end: None,
        done_ok: 0,
        done_failed: 0,
        rows_written: 0,
        ranges: (0, 0, 4),
        revoked: 0,
        created_at: String::new(),
        finished_at: String::new(),
    }
}

fn check(case: &Case) -> Vec<(Rule, String)> {
    let mut replay = Replay::new();
    for it in &case.entries {
        replay.push(it);
    }
    replay.finish(&case.job, &case.rows);
    for &(log_id, app_id, session) in &case.log {
        replay.decision(log_id, app_id, session);
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
fn insert(case: &mut Case, behind: usize, it: Written) {
    case.entries.insert(behind, entry((it, 99)));
}

/// The history up to and with that entry, of a job in `state`.
fn cut(case: &mut Case, last: usize, state: &str, rows: Vec<RangeRow>) {
    case.entries.truncate(last);
    case.job = job(state);
    case.rows = rows;
    case.log.clear();
}

fn held(row: (i64, i64, i64, i64), session: &str, cursor: i64) -> RangeRow {
    RangeRow {
        state: "leased".to_owned(),
        owner_session: Some(session.to_owned()),
        committed_through: cursor,
        ..done(row)
    }
}

fn pending(row: (i64, i64, i64, i64)) -> RangeRow {
    RangeRow { state: "pending".to_owned(), committed_through: row.1 - 1, ..done(row) }
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
    cut(&mut case, 5, "running", rows);
    case.log = vec![(1, 7, "a")];
    assert_eq!(check(&case), []);
}

#[test]
fn a_scope_that_grows_is_good() {
    let mut case = good();
    cut(&mut case, 1, "running", vec![pending((1, 1, 100, 0)), pending((2, 100, 120, 0))]);
    insert(&mut case, 1, (2, CREATED, 100, 120, 0, 1, "", 99));
    case.job.scope.hi = 120;
    assert_eq!(check(&case), []);
    case.rows.push(pending((3, -20, 1, 0)));
    insert(&mut case, 2, (3, CREATED, -20, 1, 0, 1, "", -21));
    case.job.scope.lo = -20;
    assert_eq!(check(&case), []);
}

/// Documents came late in a range that was done: its end is cut off, a range made of where they are, and the rest is
/// done as before.
#[rustfmt::skip]
fn reopened() -> Case {
    let mut case = good();
    cut(&mut case, 1, "running", vec![done((1, 1, 20, 1)), done((2, 20, 31, 2)), done((3, 31, 100, 0))]);
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
    case.rows[1].epoch = 3;
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
        assert!(found.iter().any(|(it, text)| *it == rule && text.contains(with)), "{found:#?}");
    };
    broken(Rule::Order, "Reopened from", &|it| drop(it.entries.remove(2)));
    broken(Rule::Cursors, "Reopened at 18", &|it| at(it, 4).committed_through = 18);
    broken(Rule::Epochs, "Reopened under 2", &|it| at(it, 4).epoch = 2);
    broken(Rule::Tiling, "cut off", &|it| drop(it.entries.drain(5..7)));
    broken(Rule::Tiling, "went from", &|it| at(it, 4).scope.lo = 2);
    broken(Rule::Decisions, "did not hold", &|it| it.log.push((6, 25, "c")));
    broken(Rule::Decisions, "did not hold", &|it| it.log.push((6, 9, "a")));
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
    broken(rule, "cut off", |it| {
        let rows = vec![held((1, 1, 40, 1), "a", 0)];
        cut(it, 2, "running", rows);
    });
    broken(rule, "cut off", |it| {
        cut(it, 4, "running", vec![pending((1, 1, 40, 1)), pending((2, 40, 100, 0))]);
        it.entries[3] = it.entries[2].clone();
        it.entries[2] = entry(((1, RELEASED, 1, 40, 1, 1, "", 0), 3));
    });
    broken(rule, "went from", |it| at(it, 15).scope.hi = 54);
    broken(rule, "scope is", |it| at(it, 21).scope.hi = 101);
}

#[test]
fn impossible_changes_are_found() {
    let rule = Rule::Order;
    broken(rule, "Split from Pending", |it| insert(it, 5, (3, SPLIT, 70, 100, 0, 1, "", 69)));
    broken(rule, "never created", |it| insert(it, 5, (9, GRANTED, 70, 100, 1, 1, "a", 69)));
}

#[test]
fn two_owners_are_found() {
    let rule = Rule::Owners;
    broken(rule, "Completed", |it| at(it, 10).session = Some("a".to_owned()));
    broken(rule, "Split", |it| at(it, 8).session = Some("a".to_owned()));
    broken(rule, "Released", |it| at(it, 15).session = Some("c".to_owned()));
}

#[test]
fn epochs_that_fall_stand_or_jump_are_found() {
    let rule = Rule::Epochs;
    for epoch in [0, 1, 3] {
        broken(rule, "Lost under", |it| {
            at(it, 6).epoch = epoch;
            (at(it, 7).epoch, at(it, 10).epoch) = (epoch + 1, epoch + 1);
            it.rows[0].epoch = epoch + 1;
        });
    }
}

#[test]
fn a_deposed_leader_that_writes_is_found() {
    broken(Rule::Terms, "term 1 after term 2", |it| at(it, 12).term = 1);
}

#[test]
fn cursors_that_fall_or_leave_their_range_are_found() {
    let rule = Rule::Cursors;
    broken(rule, "Revoked at 43, 44 before", |it| {
        it.log.clear();
        at(it, 12).committed_through = 43;
        at(it, 14).committed_through = 43;
    });
    broken(rule, "Granted at 9, 10 before", |it| {
        it.log.clear();
        at(it, 7).committed_through = 9;
    });
    broken(rule, "Granted at 40, 10 before", |it| {
        it.log.clear();
        at(it, 7).committed_through = 40;
        at(it, 10).committed_through = 40;
        it.rows[0].committed_through = 40;
    });
    broken(rule, "Completed at 38", |it| {
        at(it, 10).committed_through = 38;
        it.rows[0].committed_through = 38;
    });
}

#[test]
fn life_after_done_is_found() {
    broken(Rule::AfterDone, "Granted", |it| insert(it, 20, (1, GRANTED, 1, 40, 4, 3, "a", 39)));
}

#[test]
fn grants_of_a_paused_job_are_found() {
    let rule = Rule::Barrier;
    broken(rule, "job Paused", |it| it.entries.swap(12, 13));
    broken(rule, "is held, job Cancelled", |it| {
        let rows = vec![held((1, 1, 40, 1), "a", 7), pending((2, 40, 100, 0))];
        cut(it, 3, "cancelled", rows);
        insert(it, 3, (JOB, Event::Job(JobState::Cancelled), 1, 100, 0, 1, "", 0));
    });
}

#[test]
fn a_job_that_ends_twice_or_too_early_is_found() {
    let rule = Rule::JobMoves;
    broken(rule, "from Done to Done", |it| insert(it, 21, (JOB, DONE, 1, 100, 0, 3, "", 0)));
    broken(rule, "done with 1 ranges open", |it| it.entries.swap(19, 20));
}

#[test]
fn tables_that_say_something_else_are_found() {
    let rule = Rule::Tables;
    broken(rule, "range 2: done under epoch 5", |it| it.rows[1].epoch = 5);
    broken(rule, "range 4 is missing", |it| drop(it.rows.pop()));
    broken(rule, "range 9 has no history", |it| it.rows.push(done((9, 1, 1, 0))));
    broken(rule, "the job is failed", |it| it.job.state = "failed".to_owned());
    broken(rule, "range 1: done under epoch 3 at 38", |it| it.rows[0].committed_through = 38);
}

#[test]
fn decisions_of_somebody_else_are_found() {
    let rule = Rule::Decisions;
    // The first owner of a range, after it was lost; nobody's; and the right owner's, before its time.
    for (app_id, session) in [(11, "a"), (80, "b"), (5, "z"), (51, "d")] {
        broken(rule, "did not hold", |it| it.log.push((9, app_id, session)));
    }
}

/// What stays in memory is one short record per range and per lease.
#[test]
fn a_hundred_thousand_ranges_are_replayed() {
    const RANGES: i64 = 100_000;
    let mut replay = Replay::new();
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
    let mut job = job("done");
    job.scope.hi = end;
    replay.finish(&job, &rows);
    replay.decision(1, 77_777, "a");
    for rule in Rule::ALL {
        assert_eq!(replay.findings().of(rule), (0, ""), "{rule:?}");
    }
}

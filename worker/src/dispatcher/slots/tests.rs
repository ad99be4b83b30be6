//! Every event in every state, as tables: what is done then, in this order.

use xmlx_domain::{Epoch, JobId, RangeId, Scope};

use super::*;

/// A lease of job 1 whose range is `n`: the ids from 100 n on.
fn lease(n: i64) -> Lease {
    let key = LeaseKey { job: JobId(1), range: RangeId(n), epoch: Epoch(1) };
    Lease { key, scope: Scope { lo: 100 * n, hi: 100 * n + 100 } }
}

fn granted(n: i64) -> Event {
    Event::Ordered(Order::Grant(lease(n)))
}

fn revoked(n: i64) -> Event {
    Event::Ordered(Order::Revoke(lease(n).key))
}

/// The pipeline of range `n` ends after two seconds; it has decided three applications, up to the id 100 n + 7.
fn ended(n: i64, outcome: Outcome) -> Event {
    let progress = Progress { committed_through: 100 * n + 7, apps: 3, ..Progress::none(lease(n)) };
    Event::Ended { progress, outcome, elapsed: Duration::from_secs(2) }
}

fn stuck(class: ErrorClass) -> Outcome {
    Outcome::Stuck { class, reason: "because".to_owned() }
}

fn expelled() -> Outcome {
    Outcome::Expelled(Error::Lost("refused".to_owned()))
}

/// An action in a word, its range, and what else is told of it.
fn text(action: &Action) -> String {
    match action {
        Action::Hold(lease) => format!("hold {}", lease.key.range),
        Action::Start(lease) => format!("start {}", lease.key.range),
        Action::Revoke(key) => format!("revoke {}", key.range),
        Action::Cut { key, at } => format!("cut {} at {at}", key.range),
        Action::Drop(key) => format!("drop {}", key.range),
        Action::ReportCredits => "credits".to_owned(),
        Action::Drain => "drain".to_owned(),
        Action::Expel(err) => format!("expel: {err}"),
        Action::Report(Report::Credits(_)) => panic!("how many is not decided here"),
        Action::Report(Report::Done { lease, apps, elapsed_ms }) => {
            format!("done {}: {apps} in {elapsed_ms} ms", lease.key.range)
        }
        Action::Report(Report::Released { lease, committed_through, class, reason }) => {
            let class = class.map_or("none", ErrorClass::as_str);
            format!("release {} at {committed_through}: {class} {reason}", lease.key.range)
                .trim_end()
                .to_owned()
        }
        Action::Report(Report::Trouble { job, class, reason }) => {
            format!("trouble of job {job}: {} {reason}", class.as_str())
        }
        Action::Report(Report::Goodbye) => "goodbye".to_owned(),
    }
}

/// Applies events one after the other and compares what follows from each.
#[track_caller]
fn check(slots_max: u32, steps: Vec<(Event, &[&str])>) -> Slots {
    let mut slots = Slots::new(slots_max);
    for (event, expected) in steps {
        let shown = format!("{event:?}");
        let actions: Vec<String> = slots.apply(event).iter().map(text).collect();
        assert_eq!(actions, expected, "{shown}");
    }
    slots
}

#[test]
fn a_lease_starts_where_a_slot_is_free_and_waits_where_none_is() {
    check(
        2,
        vec![
            (granted(1), &["hold 1", "start 1", "credits"]),
            (granted(2), &["hold 2", "start 2", "credits"]),
            (granted(3), &["hold 3", "credits"]),
            (granted(4), &["hold 4", "credits"]),
            (ended(2, Outcome::Done), &["done 2: 3 in 2000 ms", "start 3", "credits"]),
            (ended(1, Outcome::Done), &["done 1: 3 in 2000 ms", "start 4", "credits"]),
            (ended(3, Outcome::Done), &["done 3: 3 in 2000 ms", "credits"]),
        ],
    );
}

#[test]
fn a_worker_has_at_least_one_slot() {
    check(0, vec![(granted(1), &["hold 1", "start 1", "credits"])]);
}

#[test]
fn a_grant_that_is_repeated_changes_nothing() {
    check(
        1,
        vec![
            (granted(1), &["hold 1", "start 1", "credits"]),
            (granted(2), &["hold 2", "credits"]),
            (granted(1), &[]),
            (granted(2), &[]),
            // Under a later epoch it is another lease; a range that has been given back may come again.
            (ended(1, Outcome::Gone), &["release 1 at 107: fenced", "start 2", "credits"]),
            (granted(1), &["hold 1", "credits"]),
        ],
    );
}

#[test]
fn what_waits_is_dropped_when_it_is_revoked_and_what_runs_stops() {
    check(
        1,
        vec![
            (granted(1), &["hold 1", "start 1", "credits"]),
            (granted(2), &["hold 2", "credits"]),
            (granted(3), &["hold 3", "credits"]),
            (revoked(2), &["drop 2", "credits"]),
            (revoked(1), &["revoke 1"]),
            (revoked(9), &[]),
            (ended(1, Outcome::Gone), &["release 1 at 107: fenced", "start 3", "credits"]),
        ],
    );
}

#[test]
fn a_cut_is_passed_on_whatever_is_held() {
    let key = lease(1).key;
    check(1, vec![(Event::Ordered(Order::Split { key, at: 150 }), &["cut 1 at 150"])]);
}

/// The next owner takes what is left; who caused it, and whether the whole job is concerned, is told by the class.
#[test]
fn each_end_of_a_pipeline_is_reported_as_what_it_is() {
    for (outcome, expected) in [
        (Outcome::Done, &["done 1: 3 in 2000 ms", "credits"][..]),
        (Outcome::Gone, &["release 1 at 107: fenced", "credits"]),
        (Outcome::Drained, &["release 1 at 107: none", "credits"]),
        (stuck(ErrorClass::Transient), &["release 1 at 107: transient because", "credits"]),
        (stuck(ErrorClass::Ambiguous), &["release 1 at 107: ambiguous because", "credits"]),
        (stuck(ErrorClass::Fenced), &["release 1 at 107: fenced because", "credits"]),
        (
            stuck(ErrorClass::Capacity),
            &[
                "trouble of job 1: capacity because",
                "release 1 at 107: capacity because",
                "credits",
            ],
        ),
        (
            stuck(ErrorClass::Data),
            &["trouble of job 1: data because", "release 1 at 107: data because", "credits"],
        ),
        (
            stuck(ErrorClass::Unclear),
            &["trouble of job 1: unclear because", "release 1 at 107: unclear because", "credits"],
        ),
        (
            stuck(ErrorClass::Fatal),
            &["trouble of job 1: fatal because", "release 1 at 107: fatal because", "credits"],
        ),
    ] {
        let first = (granted(1), &["hold 1", "start 1", "credits"][..]);
        check(1, vec![first, (ended(1, outcome), expected)]);
    }
}

#[test]
fn a_drain_gives_back_what_waits_and_ends_with_what_runs() {
    let drained = check(
        2,
        vec![
            (granted(1), &["hold 1", "start 1", "credits"]),
            (granted(2), &["hold 2", "start 2", "credits"]),
            (granted(3), &["hold 3", "credits"]),
            (
                Event::Ordered(Order::Drain),
                &["drain", "credits", "drop 3", "release 3 at 299: none"],
            ),
            // Asked again, or given a lease that was on its way.
            (Event::DrainRequested, &[]),
            (granted(4), &["release 4 at 399: none"]),
            (revoked(2), &["revoke 2"]),
            (ended(1, Outcome::Drained), &["release 1 at 107: none"]),
            (ended(2, Outcome::Done), &["done 2: 3 in 2000 ms", "goodbye"]),
        ],
    );
    assert!(drained.has_ended());
}

#[test]
fn a_drain_without_leases_ends_at_once() {
    let working = Slots::new(1);
    assert!(!working.is_draining() && !working.has_ended(), "idle is not over");
    for event in [Event::DrainRequested, Event::Ordered(Order::Drain)] {
        let drained = check(1, vec![(event, &["drain", "credits", "goodbye"])]);
        assert!(drained.is_draining() && drained.has_ended());
    }
}

#[test]
fn a_drain_is_not_over_while_something_runs() {
    let draining = check(
        1,
        vec![
            (granted(1), &["hold 1", "start 1", "credits"]),
            (Event::DrainRequested, &["drain", "credits"]),
        ],
    );
    assert!(draining.is_draining() && !draining.has_ended());
}

#[test]
fn a_worker_that_the_database_expels_gives_everything_back_and_ends() {
    let lost = "the connection to the database failed: refused";
    let expel = format!("expel: {lost}");
    let drained = check(
        2,
        vec![
            (granted(1), &["hold 1", "start 1", "credits"]),
            (granted(2), &["hold 2", "start 2", "credits"]),
            (granted(3), &["hold 3", "credits"]),
            (
                ended(1, expelled()),
                &[
                    "release 1 at 107: transient",
                    &expel,
                    "drain",
                    "credits",
                    "drop 3",
                    "release 3 at 299: none",
                ],
            ),
            (ended(2, expelled()), &["release 2 at 207: transient", &expel, "goodbye"]),
        ],
    );
    assert!(drained.has_ended());
    check(
        1,
        vec![
            (granted(1), &["hold 1", "start 1", "credits"]),
            (
                ended(1, expelled()),
                &["release 1 at 107: transient", &expel, "drain", "credits", "goodbye"],
            ),
        ],
    );
}

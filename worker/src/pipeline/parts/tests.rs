//! Which applications are tried together, and what a refusal costs.

use std::collections::BTreeSet;

use xmlx_domain::{LogReason, Stage};
use xmlx_extract::{Application, Value};

use super::*;

fn with_rows(rows: [usize; 2]) -> Decided {
    let tables = rows.map(|n| vec![Box::from([Value::Null]); n]).to_vec();
    Decided::Rows(Application { app_id: 1, tables, warnings: Vec::new(), defaults: Vec::new() })
}

fn failed() -> Decided {
    Decided::Failed { app_id: 1, reason: LogReason::new(Stage::Mapping, "") }
}

#[test]
fn no_part_has_more_rows_of_a_table_than_asked_for() {
    let check = |group: &[Decided], expected: &[usize]| {
        let mut parts = Parts::new(10, 0.0);
        let mut found = Vec::new();
        while let Some(step) = parts.next(group) {
            let Step::Commit(part) = step else { panic!("nothing was refused") };
            found.push(part.len());
            parts.committed(&part);
        }
        assert_eq!(found, expected);
    };
    check(&[with_rows([5, 1]), with_rows([5, 9])], &[2]);
    check(&[with_rows([5, 1]), with_rows([5, 10])], &[1, 1]);
    check(&[with_rows([6, 0]), failed(), with_rows([5, 0])], &[2, 1]);
    check(&[with_rows([99, 0]), with_rows([1, 0])], &[1, 1]);
    check(&[with_rows([1, 0]), with_rows([99, 0]), failed()], &[1, 2]);
    check(&vec![failed(); 25], &[10, 10, 5]);
}

/// A database that refuses some applications of a group.
struct Database {
    refuses: BTreeSet<usize>,
    blame: Blame,
    /// Whether it can say at once which ones it refuses.
    searches: bool,
    /// Whether an error dooms the transaction that a search runs in.
    dooms: bool,
    /// Commits that were tried.
    commits: usize,
    searches_made: usize,
}

impl Database {
    fn refuses(&self, group: &[Decided], i: usize) -> bool {
        self.refuses.contains(&i) && matches!(group[i], Decided::Rows(_))
    }

    /// How many applications a search tries, and which of them it finds.
    fn search(&self, group: &[Decided], part: Range<usize>) -> (usize, Vec<usize>) {
        let mut found = Vec::new();
        for i in part.clone().filter(|i| self.refuses(group, *i)) {
            if self.blame == Blame::Unproven {
                return (i - part.start, found);
            }
            found.push(i);
            if self.dooms {
                return (i + 1 - part.start, found);
            }
        }
        (part.len(), found)
    }
}

/// Commits a group as the stage does. Returns what is in, what failed, and how it ended.
fn commit(
    parts: &mut Parts,
    db: &mut Database,
    n: usize,
) -> (Vec<usize>, Vec<usize>, Option<Refused>) {
    let mut group = vec![with_rows([1, 0]); n];
    let (mut through, mut guilty) = (Vec::new(), Vec::new());
    parts.begin(0);
    while let Some(step) = parts.next(&group) {
        let part = match step {
            Step::Commit(part) => part,
            Step::Search(part) if db.searches => {
                db.searches_made += 1;
                let (n_tried, found) = db.search(&group, part.clone());
                found.iter().for_each(|i| group[*i] = failed());
                let tried = &group[part.start..part.start + n_tried];
                let n_through = tried.iter().filter(|app| app.rows() > 0).count();
                parts.searched(&part, n_tried, found.len(), n_through);
                continue;
            }
            Step::Search(part) => {
                parts.not_searched(&part);
                continue;
            }
        };
        db.commits += 1;
        if !part.clone().any(|i| db.refuses(&group, i)) {
            parts.committed(&part);
            for i in part {
                if matches!(group[i], Decided::Rows(_)) { through.push(i) } else { guilty.push(i) }
            }
            continue;
        }
        match parts.refused(&part, db.blame) {
            Refused::Divided => (),
            Refused::Guilty(i) => group[i] = failed(),
            Refused::Hopeless => return (through, guilty, Some(Refused::Hopeless)),
        }
    }
    (through, guilty, None)
}

fn database(refuses: &[usize], blame: Blame) -> Database {
    Database {
        refuses: refuses.iter().copied().collect(),
        blame,
        searches: true,
        dooms: false,
        commits: 0,
        searches_made: 0,
    }
}

#[test]
fn the_guilty_are_found_and_their_neighbours_get_through() {
    for (blame, searches, dooms) in [
        (Blame::Application, true, false),
        (Blame::Application, true, true),
        (Blame::Application, false, false),
        (Blame::Unproven, true, false),
        (Blame::Unproven, false, false),
    ] {
        for n in 1..40 {
            for seed in 0..n {
                let refuses = [seed, (seed * 7 + 3) % n];
                let mut db = Database { searches, dooms, ..database(&refuses, blame) };
                // Once where refusals are rare, and once where they are frequent.
                for share in [0.0, 1.0] {
                    let mut parts = Parts::new(1000, share);
                    let (through, guilty, ended) = commit(&mut parts, &mut db, n);
                    assert_eq!(ended, None);
                    let innocent: Vec<usize> = (0..n).filter(|i| !refuses.contains(i)).collect();
                    assert_eq!(through, innocent, "{n} {refuses:?}");
                    let mut expected: Vec<usize> = db.refuses.iter().copied().collect();
                    if blame == Blame::Unproven {
                        // What stands at the end waits for one that gets through.
                        expected.retain(|i| innocent.iter().any(|other| other > i));
                    }
                    assert_eq!(guilty, expected, "{n} {refuses:?}");
                }
            }
        }
    }
}

/// Round trips (commits and searches) for 10,000 applications in groups of 100, of which one in `one_in` is refused.
fn round_trips(one_in: usize, searches: bool, dooms: bool) -> usize {
    let mut parts = Parts::new(1000, 0.0);
    let (mut round_trips, mut guilty) = (0, 0);
    for group in 0..100 {
        // One at any place of each stretch.
        let refuses: Vec<usize> = (0..100)
            .step_by(one_in)
            .map(|start| start + (group * 37 + start * 3 + 11) % one_in)
            .collect();
        let mut db = Database { searches, dooms, ..database(&refuses, Blame::Application) };
        guilty += commit(&mut parts, &mut db, 100).1.len();
        round_trips += db.commits + db.searches_made;
    }
    assert_eq!(guilty, 10_000 / one_in);
    round_trips
}

#[test]
fn refusals_cost_few_round_trips() {
    let figures = [
        ("one in 100, searched", round_trips(100, true, false), 800),
        ("one in 100, halved", round_trips(100, false, false), 1_000),
        ("one in 10, searched", round_trips(10, true, false), 220),
        ("one in 10, each ending its search", round_trips(10, true, true), 2_300),
        ("one in 10, halved", round_trips(10, false, false), 7_000),
    ];
    for (case, found, most) in figures {
        println!("{case}: {found} round trips");
        assert!(found <= most, "{case}: {found}, {most} at the most");
    }
}

#[test]
fn what_follows_held_ones_and_is_refused_waits_with_them() {
    let group = vec![with_rows([1, 0]); 6];
    let mut parts = Parts::new(1000, 0.0);
    parts.begin(2);
    let Some(Step::Commit(all)) = parts.next(&group) else { panic!("committed first") };
    assert_eq!(parts.refused(&all, Blame::Application), Refused::Divided);
    assert_eq!(parts.next(&group), Some(Step::Search(0..6)));
    parts.searched(&(0..6), 4, 2, 0);
    assert_eq!(parts.next(&group), Some(Step::Search(0..6)), "four wait for one that gets through");
    parts.searched(&(0..6), 6, 1, 1);
    assert_eq!(parts.next(&group), Some(Step::Commit(0..6)));
}

#[test]
fn nothing_fails_for_an_error_that_all_meet() {
    let all: Vec<usize> = (0..20).collect();
    let mut db = database(&all, Blame::Unproven);
    let (through, guilty, ended) = commit(&mut Parts::new(1000, 0.0), &mut db, 20);
    assert_eq!((through, guilty, ended), (vec![], vec![], Some(Refused::Hopeless)));
    let mut db = database(&all, Blame::Application);
    assert_eq!(commit(&mut Parts::new(1000, 0.0), &mut db, 20).1, all, "data is data");
}

#[test]
fn what_takes_too_long_is_tried_one_by_one() {
    let group = vec![with_rows([1, 0]); 8];
    let mut parts = Parts::new(1000, 0.0);
    parts.begin(0);
    assert_eq!(parts.next(&group), Some(Step::Commit(0..8)));
    assert!(parts.slowed(&(0..8)));
    assert_eq!(parts.next(&group), Some(Step::Commit(0..1)));
    parts.committed(&(0..1));
    assert_eq!(parts.next(&group), Some(Step::Commit(1..3)), "more again, step by step");
    assert!(parts.slowed(&(1..3)) && !parts.slowed(&(1..2)), "it cannot be smaller");
}

#[test]
fn what_is_left_of_a_group_goes_with_the_next() {
    let mut parts = Parts::new(1000, 0.0);
    parts.begin(0);
    assert_eq!(parts.refused(&(0..1), Blame::Unproven), Refused::Guilty(0));
    assert_eq!(parts.next(&[failed()]), None, "it may not be committed alone");
    assert_eq!(parts.n_done(), 0);
    parts.begin(1);
    assert_eq!(parts.next(&[failed(), with_rows([1, 0])]), Some(Step::Commit(0..2)));
}

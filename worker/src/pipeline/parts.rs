//! Which applications of a group go into the next commit: no more rows at once than asked for and, where the database
//! refuses a commit, fewer and fewer until the guilty application stands alone.

use std::ops::Range;

use xmlx_store::Decided;

/// So many applications in a row that the database refused alone, for an error that is not known to be an
/// application's own, and nothing else got through: then it is not the applications.
const UNPROVEN_MAX: usize = 5;

/// The state of a search. Everything before `at` is in; `held` applications from there on are to be recorded as failed.
#[derive(Debug)]
pub(super) struct Parts {
    /// The most rows of one table in one commit, of the log as well: a server that locks row by row turns many locks
    /// of one statement into one on the table.
    rows_max: usize,
    /// The most applications in one commit. Halved by a refusal and half as much again after a success: with one
    /// application in 100 refused it stays near 45, with one in 10 near 4, so that little is undone and tried again.
    apps_max: usize,
    at: usize,
    /// Applications from `at` on that failed for an error which is not known to be their own. They are committed only
    /// together with one that gets through: had the error another cause, that one would be refused, too.
    held: usize,
    /// One past the end of the shortest part from `at` on that was refused, while the guilty one is looked for.
    refused_to: Option<usize>,
}

/// Whose fault a refusal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blame {
    /// The error is one of data.
    Application,
    /// It is an application's only if others get through.
    Unproven,
}

/// What follows from a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// Fewer are tried next.
    Divided,
    /// It is this one.
    Guilty(usize),
    /// Nothing gets through: it is not the applications.
    Hopeless,
}

impl Parts {
    pub(super) fn new(rows_max: u32) -> Self {
        Self {
            rows_max: usize::try_from(rows_max).unwrap_or(usize::MAX),
            apps_max: usize::MAX,
            at: 0,
            held: 0,
            refused_to: None,
        }
    }

    /// Begins with a group, whose first `held` applications were left over from the one before.
    pub(super) fn begin(&mut self, held: usize) {
        (self.at, self.held, self.refused_to) = (0, held, None);
    }

    /// The applications of the group that are in.
    pub(super) fn n_done(&self) -> usize {
        self.at
    }

    /// The next part; `None` where nothing is left but what may not be committed alone.
    pub(super) fn next(&self, group: &[Decided]) -> Option<Range<usize>> {
        let first = self.at + self.held;
        if first >= group.len() {
            return None;
        }
        // A cut of the range may have taken the end of a search away.
        let end = match self.refused_to.map(|end| end.min(group.len())) {
            Some(end) => first + ((end - first) / 2).max(1),
            None => self.full_end(group),
        };
        Some(self.at..end.max(first + 1))
    }

    /// Where a part ends that is not part of a search.
    fn full_end(&self, group: &[Decided]) -> usize {
        let mut rows: Vec<usize> = Vec::new();
        let apps_max = self.rows_max.min(self.apps_max);
        for (n, app) in group[self.at..].iter().enumerate() {
            let tables: &[Vec<_>] = match app {
                Decided::Rows(application) => &application.tables,
                Decided::Failed { .. } | Decided::Elsewhere { .. } => &[],
            };
            rows.resize(rows.len().max(tables.len()), 0);
            let is_full =
                rows.iter().zip(tables).any(|(sum, more)| sum + more.len() > self.rows_max);
            if n > 0 && (is_full || n >= apps_max) {
                return self.at + n;
            }
            rows.iter_mut().zip(tables).for_each(|(sum, more)| *sum += more.len());
        }
        group.len()
    }

    /// A part is in.
    pub(super) fn committed(&mut self, part: &Range<usize>) {
        (self.at, self.held) = (part.end, 0);
        if self.refused_to.is_none() {
            self.apps_max = self.apps_max.saturating_add(self.apps_max / 2).saturating_add(1);
        }
        // The rest of what was refused holds the guilty one.
        self.refused_to = self.refused_to.filter(|end| *end > part.end);
    }

    /// A part was not answered in time. Whether a smaller one can be tried: one application at a time, since each try
    /// takes a minute, and a lease that shows no progress for five goes to another worker.
    pub(super) fn slowed(&mut self, part: &Range<usize>) -> bool {
        (self.apps_max, self.refused_to) = (1, None);
        part.len() - self.held > 1
    }

    /// A part was refused, and nothing of it is in.
    pub(super) fn refused(&mut self, part: &Range<usize>, blame: Blame) -> Refused {
        let n_tried = part.len() - self.held;
        if n_tried > 1 {
            if self.refused_to.is_none() {
                self.apps_max = part.len().div_ceil(2);
            }
            self.refused_to = Some(part.end);
            return Refused::Divided;
        }
        self.refused_to = None;
        if blame == Blame::Unproven || self.held > 0 {
            self.held += 1;
        }
        if self.held >= UNPROVEN_MAX && blame == Blame::Unproven {
            return Refused::Hopeless;
        }
        Refused::Guilty(part.end - 1)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use xmlx_extract::{Application, Value};

    use xmlx_domain::{LogReason, Stage};

    use super::*;

    fn with_rows(rows: [usize; 2]) -> Decided {
        let tables = rows.map(|n| vec![Box::from([Value::Null]); n]).to_vec();
        Decided::Rows(Application { app_id: 1, tables, warnings: Vec::new() })
    }

    fn failed() -> Decided {
        Decided::Failed { app_id: 1, reason: LogReason::new(Stage::Mapping, "") }
    }

    #[test]
    fn no_part_has_more_rows_of_a_table_than_asked_for() {
        let check = |group: &[Decided], expected: &[usize]| {
            let mut parts = Parts::new(10);
            let mut found = Vec::new();
            while let Some(part) = parts.next(group) {
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
        commits: usize,
        attempts: usize,
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
        while let Some(part) = parts.next(&group) {
            db.attempts += 1;
            let is_refused = part
                .clone()
                .any(|i| db.refuses.contains(&i) && matches!(group[i], Decided::Rows(_)));
            if !is_refused {
                db.commits += 1;
                parts.committed(&part);
                for i in part {
                    if matches!(group[i], Decided::Rows(_)) {
                        through.push(i)
                    } else {
                        guilty.push(i)
                    }
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
        Database { refuses: refuses.iter().copied().collect(), blame, commits: 0, attempts: 0 }
    }

    #[test]
    fn the_guilty_are_found_and_their_neighbours_get_through() {
        for blame in [Blame::Application, Blame::Unproven] {
            for n in 1..40 {
                for seed in 0..n {
                    let refuses = [seed, (seed * 7 + 3) % n];
                    let mut db = database(&refuses, blame);
                    let (through, guilty, ended) = commit(&mut Parts::new(1000), &mut db, n);
                    assert_eq!(ended, None);
                    let innocent: Vec<usize> = (0..n).filter(|i| !refuses.contains(i)).collect();
                    assert_eq!(through, innocent, "{n} {refuses:?}");
                    let mut expected: Vec<usize> = db.refuses.into_iter().collect();
                    if blame == Blame::Unproven {
                        // What stands at the end waits for one that gets through.
                        expected.retain(|i| innocent.iter().any(|other| other > i));
                    }
                    assert_eq!(guilty, expected, "{n} {refuses:?}");
                }
            }
        }
    }

    #[test]
    fn one_in_a_hundred_costs_few_attempts() {
        let mut parts = Parts::new(1000);
        let (mut attempts, mut guilty) = (0, 0);
        for group in 0..100 {
            let mut db = database(&[(group * 37 + 11) % 100], Blame::Application);
            guilty += commit(&mut parts, &mut db, 100).1.len();
            attempts += db.attempts;
        }
        assert_eq!(guilty, 100);
        assert!(attempts <= 1_000, "{attempts} for 100 groups with a refused application each");
    }

    #[test]
    fn nothing_fails_for_an_error_that_all_meet() {
        let all: Vec<usize> = (0..20).collect();
        let mut db = database(&all, Blame::Unproven);
        let (through, guilty, ended) = commit(&mut Parts::new(1000), &mut db, 20);
        assert_eq!((through, guilty, ended), (vec![], vec![], Some(Refused::Hopeless)));
        let mut db = database(&all, Blame::Application);
        assert_eq!(commit(&mut Parts::new(1000), &mut db, 20).1, all, "data is data");
    }

    #[test]
    fn what_takes_too_long_is_tried_one_by_one() {
        let group = vec![with_rows([1, 0]); 8];
        let mut parts = Parts::new(1000);
        parts.begin(0);
        assert!(parts.slowed(&parts.next(&group).unwrap()));
        assert_eq!(parts.next(&group), Some(0..1));
        parts.committed(&(0..1));
        assert_eq!(parts.next(&group), Some(1..3), "more again, step by step");
        assert!(parts.slowed(&(1..3)) && !parts.slowed(&(1..2)), "it cannot be smaller");
    }

    #[test]
    fn what_is_left_of_a_group_goes_with_the_next() {
        let mut parts = Parts::new(1000);
        parts.begin(0);
        assert_eq!(parts.refused(&(0..1), Blame::Unproven), Refused::Guilty(0));
        assert_eq!(parts.next(&[failed()]), None, "it may not be committed alone");
        assert_eq!(parts.n_done(), 0);
        parts.begin(1);
        assert_eq!(parts.next(&[failed(), with_rows([1, 0])]), Some(0..2));
    }
}

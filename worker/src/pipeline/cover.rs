//! What is seen of the documents of a lease beside their rows: the commit writes it beside the cursor.

use std::collections::BTreeMap;

use xmlx_domain::Mode;
use xmlx_extract::{ChangeCounts, Changed, Counted};
use xmlx_report::Covered;
use xmlx_store::Decided;

use super::Seen;

/// What a lease has seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Sights {
    /// What the documents have, where the job counts it.
    pub(super) coverage: Option<Covered>,
    /// What another contract changes, where the job compares two.
    pub(super) changes: Option<ChangeCounts>,
}

/// What a lease has seen so far, and what waits for its commit.
#[derive(Debug)]
pub(super) struct Watch {
    now: Sights,
    /// The same once the commit under way is in.
    next: Sights,
    /// What the documents have that wait. One that could not be read is not among them.
    counted: BTreeMap<i64, Counted>,
    changed: BTreeMap<i64, Changed>,
}

impl Watch {
    /// Begins a lease of a job.
    pub(super) fn begin(mode: Mode) -> Self {
        let now = Sights {
            coverage: mode.covers().then(Covered::default),
            changes: (mode == Mode::Diff).then(ChangeCounts::default),
        };
        let next = now.clone();
        Self { now, next, counted: BTreeMap::new(), changed: BTreeMap::new() }
    }

    /// Takes in what was seen of a group. What was not committed of the group before is for somebody else.
    pub(super) fn take_in(&mut self, seen: Seen) {
        self.counted = seen.counted.into_iter().collect();
        self.changed = seen.changed.into_iter().collect();
    }

    /// What the lease has seen once a part of the group is committed.
    pub(super) fn keep(&mut self, decided: &[Decided]) -> Sights {
        self.next.clone_from(&self.now);
        if let Some(coverage) = &mut self.next.coverage {
            coverage.add(decided.iter().map(|app| self.counted.get(&app.app_id())));
            for app in decided {
                if let Decided::Failed { app_id, reason } = app {
                    coverage.add_without_rows(*app_id, reason);
                }
            }
        }
        if let Some(changes) = &mut self.next.changes {
            for app in decided {
                match self.changed.get(&app.app_id()) {
                    Some(changed) => changes.add(changed),
                    // No contract gives rows for what could not be read.
                    None => changes.documents += 1,
                }
            }
        }
        self.next.clone()
    }

    /// The commit is in.
    pub(super) fn record(&mut self) {
        self.now.clone_from(&self.next);
    }
}

#[cfg(test)]
mod tests {
    use xmlx_domain::{LogReason, Stage};
    use xmlx_extract::{Counting, Limits, Plan, PlanPair};

    use super::*;

    fn failed(app_id: i64) -> Decided {
        Decided::Failed { app_id, reason: LogReason::new(Stage::Mapping, "no id") }
    }

    fn of(counted: Vec<(i64, Counted)>) -> Seen {
        Seen { counted, ..Seen::default() }
    }

    #[test]
    fn only_what_is_committed_counts_and_once() {
        let mut counting = Counting::new();
        for app_id in 1..=4 {
            counting.add(app_id, "<a><b/></a>", &Limits::default()).unwrap();
        }
        let mut watch = Watch::begin(Mode::Cover);
        watch.take_in(of(counting.take()));
        let seen = |sights: &Sights| {
            let covered = sights.coverage.as_ref().unwrap();
            (covered.paths.n_documents(), covered.unreadable, covered.n_without_rows())
        };
        assert_eq!(seen(&watch.keep(&[failed(1), failed(2)])), (2, 0, 2));
        // Its answer was lost and the range was cut: a smaller part is tried.
        assert_eq!(seen(&watch.keep(&[failed(1)])), (1, 0, 1));
        watch.record();
        assert_eq!(seen(&watch.keep(&[failed(2), failed(3)])), (3, 0, 3));
        watch.record();
        // Application 9 could not be read, and 4 is never committed here.
        counting.add(8, "<a/>", &Limits::default()).unwrap();
        watch.take_in(of(counting.take()));
        let all = watch.keep(&[failed(8), failed(9)]);
        assert_eq!(seen(&all), (4, 1, 5));
        let reasons = &all.coverage.unwrap().without_rows;
        assert_eq!((reasons[0].first, reasons[0].last), (1, 9));
        assert!(all.changes.is_none());
    }

    #[test]
    fn changes_count_with_their_commit() {
        let plan = |column: &str| {
            Plan::from_json(&format!(
                "format = 2\n[source]\ntable = 'dbo.t'\ndocument = 'd'\n\
                 [[table]]\nname = 'o'\nrows = '/o'\ncolumns = {{ n = '{column}' }}\n"
            ))
            .unwrap()
        };
        let (old, new) = (plan("@n"), plan("@m"));
        let pair = PlanPair::new(&old, &new);
        let changed = (1..=3).map(|app_id| {
            let mapped = [&old, &new].map(|plan| plan.map("<o n='1'/>", Some(app_id)));
            let [old, new] = mapped;
            (app_id, pair.changed(app_id, &old, &new, |rejection| rejection.reason.clone()).0)
        });
        let mut watch = Watch::begin(Mode::Diff);
        watch.take_in(Seen { changed: changed.collect(), ..Seen::default() });
        let seen = |sights: Sights| sights.changes.map(|counts| (counts.documents, counts.changed));
        assert_eq!(seen(watch.keep(&[failed(1), failed(2)])), Some((2, 2)));
        watch.record();
        assert_eq!(seen(watch.keep(&[failed(3)])), Some((3, 3)));
    }
}

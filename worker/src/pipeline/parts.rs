//! Which applications of a group go into the next commit: no more rows at once than asked for and, where the database
//! refuses a commit, fewer, until the guilty applications are found: by a search where these are few enough to be tried
//! one by one or where many are refused, else by halves.

use std::ops::Range;

use xmlx_store::Decided;

/// So many applications in a row that the database refused alone, for an error that is not known to be an
/// application's own, and nothing else got through: then it is not the applications.
const UNPROVEN_MAX: usize = 5;

/// A refused part with no more applications is searched. A search costs as many inserts as there are applications, and
/// halving about five commits for each that is refused, with a round trip and a probe of the connection each.
const SEARCHED_AFTER_HALVING: usize = 16;

/// From this share of refused applications on, each part is searched before it is committed: nearly every commit would
/// be refused. At one in 20 a search of 20 applications costs about as much as finding one of them by halves.
const FREQUENT: f64 = 0.05;

/// The most applications in one search: it holds its locks while it tries them one by one, and what comes behind an
/// error that ends it was tried in vain.
const SEARCHED_MAX: usize = 100;

/// The share of refused applications is that of about so many of the last ones.
const SHARE_OF: f64 = 30.0;

/// The state of a search. Everything before `at` is in; `held` applications from there on are to be recorded as failed.
#[derive(Debug)]
pub(super) struct Parts {
    /// The most rows of one table in one commit, of the log as well: a server that locks row by row turns many locks
    /// of one statement into one on the table.
    rows_max: usize,
    /// The most applications in one commit. Halved by a refusal and half as much again after a success: with one
    /// application in 100 refused it stays near 45, so that little is undone and tried again.
    apps_max: usize,
    at: usize,
    /// Applications from `at` on that failed for an error which is not known to be their own. They are committed only
    /// together with one that gets through: had the error another cause, that one would be refused, too.
    held: usize,
    /// One past the end of the shortest part from `at` on that was refused, while the guilty one is looked for.
    refused_to: Option<usize>,
    /// One past the last application that was searched: none is searched twice.
    searched_to: usize,
    /// One past the last application that a search leaves to be committed.
    ready_to: Option<usize>,
    /// The share of applications that were refused lately.
    share: f64,
    /// Applications from `at` on that were found guilty.
    n_guilty: usize,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Find out which of these applications the database refuses.
    Search(Range<usize>),
    /// Commit these.
    Commit(Range<usize>),
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
    /// `share` of the job's applications were refused lately.
    pub(super) fn new(rows_max: u32, share: f64) -> Self {
        Self {
            rows_max: usize::try_from(rows_max).unwrap_or(usize::MAX),
            apps_max: usize::MAX,
            at: 0,
            held: 0,
            refused_to: None,
            searched_to: 0,
            ready_to: None,
            share,
            n_guilty: 0,
        }
    }

    /// The share of applications that were refused lately.
    pub(super) fn share(&self) -> f64 {
        self.share
    }

    /// Begins with a group, whose first `held` applications were left over from the one before.
    pub(super) fn begin(&mut self, held: usize) {
        (self.at, self.held, self.refused_to) = (0, held, None);
        (self.searched_to, self.ready_to, self.n_guilty) = (0, None, 0);
    }

    /// The applications of the group that are in.
    pub(super) fn n_done(&self) -> usize {
        self.at
    }

    /// The next step; `None` where nothing is left but what may not be committed alone.
    pub(super) fn next(&self, group: &[Decided]) -> Option<Step> {
        let first = self.at + self.held;
        if first >= group.len() {
            return None;
        }
        // A cut of the range may have taken the end of what was searched or refused away.
        if let Some(ready_to) = self.ready_to {
            return Some(Step::Commit(self.at..ready_to.min(group.len())));
        }
        let is_new = first >= self.searched_to;
        let Some(refused_to) = self.refused_to.map(|end| end.min(group.len())) else {
            let is_searched = is_new && self.share >= FREQUENT;
            let apps_max = if is_searched { SEARCHED_MAX } else { self.apps_max };
            let part = self.at..self.full_end(group, apps_max).max(first + 1);
            return Some(if is_searched { Step::Search(part) } else { Step::Commit(part) });
        };
        let n_refused = refused_to.saturating_sub(first);
        if is_new && (2..=SEARCHED_AFTER_HALVING).contains(&n_refused) {
            return Some(Step::Search(self.at..refused_to));
        }
        Some(Step::Commit(self.at..first + (n_refused / 2).max(1)))
    }

    /// Where a part ends that is not part of a search.
    fn full_end(&self, group: &[Decided], apps_max: usize) -> usize {
        let mut rows: Vec<usize> = Vec::new();
        let apps_max = self.rows_max.min(apps_max);
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
        let n = f64::from(u32::try_from(part.len()).unwrap_or(u32::MAX));
        let n_guilty = f64::from(u32::try_from(self.n_guilty).unwrap_or(u32::MAX));
        self.share += (n_guilty - n * self.share) / (n + SHARE_OF);
        (self.at, self.held, self.n_guilty, self.ready_to) = (part.end, 0, 0, None);
        if self.refused_to.is_none() {
            self.apps_max = self.apps_max.saturating_add(self.apps_max / 2).saturating_add(1);
        }
        // The rest of what was refused holds the guilty one.
        self.refused_to = self.refused_to.filter(|end| *end > part.end);
    }

    /// A search of a part has ended: the first `n_tried` of its applications were tried, of which `n_guilty` are refused
    /// and are to be recorded as failed, while `n_through` of them have rows that get through.
    pub(super) fn searched(
        &mut self,
        part: &Range<usize>,
        n_tried: usize,
        n_guilty: usize,
        n_through: usize,
    ) {
        self.n_guilty += n_guilty;
        let tried_to = part.start + n_tried;
        if self.held > 0 && n_through == 0 && n_tried > self.held {
            // None of them shows that others get through.
            (self.held, self.searched_to) = (n_tried, tried_to);
            return;
        }
        // One that was not tried is committed alone, which shows what is wrong.
        self.searched_to = tried_to.max(self.at + self.held + 1);
        self.ready_to = Some(self.searched_to);
    }

    /// Nothing was found out about a part: it is committed as it is, or taken apart.
    pub(super) fn not_searched(&mut self, part: &Range<usize>) {
        self.searched_to = part.end;
    }

    /// A part was not answered in time. Whether a smaller one can be tried: one application at a time, since each try
    /// takes a minute, and a lease that shows no progress for five goes to another worker.
    pub(super) fn slowed(&mut self, part: &Range<usize>) -> bool {
        (self.apps_max, self.refused_to) = (1, None);
        (self.ready_to, self.share) = (None, 0.0);
        part.len() - self.held > 1
    }

    /// A part was refused, and nothing of it is in.
    pub(super) fn refused(&mut self, part: &Range<usize>, blame: Blame) -> Refused {
        let n_tried = part.len() - self.held;
        self.ready_to = None;
        if n_tried > 1 {
            if self.refused_to.is_none() {
                self.apps_max = part.len().div_ceil(2);
            }
            self.refused_to = Some(part.end);
            return Refused::Divided;
        }
        self.refused_to = None;
        self.n_guilty += 1;
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
mod tests;

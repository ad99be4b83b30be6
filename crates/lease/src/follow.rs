//! Jobs that follow their source: by what their scope grows, what is looked through next, and when their total is settled.
//!
//! Nothing tells when a document is filled in, when the row comes that makes it one of the job's line, or when a
//! transaction is committed that took its id long ago. So the whole scope is gone through, a page at a time.

use xmlx_domain::{RangeState, Scope};

use crate::overlap::Grows;

/// An end of a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Higher ids.
    Above,
    /// Lower ids.
    Below,
}

/// How far the search in a job's source has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Follow {
    /// Where the source ended at the latest search.
    seen: Option<i64>,
    /// Where the next page begins.
    next: Option<i64>,
    /// Applications that came late and cannot be taken yet.
    late: u64,
    /// The total is what has been decided, and nothing has come since.
    is_settled: bool,
}

/// What one search has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Search {
    /// Where the source ends now.
    pub end: i64,
    /// Where the next page of the scope begins.
    pub next: i64,
    /// Applications that came late in ranges that are worked on.
    pub held: u64,
    /// What is left to do.
    pub rest: Rest,
}

/// Whether a search has found anything to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// Nothing has come, and no range is open.
    Nothing,
    /// Something has come, or a range is open.
    Something,
}

/// Whether the job's total has to be set to what is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Total {
    /// It has to be settled now.
    Settle,
    /// It stays as it is.
    Keep,
}

impl Follow {
    /// Applications that came late and cannot be taken yet.
    #[must_use]
    pub fn late(self) -> u64 {
        self.late
    }

    /// The stretches beyond its scope that a job takes in, of a source that reaches over `source` now. Upwards the scope
    /// grows to where the source ended at the search before: ids below that have had their time to be committed,
    /// whatever order they were committed in.
    #[must_use]
    pub fn growth(self, scope: Scope, source: Scope, grows: Grows) -> Vec<(Side, Scope)> {
        let above = self.seen.map(|seen| Scope { lo: scope.hi, hi: seen.min(source.hi) });
        let below = match grows {
            Grows::Up => None,
            Grows::BothWays => Some(Scope { lo: source.lo, hi: scope.lo }),
        };
        let above = above.map(|ids| (Side::Above, ids));
        let below = below.map(|ids| (Side::Below, ids));
        above.into_iter().chain(below).filter(|(_, ids)| !ids.is_empty()).collect()
    }

    /// Where the next page of the scope begins.
    #[must_use]
    pub fn page_from(self, scope: Scope) -> i64 {
        self.next.filter(|next| scope.contains(*next)).unwrap_or(scope.lo)
    }

    /// Takes in what a search has found of a job that is read as the database has it (`false`: it is in doubt).
    pub fn searched(&mut self, search: Search, trust: Trust) -> Total {
        let Search { end, next, held, rest } = search;
        let is_quiet = rest == Rest::Nothing;
        let settles = is_quiet && !self.is_settled && trust == Trust::Certain;
        *self = Self {
            seen: Some(end),
            next: Some(next),
            late: held,
            is_settled: is_quiet && (self.is_settled || settles),
        };
        if settles { Total::Settle } else { Total::Keep }
    }
}

/// Whether table and database are known to agree about a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// They agree.
    Certain,
    /// The job is being read again.
    Doubted,
}

/// Where the page after one that began at `from` and was looked through up to `through` begins. A page in which
/// something waits is looked through again: it may be in a range that is worked on.
#[must_use]
pub fn next_page(from: i64, through: i64, n_late: usize) -> i64 {
    if n_late == 0 { through } else { from }
}

/// Whether what came late in a range of that state can be taken out of it: an owner that works on the range would go on
/// committing there.
#[must_use]
pub fn can_be_taken(state: RangeState) -> bool {
    match state {
        RangeState::Done => true,
        RangeState::Pending | RangeState::Leased => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCOPE: Scope = Scope { lo: 100, hi: 200 };

    fn search(end: i64, next: i64, rest: Rest) -> Search {
        Search { end, next, held: 0, rest }
    }

    fn after(searches: &[Search]) -> Follow {
        let mut follow = Follow::default();
        for search in searches {
            follow.searched(*search, Trust::Certain);
        }
        follow
    }

    #[test]
    fn a_scope_grows_to_where_the_source_ended_a_search_ago() {
        let source = |lo, hi| Scope { lo, hi };
        let seen = |end| after(&[search(end, 100, Rest::Something)]);
        let above = |hi| vec![(Side::Above, Scope { lo: 200, hi })];
        assert_eq!(Follow::default().growth(SCOPE, source(100, 300), Grows::Up), [], "the first");
        assert_eq!(seen(250).growth(SCOPE, source(100, 300), Grows::Up), above(250));
        assert_eq!(seen(250).growth(SCOPE, source(100, 230), Grows::Up), above(230), "it shrank");
        assert_eq!(seen(200).growth(SCOPE, source(100, 300), Grows::Up), [], "nothing new then");
        assert_eq!(seen(201).growth(SCOPE, source(100, 300), Grows::Up), above(201));
    }

    #[test]
    fn a_scope_grows_down_where_the_job_was_not_told_where_to_begin() {
        let below = |lo| vec![(Side::Below, Scope { lo, hi: 100 })];
        let growth = |lo, grows| Follow::default().growth(SCOPE, Scope { lo, hi: 200 }, grows);
        assert_eq!(growth(50, Grows::BothWays), below(50));
        assert_eq!(growth(99, Grows::BothWays), below(99));
        assert_eq!(growth(100, Grows::BothWays), []);
        assert_eq!(growth(50, Grows::Up), []);
    }

    #[test]
    fn the_scope_is_gone_through_page_by_page_and_from_the_beginning_again() {
        let at = |next| after(&[search(200, next, Rest::Something)]).page_from(SCOPE);
        assert_eq!(Follow::default().page_from(SCOPE), 100);
        for (next, from) in [(100, 100), (150, 150), (199, 199), (200, 100), (99, 100)] {
            assert_eq!(at(next), from, "{next}");
        }
        assert_eq!(next_page(100, 150, 0), 150);
        assert_eq!(next_page(100, 150, 1), 100, "what waits there may be taken the next time");
    }

    #[test]
    fn a_total_is_settled_once_until_something_comes() {
        let mut follow = Follow::default();
        let mut check = |rest, trust, expected, why: &str| {
            assert_eq!(follow.searched(search(200, 100, rest), trust), expected, "{why}");
        };
        check(Rest::Something, Trust::Certain, Total::Keep, "something is left");
        check(Rest::Nothing, Trust::Doubted, Total::Keep, "nobody knows");
        check(Rest::Nothing, Trust::Certain, Total::Settle, "everything is decided");
        check(Rest::Nothing, Trust::Certain, Total::Keep, "it is settled");
        check(Rest::Nothing, Trust::Doubted, Total::Keep, "it stays settled");
        check(Rest::Nothing, Trust::Certain, Total::Keep, "it stayed settled");
        check(Rest::Something, Trust::Certain, Total::Keep, "something has come");
        check(Rest::Nothing, Trust::Certain, Total::Settle, "and is decided");
    }

    #[test]
    fn what_came_late_is_counted_until_it_can_be_taken() {
        let mut follow = Follow::default();
        follow.searched(Search { held: 7, ..search(200, 100, Rest::Something) }, Trust::Certain);
        assert_eq!(follow.late(), 7);
        follow.searched(search(200, 100, Rest::Something), Trust::Certain);
        assert_eq!(follow.late(), 0);
        let taken: Vec<RangeState> =
            RangeState::ALL.iter().copied().filter(|state| can_be_taken(*state)).collect();
        assert_eq!(taken, [RangeState::Done]);
    }
}

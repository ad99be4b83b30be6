//! Where a range is cut before a piece of it is granted.

use xmlx_domain::Scope;

use crate::event::Boundary;

/// A lease spans no more ids than this. Its owner reads over all of them, and those between the ones that wait are
/// decided already: a million is a few seconds of index lookups.
pub const LEASE_IDS_MAX: i64 = 1_000_000;

/// The first applications of a range that wait: as many as were searched for, or all where there are fewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// The lowest id.
    pub first: i64,
    /// The highest id.
    pub last: i64,
    /// How many there are from the one to the other.
    pub count: u64,
}

/// What follows from a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The range is cut there.
    At(Boundary),
    /// They lie too far apart: the search is repeated in this scope, and [`at_the_end_of`] tells what it comes to.
    Within(Scope),
}

/// Where to cut `scope` after a search for its first `n` applications.
///
/// ```
/// # use xmlx_domain::Scope;
/// # use xmlx_lease::Boundary;
/// # use xmlx_lease::cut::{Cut, Found, cut};
/// let found = Found { first: 100, last: 200, count: 25 };
/// let boundary = Boundary::Cut { from: 100, at: 201, count: 25 };
/// assert_eq!(cut(Scope { lo: 1, hi: 900 }, 25, Some(found)), Cut::At(boundary));
/// ```
#[must_use]
pub fn cut(scope: Scope, n: u64, found: Option<Found>) -> Cut {
    let Some(Found { first, last, count }) = found else { return Cut::At(Boundary::Empty) };
    let is_wide = |hi: i64| hi.saturating_sub(first) > LEASE_IDS_MAX;
    if is_wide(last) {
        return Cut::Within(Scope { lo: first, hi: first + LEASE_IDS_MAX });
    }
    // Where fewer were found than asked for, the rest of the range has nothing for anybody else.
    let at = if count < n && !is_wide(scope.hi) { scope.hi } else { last + 1 };
    Cut::At(Boundary::Cut { from: first, at, count })
}

/// Where to cut after a search of a whole scope that [`Cut::Within`] named. What waited there before may have been
/// decided by another tool in the meantime.
#[must_use]
pub fn at_the_end_of(scope: Scope, found: Option<Found>) -> Boundary {
    found.map_or(Boundary::Unknown, |Found { first, count, .. }| Boundary::Cut {
        from: first,
        at: scope.hi,
        count,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leases_begin_where_something_waits_and_span_no_desert() {
        const FAR: i64 = 10 * LEASE_IDS_MAX;
        let found = |first, last, count| {
            cut(Scope { lo: 1, hi: FAR }, 25, Some(Found { first, last, count }))
        };
        let at = |from, at, count| Cut::At(Boundary::Cut { from, at, count });
        assert_eq!(found(100, 200, 25), at(100, 201, 25), "as many as asked for");
        assert_eq!(found(FAR - 900, FAR - 800, 3), at(FAR - 900, FAR, 3), "the last ones");
        assert_eq!(
            found(FAR - 900, FAR - 800, 25),
            at(FAR - 900, FAR - 799, 25),
            "more may follow"
        );
        assert_eq!(found(100, 200, 3), at(100, 201, 3), "nothing for a long way behind them");
        let within = Cut::Within(Scope { lo: 100, hi: 100 + LEASE_IDS_MAX });
        assert_eq!(found(100, 100 + LEASE_IDS_MAX, 25), at(100, 101 + LEASE_IDS_MAX, 25));
        assert_eq!(found(100, 101 + LEASE_IDS_MAX, 25), within, "a desert between them");
        assert_eq!(found(100, FAR - 1, 2), within, "fewer than asked for, and a desert");
    }

    #[test]
    fn a_range_in_which_nothing_waits_is_empty() {
        assert_eq!(cut(Scope { lo: 1, hi: 9 }, 25, None), Cut::At(Boundary::Empty));
    }

    #[test]
    fn a_narrow_search_cuts_at_its_own_end() {
        let scope = Scope { lo: 100, hi: 200 };
        let found = Found { first: 120, last: 150, count: 3 };
        let boundary = Boundary::Cut { from: 120, at: 200, count: 3 };
        assert_eq!(at_the_end_of(scope, Some(found)), boundary);
        assert_eq!(at_the_end_of(scope, None), Boundary::Unknown, "decided by somebody else");
    }
}

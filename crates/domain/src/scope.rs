//! A stretch of ids.

use std::fmt;

/// A stretch of application ids: `[lo, hi)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    /// The first.
    pub lo: i64,
    /// One past the last.
    pub hi: i64,
}

impl Scope {
    /// Whether it holds that id.
    ///
    /// ```
    /// # use xmlx_domain::Scope;
    /// let scope = Scope { lo: 10, hi: 20 };
    /// assert!(scope.contains(10) && scope.contains(19));
    /// assert!(!scope.contains(9) && !scope.contains(20));
    /// ```
    #[must_use]
    pub fn contains(self, id: i64) -> bool {
        self.lo <= id && id < self.hi
    }

    /// Whether it holds no id.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.hi <= self.lo
    }

    /// Whether the two have an id in common.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        self.lo < other.hi && other.lo < self.hi
    }
}

/// As a person reads it: `[lo, hi)`.
impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}, {})", self.lo, self.hi)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_overlap_where_an_id_is_in_both() {
        let scope = |lo, hi| Scope { lo, hi };
        for (a, b, expected) in [
            (scope(1, 10), scope(10, 20), false),
            (scope(1, 10), scope(9, 20), true),
            (scope(1, 100), scope(5, 6), true),
            (scope(1, 2), scope(1, 2), true),
            (scope(i64::MIN, i64::MAX), scope(0, 1), true),
        ] {
            assert_eq!(a.overlaps(b), expected, "{a} {b}");
            assert_eq!(b.overlaps(a), expected, "{b} {a}");
        }
    }

    #[test]
    fn the_end_is_not_in_it() {
        let scope = Scope { lo: 5, hi: 7 };
        let inside: Vec<i64> = (0..10).filter(|id| scope.contains(*id)).collect();
        assert_eq!(inside, [5, 6]);
        assert!(!scope.is_empty() && Scope { lo: 5, hi: 5 }.is_empty());
        assert!(Scope { lo: 6, hi: 5 }.is_empty());
        assert_eq!(scope.to_string(), "[5, 7)");
    }
}

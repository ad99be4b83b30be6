//! Ids. Each is a type of its own, so that none can be taken for another.

use std::fmt;

/// A submitted job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(pub i64);

/// A piece of a job's scope; unique within its job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RangeId(pub i64);

/// How many times a range has changed its owner. A commit names the epoch of its lease, and the database refuses it once
/// the range has a higher one: a fencing token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub i64);

/// How many times the leadership has changed hands. What a leader writes names its term, and the database refuses it
/// once another coordinator leads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Term(pub i64);

/// One life of one worker process: a UUID in its textual form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub String);

impl RangeId {
    /// The id of the first range of every job.
    pub const FIRST: Self = Self(1);

    /// The id after this one.
    ///
    /// ```
    /// # use xmlx_domain::RangeId;
    /// assert_eq!(RangeId::FIRST.next(), RangeId(2));
    /// ```
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.checked_add(1).expect("a job has fewer than 2^63 ranges"))
    }
}

impl Epoch {
    /// The epoch of the next owner.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.checked_add(1).expect("fewer than 2^63 owners"))
    }
}

impl SessionId {
    /// The UUID's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for RangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

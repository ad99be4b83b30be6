//! A range in one session's hands, and how far it has come.

use std::time::Duration;

use crate::{Epoch, JobId, RangeId, Scope};

/// Which lease: a range under one epoch. With the session that holds it, it is what a worker proves its right to commit
/// with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaseKey {
    /// Its job.
    pub job: JobId,
    /// Its range.
    pub range: RangeId,
    /// The epoch it was granted under.
    pub epoch: Epoch,
}

/// A lease: a session may decide the applications of `scope`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lease {
    /// Which one.
    pub key: LeaseKey,
    /// Its ids.
    pub scope: Scope,
}

/// How far a lease has come, as its owner reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The lease, as the owner knows it.
    pub lease: Lease,
    /// Every application at or below is decided.
    pub committed_through: i64,
    /// Every application at or below has been fetched: a cut has to lie above.
    pub claimed_through: i64,
    /// Applications decided under this lease.
    pub apps: u64,
    /// For how long the owner has been reading the next applications; `None`: it is not reading.
    pub reading: Option<Duration>,
}

impl Progress {
    /// Nothing of the lease is decided or fetched yet.
    #[must_use]
    pub fn none(lease: Lease) -> Self {
        let before = lease.scope.lo.saturating_sub(1);
        Self { lease, committed_through: before, claimed_through: before, apps: 0, reading: None }
    }
}

//! A leader: the real lease table, and what the engine does with the table's actions.

use std::collections::{BTreeSet, VecDeque};
use std::hash::{Hash, Hasher};

use xmlx_domain::{RangeId, Scope};
use xmlx_lease::{Action, Event, JobSnapshot, LeaseTable, Limits, Timestamp};

use super::digest::digest;
use super::{Bounds, Defect};
use std::time::Duration;

/// Every deadline of the table is that long after what it follows on: when this has passed, all have.
pub(crate) const DEADLINE_MS: u64 = 1_000;
/// Later than a deadline that was never set.
const START_MS: u64 = 1_000_000;

/// A job that is read again.
#[derive(Clone, Debug)]
pub(crate) enum Reading {
    No,
    /// The database is asked. `again`: it was doubted again since, and what comes is not taken in.
    Asked {
        again: bool,
    },
    Got {
        snapshot: JobSnapshot,
        again: bool,
    },
}

/// What happens to the next change that it saves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NextSave {
    Answered,
    /// It takes effect, and the leader does not hear of it.
    Unheard,
    /// It takes no effect.
    Lost,
}

/// A coordinator that leads, or thinks so.
#[derive(Clone, Debug)]
pub struct Leader {
    pub(crate) term: i64,
    pub(crate) table: LeaseTable,
    pub(crate) now: u64,
    /// What the table asked for and is still to be done.
    pub(crate) pending: VecDeque<Action>,
    /// Something of what it asked for could not be saved.
    pub(crate) doubted: bool,
    /// Boundaries that are being looked for.
    pub(crate) searches: Vec<(RangeId, Scope, u64)>,
    pub(crate) reading: Reading,
    /// Sessions whose streams it takes for open.
    pub(crate) streams: BTreeSet<u8>,
    /// It is being looked whether the job is done.
    pub(crate) checks: bool,
    /// A pause is to be acknowledged.
    pub(crate) pausing: bool,
    pub(crate) next_save: NextSave,
    digest: u64,
}

impl Leader {
    pub(crate) fn new(term: i64, bounds: &Bounds) -> Self {
        let deadline = Duration::from_millis(DEADLINE_MS);
        let limits = Limits {
            lost_after: deadline,
            broken_after: deadline,
            stalled_after: deadline,
            reading_max: Duration::MAX,
            reattach_grace: deadline,
            first_apps: bounds.first_apps,
            apps_min: bounds.first_apps,
            split_min: bounds.split_min,
            ..Limits::default()
        };
        Self {
            term,
            table: LeaseTable::new(limits, Timestamp(START_MS)),
            now: START_MS,
            pending: VecDeque::new(),
            doubted: false,
            searches: Vec::new(),
            reading: Reading::No,
            streams: BTreeSet::new(),
            checks: false,
            pausing: false,
            next_save: NextSave::Answered,
            digest: 0,
        }
    }

    pub(crate) fn decide(&mut self, event: Event, defect: Defect) -> Vec<Action> {
        defect.decide(&mut self.table, event, Timestamp(self.now))
    }

    /// Whether it takes the next event: it carries out first what follows from the one before.
    pub(crate) fn is_idle(&self) -> bool {
        self.pending.is_empty()
    }

    /// The job is to be read again.
    pub(crate) fn read_again(&mut self) {
        match &mut self.reading {
            Reading::No => self.reading = Reading::Asked { again: false },
            Reading::Asked { again } | Reading::Got { again, .. } => *again = true,
        }
    }

    /// Call after every change: leaders are compared by this number.
    pub(crate) fn seal(&mut self) {
        let Self { term, table, pending, doubted, searches, reading, streams, .. } = self;
        let rest = (&self.checks, &self.pausing, &self.next_save);
        let all = (term, table, pending, doubted, searches, reading, streams, rest);
        self.digest = digest(&all, self.now);
    }
}

impl PartialEq for Leader {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl Eq for Leader {}

impl Hash for Leader {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.digest.hash(hasher);
    }
}

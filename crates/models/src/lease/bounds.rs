//! How large a cluster is looked at, and what may go wrong in it.

/// The size of a cluster, and the faults that may happen in one run of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Worker processes at a time.
    pub workers: u8,
    /// Applications; their ids are 1, 2, 3 and so on.
    pub apps: i64,
    /// Applications of the first lease that is carved.
    pub first_apps: u64,
    /// A lease is split where each part keeps so many applications.
    pub split_min: u64,
    /// Applications in one commit.
    pub group: i64,
    /// Leases that a worker asks for at a time.
    pub leases: u32,
    /// What may go wrong.
    pub faults: Faults,
}

/// How often each fault may still happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Faults {
    /// A coordinator or a worker process dies.
    pub crashes: u8,
    /// A leader is replaced while it lives, and goes on until it notices.
    pub takeovers: u8,
    /// A stream between a worker and a leader breaks.
    pub breaks: u8,
    /// A message is lost, though its stream stays; or the ids cannot be looked through.
    pub losses: u8,
    /// A message arrives twice.
    pub doubles: u8,
    /// A session that lives is not heard of for too long, or gets nowhere with its lease.
    pub silences: u8,
    /// The database does not answer: the write took effect, or it did not.
    pub unanswered: u8,
    /// An operator drains a worker.
    pub drains: u8,
    /// An operator pauses the job.
    pub pauses: u8,
}

impl Faults {
    /// Nothing goes wrong.
    pub const NONE: Self = Self {
        crashes: 0,
        takeovers: 0,
        breaks: 0,
        losses: 0,
        doubles: 0,
        silences: 0,
        unanswered: 0,
        drains: 0,
        pauses: 0,
    };
}

impl Bounds {
    /// Two workers, and four applications in two ranges.
    #[must_use]
    pub const fn two_ranges(faults: Faults) -> Self {
        Self { workers: 2, apps: 4, first_apps: 2, split_min: 9, group: 1, leases: 1, faults }
    }

    /// Two workers, and two applications in two ranges.
    #[must_use]
    pub const fn smallest(faults: Faults) -> Self {
        Self { workers: 2, apps: 2, first_apps: 1, split_min: 9, group: 1, leases: 1, faults }
    }

    /// Two workers, and two applications in one range, which is split for the second worker.
    #[must_use]
    pub const fn split(faults: Faults) -> Self {
        Self { workers: 2, apps: 2, first_apps: 2, split_min: 1, group: 1, leases: 1, faults }
    }

    /// Whether a lease may be split at all.
    pub(crate) fn splits(&self) -> bool {
        i64::try_from(2 * self.split_min).is_ok_and(|apps| apps <= self.apps)
    }
}

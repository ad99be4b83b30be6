//! What the history says: one entry per change of a range or of the job.

use crate::Scope;

/// One row of `range_history`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) history_id: i64,
    /// 0 where the job itself has moved.
    pub(crate) range_id: i64,
    pub(crate) event: Event,
    /// The bounds after the change: the range's, or the job's scope.
    pub(crate) scope: Scope,
    pub(crate) epoch: i64,
    /// Whose change it was; 0 where an owner made it.
    pub(crate) term: i64,
    /// Who holds the range after the change.
    pub(crate) session: Option<String>,
    pub(crate) committed_through: i64,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A pending range arose.
    Created,
    /// A range changed.
    Range(Change),
    /// The job moved to this state.
    Job(JobState),
}

/// What happened to a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Granted,
    Released,
    Revoked,
    Lost,
    Split,
    Empty,
    Completed,
    /// Something waits in a range that was done: the range ends before it.
    Reopened,
}

/// A job's states, as the database names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JobState {
    Running,
    Paused,
    Done,
    Failed,
    Cancelled,
}

impl Event {
    /// The event of that name; `None` where no such event is known.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "created" => Self::Created,
            "granted" => Self::Range(Change::Granted),
            "released" => Self::Range(Change::Released),
            "revoked" | "stalled" => Self::Range(Change::Revoked),
            "lost" => Self::Range(Change::Lost),
            "split" => Self::Range(Change::Split),
            "empty" => Self::Range(Change::Empty),
            "completed" => Self::Range(Change::Completed),
            "reopened" => Self::Range(Change::Reopened),
            state => Self::Job(JobState::from_name(state)?),
        })
    }
}

impl JobState {
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "running" => Self::Running,
            "paused" => Self::Paused,
            "done" => Self::Done,
            "failed" => Self::Failed,
            "cancelled" => Self::Cancelled,
            _ => return None,
        })
    }

    pub(crate) fn has_ended(self) -> bool {
        match self {
            Self::Running | Self::Paused => false,
            Self::Done | Self::Failed | Self::Cancelled => true,
        }
    }
}

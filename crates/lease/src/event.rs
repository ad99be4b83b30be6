//! What can happen to the table, and what the table asks for.

use std::time::Duration;

use xmlx_domain::{
    JobId, JobState, Lease, LeaseKey, Progress, RangeChange, RangeId, RangeSnapshot, Scope,
    SessionId, SessionState,
};

/// Something that happened outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A job as the database has it: new, or read again. Replaces what the table knew of it, and ends a doubt.
    JobLoaded(JobSnapshot),
    /// A change of the job may not have been saved, so table and database may differ: nothing is decided about the job
    /// until it is loaded again. What happens to it meanwhile is taken in then.
    JobDoubted { job: JobId },
    /// The job has a new pending range (and that is durable), in which `waiting` applications wait.
    RangeAdded { job: JobId, range: RangeId, scope: Scope, waiting: u64 },
    /// The job's state has changed (and is durable).
    JobMoved { job: JobId, state: JobState },
    /// Applications of the scope have been counted.
    Counted { job: JobId, total: u64 },
    /// A worker process said hello, with the leases it still holds from before a reconnect. `protocol`: what it speaks.
    Joined { session: SessionId, slots: u32, held: Vec<Lease>, protocol: u32 },
    /// A heartbeat.
    Beat { session: SessionId, progress: Vec<Progress> },
    /// The worker can take so many more leases now.
    Asked { session: SessionId, credits: u32 },
    /// The owner has closed the range in the database.
    Finished { session: SessionId, lease: LeaseKey, apps: u64, elapsed: Duration },
    /// The owner commits nothing more under this lease. `backoff`: do not hand it out before.
    Released { session: SessionId, lease: LeaseKey, committed_through: i64, backoff: Duration },
    /// The session's stream ended without a goodbye.
    Broke { session: SessionId },
    /// Goodbye.
    Left { session: SessionId },
    /// An operator wants the worker to end.
    DrainAsked { session: SessionId },
    /// The answer to [`Action::FindBoundary`].
    Found { job: JobId, range: RangeId, boundary: Boundary },
    /// No more sessions than this may hold leases at once; `None`: as many as there are.
    WorkersLimited { workers_max: Option<usize> },
    /// Time has passed.
    Ticked,
}

/// Where to cut a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Boundary {
    /// `count` applications wait in `[from, at)`, the first of them `from`: below it none does.
    Cut { from: i64, at: i64, count: u64 },
    /// Nothing waits in the range.
    Empty,
    /// It could not be found out now.
    Unknown,
}

/// A job as the database has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobSnapshot {
    /// Its id.
    pub job: JobId,
    /// Its state.
    pub state: JobState,
    /// The higher, the sooner it is served.
    pub priority: i32,
    /// Applications to decide, where counted.
    pub total: Option<u64>,
    /// Applications decided by now.
    pub decided: u64,
    /// What a worker has to speak to be given leases of it.
    pub protocol: u32,
    /// The highest range id ever used.
    pub last_range: RangeId,
    /// Its ranges; those that are done may be left out.
    pub ranges: Vec<RangeSnapshot>,
}

/// Something the caller must now do, in order; a `Save` is durable before the next one starts.
///
/// If a save fails, what else the list holds about the same job is dropped, the job is doubted and loaded again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Find the id that has `count` waiting applications of `scope` below it.
    FindBoundary { job: JobId, range: RangeId, scope: Scope, count: u64 },
    /// Make a change durable.
    Save(RangeChange),
    /// Tell a worker.
    Send { session: SessionId, message: Message },
    /// The session has ended; note it.
    EndSession { session: SessionId, ended: SessionState },
    /// All ranges of the job are done: see whether every application is decided.
    CheckDone { job: JobId },
}

impl Event {
    /// The job that the event is about, where it is about one alone and changes what is decided of it.
    pub(crate) fn job(&self) -> Option<JobId> {
        match self {
            Self::JobMoved { job, .. }
            | Self::Counted { job, .. }
            | Self::RangeAdded { job, .. } => Some(*job),
            Self::Finished { lease, .. } | Self::Released { lease, .. } => Some(lease.job),
            // What is found of a range that is read again means nothing any more.
            Self::Found { .. }
            | Self::JobLoaded(_)
            | Self::JobDoubted { .. }
            | Self::Joined { .. }
            | Self::Beat { .. }
            | Self::Asked { .. }
            | Self::Broke { .. }
            | Self::Left { .. }
            | Self::DrainAsked { .. }
            | Self::WorkersLimited { .. }
            | Self::Ticked => None,
        }
    }

    /// Where the event moves its job, if it does.
    pub(crate) fn moves_to(&self) -> Option<JobState> {
        if let Self::JobMoved { state, .. } = self { Some(*state) } else { None }
    }
}

impl Action {
    /// The job that the action is about.
    #[must_use]
    pub fn job(&self) -> Option<JobId> {
        match self {
            Self::FindBoundary { job, .. } | Self::CheckDone { job } => Some(*job),
            Self::Save(change) => Some(change.job),
            Self::Send { message, .. } => match message {
                Message::Grant(lease)
                | Message::Revoke { lease, .. }
                | Message::Split { lease, .. } => Some(lease.key.job),
                Message::Drain => None,
            },
            Self::EndSession { .. } => None,
        }
    }
}

/// What a worker is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Work on this.
    Grant(Lease),
    /// Drop it; what you still commit will be refused.
    Revoke { lease: Lease, reason: &'static str },
    /// The range ends at `at` now; what lies behind belongs to somebody else.
    Split { lease: Lease, at: i64 },
    /// Finish the group in hand, release the rest, say goodbye.
    Drain,
}

/// What a job waits for that makes no progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// The ids are being looked through for the next that waits.
    Searching,
    /// An owner has not begun with a range: its slots are busy, or it does not say what it does.
    Waiting(RangeId),
    /// An owner reads the next applications.
    Reading(RangeId),
    /// An owner has read applications and commits nothing.
    Working(RangeId),
    /// No worker is there.
    NoWorker,
    /// Workers are there, and all of them are too old for the job.
    OldWorkers,
}

//! Everything that can be asked of the engine.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use xmlx_domain::{ErrorClass, JobId, Lease, LeaseKey, Outcome, Progress, Scope, SessionId, Term};
use xmlx_lease::budget::Watched;
use xmlx_lease::follow::{Rest, Side};
use xmlx_lease::life::Wish;
use xmlx_lease::{Event, Message};
use xmlx_proto::{ErrorCode, Refusal};
use xmlx_store::{Error, Late, NewJob, Record, Source, Tally};

use super::reading::ReadJob;
use super::{BudgetRead, Notes};

/// More than this many waiting commands make senders wait.
const INBOX: usize = 1024;

/// What the engine may be asked. Closed: everything that can wake it is on this screen.
#[derive(Debug)]
pub(crate) enum Command {
    /// A worker said hello on a new stream.
    Join { hello: Hello, reply: Reply<Joined> },
    /// A stream ended; `generation` says which.
    StreamEnded { session: SessionId, generation: u64 },
    /// Something for the lease table.
    Lease(Event),
    /// A heartbeat.
    Beat { session: SessionId, beat: Heartbeat },
    /// The database does not let this coordinator in any more.
    Expelled { err: Error },
    /// Something was found that concerns the whole job.
    Trouble { job: JobId, class: ErrorClass, reason: String },
    /// The same, by a worker: it counts where the worker has a lease of the job.
    WorkerTrouble { session: SessionId, job: JobId, class: ErrorClass, reason: String },
    /// A worker gives a lease back, and why.
    HeldUp { session: SessionId, lease: LeaseKey, class: ErrorClass, reason: String },
    /// A client submits a job that overlaps with no other.
    Submit { job: Box<NewJob>, source: Box<Source>, record: Record, reply: Reply<()> },
    /// These jobs have ended: note where their logs end, before rows of another job can follow.
    NoteLogEnds { jobs: Vec<JobId>, reply: Reply<()> },
    /// An operator pauses, resumes or cancels.
    Order { job: JobId, order: JobOrder, record: Record, reply: Reply<Moved> },
    /// An operator drains a worker, by name or session.
    Drain { worker: String, record: Record, reply: Reply<Outcome> },
    /// An operator sets the cluster's ceiling of commits; `None`: what is configured.
    Throttle { commits_max: Option<u32>, record: Record, reply: Reply<Outcome> },
    /// An operator wants to be rid of what ended long ago.
    Prune { order: PruneOrder, record: Record, reply: Reply<Pruned> },
    /// The workers as they are now.
    Workers { reply: oneshot::Sender<Vec<WorkerInfo>> },
    /// Applications of a scope have been counted.
    Counted { job: JobId, scope: Scope, total: i64 },
    /// All ranges are done: what that means.
    CheckedDone { job: JobId, checked: Checked },
    /// What a job has of its budget has been read.
    Accounted { job: JobId, read: Result<BudgetRead, Error>, took: Duration },
    /// More is known of why a job was paused.
    Explained { job: JobId, before: String, after: String },
    /// The source of a job that follows it has been searched.
    Searched { job: JobId, found: Option<Found> },
    /// A job that was in doubt has been read again.
    Read { job: JobId, read: ReadJob },
    /// The operator's ceiling of commits has been read again.
    ThrottleRead { commits_max: Option<u32> },
    /// Sessions that were open under an earlier leader.
    Strays { sessions: Vec<SessionId> },
}

/// How a question is answered.
pub(crate) type Reply<T> = oneshot::Sender<Result<T, Refusal>>;

/// What came of moving a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moved {
    /// It is there now, or was.
    To(Outcome),
    /// There is no such job, or it has ended.
    NotOpen,
}

/// What a job comes to whose ranges are all done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Checked {
    /// Every application of the scope is decided.
    AllDecided,
    /// Something has changed since, such as ranges that were done and are open again because the database has gone back
    /// in time: the job has to be read again.
    Reopened,
    /// These have appeared in ranges that were done.
    Appeared(Vec<Late>),
}

/// What a search in a source has found.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// Where the source ends now.
    pub(crate) end: i64,
    /// By what the scope can grow.
    pub(crate) grown: Vec<Grown>,
    /// What waits although a cursor has passed it.
    pub(crate) late: Vec<Late>,
    /// Where the next page of the scope begins.
    pub(crate) next: i64,
    /// Whether anything is left to do.
    pub(crate) rest: Rest,
}

/// Ids beyond a scope.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grown {
    /// At which end of the scope.
    pub(crate) side: Side,
    /// The ids.
    pub(crate) scope: Scope,
    /// Applications that wait there.
    pub(crate) waiting: i64,
}

/// What a heartbeat says.
#[derive(Debug)]
pub(crate) struct Heartbeat {
    pub(crate) sequence: u64,
    pub(crate) memory_bytes: u64,
    pub(crate) apps_done: u64,
    pub(crate) progress: Vec<Progress>,
}

/// What may be taken out of the control tables.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PruneOrder {
    /// What ended longer ago than so many seconds.
    pub(crate) older_than_s: u64,
    pub(crate) what: PruneWhat,
}

/// Whether anything is taken at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PruneWhat {
    /// It is only counted.
    Count,
    /// It is taken.
    Take,
}

/// What was taken, or would be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pruned {
    pub(crate) jobs: u64,
    pub(crate) ranges: u64,
    /// Of the ranges' history.
    pub(crate) entries: u64,
    /// Ended lives of workers.
    pub(crate) sessions: u64,
    /// There is more: ask again.
    pub(crate) has_more: bool,
}

/// What a worker is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ToWorker {
    /// The answer to its hello.
    Welcome { protocol: u32, heartbeat: Duration, lost_after: Duration, commits_max: Option<u32> },
    /// The answer to a heartbeat.
    HeartbeatAck { sequence: u64, commits_max: Option<u32> },
    /// What the lease table has decided.
    Message(Message),
}

/// A hello that has been checked.
#[derive(Debug)]
pub(crate) struct Hello {
    pub(crate) session: SessionId,
    pub(crate) name: String,
    pub(crate) build: String,
    pub(crate) slots: u32,
    pub(crate) held: Vec<Lease>,
    pub(crate) protocol: u32,
}

/// The engine's side of a stream.
#[derive(Debug)]
pub(crate) struct Joined {
    pub(crate) generation: u64,
    pub(crate) outbox: mpsc::Receiver<ToWorker>,
}

/// What an operator orders about a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum JobOrder {
    Pause,
    Resume {
        /// What the job has by now, which no longer counts against its budget, where that is used up.
        spent: Option<Tally>,
        /// The thresholds that are exceeded: what their columns have by now no longer counts.
        exceeded: Vec<Watched>,
    },
    Cancel,
}

impl JobOrder {
    /// What is wished of the job.
    pub(crate) fn wish(&self) -> Wish {
        match self {
            Self::Pause => Wish::Pause,
            Self::Resume { .. } => Wish::Resume,
            Self::Cancel => Wish::Cancel,
        }
    }
}

/// A connected worker.
#[derive(Clone, Debug)]
pub(crate) struct WorkerInfo {
    pub(crate) session: SessionId,
    pub(crate) name: String,
    pub(crate) build: String,
    pub(crate) slots: u32,
    pub(crate) state: WorkerState,
    /// The time since it was heard of.
    pub(crate) silence: Duration,
    pub(crate) leases: usize,
    pub(crate) apps_per_second: f64,
    pub(crate) memory_bytes: u64,
}

/// What a worker does, as far as its leader can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WorkerState {
    /// Heard of as often as it should be.
    Active,
    /// The same, and on its way out.
    Draining,
    /// Not heard of for several heartbeats; its leases are taken from it after `--lost-after`.
    Silent,
}

impl WorkerState {
    /// Its name, as operators see it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Draining => "draining",
            Self::Silent => "silent",
        }
    }
}

/// How the rest of the process talks to the engine. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Handle {
    sender: mpsc::Sender<Command>,
    term: Term,
    notes: Notes,
    submits: Arc<tokio::sync::Mutex<()>>,
}

impl Handle {
    pub(crate) fn channel(term: Term) -> (Self, mpsc::Receiver<Command>) {
        let (sender, receiver) = mpsc::channel(INBOX);
        (Self { sender, term, notes: Notes::default(), submits: Arc::default() }, receiver)
    }

    pub(crate) fn term(&self) -> Term {
        self.term
    }

    /// What holds jobs up.
    pub(crate) fn notes(&self) -> &Notes {
        &self.notes
    }

    /// One submission at a time looks whether its job overlaps with another one, and makes it.
    pub(crate) async fn submit_turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.submits.lock().await
    }

    /// Sends the engine a command; where it has ended, nobody needs to know.
    pub(crate) async fn send(&self, command: Command) {
        drop(self.sender.send(command).await);
    }

    /// Asks the engine something.
    pub(crate) async fn ask<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<T>) -> Command,
    ) -> Result<T, Refusal> {
        let (reply, answer) = oneshot::channel();
        self.send(command(reply)).await;
        answer.await.map_err(|_| {
            Refusal::new(
                ErrorCode::NotLeader,
                "this coordinator has just stopped leading; try again",
            )
        })
    }
}

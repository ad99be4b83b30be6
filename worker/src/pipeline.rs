//! One lease, one pipeline: fetch, extract and commit of consecutive groups overlap.
//!
//! Groups go through in `app_id` order, so that the range's cursor tells what is decided.

mod commit;
mod cover;
mod extract;
mod fetch;
mod parts;
mod reconcile;
mod rehearse;
mod retry;
mod room;

pub(crate) use extract::hush_panics;
pub(crate) use rehearse::Rehearser;
pub(crate) use room::Room;

use std::sync::{Arc, OnceLock};

use retry::persist;
use tokio::sync::{Mutex, OwnedSemaphorePermit, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use xmlx_domain::{ErrorClass, Lease, SessionId};
use xmlx_extract::{Changed, Counted};
use xmlx_store::{Decided, Error, Fetched, HeldLease, OpenRange, Store};

use crate::Config;
use crate::board::Board;
use crate::gate::Gate;
use crate::jobs::{Job, Jobs};

/// Groups that may wait between two stages: enough to overlap, and memory stays bounded.
const WAITING_GROUPS: usize = 1;

/// What every pipeline of the process shares.
#[derive(Debug)]
pub(crate) struct Shop {
    pub(crate) config: Config,
    /// This life of this process.
    pub(crate) session: SessionId,
    pub(crate) store: Store,
    /// Where documents are read from, if not from the database itself.
    pub(crate) copy: Option<Store>,
    pub(crate) jobs: Jobs,
    pub(crate) board: Arc<Board>,
    /// Every commit passes here.
    pub(crate) gate: Arc<Gate>,
    /// Held while a suspect is tried: if two ran at once, a crash would not show which one caused it.
    pub(crate) trial: Mutex<()>,
    /// Room for documents in the whole process.
    pub(crate) room: Room,
    /// Cancelled: finish the group in hand and release the rest.
    pub(crate) drain: CancellationToken,
    /// Why this process can work no more, once it cannot.
    pub(crate) expelled: OnceLock<Error>,
}

impl Shop {
    /// What this process proves its right to commit with.
    pub(crate) fn held(&self, lease: &Lease) -> HeldLease {
        HeldLease { key: lease.key, session: self.session.clone() }
    }
}

/// Documents that go through the stages together.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) apps: Vec<Fetched>,
    /// Room for their documents and the rows made of them.
    pub(crate) room: OwnedSemaphorePermit,
    /// One application that may have brought an earlier owner down: it is tried alone.
    pub(crate) suspect: bool,
}

/// What has become of a group.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) decided: Vec<Decided>,
    pub(crate) seen: Seen,
    /// Given back once it is committed.
    pub(crate) _room: OwnedSemaphorePermit,
    /// Told once it is committed.
    pub(crate) committed: oneshot::Sender<()>,
}

/// What was seen of the documents of a group beside their rows, by application.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// What they have, where the job counts it, of those that could be read.
    pub(crate) counted: Vec<(i64, Counted)>,
    /// What another contract changes, where the job compares two.
    pub(crate) changed: Vec<(i64, Changed)>,
}

/// How a lease ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The range is done, in the database too.
    Done,
    /// The lease moved on.
    Gone,
    /// Drained: the rest is for somebody else.
    Drained,
    /// The database does not let this process in any more: it has to end, others may go on.
    Expelled(Error),
    /// It cannot go on; nothing is lost.
    Stuck {
        /// What kind of trouble.
        class: ErrorClass,
        /// For the operator.
        reason: String,
    },
}

impl From<Error> for Outcome {
    fn from(err: Error) -> Self {
        if err.is_refused_entry() {
            return Self::Expelled(err);
        }
        match err.class() {
            ErrorClass::Fenced => Self::Gone,
            class @ (ErrorClass::Transient
            | ErrorClass::Ambiguous
            | ErrorClass::Capacity
            | ErrorClass::Data
            | ErrorClass::Fatal
            | ErrorClass::Unclear) => Self::Stuck { class, reason: err.to_string() },
        }
    }
}

/// Works a lease off, as far as it goes.
pub(crate) async fn work(shop: &Shop, lease: &Lease, revoked: CancellationToken) -> Outcome {
    let opened = async {
        let job = persist!(&shop.drain, shop.jobs.get(lease.key.job))?;
        let mut connection = shop.store.connection();
        let held = shop.held(lease);
        let range = persist!(&shop.drain, held.open(&mut connection))?;
        Ok::<_, Error>((job, range))
    };
    let (job, range) = match opened.await {
        Ok((job, Some(range))) => (job, range),
        Ok((_, None)) => return Outcome::Gone,
        Err(err) => return err.into(),
    };
    let stop = shop.drain.child_token();
    let outcome = tokio::select! {
        biased;
        // What the database has received it decides by the epoch; waiting for it serves nobody.
        () = revoked.cancelled() => Outcome::Gone,
        outcome = stages(shop, lease, &job, range, &stop) => outcome,
    };
    stop.cancel();
    outcome
}

async fn stages(
    shop: &Shop,
    lease: &Lease,
    job: &Arc<Job>,
    range: OpenRange,
    stop: &CancellationToken,
) -> Outcome {
    let (fetched_in, fetched_out) = mpsc::channel::<Group>(WAITING_GROUPS);
    let (decided_in, decided_out) = mpsc::channel::<Batch>(WAITING_GROUPS);
    let fetching = fetch::run(shop, lease, job, range, stop, fetched_in);
    let extracting = extract::run(shop, lease, job, range, stop, fetched_out, decided_in);
    let committing = commit::run(shop, lease, job, range, stop, decided_out);
    let (fetched, extracted, committed) = tokio::join!(fetching, extracting, committing);
    let extracted = match extracted {
        Ok(ended) => ended,
        Err(err) => return err.into(),
    };
    match (fetched, committed) {
        (_, Err(outcome)) | (Err(outcome), Ok(_)) => outcome,
        // Everything that waits is decided only if the fetch got to the end and nothing was dropped.
        (Ok(fetch::Ended::AtTheEnd { hi }), Ok(committer)) if extracted == extract::Ended::Done => {
            Box::pin(committer.complete(hi)).await
        }
        (Ok(fetch::Ended::AtTheEnd { .. } | fetch::Ended::Stopped), Ok(_)) => Outcome::Drained,
    }
}

//! Jobs from the tables into the lease table. They are read in tasks beside the engine: it may take long, and neither
//! heartbeats nor the grants of other jobs must wait.

use std::time::Duration;

use tracing::warn;
use xmlx_domain::{JobId, JobState, Mode, Outcome, RangeId};
use xmlx_lease::{Event, JobSnapshot};
use xmlx_store::{Error, OpenJob, RangeRow, Store};

use super::command::{Command, Moved, Reply};
use super::{Engine, convert, ends_leadership};

/// Ranges in one answer: a job may have hundreds of thousands.
const PAGE_RANGES: i64 = 5_000;
/// Where the database does not answer, it is asked again after so long.
const AGAIN: Duration = Duration::from_millis(300);

/// A job as the tables have it.
#[derive(Debug)]
pub(crate) struct ReadJob {
    /// `None`: it has ended.
    mode: Option<Mode>,
    snapshot: JobSnapshot,
}

/// A client that is answered once the job's leases are what its state demands.
#[derive(Debug)]
pub(super) struct Barrier {
    job: JobId,
    outcome: Outcome,
    reply: Reply<Moved>,
}

impl Engine {
    /// Takes in every job that has not ended, until it works or the leadership ends.
    pub(super) async fn begin(&mut self) -> Result<(), Error> {
        loop {
            match read_all(&self.store).await {
                Ok((commits_max, jobs)) => {
                    self.throttle.ordered = commits_max;
                    self.limit_workers().await?;
                    for job in jobs {
                        self.take_in(job).await?;
                    }
                    return Ok(());
                }
                Err(err) if ends_leadership(&err) => return Err(err),
                Err(err) => warn!(%err, "cannot read the jobs; trying again"),
            }
            tokio::select! {
                () = tokio::time::sleep(AGAIN) => (),
                () = self.end.cancelled() => return Err(Error::Deposed),
            }
        }
    }

    /// A change of the job may not have been saved: nothing is decided about it until it has been read again.
    pub(super) async fn doubt(&mut self, job: JobId) -> Result<(), Error> {
        self.read_again(job);
        self.apply(Event::JobDoubted { job }).await
    }

    pub(super) fn read_again(&mut self, job: JobId) {
        let doubts = self.doubts.entry(job).or_insert(0);
        *doubts += 1;
        // What is being read already may be from before this doubt: it is read once more then.
        if *doubts == 1 {
            self.start_reading(job);
        }
    }

    fn start_reading(&self, job: JobId) {
        let (handle, store, end) = (self.handle.clone(), self.looks.clone(), self.end.clone());
        tokio::spawn(async move {
            loop {
                match read(&store, job).await {
                    Ok(read) => return handle.send(Command::Read { job, read }).await,
                    Err(err) if err.is_refused_entry() => {
                        return handle.send(Command::Expelled { err }).await;
                    }
                    Err(err) => warn!(%job, %err, "cannot read the job again; trying again"),
                }
                tokio::select! {
                    () = tokio::time::sleep(AGAIN) => (),
                    () = end.cancelled() => return,
                }
            }
        });
    }

    /// A job that was in doubt has been read.
    pub(super) async fn read(&mut self, job: JobId, read: ReadJob) -> Result<(), Error> {
        if self.doubts.remove(&job).is_some_and(|it| it > 1) {
            self.doubts.insert(job, 1);
            self.start_reading(job);
            return Ok(());
        }
        self.take_in(read).await?;
        self.answer_barriers(job);
        Ok(())
    }

    /// Takes one job into the table as the database has it.
    pub(super) async fn take_in(&mut self, read: ReadJob) -> Result<(), Error> {
        let (job, is_counted) = (read.snapshot.job, read.snapshot.total.is_some());
        match read.mode {
            Some(mode) => self.modes.insert(job, mode),
            None => self.modes.remove(&job),
        };
        let is_open = read.snapshot.state.is_open();
        self.apply(Event::JobLoaded(read.snapshot)).await?;
        if is_open && !is_counted {
            self.count(job);
        }
        Ok(())
    }

    /// Answers once nothing is left to be revoked: at once, or when the job has been read again.
    pub(super) fn answer_when_certain(
        &mut self,
        job: JobId,
        outcome: Outcome,
        reply: Reply<Moved>,
    ) {
        self.barriers.push(Barrier { job, outcome, reply });
        self.answer_barriers(job);
    }

    fn answer_barriers(&mut self, job: JobId) {
        if self.table.is_doubted(job) {
            return;
        }
        for it in self.barriers.extract_if(.., |it| it.job == job) {
            drop(it.reply.send(Ok(Moved::To(it.outcome))));
        }
    }
}

async fn read_all(store: &Store) -> Result<(Option<u32>, Vec<ReadJob>), Error> {
    let commits_max = store.leader().await?.commits_max;
    let mut jobs = Vec::new();
    for job in store.open_jobs().await? {
        jobs.push(with_ranges(store, job).await?);
    }
    Ok((commits_max, jobs))
}

async fn read(store: &Store, job: JobId) -> Result<ReadJob, Error> {
    match store.open_job(job).await? {
        Some(open) => with_ranges(store, open).await,
        None => Ok(ReadJob { mode: None, snapshot: ended(job) }),
    }
}

async fn with_ranges(store: &Store, open: OpenJob) -> Result<ReadJob, Error> {
    let mut snapshot = convert::snapshot(&open, store.last_range(open.job_id).await?);
    let mut after = None;
    loop {
        let page = store.open_ranges(open.job_id, after, PAGE_RANGES).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.range_id);
        snapshot.ranges.extend(page.iter().map(RangeRow::snapshot));
    }
    Ok(ReadJob { mode: Some(open.mode), snapshot })
}

/// A job that has ended and of which nobody holds anything, or that was never there.
fn ended(job: JobId) -> JobSnapshot {
    JobSnapshot {
        job,
        state: JobState::Cancelled,
        priority: 0,
        protocol: 0,
        total: None,
        decided: 0,
        last_range: RangeId(0),
        ranges: Vec::new(),
    }
}

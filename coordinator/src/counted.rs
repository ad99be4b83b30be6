//! Jobs as clients see them, in time.
//!
//! What a job's ranges add up to is read from rows that commits change. Without row versions (READ_COMMITTED_SNAPSHOT)
//! a reader waits for each commit that holds one: mostly for less than a second, but as long as a commit is stuck.
//! Skipping locked rows or reading them uncommitted would make sums false. So a question that is not answered soon gets
//! the counts that were read last, with their age, and all the rest as it is now.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use xmlx_domain::JobId;
use xmlx_proto::{ErrorCode, Refusal, v1 as pb};
use xmlx_runtime::Clock;
use xmlx_store::{Counting, Error, JobRow, JobsWanted, Store};

use crate::role::RoleReader;
use crate::{convert, warnings};

/// Counts that take longer are not waited for where older ones are known.
const SOON: Duration = Duration::from_secs(2);
/// Readings at once. More would take the connections of other short questions while commits hold them up.
const READINGS: usize = 2;
/// Jobs whose counts are kept, those with the highest ids.
const KEPT_MAX: usize = 1_000;
/// A submission's key that no client makes: nothing but what every submission has to know of.
const NO_KEY: &str = "-";

/// Which jobs are asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Asked {
    One(JobId),
    /// A page: those below an id, at most so many.
    Page(Option<JobId>, i64),
    /// Those that have not ended, and so many of the others, the newest.
    Newest(usize),
}

/// Jobs, and how many more there are.
pub(crate) type Jobs = (Vec<pb::Job>, u64);

/// Reads jobs. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub(crate) struct Counted(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    role: RoleReader,
    clock: Clock,
    free: Arc<Semaphore>,
    kept: Mutex<BTreeMap<i64, Kept>>,
    /// Readings that nobody may wait for any more: what they find is kept.
    readings: Mutex<JoinSet<()>>,
}

/// A job as it was read, and when.
#[derive(Debug)]
struct Kept {
    job: pb::Job,
    at: Duration,
}

impl Counted {
    pub(crate) fn new(role: RoleReader, store: Store) -> Self {
        Self(Arc::new(Inner {
            store,
            role,
            clock: Clock::start(),
            free: Arc::new(Semaphore::new(READINGS)),
            kept: Mutex::default(),
            readings: Mutex::default(),
        }))
    }

    /// The jobs with their counts: as they are, or as they were read last.
    pub(crate) async fn jobs(&self, asked: Asked) -> Result<Jobs, Refusal> {
        let mut reading = Box::pin(self.read(asked));
        let refused = match tokio::time::timeout(SOON, &mut reading).await {
            Ok(Ok(jobs)) => return Ok(jobs),
            Ok(Err(refusal)) => Some(refusal),
            Err(_) => None,
        };
        match (self.0.as_kept(asked).await, refused) {
            (Ok(Some(jobs)), _) => Ok(jobs),
            (Ok(None) | Err(_), Some(refusal)) => Err(refusal),
            (Ok(None) | Err(_), None) => reading.await,
        }
    }

    /// Reads the jobs in a task of its own, so that what it finds is kept even where nobody waits for it any more.
    async fn read(&self, asked: Asked) -> Result<Jobs, Refusal> {
        let permit = Arc::clone(&self.0.free).acquire_owned().await;
        let permit = permit.expect("the semaphore is never closed");
        let (found, answer) = tokio::sync::oneshot::channel();
        let inner = Arc::clone(&self.0);
        {
            let mut readings =
                self.0.readings.lock().expect("nobody panics while holding this lock");
            while readings.try_join_next().is_some() {}
            readings.spawn(async move {
                let jobs = inner.read(asked, permit).await;
                // Whoever asked may have gone.
                let _ = found.send(jobs);
            });
        }
        answer.await.unwrap_or_else(|_| {
            Err(Refusal::new(ErrorCode::Unavailable, "the coordinator is ending"))
        })
    }
}

impl Inner {
    async fn read(&self, asked: Asked, _permit: OwnedSemaphorePermit) -> Result<Jobs, Refusal> {
        let (rows, left_out) = self.rows(Counting::Counted, asked).await?;
        let mut jobs = self.role.job_messages(&rows);
        warnings::add(&self.store, &mut jobs).await?;
        let at = self.clock.now();
        let mut kept = self.kept.lock().expect("nobody panics while holding this lock");
        for job in &jobs {
            kept.insert(job.job_id, Kept { job: job.clone(), at });
        }
        while kept.len() > KEPT_MAX {
            kept.pop_first();
        }
        Ok((jobs, left_out))
    }

    /// The same with counts that were read before; `None` where there are none of a job, or it has changed its state
    /// since: its last counts are worth waiting for.
    async fn as_kept(&self, asked: Asked) -> Result<Option<Jobs>, Refusal> {
        let (rows, left_out) = self.rows(Counting::Uncounted, asked).await?;
        let now = self.clock.now();
        let kept = self.kept.lock().expect("nobody panics while holding this lock");
        let jobs = self.role.job_messages(&rows);
        let jobs: Option<Vec<pb::Job>> = jobs
            .into_iter()
            .map(|job| {
                let known = kept.get(&job.job_id)?;
                with_counts(job, known, now)
            })
            .collect();
        Ok(jobs.map(|jobs| (jobs, left_out)))
    }

    async fn rows(&self, counting: Counting, asked: Asked) -> Result<(Vec<JobRow>, u64), Refusal> {
        let rows = async {
            let wanted = match asked {
                Asked::One(job) => JobsWanted::One(job),
                Asked::Page(before, n_max) => JobsWanted::Before(before, n_max),
                Asked::Newest(ended_max) => return self.newest(counting, ended_max).await,
            };
            Ok((self.store.select_jobs(counting, wanted).await?, 0))
        };
        rows.await.map_err(|err: Error| convert::refusal(&err))
    }

    /// The jobs that have not ended, the newest of the others, and how many are left out. Adding up the ranges of a job
    /// takes long: no job is read twice, and none that is not shown.
    async fn newest(
        &self,
        counting: Counting,
        ended_max: usize,
    ) -> Result<(Vec<JobRow>, u64), Error> {
        let (mut jobs, mut n_ended, mut before) = (Vec::new(), 0, None);
        while n_ended < ended_max {
            let n_max = i64::try_from(ended_max - n_ended).unwrap_or(i64::MAX);
            let page = self.store.select_jobs(counting, JobsWanted::Before(before, n_max)).await?;
            let Some(oldest) = page.last() else { break };
            before = Some(oldest.job_id);
            n_ended += page.iter().filter(|job| !job.state.is_open()).count();
            jobs.extend(page);
        }
        let older = self.store.select_jobs(counting, JobsWanted::Beside(NO_KEY, before)).await?;
        jobs.extend(older.into_iter().filter(|job| job.state.is_open()));
        jobs.sort_unstable_by_key(|job| job.job_id);
        let (count, _) = self.store.count_jobs().await?;
        let left_out = convert::count(count).saturating_sub(jobs.len() as u64);
        Ok((jobs, left_out))
    }
}

/// What is known of a job now, with the counts that it had.
fn with_counts(now: pb::Job, kept: &Kept, at: Duration) -> Option<pb::Job> {
    let age = at.saturating_sub(kept.at);
    (now.state == kept.job.state).then(|| pb::Job {
        reason: now.reason,
        priority: now.priority,
        scope_lo: now.scope_lo,
        scope_hi: now.scope_hi,
        total: now.total,
        finished_at: now.finished_at,
        counts_age_ms: Some(u64::try_from(age.as_millis()).unwrap_or(u64::MAX)),
        ..kept.job.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(state: pb::JobState, reason: &str, done_ok: i64) -> pb::Job {
        pb::Job {
            job_id: 7,
            state: state.into(),
            reason: reason.to_owned(),
            done_ok,
            ..pb::Job::default()
        }
    }

    #[test]
    fn counts_that_were_read_before_have_an_age() {
        let kept =
            Kept { job: job(pb::JobState::Running, "before", 30), at: Duration::from_secs(5) };
        let now = job(pb::JobState::Running, "now", 0);
        let found = with_counts(now, &kept, Duration::from_secs(17)).expect("it still runs");
        assert_eq!((found.done_ok, found.reason.as_str()), (30, "now"));
        assert_eq!(found.counts_age_ms, Some(12_000));
        let ended = job(pb::JobState::Done, "", 0);
        assert_eq!(with_counts(ended, &kept, Duration::from_secs(17)), None);
    }
}

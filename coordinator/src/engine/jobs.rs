//! A job's life: submitted, moved, counted, extended, done.

use tracing::{info, warn};
use xmlx_lease::{Event, JobId, JobState};
use xmlx_proto::{ErrorCode, Refusal, v1 as pb};
use xmlx_store::{Class, Error, Mode, NewJob, Scope};

use super::command::{Command, MoveJob};
use super::look::{count_undecided, count_waiting, new_bound, until_it_works};
use super::{Engine, convert};

impl Engine {
    pub(super) async fn submit(&mut self, job: &NewJob) -> Result<pb::SubmitResponse, Refusal> {
        let jobs = self.store.jobs().await.map_err(|err| convert::refusal(&err))?;
        if let Some(same) = jobs.iter().find(|it| it.submit_key == job.submit_key) {
            let outcome = pb::Outcome::AlreadySo.into();
            return Ok(pb::SubmitResponse { outcome, job: Some(convert::job_message(same)) });
        }
        let mut job = job.clone();
        job.job_id = jobs.iter().map(|it| it.job_id).max().unwrap_or(0) + 1;
        self.store
            .insert_job(&self.leadership, &job)
            .await
            .map_err(|err| convert::refusal(&err))?;
        let jobs = self.store.jobs().await.map_err(|err| convert::refusal(&err))?;
        let row = jobs.iter().find(|it| it.job_id == job.job_id).ok_or_else(|| {
            Refusal::new(ErrorCode::Internal, "the job is gone right after its submission")
        })?;
        info!(
            job = job.job_id,
            mode = job.mode.name(),
            lo = job.scope.lo,
            hi = job.scope.hi,
            "job submitted"
        );
        if let Err(err) = self.load(row).await {
            self.recover(&err).await.map_err(|err| convert::refusal(&err))?;
        }
        let outcome = pb::Outcome::Accepted.into();
        Ok(pb::SubmitResponse { outcome, job: Some(convert::job_message(row)) })
    }

    /// Durable first; then every lease is revoked, durably, before the answer goes out.
    pub(super) async fn move_job(
        &mut self,
        job: JobId,
        to: MoveJob,
    ) -> Result<pb::Outcome, Refusal> {
        let jobs = self.store.jobs().await.map_err(|err| convert::refusal(&err))?;
        let Some(row) = jobs.iter().find(|it| it.job_id == job.0) else {
            return Err(Refusal::new(ErrorCode::NotFound, format!("there is no job {job}")));
        };
        let (state, target) = match to {
            MoveJob::Pause => ("paused", JobState::Paused),
            MoveJob::Resume => ("running", JobState::Running),
            MoveJob::Cancel => ("cancelled", JobState::Ended),
        };
        if row.state == state {
            return Ok(pb::Outcome::AlreadySo);
        }
        if convert::job_state(&row.state) == JobState::Ended {
            let message = format!("job {job} is {}; submit a new one", row.state);
            return Err(Refusal::new(ErrorCode::NotPossible, message));
        }
        self.persist_move(job, (&row.state, state), "by an operator", target)
            .await
            .map_err(|err| convert::refusal(&err))?;
        Ok(pb::Outcome::Accepted)
    }

    pub(super) async fn persist_move(
        &mut self,
        job: JobId,
        (from, to): (&str, &str),
        reason: &str,
        state: JobState,
    ) -> Result<(), Error> {
        self.store.move_job(&self.leadership, job.0, (from, to), reason).await?;
        info!(%job, from, to, reason, "job moved");
        self.apply(Event::JobMoved { job, state }).await
    }

    /// Capacity pauses the job, anything else that concerns the whole job fails it.
    pub(super) async fn trouble(
        &mut self,
        job: JobId,
        class: Class,
        reason: &str,
    ) -> Result<(), Error> {
        warn!(%job, ?class, reason, "a worker reports trouble with the job");
        let moved = if class == Class::Capacity {
            self.persist_move(job, ("running", "paused"), reason, JobState::Paused).await
        } else {
            self.persist_move(job, ("running", "failed"), reason, JobState::Ended).await
        };
        match moved {
            // Another worker said so before.
            Err(Error::Conflict) => Ok(()),
            Err(err @ Error::Deposed) => Err(err),
            Err(err) => {
                warn!(%job, %err, "cannot note the trouble");
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// Counts a job's applications in the background: a submit must not wait for it.
    pub(super) fn count(&self, job: JobId, scope: Scope) {
        let (handle, store, end) = (self.handle.clone(), self.store.clone(), self.end.clone());
        tokio::spawn(async move {
            let counting = until_it_works(|| count_waiting(&store, job, scope));
            tokio::select! {
                total = counting => {
                    handle.tell(Command::Counted { job, scope_hi: scope.hi, total }).await;
                }
                () = end.cancelled() => (),
            }
        });
    }

    /// What waits now and what has been decided make up the total.
    pub(super) async fn counted(
        &mut self,
        job: JobId,
        scope_hi: i64,
        waiting: i64,
    ) -> Result<(), Error> {
        let jobs = self.store.jobs().await?;
        let Some(row) = jobs.iter().find(|it| it.job_id == job.0 && it.scope.hi == scope_hi) else {
            return Ok(());
        };
        let total = waiting + row.done_ok + row.done_failed;
        self.store.set_job_total(&self.leadership, job.0, total).await?;
        self.apply(Event::Counted { job, total: convert::count(total) }).await
    }

    pub(super) fn check_done(&self, job: JobId) {
        if self.modes.get(&job) == Some(&Mode::Follow) {
            return;
        }
        let (handle, store, end) = (self.handle.clone(), self.store.clone(), self.end.clone());
        tokio::spawn(async move {
            let checking = until_it_works(|| count_undecided(&store, job));
            tokio::select! {
                undecided = checking => handle.tell(Command::CheckedDone { job, undecided }).await,
                () = end.cancelled() => (),
            }
        });
    }

    pub(super) async fn checked_done(&mut self, job: JobId, undecided: i64) -> Result<(), Error> {
        let moved = if undecided == 0 {
            self.persist_move(job, ("running", "done"), "", JobState::Ended).await
        } else {
            let reason = format!(
                "{undecided} applications appeared in ranges that were done; submit the same again to take them"
            );
            self.persist_move(job, ("running", "failed"), &reason, JobState::Ended).await
        };
        match moved {
            Err(Error::Conflict) => Ok(()),
            other => other,
        }
    }

    /// Looks whether the sources of `follow` jobs have grown.
    pub(super) fn look_for_new(&self) {
        for (&job, _) in self.modes.iter().filter(|(_, mode)| **mode == Mode::Follow) {
            let (handle, store) = (self.handle.clone(), self.store.clone());
            tokio::spawn(async move {
                match new_bound(&store, job).await {
                    Ok(Some((hi, new_hi))) => handle.tell(Command::Grown { job, hi, new_hi }).await,
                    Ok(None) => (),
                    Err(err) => warn!(%job, %err, "cannot look for new applications"),
                }
            });
        }
    }

    pub(super) async fn grown(&mut self, job: JobId, hi: i64, new_hi: i64) -> Result<(), Error> {
        let Some(last) = self.table.last_range(job) else { return Ok(()) };
        match self.store.extend_job(&self.leadership, job.0, last.0 + 1, (hi, new_hi)).await {
            Ok(()) => info!(%job, hi, new_hi, "scope extended"),
            // Paused, ended, or extended by an earlier look.
            Err(Error::Conflict) => return Ok(()),
            Err(err @ Error::Deposed) => return Err(err),
            Err(err) => warn!(%job, %err, "cannot extend the scope"),
        }
        self.reload().await
    }
}

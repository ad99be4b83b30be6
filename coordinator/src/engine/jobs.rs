//! A job's life: submitted, moved, counted, extended, done.

use tracing::{info, warn};
use xmlx_extract::Plan;
use xmlx_lease::{Event, JobId, JobState};
use xmlx_proto::{ErrorCode, Refusal, v1 as pb};
use xmlx_store::{Class, Error, JobRow, Mode, NewJob, Scope, same_applications};

use super::command::{Command, Look, MoveJob};
use super::look::{count_undecided, count_waiting, look, trouble, until_it_works};
use super::{Engine, convert};

impl Engine {
    /// Inserts the job, unless it is there or another one works on the same applications.
    pub(super) async fn submit(
        &mut self,
        job: &NewJob,
    ) -> Result<Result<pb::SubmitResponse, Refusal>, Error> {
        let jobs = self.store.jobs().await?;
        match self.same_or_overlap(&jobs, job).await? {
            Err(refusal) => return Ok(Err(refusal)),
            Ok(Some(same)) => {
                if !self.table.is_open(JobId(same.job_id)) && is_open(&same) {
                    self.load(&same).await?;
                }
                let outcome = pb::Outcome::AlreadySo.into();
                return Ok(Ok(pb::SubmitResponse {
                    outcome,
                    job: Some(convert::job_message(&same, self.handle.notes())),
                }));
            }
            Ok(None) => (),
        }
        // Before rows of the new job can follow: a leader may have died, or failed, before it noted them.
        for ended in jobs.iter().filter(|it| !is_open(it) && it.log_end.is_none()) {
            match self.note_log_end(JobId(ended.job_id)).await {
                // A contract that this build cannot read must not keep others from being submitted, nor a log that
                // is gone: nothing follows there.
                Err(err) if matches!(err, Error::Shape { .. }) || err.number() == Some(208) => {
                    warn!(job = ended.job_id, %err, "cannot note where the job's log ends");
                }
                other => other?,
            }
        }
        let mut job = job.clone();
        job.job_id = jobs.iter().map(|it| it.job_id).max().unwrap_or(0) + 1;
        self.store.insert_job(&self.leadership, &job).await?;
        let (mode, lo, hi) = (job.mode.name(), job.scope.lo, job.scope.hi);
        info!(job = job.job_id, mode, lo, hi, "job submitted");
        let Some(row) = self.row(JobId(job.job_id)).await? else {
            let message = "the job is gone right after its submission";
            return Ok(Err(Refusal::new(ErrorCode::Internal, message)));
        };
        self.load(&row).await?;
        let outcome = pb::Outcome::Accepted.into();
        Ok(Ok(pb::SubmitResponse {
            outcome,
            job: Some(convert::job_message(&row, self.handle.notes())),
        }))
    }

    /// Two jobs must not decide the same applications at the same time. A job that was asked for again
    /// is found; any other overlap is refused.
    async fn same_or_overlap(
        &self,
        jobs: &[JobRow],
        new: &NewJob,
    ) -> Result<Result<Option<JobRow>, Refusal>, Error> {
        let plan = |text: &str| Plan::from_json_with(text, *self.store.limits()).ok();
        for job in jobs {
            if job.submit_key == new.submit_key {
                return Ok(Ok(Some(job.clone())));
            }
            if !is_open(job) || !overlap(job, new) {
                continue;
            }
            if job.contract_hash == new.contract_hash
                && job.mode == new.mode
                && job.scope == new.scope
            {
                return Ok(Ok(Some(job.clone())));
            }
            let other =
                self.store.job_contract(job.job_id).await?.and_then(|(text, _, _)| plan(&text));
            let shared =
                plan(&new.contract).zip(other).is_none_or(|(a, b)| same_applications(&a, &b));
            if shared {
                let (id, state, lo, hi) = (job.job_id, &job.state, job.scope.lo, job.scope.hi - 1);
                let message = format!(
                    "job {id} ({state}) works on app_id {lo} to {hi} of the same source; wait for it, cancel it, or submit another range"
                );
                return Ok(Err(Refusal::new(ErrorCode::NotPossible, message)));
            }
        }
        Ok(Ok(None))
    }

    /// Durable first; then every lease is revoked, durably, before the answer goes out.
    pub(super) async fn move_job(
        &mut self,
        job: JobId,
        to: MoveJob,
    ) -> Result<Result<pb::Outcome, Refusal>, Error> {
        let Some(row) = self.row(job).await? else {
            return Ok(Err(Refusal::new(ErrorCode::NotFound, format!("there is no job {job}"))));
        };
        let (state, target, reason) = match to {
            MoveJob::Pause => ("paused", JobState::Paused, "by an operator"),
            MoveJob::Resume => ("running", JobState::Running, ""),
            MoveJob::Cancel => ("cancelled", JobState::Ended, "by an operator"),
        };
        if row.state == state {
            // An earlier answer may have been lost on its way to us: the table has to know, too.
            self.moved(job, target).await?;
            return Ok(Ok(pb::Outcome::AlreadySo));
        }
        if convert::job_state(&row.state) == JobState::Ended {
            let message = format!("job {job} is {}; submit a new one", row.state);
            return Ok(Err(Refusal::new(ErrorCode::NotPossible, message)));
        }
        if self.persist_move(job, (&row.state, state), reason, target).await? {
            if target == JobState::Running && row.total.is_none() {
                self.count(job, row.scope);
            }
            return Ok(Ok(pb::Outcome::Accepted));
        }
        let message =
            format!("job {job} has just changed; look at `xmlx-client jobs` and try again");
        Ok(Err(Refusal::new(ErrorCode::NotPossible, message)))
    }

    /// Whether the job was in state `from`; if not, nothing has changed.
    async fn persist_move(
        &mut self,
        job: JobId,
        (from, to): (&str, &str),
        reason: &str,
        state: JobState,
    ) -> Result<bool, Error> {
        match self.store.move_job(&self.leadership, job.0, (from, to), reason).await {
            Ok(()) => (),
            Err(Error::Conflict) => return Ok(false),
            Err(err) => return Err(err),
        }
        info!(%job, from, to, reason, "job moved");
        self.handle.notes().forget(job);
        self.moved(job, state).await?;
        if state == JobState::Ended
            && let Err(err) = self.note_log_end(job).await
        {
            warn!(%job, %err, "cannot note where the job's log ends; trying again before the next job");
        }
        Ok(true)
    }

    /// The move is durable: the table follows, and with it the leases.
    async fn moved(&mut self, job: JobId, state: JobState) -> Result<(), Error> {
        match self.apply(Event::JobMoved { job, state }).await {
            // An owner closed its range meanwhile: the tables say which leases are left to revoke.
            Err(err @ Error::Conflict) => self.settle(Err(err)).await,
            other => other,
        }
    }

    /// Nothing is committed for the job any more: later log rows are somebody else's.
    async fn note_log_end(&self, job: JobId) -> Result<(), Error> {
        let source = self.sources.of(&self.looks, job).await?;
        let log_end = source.newest_log_id(&self.looks).await?;
        self.store.set_job_log_end(&self.leadership, job.0, log_end).await
    }

    /// Capacity pauses the job, anything else that concerns the whole job fails it. Where it is
    /// neither, somebody said so before.
    pub(super) async fn trouble(
        &mut self,
        job: JobId,
        class: Class,
        reason: &str,
    ) -> Result<(), Error> {
        warn!(%job, ?class, reason, "trouble with the job");
        self.counting.remove(&job);
        let (to, state) = if class == Class::Capacity {
            ("paused", JobState::Paused)
        } else {
            ("failed", JobState::Ended)
        };
        self.persist_move(job, ("running", to), reason, state).await?;
        Ok(())
    }

    /// Counts a job's applications in the background: a submit must not wait for it.
    pub(super) fn count(&mut self, job: JobId, scope: Scope) {
        if !self.counting.insert(job) {
            return;
        }
        let (handle, store, end) = (self.handle.clone(), self.looks.clone(), self.end.clone());
        let sources = self.sources.clone();
        tokio::spawn(async move {
            let counting =
                until_it_works(&handle, job, || count_waiting(&store, &sources, job, scope));
            let found = tokio::select! {
                found = counting => found,
                () = end.cancelled() => None,
            };
            if let Some(total) = found {
                handle.tell(Command::Counted { job, total }).await;
            }
        });
    }

    /// What waits now and what has been decided make up the total.
    pub(super) async fn counted(&mut self, job: JobId, waiting: i64) -> Result<(), Error> {
        self.counting.remove(&job);
        let Some(row) = self.row(job).await? else { return Ok(()) };
        let total = waiting + row.done_ok + row.done_failed;
        self.store.set_job_total(&self.leadership, job.0, total).await?;
        self.apply(Event::Counted { job, total: convert::count(total) }).await
    }

    pub(super) fn check_done(&self, job: JobId) {
        if self.modes.get(&job) == Some(&Mode::Follow) {
            return;
        }
        let (handle, store, end) = (self.handle.clone(), self.looks.clone(), self.end.clone());
        let sources = self.sources.clone();
        tokio::spawn(async move {
            let checking = until_it_works(&handle, job, || count_undecided(&store, &sources, job));
            let found = tokio::select! {
                found = checking => found,
                () = end.cancelled() => None,
            };
            if let Some(undecided) = found {
                handle.tell(Command::CheckedDone { job, undecided }).await;
            }
        });
    }

    pub(super) async fn checked_done(&mut self, job: JobId, undecided: i64) -> Result<(), Error> {
        if undecided == 0 {
            self.persist_move(job, ("running", "done"), "", JobState::Ended).await?;
        } else if !self.store.open_ranges(job.0, 0, 1).await?.is_empty() {
            // The database has gone back in time: what it had lost is open again.
            warn!(%job, undecided, "ranges that were done are open; reading them again");
            if let Some(row) = self.row(job).await? {
                self.load(&row).await?;
            }
        } else {
            let reason = format!(
                "{undecided} applications appeared in ranges that were done; submit the same again to take them"
            );
            self.persist_move(job, ("running", "failed"), &reason, JobState::Ended).await?;
        }
        Ok(())
    }

    /// Looks whether the sources of `follow` jobs have grown, one look at a time.
    pub(super) fn look_for_new(&mut self) {
        let follow = self.modes.iter().filter(|(_, mode)| **mode == Mode::Follow);
        let due: Vec<JobId> =
            follow.map(|(&job, _)| job).filter(|it| self.table.is_open(*it)).collect();
        for job in due {
            if self.following.insert(job) {
                let (handle, store) = (self.handle.clone(), self.looks.clone());
                let sources = self.sources.clone();
                let seen = self.seen.get(&job).copied();
                tokio::spawn(async move {
                    let look = match look(&store, &sources, job, seen).await {
                        Ok(it) => {
                            handle.notes().can_look(job);
                            it
                        }
                        Err(err) => {
                            trouble(&handle, job, err, 1).await;
                            None
                        }
                    };
                    handle.tell(Command::Looked { job, look }).await;
                });
            }
        }
    }

    pub(super) async fn looked(&mut self, job: JobId, look: Option<Look>) -> Result<(), Error> {
        self.following.remove(&job);
        let Some(look) = look else { return Ok(()) };
        self.seen.insert(job, look.end);
        let (Some(grown), Some(last)) = (look.grown, self.table.last_range(job)) else {
            return Ok(());
        };
        let (hi, new_hi) = (grown.hi, grown.new_hi);
        let range_id = last.0 + 1;
        match self
            .store
            .extend_job(&self.leadership, job.0, range_id, (hi, new_hi), grown.waiting)
            .await
        {
            Ok(()) => info!(%job, hi, new_hi, "scope extended"),
            // Paused, ended, or extended by an earlier look.
            Err(Error::Conflict) => return Ok(()),
            Err(err) => return Err(err),
        }
        match self.row(job).await? {
            Some(row) => self.load(&row).await,
            None => Ok(()),
        }
    }

    async fn row(&self, job: JobId) -> Result<Option<JobRow>, Error> {
        Ok(self.store.jobs().await?.into_iter().find(|it| it.job_id == job.0))
    }
}

fn is_open(job: &JobRow) -> bool {
    matches!(job.state.as_str(), "running" | "paused")
}

/// A job that follows has no end.
fn overlap(job: &JobRow, new: &NewJob) -> bool {
    let end = |mode, hi| if mode == Mode::Follow { i64::MAX } else { hi };
    new.scope.lo < end(job.mode, job.scope.hi) && job.scope.lo < end(new.mode, new.scope.hi)
}

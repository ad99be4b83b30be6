//! What the engine does: commands in, actions out.

use std::time::Duration;

use tracing::{info, warn};
use xmlx_extract::Plan;
use xmlx_lease::{Action, Boundary, Event, JobId, JobState, Order};
use xmlx_proto::v1::coordinator_message::Body;
use xmlx_proto::{ErrorCode, Refusal, v1 as pb};
use xmlx_store::{Class, Error, Mode, NewJob, Scope, SessionRow, Source, Store};

use super::command::{Command, Hello, Joined, MoveJob};
use super::{Engine, convert};

/// Looking for boundaries and counting is tried again after so long.
const RETRY_PAUSE: Duration = Duration::from_secs(2);
/// A draining worker releases what is left after so long.
const DRAIN_DEADLINE: Duration = Duration::from_secs(25);

impl Engine {
    pub(super) async fn obey(&mut self, command: Command) -> Result<(), Error> {
        match command {
            Command::Join { hello, reply } => {
                let joined = self.join(hello).await;
                let deposed =
                    joined.as_ref().err().is_some_and(|it| it.code == ErrorCode::NotLeader);
                drop(reply.send(joined));
                if deposed { Err(Error::Deposed) } else { Ok(()) }
            }
            Command::StreamEnded { session, generation } => {
                if self.sessions.stream_ended(&session, generation) {
                    self.apply(Event::Broke { session }).await?;
                }
                Ok(())
            }
            Command::Lease(event) => self.apply(event).await,
            Command::Beat { session, sequence, memory_bytes, apps_done } => {
                self.sessions.beat(&session, self.clock.millis(), memory_bytes, apps_done);
                self.sessions.send(&session, Body::HeartbeatAck(pb::HeartbeatAck { sequence }));
                Ok(())
            }
            Command::Trouble { job, class, reason } => self.trouble(job, class, &reason).await,
            Command::Submit { job, reply } => {
                let outcome = self.submit(&job).await;
                drop(reply.send(outcome));
                Ok(())
            }
            Command::Move { job, to, reply } => {
                let outcome = self.move_job(job, to).await;
                drop(reply.send(outcome));
                Ok(())
            }
            Command::Drain { worker, reply } => {
                let outcome = self.drain(&worker).await?;
                drop(reply.send(outcome));
                Ok(())
            }
            Command::Workers { reply } => {
                drop(reply.send(self.sessions.infos(&self.table)));
                Ok(())
            }
            Command::Counted { job, scope_hi, total } => self.counted(job, scope_hi, total).await,
            Command::CheckedDone { job, undecided } => self.checked_done(job, undecided).await,
            Command::Grown { job, hi, new_hi } => self.grown(job, hi, new_hi).await,
        }
    }

    pub(super) async fn act(&mut self, action: Action) -> Result<(), Error> {
        match action {
            Action::Save(change) => {
                self.store.change_range(&self.leadership, &convert::change(&change)).await?;
                info!(job = %change.job, range = %change.range, epoch = %change.to_epoch, event = change.event, "range");
            }
            Action::Send { session, order } => {
                let body = match order {
                    Order::Grant(lease) => {
                        Body::Grant(pb::Grant { lease: Some(convert::lease_message(lease)) })
                    }
                    Order::Revoke { lease, reason } => Body::Revoke(pb::Revoke {
                        lease: Some(convert::lease_message(lease)),
                        reason: reason.to_owned(),
                    }),
                    Order::Split { lease, at } => {
                        Body::Split(pb::Split { lease: Some(convert::lease_message(lease)), at })
                    }
                    Order::Drain => Body::Drain(pb::Drain {
                        deadline_ms: u64::try_from(DRAIN_DEADLINE.as_millis()).unwrap_or(u64::MAX),
                    }),
                };
                self.sessions.send(&session, body);
            }
            Action::EndSession { session, reason } => {
                info!(%session, reason, "session ended");
                self.sessions.close(&session);
                self.store.close_session(&self.leadership, &session.0, reason).await?;
            }
            Action::FindBoundary { job, range, from, hi, count } => {
                let handle = self.handle.clone();
                let store = self.store.clone();
                let scope = Scope { lo: from, hi };
                tokio::spawn(async move {
                    let boundary = find_boundary(&store, job, scope, count).await;
                    handle.tell(Command::Lease(Event::Found { job, range, boundary })).await;
                });
            }
            Action::CheckDone { job } => self.check_done(job),
        }
        Ok(())
    }

    async fn join(&mut self, hello: Hello) -> Result<Joined, Refusal> {
        let row = SessionRow {
            session_id: hello.session.0.clone(),
            name: hello.name.clone(),
            build: hello.build.clone(),
            slots: i32::try_from(hello.slots).unwrap_or(i32::MAX),
            state: "active".to_owned(),
        };
        self.store
            .open_session(&self.leadership, &row)
            .await
            .map_err(|err| convert::refusal(&err))?;
        info!(session = %hello.session, name = %hello.name, slots = hello.slots, held = hello.held.len(), "worker joined");
        let joined = self.sessions.open(&hello);
        let welcome = pb::Welcome {
            protocol: hello.protocol,
            heartbeat_ms: u64::try_from(self.heartbeat.as_millis()).unwrap_or(u64::MAX),
            lost_after_ms: u64::try_from(self.lost_after.as_millis()).unwrap_or(u64::MAX),
        };
        self.sessions.send(&hello.session, Body::Welcome(welcome));
        let event = Event::Joined { session: hello.session, slots: hello.slots, held: hello.held };
        self.apply(event).await.map_err(|err| convert::refusal(&err))?;
        Ok(joined)
    }

    async fn submit(&mut self, job: &NewJob) -> Result<pb::SubmitResponse, Refusal> {
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
    async fn move_job(&mut self, job: JobId, to: MoveJob) -> Result<pb::Outcome, Refusal> {
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

    async fn persist_move(
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
    async fn trouble(&mut self, job: JobId, class: Class, reason: &str) -> Result<(), Error> {
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

    async fn drain(&mut self, worker: &str) -> Result<Result<pb::Outcome, Refusal>, Error> {
        let sessions = self.sessions.named(worker);
        if sessions.is_empty() {
            let message =
                format!("no worker `{worker}` is connected; `xmlx-client workers` lists them");
            return Ok(Err(Refusal::new(ErrorCode::NotFound, message)));
        }
        if sessions.iter().all(|it| self.table.is_draining(it)) {
            return Ok(Ok(pb::Outcome::AlreadySo));
        }
        for session in sessions {
            self.apply(Event::DrainAsked { session }).await?;
        }
        Ok(Ok(pb::Outcome::Accepted))
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
    async fn counted(&mut self, job: JobId, scope_hi: i64, waiting: i64) -> Result<(), Error> {
        let jobs = self.store.jobs().await?;
        let Some(row) = jobs.iter().find(|it| it.job_id == job.0 && it.scope.hi == scope_hi) else {
            return Ok(());
        };
        let total = waiting + row.done_ok + row.done_failed;
        self.store.set_job_total(&self.leadership, job.0, total).await?;
        self.apply(Event::Counted { job, total: convert::count(total) }).await
    }

    fn check_done(&self, job: JobId) {
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

    async fn checked_done(&mut self, job: JobId, undecided: i64) -> Result<(), Error> {
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

    async fn grown(&mut self, job: JobId, hi: i64, new_hi: i64) -> Result<(), Error> {
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

async fn source_of(store: &Store, job: JobId) -> Result<Source, Error> {
    const IT: &str = "job_contract";
    let found = store.job_contract(job.0).await?;
    let (contract, mode, watermark) =
        found.ok_or_else(|| Error::Shape { statement: IT, detail: format!("no job {job}") })?;
    let plan = Plan::from_json(&contract)
        .map_err(|err| Error::Shape { statement: IT, detail: err.to_string() })?;
    Ok(Source::new(&plan, mode, watermark))
}

async fn find_boundary(store: &Store, job: JobId, scope: Scope, count: u64) -> Boundary {
    let n = i64::try_from(count).unwrap_or(i64::MAX);
    let found = async { source_of(store, job).await?.boundary(store, scope, n).await };
    match found.await {
        Ok(None) => Boundary::Empty,
        // Fewer than asked for: the rest of the range has nothing for anybody else.
        Ok(Some((_, found))) if found < n => {
            Boundary::Cut { at: scope.hi, count: convert::count(found) }
        }
        Ok(Some((last, found))) => Boundary::Cut { at: last + 1, count: convert::count(found) },
        Err(err) => {
            warn!(%job, %err, "cannot find where to cut a range");
            Boundary::Unknown
        }
    }
}

async fn count_waiting(store: &Store, job: JobId, scope: Scope) -> Result<i64, Error> {
    source_of(store, job).await?.waiting(store, scope).await
}

async fn count_undecided(store: &Store, job: JobId) -> Result<i64, Error> {
    let jobs = store.jobs().await?;
    let Some(row) = jobs.iter().find(|it| it.job_id == job.0) else { return Ok(0) };
    source_of(store, job).await?.waiting(store, row.scope).await
}

async fn new_bound(store: &Store, job: JobId) -> Result<Option<(i64, i64)>, Error> {
    let jobs = store.jobs().await?;
    let running = jobs.iter().find(|it| it.job_id == job.0 && it.state == "running");
    let Some(row) = running else { return Ok(None) };
    let bounds = source_of(store, job).await?.bounds(store).await?;
    Ok(bounds.filter(|it| it.hi > row.scope.hi).map(|it| (row.scope.hi, it.hi)))
}

async fn until_it_works<F, T>(mut attempt: impl FnMut() -> F) -> T
where
    F: Future<Output = Result<T, Error>>,
{
    loop {
        match attempt().await {
            Ok(it) => return it,
            Err(err) => warn!(%err, "cannot read the source; trying again"),
        }
        tokio::time::sleep(RETRY_PAUSE).await;
    }
}

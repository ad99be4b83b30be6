//! Commands in: who asks for what, and where it is done.

use tracing::{info, warn};
use xmlx_domain::{ErrorClass, JobId, LeaseKey, Outcome, SessionId, SessionState};
use xmlx_lease::Event;
use xmlx_proto::{ErrorCode, Refusal};
use xmlx_store::{Error, Record, SessionRow};

use super::command::{Command, Heartbeat, Hello, Joined, Reply, ToWorker};
use super::{Engine, convert, ends_leadership};

impl Engine {
    pub(super) async fn handle(&mut self, command: Command) -> Result<(), Error> {
        match command {
            Command::Join { hello, reply } => {
                let outcome = self.join(hello).await;
                answer(outcome.map(Ok), reply)
            }
            Command::StreamEnded { session, generation } => {
                if self.sessions.stream_ended(&session, generation) {
                    self.apply(Event::Broke { session }).await?;
                }
                Ok(())
            }
            Command::Lease(event) => self.apply(event).await,
            Command::Beat { session, beat } => self.beat(session, beat).await,
            Command::Expelled { err } => Err(err),
            Command::Trouble { job, class, reason } => self.trouble(job, class, &reason).await,
            Command::WorkerTrouble { session, job, class, reason } => {
                self.worker_trouble(&session, job, class, &reason).await
            }
            Command::HeldUp { session, lease, class, reason } => {
                self.held_up(&session, lease, class, &reason);
                Ok(())
            }
            Command::Submit { job, source, record, reply } => {
                answer(self.submit(&job, *source, &record).await.map(Ok), reply)
            }
            Command::NoteLogEnds { jobs, reply } => {
                self.note_log_ends(jobs, Some(reply));
                Ok(())
            }
            Command::Order { job, order, record, reply } => {
                self.order(job, order, &record, reply).await
            }
            Command::Drain { worker, record, reply } => {
                answer(self.drain(&worker, &record).await, reply)
            }
            Command::Throttle { commits_max, record, reply } => {
                let outcome = self.order_throttle(commits_max, &record).await;
                answer(outcome.map(Ok), reply)
            }
            Command::Prune { order, record, reply } => {
                self.prune(order, record, reply);
                Ok(())
            }
            Command::Workers { reply } => {
                let now = self.clock.millis();
                drop(reply.send(self.sessions.infos(&self.table, now, self.heartbeat)));
                Ok(())
            }
            Command::Counted { job, scope, total } => self.counted(job, scope, total).await,
            Command::CheckedDone { job, checked } => self.checked_done(job, checked).await,
            Command::Accounted { job, read, took } => self.accounted(job, read, took).await,
            Command::Explained { job, before, after } => self.explained(job, &before, &after).await,
            Command::Searched { job, found } => self.searched(job, found).await,
            Command::Read { job, read } => self.read(job, read).await,
            Command::ThrottleRead { commits_max } => {
                self.throttle.ordered = commits_max;
                self.limit_workers().await
            }
            Command::Strays { sessions } => self.end_strays(sessions).await,
        }
    }

    /// What a worker says of a job is believed where it works on it.
    async fn worker_trouble(
        &mut self,
        session: &SessionId,
        job: JobId,
        class: ErrorClass,
        reason: &str,
    ) -> Result<(), Error> {
        if !self.table.holds_any(session, job) {
            warn!(%session, %job, reason, "trouble with a job of which the worker has no lease; ignored");
            return Ok(());
        }
        self.trouble(job, class, reason).await
    }

    fn held_up(&self, session: &SessionId, lease: LeaseKey, class: ErrorClass, reason: &str) {
        if self.table.holds(session, lease) {
            info!(%session, job = %lease.job, range = %lease.range, reason, "lease released");
            self.handle.notes().held_up(lease.job, class, reason);
        }
    }

    async fn beat(&mut self, session: SessionId, beat: Heartbeat) -> Result<(), Error> {
        let Heartbeat { sequence, memory_bytes, apps_done, progress } = beat;
        self.handle.notes().beat(&progress);
        self.sessions.beat(&session, self.clock.millis(), memory_bytes, apps_done);
        let commits_max = self.commits_share(&session);
        self.sessions.send(&session, ToWorker::HeartbeatAck { sequence, commits_max });
        self.apply(Event::Beat { session, progress }).await
    }

    async fn join(&mut self, hello: Hello) -> Result<Joined, Error> {
        let row = SessionRow {
            session_id: hello.session.clone(),
            name: hello.name.clone(),
            build: hello.build.clone(),
            slots: i32::try_from(hello.slots).unwrap_or(i32::MAX),
            state: SessionState::Active,
        };
        self.store.open_session(&self.leadership, &row).await?;
        info!(session = %hello.session, name = %hello.name, slots = hello.slots, held = hello.held.len(), "worker joined");
        let joined = self.sessions.open(&hello, self.clock.millis());
        let welcome = ToWorker::Welcome {
            protocol: hello.protocol,
            heartbeat: self.heartbeat,
            lost_after: self.lost_after,
            commits_max: self.commits_share(&hello.session),
        };
        self.sessions.send(&hello.session, welcome);
        let Hello { session, slots, held, protocol, .. } = hello;
        let event = Event::Joined { session, slots, held, protocol };
        self.apply(event).await?;
        Ok(joined)
    }

    pub(super) async fn drain(
        &mut self,
        worker: &str,
        record: &Record,
    ) -> Result<Result<Outcome, Refusal>, Error> {
        let session = match one_of(self.sessions.named(worker), worker) {
            Ok(session) => session,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if self.table.is_draining(&session) {
            return Ok(Ok(Outcome::AlreadySo));
        }
        // What follows lies in no transaction of its own: it is recorded first.
        self.store.record(record).await?;
        self.apply(Event::DrainAsked { session }).await?;
        Ok(Ok(Outcome::Accepted))
    }
}

/// The one session that is meant: nobody may take out half a cluster by a name that several workers happen to have.
fn one_of(mut sessions: Vec<SessionId>, worker: &str) -> Result<SessionId, Refusal> {
    match sessions.len() {
        0 => {
            let message =
                format!("no worker `{worker}` is connected; `xmlx-client workers` lists them");
            Err(Refusal::new(ErrorCode::NotFound, message))
        }
        1 => Ok(sessions.remove(0)),
        n => {
            let ids: Vec<String> = sessions.iter().map(|session| format!("`{session}`")).collect();
            let message = format!(
                "{n} workers are named `{worker}`; say which by its session: {}",
                ids.join(", ")
            );
            Err(Refusal::new(ErrorCode::NotPossible, message))
        }
    }
}

/// Answers. What could not be saved has been doubted by now: whatever else is asked about it waits until it has been read
/// again. An error that remains ends the leadership.
fn answer<T>(outcome: Result<Result<T, Refusal>, Error>, reply: Reply<T>) -> Result<(), Error> {
    match outcome {
        Ok(answer) => {
            drop(reply.send(answer));
            Ok(())
        }
        Err(err) => {
            drop(reply.send(Err(convert::refusal(&err))));
            if ends_leadership(&err) { Err(err) } else { Ok(()) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_two_workers_names_none() {
        let session = |id: &str| SessionId(id.to_owned());
        assert_eq!(one_of(Vec::new(), "w").unwrap_err().code, ErrorCode::NotFound);
        assert_eq!(one_of(vec![session("a")], "w").unwrap(), session("a"));
        let refusal = one_of(vec![session("a"), session("b")], "w").unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "2 workers are named `w`; say which by its session: `a`, `b`"
        );
    }
}

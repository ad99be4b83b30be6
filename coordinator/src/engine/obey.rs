//! Commands in: who asks for what, and where it is done.

use tokio::sync::oneshot;
use tracing::info;
use xmlx_lease::Event;
use xmlx_proto::v1::coordinator_message::Body;
use xmlx_proto::{ErrorCode, Refusal, v1 as pb};
use xmlx_store::{Error, SessionRow};

use super::command::{Command, Hello, Joined};
use super::{Engine, convert};

impl Engine {
    pub(super) async fn obey(&mut self, command: Command) -> Result<(), Error> {
        match command {
            Command::Join { hello, reply } => {
                let outcome = self.join(hello).await;
                self.answer(outcome.map(Ok), reply).await
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
                let ack = pb::HeartbeatAck { sequence, commits_max: self.commits_share() };
                self.sessions.send(&session, Body::HeartbeatAck(ack));
                Ok(())
            }
            Command::Expelled { err } => Err(err),
            Command::Trouble { job, class, reason } => self.trouble(job, class, &reason).await,
            Command::Submit { job, reply } => {
                let outcome = self.submit(&job).await;
                self.answer(outcome, reply).await
            }
            Command::Move { job, to, reply } => {
                let outcome = self.move_job(job, to).await;
                self.answer(outcome, reply).await
            }
            Command::Drain { worker, reply } => {
                let outcome = self.drain(&worker).await;
                self.answer(outcome, reply).await
            }
            Command::Throttle { commits_max, reply } => {
                let outcome = self.order_throttle(commits_max).await;
                self.answer(outcome.map(Ok), reply).await
            }
            Command::Workers { reply } => {
                drop(reply.send(self.sessions.infos(&self.table)));
                Ok(())
            }
            Command::Counted { job, total } => self.counted(job, total).await,
            Command::CheckedDone { job, undecided } => self.checked_done(job, undecided).await,
            Command::Looked { job, look } => self.looked(job, look).await,
        }
    }

    /// Answers only once table and database agree again: an answer is a promise.
    async fn answer<T>(
        &mut self,
        outcome: Result<Result<T, Refusal>, Error>,
        reply: oneshot::Sender<Result<T, Refusal>>,
    ) -> Result<(), Error> {
        let (answer, settled) = match outcome {
            Ok(it) => (it, Ok(())),
            Err(err) => (Err(convert::refusal(&err)), self.settle(Err(err)).await),
        };
        drop(reply.send(answer));
        settled
    }

    async fn join(&mut self, hello: Hello) -> Result<Joined, Error> {
        let row = SessionRow {
            session_id: hello.session.0.clone(),
            name: hello.name.clone(),
            build: hello.build.clone(),
            slots: i32::try_from(hello.slots).unwrap_or(i32::MAX),
            state: "active".to_owned(),
        };
        self.store.open_session(&self.leadership, &row).await?;
        info!(session = %hello.session, name = %hello.name, slots = hello.slots, held = hello.held.len(), "worker joined");
        let joined = self.sessions.open(&hello);
        let welcome = pb::Welcome {
            protocol: hello.protocol,
            heartbeat_ms: u64::try_from(self.heartbeat.as_millis()).unwrap_or(u64::MAX),
            lost_after_ms: u64::try_from(self.lost_after.as_millis()).unwrap_or(u64::MAX),
            commits_max: self.commits_share(),
        };
        self.sessions.send(&hello.session, Body::Welcome(welcome));
        let event = Event::Joined { session: hello.session, slots: hello.slots, held: hello.held };
        self.apply(event).await?;
        Ok(joined)
    }

    pub(super) async fn drain(
        &mut self,
        worker: &str,
    ) -> Result<Result<pb::Outcome, Refusal>, Error> {
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
}

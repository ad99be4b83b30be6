//! Commands in: who asks for what, and where it is done.

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

    pub(super) async fn join(&mut self, hello: Hello) -> Result<Joined, Refusal> {
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

//! `WorkerService`: one stream per worker.

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};
use xmlx_domain::{ErrorClass, JobId, Lease, LeaseKey, Progress, SLOTS_MAX, SessionId};
use xmlx_lease::{Event, Message};
use xmlx_proto::v1::worker_message::Body;
use xmlx_proto::v1::worker_service_server::WorkerService;
use xmlx_proto::{ErrorCode, Refusal, Release, class_of_fields, required, v1 as pb};
use xmlx_runtime::{NAME_UNITS_MAX, name_problem};

use crate::engine::{Command, Handle, Heartbeat, Hello, ToWorker};
use crate::role::{Role, RoleReader};

/// A stream whose first message does not come within this time is closed.
const HELLO_TIMEOUT: Duration = Duration::from_secs(5);
/// The room for a worker's build in the control tables.
const BUILD_UNITS_MAX: usize = 100;
/// Released after an error: the range rests so long before somebody takes it again.
const BACKOFF: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(crate) struct WorkerApi {
    role: RoleReader,
    release: Release,
}

impl WorkerApi {
    pub(crate) fn new(role: RoleReader, release: Release) -> Self {
        Self { role, release }
    }
}

type Outgoing = BoxStream<'static, Result<pb::CoordinatorMessage, Status>>;

#[tonic::async_trait]
impl WorkerService for WorkerApi {
    type SessionStream = Outgoing;

    async fn session(
        &self,
        request: Request<Streaming<pb::WorkerMessage>>,
    ) -> Result<Response<Outgoing>, Status> {
        let mut incoming = request.into_inner();
        let engine = match self.role.get() {
            Role::Leading { engine } => engine,
            Role::Standby { leader_address } => return Ok(Response::new(redirect(leader_address))),
            Role::Unfit { reason } => {
                return Err(Refusal::new(ErrorCode::NotPossible, reason).into());
            }
        };
        let first = tokio::time::timeout(HELLO_TIMEOUT, incoming.message())
            .await
            .map_err(|_| Refusal::new(ErrorCode::Invalid, "no `hello` came"))??;
        let hello = hello(first, self.release)?;
        let session = hello.session.clone();
        let joined = engine.ask(|reply| Command::Join { hello, reply }).await??;
        let term = u64::try_from(engine.term().0).unwrap_or(0);
        tokio::spawn(read(incoming, engine, session, joined.generation));
        let outgoing = ReceiverStream::new(joined.outbox);
        Ok(Response::new(outgoing.map(move |message| Ok(to_worker(term, message))).boxed()))
    }
}

fn hello(first: Option<pb::WorkerMessage>, release: Release) -> Result<Hello, Refusal> {
    let Some(Body::Hello(hello)) = first.and_then(|it| it.body) else {
        return Err(Refusal::new(ErrorCode::Invalid, "the first message must be `hello`"));
    };
    let (oldest, newest) = release.protocols().into_inner();
    let protocol = newest.min(hello.protocol_max);
    if protocol < oldest.max(hello.protocol_min) {
        let message = format!(
            "the worker speaks protocol {}..={}, this coordinator {oldest}..={newest}; upgrade the older of the two",
            hello.protocol_min, hello.protocol_max,
        );
        return Err(Refusal::new(ErrorCode::Protocol, message));
    }
    // Other ways to write one do not fit their column.
    let is_uuid = |text: &str| text.len() == 36 && uuid::Uuid::parse_str(text).is_ok();
    if !is_uuid(&hello.session_id) {
        let message = "`hello.session_id` is no UUID such as 6ba7b810-9dad-41d1-80b4-00c04fd430c8";
        return Err(Refusal::new(ErrorCode::Invalid, message));
    }
    if hello.slots == 0 || hello.slots > SLOTS_MAX {
        let message = format!("`hello.slots` must be between 1 and {SLOTS_MAX}");
        return Err(Refusal::new(ErrorCode::Invalid, message));
    }
    for (field, text, units_max) in
        [("name", &hello.name, NAME_UNITS_MAX), ("build", &hello.build, BUILD_UNITS_MAX)]
    {
        if let Some(problem) = name_problem(text, units_max) {
            return Err(Refusal::new(ErrorCode::Invalid, format!("`hello.{field}` {problem}")));
        }
    }
    let held_max = usize::try_from(2 * SLOTS_MAX).unwrap_or(usize::MAX);
    if hello.held.len() > held_max {
        let message = format!("`hello.held` has more than {held_max} leases");
        return Err(Refusal::new(ErrorCode::Invalid, message));
    }
    let held = hello.held.into_iter().map(TryInto::try_into);
    Ok(Hello {
        session: SessionId(hello.session_id),
        name: hello.name,
        build: hello.build,
        slots: hello.slots,
        held: held.collect::<Result<_, _>>()?,
        protocol,
    })
}

fn redirect(leader_address: Option<String>) -> Outgoing {
    let redirect = pb::Redirect { leader_address: leader_address.unwrap_or_default() };
    let body = Some(pb::coordinator_message::Body::Redirect(redirect));
    stream::iter([Ok(pb::CoordinatorMessage { term: 0, body })]).boxed()
}

/// Turns a worker's messages into commands until its stream ends.
async fn read(
    mut incoming: Streaming<pb::WorkerMessage>,
    engine: Handle,
    session: SessionId,
    generation: u64,
) {
    loop {
        let message = match incoming.message().await {
            Ok(Some(it)) => it,
            Ok(None) => break,
            Err(status) => {
                tracing::debug!(%session, message = status.message(), "stream broke");
                break;
            }
        };
        let Some(body) = message.body else { continue };
        match commands(&session, body) {
            Ok(commands) => {
                for command in commands {
                    if let Command::Lease(Event::Finished { lease, apps: 1.., .. }) = &command {
                        engine.notes().forget(lease.job);
                    }
                    engine.send(command).await;
                }
            }
            Err(refusal) => tracing::warn!(%session, %refusal, "a message was refused"),
        }
    }
    engine.send(Command::StreamEnded { session, generation }).await;
}

fn commands(session: &SessionId, body: Body) -> Result<Vec<Command>, Refusal> {
    let session = session.clone();
    let event = match body {
        Body::Hello(_) => {
            return Err(Refusal::new(ErrorCode::Invalid, "`hello` comes once, at the beginning"));
        }
        Body::Heartbeat(beat) => return Ok(vec![heartbeat(session, beat)?]),
        Body::LeaseRequest(it) => Event::Asked { session, credits: it.credits },
        Body::RangeDone(it) => {
            let lease = lease(it.lease)?;
            let elapsed = Duration::from_millis(it.elapsed_ms);
            Event::Finished { session, lease, apps: it.apps, elapsed }
        }
        Body::Released(it) => return released(session, it),
        Body::Trouble(it) => {
            let class = class_of_fields(it.class(), it.exact_class())?;
            let class = required(class, "trouble.class")?;
            let job = JobId(it.job_id);
            return Ok(vec![Command::WorkerTrouble { session, job, class, reason: it.reason }]);
        }
        Body::Goodbye(it) => {
            tracing::info!(%session, reason = it.reason, "goodbye");
            Event::Left { session }
        }
    };
    Ok(vec![Command::Lease(event)])
}

fn lease(message: Option<pb::Lease>) -> Result<LeaseKey, Refusal> {
    Ok(Lease::try_from(required(message, "lease")?)?.key)
}

fn released(session: SessionId, it: pb::Released) -> Result<Vec<Command>, Refusal> {
    let class = class_of_fields(it.class(), it.exact_class())?;
    let backoff = match class {
        None | Some(ErrorClass::Fenced) => Duration::ZERO,
        Some(
            ErrorClass::Transient
            | ErrorClass::Ambiguous
            | ErrorClass::Capacity
            | ErrorClass::Data
            | ErrorClass::Unclear
            | ErrorClass::Fatal,
        ) => BACKOFF,
    };
    let lease = lease(it.lease)?;
    let mut commands = Vec::new();
    if let Some(class) = class.filter(|_| !it.reason.is_empty()) {
        let session = session.clone();
        commands.push(Command::HeldUp { session, lease, class, reason: it.reason });
    }
    let committed_through = it.committed_through;
    commands.push(Command::Lease(Event::Released { session, lease, committed_through, backoff }));
    Ok(commands)
}

fn heartbeat(session: SessionId, beat: pb::Heartbeat) -> Result<Command, Refusal> {
    let progress = beat.progress.into_iter().map(Progress::try_from);
    let beat = Heartbeat {
        sequence: beat.sequence,
        memory_bytes: beat.memory_bytes,
        apps_done: beat.apps_done,
        progress: progress.collect::<Result<_, _>>()?,
    };
    Ok(Command::Beat { session, beat })
}

fn to_worker(term: u64, message: ToWorker) -> pb::CoordinatorMessage {
    use pb::coordinator_message::Body;
    let millis = |length: Duration| u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
    // On the wire no limit is 0.
    let commits = |commits_max: Option<u32>| commits_max.unwrap_or(0);
    let body = match message {
        ToWorker::Welcome { protocol, heartbeat, lost_after, commits_max } => {
            Body::Welcome(pb::Welcome {
                protocol,
                heartbeat_ms: millis(heartbeat),
                lost_after_ms: millis(lost_after),
                commits_max: commits(commits_max),
            })
        }
        ToWorker::HeartbeatAck { sequence, commits_max } => {
            Body::HeartbeatAck(pb::HeartbeatAck { sequence, commits_max: commits(commits_max) })
        }
        ToWorker::Message(Message::Grant(lease)) => {
            Body::Grant(pb::Grant { lease: Some(lease.into()) })
        }
        ToWorker::Message(Message::Revoke { lease, reason }) => {
            Body::Revoke(pb::Revoke { lease: Some(lease.into()), reason: reason.to_owned() })
        }
        ToWorker::Message(Message::Split { lease, at }) => {
            Body::Split(pb::Split { lease: Some(lease.into()), at })
        }
        ToWorker::Message(Message::Drain) => Body::Drain(pb::Drain {}),
    };
    pb::CoordinatorMessage { term, body: Some(body) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_fit_no_line_or_no_column_are_refused() {
        let named = |name: &str, build: &str| {
            let (protocol_min, protocol_max) = Release::Current.protocols().into_inner();
            let session_id = uuid::Uuid::nil().to_string();
            let (name, build) = (name.to_owned(), build.to_owned());
            let held = Vec::new();
            let hello =
                pb::Hello { protocol_min, protocol_max, session_id, name, build, slots: 1, held };
            let first = pb::WorkerMessage { term: 0, body: Some(Body::Hello(hello)) };
            super::hello(Some(first), Release::Current)
        };
        assert_eq!(named("w1", "1.0").unwrap().name, "w1");
        for (name, build, field) in [
            ("w1\nw2", "1.0", "`hello.name` holds"),
            ("\u{1b}[2J", "1.0", "`hello.name` holds"),
            ("w".repeat(201).as_str(), "1.0", "`hello.name` has more than 200"),
            ("w1", "1\r0", "`hello.build` holds"),
            ("w1", &"1".repeat(101), "`hello.build` has more than 100"),
        ] {
            let refusal = named(name, build).unwrap_err();
            assert_eq!(refusal.code, ErrorCode::Invalid);
            assert!(refusal.message.starts_with(field), "{refusal}");
        }
    }
}

//! The streams of the workers that are connected.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::mpsc;
use xmlx_domain::SessionId;
use xmlx_lease::LeaseTable;

use super::command::{Hello, Joined, ToWorker, WorkerInfo, WorkerState};
use super::rate::Rate;

/// Messages that may wait for a worker that does not read; more, and its stream is dropped.
const OUTBOX: usize = 256;
/// A worker that lets so many heartbeats pass is shown as silent: paused, cut off, or dead.
const SILENT_BEATS: u32 = 3;

#[derive(Debug, Default)]
pub(crate) struct Sessions {
    streams: BTreeMap<SessionId, Stream>,
    generations: u64,
}

#[derive(Debug)]
struct Stream {
    generation: u64,
    name: String,
    build: String,
    slots: u32,
    protocol: u32,
    outbox: mpsc::Sender<ToWorker>,
    memory_bytes: u64,
    /// When its last heartbeat came, or its hello.
    heard_at_ms: u64,
    rate: Rate,
}

impl Sessions {
    /// Registers a stream; an older one of the same session ends by losing its outbox.
    pub(crate) fn open(&mut self, hello: &Hello, now_ms: u64) -> Joined {
        self.generations += 1;
        let (outbox, receiver) = mpsc::channel(OUTBOX);
        let stream = Stream {
            generation: self.generations,
            name: hello.name.clone(),
            build: hello.build.clone(),
            slots: hello.slots,
            protocol: hello.protocol,
            outbox,
            memory_bytes: 0,
            heard_at_ms: now_ms,
            rate: Rate::default(),
        };
        self.streams.insert(hello.session.clone(), stream);
        Joined { generation: self.generations, outbox: receiver }
    }

    /// Whether that stream was the session's latest; it is forgotten then.
    pub(crate) fn stream_ended(&mut self, session: &SessionId, generation: u64) -> bool {
        let latest = self.streams.get(session).is_some_and(|it| it.generation == generation);
        if latest {
            self.streams.remove(session);
        }
        latest
    }

    /// Where the session stands among the connected ones.
    pub(crate) fn place_of(&self, session: &SessionId) -> usize {
        self.streams.range(..session).count()
    }

    /// Connected workers.
    pub(crate) fn len(&self) -> usize {
        self.streams.len()
    }

    pub(crate) fn close(&mut self, session: &SessionId) {
        self.streams.remove(session);
    }

    /// Sends without waiting: a worker that does not read must not stop the engine.
    pub(crate) fn send(&mut self, session: &SessionId, message: ToWorker) {
        let Some(stream) = self.streams.get(session) else { return };
        if stream.outbox.try_send(message).is_err() {
            tracing::warn!(%session, "the worker does not read its stream; dropping it");
            self.streams.remove(session);
        }
    }

    /// The protocol that was agreed on with the session; 0 where it is not connected.
    pub(crate) fn protocol(&self, session: &SessionId) -> u32 {
        self.streams.get(session).map_or(0, |it| it.protocol)
    }

    pub(crate) fn beat(
        &mut self,
        session: &SessionId,
        now_ms: u64,
        memory_bytes: u64,
        apps_done: u64,
    ) {
        let Some(stream) = self.streams.get_mut(session) else { return };
        stream.rate.beat(now_ms, apps_done);
        stream.heard_at_ms = now_ms;
        stream.memory_bytes = memory_bytes;
    }

    /// The sessions of that name or id.
    pub(crate) fn named(&self, worker: &str) -> Vec<SessionId> {
        let matching = self.streams.iter().filter(|(id, it)| id.0 == worker || it.name == worker);
        matching.map(|(id, _)| id.clone()).collect()
    }

    /// What is known of the workers now; `heartbeat` is how often each should be heard of.
    pub(crate) fn infos(
        &self,
        table: &LeaseTable,
        now_ms: u64,
        heartbeat: Duration,
    ) -> Vec<WorkerInfo> {
        let info = |(id, it): (&SessionId, &Stream)| {
            let silence = Duration::from_millis(now_ms.saturating_sub(it.heard_at_ms));
            WorkerInfo {
                session: id.clone(),
                name: it.name.clone(),
                build: it.build.clone(),
                slots: it.slots,
                state: if silence > heartbeat * SILENT_BEATS {
                    WorkerState::Silent
                } else if table.is_draining(id) {
                    WorkerState::Draining
                } else {
                    WorkerState::Active
                },
                silence,
                leases: table.leases_of(id),
                apps_per_second: it.rate.per_second(now_ms),
                memory_bytes: it.memory_bytes,
            }
        };
        self.streams.iter().map(info).collect()
    }
}

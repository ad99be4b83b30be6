//! The streams of the workers that are connected.

use std::collections::BTreeMap;

use tokio::sync::mpsc;
use xmlx_lease::{LeaseTable, SessionId};
use xmlx_proto::v1 as pb;

use super::command::{Hello, Joined, WorkerInfo};

/// Messages that may wait for a worker that does not read; more, and its stream is dropped.
const OUTBOX: usize = 256;
/// The weight of the newest heartbeat in a worker's shown rate.
const RATE_WEIGHT: f64 = 0.3;

#[derive(Debug)]
pub(crate) struct Sessions {
    term: u64,
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
    outbox: mpsc::Sender<pb::CoordinatorMessage>,
    memory_bytes: u64,
    apps_done: u64,
    beat_ms: Option<u64>,
    apps_per_second: f64,
}

impl Sessions {
    pub(crate) fn new(term: u64) -> Self {
        Self { term, streams: BTreeMap::new(), generations: 0 }
    }

    /// Registers a stream; an older one of the same session ends by losing its outbox.
    pub(crate) fn open(&mut self, hello: &Hello) -> Joined {
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
            apps_done: 0,
            beat_ms: None,
            apps_per_second: 0.0,
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

    /// Connected workers.
    pub(crate) fn len(&self) -> usize {
        self.streams.len()
    }

    pub(crate) fn close(&mut self, session: &SessionId) {
        self.streams.remove(session);
    }

    /// Sends without waiting: a worker that does not read must not stop the engine.
    pub(crate) fn send(&mut self, session: &SessionId, body: pb::coordinator_message::Body) {
        let Some(stream) = self.streams.get(session) else { return };
        let message = pb::CoordinatorMessage { term: self.term, body: Some(body) };
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
        if let Some(before) = stream.beat_ms.filter(|it| *it < now_ms) {
            let seconds = std::time::Duration::from_millis(now_ms - before).as_secs_f64();
            let apps =
                u32::try_from(apps_done.saturating_sub(stream.apps_done)).unwrap_or(u32::MAX);
            let rate = f64::from(apps) / seconds;
            stream.apps_per_second += (rate - stream.apps_per_second) * RATE_WEIGHT;
        }
        stream.beat_ms = Some(now_ms);
        stream.memory_bytes = memory_bytes;
        stream.apps_done = apps_done;
    }

    /// The sessions of that name or id.
    pub(crate) fn named(&self, worker: &str) -> Vec<SessionId> {
        let matching = self.streams.iter().filter(|(id, it)| id.0 == worker || it.name == worker);
        matching.map(|(id, _)| id.clone()).collect()
    }

    pub(crate) fn infos(&self, table: &LeaseTable) -> Vec<WorkerInfo> {
        let info = |(id, it): (&SessionId, &Stream)| WorkerInfo {
            session: id.clone(),
            name: it.name.clone(),
            build: it.build.clone(),
            slots: it.slots,
            draining: table.is_draining(id),
            leases: table.leases_of(id),
            apps_per_second: it.apps_per_second,
            memory_bytes: it.memory_bytes,
        };
        self.streams.iter().map(info).collect()
    }
}

//! Workers that take leases, close them and report, on the real wire.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use xmlx_domain::{Lease, SessionId};
use xmlx_proto::v1 as pb;
use xmlx_proto::v1::coordinator_message::Body as In;
use xmlx_proto::v1::worker_message::Body as Out;
use xmlx_proto::v1::worker_service_client::WorkerServiceClient;
use xmlx_store::{Access, HeldLease, OpenRange, SCHEMA_VERSION, Store, StoreConfig};
use xmlx_tests::Cluster;

const HEARTBEAT: Duration = Duration::from_secs(1);
const RECONNECT: Duration = Duration::from_millis(100);
/// Connections that close ranges.
const CONNECTIONS: usize = 8;

/// What the workers have come to.
#[derive(Debug, Default)]
struct Count {
    done: u64,
    jobs: BTreeSet<i64>,
}

/// All workers.
#[derive(Debug)]
pub(crate) struct Fleet {
    count: Arc<Mutex<Count>>,
    changed: Arc<Notify>,
}

/// One worker.
#[derive(Clone)]
struct Worker {
    id: String,
    slots: u32,
    urls: Arc<Mutex<Vec<String>>>,
    store: Store,
    count: Arc<Mutex<Count>>,
    changed: Arc<Notify>,
}

impl Fleet {
    /// Starts `n` workers that look for the leader among the cluster's coordinators.
    pub(crate) fn new(cluster: &Cluster, n: usize, slots: u32) -> Self {
        let store = Store::new(&StoreConfig {
            connection_string: cluster.db.connection_string(),
            application_name: "xmlx/scale".to_owned(),
            ca: None,
            access: Access::ReadWrite,
            connections_max: CONNECTIONS,
            limits: xmlx_extract::Limits::default(),
        })
        .unwrap();
        let urls = cluster.coordinators.iter().map(|(url, _)| url.clone()).collect();
        let (count, changed) = (Arc::default(), Arc::new(Notify::new()));
        let fleet = Self { count: Arc::clone(&count), changed: Arc::clone(&changed) };
        let urls = Arc::new(Mutex::new(urls));
        for i in 0..n {
            let worker = Worker {
                id: format!("00000000-0000-4000-8000-{i:012}"),
                slots,
                urls: Arc::clone(&urls),
                store: store.clone(),
                count: Arc::clone(&count),
                changed: Arc::clone(&changed),
            };
            tokio::spawn(worker.run());
        }
        fleet
    }

    /// Waits until so many ranges are closed.
    pub(crate) async fn wait_done(&self, n: u64) {
        self.wait(|it| it.done >= n).await;
    }

    /// Waits until somebody has a lease of the job.
    pub(crate) async fn wait_granted(&self, job: i64) {
        self.wait(|it| it.jobs.contains(&job)).await;
    }

    async fn wait(&self, holds: impl Fn(&Count) -> bool) {
        loop {
            let changed = self.changed.notified();
            if holds(&self.count.lock().unwrap()) {
                return;
            }
            changed.await;
        }
    }
}

impl Worker {
    async fn run(self) {
        let mut next = 0;
        loop {
            let urls = self.urls.lock().unwrap().clone();
            next += 1;
            if let Some(leader) = self.talk(&urls[next % urls.len()]).await
                && !urls.contains(&leader)
            {
                self.urls.lock().unwrap().push(leader);
            }
            tokio::time::sleep(RECONNECT).await;
        }
    }

    /// One stream, for as long as it goes; where else to look.
    async fn talk(&self, url: &str) -> Option<String> {
        let mut client = WorkerServiceClient::connect(url.to_owned()).await.ok()?;
        let (outbox, receiver) = mpsc::channel(256);
        let hello = pb::Hello {
            protocol_min: 1,
            protocol_max: 2,
            session_id: self.id.clone(),
            name: self.id.clone(),
            build: "scale".to_owned(),
            slots: self.slots,
            held: Vec::new(),
        };
        say(&outbox, Out::Hello(hello)).await?;
        let mut incoming = client.session(ReceiverStream::new(receiver)).await.ok()?.into_inner();
        let mut heartbeat = tokio::time::interval(HEARTBEAT);
        let mut sequence = 0;
        loop {
            tokio::select! {
                message = incoming.message() => match message.ok()??.body? {
                    In::Grant(pb::Grant { lease: Some(lease) }) => self.close(lease, &outbox).await?,
                    In::Redirect(it) => return Some(it.leader_address).filter(|it| !it.is_empty()),
                    In::Welcome(_) | In::Grant(_) | In::Revoke(_) | In::Drain(_) | In::HeartbeatAck(_) | In::Split(_) => (),
                },
                _ = heartbeat.tick() => {
                    sequence += 1;
                    say(&outbox, Out::Heartbeat(pb::Heartbeat { sequence, ..pb::Heartbeat::default() })).await?;
                    say(&outbox, Out::LeaseRequest(pb::LeaseRequest { credits: self.slots + 1 })).await?;
                }
            }
        }
    }

    async fn close(
        &self,
        lease: pb::Lease,
        outbox: &mpsc::Sender<pb::WorkerMessage>,
    ) -> Option<()> {
        let Lease { key, scope } = lease.try_into().ok()?;
        let held = HeldLease { key, session: SessionId(self.id.clone()) };
        // Nothing is committed here, so the cursor never leaves the range's beginning.
        let range =
            OpenRange { scope, committed_through: scope.lo - 1, deaths: 0, schema: SCHEMA_VERSION };
        held.complete(&mut self.store.connection(), range).await.ok()?;
        {
            let mut count = self.count.lock().unwrap();
            count.done += 1;
            count.jobs.insert(lease.job_id);
        }
        self.changed.notify_waiters();
        say(outbox, Out::RangeDone(pb::RangeDone { lease: Some(lease), apps: 1, elapsed_ms: 0 }))
            .await?;
        say(outbox, Out::LeaseRequest(pb::LeaseRequest { credits: self.slots + 1 })).await
    }
}

async fn say(outbox: &mpsc::Sender<pb::WorkerMessage>, body: Out) -> Option<()> {
    outbox.send(pb::WorkerMessage { term: 0, body: Some(body) }).await.ok()
}

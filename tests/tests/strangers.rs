//! Whoever can reach a coordinator, and what they cannot do: half a request, no request, more than is believed.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use h2::client::{ResponseFuture, SendRequest};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;
use xmlx_proto::v1 as pb;
use xmlx_proto::v1::coordinator_message::Body as In;
use xmlx_proto::v1::worker_message::Body as Out;
use xmlx_proto::v1::worker_service_client::WorkerServiceClient;
use xmlx_tests::{Cluster, Setup};

/// Twice as many as a coordinator answers at once.
const HALF_OPEN: usize = 256;
/// What the coordinator may have open where it runs out of file descriptors.
const OPEN_FILES: usize = 64;

fn address(cluster: &Cluster) -> String {
    cluster.coordinators[0].0.trim_start_matches("http://").to_owned()
}

/// A call whose body never comes, and what is answered to it.
type HalfOpen = (h2::SendStream<tonic::codegen::Bytes>, ResponseFuture);

async fn half_open(
    address: &str,
    path: &str,
    n: usize,
) -> (SendRequest<tonic::codegen::Bytes>, Vec<HalfOpen>) {
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let mut client = client.ready().await.unwrap();
    let mut calls = Vec::new();
    for _ in 0..n {
        let request = tonic::codegen::http::Request::builder()
            .method("POST")
            .uri(format!("http://{address}{path}"))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(())
            .unwrap();
        let (answer, body) = client.send_request(request, false).unwrap();
        calls.push((body, answer));
        client = client.ready().await.unwrap();
    }
    (client, calls)
}

/// Calls whose body never comes take nobody's place, and are ended in time.
#[tokio::test(flavor = "multi_thread")]
async fn half_a_request_keeps_nobody_out() {
    let mut cluster = Cluster::start(Setup { workers: 0, ..Setup::small(200) }).await;
    let address = address(&cluster);
    let mut held = Vec::new();
    for path in ["/xmlx.v1.ClusterService/Status", "/xmlx.v1.JobService/Submit"] {
        held.push(half_open(&address, path, HALF_OPEN / 2).await);
        held.push(half_open(&address, path, HALF_OPEN / 2).await);
    }
    // All of them have been taken by now: a ping that is sent behind them comes back.
    assert_eq!(cluster.status()["leader"]["alive"], true);
    cluster.add_worker();
    cluster.wait_complete().await;
    for (_, calls) in &mut held {
        let (_body, answer) = calls.pop().unwrap();
        let answer = tokio::time::timeout(Duration::from_secs(30), answer).await;
        let answer = answer.expect("it is ended in time").unwrap();
        let status = answer.headers()["grpc-message"].to_str().unwrap().to_owned();
        assert!(status.contains("did%20not%20arrive"), "{status}");
    }
    drop(held);
    let job = cluster.submit(&[]);
    cluster.wait_done(job).await;
}

/// Connections that say nothing are cut, and running out of file descriptors is survived without spinning.
#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_take_no_file_descriptors_for_good() {
    let cluster = Cluster::start(Setup { workers: 0, ..Setup::small(1) }).await;
    let process = &cluster.coordinators[0].1;
    let limited = Command::new("prlimit")
        .args(["--pid", &process.id().to_string(), &format!("--nofile={OPEN_FILES}:{OPEN_FILES}")])
        .status();
    assert!(limited.is_ok_and(|it| it.success()), "the limit can be set");
    let address = address(&cluster);
    let idle: Vec<TcpStream> = (0..100).map(|_| TcpStream::connect(&address).unwrap()).collect();
    cluster
        .wait_for("all file descriptors to be in use", async |cluster| {
            cluster.coordinators[0].1.n_open_files() >= OPEN_FILES
        })
        .await;
    let (used, begun) = (process.processor_time(), tokio::time::Instant::now());
    cluster
        .wait_for("an answer in spite of them", async |cluster| {
            cluster.client(&["status", "-o", "json"]).code == 0
        })
        .await;
    let (used, waited) = (process.processor_time() - used, begun.elapsed());
    assert!(used < waited / 4 + Duration::from_secs(1), "{used:?} of a processor in {waited:?}");
    drop(idle);
}

/// A worker as anybody can write one.
struct Stranger {
    outbox: mpsc::Sender<pb::WorkerMessage>,
    inbox: Streaming<pb::CoordinatorMessage>,
    sequence: u64,
    granted: Vec<pb::Lease>,
}

impl Stranger {
    async fn join(cluster: &Cluster, slots: u32) -> Self {
        let (outbox, receiver) = mpsc::channel(64);
        let hello = pb::Hello {
            protocol_min: 1,
            protocol_max: 2,
            session_id: "00000000-0000-4000-8000-000000000077".to_owned(),
            name: "stranger".to_owned(),
            build: "0".to_owned(),
            slots,
            held: Vec::new(),
        };
        let message = pb::WorkerMessage { term: 0, body: Some(Out::Hello(hello)) };
        outbox.send(message).await.unwrap();
        let url = cluster.coordinators[0].0.clone();
        let mut client = WorkerServiceClient::connect(url).await.unwrap();
        let inbox = client.session(ReceiverStream::new(receiver)).await.unwrap().into_inner();
        Self { outbox, inbox, sequence: 0, granted: Vec::new() }
    }

    async fn say(&self, body: Out) {
        self.outbox.send(pb::WorkerMessage { term: 0, body: Some(body) }).await.unwrap();
    }

    /// Sends a heartbeat and waits until it is answered: everything that was said before has been heard then.
    async fn beat(&mut self, progress: Vec<pb::Progress>) {
        self.sequence += 1;
        let sequence = self.sequence;
        self.say(Out::Heartbeat(pb::Heartbeat { sequence, progress, ..pb::Heartbeat::default() }))
            .await;
        loop {
            match self.inbox.message().await.unwrap().expect("the stream lives").body {
                Some(In::HeartbeatAck(it)) if it.sequence == sequence => return,
                Some(In::Grant(it)) => self.granted.extend(it.lease),
                _ => (),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_holds_nothing_moves_no_job() {
    let cluster = Cluster::start(Setup { workers: 0, ..Setup::small(200) }).await;
    let job = cluster.submit(&[]);
    let mut stranger = Stranger::join(&cluster, 1).await;
    for class in [pb::ErrorClass::Fatal, pb::ErrorClass::Capacity] {
        let reason = "because I say so".to_owned();
        stranger
            .say(Out::Trouble(pb::Trouble {
                job_id: job,
                class: class.into(),
                reason,
                ..pb::Trouble::default()
            }))
            .await;
    }
    let lease = pb::Lease { job_id: job, range_id: 1, epoch: 1, lo: 1001, hi: 1101 };
    let released = pb::Released {
        lease: Some(lease),
        committed_through: i64::MAX,
        class: pb::ErrorClass::Transient.into(),
        reason: "because I say so".to_owned(),
        ..pb::Released::default()
    };
    stranger.say(Out::Released(released)).await;
    stranger.beat(Vec::new()).await;
    let shown = cluster.job(job);
    assert_eq!(shown["state"], "running", "{shown}");
    assert!(!shown["reason"].to_string().contains("because"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_overstates_gets_what_its_slots_allow() {
    let mut cluster = Cluster::start(Setup {
        workers: 0,
        coordinator_flags: &["--lease-apps-first", "10", "--lease-apps-min", "10"],
        ..Setup::small(300)
    })
    .await;
    let job = cluster.submit(&[]);
    let mut stranger = Stranger::join(&cluster, 2).await;
    let wish = Out::LeaseRequest(pb::LeaseRequest { credits: 1_000_000 });
    for _ in 0..200 {
        stranger.say(wish.clone()).await;
        stranger.beat(Vec::new()).await;
    }
    assert_eq!(stranger.granted.len(), 3, "two slots, and one ahead");
    // It says that it has done what cannot be; the coordinator goes on, and so does the job without it.
    let claim = |lease: &pb::Lease| pb::Progress {
        lease: Some(*lease),
        committed_through: i64::MAX,
        claimed_through: i64::MAX,
        apps: u64::MAX,
        ..pb::Progress::default()
    };
    let progress = stranger.granted.iter().map(claim).collect();
    stranger.beat(progress).await;
    for lease in stranger.granted.clone() {
        let released = pb::Released {
            lease: Some(lease),
            committed_through: i64::MAX,
            ..pb::Released::default()
        };
        stranger.say(Out::Released(released)).await;
    }
    stranger.beat(Vec::new()).await;
    stranger.say(Out::Goodbye(pb::Goodbye::default())).await;
    cluster.add_worker();
    cluster.wait_done(job).await;
    assert_eq!(cluster.logged().await, 300);
}

/// Submits whose contract never comes keep back none that is whole: it is answered before any of them is ended.
#[tokio::test(flavor = "multi_thread")]
async fn half_a_submit_delays_no_other() {
    let cluster = Cluster::start(Setup { workers: 0, ..Setup::small(1) }).await;
    let address = address(&cluster);
    let mut n_rounds = 0;
    loop {
        let (_client, calls) = half_open(&address, "/xmlx.v1.JobService/Submit", HALF_OPEN).await;
        // All of them have been taken by now: a request that is sent behind them is answered.
        assert_eq!(cluster.status()["leader"]["alive"], true);
        let _ = cluster.submit(&[]);
        let mut has_waited = false;
        for (_body, mut answer) in calls {
            // No time at all: has it been ended already?
            has_waited |= tokio::time::timeout(Duration::ZERO, &mut answer).await.is_ok();
        }
        if !has_waited {
            return;
        }
        // They are ended after 10 s, within which a busy machine may fail to submit once, but not always.
        n_rounds += 1;
        assert!(n_rounds < 3, "the submit has waited until half submits were ended");
    }
}

//! Hundreds of idle connections and some dozens of slow ones around a coordinator, while it does its work.
//!
//! No rate is asserted, and there are no more of them than a busy machine can hold beside the cluster;
//! `examples/hostile.rs` measures with a thousand idle and two hundred slow ones.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use tokio::net::{TcpSocket, TcpStream};
use xmlx_tests::{Cluster, Crowd, Setup, Stranger, Waits, Wire};

/// A stranger is cut off in this time: 10 s until it has begun to speak, 15 until it has made a call that is let through,
/// and 10 until a ping has the connection looked at. A busy machine may take longer.
const CUT_OFF: Duration = Duration::from_secs(90);
/// What one host may have; `crates/tls/src/places.rs`.
const HALF_OPEN_MAX: usize = 256;
/// How many more one host tries to have.
const TOO_MANY: usize = 20;
/// A connection that says nothing is kept so long, at least.
const GREETING: Duration = Duration::from_secs(9);

fn ca(cluster: &Cluster) -> Option<std::path::PathBuf> {
    cluster.certificates.as_ref().map(|certificates| certificates.dir().join("ca.crt"))
}

/// The job is done, no lease is lost, status answers, every stranger is cut off in time, and nothing of them is left.
async fn works_in_spite_of_strangers(wire: Wire) {
    let setup = Setup { wire, workers: 2, waits: Waits::Default, ..Setup::small(600) };
    let cluster = Cluster::start(setup).await;
    let n_before = cluster.coordinators[0].1.n_open_files();
    let mut crowd = Crowd::around(&cluster.coordinators[0].0, ca(&cluster).as_deref());
    crowd.add(150, Stranger::Silent);
    crowd.add(150, Stranger::Idle);
    crowd.add(20, Stranger::SlowHeaders);
    crowd.add(20, Stranger::SlowBody);
    crowd.add(20, Stranger::SlowHandshake);
    crowd.wait_all().await;

    let job = cluster.submit(&[]);
    cluster.wait_done(job).await;
    cluster.assert_verified(job).await;
    let lost = "SELECT COUNT_BIG(*) AS [n] FROM [xmlx].[range_history] WHERE [event] IN ('lost', 'revoked', 'stalled')";
    assert_eq!(cluster.db.count(lost).await, 0, "leases were taken from workers that were well");
    assert_eq!(cluster.term().await, 1, "the leader went on");

    let host = IpAddr::V4(Ipv4Addr::new(127, 66, 1, 1));
    let is_cut_off = async |stranger| {
        let lasts = tokio::time::timeout(CUT_OFF, crowd.one(host, stranger)).await;
        assert!(lasts.is_ok(), "{stranger:?} is kept");
    };
    tokio::join!(
        is_cut_off(Stranger::Silent),
        is_cut_off(Stranger::Idle),
        is_cut_off(Stranger::SlowHeaders),
        is_cut_off(Stranger::SlowHandshake),
    );
    drop(crowd);
    cluster
        .wait_for("the strangers' connections to be closed", async |cluster| {
            cluster.coordinators[0].1.n_open_files() < n_before + 50
        })
        .await;
    assert_eq!(cluster.status()["leader"]["alive"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_without_tls_stop_no_job() {
    Box::pin(works_in_spite_of_strangers(Wire::Plain)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_stop_no_job_of_a_secured_cluster() {
    Box::pin(works_in_spite_of_strangers(Wire::Tls)).await;
}

/// Whoever takes more than a host may have is refused, and nobody else.
#[tokio::test(flavor = "multi_thread")]
async fn one_host_takes_no_more_than_its_share() {
    let cluster = Cluster::start(Setup { workers: 0, ..Setup::small(1) }).await;
    let (_, address) = cluster.coordinators[0].0.split_once("://").unwrap();
    let address = address.parse().unwrap();
    let greedy = Ipv4Addr::new(127, 66, 1, 2);
    let connect = async || {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((greedy, 0).into()).unwrap();
        socket.connect(address).await.unwrap()
    };
    // The first of them are cut off after 10 s: where a busy machine takes longer, they come in another round.
    for _ in 0..3 {
        let begun = tokio::time::Instant::now();
        let mut all: Vec<TcpStream> = Vec::new();
        for _ in 0..HALF_OPEN_MAX + TOO_MANY {
            all.push(connect().await);
        }
        // All of them have been taken by now: the client's connection, behind them, is answered.
        assert_eq!(cluster.status()["leader"]["alive"], true);
        let mut n_closed = 0;
        while n_closed < TOO_MANY && begun.elapsed() < GREETING {
            tokio::time::sleep(Duration::from_millis(25)).await;
            n_closed = 0;
            for stream in &all {
                let read = tokio::time::timeout(Duration::ZERO, stream.peek(&mut [0])).await;
                n_closed += usize::from(read.is_ok());
            }
        }
        if begun.elapsed() < GREETING {
            assert_eq!(n_closed, TOO_MANY, "those that are too many, and no others");
            return;
        }
        drop(all);
        cluster
            .wait_for("places to be free again", async |cluster| {
                cluster.coordinators[0].1.n_open_files() < HALF_OPEN_MAX
            })
            .await;
    }
    panic!("one host holds more than {HALF_OPEN_MAX} connections that say nothing");
}

//! What a thousand connections that say nothing, and two hundred that speak a byte a second, cost a job.
//!
//! `cargo run --release -p xmlx-tests --example hostile` prints applications per second without them and with them.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement by hand")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use xmlx_tests::{Cluster, Setup, Wire};

const APPS: usize = 6_000;
const IDLE: usize = 1_000;
const SLOW: usize = 200;
/// The beginning of a TLS handshake, of which the rest comes a byte a second.
const BEGINNING: [u8; 6] = [0x16, 3, 1, 2, 0, 1];

/// Holds a connection, and makes it anew when it is cut.
async fn hold(address: String, speaks: bool, cut: Arc<AtomicU64>) {
    loop {
        let Ok(mut stream) = TcpStream::connect(&address).await else { continue };
        if speaks {
            for byte in BEGINNING.iter().copied().chain(std::iter::repeat(0)) {
                if stream.write_all(&[byte]).await.is_err() {
                    break;
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        } else {
            let mut answer = [0];
            drop(stream.read(&mut answer).await);
        }
        cut.fetch_add(1, Ordering::Relaxed);
    }
}

#[allow(clippy::disallowed_methods, reason = "a measurement by hand")]
async fn rate(hostile: bool) -> f64 {
    let setup = Setup { wire: Wire::Tls, workers: 2, group_apps: 50, ..Setup::small(APPS) };
    let cluster = Cluster::start(setup).await;
    let (_, address) = cluster.coordinators[0].0.split_once("://").unwrap();
    let mut peers = JoinSet::new();
    let cut = Arc::new(AtomicU64::new(0));
    if hostile {
        for n in 0..IDLE + SLOW {
            peers.spawn(hold(address.to_owned(), n >= IDLE, Arc::clone(&cut)));
        }
        while cluster.coordinators[0].1.n_open_files() < IDLE + SLOW {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    let began = Instant::now();
    let job = cluster.submit(&[]);
    cluster.wait_done(job).await;
    let elapsed = began.elapsed();
    if hostile {
        println!(
            "{} connections open, {} were cut",
            cluster.coordinators[0].1.n_open_files(),
            cut.load(Ordering::Relaxed)
        );
    }
    drop(peers);
    cluster.assert_verified(job).await;
    let apps = f64::from(u32::try_from(APPS).unwrap());
    apps / elapsed.as_secs_f64()
}

#[tokio::main]
async fn main() {
    for round in 1..=3 {
        let alone = rate(false).await;
        let with = rate(true).await;
        println!(
            "round {round}: {alone:.0} applications/s alone, {with:.0} with {IDLE} idle and {SLOW} slow connections ({:.0} %)",
            100.0 * with / alone
        );
    }
}

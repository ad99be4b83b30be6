//! How long a reconciliation takes beside the load whose rows it compares, in pairs. Times are those of the jobs.
//!
//! `cargo build --release --workspace --bins && cargo run --release -p xmlx-tests --example reconcile -- --pairs 5`

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement prints, and ends where something does not hold"
)]

use std::time::Instant;

use xmlx_tests::{Cluster, Setup};

/// Applications of a load.
const APPS: usize = 4_000;

#[tokio::main]
async fn main() {
    let args: Vec<String> = std::env::args().collect();
    let pairs =
        args.iter().position(|arg| arg == "--pairs").map_or("3", |at| args[at + 1].as_str());
    let pairs: usize = pairs.parse().expect("`--pairs N`");
    println!("| load | reconciliation | share |\n|---|---|---|");
    for _ in 0..pairs {
        let cluster = Cluster::start(Setup { workers: 2, ..Setup::small(APPS) }).await;
        let (load, job) = timed(|| cluster.submit(&["--wait"]));
        let id = job.to_string();
        let (reconciliation, found) =
            timed(|| cluster.client(&["reconcile", &id, "-o", "json"]).expect(0).json());
        let ok = cluster.job(job)["ok"].clone();
        assert_eq!((&found["applications"], &found["differing"]), (&ok, &0.into()));
        println!("| {load:.2} s | {reconciliation:.2} s | {:.2} |", reconciliation / load);
    }
}

/// What is done, with the seconds that it takes.
#[expect(clippy::disallowed_methods, reason = "this measures time")]
fn timed<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let done = work();
    (start.elapsed().as_secs_f64(), done)
}

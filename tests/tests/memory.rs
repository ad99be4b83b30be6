//! What a worker keeps in memory is bounded, whatever documents come.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use xmlx_samples::{Line, Options, Synth};
use xmlx_tests::{Cluster, Setup};

const MIB: u64 = 1024 * 1024;

/// The most memory that a process has had, in bytes.
fn peak(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib * 1024
}

/// Behind small documents come large ones: a group that was sized by the ones before would take in all 40 of them at once.
#[tokio::test(flavor = "multi_thread")]
async fn documents_that_grow_take_no_more_memory() {
    let flags = &["--group-bytes", "512KiB"];
    let setup = Setup { worker_flags: flags, group_apps: 100, ..Setup::small(200) };
    let cluster = Cluster::start(setup).await;
    let large =
        Options { seed: 11, first_id: 10_001, broken_permille: 0, padding_bytes: 1_000_000 };
    cluster.db.fill(&Synth::new(large), Line::Card, 40).await;
    let job = cluster.submit(&[]);
    cluster.wait_done(job).await;
    assert_eq!(cluster.job(job)["ok"], 240);
    let peak = peak(cluster.workers[0].id());
    println!("40 documents of 1 MB behind 200 small ones: at most {} MiB", peak / MIB);
    // 2 slots x 3 groups x 0.5 MiB x 4, what one larger document takes, and the process.
    assert!(peak < 70 * MIB, "{} MiB", peak / MIB);
    cluster.assert_verified(job).await;
}

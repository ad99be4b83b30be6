//! How far one coordinator goes: 256 simulated workers on the real wire, the real coordinator, the real
//! statements against devdb in memory.
//!
//! `cargo build --release --bins && cargo run --release -p xmlx-tests --example scale -- --ranges 100000`
//!
//! The workers take leases, close their ranges in the database at once and send heartbeats; they extract
//! nothing, so that what is measured is the handing out. First a job is carved into that many ranges;
//! then the leader resigns while that many ranges of another job are pending.

#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
#![allow(clippy::unwrap_used, reason = "a benchmark ends where something does not hold")]

mod fleet;
mod usage;

use std::time::{Duration, Instant};

use clap::Parser;
use fleet::Fleet;
use usage::Usage;
use xmlx_tests::{Cluster, Setup, Signal};

/// Ids in one statement.
const CHUNK: usize = 1000;
/// How long idle heartbeats are watched.
const IDLE: Duration = Duration::from_secs(10);

#[derive(Parser)]
struct Args {
    /// Ranges to carve, and to be pending when the leader changes
    #[arg(long, default_value_t = 100_000)]
    ranges: usize,
    /// Simulated workers
    #[arg(long, default_value_t = 256)]
    workers: usize,
    /// Leases at once, per worker
    #[arg(long, default_value_t = 4)]
    slots: u32,
}

#[tokio::main]
async fn main() {
    let args = Args::parse();
    let setup = Setup {
        coordinators: 2,
        workers: 0,
        coordinator_flags: &["--lease-apps-first", "1", "--lease-apps-min", "1"],
        ..Setup::small(0)
    };
    let mut cluster = Cluster::start(setup).await;
    fill(&cluster, args.ranges).await;
    let fleet = Fleet::new(&cluster, args.workers, args.slots);
    println!("{} workers with {} slots, {} ranges", args.workers, args.slots, args.ranges);

    let pid = cluster.leader().id();
    let before = Usage::of(pid);
    tokio::time::sleep(IDLE).await;
    let idle = Usage::of(pid).since(before);
    println!("idle heartbeats     {:.1} % of a core", 100.0 * idle / IDLE.as_secs_f64());

    let started = Instant::now();
    let job = cluster.submit(&[]);
    fleet.wait_done(u64::try_from(args.ranges).unwrap()).await;
    let seconds = started.elapsed().as_secs_f64();
    let sql = format!(
        "SELECT COUNT_BIG(*) FROM [xmlx].[range_history] WHERE [job_id] = {job} AND [event] <> 'created'"
    );
    let transitions = cluster.db.count(&sql).await;
    let usage = Usage::of(pid);
    #[allow(clippy::cast_precision_loss, reason = "a rate needs no 53 bits")]
    let rate = transitions as f64 / seconds;
    println!("lease transitions   {transitions} in {seconds:.1} s: {rate:.0} a second");
    println!(
        "processor           {:.0} us a transition",
        usage.since(before) * 1e6 / f64::from(u32::try_from(transitions).unwrap())
    );
    println!("memory              {:.1} MiB at most", usage.memory_mib);

    let pending = pending_job(&cluster, args.ranges).await;
    let started = Instant::now();
    cluster.leader().signal(Signal::SIGTERM);
    fleet.wait_granted(pending).await;
    let seconds = started.elapsed().as_secs_f64();
    let new = cluster.leader();
    println!(
        "takeover            {:.2} s from SIGTERM to the first lease of {} pending ranges",
        seconds, args.ranges
    );
    println!(
        "memory              {:.1} MiB at most, the new leader",
        Usage::of(new.id()).memory_mib
    );
}

/// So many ids without a document worth reading.
async fn fill(cluster: &Cluster, n: usize) {
    let ids: Vec<usize> = (1..=n).collect();
    for chunk in ids.chunks(CHUNK) {
        let documents: Vec<String> = chunk.iter().map(|id| format!("({id}, N'<x/>')")).collect();
        let lines: Vec<String> = chunk.iter().map(|id| format!("({id})")).collect();
        let (documents, lines) = (documents.join(", "), lines.join(", "));
        cluster
            .db
            .run(&format!(
                "INSERT INTO [sample].[application_xml] ([app_id], [app_XML]) VALUES {documents}"
            ))
            .await;
        cluster
            .db
            .run(&format!("INSERT INTO [sample].[card_application] ([app_id]) VALUES {lines}"))
            .await;
    }
}

/// A job of which so many ranges are pending, as after many hosts were lost. The leader has not heard of it.
async fn pending_job(cluster: &Cluster, n: usize) -> i64 {
    const JOB: i64 = 2;
    let lo = 1_000_000_000;
    let hi = lo + n;
    cluster
        .db
        .run(&format!(
            "INSERT INTO [xmlx].[job] ([job_id], [submit_key], [name], [contract_hash], [contract], [mode], [scope_lo], [scope_hi], [state], [log_watermark]) \
             SELECT {JOB}, 'pending', [name], [contract_hash], [contract], [mode], {lo}, {hi}, 'running', [log_watermark] FROM [xmlx].[job] WHERE [job_id] = 1"
        ))
        .await;
    let ids: Vec<usize> = (0..n).collect();
    for chunk in ids.chunks(CHUNK) {
        let row = |i: &usize| {
            let lo = lo + i;
            format!("({JOB}, {}, {lo}, {}, 'pending', 1, {})", i + 1, lo + 1, lo - 1)
        };
        let rows: Vec<String> = chunk.iter().map(row).collect();
        cluster
            .db
            .run(&format!(
                "INSERT INTO [xmlx].[range] ([job_id], [range_id], [lo], [hi], [state], [epoch], [committed_through]) VALUES {}",
                rows.join(", ")
            ))
            .await;
    }
    JOB
}

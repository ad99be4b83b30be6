//! How evenly eight slots end when a twentieth of the ids holds fifty times the XML.
//!
//! `cargo build --release --bins && cargo run --release -p xmlx-tests --example skew -- --apps 60000`
//!
//! Slots of a worker are busy while it has leases. Printed is how long before the end of the job the
//! first slot ran out of work for good.

#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]
#![allow(clippy::unwrap_used, reason = "a benchmark ends where something does not hold")]

use std::collections::BTreeMap;

use chrono::NaiveDateTime;
use clap::Parser;
use xmlx_samples::{Line, Options, Synth};
use xmlx_tests::{Cluster, Setup};

/// Each of the harness's workers has so many.
const SLOTS: usize = 2;
const WORKERS: usize = 4;
/// A usual document is about so large, a heavy one fifty times that.
const USUAL_BYTES: usize = 8 * 1024;
const HEAVY: usize = 50;

#[derive(Parser)]
struct Args {
    /// Applications; one in twenty is heavy, all of them side by side
    #[arg(long, default_value_t = 60_000)]
    apps: usize,
}

/// A change of a lease.
struct Step {
    at: NaiveDateTime,
    session: String,
    taken: bool,
}

#[tokio::main]
async fn main() {
    let args = Args::parse();
    let setup = Setup { workers: WORKERS, group_apps: 100, ..Setup::small(0) };
    let cluster = Cluster::start(setup).await;
    let third = args.apps / 3;
    let heavy = args.apps / 20;
    for (first_id, n, padding_bytes) in [
        (1, third, USUAL_BYTES),
        (10_000_001, heavy, USUAL_BYTES * HEAVY),
        (20_000_001, args.apps - third - heavy, USUAL_BYTES),
    ] {
        let options = Options { seed: 7, first_id, broken_permille: 0, padding_bytes };
        cluster.db.fill(&Synth::new(options), Line::Card, n).await;
    }
    println!("{} applications, {heavy} of them heavy, {} slots", args.apps, WORKERS * SLOTS);
    let job = cluster.submit(&[]);
    while cluster.job(job)["state"] != "done" {
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    }
    let steps = steps(&cluster, job).await;
    let (begin, end) = (steps[0].at, steps.last().unwrap().at);
    let idle = first_idle(&steps);
    let seconds = |from: NaiveDateTime, to: NaiveDateTime| (to - from).as_seconds_f64();
    let (total, tail) = (seconds(begin, end), seconds(idle, end));
    println!("total {total:.1} s, tail {tail:.2} s = {:.1} % of it", 100.0 * tail / total);
    let splits = "SELECT COUNT_BIG(*) FROM [xmlx].[range_history] WHERE [event] = 'split'";
    println!("leases split {}", cluster.db.count(splits).await);
    cluster.assert_verified(job).await;
}

async fn steps(cluster: &Cluster, job: i64) -> Vec<Step> {
    let sql = format!(
        "SELECT CONVERT(varchar(30), [at], 126), [session_id], [event] FROM [xmlx].[range_history] \
         WHERE [job_id] = {job} AND [event] IN ('granted', 'completed', 'released', 'revoked', 'lost', 'stalled') ORDER BY [history_id]"
    );
    let rows = cluster.db.texts(&sql).await;
    let step = |row: &Vec<String>| Step {
        at: row[0].parse().unwrap(),
        session: row[1].clone(),
        taken: row[2] == "granted",
    };
    let steps: Vec<Step> = rows.iter().map(step).collect();
    assert!(steps.iter().all(|it| !it.session.is_empty()), "a lease was taken away");
    steps
}

/// When the number of busy slots fell below all of them for good.
fn first_idle(steps: &[Step]) -> NaiveDateTime {
    let mut leases: BTreeMap<&str, usize> = BTreeMap::new();
    let mut idle = steps[0].at;
    let mut was_full = false;
    for step in steps {
        let held = leases.entry(&step.session).or_default();
        *held = if step.taken { *held + 1 } else { *held - 1 };
        let busy: usize = leases.values().map(|it| (*it).min(SLOTS)).sum();
        let full = busy == WORKERS * SLOTS;
        if was_full && !full {
            idle = step.at;
        }
        was_full = full;
    }
    idle
}

//! What a job writes and locks, transaction by transaction, counted by SQL Server's rules.
//!
//! `cargo build --release --bins && cargo run --release -p xmlx-tests --example locks -- --apps 20000`

#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::time::Duration;

use clap::Parser;
use xmlx_devdb::{Locked, Step, Verb};
use xmlx_tests::{Cluster, Setup};

#[derive(Parser)]
struct Args {
    /// Applications
    #[arg(long, default_value_t = 20_000)]
    apps: usize,
    /// How many of a thousand are broken
    #[arg(long, default_value_t = 20)]
    broken: u32,
}

#[tokio::main]
async fn main() {
    let args = Args::parse();
    let setup = Setup {
        coordinators: 2,
        workers: 3,
        group_apps: 100,
        broken_permille: args.broken,
        ..Setup::small(args.apps)
    };
    let cluster = Cluster::start(setup).await;
    // What made the samples is not the job's.
    let before = cluster.db.locks();
    let job = cluster.submit(&["--wait"]);
    cluster.assert_verified(job).await;
    let shown = cluster.job(job);
    println!("{} applications, {} rows\n", args.apps, shown["rows"]);
    let mut kinds = cluster.db.locks();
    kinds.retain(|it| before.iter().all(|old| shape(old) != shape(it)));
    kinds.sort_by_key(|it| std::cmp::Reverse(it.steps.iter().map(|it| it.keys).sum::<u64>()));
    for kind in &kinds {
        print(kind);
    }
}

/// Which tables are written how, in which order.
fn shape(it: &Locked) -> Vec<(Verb, &str)> {
    it.steps.iter().map(|it| (it.verb, it.table.as_str())).collect()
}

fn print(it: &Locked) {
    let times = it.committed + it.rolled_back;
    let mean = |sum: Duration| sum.as_secs_f64() * 1e3 / times as f64;
    let millis = |time: Duration| time.as_secs_f64() * 1e3;
    println!(
        "{} committed, {} rolled back; at most {} row locks at once; held {:.1} ms, at most {:.1}; waited {:.1} ms, at most {:.1}",
        it.committed,
        it.rolled_back,
        it.keys_max,
        mean(it.held),
        millis(it.held_max),
        mean(it.waited),
        millis(it.waited_max),
    );
    for Step { verb, table, rows, rows_max, bytes, keys, keys_max } in &it.steps {
        let verb = format!("{verb:?}").to_uppercase();
        println!(
            "    {verb:6} {table:30} {rows:>9} rows, at most {rows_max:>5}; {bytes:>11} bytes; {keys:>9} row locks, at most {keys_max:>5}"
        );
    }
    println!();
}

//! What replacing applications costs: their rate beside that of the load before, of the same documents on the same
//! database.
//!
//! `cargo build --release --bins && cargo run --release -p xmlx-tests --example replace -- --apps 4000 --rounds 5`

#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]
#![allow(clippy::unwrap_used, reason = "a benchmark ends where something does not hold")]

use clap::Parser;
use xmlx_tests::{Cluster, Setup};

#[derive(Parser)]
struct Args {
    /// Applications of a load
    #[arg(long, default_value_t = 4_000)]
    apps: usize,
    /// Pairs of a load and a replace
    #[arg(long, default_value_t = 5)]
    rounds: usize,
}

#[tokio::main]
async fn main() {
    let args = Args::parse();
    let mut shares = Vec::new();
    for round in 1..=args.rounds {
        let setup = Setup { workers: 2, group_apps: 100, ..Setup::small(args.apps) };
        let cluster = Cluster::start(setup).await;
        let index = "CREATE INDEX [IX_person_app_id] ON [sample].[person] ([app_id])";
        cluster.db.run(index).await;
        let load = cluster.submit(&[]);
        cluster.wait_done(load).await;
        let replace = cluster.submit(&["--replace", "--again"]);
        cluster.wait_done(replace).await;
        let seconds = [seconds(&cluster, load).await, seconds(&cluster, replace).await];
        for job in [load, replace] {
            assert_eq!(cluster.job(job)["ok"].as_u64(), u64::try_from(args.apps).ok());
        }
        let share = seconds[0] / seconds[1];
        println!(
            "round {round}: load {:.2} s, replace {:.2} s: {:.0}% of the load's rate",
            seconds[0],
            seconds[1],
            100.0 * share
        );
        shares.push(share);
    }
    shares.sort_by(f64::total_cmp);
    println!("median: {:.0}% of the load's rate", 100.0 * shares[shares.len() / 2]);
}

/// How long a job took, by the database's clock.
async fn seconds(cluster: &Cluster, job: i64) -> f64 {
    let took = format!(
        "SELECT CAST(DATEDIFF(millisecond, [created_at], [finished_at]) AS bigint) AS [n] FROM [xmlx].[job] WHERE [job_id] = {job}"
    );
    f64::from(u32::try_from(cluster.db.count(&took).await).unwrap()) / 1000.0
}

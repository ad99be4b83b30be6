//! What applications that the database refuses cost: the time of a load with none, one in a hundred and one in ten.
//!
//! `cargo build --release --bins && cargo run --release -p xmlx-tests --example refusals -- --apps 4000 --rounds 3`
//!
//! The key of a refused application is in the target already. Each round measures all three shares, one after the
//! other, so that they meet the same machine.

#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]
#![allow(clippy::unwrap_used, reason = "a benchmark ends where something does not hold")]

use clap::Parser;
use xmlx_tests::{Cluster, Setup};

/// One in so many is refused; 0: none.
const SHARES: [usize; 3] = [0, 100, 10];

#[derive(Parser)]
struct Args {
    /// Applications of a load
    #[arg(long, default_value_t = 4_000)]
    apps: usize,
    /// How often each share is measured
    #[arg(long, default_value_t = 3)]
    rounds: usize,
}

#[tokio::main]
async fn main() {
    let args = Args::parse();
    let mut ratios: [Vec<f64>; 3] = Default::default();
    for round in 1..=args.rounds {
        let mut none = 0.0;
        for (n_share, one_in) in SHARES.into_iter().enumerate() {
            let seconds = load(args.apps, one_in).await;
            if one_in == 0 {
                none = seconds;
            }
            ratios[n_share].push(seconds / none);
            println!(
                "round {round}, one in {one_in}: {seconds:.2} s, {:.2} of none",
                seconds / none
            );
        }
    }
    for (one_in, mut ratios) in SHARES.into_iter().zip(ratios) {
        ratios.sort_by(f64::total_cmp);
        println!("one in {one_in}: median {:.2} of none", ratios[ratios.len() / 2]);
    }
}

/// The seconds that a load takes, by the database's clock, in which one application in `one_in` is refused.
async fn load(apps: usize, one_in: usize) -> f64 {
    let setup = Setup { workers: 2, group_apps: 100, ..Setup::small(apps) };
    let cluster = Cluster::start(setup).await;
    let all = cluster
        .db
        .column("SELECT CAST([app_id] AS bigint) AS [app_id] FROM [sample].[card_application] ORDER BY [app_id]")
        .await;
    let refused: Vec<i64> = match one_in {
        0 => Vec::new(),
        n => all.into_iter().skip(n / 2).step_by(n).collect(),
    };
    cluster.occupy(&refused).await;
    let job = cluster.submit(&["--max-failures", "100%"]);
    cluster.wait_done(job).await;
    let took = "SELECT CAST(DATEDIFF(millisecond, [created_at], [finished_at]) AS bigint) AS [n] FROM [xmlx].[job]";
    let millis = cluster.db.count(took).await;
    let failed = cluster.job(job)["failed"].as_i64().unwrap();
    assert_eq!(usize::try_from(failed), Ok(refused.len()), "of {apps}");
    f64::from(u32::try_from(millis).unwrap()) / 1000.0
}

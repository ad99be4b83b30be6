//! How much of a job's rate is left while a thousand idle connections and two hundred slow ones surround its coordinator.
//!
//! `cargo build --release --bins && cargo run --release -p xmlx-tests --example hostile -- --apps 20000 --pairs 3`
//!
//! Measured in pairs, each in a cluster of its own, first quiet and then surrounded or the other way round in turn: what
//! else the machine does meets both. The rate is that of the database's clock, from the first lease to the last.

#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::time::Duration;

use chrono::NaiveDateTime;
use clap::Parser;
use xmlx_tests::{Cluster, Crowd, Setup, Stranger, Waits, Wire};

#[derive(Parser)]
struct Args {
    /// Applications of each job
    #[arg(long, default_value_t = 20_000)]
    apps: usize,
    /// Pairs
    #[arg(long, default_value_t = 3)]
    pairs: usize,
    /// Without TLS
    #[arg(long)]
    plain: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Around {
    Nobody,
    Strangers,
}

#[tokio::main]
async fn main() {
    let args = Args::parse();
    let mut ratios = Vec::new();
    for pair in 0..args.pairs {
        let mut order = [Around::Nobody, Around::Strangers];
        order.rotate_left(pair % 2);
        let mut rates = [0.0; 2];
        for around in order {
            rates[usize::from(around == Around::Strangers)] = rate(&args, around).await;
        }
        let [quiet, surrounded] = rates;
        ratios.push(surrounded / quiet);
        println!(
            "pair {}: {quiet:.0} applications/s alone, {surrounded:.0} among strangers: {:.1} %",
            pair + 1,
            100.0 * surrounded / quiet
        );
    }
    ratios.sort_by(f64::total_cmp);
    println!("median {:.1} %", 100.0 * ratios[ratios.len() / 2]);
}

async fn rate(args: &Args, around: Around) -> f64 {
    let wire = if args.plain { Wire::Plain } else { Wire::Tls };
    let setup = Setup {
        wire,
        workers: 2,
        group_apps: 100,
        waits: Waits::Default,
        ..Setup::small(args.apps)
    };
    let cluster = Cluster::start(setup).await;
    let ca = cluster.certificates.as_ref().map(|certificates| certificates.dir().join("ca.crt"));
    let mut crowd = Crowd::around(&cluster.coordinators[0].0, ca.as_deref());
    if around == Around::Strangers {
        crowd.add(500, Stranger::Silent);
        crowd.add(500, Stranger::Idle);
        crowd.add(70, Stranger::SlowHeaders);
        crowd.add(70, Stranger::SlowBody);
        crowd.add(60, Stranger::SlowHandshake);
        crowd.wait_all().await;
    }
    let before = cluster.coordinators[0].1.processor_time();
    let job = cluster.submit(&[]);
    while cluster.job(job)["state"] != "done" {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let used = cluster.coordinators[0].1.processor_time() - before;
    let sql = format!(
        "SELECT CONVERT(varchar(30), MIN([at]), 126), CONVERT(varchar(30), MAX([at]), 126) FROM [xmlx].[range_history] \
         WHERE [job_id] = {job} AND [event] IN ('granted', 'completed')"
    );
    let rows = cluster.db.texts(&sql).await;
    let at = |i: usize| rows[0][i].parse::<NaiveDateTime>().expect("a time");
    let seconds = (at(1) - at(0)).as_seconds_f64();
    println!("  {around:?}: {seconds:.2} s, coordinator used {used:?} of a processor");
    cluster.assert_verified(job).await;
    f64::from(u32::try_from(args.apps).expect("not so many")) / seconds
}

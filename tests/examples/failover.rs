//! How long failures hold the work up, with the settings that users have. Times are the database's.
//!
//! `cargo build --release --workspace --bins && cargo run --release -p xmlx-tests --example failover -- --runs 20`

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a measurement prints, and ends where something does not hold"
)]

use std::time::Duration;

use xmlx_tests::{Cluster, Host, Place, Setup, Signal, Waits};

/// Two applications in a commit that takes this long: a worker's two slots decide 40 a second.
const PACE: &str = "commit:1+:delay=100ms";
/// One application in a commit that takes this long: leases outlast the fault.
const SLOW: &str = "commit:1+:delay=200ms";
const SETUP: Setup = Setup {
    coordinators: 2,
    workers: 3,
    group_apps: 2,
    waits: Waits::Default,
    ..Setup::small(150)
};
/// Grants follow each other closely: the next one after a takeover waits for nothing else.
const SHORT_LEASES: &[&str] = &["--lease-work", "1s", "--lease-apps-first", "50"];
/// Leases of about 20 seconds, as they are once a worker's rate is known.
const USUAL_LEASES: &[&str] = &["--lease-apps-first", "400"];

#[tokio::main]
async fn main() {
    let args: Vec<String> = std::env::args().collect();
    let runs = args.iter().position(|it| it == "--runs").map_or("5", |i| args[i + 1].as_str());
    let runs: usize = runs.parse().expect("`--runs N`");
    println!("| what | must | median | worst | runs |\n|---|---|---|---|---|");
    let mut killed = Vec::new();
    let mut stopped = Vec::new();
    let mut cut_off = Vec::new();
    for _ in 0..runs {
        killed.push(worker_lost(async |it, victim| it.workers[victim].kill(), None).await);
    }
    report("worker killed: its leases held again", "<= 2.5 s", &mut killed);
    for _ in 0..runs {
        let stop = async |it: &mut Cluster, victim: usize| {
            it.workers[victim].signal(Signal::SIGSTOP);
        };
        stopped.push(worker_lost(stop, None).await);
    }
    report("worker paused: its leases held again", "<= 7 s", &mut stopped);
    if let Some(host) = Host::new(99) {
        for _ in 0..runs {
            let cut = async |_: &mut Cluster, _| {
                host.cut_outgoing().unwrap();
                host.cut_incoming().unwrap();
            };
            cut_off.push(worker_lost(cut, Some(&host)).await);
            host.mend().unwrap();
        }
        report("worker's host cut off: its leases held again", "<= 7 s", &mut cut_off);
    }
    let mut both = Vec::new();
    for _ in 0..runs {
        let kill = async |it: &mut Cluster, victim: usize| {
            it.leader().kill();
            it.workers[victim].kill();
        };
        both.push(worker_lost(kill, None).await);
    }
    report("worker and leader killed: its leases held again", "-", &mut both);
    let mut kills = leader_lost(runs, SHORT_LEASES, Signal::SIGKILL).await;
    report("leader killed: next grant", "<= 7.5 s", &mut kills.grants);
    let mut terms = leader_lost(runs, SHORT_LEASES, Signal::SIGTERM).await;
    report("leader told to stop: next grant, once a slot is free", "-", &mut terms.grants);
    let mut welcomes = leader_lost(runs, USUAL_LEASES, Signal::SIGTERM).await;
    report("leader told to stop: all workers with the next", "<= 1 s", &mut welcomes.welcomes);
    let mut usual = leader_lost(runs, USUAL_LEASES, Signal::SIGKILL).await;
    report("leader killed: longest pause of a worker's commits", "none", &mut usual.gaps);
}

fn report(what: &str, must: &str, seconds: &mut [f64]) {
    seconds.sort_by(f64::total_cmp);
    let (median, worst) = (seconds[seconds.len() / 2], seconds[seconds.len() - 1]);
    println!("| {what} | {must} | {median:.2} s | {worst:.2} s | {} |", seconds.len());
}

/// Seconds from the fault until all leases of the first worker are held by others. Nothing else waits
/// to be handed out, and the others stand idle: what is measured is not how long ranges queue for a slot.
async fn worker_lost(fault: impl AsyncFnOnce(&mut Cluster, usize), host: Option<&Host>) -> f64 {
    let setup = Setup { workers: 0, group_apps: 1, ..SETUP };
    let setup = Setup { host: host.map_or(setup.host, Host::gateway), ..setup };
    let mut cluster = Cluster::start(setup).await;
    cluster.db.faults().add(SLOW.parse().unwrap());
    let (database, urls) = (cluster.db.connection_string(), cluster.urls());
    cluster.add_worker_in(Place { connection_string: &database, coordinators: &urls, host });
    cluster.wait_complete().await;
    let job = cluster.submit(&[]);
    cluster
        .wait_for("everything to be in one worker's hands", async |cluster| {
            let job = cluster.job(job);
            job["ranges_leased"].as_i64() > Some(1) && job["ranges_pending"] == 0
        })
        .await;
    // They stand idle: leases as small as these are not split.
    cluster.add_worker();
    cluster.add_worker();
    cluster.wait_complete().await;
    let session = session_of(&cluster, "w1");
    let at = now(&cluster).await;
    let before = last_entry(&cluster).await;
    fault(&mut cluster, 0).await;
    let lost = format!(
        "SELECT [range_id] FROM [xmlx].[range] WHERE [owner_session] = '{session}' AND [state] = 'leased'"
    );
    let lost = cluster.db.column(&lost).await;
    assert!(!lost.is_empty(), "the worker held nothing");
    let granted = |range: i64| {
        format!("[range_id] = {range} AND [event] = 'granted' AND [history_id] > {before}")
    };
    let mut seconds = 0.0_f64;
    for range in lost {
        seconds = seconds.max(first_after(&cluster, &granted(range)).await - at);
    }
    seconds
}

#[derive(Default)]
struct Takeovers {
    /// Seconds to the first grant in the new term.
    grants: Vec<f64>,
    /// Seconds until the last worker had its welcome in the new term.
    welcomes: Vec<f64>,
    /// The longest pause between two commits of one worker, from the fault until the workers were welcome.
    gaps: Vec<f64>,
}

/// One takeover after the other in one cluster.
async fn leader_lost(runs: usize, flags: &'static [&'static str], signal: Signal) -> Takeovers {
    let apps = 1_500 + runs * 1_500;
    let setup = Setup { apps, workers: 2, coordinator_flags: flags, ..SETUP };
    let mut cluster = Cluster::start(setup).await;
    cluster.db.faults().add(PACE.parse().unwrap());
    let job = cluster.submit(&[]);
    cluster.wait_busy().await;
    let mut found = Takeovers::default();
    for _ in 0..runs {
        // Long enough for the workers to have leases of the usual size.
        let decided = cluster.logged().await;
        cluster.wait_logged(decided + 100).await;
        let term = cluster.term().await;
        let leader = cluster.leader().name.clone();
        let leader = cluster
            .coordinators
            .iter()
            .position(|(_, coordinator)| coordinator.name == leader)
            .unwrap();
        let at = now(&cluster).await;
        cluster.coordinators[leader].1.signal(signal);
        let granted = format!("[event] = 'granted' AND [term] > {term}");
        if flags == USUAL_LEASES {
            cluster.wait_term_after(term).await;
            cluster.wait_connected(cluster.term().await).await;
            let welcome_at = now(&cluster).await;
            found.welcomes.push(welcome_at - at);
            found.gaps.push(longest_gap(&cluster, at, welcome_at).await);
        } else {
            found.grants.push(first_after(&cluster, &granted).await - at);
        }
        let _ = cluster.coordinators[leader].1.exit_code().await;
        cluster.restart_coordinator(leader);
        cluster.wait_complete().await;
    }
    assert_eq!(cluster.job(job)["state"], "running", "there was work for all runs");
    found
}

async fn longest_gap(cluster: &Cluster, from: f64, to: f64) -> f64 {
    let mut longest = 0.0_f64;
    for worker in ["w1", "w2"] {
        let session = session_of(cluster, worker);
        let sql = format!(
            "SELECT {} AS [ms] FROM [sample].[processing_log] AS h JOIN [xmlx].[job] AS j ON j.[job_id] = 1 WHERE h.[session_id] = '{session}' ORDER BY h.[log_id]",
            millis("h.[processing_time]")
        );
        let times = cluster.db.column(&sql).await;
        let times: Vec<f64> = times.into_iter().map(seconds).collect();
        let seen: Vec<f64> =
            times.into_iter().filter(|it| *it >= from - 1.0 && *it <= to).collect();
        assert!(seen.len() > 10, "{worker} was busy");
        let last = to - seen[seen.len() - 1];
        longest = seen.windows(2).map(|it| it[1] - it[0]).fold(longest.max(last), f64::max);
    }
    longest
}

/// When the first entry of that kind was made; waits for it.
async fn first_after(cluster: &Cluster, which: &str) -> f64 {
    let sql = format!(
        "SELECT {} AS [ms] FROM [xmlx].[range_history] AS h JOIN [xmlx].[job] AS j ON j.[job_id] = h.[job_id] WHERE {which} ORDER BY h.[history_id]",
        millis("h.[at]")
    );
    cluster.wait_for("the entry", async |cluster| !cluster.db.column(&sql).await.is_empty()).await;
    seconds(cluster.db.column(&sql).await[0])
}

async fn last_entry(cluster: &Cluster) -> i64 {
    cluster.db.count("SELECT MAX([history_id]) FROM [xmlx].[range_history]").await
}

async fn now(cluster: &Cluster) -> f64 {
    let now = millis("SYSUTCDATETIME()");
    let sql = format!("SELECT {now} AS [ms] FROM [xmlx].[job] AS j WHERE j.[job_id] = 1");
    seconds(cluster.db.count(&sql).await)
}

/// T-SQL: milliseconds from the submission of the job `j`.
fn millis(time: &str) -> String {
    format!("CAST(DATEDIFF(millisecond, j.[created_at], {time}) AS bigint)")
}

fn seconds(millis: i64) -> f64 {
    let millis = u64::try_from(millis).expect("after the submission");
    Duration::from_millis(millis).as_secs_f64()
}

fn session_of(cluster: &Cluster, worker: &str) -> String {
    let workers = cluster.client(&["workers", "-o", "json"]).expect(0).json();
    let all = workers.as_array().unwrap();
    let found = all.iter().find(|named| named["name"] == worker);
    found.expect("the worker is known")["session"].as_str().unwrap().to_owned()
}

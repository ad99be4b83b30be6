//! The database takes long over what a coordinator reads: work goes on, and short questions are answered.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use std::time::Duration;

use tokio::time::Instant;
use xmlx_devdb::Action;
use xmlx_tests::{Cluster, Needs, Setup, skips_on_server};

/// What a coordinator reads, but for what a grant is made of: jobs, counts, the log's end, where a source ends.
const READS: [&str; 4] = [
    "FROM [xmlx].[job] AS j ORDER BY j.[job_id]",
    "SELECT COUNT_BIG(*) AS [n] FROM",
    "[log_id]",
    "SELECT CAST(MIN(x.[app_id]) AS bigint) AS [lo]",
];
/// Of a commit, so that there is work for a while.
const DELAY: Action = Action::Delay(Duration::from_millis(50));
/// Longer than anything is waited for here: whatever waits for such a read fails its test.
const SLOW: &str = "delay=600s";
/// Leases are small, so that the work soon ends where nobody grants any.
const SETUP: Setup = Setup {
    workers: 2,
    group_apps: 1,
    coordinator_flags: &[
        "--lease-apps-first",
        "10",
        "--lease-apps-min",
        "10",
        "--lease-work",
        "1s",
    ],
    ..Setup::small(4_000)
};

/// Waits until so much has been decided that many leases must have been granted meanwhile. Where nobody grants any, work
/// ends with the ten applications of each lease that is held.
async fn work_goes_on(cluster: &Cluster) {
    let begun = cluster.logged().await;
    cluster.wait_logged(begun + 400).await;
}

fn slow(cluster: &Cluster) {
    for read in READS {
        let fault = format!("xmlx/coordinator@text={read}:1+:{SLOW}");
        cluster.db.faults().add(fault.parse().unwrap());
    }
}

/// Submits, cancels and ends of jobs read much; none of it is done by whoever grants leases.
#[tokio::test(flavor = "multi_thread")]
async fn no_grant_waits_for_a_read() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let cluster = Cluster::start(SETUP).await;
    cluster.db.faults().add("xmlx/worker@commit:1+:delay=50ms".parse().unwrap());
    let main = cluster.submit(&["--to", "4500"]);
    let other = cluster.submit(&["--from", "4501", "--to", "4600"]).to_string();
    cluster.wait_busy().await;
    slow(&cluster);
    let cluster = &cluster;
    let clients: Vec<_> = [
        vec!["cancel", &other],
        vec!["submit", "--contract", "card.json", "--from", "4601", "--follow"],
    ]
    .into_iter()
    .map(|args| cluster.start_client(&args))
    .collect();
    work_goes_on(cluster).await;
    let left = format!(
        "SELECT COUNT_BIG(*) FROM [xmlx].[range] WHERE [job_id] = {main} AND [state] <> 'done'"
    );
    assert!(cluster.db.count(&left).await > 0, "the job was to outlast the reads");
    drop(clients);
}

/// Counting takes long, and there is much to count: grants and short questions have connections all the same.
#[tokio::test(flavor = "multi_thread")]
async fn many_counts_leave_room_for_grants_and_questions() {
    const JOBS: i64 = 12;
    if skips_on_server(Needs::Faults) {
        return;
    }
    let cluster = Cluster::start(SETUP).await;
    let count = format!("xmlx/coordinator@text=SELECT COUNT_BIG(*) AS [n] FROM:1+:{SLOW}");
    cluster.db.faults().add(count.parse().unwrap());
    cluster.db.faults().add("xmlx/worker@commit:1+:delay=50ms".parse().unwrap());
    for i in 0..JOBS {
        let (from, to) = (1001 + 300 * i, 1300 + 300 * i);
        let _ = cluster.submit(&["--from", &from.to_string(), "--to", &to.to_string()]);
    }
    cluster.wait_busy().await;
    let fired =
        cluster.db.faults().fired().iter().filter(|fired| fired.fault.action != DELAY).count();
    assert!(fired > 0, "nothing is being counted");
    let status = cluster.status();
    assert_eq!(status["jobs"].as_array().unwrap().len(), usize::try_from(JOBS).unwrap());
    work_goes_on(&cluster).await;
    // Who may not read now is told why, in time.
    let refused = cluster.client(&["failures", "1"]);
    assert!(refused.stderr.contains("counting job"), "{refused:?}");
}

/// Without row versions a reader waits for a commit that is held open: jobs are answered soon all the same, with counts
/// that were true when they were read, and say how old they are.
#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_answered_while_a_commit_is_held_open() {
    const COUNTS: &str = "COALESCE((SELECT SUM(r.[done_ok])";
    if skips_on_server(Needs::Faults) {
        return;
    }
    let cluster = Cluster::start(SETUP).await;
    cluster.db.faults().add("xmlx/worker@commit:1+:delay=50ms".parse().unwrap());
    let job = cluster.submit(&[]);
    cluster.wait_logged(20).await;
    // The first answer after the pause is whole, and nothing changes from there on.
    let id = job.to_string();
    let _ = cluster.client(&["pause", &id]).expect(0);
    let before = cluster.job(job);
    assert!(
        before["ok"].as_i64().unwrap() >= 20 && before.get("counts_age_ms").is_none(),
        "{before}"
    );
    let sums = "SELECT SUM([done_ok]) FROM [xmlx].[range]";
    assert_eq!(before["ok"].as_i64(), Some(cluster.db.count(sums).await));
    // What a commit that is held open does to whoever adds up its range.
    let held = format!("xmlx/coordinator@text={COUNTS}:1+:{SLOW}");
    cluster.db.faults().add(held.parse().unwrap());
    for command in [&["jobs", "-o", "json"][..], &["status", "-o", "json"]] {
        let begun = Instant::now();
        let shown = cluster.client(command).expect(0).json();
        assert!(begun.elapsed() < Duration::from_secs(7), "{command:?}: {:?}", begun.elapsed());
        let shown = shown.get("jobs").unwrap_or(&shown)[0].clone();
        assert!(shown["counts_age_ms"].as_u64().unwrap() >= 2_000, "{shown}");
        for count in ["ok", "failed", "rows", "ranges_done", "state", "total"] {
            assert_eq!(shown[count], before[count], "{count}: {shown}");
        }
    }
    let table = cluster.client(&["jobs"]).expect(0).stdout;
    assert!(table.contains("s ago: a commit holds their rows"), "{table}");
    // Nobody waits for counts to find out whether a job may stand beside others.
    let failures = cluster.client(&["failures", &id]);
    assert!(failures.code < 2, "{failures:?}");
}

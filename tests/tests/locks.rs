//! What the product's transactions lock: few rows, and always in the same order.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use std::collections::{BTreeMap, BTreeSet};

use xmlx_devdb::{Locked, Verb};
use xmlx_samples::{Line, Options, Synth};
use xmlx_tests::{Cluster, Needs, Setup, block, skips_on_server};

/// At so many row locks of one statement SQL Server locks the whole table.
const ESCALATION: u64 = 5_000;

/// Which table's rows somebody waits for while holding those of another. New rows do not count: nobody
/// knows of them before they are committed.
fn waits(locked: &[Locked]) -> BTreeSet<(String, String)> {
    let mut waits = BTreeSet::new();
    for kind in locked {
        let steps: Vec<&str> = kind
            .steps
            .iter()
            .filter(|step| step.verb != Verb::Insert)
            .map(|step| step.table.as_str())
            .collect();
        for (i, first) in steps.iter().enumerate() {
            for then in steps[i + 1..].iter().filter(|it| *it != first) {
                waits.insert(((*first).to_owned(), (*then).to_owned()));
            }
        }
    }
    waits
}

/// The tables that are locked now before, now behind each other: two such transactions can wait for each other.
fn in_circles(waits: &BTreeSet<(String, String)>) -> BTreeSet<String> {
    let mut behind: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (first, then) in waits {
        behind.entry(first).or_default().insert(then);
        behind.entry(then).or_default();
    }
    while let Some(end) = behind.iter().find(|(_, it)| it.is_empty()).map(|(table, _)| *table) {
        behind.remove(end);
        for it in behind.values_mut() {
            let _ = it.remove(end);
        }
    }
    // What is left leads into a circle; what nobody waits behind is not in it itself.
    while let Some(start) =
        behind.keys().copied().find(|table| !behind.values().any(|it| it.contains(table)))
    {
        behind.remove(start);
    }
    behind.keys().map(|it| (*it).to_owned()).collect()
}

fn pair(first: &str, then: &str) -> (String, String) {
    (format!("xmlx.{first}"), format!("xmlx.{then}"))
}

/// Everything that leaders and workers write in the life of a cluster: no two transactions can deadlock over the
/// control tables. The stop batch of the administrators' page goes the other way, which it has to: it is made the
/// winner.
#[tokio::test(flavor = "multi_thread")]
async fn rows_are_locked_in_one_order() {
    if skips_on_server(Needs::Record) {
        return;
    }
    let setup = Setup { coordinators: 2, workers: 2, group_apps: 5, ..Setup::small(400) };
    let mut cluster = Cluster::start(setup).await;
    cluster.db.faults().add("commit:1+:delay=20ms".parse().unwrap());
    let job = cluster.submit(&["--follow"]);
    let id = job.to_string();
    cluster.wait_logged(30).await;
    // A death, whose successor tries applications alone; a drain; a pause; more documents; another leader.
    cluster.workers[0].kill();
    cluster.workers.remove(0);
    cluster.add_worker();
    cluster.wait_logged(120).await;
    cluster.replace_worker().await;
    let _ = cluster.client(&["pause", &id]).expect(0);
    let _ = cluster.client(&["throttle", "--commits", "3"]).expect(0);
    let _ = cluster.client(&["resume", &id]).expect(0);
    cluster.replace_coordinator().await;
    cluster.wait_logged(400).await;
    let later = Options { seed: 8, first_id: 5001, broken_permille: 0, padding_bytes: 0 };
    cluster.db.fill(&Synth::new(later), Line::Card, 20).await;
    cluster.wait_logged(420).await;
    let _ = cluster.client(&["cancel", &id]).expect(0);
    let log_end = "SELECT COUNT_BIG(*) FROM [xmlx].[job] WHERE [log_end] IS NOT NULL";
    cluster.wait_for("the log's end", async |cluster| cluster.db.count(log_end).await == 1).await;
    let orders = waits(&cluster.db.locks());
    for seen in [
        pair("range", "leader"),
        pair("leader", "job"),
        pair("leader", "worker_session"),
        pair("job", "suspect"),
    ] {
        assert!(orders.contains(&seen), "{seen:?} did not happen: {orders:?}");
    }
    assert_eq!(in_circles(&orders), BTreeSet::new(), "{orders:?}");

    let stop = block("-- stop");
    assert!(stop.contains("SET DEADLOCK_PRIORITY HIGH;"), "{stop}");
    cluster.db.run(&stop).await;
    let both = ["xmlx.leader".to_owned(), "xmlx.range".to_owned()];
    let circles = in_circles(&waits(&cluster.db.locks()));
    assert!(both.iter().all(|it| circles.contains(it)), "{circles:?}");
}

/// A commit is cut where it has many rows of one table; what cannot be cut is one application's.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_locks_no_more_rows_of_a_table_than_allowed() {
    if skips_on_server(Needs::Record) {
        return;
    }
    let flags = &["--group-rows", "30"];
    let setup = Setup { group_apps: 100, worker_flags: flags, ..Setup::small(300) };
    let cluster = Cluster::start(setup).await;
    let job = cluster.submit(&["--wait"]);
    cluster.assert_verified(job).await;
    let locked = cluster.db.locks();
    let commits: Vec<&Locked> = locked
        .iter()
        .filter(|kind| kind.steps.iter().any(|step| step.table == "sample.submission"))
        .collect();
    let inserts =
        commits.iter().flat_map(|kind| &kind.steps).filter(|step| step.verb == Verb::Insert);
    let most = inserts.clone().max_by_key(|step| step.rows_max).unwrap();
    assert!((20..=30).contains(&most.rows_max), "{most:?}");
    assert!(inserts.clone().all(|step| step.keys_max < ESCALATION));
    let submissions =
        inserts.filter(|step| step.table == "sample.submission").map(|step| step.rows);
    assert_eq!(submissions.sum::<u64>(), 300);
    for commit in commits {
        assert_eq!(commit.steps[0].table, "xmlx.range", "the fence comes first");
        assert_eq!(commit.steps[0].rows_max, 1);
    }
}

//! A seeded cluster around the real lease table: workers that forget, die, pause and come back,
//! leaders that die between any two actions or overlap with the next one, saves that fail, answers
//! that are lost. First safety under faults, then liveness without them; every run twice, compared.
//!
//! The database is a model (`sim/db.rs`) with the same compare-and-sets as the T-SQL.

#![allow(clippy::unwrap_used, reason = "a simulation panics where something does not hold")]

mod sim {
    pub(crate) mod cluster;
    pub(crate) mod db;
    pub(crate) mod rng;
    pub(crate) mod worker;
}

use std::collections::BTreeMap;

use sim::cluster::{Cluster, Mutation};

const SEEDS: u64 = 420;
const STEPS: u64 = 2_500;

#[test]
fn nothing_is_lost_or_repeated_under_faults() {
    let mut steps = 0;
    let mut changes: BTreeMap<&str, u64> = BTreeMap::new();
    for seed in 1..=SEEDS {
        let first = Cluster::new(seed, Mutation::None).run(STEPS);
        let second = Cluster::new(seed, Mutation::None).run(STEPS);
        let first = first.unwrap_or_else(|violation| panic!("seed {seed}: {violation}"));
        for (event, n) in &first.changes {
            *changes.entry(event).or_insert(0) += n;
        }
        assert_eq!(Ok(first), second, "seed {seed} does not replay");
        steps += 2 * STEPS;
    }
    assert!(steps >= 1_000_000, "{steps} steps are too few");
    println!("{steps} steps, changes saved: {changes:?}");
    let expected =
        ["granted", "revoked", "lost", "released", "split", "stalled", "reopened", "went back"];
    for event in expected {
        assert!(
            changes.get(event).is_some_and(|n| *n > 100),
            "`{event}` hardly happened: {changes:?}"
        );
    }
}

/// The checkers can fail: each planted defect is found within the seeds of a run.
#[test]
fn planted_defects_are_found() {
    for mutation in [
        Mutation::CommitWithoutFence,
        Mutation::SaveWithoutTerm,
        Mutation::EpochFalls,
        Mutation::CursorNotChecked,
        Mutation::PauseDoesNotRevoke,
        Mutation::SplitLosesTheRest,
        Mutation::StalledIsLeftAlone,
        Mutation::GrantSkipsTheFirst,
        Mutation::LateIsReopenedTooShort,
        Mutation::ClosesAtAnyEnd,
    ] {
        let found = (1..=SEEDS).find_map(|seed| Cluster::new(seed, mutation).run(STEPS).err());
        assert!(found.is_some(), "{mutation:?} goes unnoticed");
    }
}

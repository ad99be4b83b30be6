//! Every state of small clusters, and defects that are planted in them.

use stateright::{Checker, HasDiscoveries, Model};
use xmlx_models::lease::{Bounds, Cluster, Defect, Faults, PROPERTIES, SMALL};

const NONE: Faults = Faults::NONE;

/// What happens in the clusters at least once, or a property may hold because nothing happens.
const EXERCISED: [&str; 14] = [
    "committed",
    "completed",
    "conflict",
    "deposed",
    "done",
    "doubted",
    "fenced",
    "granted",
    "lost",
    "paused",
    "released",
    "revoked",
    "split",
    "stalled",
];

#[test]
fn every_state_of_a_small_cluster_is_sound() {
    let mut seen = std::collections::BTreeMap::<&str, u64>::new();
    for (name, bounds) in SMALL {
        let cluster = Cluster::new(bounds);
        let counts = cluster.counts();
        let checker = cluster.checker().finish_when(HasDiscoveries::AnyFailures).spawn_dfs().join();
        let violated = |property: &'static str| {
            let way = checker.discovery(property)?;
            Some(format!("{property}: {:?}", way.into_actions()))
        };
        let found: Vec<String> = PROPERTIES.into_iter().filter_map(violated).collect();
        assert!(found.is_empty(), "{name}: {found:#?}");
        println!(
            "{name}: {} states, {} steps to the end",
            checker.unique_state_count(),
            counts.steps_max()
        );
        for (what, times) in counts.all() {
            *seen.entry(what).or_insert(0) += times;
        }
    }
    for what in EXERCISED {
        assert!(seen.contains_key(what), "`{what}` never happens: {seen:?}");
    }
}

const TWICE: &str = "no application is decided twice";
const PASSED: &str = "no cursor passes an application that is not decided";
const TILES: &str = "ranges tile the scope";
const EPOCHS: &str = "epochs only rise, and whenever a range changes hands";
const DEPOSED: &str = "a deposed leader writes nothing";
const DONE: &str = "nothing happens to a range that is done";
const SAVED: &str = "what a worker is told is saved";
const MOVED: &str = "nothing is written under a lease that has moved on";
const PAUSE: &str = "nothing is committed after a pause was acknowledged";
const ENDS: &str = "from here on every application can be decided";

/// Each defect, the smallest cluster in which it shows, and the property that it violates.
const DEFECTS: [(Defect, Bounds, &str); 25] = {
    use Defect::*;
    const QUIET: Bounds = Bounds::smallest(NONE);
    const CRASH: Bounds = Bounds::smallest(Faults { crashes: 1, ..NONE });
    const TAKEOVER: Bounds = Bounds::smallest(Faults { takeovers: 1, ..NONE });
    const UNANSWERED: Bounds = Bounds::smallest(Faults { unanswered: 1, ..NONE });
    const SILENCE: Bounds = Bounds::smallest(Faults { silences: 1, ..NONE });
    const DRAIN: Bounds = Bounds::smallest(Faults { drains: 1, ..NONE });
    const PAUSED: Bounds = Bounds::smallest(Faults { pauses: 1, ..NONE });
    const IN_DOUBT: Bounds = Bounds::smallest(Faults { pauses: 1, unanswered: 1, ..NONE });
    const SPLIT: Bounds = Bounds::split(NONE);
    [
        (GrantKeepsTheEpoch, QUIET, EPOCHS),
        (RevocationKeepsTheEpoch, SILENCE, EPOCHS),
        (ReleaseResetsTheEpoch, DRAIN, EPOCHS),
        (GrantsToTwo, QUIET, EPOCHS),
        (SpeaksBeforeSaving, QUIET, SAVED),
        (GrantIsNotSaved, QUIET, SAVED),
        (RevocationIsNotSaved, CRASH, ENDS),
        (GrantNamesNoOwner, QUIET, ENDS),
        (GrantForgetsTheRest, QUIET, TILES),
        (SplitForgetsTheRest, SPLIT, TILES),
        (RestReusesAnId, QUIET, ENDS),
        (GrantSkipsTheFirst, QUIET, PASSED),
        (ClosesWhatWaits, QUIET, PASSED),
        (KeepsTheDead, CRASH, ENDS),
        (PauseDoesNotRevoke, PAUSED, PAUSE),
        (PauseInDoubtIsForgotten, IN_DOUBT, PAUSE),
        (DoubtIsIgnored, UNANSWERED, ENDS),
        (LastCheckIsForgotten, QUIET, ENDS),
        (TakeoverForgetsOwners, CRASH, ENDS),
        (TakeoverForgetsARange, CRASH, ENDS),
        (FenceIgnoresTheEpoch, SILENCE, MOVED),
        (FenceIgnoresTheCursor, UNANSWERED, TWICE),
        (FenceIgnoresTheEnd, SPLIT, TWICE),
        (FenceIgnoresTheTerm, TAKEOVER, DEPOSED),
        (FenceSavesOverAnything, SILENCE, DONE),
    ]
};

#[test]
fn planted_defects_are_found() {
    let mut missed = Vec::new();
    for (defect, bounds, property) in DEFECTS {
        let cluster = Cluster::with_defect(bounds, defect, property);
        let checker = cluster.checker().finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
        match checker.discovery(property) {
            Some(way) => println!("{defect:?}: {property}, after {} steps", way.into_vec().len()),
            None => missed.push((defect, property)),
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
}

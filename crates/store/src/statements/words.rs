//! Words of the domain in statements: SQL names and counts them as the domain does.

use std::collections::BTreeSet;
use std::str::FromStr;

use xmlx_domain::{HistoryEvent, JobState, RangeEvent, RangeState, SessionState, Taking};

use super::*;

/// The literals that stand behind `marker`, alone or as a list in brackets: `[state] = 'a'`, `[state] IN ('a', 'b')`.
fn literals<'sql>(sql: &'sql str, marker: &str) -> Vec<&'sql str> {
    let mut found = Vec::new();
    for (at, _) in sql.match_indices(marker) {
        let rest = sql[at + marker.len()..].trim_start();
        let operators = ["=", "<>", "IN ("];
        let behind = operators.iter().find_map(|operator| rest.strip_prefix(operator));
        let Some(behind) = behind.map(str::trim_start) else { continue };
        if !behind.starts_with('\'') {
            continue;
        }
        let end = if rest.starts_with("IN") {
            behind.find(')')
        } else {
            behind[1..].find('\'').map(|end| end + 2)
        };
        let list = &behind[..end.expect("the statement is whole")];
        found.extend(list.split(',').map(|word| word.trim().trim_matches('\'')));
    }
    found
}

fn all_known<W: FromStr>(name: &str, sql: &str, markers: &[&str]) -> usize {
    let words: Vec<&str> = markers.iter().flat_map(|marker| literals(sql, marker)).collect();
    for word in &words {
        assert!(word.parse::<W>().is_ok(), "{name}: `{word}` is no word of the domain");
    }
    words.len()
}

/// What SQL calls a state, an event or a mode is what the domain calls it.
#[test]
fn sql_names_states_as_the_domain_does() {
    let (mut states, mut events, mut modes) = (0, 0, 0);
    for (name, sql) in all() {
        // Markers: which table's state it is.
        states += all_known::<RangeState>(name, sql, &["r.[state]", "o.[state]", "h.[state]"]);
        states += all_known::<JobState>(name, sql, &["j.[state]"]);
        states += all_known::<SessionState>(name, sql, &["s.[state]"]);
        events += all_known::<HistoryEvent>(name, sql, &["[event]", "@P11"]);
        modes += all_known::<Taking>(name, sql, &["[mode]"]);
    }
    assert!(states >= 9 && events >= 5 && modes >= 1, "{states} {events} {modes}: found too few");
}

fn set<'a>(words: impl IntoIterator<Item = &'a str>) -> BTreeSet<&'a str> {
    words.into_iter().collect()
}

/// What SQL counts and filters by is what the domain says of its words.
#[test]
fn sql_counts_what_the_domain_counts() {
    let open =
        set(JobState::ALL.iter().filter(|state| state.is_open()).map(|state| state.as_str()));
    for (name, sql) in [("jobs", JOBS), ("jobs_open", JOBS_OPEN)] {
        assert_eq!(set(literals(sql, "j.[state]")), open, "{name}: which jobs are open");
    }
    let ended =
        set(JobState::ALL.iter().filter(|state| !state.is_open()).map(|state| state.as_str()));
    let finished = JOB_STATE.split("[finished_at] = CASE WHEN").nth(1).expect("it notes the end");
    let finished = finished.split(" THEN").next().expect("a condition");
    assert_eq!(set(literals(finished, "@P4")), ended, "when a job has ended");
    let events = |counts: fn(RangeEvent) -> bool| {
        set(RangeEvent::ALL.iter().filter(|event| counts(**event)).map(|event| event.as_str()))
    };
    let revoked = set(literals(JOBS, "h.[event]"));
    assert_eq!(revoked, events(RangeEvent::counts_revocation), "which leases were revoked");
    let deaths = RANGE_CHANGE.split("[deaths] = [deaths] +").nth(1).expect("it counts deaths");
    let deaths = deaths.split(" THEN").next().expect("a condition");
    assert_eq!(set(literals(deaths, "@P11")), events(RangeEvent::counts_death), "deaths");
}

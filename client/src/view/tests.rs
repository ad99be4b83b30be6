//! Rows and JSON of each message. Scripts rely on the JSON: a name or a type that changes here breaks them.

use serde_json::{Value as Json, json};

use super::*;

fn object(value: &impl Serialize) -> Json {
    serde_json::to_value(value).unwrap()
}

fn job() -> pb::Job {
    pb::Job {
        job_id: 7,
        name: "card".to_owned(),
        state: pb::JobState::Running.into(),
        reason: "held up".to_owned(),
        mode: pb::JobMode::Once.into(),
        priority: -1,
        scope_lo: 1,
        scope_hi: 101,
        total: Some(100),
        done_ok: 30,
        done_failed: 4,
        warned: 5,
        warnings: 6,
        rows_written: 90,
        ranges_pending: 1,
        ranges_leased: 2,
        ranges_done: 3,
        leases_revoked: 1,
        max_failures: "50%".to_owned(),
        max_warnings: "10".to_owned(),
        contract_hash: "ab".to_owned(),
        created_at: "2026-01-01T00:00:00Z".to_owned(),
        finished_at: String::new(),
        thresholds: vec!["null:card.limit=5%".to_owned()],
        standing_out: Some(3),
        ..pb::Job::default()
    }
}

#[test]
fn a_job_is_a_row() {
    let cells = Job::from(job()).row();
    let expected = [
        "7",
        "card",
        "running",
        "34",
        "100",
        "4",
        "5",
        "90",
        "1/2/3",
        "failures 50%, warnings 10",
        "held up",
    ];
    assert_eq!(cells, expected);
    assert_eq!(cells.len(), Job::HEADER.len());
    let counting = Job::from(pb::Job { total: None, ..job() });
    assert_eq!(counting.row()[4], "counting");
    let older =
        Job::from(pb::Job { max_failures: String::new(), max_warnings: String::new(), ..job() });
    assert_eq!((older.row()[9].as_str(), older.has_limits()), ("", false));
    assert!(Job::from(job()).has_limits());
    let aged = Job::from(pb::Job { counts_age_ms: Some(12_001), ..job() });
    assert_eq!(aged.row()[10], "held up; counts of 13 s ago: a commit holds their rows");
    assert_eq!(object(&aged)["counts_age_ms"], 12_001);
    // What stands out is shown where there is nothing more urgent.
    let ended = Job::from(pb::Job { reason: String::new(), ..job() });
    assert_eq!(ended.row()[10], "3 things stand out: `xmlx-client quality 7`");
    let fine = Job::from(pb::Job { reason: String::new(), standing_out: Some(0), ..job() });
    assert_eq!(fine.row()[10], "");
}

#[test]
fn a_job_says_which_part_of_its_scope_it_takes() {
    let sample = Job::from(pb::Job { sample: "0.1%".to_owned(), total: Some(1_093), ..job() });
    assert_eq!(sample.row()[4], "1093 (0.1%)");
    assert_eq!(object(&sample)["sample"], "0.1%");
    assert_eq!(
        sample.part().unwrap(),
        "a sample: 0.1 % of the range, 1,093 applications; the others were not looked at"
    );
    let listed = Job::from(pb::Job { listed: Some(1_204), total: None, ..job() });
    assert_eq!(
        (listed.row()[4].as_str(), &object(&listed)["listed"]),
        ("counting (listed)", &json!(1_204))
    );
    assert!(listed.part().unwrap().starts_with("1,204 applications that were listed; "));
    assert_eq!(Job::from(job()).part(), None);
}

#[test]
fn a_job_is_an_object() {
    let expected = json!({
        "job": 7,
        "name": "card",
        "state": "running",
        "reason": "held up",
        "mode": "once",
        "priority": -1,
        "from": 1,
        "to": 100,
        "total": 100,
        "sample": null,
        "listed": null,
        "ok": 30,
        "failed": 4,
        "warned": 5,
        "warnings": 6,
        "rows": 90,
        "ranges_pending": 1,
        "ranges_leased": 2,
        "ranges_done": 3,
        "leases_revoked": 1,
        "max_failures": "50%",
        "max_warnings": "10",
        "thresholds": ["null:card.limit=5%"],
        "standing_out": 3,
        "contract_hash": "ab",
        "created_at": "2026-01-01T00:00:00Z",
        "finished_at": null,
    });
    assert_eq!(object(&Job::from(job())), expected);
}

#[test]
fn states_and_modes_have_their_words() {
    for (state, word, has_ended) in [
        (pb::JobState::Running, "running", false),
        (pb::JobState::Paused, "paused", false),
        (pb::JobState::Done, "done", true),
        (pb::JobState::Failed, "failed", true),
        (pb::JobState::Cancelled, "cancelled", true),
        // A coordinator of a later release.
        (pb::JobState::Unspecified, "unknown", false),
    ] {
        let job = Job::from(pb::Job { state: state.into(), ..job() });
        assert_eq!(object(&job)["state"], word);
        assert_eq!(job.has_ended(), has_ended, "{word}");
    }
    for (mode, word) in [
        (pb::JobMode::Once, "once"),
        (pb::JobMode::Follow, "follow"),
        (pb::JobMode::Retry, "retry"),
        (pb::JobMode::Rehearse, "rehearse"),
        (pb::JobMode::Reconcile, "reconcile"),
        (pb::JobMode::Cover, "cover"),
        (pb::JobMode::Diff, "diff"),
        (pb::JobMode::Replace, "replace"),
        (pb::JobMode::ReplaceAll, "replace-all"),
        (pb::JobMode::Unspecified, "unknown"),
    ] {
        let job = Job::from(pb::Job { mode: mode.into(), ..job() });
        assert_eq!(object(&job)["mode"], word);
    }
}

#[test]
fn a_range_is_a_row_and_an_object() {
    let range = pb::Range {
        range_id: 3,
        lo: -5,
        hi: 10,
        state: "leased".to_owned(),
        epoch: 2,
        owner_session: "s1".to_owned(),
        committed_through: 4,
        done_ok: 8,
        done_failed: 1,
        rows_written: 20,
    };
    let shown = Range::from(range.clone());
    assert_eq!(shown.row(), ["3", "-5", "9", "leased", "2", "4", "8", "1", "s1"]);
    assert_eq!(shown.row().len(), Range::HEADER.len());
    let expected = json!({
        "range": 3,
        "from": -5,
        "to": 9,
        "state": "leased",
        "epoch": 2,
        "owner_session": "s1",
        "committed_through": 4,
        "ok": 8,
        "failed": 1,
        "rows": 20,
    });
    assert_eq!(object(&shown), expected);
    let free = Range::from(pb::Range { owner_session: String::new(), ..range });
    assert_eq!(free.row()[8], "");
    assert!(object(&free)["owner_session"].is_null());
}

/// The end of a scope is exclusive on the wire, and the lowest of all is the end of an empty one.
#[test]
fn the_last_id_is_shown_whatever_it_is() {
    let to = |scope_hi| object(&Job::from(pb::Job { scope_hi, ..job() }))["to"].clone();
    assert_eq!(to(101), 100);
    assert_eq!(to(i64::MIN), i64::MIN);
    assert_eq!(to(i64::MAX), i64::MAX - 1);
}

#[test]
fn a_failure_is_a_row_and_an_object() {
    let failure = Failure::from(pb::Failure {
        app_id: 9,
        reason: "mapping: no `ID`".to_owned(),
        session_id: "s1".to_owned(),
        at: "2026-01-01".to_owned(),
        stage: "mapping".to_owned(),
        column: String::new(),
    });
    assert_eq!(failure.row(), ["9", "2026-01-01", "mapping: no `ID`"]);
    assert_eq!(failure.row().len(), Failure::HEADER.len());
    let expected = json!({
        "app_id": 9,
        "stage": "mapping",
        "column": null,
        "reason": "mapping: no `ID`",
        "session": "s1",
        "at": "2026-01-01",
    });
    assert_eq!(object(&failure), expected);
}

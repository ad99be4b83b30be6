//! The history checker can fail: what is altered behind the product's back is found.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use xmlx_tests::{Cluster, Setup};

/// The checks of `verify --history` that do not hold.
fn broken(cluster: &Cluster, job: i64) -> Vec<String> {
    let printed = cluster.client(&["verify", &job.to_string(), "--history", "-o", "json"]);
    let checks = printed.json()["checks"].as_array().unwrap().clone();
    assert!(checks.iter().any(|check| check["check"].as_str().unwrap().starts_with("history: ")));
    let broken: Vec<String> = checks
        .iter()
        .filter(|check| check["holds"] == false)
        .map(|check| check["check"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(printed.code, i32::from(!broken.is_empty()), "{printed:?}");
    broken
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_altered_is_found() {
    let cluster = Cluster::start(Setup { workers: 2, ..Setup::small(120) }).await;
    let job = cluster.submit(&["--wait"]);
    let expected: [&str; 0] = [];
    assert_eq!(broken(&cluster, job), expected);
    let alterations = [
        (
            "UPDATE [xmlx].[range_history] SET [term] = [term] + 1 WHERE [event] = 'created'",
            "UPDATE [xmlx].[range_history] SET [term] = [term] - 1 WHERE [event] = 'created'",
            "history: terms never fell",
        ),
        (
            "UPDATE [xmlx].[range_history] SET [epoch] = [epoch] + 1 WHERE [event] = 'completed'",
            "UPDATE [xmlx].[range_history] SET [epoch] = [epoch] - 1 WHERE [event] = 'completed'",
            "history: epochs never fell and rose with owners alone",
        ),
        (
            "UPDATE [sample].[processing_log] SET [app_id] = -[app_id] WHERE [log_id] = 1",
            "UPDATE [sample].[processing_log] SET [app_id] = -[app_id] WHERE [log_id] = 1",
            "history: no cursor passed an undecided application",
        ),
        (
            "UPDATE [xmlx].[range] SET [hi] = [hi] + 1 WHERE [range_id] = 1",
            "UPDATE [xmlx].[range] SET [hi] = [hi] - 1 WHERE [range_id] = 1",
            "history: the tables are what it leads to",
        ),
    ];
    for (alter, restore, check) in alterations {
        cluster.db.run(alter).await;
        let found = broken(&cluster, job);
        assert!(found.iter().any(|it| it == check), "{alter}: {found:?}");
        cluster.db.run(restore).await;
    }
    assert_eq!(broken(&cluster, job), expected, "everything is as it was");
}

/// A row that a worker wrote without holding the range.
#[tokio::test(flavor = "multi_thread")]
async fn a_decision_without_a_lease_is_found() {
    let cluster = Cluster::start(Setup { workers: 2, ..Setup::small(60) }).await;
    let job = cluster.submit(&["--wait"]);
    cluster
        .db
        .run("INSERT INTO [xmlx].[worker_session] ([session_id], [name], [build], [slots], [state]) VALUES ('zombie', N'z', N'0', 1, 'lost')")
        .await;
    cluster
        .db
        .run("UPDATE [sample].[processing_log] SET [session_id] = 'zombie' WHERE [log_id] = 7")
        .await;
    let found = broken(&cluster, job);
    assert!(
        found.iter().any(|check| check == "history: every decision is its range's owner's"),
        "{found:?}"
    );
}

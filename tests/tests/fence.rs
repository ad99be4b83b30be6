//! What is written too late is refused: by the range's epoch, by the leader's term.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use std::time::Duration;

use xmlx_devdb::Tls;
use xmlx_domain::{
    JobId, JobState, LogReason, Mode, RangeChange, RangeEvent, RangeId, Scope, SessionId,
    SessionState, Stage, Term,
};
use xmlx_extract::Plan;
use xmlx_samples::Line;
use xmlx_store::{
    CommitPlan, Committed, Decided, Error, Group, Grows, HeldLease, Late, OpenRange,
    SCHEMA_VERSION, Source, Store, Tally,
};
use xmlx_tests::{
    Cluster, Database, Direction, Link, Needs, Owner, Place, Setup, first_lease,
    first_range_change, lead, new_job, session, skips_on_server,
};

const JOB: JobId = JobId(1);
const SCOPE: Scope = Scope { lo: 1, hi: 100 };
/// The number of the error that a commit under a lease that has moved on throws.
const FENCED: i32 = 51001;

fn change(event: RangeEvent, from: Owner<'_>, to: Owner<'_>, hi: i64) -> RangeChange {
    first_range_change(JOB, SCOPE, event, (from, to), hi)
}

fn key(epoch: i64, session: &str) -> HeldLease {
    first_lease(JOB, epoch, session)
}

/// Everything that a leader writes.
async fn control(store: &Store, db: &Database) -> String {
    let history = db.count("SELECT COUNT_BIG(*) FROM [xmlx].[range_history]").await;
    let jobs = store.jobs_before(None, i64::MAX).await.unwrap();
    let ranges = store.ranges(JOB).await.unwrap();
    format!("{jobs:?} {ranges:?} {:?} {history}", store.sessions().await.unwrap())
}

/// Whatever an old leader tries, its term is over.
#[tokio::test(flavor = "multi_thread")]
async fn a_deposed_leader_writes_nothing() {
    deposed(async |_| (), 2).await;
}

/// A database that has gone back in time gives an old leader's term to a new one.
#[tokio::test(flavor = "multi_thread")]
async fn a_deposed_leader_with_the_same_term_writes_nothing() {
    deposed(async |db| db.run("UPDATE [xmlx].[leader] SET [term] = 0").await, 1).await;
}

/// An old leader against a new one, whose term is `new_term`. `meanwhile`: between the two.
async fn deposed(meanwhile: impl AsyncFnOnce(&Database), new_term: i64) {
    let db = Database::start(Tls::Off).await;
    let store = db.store();
    // It runs out at once.
    let briefly = async |name| store.acquire_leadership(name, "http://x", Duration::ZERO).await;
    let old = briefly("old").await.unwrap().unwrap();
    store.insert_job(&old, &new_job(JOB, Mode::Follow, SCOPE)).await.unwrap();
    store.open_session(&old, &session("s")).await.unwrap();
    meanwhile(&db).await;
    let new = briefly("new").await.unwrap().unwrap();
    assert_eq!((old.term, new.term), (Term(1), Term(new_term)));
    let before = control(store, &db).await;
    let grant = change(RangeEvent::Granted, (None, 0), (Some("s"), 1), 50);
    let range = store.ranges(JOB).await.unwrap().remove(0);
    let late = Late { range, scope: Scope { lo: 5, hi: 9 }, count: 1 };
    let tried = [
        ("insert_job", store.insert_job(&old, &new_job(JobId(2), Mode::Follow, SCOPE)).await),
        ("extend_job", store.extend_job(&old, JOB, RangeId(2), (SCOPE.hi, 200), 0).await),
        ("extend_job_down", store.extend_job_down(&old, JOB, RangeId(2), (SCOPE.lo, -9), 0).await),
        ("settle_job", store.settle_job(&old, JOB).await),
        ("note_follow", store.note_follow(&old, JOB, Grows::Up).await),
        ("reopen_range", store.reopen_range(&old, &late, JOB, (RangeId(2), RangeId(3))).await),
        ("move_job", store.move_job(&old, JOB, (JobState::Running, JobState::Paused), "").await),
        ("set_job_reason", store.set_job_reason(&old, JOB, ("", "x")).await),
        ("renew_budget", store.renew_budget(&old, JOB, Tally::default()).await),
        ("set_job_total", store.set_job_total(&old, JOB, SCOPE, 7).await),
        ("set_job_log_end", store.set_job_log_end(&old, JOB, 7).await),
        ("change_range", store.change_range(&old, &grant).await),
        ("open_session", store.open_session(&old, &session("t")).await),
        (
            "close_session",
            store.close_session(&old, &SessionId("s".to_owned()), SessionState::Lost).await,
        ),
        ("set_commits_max", store.set_commits_max(&old, Some(1)).await),
        ("renew_leadership", store.renew_leadership(&old, Duration::from_secs(9)).await),
    ];
    for (what, outcome) in tried {
        assert!(matches!(outcome, Err(Error::Deposed)), "{what}: {outcome:?}");
    }
    store.resign_leadership(&old).await.unwrap();
    assert_eq!(control(store, &db).await, before);
    store.change_range(&new, &grant).await.unwrap();
    assert_ne!(control(store, &db).await, before, "the new leader writes");
}

/// A commit under anything but the lease as it is now is refused whole, and so is a completion.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_needs_the_lease_as_it_is() {
    let db = Database::start(Tls::Off).await;
    let store = db.store();
    let plan = Plan::from_json(xmlx_samples::contract(Line::Card)).unwrap();
    let catalog = store.catalog(plan.target_schema()).await.unwrap();
    let source = Source::new(&plan, Mode::Follow, 0);
    let commits = CommitPlan::new(&plan, &catalog, &source).unwrap();
    let mut connection = store.connection();
    let leader = lead(store).await;
    store.insert_job(&leader, &new_job(JOB, Mode::Follow, SCOPE)).await.unwrap();
    let known = |committed_through| OpenRange {
        scope: SCOPE,
        committed_through,
        deaths: 0,
        schema: SCHEMA_VERSION,
    };
    let mut commit = async |key: HeldLease, cursor: i64, app_id: i64| {
        let decided =
            [Decided::Failed { app_id, reason: LogReason::new(Stage::Database, "of the fence") }];
        let group = Group::of(known(cursor), &decided);
        let before = db.count("SELECT COUNT_BIG(*) FROM [sample].[processing_log]").await;
        let outcome = commits.commit(&mut connection, &key, group).await.unwrap();
        let after = db.count("SELECT COUNT_BIG(*) FROM [sample].[processing_log]").await;
        assert_eq!(after - before, i64::from(outcome == Committed::Now), "{key:?}");
        outcome
    };
    let step = async |it: RangeChange| store.change_range(&leader, &it).await.unwrap();

    assert_eq!(commit(key(0, "a"), 0, 5).await, Committed::Gone, "nobody holds it");
    step(change(RangeEvent::Granted, (None, 0), (Some("a"), 1), SCOPE.hi)).await;
    assert_eq!(commit(key(1, "a"), 0, 5).await, Committed::Now);
    assert_eq!(commit(key(1, "a"), 0, 5).await, Committed::Before, "a repetition");
    assert_eq!(commit(key(1, "a"), 0, 3).await, Committed::Before, "a part of what is in");
    assert_eq!(commit(key(1, "a"), 6, 7).await, Committed::Gone, "the cursor has gone back");
    assert_eq!(commit(key(1, "b"), 5, 6).await, Committed::Gone, "another session");
    assert_eq!(commit(key(2, "a"), 5, 6).await, Committed::Gone, "another epoch");
    assert_eq!(commit(key(1, "a"), 5, SCOPE.hi).await, Committed::Cut { hi: SCOPE.hi });

    step(change(RangeEvent::Released, (Some("a"), 1), (None, 1), SCOPE.hi)).await;
    assert_eq!(commit(key(1, "a"), 5, 6).await, Committed::Gone, "given back");
    step(change(RangeEvent::Granted, (None, 1), (Some("a"), 2), SCOPE.hi)).await;
    assert_eq!(commit(key(1, "a"), 5, 6).await, Committed::Gone, "its own earlier lease");
    step(change(RangeEvent::Lost, (Some("a"), 2), (None, 3), SCOPE.hi)).await;
    assert_eq!(commit(key(2, "a"), 5, 6).await, Committed::Gone, "lost, and nobody has it");
    step(change(RangeEvent::Granted, (None, 3), (Some("b"), 4), SCOPE.hi)).await;
    assert_eq!(commit(key(2, "a"), 5, 6).await, Committed::Gone, "lost, and another has it");
    assert_eq!(commit(key(4, "b"), 5, 6).await, Committed::Now);

    for stale in [key(2, "a"), key(4, "a"), key(3, "b")] {
        let completed = stale.complete(&mut store.connection(), known(6)).await;
        assert!(matches!(completed, Err(Error::Fenced)), "{stale:?}: {completed:?}");
    }
    let completed = key(4, "b").complete(&mut store.connection(), known(7)).await;
    assert!(matches!(completed, Err(Error::Fenced)), "another cursor: {completed:?}");
    key(4, "b").complete(&mut store.connection(), known(6)).await.unwrap();
    assert_eq!(commit(key(4, "b"), 6, 7).await, Committed::Gone, "done");
}

/// A commit that is on its way while its lease is lost: it arrives before anybody has moved the cursor,
/// and it is the epoch alone that keeps it out.
async fn arrives_late(other_holds_it: bool) {
    let setup = Setup { workers: 0, group_apps: 5, ..Setup::small(100) };
    let mut cluster = Cluster::start(setup).await;
    cluster.db.faults().add("xmlx/worker@commit:1+:delay=50ms".parse().unwrap());
    let leader = cluster.coordinators[0].0.trim_start_matches("http://").parse().unwrap();
    let (database, direct, urls) =
        (cluster.db.address(), cluster.db.connection_string(), cluster.urls());
    let to_leader = Link::to(leader).await;
    let to_database = [Link::to(database).await, Link::to(database).await];
    let own = to_database[0].instead_of(database, &direct);
    let through = format!("http://{}", to_leader.address());
    cluster.add_worker_in(Place { connection_string: &own, coordinators: &through, host: None });
    cluster.wait_complete().await;
    let job = cluster.submit(&[]);
    cluster.wait_logged(10).await;
    to_database[0].cut(Direction::Requests);
    to_leader.cut(Direction::Both);
    if other_holds_it {
        // The next owner gets the leases, and cannot use them yet.
        to_database[1].cut(Direction::Requests);
        let other = to_database[1].instead_of(database, &direct);
        cluster.add_worker_in(Place { connection_string: &other, coordinators: &urls, host: None });
    }
    cluster
        .wait_for("the leases to be lost", async |cluster| {
            let job = cluster.job(job);
            let leased = job["ranges_leased"].as_i64().unwrap() > 0;
            job["leases_revoked"].as_i64().unwrap() > 0 && leased == other_holds_it
        })
        .await;
    let before = cluster.logged().await;
    // Commits behind a cut were refused earlier; from now on nobody can commit but the one that comes late.
    let refused = cluster.db.n_errors(FENCED);
    to_database[0].heal();
    cluster
        .wait_for("the late commit to be refused", async |cluster| {
            cluster.db.n_errors(FENCED) > refused
        })
        .await;
    assert_eq!(cluster.logged().await, before);
    to_leader.heal();
    to_database[1].heal();
    cluster.wait_done(job).await;
    assert_eq!(cluster.logged().await, 100);
    cluster.assert_verified(job).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_arrives_after_its_lease_was_lost_is_refused() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    arrives_late(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_arrives_when_another_holds_its_range_is_refused() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    arrives_late(true).await;
}

/// A forced failover or a restore has lost the latest commits, the cursor with them: what they held is done again, and
/// nothing is passed over.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_went_back_in_time_is_filled_again() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let cluster = Cluster::start(Setup { group_apps: 5, ..Setup::small(200) }).await;
    cluster.db.faults().add("xmlx/worker@commit:1+:delay=200ms".parse().unwrap());
    let job = cluster.submit(&[]);
    cluster.wait_logged(60).await;
    // Of every range that is worked on the latest decisions are undone, in one moment, as no statement of ours would.
    let undone = "l.[app_id] > r.[committed_through] - 15 AND l.[app_id] <= r.[committed_through]";
    let log = "[sample].[processing_log]";
    let leased = "r.[state] = 'leased' AND r.[committed_through] - 15 >= r.[lo] - 1";
    let undone = cluster
        .db
        .column(&format!(
            "SET XACT_ABORT ON; BEGIN TRAN;
             DELETE FROM {log} WHERE EXISTS (SELECT 1 FROM [xmlx].[range] AS r WHERE {leased} AND {});
             DELETE FROM [sample].[submission] WHERE NOT EXISTS (SELECT 1 FROM {log} AS l WHERE l.[app_id] = [submission].[app_id]);
             UPDATE [xmlx].[range] SET [committed_through] = [committed_through] - 15 WHERE [state] = 'leased' AND [committed_through] - 15 >= [lo] - 1;
             SELECT COUNT_BIG(*) FROM [sample].[application_xml] AS x WHERE NOT EXISTS (SELECT 1 FROM {log} AS l WHERE l.[app_id] = x.[app_id])
                 AND EXISTS (SELECT 1 FROM [xmlx].[range] AS r WHERE {leased} AND x.[app_id] > r.[committed_through] AND x.[app_id] <= r.[committed_through] + 15);
             COMMIT;",
            undone.replace("l.[", "[processing_log].[")
        ))
        .await;
    assert!(undone[0] > 0, "something was undone");
    let refused = cluster.db.n_errors(FENCED);
    cluster.wait_done(job).await;
    assert!(cluster.db.n_errors(FENCED) > refused, "the fence has refused a commit");
    assert_eq!((cluster.logged().await, cluster.repeated().await), (200, 0));
    let rows = "SELECT COUNT_BIG(*) FROM [sample].[submission]";
    assert_eq!(cluster.db.count(rows).await, 200);
    cluster.assert_history_holds(job);
}

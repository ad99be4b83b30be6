//! Nothing is decided twice: whoever else writes to the log, and however often the same ids are offered.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use std::sync::atomic::{AtomicBool, Ordering};

use xmlx_domain::{JobId, Scope, SessionId, SessionState};
use xmlx_samples::Line;
use xmlx_store::{OpenRange, SCHEMA_VERSION};
use xmlx_tests::{Cluster, Needs, Setup, Signal, first_lease, lead, session, skips_on_server};

/// Rows of the log of a worker of ours that follow on another row of the same application.
const SECOND_OF_OURS: &str = "SELECT COUNT_BIG(*) FROM [sample].[processing_log] AS l WHERE l.[session_id] <> 'reference' AND EXISTS \
     (SELECT 1 FROM [sample].[processing_log] AS e WHERE e.[app_id] = l.[app_id] AND e.[log_id] < l.[log_id])";

/// The first `n` applications that wait.
fn waiting(n: usize) -> String {
    format!(
        "SELECT TOP ({n}) CAST(x.[app_id] AS bigint) AS [app_id] FROM [sample].[application_xml] AS x WHERE NOT EXISTS \
         (SELECT 1 FROM [sample].[processing_log] AS l WHERE l.[app_id] = x.[app_id]) ORDER BY x.[app_id]"
    )
}

/// What the reference does with applications that it takes to be waiting: one after the other is inserted and logged.
/// It looks at nothing again.
fn as_the_reference_does(app_ids: &[i64]) -> String {
    let each = app_ids.iter().map(|app_id| {
        format!(
            "BEGIN TRAN;
             SET IDENTITY_INSERT [sample].[submission] ON;
             INSERT INTO [sample].[submission] ([app_id], [line_enum]) SELECT {app_id}, MIN([enum_id]) FROM [sample].[lookup];
             SET IDENTITY_INSERT [sample].[submission] OFF;
             INSERT INTO [sample].[processing_log] ([app_id], [status], [session_id]) VALUES ({app_id}, 'success', 'reference');
             COMMIT;\n"
        )
    });
    format!("SET XACT_ABORT ON;\n{}", each.collect::<String>())
}

/// What waits is logged by another tool while the worker, which has fetched it, stands still.
#[tokio::test(flavor = "multi_thread")]
async fn what_another_tool_logs_meanwhile_is_left_alone() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let cluster = Cluster::start(Setup { group_apps: 10, ..Setup::small(200) }).await;
    cluster.db.faults().add("xmlx/worker@commit:1+:delay=30ms".parse().unwrap());
    let job = cluster.submit(&[]);
    cluster.wait_logged(30).await;
    cluster.workers[0].signal(Signal::SIGSTOP);
    // In one transaction: a commit that was under way when the worker stopped may still come in, before or after.
    cluster
        .db
        .run(
            "SET XACT_ABORT ON; BEGIN TRAN;
             SET IDENTITY_INSERT [sample].[submission] ON;
             INSERT INTO [sample].[submission] ([app_id], [line_enum]) SELECT TOP (80) x.[app_id], (SELECT MIN([enum_id]) FROM [sample].[lookup]) AS [line]
             FROM [sample].[application_xml] AS x WHERE NOT EXISTS (SELECT 1 FROM [sample].[processing_log] AS l WHERE l.[app_id] = x.[app_id]) ORDER BY x.[app_id];
             SET IDENTITY_INSERT [sample].[submission] OFF;
             INSERT INTO [sample].[processing_log] ([app_id], [status], [session_id]) SELECT s.[app_id], 'success', 'reference'
             FROM [sample].[submission] AS s WHERE NOT EXISTS (SELECT 1 FROM [sample].[processing_log] AS l WHERE l.[app_id] = s.[app_id]);
             COMMIT;",
        )
        .await;
    let others =
        "SELECT COUNT_BIG(*) FROM [sample].[processing_log] WHERE [session_id] = 'reference'";
    assert_eq!(cluster.db.count(others).await, 80);
    cluster.workers[0].signal(Signal::SIGCONT);
    cluster.wait_done(job).await;
    assert_eq!((cluster.logged().await, cluster.repeated().await), (200, 0));
    assert_eq!(cluster.job(job)["ok"], 120, "what others decided is not counted as ours");
    let rows = "SELECT COUNT_BIG(*) FROM [sample].[submission]";
    assert_eq!(cluster.db.count(rows).await, 200, "no rows twice");
    cluster.assert_verified(job).await;
}

/// Two jobs whose product lines claim the same documents: whoever comes first decides.
#[tokio::test(flavor = "multi_thread")]
async fn an_application_of_two_jobs_is_decided_once() {
    let cluster = Cluster::start(Setup { workers: 2, group_apps: 10, ..Setup::small(300) }).await;
    cluster
        .db
        .run("INSERT INTO [sample].[loan_application] ([app_id]) SELECT [app_id] FROM [sample].[card_application]")
        .await;
    cluster.write("loan.json", xmlx_samples::contract(Line::Loan));
    let card = cluster.submit(&[]);
    let loan =
        cluster.client(&["submit", "-o", "json", "--contract", "loan.json"]).expect(0).json();
    let loan = loan["job"]["job"].as_i64().unwrap();
    cluster.wait_done(card).await;
    cluster.wait_done(loan).await;
    assert_eq!((cluster.logged().await, cluster.repeated().await), (300, 0));
}

/// A tool in the manner of the reference works through the same documents at the same time, as fast as it can: it
/// looks once for what waits, then inserts and logs one application after the other.
#[tokio::test(flavor = "multi_thread")]
async fn two_writers_at_full_speed_decide_nothing_twice() {
    let cluster = Cluster::start(Setup { workers: 2, group_apps: 10, ..Setup::small(1_000) }).await;
    let job = cluster.submit(&[]);
    let is_over = AtomicBool::new(false);
    let reference = async {
        while !is_over.load(Ordering::Relaxed) {
            let waiting = cluster.db.column(&waiting(5)).await;
            // Where an application of these has its rows already, the batch ends there.
            let sql = as_the_reference_does(&waiting);
            let _ = cluster.db.attempt(&cluster.db.connection_string(), &sql).await;
        }
    };
    let ours = async {
        cluster.wait_done(job).await;
        is_over.store(true, Ordering::Relaxed);
    };
    tokio::join!(reference, ours);
    let n_reference =
        "SELECT COUNT_BIG(*) FROM [sample].[processing_log] WHERE [session_id] = 'reference'";
    let n_reference = cluster.db.count(n_reference).await;
    let second = cluster.db.count(SECOND_OF_OURS).await;
    let ours = cluster.job(job)["ok"].as_i64().unwrap();
    println!(
        "the reference decided {n_reference}, the job {ours}, twice {}",
        cluster.repeated().await
    );
    assert!(n_reference > 0 && ours > 0, "both wrote");
    assert_eq!(second, 0, "a decision of ours follows on another");
    assert_eq!((cluster.logged().await, cluster.repeated().await), (1_000, 0));
}

/// An id that the source has twice could be decided twice: no job begins with it, and one that meets it later stops.
#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_the_source_has_twice_stops_the_job() {
    let cluster = Cluster::start(Setup::small(60)).await;
    let copy = |condition: &str| {
        format!(
            "INSERT INTO [sample].[loose_xml] ([app_id], [app_XML]) SELECT [app_id], [app_XML] FROM [sample].[application_xml] WHERE {condition};"
        )
    };
    let table =
        "CREATE TABLE [sample].[loose_xml] ([app_id] int NOT NULL, [app_XML] nvarchar(max) NULL);";
    let first = cluster
        .db
        .column("SELECT CAST(MIN([app_id]) AS bigint) AS [n] FROM [sample].[card_application]")
        .await[0];
    let repeated = format!("[app_id] = {first}");
    cluster.db.run(&format!("{table} {} {}", copy("1 = 1"), copy(&repeated))).await;
    let contract =
        xmlx_samples::contract(Line::Card).replace("\"application_xml\"", "\"loose_xml\"");
    assert!(contract.contains("loose_xml"));
    cluster.write("loose.json", &contract);
    let says = format!("application {first} more than once");
    let submitted = cluster.client(&["submit", "--contract", "loose.json"]);
    assert!(submitted.code != 0 && submitted.stderr.contains(&says), "{submitted:?}");

    let again = format!("DELETE FROM [sample].[loose_xml] WHERE {repeated}; {}", copy(&repeated));
    cluster.db.run(&again).await;
    // From the first document on, so that what comes later is met.
    let _ = cluster.client(&["submit", "--contract", "loose.json", "--follow"]).expect(0);
    cluster.wait_logged(60).await;
    let late = "INSERT INTO [sample].[loose_xml] ([app_id], [app_XML]) SELECT 900000, [app_XML] FROM [sample].[application_xml] WHERE";
    cluster
        .db
        .run(&format!(
            "INSERT INTO [sample].[card_application] ([app_id]) SELECT 900000 WHERE 1 = 1; {late} {repeated}; {late} {repeated};"
        ))
        .await;
    cluster.wait_for("the job to fail", async |cluster| cluster.job(1)["state"] == "failed").await;
    let shown = cluster.job(1);
    assert!(
        shown["reason"].as_str().unwrap().contains("application 900000 more than once"),
        "{shown}"
    );
    assert_eq!(cluster.repeated().await, 0);
}

/// Whatever a drained worker has extracted it commits, so that nobody extracts it again.
#[tokio::test(flavor = "multi_thread")]
async fn a_drain_extracts_nothing_twice() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let mut cluster =
        Cluster::start(Setup { workers: 0, group_apps: 5, ..Setup::small(300) }).await;
    cluster.db.faults().add("xmlx/worker@commit:1+:delay=40ms".parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let extracted = folder.path().join("extracted");
    let database = cluster.db.connection_string();
    let environment = [
        ("XMLX_DATABASE", database.as_str()),
        ("XMLX_TEST_EXTRACTED", extracted.to_str().unwrap()),
    ];
    cluster.add_worker_with(&environment);
    cluster.add_worker_with(&environment);
    cluster.wait_complete().await;
    let job = cluster.submit(&[]);
    cluster.wait_logged(60).await;
    let _ = cluster.client(&["drain", "w1"]).expect(0);
    assert_eq!(cluster.workers[0].exit_code().await, 0);
    cluster.workers[1].signal(Signal::SIGTERM);
    assert_eq!(cluster.workers[1].exit_code().await, 0);
    cluster.add_worker_with(&environment);
    cluster.wait_done(job).await;
    let lines = std::fs::read_to_string(&extracted).unwrap();
    let mut ids: Vec<&str> = lines.lines().collect();
    let n_extracted = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((n_extracted, ids.len()), (300, 300), "each application is extracted once");
    cluster.assert_verified(job).await;
}

/// A session that only fell silent may come back: it has not died of what it tried.
#[tokio::test(flavor = "multi_thread")]
async fn a_silent_session_is_no_death() {
    let db = xmlx_tests::Database::start(xmlx_devdb::Tls::Off).await;
    let store = db.store();
    let leader = lead(store).await;
    let range = OpenRange {
        scope: Scope { lo: 1, hi: 9 },
        committed_through: 0,
        deaths: 3,
        schema: SCHEMA_VERSION,
    };
    let open = async |id: &str| store.open_session(&leader, &session(id)).await.unwrap();
    let end = async |id: &str, state| {
        let session = SessionId(id.to_owned());
        store.close_session(&leader, &session, state).await.unwrap();
    };
    let deaths = async |id: &str| {
        let lease = first_lease(JobId(1), 1, id);
        lease.note_trial(&mut store.connection(), 5, &range).await.unwrap()
    };
    for id in ["a", "b", "c"] {
        open(id).await;
    }
    assert_eq!(deaths("a").await, 0);
    end("a", SessionState::Silent).await;
    assert_eq!(deaths("b").await, 0, "it may come back");
    open("a").await;
    assert_eq!(deaths("b").await, 0, "it has come back");
    end("a", SessionState::Lost).await;
    assert_eq!((deaths("b").await, deaths("b").await), (1, 1), "its process is gone");
    end("b", SessionState::Silent).await;
    assert_eq!(deaths("c").await, 1);
    db.run("UPDATE [xmlx].[worker_session] SET [ended_at] = DATEADD(second, -31, SYSUTCDATETIME()) WHERE [session_id] = 'b'")
        .await;
    assert_eq!(deaths("c").await, 2, "it has not come back for long");
}

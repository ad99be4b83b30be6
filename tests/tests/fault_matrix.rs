//! Every fault at every statement that a worker runs: what class it is, and what comes of it. The table
//! is written to `target/fault-matrix.md`.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use std::fmt::Write as _;

use xmlx_domain::ErrorClass;
use xmlx_store::Error;
use xmlx_tests::{Cluster, Needs, Setup, skips_on_server, workspace};

const SUSPECT: &str = "note a suspect";
const COMMIT: &str = "commit";
const FIND_REFUSED: &str = "find what is refused";

/// What goes wrong, once.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Number(u32, ErrorClass),
    DropBefore,
    DropAfter,
}

const FAULTS: [Fault; 21] = [
    Fault::DropBefore,
    Fault::DropAfter,
    Fault::Number(1205, ErrorClass::Transient),
    Fault::Number(1222, ErrorClass::Transient),
    Fault::Number(40501, ErrorClass::Transient),
    Fault::Number(40613, ErrorClass::Transient),
    Fault::Number(49918, ErrorClass::Transient),
    Fault::Number(10928, ErrorClass::Transient),
    Fault::Number(33_557_097, ErrorClass::Unclear),
    Fault::Number(1105, ErrorClass::Capacity),
    Fault::Number(9002, ErrorClass::Capacity),
    Fault::Number(701, ErrorClass::Capacity),
    Fault::Number(8645, ErrorClass::Capacity),
    Fault::Number(515, ErrorClass::Data),
    Fault::Number(547, ErrorClass::Data),
    Fault::Number(245, ErrorClass::Data),
    Fault::Number(8114, ErrorClass::Data),
    Fault::Number(2628, ErrorClass::Data),
    Fault::Number(2627, ErrorClass::Data),
    Fault::Number(2601, ErrorClass::Data),
    Fault::Number(208, ErrorClass::Fatal),
];

/// What comes of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// The job is done, and every application succeeded.
    Done,
    /// The job is paused with the reason; resumed, it is done.
    Paused,
    /// One application failed, its neighbours did not.
    OneFailed,
    /// The job fails with the reason and no application does; submitted again, it is done.
    JobFailed,
}

impl Fault {
    fn action(self) -> String {
        match self {
            Self::Number(number, _) => format!("error={number}"),
            Self::DropBefore => "drop-before".to_owned(),
            Self::DropAfter => "drop-after".to_owned(),
        }
    }

    fn class(self) -> ErrorClass {
        let error = match self {
            Self::Number(number, _) => Error::Server { number, message: String::new() },
            Self::DropBefore | Self::DropAfter => Error::Lost(String::new()),
        };
        error.class()
    }

    /// The class as docs/sql-server.md has it.
    fn expected_class(self) -> ErrorClass {
        match self {
            Self::Number(_, class) => class,
            Self::DropBefore | Self::DropAfter => ErrorClass::Ambiguous,
        }
    }

    fn expected(self, statement: &str) -> Outcome {
        match self.expected_class() {
            ErrorClass::Capacity => Outcome::Paused,
            // One of the applications is refused. Where the search does not know which, smaller commits find it.
            _ if statement == FIND_REFUSED => Outcome::OneFailed,
            ErrorClass::Transient
            | ErrorClass::Ambiguous
            | ErrorClass::Fenced
            | ErrorClass::Unclear => Outcome::Done,
            ErrorClass::Data if statement == COMMIT => Outcome::OneFailed,
            // Nobody knows which application it was.
            ErrorClass::Data | ErrorClass::Fatal => Outcome::JobFailed,
        }
    }
}

/// Applications of one cell, one in each commit; where a refused one is looked for, all in one.
const APPS: usize = 3;

#[tokio::test(flavor = "multi_thread")]
async fn s1_read_the_contract() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    write(
        "s1_read_the_contract",
        &row("read the contract", "text=SELECT [contract], CAST([mode]").await,
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn s2_read_the_columns() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    write("s2_read_the_columns", &row("read the columns", "text=FROM [sys].[tables]").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn s3_read_the_foreign_keys() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    write(
        "s3_read_the_foreign_keys",
        &row("read the foreign keys", "text=FROM [sys].[foreign_keys]").await,
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn s4_open_the_range() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    write(
        "s4_open_the_range",
        &row("open the range", "text=SELECT [lo], [hi], [committed_through], [deaths]").await,
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn s5_note_a_suspect() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    write("s5_note_a_suspect", &row(SUSPECT, "text=INSERT INTO [xmlx].[trial]").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn s6_fetch() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    write("s6_fetch", &row("fetch", "fetch").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn s7_commit() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    write("s7_commit", &row(COMMIT, "commit").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn s8_find_refused() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    write("s8_find_refused", &row(FIND_REFUSED, "find-refused").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn s9_close_the_range() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    write(
        "s9_close_the_range",
        &row("close the range", "text=UPDATE [xmlx].[range] SET [state] = 'done'").await,
    );
}

/// Writes a statement's rows, and the table anew from the rows of all statements that have been tried.
fn write(test: &str, rows: &[String]) {
    assert_eq!(rows.len(), FAULTS.len());
    let folder = workspace().join("target/fault-matrix");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{test}.md")), rows.concat()).unwrap();
    let mut parts: Vec<_> =
        std::fs::read_dir(&folder).unwrap().map(|it| it.unwrap().path()).collect();
    parts.sort();
    let parts: Vec<String> =
        parts.into_iter().map(|it| std::fs::read_to_string(it).unwrap()).collect();
    let table =
        format!("| statement | fault | class | outcome |\n|---|---|---|---|\n{}", parts.concat());
    std::fs::write(workspace().join("target/fault-matrix.md"), table).unwrap();
}

/// One statement with all faults, one after the other, each at applications of its own.
async fn row(name: &str, target: &str) -> Vec<String> {
    let group_apps = if name == FIND_REFUSED { u32::try_from(APPS).unwrap() } else { 1 };
    let cluster = Cluster::start(Setup { group_apps, ..Setup::small(APPS * FAULTS.len()) }).await;
    let ids = "SELECT CAST([app_id] AS bigint) FROM [sample].[application_xml] ORDER BY [app_id]";
    let ids = cluster.db.column(ids).await;
    let refused: Vec<i64> = ids.chunks(APPS).map(|apps| apps[1]).collect();
    if name == FIND_REFUSED {
        cluster.occupy(&refused).await;
    }
    let mut lines = Vec::new();
    let mut done = Vec::new();
    for (fault, apps) in FAULTS.into_iter().zip(ids.chunks(APPS)) {
        assert_eq!(fault.class(), fault.expected_class(), "{fault:?}");
        let text = format!("xmlx/worker@{target}:1:{}", fault.action());
        let (from, to) = (apps[0].to_string(), apps[APPS - 1].to_string());
        let scope = ["--from", from.as_str(), "--to", to.as_str()];
        let job = if name == SUSPECT {
            submit_after_a_death(&cluster, &scope, &text).await
        } else {
            cluster.db.faults().add(text.parse().unwrap());
            cluster.submit(&scope)
        };
        let found = outcome(&cluster, job, fault).await;
        assert_eq!(found, fault.expected(name), "{name}, {text}: {}", cluster.job(job));
        let pending = cluster.db.faults().pending();
        assert!(pending.is_empty(), "{name}: did not fire: {pending:?}");
        cluster.db.faults().clear();
        let healed = heal(&cluster, job, found, &scope).await;
        let decided = format!(
            "SELECT COUNT_BIG(*) FROM [sample].[processing_log] WHERE [app_id] >= {from} AND [app_id] <= {to}"
        );
        assert_eq!(cluster.db.count(&decided).await, i64::try_from(APPS).unwrap(), "{text}");
        done.push(healed);
        let mut line = String::new();
        writeln!(line, "| {name} | {} | {:?} | {found:?} |", fault.action(), fault.class())
            .unwrap();
        lines.push(line);
    }
    if name == FIND_REFUSED {
        cluster.vacate(&refused).await;
    }
    assert_eq!(cluster.repeated().await, 0);
    cluster.assert_each_verified(&done);
    lines
}

/// An owner of the job's range has died: the next one takes its applications one at a time. Until that is
/// noted, the range cannot be handed out.
async fn submit_after_a_death(cluster: &Cluster, scope: &[&str], fault: &str) -> i64 {
    let hold = "xmlx/coordinator@text=SELECT MIN(t.[app_id]):1+:error=1222";
    cluster.db.faults().add(hold.parse().unwrap());
    let job = cluster.submit(scope);
    let sql = format!("UPDATE [xmlx].[range] SET [deaths] = 1 WHERE [job_id] = {job}");
    cluster.db.run(&sql).await;
    cluster.db.faults().clear();
    cluster.db.faults().add(fault.parse().unwrap());
    job
}

/// What has become of the job once it does not run any more.
async fn outcome(cluster: &Cluster, job: i64, fault: Fault) -> Outcome {
    wait_stopped(cluster, job).await;
    let job = cluster.job(job);
    let (state, reason) = (job["state"].as_str().unwrap(), job["reason"].as_str().unwrap());
    if let (Fault::Number(number, _), "paused" | "failed") = (fault, state) {
        assert!(reason.contains(&number.to_string()), "{job}");
    }
    match (state, job["failed"].as_i64().unwrap()) {
        ("done", 0) => Outcome::Done,
        ("done", 1) => Outcome::OneFailed,
        ("paused", 0) => Outcome::Paused,
        ("failed", 0) => Outcome::JobFailed,
        _ => panic!("{fault:?}: {job}"),
    }
}

/// Asks the database: a client for each look would be most of what the test costs.
async fn wait_stopped(cluster: &Cluster, job: i64) {
    let runs = format!(
        "SELECT COUNT_BIG(*) FROM [xmlx].[job] WHERE [job_id] = {job} AND [state] = 'running'"
    );
    cluster.wait_for("the job to stop", async |cluster| cluster.db.count(&runs).await == 0).await;
}

/// Whatever stopped the job was there once: nothing is lost. The job that is done in the end.
async fn heal(cluster: &Cluster, job: i64, found: Outcome, scope: &[&str]) -> i64 {
    match found {
        Outcome::Done | Outcome::OneFailed => job,
        Outcome::Paused => {
            let _ = cluster.client(&["resume", &job.to_string()]).expect(0);
            wait_stopped(cluster, job).await;
            job
        }
        Outcome::JobFailed => {
            let again = cluster.submit(scope);
            wait_stopped(cluster, again).await;
            again
        }
    }
}

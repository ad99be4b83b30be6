//! Least privilege, run: every program with a login that has what `grants` prints and nothing else. Afterwards
//! everything is removed as docs/sql-server.md says, and nothing is left.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use xmlx_proto::Release;
use xmlx_samples::{Line, Options, Synth};
use xmlx_tests::{Cluster, Database, Needs, Setup, block, skips_on_server};

/// The number of "permission denied" on an object.
const DENIED: u32 = 229;

/// How to reach the database as a coordinator, a worker and a reader.
struct Users {
    coordinator: String,
    worker: String,
    reader: String,
}

impl Users {
    /// Makes them; they may do nothing yet.
    async fn add(db: &Database) -> Self {
        Self {
            coordinator: db.add_user("c").await,
            worker: db.add_user("w").await,
            reader: db.add_user("r").await,
        }
    }

    /// Each with the role that `check` knows.
    fn all(&self) -> [(&str, &str); 3] {
        [("coordinator", &self.coordinator), ("worker", &self.worker), ("reader", &self.reader)]
    }
}

/// Runs what `grants` prints for both samples, and makes the users members of their roles.
async fn grant(cluster: &Cluster) {
    for contract in ["card.json", "loan.json"] {
        let printed = cluster.client(&["grants", "--contract", contract]).expect(0).stdout;
        cluster.db.store().run_script(&printed).await.unwrap();
    }
    for (role, user) in [("coordinator", "c"), ("worker", "w"), ("reader", "r")] {
        cluster.db.run(&format!("ALTER ROLE [xmlx_{role}] ADD MEMBER [{user}]")).await;
    }
}

/// What the database's catalog knows of schemas, tables, principals, members and permissions.
async fn catalog(db: &Database) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    for sql in [
        "SELECT [name] FROM sys.schemas ORDER BY [name]",
        "SELECT s.[name] AS [schema], t.[name] FROM sys.tables AS t JOIN sys.schemas AS s ON s.[schema_id] = t.[schema_id] ORDER BY s.[name], t.[name]",
        "SELECT [name], [type_desc] FROM sys.database_principals ORDER BY [name]",
        "SELECT r.[name] AS [role], u.[name] FROM sys.database_role_members AS m
         JOIN sys.database_principals AS r ON r.[principal_id] = m.[role_principal_id]
         JOIN sys.database_principals AS u ON u.[principal_id] = m.[member_principal_id] ORDER BY r.[name], u.[name]",
        "SELECT g.[name], p.[permission_name], p.[class_desc] FROM sys.database_permissions AS p
         JOIN sys.database_principals AS g ON g.[principal_id] = p.[grantee_principal_id]
         WHERE p.[major_id] >= 0 ORDER BY g.[name], p.[permission_name], p.[class_desc]",
    ] {
        all.extend(db.texts(sql).await);
    }
    all
}

/// A cluster of programs that have their own logins.
async fn with_own_logins(db: Database, setup: Setup, n_coordinators: usize) -> (Cluster, Users) {
    let users = Users::add(&db).await;
    let mut cluster = Cluster::start_on(db, Setup { coordinators: 0, workers: 0, ..setup }).await;
    grant(&cluster).await;
    for _ in 0..n_coordinators {
        cluster.add_coordinator_at(&users.coordinator);
    }
    for _ in 0..setup.workers {
        cluster.add_worker_at(&users.worker);
    }
    cluster.wait_complete().await;
    (cluster, users)
}

/// From an empty database to a verified job over both samples and back: `init` as a user who may make a schema and
/// tables, the programs as their roles.
#[tokio::test(flavor = "multi_thread")]
async fn from_init_to_removal() {
    let db = Database::start_without_control_tables().await;
    let owner = db.add_user("owner").await;
    db.run("GRANT CREATE SCHEMA, CREATE TABLE TO [owner]").await;
    let users = Users::add(&db).await;
    let before = catalog(&db).await;

    let setup = Setup { coordinators: 0, workers: 0, ..Setup::small(60) };
    let mut cluster = Cluster::start_on(db, setup).await;
    let loans = Options { seed: 9, first_id: 900_001, broken_permille: 0, padding_bytes: 0 };
    cluster.db.fill(&Synth::new(loans), Line::Loan, 40).await;
    assert_eq!(
        cluster.client_as(&owner, &["init"]).expect(0).stdout.split(':').next(),
        Some("created")
    );
    for (role, user) in users.all() {
        let lacking = cluster.client_as(user, &["check", "card.json", "--role", role]).expect(1);
        assert!(lacking.stdout.contains("no permission SELECT"), "{role}: {lacking:?}");
    }
    grant(&cluster).await;
    for (role, user) in users.all() {
        for contract in ["card.json", "loan.json"] {
            let _ = cluster.client_as(user, &["check", contract, "--role", role]).expect(0);
        }
    }

    cluster.add_coordinator_at(&users.coordinator);
    cluster.add_worker_at(&users.worker);
    cluster.wait_complete().await;
    let submit = ["submit", "--contract", "card.json", "--contract", "loan.json", "-o", "json"];
    let job =
        cluster.client_as(&users.coordinator, &submit).expect(0).json()["job"]["job"].as_i64();
    let job = job.unwrap();
    cluster.wait_done(job).await;
    assert_eq!(cluster.job(job)["ok"], 100);
    cluster.assert_verified(job).await;
    // These go through the coordinator: whoever asks needs no permission.
    let id = job.to_string();
    for asked in [&["status"][..], &["failures", &id], &["verify", &id, "--history"]] {
        let _ = cluster.client_as(&users.reader, asked).expect(0);
    }
    nobody_may_do_more(&cluster, &users).await;

    cluster.workers.clear();
    cluster.coordinators.clear();
    for (role, user) in [("coordinator", "c"), ("worker", "w"), ("reader", "r")] {
        cluster.db.run(&format!("ALTER ROLE [xmlx_{role}] DROP MEMBER [{user}]")).await;
    }
    cluster.db.run(&block("DROP SCHEMA [xmlx]")).await;
    assert_eq!(catalog(&cluster.db).await, before);
    assert_eq!(cluster.logged().await, 100, "the log is the user's and stays");
    let submissions = "SELECT COUNT_BIG(*) FROM [sample].[submission]";
    assert_eq!(cluster.db.count(submissions).await, 100, "so are the rows");
}

/// What the roles are not for is denied, and what they are for is allowed.
async fn nobody_may_do_more(cluster: &Cluster, users: &Users) {
    let (coordinator, worker, reader) = (&users.coordinator, &users.worker, &users.reader);
    let one = "SELECT TOP (1) 1 AS [one] FROM";
    let cases: [(&str, String, u32); 22] = [
        (worker, format!("{one} [sample].[application_xml]"), 0),
        (worker, "DELETE FROM [sample].[submission]".to_owned(), DENIED),
        (worker, "UPDATE [sample].[submission] SET [line_enum] = 1".to_owned(), DENIED),
        (worker, "DELETE FROM [sample].[processing_log]".to_owned(), DENIED),
        (worker, "UPDATE [sample].[processing_log] SET [app_id] = 1".to_owned(), DENIED),
        (worker, "DELETE FROM [sample].[application_xml]".to_owned(), DENIED),
        // A reconciliation compares them.
        (worker, format!("{one} [sample].[submission]"), 0),
        (worker, "DELETE FROM [xmlx].[range]".to_owned(), DENIED),
        (worker, "UPDATE [xmlx].[job] SET [state] = 'done'".to_owned(), DENIED),
        (worker, format!("{one} [xmlx].[leader]"), DENIED),
        (worker, "DROP TABLE [sample].[card_process]".to_owned(), 3701),
        (coordinator, format!("{one} [sample].[submission]"), 0),
        (coordinator, "DELETE FROM [sample].[submission]".to_owned(), DENIED),
        (
            coordinator,
            "INSERT INTO [sample].[processing_log] ([app_id]) VALUES (1)".to_owned(),
            DENIED,
        ),
        (coordinator, "DELETE FROM [xmlx].[leader]".to_owned(), DENIED),
        (coordinator, "DROP TABLE [xmlx].[suspect]".to_owned(), 3701),
        (reader, block("SUM(r.[done_ok])"), 0),
        (reader, block("WHERE r.[state] = 'leased'"), 0),
        (reader, format!("{one} [sample].[processing_log]"), 0),
        (reader, format!("{one} [sample].[application_xml]"), DENIED),
        (reader, "UPDATE [xmlx].[job] SET [state] = 'done'".to_owned(), DENIED),
        (reader, "DELETE FROM [sample].[processing_log]".to_owned(), DENIED),
    ];
    for (user, sql, number) in cases {
        assert_eq!(cluster.db.attempt(user, &sql).await, number, "{sql}");
    }
}

/// Everything that an operator does and everything that goes wrong takes no more either.
#[tokio::test(flavor = "multi_thread")]
async fn deaths_and_orders_take_no_more() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let db = Database::start_without_control_tables().await;
    db.store().migrate().await.unwrap();
    let flags = &["--lease-apps-first", "100"];
    let setup = Setup {
        workers: 2,
        group_apps: 5,
        coordinator_flags: flags,
        broken_permille: 50,
        ..Setup::small(300)
    };
    let (mut cluster, users) = with_own_logins(db, setup, 2).await;
    cluster.db.faults().add("commit:1+:delay=250ms".parse().unwrap());
    let job = cluster.submit(&[]);
    let id = job.to_string();
    cluster.wait_busy().await;
    cluster.workers[0].kill();
    cluster.workers.remove(0);
    cluster.add_worker_at(&users.worker);
    // The next owner of what it held notes what it tries alone, and so does who comes after.
    let noted = "SELECT COUNT_BIG(*) FROM [xmlx].[trial]";
    cluster
        .wait_for("an application to be tried alone", async |cluster| {
            cluster.db.count(noted).await > 0
        })
        .await;
    let _ = cluster.client(&["throttle", "--commits", "2"]).expect(0);
    let term = cluster.term().await;
    cluster.leader().kill();
    cluster.wait_term_after(term).await;
    cluster
        .wait_for("the new leader to answer", async |cluster| {
            cluster.client(&["status", "-o", "json"]).code == 0
        })
        .await;
    let _ = cluster.client(&["pause", &id]).expect(0);
    let committed = cluster.logged().await;
    assert!(committed < 300);
    let _ = cluster.client(&["throttle", "--off"]).expect(0);
    assert_eq!(cluster.logged().await, committed);
    cluster.assert_faults_fired();
    cluster.db.faults().clear();
    let _ = cluster.client(&["resume", &id]).expect(0);
    cluster.wait_done(job).await;
    assert_eq!(cluster.logged().await, 300);
    cluster.assert_verified(job).await;
    let failed = cluster.job(job)["failed"].as_i64().unwrap();
    assert!(failed > 0);
    assert!(cluster.db.count(noted).await > 0, "kept until the job is pruned");
    // All of them fail again.
    let _ = cluster.client(&["retry", "--contract", "card.json", "--wait"]).expect(1);
}

/// A leader of a new release that may not change the control tables works on with those there are.
#[tokio::test(flavor = "multi_thread")]
async fn older_control_tables_are_left_as_they_are() {
    let db = Database::start_without_control_tables().await;
    db.store().migrate_to(Release::Previous.schema(xmlx_store::SCHEMA_VERSION)).await.unwrap();
    let setup = Setup { workers: 1, ..Setup::small(30) };
    let (cluster, _) = with_own_logins(db, setup, 1).await;
    let job = cluster.submit(&["--wait"]);
    cluster.assert_verified(job).await;
    let version = "SELECT CAST(MAX([version]) AS bigint) FROM [xmlx].[schema_version]";
    assert_eq!(cluster.db.count(version).await, 2, "the leader has left them alone");
    let refused = cluster.client(&["submit", "--contract", "card.json", "--dry-run"]).expect(2);
    assert!(refused.stderr.contains("run `xmlx-client init`"), "{refused:?}");
    let upgraded = cluster.client(&["init"]).expect(0);
    let brought_up = format!("brought up to version {}", xmlx_store::SCHEMA_VERSION);
    assert!(upgraded.stdout.starts_with(&brought_up), "{upgraded:?}");
    // What the release before did not have is granted now.
    grant(&cluster).await;
    let job = cluster.submit(&["--wait"]);
    cluster.assert_verified(job).await;
}

/// Who was forgotten says so: a coordinator stands by, and a worker fails the job before it touches anything.
#[tokio::test(flavor = "multi_thread")]
async fn logins_without_their_role_say_so() {
    let db = Database::start_without_control_tables().await;
    db.store().migrate().await.unwrap();
    let setup = Setup { workers: 1, ..Setup::small(10) };
    let (mut cluster, users) = with_own_logins(db, setup, 1).await;
    let stranger = cluster.db.add_user("stranger").await;
    cluster.add_coordinator_at(&stranger);
    cluster
        .wait_for("the stranger to say what it lacks", async |cluster| {
            let refused = cluster.client_at(1, &["pause", "1"]);
            refused.code == 2 && refused.stderr.contains("no control tables")
        })
        .await;
    cluster.coordinators.pop();
    cluster.db.run("ALTER ROLE [xmlx_worker] DROP MEMBER [w]").await;
    let job = cluster.submit(&[]);
    cluster
        .wait_for("the job to fail", async |cluster| cluster.job(job)["state"] == "failed")
        .await;
    let reason = cluster.job(job)["reason"].as_str().unwrap().to_owned();
    assert!(reason.contains("229") && reason.contains("permission was denied"), "{reason}");
    assert_eq!(cluster.logged().await, 0);
    cluster.db.run("ALTER ROLE [xmlx_worker] ADD MEMBER [w]").await;
    let job = cluster.submit(&["--wait"]);
    assert_eq!(cluster.job(job)["ok"], 10);
    let _ = cluster.client_as(&users.worker, &["check", "card.json", "--role", "worker"]).expect(0);
}

/// A login that is taken away while its programs run: they try it a few times more and end, so that nobody locks it
/// and nothing starts them again. Others finish the job.
#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_is_taken_away_ends_its_programs_alone() {
    if skips_on_server(Needs::CutConnections) {
        return;
    }
    let db = Database::start_without_control_tables().await;
    db.store().migrate().await.unwrap();
    let setup = Setup { workers: 1, group_apps: 5, ..Setup::small(200) };
    let (mut cluster, _) = with_own_logins(db, setup, 1).await;
    cluster.add_coordinator();
    cluster.add_worker();
    cluster.wait_complete().await;
    cluster.db.faults().add("commit:1+:delay=100ms".parse().unwrap());
    let job = cluster.submit(&[]);
    cluster.wait_busy().await;
    for login in ["c", "w"] {
        cluster.db.run(&format!("DROP LOGIN [{login}]")).await;
    }
    cluster.db.drop_connections();
    let (mut worker, (_, mut coordinator)) =
        (cluster.workers.remove(0), cluster.coordinators.remove(0));
    for ended in [&mut worker, &mut coordinator] {
        let refusal = ended.refusal().await;
        assert!(refusal.contains("wrong name or password"), "{refusal}");
    }
    cluster.assert_faults_fired();
    cluster.db.faults().clear();
    cluster.wait_done(job).await;
    assert_eq!(cluster.logged().await, 200);
    cluster.assert_verified(job).await;
}

//! The search for the applications of a group that the database refuses: what it finds, and that nothing of it stays.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use serde_json::json;
use xmlx_devdb::Tls;
use xmlx_domain::{
    Epoch, ErrorClass, JobId, LeaseKey, LogReason, Mode, RangeId, Scope, SessionId, Stage,
};
use xmlx_extract::{Application, Plan, Value};
use xmlx_store::{
    CommitPlan, Committed, Connection, Decided, Group, HeldLease, OpenRange, Refusals,
    SCHEMA_VERSION, Source,
};
use xmlx_tests::{Database, Needs, skips_on_server};

const SESSION: &str = "0b7c3a52-62a5-4b86-9d6e-0c3f6a3f7a11";

/// The target: a parent whose key comes from the document, a child with a foreign key, and the log.
const TARGET: [&str; 5] = [
    "CREATE TABLE [dbo].[kind] ([kind] int NOT NULL PRIMARY KEY); INSERT INTO [dbo].[kind] ([kind]) VALUES (1)",
    "CREATE TABLE [dbo].[app] ([app_id] int IDENTITY(1,1) NOT NULL CONSTRAINT [pk_app] PRIMARY KEY, [name] nvarchar(5) NULL)",
    "CREATE TABLE [dbo].[part] ([app_id] int NOT NULL REFERENCES [dbo].[app] ([app_id]), [kind] int NULL CONSTRAINT [fk_kind] REFERENCES [dbo].[kind] ([kind]))",
    "CREATE TABLE [dbo].[processing_log] ([log_id] int IDENTITY(1,1) NOT NULL PRIMARY KEY, [app_id] int NOT NULL, [status] nvarchar(20) NOT NULL, \
     [failure_reason] nvarchar(500) NULL, [processing_time] datetime2 NULL DEFAULT (GETUTCDATE()), [session_id] nvarchar(50) NULL, [app_id_start] int NULL, [app_id_end] int NULL)",
    "SET IDENTITY_INSERT [dbo].[app] ON; INSERT INTO [dbo].[app] ([app_id], [name]) VALUES (3, N'there'); SET IDENTITY_INSERT [dbo].[app] OFF",
];

struct Target {
    db: Database,
    commit: CommitPlan,
    lease: HeldLease,
    range: OpenRange,
    connection: Connection,
}

async fn target() -> Target {
    let db = Database::start(Tls::Off).await;
    for sql in TARGET {
        db.run(sql).await;
    }
    db.run("INSERT INTO [xmlx].[job] ([job_id], [submit_key], [name], [contract_hash], [contract], [mode], [scope_lo], [scope_hi], [state], [log_watermark]) \
         VALUES (1, 'k', N'n', 'h', N'{}', 'once', 1, 1001, 'running', 0)").await;
    db.run(&format!(
        "INSERT INTO [xmlx].[range] ([job_id], [range_id], [lo], [hi], [state], [epoch], [owner_session], [committed_through]) \
         VALUES (1, 1, 1, 1001, 'leased', 3, '{SESSION}', 0)"
    ))
    .await;
    let plan = contract();
    let catalog = db.store().catalog("dbo").await.unwrap();
    let commit = CommitPlan::new(&plan, &catalog, &Source::new(&plan, Mode::Once, 0)).unwrap();
    let key = LeaseKey { job: JobId(1), range: RangeId(1), epoch: Epoch(3) };
    let lease = HeldLease { key, session: SessionId(SESSION.to_owned()) };
    let mut connection = db.store().connection();
    let range = lease.open(&mut connection).await.unwrap().unwrap();
    assert_eq!((range.scope, range.schema), (Scope { lo: 1, hi: 1001 }, SCHEMA_VERSION));
    Target { db, commit, lease, range, connection }
}

fn contract() -> Plan {
    let column = |path: &str, attribute: &str, table: &str, column: &str, data_type: &str| {
        json!({"xml_path": path, "xml_attribute": attribute, "target_table": table, "target_column": column,
            "data_type": data_type, "data_length": 100})
    };
    let id = json!({"xml_path": "/App", "xml_attribute": "id", "target_table": "app", "target_column": "app_id",
        "data_type": "int", "mapping_type": ["identity_insert"], "nullable": false});
    let contract = json!({
        "xml_root_element": "App", "xml_application_path": "/App", "source_table": "src", "source_column": "body",
        "target_schema": "dbo", "table_insertion_order": ["app", "part"],
        "element_filtering": {"filter_rules": [{"element_type": "row", "xml_child_path": "/App/item"}]},
        "relationships": [{"parent_table": "app", "child_table": "part", "foreign_key_column": "app_id",
            "xml_child_path": "/App/item"}],
        "mappings": [id, column("/App", "name", "app", "name", "string"),
            column("/App/item", "kind", "part", "kind", "int")],
    });
    Plan::from_json(&contract.to_string()).unwrap_or_else(|err| panic!("{err}"))
}

/// An application with a name, and a part of a kind where one is given.
fn app(app_id: i64, name: Value, kind: Option<Value>) -> Decided {
    let parts = kind.map(|kind| Box::from([Value::Int(app_id), kind]));
    let tables = vec![vec![Box::from([Value::Int(app_id), name])], parts.into_iter().collect()];
    Decided::Rows(Application { app_id, tables, warnings: Vec::new(), defaults: Vec::new() })
}

fn name(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// An application that nothing is wrong with.
fn good(app_id: i64) -> Decided {
    app(app_id, name("Zoë🂡"), Some(Value::Int(1)))
}

impl Target {
    async fn search(&mut self, decided: &[Decided]) -> Option<Refusals> {
        let group = Group::of(self.range, decided);
        self.commit.find_refused(&mut self.connection, &self.lease, group).await.unwrap()
    }

    /// How many were tried, and the place and number of each refusal.
    async fn found(&mut self, decided: &[Decided]) -> (usize, Vec<(usize, u32)>) {
        let found = self.search(decided).await.expect("the server knows the statement");
        self.assert_untouched().await;
        let number = |(n, err): (usize, xmlx_store::Error)| (n, err.number().unwrap());
        (found.tried, found.refused.into_iter().map(number).collect())
    }

    async fn assert_untouched(&self) {
        for (sql, expected) in [
            ("SELECT COUNT_BIG(*) FROM [dbo].[app]", 1),
            ("SELECT COUNT_BIG(*) FROM [dbo].[part]", 0),
            ("SELECT COUNT_BIG(*) FROM [dbo].[processing_log]", 0),
            ("SELECT [committed_through] FROM [xmlx].[range]", 0),
        ] {
            assert_eq!(self.db.count(sql).await, expected, "{sql}");
        }
    }
}

/// Keys that exist, unknown parents and texts that are too long: one round trip finds them all.
#[tokio::test(flavor = "multi_thread")]
async fn all_that_are_refused_are_found_at_once() {
    let mut target = target().await;
    let group = [
        good(1),
        good(2),
        good(3),
        good(4),
        app(5, Value::Null, Some(Value::Int(9))),
        Decided::Failed { app_id: 6, reason: LogReason::new(Stage::Mapping, "x") },
        app(7, name("too long"), None),
        app(8, Value::Null, None),
        Decided::Elsewhere { app_id: 9 },
        good(10),
    ];
    let found = target.found(&group).await;
    assert_eq!(found, (10, vec![(2, 2627), (4, 547), (6, 2628)]));
    // The connection has answered, and is used on.
    let mut good_ones = group.to_vec();
    for i in [2, 4, 6] {
        let app_id = good_ones[i].app_id();
        good_ones[i] = Decided::Failed { app_id, reason: LogReason::new(Stage::Constraint, "x") };
    }
    let all = Group::of(target.range, &good_ones);
    let committed = target.commit.commit(&mut target.connection, &target.lease, all).await;
    assert_eq!(committed.unwrap(), Committed::Now);
    assert_eq!(target.db.count("SELECT COUNT_BIG(*) FROM [dbo].[app]").await, 6);
    assert_eq!(target.db.count("SELECT COUNT_BIG(*) FROM [dbo].[part]").await, 4);
}

/// What is refused is shown without its values.
#[tokio::test(flavor = "multi_thread")]
async fn reasons_hold_no_values() {
    let mut target = target().await;
    let found = target.search(&[good(3), app(4, name("Miller"), None)]).await.unwrap();
    let shown: Vec<String> = found.refused.iter().map(|(_, err)| err.to_string()).collect();
    assert!(shown[0].contains("pk_app") && !shown[0].contains("(3)"), "{shown:?}");
    assert!(shown[1].contains("`name`") || shown[1].contains("'name'"), "{shown:?}");
    assert!(!shown[1].contains("Miller"), "{shown:?}");
}

/// A conversion dooms the transaction: that application is found, and what follows is searched again.
#[tokio::test(flavor = "multi_thread")]
async fn a_doomed_transaction_ends_the_search() {
    let mut target = target().await;
    let odd = || app(4, Value::Null, Some(name("x")));
    let group = [good(1), good(3), odd(), good(5), good(3)];
    assert_eq!(target.found(&group).await, (3, vec![(1, 2627), (2, 245)]));
    assert_eq!(target.found(&group[3..]).await, (2, vec![(1, 2627)]));
    assert_eq!(target.found(&[odd()]).await, (1, vec![(0, 245)]));
}

/// A table that is gone is nobody's fault, and CATCH does not get it: the connection, whose transaction is still open,
/// is not used again.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_caught_leaves_nothing_open() {
    if skips_on_server(Needs::Record) {
        return;
    }
    let mut target = target().await;
    target.db.run("DROP TABLE [dbo].[part]").await;
    let before = target.db.n_logins();
    assert!(target.search(&[good(1), good(2)]).await.is_none());
    let decided = [good(1)];
    let group = Group::of(target.range, &decided);
    let refused = target.commit.commit(&mut target.connection, &target.lease, group).await;
    assert_eq!(refused.unwrap_err().number(), Some(208));
    assert_eq!(target.db.n_logins() - before, 1);
    assert_eq!(target.db.count("SELECT COUNT_BIG(*) FROM [dbo].[app]").await, 1);
    assert_eq!(target.db.count("SELECT [committed_through] FROM [xmlx].[range]").await, 0);
}

/// A lease that has moved on and applications that somebody else has decided are the commit's business.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_searched_for_who_may_not_commit() {
    let mut target = target().await;
    target
        .db
        .run("INSERT INTO [dbo].[processing_log] ([app_id], [status]) VALUES (2, N'success')")
        .await;
    assert!(target.search(&[good(1), good(2)]).await.is_none());
    assert!(target.search(&[good(1), good(3)]).await.is_some(), "only for that group");
    target.db.run("UPDATE [xmlx].[range] SET [epoch] = 4").await;
    assert!(target.search(&[good(1), good(3)]).await.is_none());
}

/// Whatever becomes of the answer, nothing stays; a server that does not know the statement is not asked again.
#[tokio::test(flavor = "multi_thread")]
async fn answers_that_are_lost_and_servers_that_cannot() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let mut target = target().await;
    let group = [good(1), good(3)];
    for (fault, class) in [
        ("drop-before", ErrorClass::Ambiguous),
        ("drop-after", ErrorClass::Ambiguous),
        ("error=1205", ErrorClass::Transient),
        ("error=9002", ErrorClass::Capacity),
    ] {
        target.db.faults().add(format!("find-refused:1:{fault}").parse().unwrap());
        let lost = Group::of(target.range, &group);
        let found = target.commit.find_refused(&mut target.connection, &target.lease, lost).await;
        assert_eq!(found.unwrap_err().class(), class, "{fault}");
        target.assert_untouched().await;
        assert_eq!(target.found(&group).await, (2, vec![(1, 2627)]), "{fault}");
    }
    target.db.faults().add("find-refused:1:error=156".parse().unwrap());
    assert!(target.search(&group).await.is_none());
    assert!(target.search(&group).await.is_none(), "it is not asked again");
    assert!(target.db.faults().pending().is_empty());
}

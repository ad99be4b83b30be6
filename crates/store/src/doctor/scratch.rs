//! The scratch schema: the control tables, two target tables and a log, made by the product's own scripts.

use xmlx_domain::{Epoch, JobId, LeaseKey, Mode, RangeId, Scope, SessionId};
use xmlx_extract::{Application, Plan};

use super::as_decided;
use crate::commit::Group;
use crate::connection::{HeldOpen, column, only};
use crate::source::count;
use crate::{
    CommitPlan, Error, HeldLease, OpenRange, SCHEMA_VERSION, Source, Store, control_schema,
    target_schema,
};

/// The name of the schema.
pub const SCRATCH: &str = "xmlx_doctor";

/// Applications with a row in each of two tables and some more below.
const CONTRACT: &str = r#"{
  "xml_root_element": "App", "xml_application_path": "/App",
  "source_table": "documents", "source_column": "body", "target_schema": "xmlx_doctor",
  "table_insertion_order": ["app", "item"],
  "element_filtering": {"filter_rules": [{"element_type": "row", "xml_child_path": "/App/item"}]},
  "relationships": [{"parent_table": "app", "child_table": "item", "foreign_key_column": "app_id", "xml_child_path": "/App/item"}],
  "mappings": [
    {"xml_path": "/App", "xml_attribute": "id", "target_table": "app", "target_column": "app_id", "data_type": "bigint", "mapping_type": ["identity_insert"], "nullable": false},
    {"xml_path": "/App", "xml_attribute": "at", "target_table": "app", "target_column": "received", "data_type": "datetime"},
    {"xml_path": "/App/item", "xml_attribute": "n", "target_table": "item", "target_column": "n", "data_type": "int"},
    {"xml_path": "/App/item", "xml_attribute": "amount", "target_table": "item", "target_column": "amount", "data_type": "decimal", "data_length": 2},
    {"xml_path": "/App/item", "xml_attribute": "text", "target_table": "item", "target_column": "text", "data_type": "string", "data_length": 100}
  ]
}"#;

/// Ranges that trials commit to, and those that are measured with: one for each slot.
pub(super) const RANGES: i64 = 40;
const SESSION: &str = "doctor";
/// One past the last id of every range.
const HI: i64 = 1_000_000_000;

const JOB: &str = "INSERT INTO [xmlx_doctor].[job] ([job_id], [submit_key], [name], [contract_hash], [contract], [mode], [scope_lo], [scope_hi], [state], [log_watermark]) VALUES (1, 'doctor', N'doctor', '-', N'', 'once', 1, 1000000000, 'running', 0)";
const RANGE: &str = "INSERT INTO [xmlx_doctor].[range] ([job_id], [range_id], [lo], [hi], [state], [epoch], [owner_session], [committed_through]) VALUES (1, @P1, 1, 1000000000, 'leased', 1, 'doctor', 0)";
const LOGGED: &str = "SELECT COUNT_BIG(*) AS [n] FROM [xmlx_doctor].[processing_log]";
const FORGET: &str = "DELETE FROM [xmlx_doctor].[processing_log] WHERE [app_id] = @P1";
const HOLD: &str = "BEGIN TRAN; UPDATE [xmlx_doctor].[range] SET [deaths] = [deaths] + 1 WHERE [job_id] = 1 AND [range_id] = 4";
const WAIT: &str = "SET LOCK_TIMEOUT 300; UPDATE [xmlx_doctor].[range] SET [deaths] = [deaths] + 1 WHERE [job_id] = 1 AND [range_id] = @P1";
const READ: &str = "SET LOCK_TIMEOUT 300; SELECT [deaths] FROM [xmlx_doctor].[range] WHERE [job_id] = 1 AND [range_id] = @P1";
const PRESENT: &str = "SELECT CAST(COALESCE(SCHEMA_ID(N'xmlx_doctor'), 0) AS bigint) AS [n]";

/// The statements that are sent beside those of the product, for checks from outside.
#[must_use]
pub fn scratch_statements() -> Vec<(&'static str, String)> {
    let with_id = |sql: &str| format!("-- params: @P1 bigint\n{sql};\n");
    let plain = |sql: &str| format!("{sql};\n");
    vec![
        ("doctor_job", plain(JOB)),
        ("doctor_range", with_id(RANGE)),
        ("doctor_logged", plain(LOGGED)),
        ("doctor_forget", with_id(FORGET)),
        ("doctor_hold", plain(HOLD)),
        ("doctor_wait", with_id(WAIT)),
        ("doctor_read", with_id(READ)),
        ("doctor_present", plain(PRESENT)),
    ]
}

/// The scripts that make the schema and drop it, for checks from outside.
#[must_use]
pub fn scratch_scripts() -> [String; 2] {
    let made = format!("{}\nGO\n{}", moved(&control_schema()), target_schema(&plan()));
    [made, drop_script()]
}

/// A schema that is there until [`Store::drop_scratch`].
pub(super) struct Scratch {
    pub(super) store: Store,
    plan: Plan,
    commits: CommitPlan,
}

/// The control tables in the scratch schema.
fn moved(script: &str) -> String {
    script.replace("[xmlx]", "[xmlx_doctor]").replace("N'xmlx'", "N'xmlx_doctor'")
}

/// Drops the tables that the scripts make, children first, and the schema.
fn drop_script() -> String {
    let plan = plan();
    let script = format!("{}\n{}", moved(&control_schema()), target_schema(&plan));
    let made = script.split("CREATE TABLE [xmlx_doctor].[").skip(1);
    let mut tables: Vec<&str> = made.filter_map(|rest| rest.split(']').next()).collect();
    tables.reverse();
    let drops =
        tables.iter().map(|table| format!("DROP TABLE IF EXISTS [xmlx_doctor].[{table}];\n"));
    drops.collect::<String>()
        + "IF SCHEMA_ID(N'xmlx_doctor') IS NOT NULL DROP SCHEMA [xmlx_doctor];\n"
}

fn plan() -> Plan {
    Plan::from_json(CONTRACT).expect("the contract is ours")
}

impl Store {
    /// Drops the scratch schema; says whether there was one.
    ///
    /// # Errors
    /// See [`Error`]: where somebody else's tables are in it, it stays.
    pub async fn drop_scratch(&self) -> Result<bool, Error> {
        let is_there = count(&self.run(PRESENT, &[]).await?, "doctor_present")? != 0;
        if is_there {
            self.run_script(&drop_script()).await?;
        }
        Ok(is_there)
    }
}

impl Scratch {
    /// Makes the schema; what an earlier run has left is dropped before.
    pub(super) async fn make(store: &Store) -> Result<Self, Error> {
        store.drop_scratch().await?;
        let plan = plan();
        store.run_script(&moved(&control_schema())).await?;
        store.run_script(&target_schema(&plan)).await?;
        store.run(JOB, &[]).await?;
        for range in 1..=RANGES {
            store.run(RANGE, &[&range]).await?;
        }
        let catalog = store.catalog(SCRATCH).await?;
        let commits = CommitPlan::new(&plan, &catalog, &Source::new(&plan, Mode::Once, 0))?;
        Ok(Self { store: store.clone(), plan, commits: commits.moved_to(SCRATCH) })
    }

    /// An application with two items.
    pub(super) fn application(&self, app_id: i64) -> Application {
        let items: String = (1..=2)
            .map(|n| format!("<item n='{n}' amount='{n}.25' text='a text as long as a name'/>"))
            .collect();
        let xml = format!("<App id='{app_id}' at='2024-01-31T10:11:12'>{items}</App>");
        self.plan.map(&xml, Some(app_id)).expect("the document is ours")
    }

    /// Commits applications to a range whose cursor is `cursor`, under an epoch.
    pub(super) async fn commit(
        &self,
        range: i64,
        cursor: i64,
        epoch: i64,
        applications: &[Application],
    ) -> Result<(), Error> {
        let decided: Vec<_> = applications.iter().map(as_decided).collect();
        let group = Group::of(open(cursor), &decided);
        self.commits.send(&mut self.store.connection(), &lease(range, epoch), group).await
    }

    /// How many applications a search has tried, and which of them it has found.
    pub(super) async fn search(
        &self,
        range: i64,
        cursor: i64,
        epoch: i64,
        applications: &[Application],
    ) -> Result<Option<(usize, Vec<usize>)>, Error> {
        let decided: Vec<_> = applications.iter().map(as_decided).collect();
        let group = Group::of(open(cursor), &decided);
        let mut connection = self.store.connection();
        let found = self.commits.find_refused(&mut connection, &lease(range, epoch), group).await?;
        Ok(found.map(|found| {
            (found.tried, found.refused.into_iter().map(|(place, _)| place).collect())
        }))
    }

    /// Rows of the log.
    pub(super) async fn rows(&self) -> Result<i64, Error> {
        count(&self.store.run(LOGGED, &[]).await?, "doctor_logged")
    }

    /// Takes an application out of the log.
    pub(super) async fn forget(&self, app_id: i64) -> Result<(), Error> {
        self.store.run(FORGET, &[&app_id]).await.map(drop)
    }

    /// Holds the row of range 4 as a commit does, until dropped.
    pub(super) async fn hold_range(&self) -> Result<HeldOpen, Error> {
        self.store.hold(HOLD).await
    }

    pub(super) async fn write_impatiently(&self, range: i64) -> Result<(), Error> {
        self.store.run(WAIT, &[&range]).await.map(drop)
    }

    pub(super) async fn read_impatiently(&self, range: i64) -> Result<i32, Error> {
        let rows = self.store.run(READ, &[&range]).await?;
        column(only(&rows, "doctor_read")?, "deaths", "doctor_read")
    }
}

fn open(cursor: i64) -> OpenRange {
    let scope = Scope { lo: 1, hi: HI };
    OpenRange { scope, committed_through: cursor, deaths: 0, schema: SCHEMA_VERSION }
}

fn lease(range: i64, epoch: i64) -> HeldLease {
    let key = LeaseKey { job: JobId(1), range: RangeId(range), epoch: Epoch(epoch) };
    HeldLease { key, session: SessionId(SESSION.to_owned()) }
}

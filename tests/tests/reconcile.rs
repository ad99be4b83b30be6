//! Rows that somebody changed behind the product's back are found, all of them, and none is invented.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use std::collections::{BTreeMap, BTreeSet};

use xmlx_devdb::Tls;
use xmlx_domain::{JobId, Mode, RangeEvent, Scope};
use xmlx_extract::{Application, DataType, Plan, Row, Value};
use xmlx_samples::{Line, Options, Synth};
use xmlx_store::{
    CommitPlan, Committed, Comparison, Decided, Difference, Group, OpenRange, SCHEMA_VERSION,
    Source,
};
use xmlx_tests::{
    Cluster, Database, Setup, first_lease, first_range_change, lead, new_job, session,
};

const JOB: JobId = JobId(1);
const FIRST_ID: i64 = 1001;
/// Applications in a commit and in a comparison.
const GROUP: usize = 50;
/// Columns of one length, to which blanks at the end mean nothing.
const FIXED: [&str; 5] = ["middle_initial", "state", "risk_grade", "tier", "grade"];

/// A generator whose numbers are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        // A step of splitmix64.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ mixed >> 31) % u64::try_from(n).unwrap()).unwrap()
    }
}

struct Loaded {
    db: Database,
    plan: Plan,
    comparison: Comparison,
    applications: Vec<Application>,
}

/// A database with applications of both product lines, written by the commit itself.
async fn loaded(n: u64) -> Loaded {
    let db = Database::start(Tls::Off).await;
    let store = db.store();
    let contracts = [Line::Card, Line::Loan].map(xmlx_samples::contract).join(",");
    let mut plan = Plan::from_json(&format!("{{\"contracts\": [{contracts}]}}")).unwrap();
    let catalog = store.catalog(plan.target_schema()).await.unwrap();
    // As a worker does it.
    catalog.describe(&mut plan);
    catalog.narrow(&mut plan);
    let options = Options { seed: 11, first_id: FIRST_ID, broken_permille: 0, padding_bytes: 0 };
    let synth = Synth::new(options);
    let samples = (0..n).map(|number| synth.application(number));
    let decided: Vec<Decided> = samples
        .filter_map(|sample| plan.map(&sample.xml, Some(sample.app_id)).ok())
        .map(Decided::Rows)
        .collect();
    let scope = Scope { lo: FIRST_ID, hi: FIRST_ID + i64::try_from(n).unwrap() };
    let leader = lead(store).await;
    store.insert_job(&leader, &new_job(JOB, Mode::Once, scope)).await.unwrap();
    store.open_session(&leader, &session("s")).await.unwrap();
    let grant =
        first_range_change(JOB, scope, RangeEvent::Granted, ((None, 0), (Some("s"), 1)), scope.hi);
    store.change_range(&leader, &grant).await.unwrap();
    let source = Source::new(&plan, Mode::Once, 0);
    let commits = CommitPlan::new(&plan, &catalog, &source).unwrap();
    let (mut connection, lease) = (store.connection(), first_lease(JOB, 1, "s"));
    let mut committed_through = scope.lo - 1;
    for group in decided.chunks(GROUP) {
        let range = OpenRange { scope, committed_through, deaths: 0, schema: SCHEMA_VERSION };
        let outcome = commits.commit(&mut connection, &lease, Group::of(range, group)).await;
        assert_eq!(outcome.unwrap(), Committed::Now);
        committed_through = group.last().unwrap().app_id();
    }
    let applications = decided.into_iter().filter_map(|decided| match decided {
        Decided::Rows(application) => Some(application),
        Decided::Failed { .. } | Decided::Elsewhere { .. } => None,
    });
    let applications = applications.collect();
    let comparison = Comparison::new(&plan, &catalog).unwrap();
    Loaded { db, plan, comparison, applications }
}

impl Loaded {
    async fn differences(&self) -> Vec<Difference> {
        let mut connection = self.db.store().connection();
        let mut found = Vec::new();
        for group in self.applications.chunks(GROUP) {
            let group: Vec<&Application> = group.iter().collect();
            let compared = self.comparison.compare(&mut connection, &group).await.unwrap();
            let n_rows: usize =
                group.iter().flat_map(|application| &application.tables).map(Vec::len).sum();
            assert_eq!(compared.rows, u64::try_from(n_rows).unwrap());
            found.extend(compared.differences);
        }
        found
    }

    fn schema(&self) -> &str {
        self.plan.target_schema()
    }
}

/// Where a row is, by the columns that tell it apart.
fn place_of(plan: &Plan, key: &[usize], table: usize, row: &Row) -> Option<String> {
    let columns = &plan.tables()[table].columns;
    let mut conditions = Vec::new();
    for column in key {
        let literal = match &row[*column] {
            Value::Int(number) => number.to_string(),
            Value::Text(text) => format!("N'{}'", text.replace('\'', "''")),
            Value::Null
            | Value::Bit(_)
            | Value::Decimal(_)
            | Value::Float(_)
            | Value::Date(_)
            | Value::DateTime(_)
            | Value::DateTimeOffset(_) => return None,
        };
        conditions.push(format!("[{}] = {literal}", columns[*column].name));
    }
    (!conditions.is_empty()).then(|| conditions.join(" AND "))
}

/// What a change is called in the table of the test, and the expression that makes it.
fn changed_cell(
    random: &mut Random,
    column: &str,
    data_type: DataType,
    value: &Value,
) -> Option<(&'static str, String)> {
    let own = format!("[{column}]");
    Some(match value {
        Value::Int(_) => ("cell", format!("{own} + 1")),
        Value::Bit(_) => ("cell", format!("CASE WHEN {own} = 1 THEN 0 ELSE 1 END")),
        Value::Decimal(_) => ("rounding", format!("{own} + 0.01")),
        Value::Float(_) => ("rounding", format!("{own} + 0.5")),
        Value::Date(_) => ("cell", format!("DATEADD(day, 1, {own})")),
        Value::DateTime(_) if data_type == DataType::DateTime => {
            ("rounding", format!("DATEADD(day, 1, {own})"))
        }
        Value::DateTime(_) | Value::DateTimeOffset(_) => {
            ("cell", format!("DATEADD(day, 1, {own})"))
        }
        Value::Text(text) if text.is_empty() => ("NULL for empty", "NULL".to_owned()),
        Value::Text(text) => match random.below(4) {
            0 if !FIXED.contains(&column) => ("trailing blank", format!("{own} + ' '")),
            1 => {
                let other = text.to_lowercase();
                let other = if other == *text { text.to_uppercase() } else { other };
                if other == *text {
                    return None;
                }
                ("case", format!("N'{}'", other.replace('\'', "''")))
            }
            2 => ("NULL", "NULL".to_owned()),
            _ => ("cell", "N'~'".to_owned()),
        },
        Value::Null if matches!(data_type, DataType::Text { .. }) => {
            ("empty for NULL", "N''".to_owned())
        }
        Value::Null => return None,
    })
}

/// What was changed: the kind for the table, and the difference that it has to be found as.
type Planted = (&'static str, Difference);

impl Loaded {
    /// Changes one thing of an application; `None` where the database does not take it.
    #[expect(clippy::too_many_lines, reason = "a list of the kinds of changes")]
    async fn plant(&self, random: &mut Random, application: &Application) -> Option<Planted> {
        let outlines = self.plan.outlines();
        let filled: Vec<usize> = (0..application.tables.len())
            .filter(|at| !application.tables[*at].is_empty())
            .collect();
        // Rows of contacts are few, and the only ones that may hang off another row of their application.
        let is_nested = |at: &&usize| {
            let parent = self.plan.tables()[**at].parent.as_ref();
            parent.is_some_and(|parent| parent.table == "person")
        };
        let nested: Vec<usize> = filled.iter().filter(is_nested).copied().collect();
        let moves = !nested.is_empty() && random.below(3) == 0;
        let from = if moves { &nested } else { &filled };
        let at = from[random.below(from.len())];
        let (table, rows) = (&self.plan.tables()[at], &application.tables[at]);
        let row = &rows[random.below(rows.len())];
        let key = &outlines[at].key;
        let place = place_of(&self.plan, key, at, row)?;
        let name = format!("[{}].[{}]", self.schema(), table.name);
        let difference = |column: Option<usize>, kind: &str| Difference {
            app_id: application.app_id,
            table: table.name.clone(),
            column: column.map(|column| table.columns[column].name.clone()),
            kind: [
                xmlx_store::DifferenceKind::Cell,
                xmlx_store::DifferenceKind::Parent,
                xmlx_store::DifferenceKind::RowMissing,
                xmlx_store::DifferenceKind::RowExtra,
            ]
            .into_iter()
            .find(|known| known.as_str() == kind)
            .unwrap(),
        };
        let is_parent = |name: &str| {
            let tables = self.plan.tables();
            tables
                .iter()
                .filter_map(|table| table.parent.as_ref())
                .any(|parent| parent.table == name)
        };
        let (what, sql, difference) = match if moves { 2 } else { random.below(8) } {
            0 if !is_parent(&table.name) => {
                let sql = format!("DELETE FROM {name} WHERE {place}");
                ("row less", sql, difference(None, "row_missing"))
            }
            1 if key.len() > 1 => {
                // The same row again, under another key.
                let last = *key.last().unwrap();
                let columns: Vec<String> =
                    table.columns.iter().map(|column| format!("[{}]", column.name)).collect();
                let values: Vec<String> = columns
                    .iter()
                    .enumerate()
                    .map(|(column, name)| match (&row[column], column == last) {
                        (Value::Text(_), true) => "N'~'".to_owned(),
                        (_, true) => format!("{name} + 1"),
                        (_, false) => name.clone(),
                    })
                    .collect();
                let sql = format!(
                    "INSERT INTO {name} ({}) SELECT {} FROM {name} WHERE {place}",
                    columns.join(", "),
                    values.join(", ")
                );
                ("row more", sql, difference(None, "row_extra"))
            }
            2 => {
                // A row of one contact becomes one of the other.
                let parent = table.parent.as_ref()?;
                let column = table
                    .columns
                    .iter()
                    .position(|column| parent.columns.contains(&column.name))?;
                let above = self.plan.tables().iter().enumerate().find(|(above, table)| {
                    table.name == parent.table && !application.tables[*above].is_empty()
                })?;
                let place_above = above
                    .1
                    .columns
                    .iter()
                    .position(|other| other.name == table.columns[column].name)?;
                let other = application.tables[above.0]
                    .iter()
                    .map(|other| &other[place_above])
                    .find(|other| **other != row[column])?;
                let Value::Int(other) = other else { return None };
                let own = &table.columns[column].name;
                let sql = format!("UPDATE {name} SET [{own}] = {other} WHERE {place}");
                ("parent", sql, difference(Some(column), "parent"))
            }
            _ => {
                let column = random.below(table.columns.len());
                let rule = &table.columns[column];
                if key.contains(&column)
                    || table
                        .parent
                        .as_ref()
                        .is_some_and(|parent| parent.columns.contains(&rule.name))
                {
                    return None;
                }
                let (what, value) = changed_cell(random, &rule.name, rule.data_type, &row[column])?;
                let sql = format!("UPDATE {name} SET [{}] = {value} WHERE {place}", rule.name);
                (what, sql, difference(Some(column), "cell"))
            }
        };
        self.db.store().run_script(&sql).await.ok()?;
        if let ("trailing blank", Some(column)) = (what, &difference.column) {
            // Where there is no room for it, the database leaves it out and says nothing.
            let place_of = table.columns.iter().position(|known| known.name == *column)?;
            let Value::Text(text) = &row[place_of] else { return None };
            let n = text.chars().count() + 1;
            let longer = format!("DATALENGTH([{column}]) IN ({n}, {})", n * 2);
            let count = format!("SELECT COUNT_BIG(*) FROM {name} WHERE {place} AND {longer}");
            if n < 3 || self.db.count(&count).await == 0 {
                return None;
            }
        }
        Some((what, difference))
    }
}

/// A thousand changes of every kind in loaded tables, one of an application each.
#[tokio::test(flavor = "multi_thread")]
async fn planted_changes_are_found_and_none_invented() {
    const PLANTED: usize = 1_000;
    let loaded = loaded(1_150).await;
    assert_eq!(loaded.differences().await, [], "a clean load");
    let mut random = Random(13);
    let mut planted: Vec<Planted> = Vec::new();
    for application in &loaded.applications {
        if planted.len() == PLANTED {
            break;
        }
        for _ in 0..60 {
            if let Some(change) = loaded.plant(&mut random, application).await {
                planted.push(change);
                break;
            }
        }
    }
    assert_eq!(planted.len(), PLANTED);
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for (kind, _) in &planted {
        *kinds.entry(kind).or_default() += 1;
    }
    println!("{kinds:?}");
    let found: BTreeSet<Difference> = loaded.differences().await.into_iter().collect();
    let expected: BTreeSet<Difference> =
        planted.into_iter().map(|(_, difference)| difference).collect();
    let missed: Vec<_> = expected.difference(&found).take(5).collect();
    let invented: Vec<_> = found.difference(&expected).take(5).collect();
    assert!(missed.is_empty() && invented.is_empty(), "missed {missed:#?}; invented {invented:#?}");
    let wanted = [
        "NULL",
        "case",
        "cell",
        "empty for NULL",
        "parent",
        "rounding",
        "row less",
        "row more",
        "trailing blank",
    ];
    assert!(wanted.iter().all(|kind| kinds.get(kind).is_some_and(|n| *n >= 10)), "{kinds:?}");
}

/// What is not compared is named, with the reason.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_compared_is_named() {
    let loaded = loaded(1).await;
    let named: BTreeMap<&str, &str> = loaded
        .comparison
        .not_compared()
        .iter()
        .map(|entry| (entry.place.as_str(), entry.reason.as_str()))
        .collect();
    assert_eq!(named["person.ssn_last_4"], "computed by the database");
    let filled = "where the document has no value: the default of the database is no constant";
    assert_eq!(named["submission.received_date"], filled);
    assert!(!named.contains_key("person.esign_flag"), "its default is a constant: {named:?}");
}

/// The job of a cluster: nothing differs after a load, and what is changed behind its back is found, with a report.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_compares_the_rows_of_another() {
    let cluster = Cluster::start(Setup::small(120)).await;
    let job = cluster.submit(&["--wait"]);
    cluster.assert_verified(job).await;
    let ok = u64::try_from(cluster.job(job)["ok"].as_i64().unwrap()).unwrap();
    let id = job.to_string();
    let args = ["reconcile", &id, "-o", "json", "--report", "clean.html"];
    let clean = cluster.client(&args).expect(0).json();
    assert_eq!((&clean["applications"], &clean["rejected"]), (&ok.into(), &0.into()), "{clean}");
    assert_eq!(clean["differences"], serde_json::json!([]));
    assert!(clean["rows"].as_u64().unwrap() > ok && clean["cells"].as_u64().unwrap() > 10 * ok);
    let page = std::fs::read_to_string(cluster.folder().join("clean.html")).unwrap();
    assert!(page.contains(clean["sha256"].as_str().unwrap()) && page.contains("ssn_last_4"));
    let taken = cluster.client(&args).expect(2);
    assert!(taken.stderr.contains("cannot create"), "a report is never overwritten: {taken:?}");

    let log = cluster.db.count("SELECT COUNT_BIG(*) FROM [sample].[processing_log]").await;
    cluster.db.run("UPDATE [sample].[person] SET [last_name] = [last_name] + ' '").await;
    cluster.db.run("DELETE FROM [sample].[indicator]").await;
    let found = cluster.client(&["reconcile", &id, "-o", "json"]).expect(1).json();
    let counts = found["differences"].as_array().unwrap();
    let count = |table: &str, kind: &str| {
        let found = counts.iter().find(|it| it["table"] == table && it["kind"] == kind);
        found.map_or(0, |it| it["differences"].as_u64().unwrap())
    };
    assert!(count("person", "cell") >= ok && count("indicator", "row_missing") > 0, "{found}");
    assert_eq!(counts.len(), 2, "{found}");
    let findings = found["findings"].as_array().unwrap();
    let n_found = u64::try_from(findings.len()).unwrap();
    assert_eq!(n_found, count("person", "cell") + count("indicator", "row_missing"));
    assert!(findings.iter().all(|it| it["app_id"].is_i64() && it["reason"].is_null()));
    // Nothing was written, and the report of a reconciliation can be had again.
    let now = cluster.db.count("SELECT COUNT_BIG(*) FROM [sample].[processing_log]").await;
    assert_eq!(now, log);
    let again = found["reconciliation"].to_string();
    let again = cluster.client(&["reconcile", &again, "-o", "json"]).expect(1).json();
    assert_eq!(again["differences"], found["differences"]);
    let few = cluster.client(&["reconcile", &id, "--limit", "5", "-o", "json"]).expect(1).json();
    assert_eq!(few["applications"], 5, "{few}");
}

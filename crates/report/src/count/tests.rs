//! What documents count for.

use xmlx_extract::Plan;

use super::*;

const CONTRACT: &str = r#"
format = 2
[source]
table = "t"
document = "d"
[codes.kind]
map = { C = "credit" }
unknown = "null"
[[table]]
name = "purchase"
rows = "/o"
[table.columns]
no = "@no"
day = { from = "@day", type = "date" }
currency = { from = "@ccy", default = "EUR" }
note = "@note"
[[table]]
name = "line"
key = ["line_no"]
rows = "/o/l"
[table.columns]
line_no = { position = true }
kind = { from = "@kind", codes = "kind" }
[[table]]
name = "part"
parent = "line"
key = ["part_no"]
rows = "/o/l/p"
[table.columns]
part_no = { position = true }
"#;

const FIRST: &str =
    "<o no='a' day='2026-01-01'><l kind='C'><p/><p/></l><l kind='X'/><l><p/></l></o>";
const SECOND: &str = "<o no='a' day='soon' ccy='USD'/>";

fn plan() -> Plan {
    Plan::from_json(CONTRACT).expect("the contract is right")
}

fn counted(counter: &Counter, plan: &Plan, documents: &[&str]) -> Gathered {
    let applications: Vec<Application> =
        documents.iter().map(|xml| plan.map(xml, Some(1)).expect("it has rows")).collect();
    counter.count(applications.iter().map(Outcome::Rows).chain([Outcome::Failed]))
}

#[test]
fn every_cell_counts_once() {
    let plan = plan();
    let counter = Counter::new(&plan, |table, column| (table, column) == ("purchase", "note"));
    let mut lease = counted(&counter, &plan, &[FIRST]);
    lease.merge(&counted(&counter, &plan, &[SECOND]));
    let report = counter.report(&lease);
    assert_eq!((report.ok, report.failed), (2, 2));
    let rows: Vec<_> =
        report.tables.iter().map(|table| (table.name.as_str(), table.rows)).collect();
    assert_eq!(rows, [("purchase", 2), ("line", 3), ("part", 3)]);
    let shown = |table: &str, column: &str| {
        let column =
            report.table(table).and_then(|table| table.column(column)).expect("it is there");
        let ColumnReport { values, nulls, defaults, unreadable, unknown, .. } = column.clone();
        (values, nulls, defaults, unreadable, unknown, column.one.is_some())
    };
    assert_eq!(shown("purchase", "no"), (2, 0, 0, 0, 0, true));
    assert_eq!(shown("purchase", "app_id"), (2, 0, 0, 0, 0, true));
    assert_eq!(shown("purchase", "day"), (1, 1, 0, 1, 0, true));
    assert_eq!(shown("purchase", "currency"), (2, 0, 1, 0, 0, false));
    assert_eq!(shown("purchase", "note"), (2, 0, 2, 0, 0, true), "the database's default");
    assert_eq!(shown("line", "line_no"), (3, 0, 0, 0, 0, false));
    assert_eq!(shown("line", "kind"), (1, 2, 0, 0, 1, true));
    let per_parent = |table: &str| report.table(table).and_then(|table| table.per_parent.clone());
    assert_eq!(per_parent("purchase"), None);
    let lines = per_parent("line").expect("it has a parent");
    assert_eq!((lines.parents, lines.min, lines.max), (2, 0, 3));
    let parts = per_parent("part").expect("it has a parent");
    assert_eq!((parts.parents, parts.min, parts.max), (3, 0, 2));
    assert_eq!(parts.parents_by_rows, [1, 1, 1]);
}

/// Leases can be compared, values not be read.
#[test]
fn one_value_is_known_again_by_its_hash() {
    let plan = plan();
    let counter = Counter::new(&plan, |_, _| false);
    let one = |xml: &str| {
        let report = counter.report(&counted(&counter, &plan, &[xml]));
        let json = report.to_json();
        assert!(!json.contains("USD") && !json.contains("EUR"), "{json}");
        report.table("purchase").and_then(|table| table.column("currency")?.one.clone())
    };
    assert_eq!(one(SECOND), one("<o no='b' ccy='USD'/>"));
    assert_ne!(one(SECOND), one("<o no='b' ccy='GBP'/>"));
    assert_eq!(one(FIRST), one("<o no='b' ccy='EUR'/>"), "a default is a value");
}

#[test]
fn a_lease_counts_as_its_groups_do() {
    let plan = plan();
    let counter = Counter::new(&plan, |_, _| false);
    let mut lease = Gathered::default();
    for document in [FIRST, SECOND, FIRST] {
        lease.merge(&counted(&counter, &plan, &[document]));
    }
    let mut sum = Report::new();
    for document in [FIRST, SECOND, FIRST] {
        sum.merge(&counter.report(&counted(&counter, &plan, &[document])));
    }
    assert_eq!(counter.report(&lease).to_json(), sum.to_json());
}

//! Finds what differs between our rows and those of the reference.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value as Json;
use xmlx_extract::{Application, Plan, Value};

use crate::golden::Case;

/// A cell, a row or a whole document that differs.
#[derive(Debug)]
pub(crate) struct Difference {
    /// Empty for a whole document.
    pub(crate) table: String,
    /// `*` for a whole row, empty for a whole document.
    pub(crate) column: String,
    pub(crate) reference: String,
    pub(crate) ours: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}.{}: reference {}, ours {}",
            self.table, self.column, self.reference, self.ours
        )
    }
}

/// What stands for a missing value or row.
pub(crate) const NOTHING: &str = "nothing";

/// Columns that tell the rows of a table apart, and whether the last row of a key wins rather than the first.
fn keys(table: &str) -> (&'static [&'static str], bool) {
    match table {
        "app_contact_base" => (&["con_id"], false),
        "app_contact_address" => (&["con_id", "address_type_enum"], false),
        "app_contact_employment" => (&["con_id", "employment_type_enum"], false),
        "app_historical_lookup" => (&["name", "source"], true),
        "app_report_results_lookup" => (&["name"], true),
        "scores" => (&["score_identifier"], true),
        "indicators" => (&["indicator"], true),
        "app_collateral_rl" => (&["sort_order"], false),
        "app_warranties_rl" => (&["warranty_type_enum"], false),
        "app_policy_exceptions_rl" => (&["policy_exception_type_enum"], false),
        _ => (&[], false),
    }
}

type Cells = BTreeMap<String, String>;
type Tables = BTreeMap<(String, Vec<String>), Cells>;

/// Lists the differences of one document.
pub(crate) fn find(plan: &Plan, case: &Case) -> Vec<Difference> {
    let reference_ok = case.expected["stage"] == "ok";
    match plan.map_bytes(&case.xml, None) {
        Ok(application) if reference_ok => {
            compare(&reference_tables(&case.expected), &our_tables(plan, &application))
        }
        Ok(_) => vec![Difference {
            table: String::new(),
            column: String::new(),
            reference: case.expected["stage"].to_string(),
            ours: "ok".to_owned(),
        }],
        Err(rejection)
            if !reference_ok && case.expected["stage"] == rejection.stage.to_string() =>
        {
            Vec::new()
        }
        Err(rejection) => vec![Difference {
            table: String::new(),
            column: String::new(),
            reference: case.expected["stage"].to_string(),
            ours: rejection.to_string(),
        }],
    }
}

fn compare(reference: &Tables, ours: &Tables) -> Vec<Difference> {
    let mut found = Vec::new();
    let keys: BTreeSet<_> = reference.keys().chain(ours.keys()).collect();
    for key in keys {
        let table = &key.0;
        let mut add = |column: &str, reference: String, ours: String| {
            found.push(Difference {
                table: table.clone(),
                column: column.to_owned(),
                reference,
                ours,
            });
        };
        match (reference.get(key), ours.get(key)) {
            (Some(reference), Some(ours)) => {
                let columns: BTreeSet<_> = reference.keys().chain(ours.keys()).collect();
                for column in columns {
                    let nothing = NOTHING.to_owned();
                    let left = reference.get(column).unwrap_or(&nothing);
                    let right = ours.get(column).unwrap_or(&nothing);
                    if !same(left, right) {
                        add(column, left.clone(), right.clone());
                    }
                }
            }
            (Some(reference), None) => add("*", format!("{reference:?}"), NOTHING.to_owned()),
            (None, Some(ours)) => add("*", NOTHING.to_owned(), format!("{ours:?}")),
            (None, None) => {}
        }
    }
    found
}

/// Numbers are the same when their values are; the reference has decimals as floats. What it left as text although the
/// column has a type, defaults and warranties, is compared as that type.
fn same(reference: &str, ours: &str) -> bool {
    let number = |text: &str| text.parse::<f64>().ok();
    if let Some(ours) = ours.strip_prefix("number ").and_then(number) {
        let reference = number(reference.strip_prefix("number ").unwrap_or(reference));
        return reference
            .is_some_and(|reference| (reference - ours).abs() <= 1e-9 * ours.abs().max(1.0));
    }
    if let Some(ours) = ours.strip_prefix("date ") {
        let reference = reference.strip_prefix("date ").unwrap_or(reference);
        return reference == ours || format!("{reference}T00:00:00") == ours;
    }
    reference == ours
}

fn reference_tables(expected: &Json) -> Tables {
    let mut tables = Tables::new();
    for (table, rows) in expected["tables"].as_object().expect("tables") {
        for row in rows.as_array().expect("rows") {
            let mut cells = Cells::new();
            for (column, value) in row.as_object().expect("a row") {
                cells.extend(show_json(value).map(|value| (column.clone(), value)));
            }
            add_row(&mut tables, table, cells);
        }
    }
    tables
}

fn our_tables(plan: &Plan, application: &Application) -> Tables {
    let mut tables = Tables::new();
    for (table, rows) in plan.tables().iter().zip(&application.tables) {
        for row in rows {
            assert_eq!(row.len(), table.columns.len());
            let mut cells = Cells::new();
            for (column, value) in table.columns.iter().zip(row) {
                cells.extend(show(value).map(|value| (column.name.clone(), value)));
            }
            let n_before = tables.len();
            let repeated = keys(&table.name).0.is_empty() && rows.len() > 1;
            add_row(&mut tables, &table.name, cells);
            assert!(
                tables.len() > n_before && !repeated,
                "rows of `{}` with the same key",
                table.name
            );
        }
    }
    tables
}

fn add_row(tables: &mut Tables, table: &str, cells: Cells) {
    let (columns, last_wins) = keys(table);
    let key =
        columns.iter().map(|column| cells.get(*column).cloned().unwrap_or_default()).collect();
    let key = (table.to_owned(), key);
    if last_wins || !tables.contains_key(&key) {
        tables.insert(key, cells);
    }
}

fn show_json(value: &Json) -> Option<String> {
    match value {
        Json::Null => None,
        Json::Bool(flag) => Some(format!("number {}", u8::from(*flag))),
        Json::Number(number) => Some(format!("number {number}")),
        Json::String(text) if text.is_empty() => None,
        Json::String(text) => Some(text.clone()),
        Json::Object(typed) => match (typed.get("t"), typed.get("d")) {
            (Some(Json::String(date)), _) => Some(format!("date {date}")),
            (_, Some(Json::String(decimal))) => Some(format!("number {decimal}")),
            _ => panic!("an unknown value {value}"),
        },
        Json::Array(_) => panic!("an unknown value {value}"),
    }
}

fn show(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Bit(bit) => Some(format!("number {}", u8::from(*bit))),
        Value::Int(int) => Some(format!("number {int}")),
        Value::Decimal(decimal) => Some(format!("number {decimal}")),
        Value::Float(float) => Some(format!("number {float}")),
        Value::Text(text) => {
            assert!(!text.is_empty(), "an empty text is NULL");
            Some(text.clone())
        }
        Value::Date(date) => Some(format!("date {date}T00:00:00")),
        Value::DateTime(date) => {
            // As Python writes it: six digits or none.
            let micros = date.format("%.6f").to_string();
            let micros = if micros == ".000000" { "" } else { &micros };
            Some(format!("date {}{micros}", date.format("%Y-%m-%dT%H:%M:%S")))
        }
        Value::DateTimeOffset(_) => panic!("the reference knows no offsets"),
    }
}

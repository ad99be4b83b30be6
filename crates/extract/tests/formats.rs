//! The contracts of five public formats give the rows that their mappings say, cell by cell.

#![expect(clippy::print_stdout, reason = "figures for whoever runs it")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value as Json};
use xmlx_extract::{Application, Decimal, Plan, Value};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name)
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|err| panic!("{}: {err}", path.display()))
}

fn plan(name: &str) -> Plan {
    let folder = folder(name);
    let mut plan = Plan::from_json(&read(&folder.join("contract.toml")))
        .unwrap_or_else(|err| panic!("{name}: {err}"));
    plan.take_types_of_script(&read(&folder.join("tables.sql")))
        .unwrap_or_else(|problems| panic!("{name}: {}", problems.join("\n")));
    plan
}

/// A cell as the expected rows write it.
fn shown(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bit(bit) => Json::Bool(*bit),
        Value::Int(int) => Json::from(*int),
        Value::Decimal(number) => Json::String(number.to_string()),
        Value::Float(float) => Json::from(*float),
        Value::Text(text) => Json::String(text.clone()),
        Value::Date(day) => Json::String(day.to_string()),
        Value::DateTime(time) => Json::String(time.format("%Y-%m-%dT%H:%M:%S%.3f").to_string()),
        Value::DateTimeOffset(time) => Json::String(time.to_rfc3339()),
    }
}

/// Says whether a cell is the expected one. Decimals compare as numbers and times as moments with their offsets.
fn is_same(value: &Value, expected: &Json) -> bool {
    match (value, expected) {
        (Value::Decimal(number), Json::String(text)) => decimal(text) == Some(*number),
        (Value::Decimal(number), Json::Number(other)) => {
            decimal(&other.to_string()) == Some(*number)
        }
        (Value::DateTimeOffset(time), Json::String(text)) => {
            chrono::DateTime::parse_from_rfc3339(text)
                .is_ok_and(|other| other == *time && other.offset() == time.offset())
        }
        (Value::DateTime(time), Json::String(text)) => {
            text.parse::<chrono::NaiveDateTime>().is_ok_and(|other| other == *time)
        }
        (value, expected) => shown(value) == *expected,
    }
}

fn decimal(text: &str) -> Option<Decimal> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let scale = u32::try_from(fraction.len()).ok()?;
    Decimal::new(format!("{whole}{fraction}").parse().ok()?, scale)
}

fn documents(name: &str) -> BTreeMap<i64, PathBuf> {
    let entries = std::fs::read_dir(folder(name)).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let documents = paths.filter(|path| path.extension().is_some_and(|it| it == "xml"));
    documents
        .map(|path| {
            let id = path.file_stem().and_then(|stem| stem.to_str()?.parse().ok());
            (id.unwrap_or_else(|| panic!("{} is named after no id", path.display())), path)
        })
        .collect()
}

fn check(name: &str) {
    let plan = plan(name);
    let (mut n_cells, mut wrong) = (0, Vec::new());
    for (id, path) in documents(name) {
        let expected = folder(name).join("expected").join(format!("{id}.json"));
        let expected: Map<String, Json> = serde_json::from_str(&read(&expected)).expect("JSON");
        let bytes = std::fs::read(&path).expect("a document");
        let application =
            plan.map_bytes(&bytes, Some(id)).unwrap_or_else(|err| panic!("{name} {id}: {err}"));
        n_cells += compare(&plan, &application, &expected, &mut wrong);
        for warning in &application.warnings {
            wrong.push(format!("{id}: {:?} {}", plan.warned(warning), warning.kind));
        }
    }
    assert!(n_cells > 0, "{name} has no cells");
    println!("{name}: {} of {n_cells} cells are right", n_cells - wrong.len());
    assert!(wrong.is_empty(), "{name}: {n_cells} cells\n{}", wrong.join("\n"));
}

/// Compares the rows of a document; returns how many cells were expected.
fn compare(
    plan: &Plan,
    application: &Application,
    expected: &Map<String, Json>,
    wrong: &mut Vec<String>,
) -> usize {
    let mut n_cells = 0;
    assert_eq!(plan.tables().len(), expected.len(), "the tables");
    for (table, rows) in plan.tables().iter().zip(&application.tables) {
        let id = application.app_id;
        let expected = expected[&table.name].as_array().expect("rows");
        if rows.len() != expected.len() {
            wrong.push(format!(
                "{id}: {}: {} rows, not {}",
                table.name,
                rows.len(),
                expected.len()
            ));
        }
        for (n, expected) in expected.iter().enumerate() {
            for (column, expected) in expected.as_object().expect("a row") {
                n_cells += 1;
                let place = table.columns.iter().position(|known| known.name == *column);
                let place =
                    place.unwrap_or_else(|| panic!("{}.{column} is not filled", table.name));
                let Some(row) = rows.get(n) else { continue };
                if !is_same(&row[place], expected) {
                    let got = shown(&row[place]);
                    wrong
                        .push(format!("{id}: {}[{n}].{column}: {got}, not {expected}", table.name));
                }
            }
        }
    }
    n_cells
}

#[test]
fn pain001() {
    check("pain001");
}

#[test]
fn camt053() {
    check("camt053");
}

#[test]
fn ubl() {
    check("ubl");
}

#[test]
fn ccd() {
    check("ccd");
}

#[test]
fn mismo() {
    check("mismo");
}

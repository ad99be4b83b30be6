//! The golden cases: documents small enough to check by hand, and the rows that they must give.
//!
//! An `.expected.json` has the shape that `xmlx-client map` prints. The `reason` of a failure is only a part of the
//! real one, warnings are columns with their kinds, tables without rows are left out, and rows have no order.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use chrono::{NaiveDateTime, Timelike};
use serde_json::{Map, Value as Json, json};
use xmlx_extract::{Application, Plan, Rejection, Value, Warning, WarningKind};
use xmlx_samples::{Decider, Fault, Line, Options, Synth, contract};

fn plan(line: Line) -> Plan {
    Plan::from_json(contract(line)).unwrap_or_else(|errors| panic!("{line:?}: {errors}"))
}

fn time_json(time: NaiveDateTime) -> Json {
    let format = if time.nanosecond() == 0 { "%Y-%m-%dT%H:%M:%S" } else { "%Y-%m-%dT%H:%M:%S%.3f" };
    json!(time.format(format).to_string())
}

fn value_json(value: &Value) -> Option<Json> {
    match value {
        Value::Null => None,
        Value::Bit(bit) => Some(json!(u8::from(*bit))),
        Value::Int(int) => Some(json!(int)),
        Value::Decimal(decimal) => Some(json!(decimal.to_string())),
        Value::Float(float) => Some(json!(float)),
        Value::Text(text) => Some(json!(text)),
        Value::Date(date) => Some(json!(date.to_string())),
        Value::DateTime(time) => Some(time_json(*time)),
        Value::DateTimeOffset(time) => Some(json!(time.to_rfc3339())),
    }
}

fn tables_json(plan: &Plan, application: &Application) -> BTreeMap<String, Vec<Json>> {
    let mut tables = BTreeMap::new();
    for (table, rows) in plan.tables().iter().zip(&application.tables) {
        let mut all = Vec::new();
        for row in rows {
            let cells = table.columns.iter().zip(row).filter_map(|(column, value)| {
                value_json(value).map(|value| (column.name.clone(), value))
            });
            all.push(Json::Object(cells.collect::<Map<String, Json>>()));
        }
        if !all.is_empty() {
            tables.insert(table.name.clone(), sorted(all));
        }
    }
    tables
}

fn sorted(mut rows: Vec<Json>) -> Vec<Json> {
    rows.sort_by_key(ToString::to_string);
    rows
}

/// Lists what differs between an outcome and what was expected of it.
fn differences(
    plan: &Plan,
    outcome: &Result<Application, Rejection>,
    expected: &Json,
) -> Vec<String> {
    let mut found = Vec::new();
    let mut same = |what: &str, actual: Json, expected: &Json| {
        if actual != *expected {
            found.push(format!("{what}\n  actual   {actual}\n  expected {expected}"));
        }
    };
    match outcome {
        Ok(application) => {
            same("status", json!("ok"), &expected["status"]);
            same("app_id", json!(application.app_id), &expected["app_id"]);
            let warnings = application.warnings.iter().map(|warning| {
                let (table, column) = plan.warned(warning);
                format!("{table}.{} {}", column.unwrap_or_default(), warning.kind)
            });
            same("warnings", warnings.collect(), &expected["warnings"]);
            let mut actual = tables_json(plan, application);
            for (name, rows) in expected["tables"].as_object().expect("tables are an object") {
                let rows = sorted(rows.as_array().expect("rows are an array").clone());
                same(
                    name,
                    Json::Array(actual.remove(name).unwrap_or_default()),
                    &Json::Array(rows),
                );
            }
            same("other tables", json!(actual), &json!({}));
        }
        Err(rejection) => {
            same("status", json!("failed"), &expected["status"]);
            same("app_id", json!(rejection.app_id), &expected["app_id"]);
            same("stage", json!(rejection.stage.as_str()), &expected["stage"]);
            let part = expected["reason"].as_str().unwrap_or_default();
            if !rejection.reason.contains(part) {
                same("reason", json!(rejection.reason), &expected["reason"]);
            }
        }
    }
    found
}

fn documents(line: Line) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(line.name());
    let entries = fs::read_dir(folder).expect("the folder is there");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "xml"));
    paths.sort();
    paths
}

fn check_folder(line: Line, n_expected: usize) {
    let plan = plan(line);
    let mut found = Vec::new();
    let documents = documents(line);
    assert_eq!(documents.len(), n_expected, "the number of golden documents");
    for path in documents {
        let xml = fs::read_to_string(&path).expect("the document is text");
        let expected = fs::read_to_string(path.with_extension("expected.json"))
            .expect("it has an expectation");
        let expected: Json = serde_json::from_str(&expected).expect("the expectation is JSON");
        for difference in differences(&plan, &plan.map(&xml, None), &expected) {
            found.push(format!("{}: {difference}", path.file_name().expect("a file").display()));
        }
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn card_documents_give_the_rows_that_they_must() {
    check_folder(Line::Card, 18);
}

#[test]
fn loan_documents_give_the_rows_that_they_must() {
    check_folder(Line::Loan, 15);
}

#[test]
fn generated_documents_fail_where_they_must_and_map_otherwise() {
    let plans = Line::ALL.map(|line| (line, plan(line)));
    let synth =
        Synth::new(Options { seed: 3, first_id: 500, broken_permille: 300, padding_bytes: 0 });
    for n in 0..3000 {
        let sample = synth.application(n);
        let (_, plan) =
            plans.iter().find(|(line, _)| *line == sample.line).expect("both lines are there");
        let outcome = plan.map(&sample.xml, Some(sample.app_id));
        let decided_here = sample.fault.filter(|fault| fault.decider() == Decider::Extraction);
        match (decided_here, outcome) {
            (Some(fault), Err(rejection)) => {
                assert_eq!(
                    Some(rejection.stage.as_str()),
                    fault.expected_stage(),
                    "{n} {fault:?}: {rejection}"
                );
            }
            (None, Ok(application)) => check_warnings(plan, n, sample.fault, &application),
            (Some(fault), Ok(_)) => panic!("{n}: {fault:?} was not noticed"),
            (None, Err(rejection)) => panic!("{n} {:?}: {rejection}\n{}", sample.fault, sample.xml),
        }
    }
}

/// Numbers that are rounded and texts that are cut are everywhere; values that nothing is made of are faults.
fn check_warnings(plan: &Plan, n: u64, fault: Option<Fault>, application: &Application) {
    let is_lost = |warning: &&Warning| match warning.kind {
        WarningKind::Unreadable | WarningKind::UnknownCode | WarningKind::RowLeftOut => true,
        WarningKind::PartlyRead
        | WarningKind::Cut
        | WarningKind::OffsetDropped
        | WarningKind::Rounded
        | WarningKind::SeveralValues => false,
    };
    let lost = application.warnings.iter().filter(is_lost);
    // Its conversion table is empty, so that every code is unknown.
    let has_codes = |column: &Option<&str>| *column != Some("queue_enum");
    let columns: Vec<_> = lost.map(|warning| plan.warned(warning).1).filter(has_codes).collect();
    let expected = matches!(fault, Some(Fault::BadDate | Fault::UnknownEnum));
    assert_eq!(columns.len(), usize::from(expected), "{n} {fault:?}: {columns:?}");
}

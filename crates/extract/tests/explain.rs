//! Explanations say what is loaded: the same rows, cell by cell, from places that are in the document, and no value of it
//! unless values are asked for.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use xmlx_extract::{
    Application, Asked, CellResult, Explanation, Place, Plan, RowTrace, TableTrace, Value, Values,
    text_of,
};
use xmlx_samples::{Line, Options, Sample, Synth, contract};

fn all(values: Values) -> Asked {
    Asked { part: None, skip: 0, rows_max: usize::MAX, values }
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries =
        std::fs::read_dir(folder).unwrap_or_else(|err| panic!("{}: {err}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|found| found == ending));
    paths.sort();
    paths
}

fn id_of(path: &Path) -> Option<i64> {
    path.file_stem()?.to_str()?.parse().ok()
}

/// A value as an explanation shows it.
fn shown(value: &Value) -> Option<String> {
    let text = match value {
        Value::Null => return None,
        Value::Bit(bit) => u8::from(*bit).to_string(),
        Value::Int(int) => int.to_string(),
        Value::Decimal(decimal) => decimal.to_string(),
        Value::Float(float) => float.to_string(),
        Value::Text(text) => text.clone(),
        Value::Date(date) => date.to_string(),
        Value::DateTime(date) => date.format("%Y-%m-%dT%H:%M:%S%.f").to_string(),
        Value::DateTimeOffset(date) => date.format("%Y-%m-%dT%H:%M:%S%.f%:z").to_string(),
    };
    let cut: String = text.chars().take(200).collect();
    Some(if cut.len() < text.len() { cut + "…" } else { text })
}

/// Compares an explanation with the rows; returns how many cells were compared.
fn compare(plan: &Plan, application: &Application, explanation: &Explanation) -> usize {
    assert_eq!(explanation.app_id, Some(application.app_id));
    assert_eq!(explanation.failure, None);
    let defaults: BTreeSet<(usize, usize, usize)> = application
        .defaults
        .iter()
        .map(|at| (at.table as usize, at.row as usize, at.column as usize))
        .collect();
    let mut traces = explanation.tables.iter();
    let mut n_cells = 0;
    for (table_ix, (table, rows)) in plan.tables().iter().zip(&application.tables).enumerate() {
        // Contracts of a set may fill one table; of a document one of them does.
        let is_it =
            |trace: &&TableTrace| trace.table == table.name && trace.rows == rows.len() as u64;
        let Some(trace) = traces.as_slice().first().filter(is_it) else {
            // It is of another contract of the set.
            assert!(rows.is_empty(), "`{}` is not explained", table.name);
            continue;
        };
        traces.next();
        assert_eq!(trace.rows, rows.len() as u64, "rows of `{}`", table.name);
        assert_eq!(trace.row_traces.len(), rows.len(), "rows of `{}`", table.name);
        assert_eq!(trace.left_out_traces.len() as u64, trace.left_out, "`{}`", table.name);
        for (row_ix, (row, row_trace)) in rows.iter().zip(&trace.row_traces).enumerate() {
            assert_eq!(row_trace.row, Some(row_ix as u64 + 1));
            assert_eq!(row_trace.cells.len(), row.len());
            for (column_ix, (value, cell)) in row.iter().zip(&row_trace.cells).enumerate() {
                n_cells += 1;
                let name = format!("{}[{}].{}", table.name, row_ix + 1, cell.column);
                assert_eq!(cell.column, table.columns[column_ix].name);
                assert_eq!(cell.value, shown(value), "{name}: {cell:?}");
                let is_default = defaults.contains(&(table_ix, row_ix, column_ix));
                let expected = if value.is_null() {
                    CellResult::Null
                } else if is_default {
                    CellResult::Default
                } else {
                    CellResult::Value
                };
                assert_eq!(cell.result, expected, "{name}");
                // What has a value says how it came to it; the last step gives it.
                if !value.is_null() {
                    let last = cell.steps.last().unwrap_or_else(|| panic!("{name} has no step"));
                    assert!(!matches!(&*last.gives, "nothing"), "{name}: {:?}", cell.steps);
                }
            }
        }
    }
    assert_eq!(traces.as_slice().len(), 0, "too many tables are explained");
    n_cells
}

/// Every place of an explanation is the one of an element or attribute of that name.
fn check_places(text: &str, explanation: &Explanation) -> usize {
    // Of these documents each line ends with LF, or with CR and LF.
    let lines: Vec<&str> = text.split('\n').collect();
    let mut n_places = 0;
    let mut check = |place: &Place| {
        n_places += 1;
        let [line, column] = [place.line, place.column].map(|n| usize::try_from(n).unwrap());
        let rest: String = lines[line - 1].chars().skip(column - 1).collect();
        let (_, name) = place.path.rsplit_once('/').unwrap();
        let expected = match name.strip_prefix('@') {
            Some(attribute) => attribute.to_owned(),
            None => format!("<{name}"),
        };
        assert!(rest.starts_with(&expected), "{place:?}: `{rest}`");
    };
    for table in &explanation.tables {
        for RowTrace { element, cells, .. } in &table.row_traces {
            element.iter().for_each(&mut check);
            let steps = cells.iter().flat_map(|cell| &cell.steps);
            steps.filter_map(|step| step.at.as_ref()).for_each(&mut check);
        }
        for left_out in &table.left_out_traces {
            left_out.element.iter().chain(&left_out.instead).for_each(&mut check);
        }
    }
    n_places
}

/// Explains a document and compares; returns cells and places.
fn check(plan: &Plan, bytes: &[u8], expected: Option<i64>) -> (usize, usize) {
    let mapped = plan.map_bytes(bytes, expected);
    let explanation = plan.explain_bytes(bytes, expected, &all(Values::Shown));
    let n_cells = match &mapped {
        Ok(application) => compare(plan, application, &explanation),
        Err(rejection) => {
            let failure = explanation.failure.as_ref().expect("it fails, too");
            assert_eq!(failure.reason, rejection.reason);
            assert_eq!(failure.stage, rejection.stage.to_string());
            assert_eq!(explanation.app_id, rejection.app_id);
            0
        }
    };
    let n_places = match text_of(bytes) {
        Ok(text) => check_places(&text, &explanation),
        Err(_) => 0,
    };
    (n_cells, n_places)
}

#[test]
fn examples_of_format_2() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    for name in ["camt053", "ccd", "mismo", "pain001", "ubl"] {
        let folder = examples.join(name);
        let read = |file: &str| std::fs::read_to_string(folder.join(file)).unwrap();
        let mut plan = Plan::from_json(&read("contract.toml")).unwrap();
        plan.take_types_of_script(&read("tables.sql")).unwrap();
        let mut n = (0, 0);
        for file in files(&folder, "xml") {
            let (n_cells, n_places) = check(&plan, &std::fs::read(&file).unwrap(), id_of(&file));
            n = (n.0 + n_cells, n.1 + n_places);
        }
        assert!(n.0 > 30 && n.1 > 30, "{name}: {n:?}");
    }
}

#[test]
fn samples_of_format_1() {
    let parse = |line| serde_json::from_str::<serde_json::Value>(contract(line)).unwrap();
    let contracts = Line::ALL.map(parse);
    let set = serde_json::json!({ "contracts": contracts.to_vec() });
    let set = Plan::from_json(&set.to_string()).unwrap();
    let (mut n_cells, mut n_places) = (0, 0);
    for sample in samples(120, 200) {
        let own = Plan::from_json(contract(sample.line)).unwrap();
        for plan in [&own, &set] {
            let n = check(plan, sample.xml.as_bytes(), Some(sample.app_id));
            (n_cells, n_places) = (n_cells + n.0, n_places + n.1);
        }
    }
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dev/samples/golden");
    for line in Line::ALL {
        let plan = Plan::from_json(contract(line)).unwrap();
        for file in files(&golden.join(line.name()), "xml") {
            let n = check(&plan, &std::fs::read(&file).unwrap(), None);
            (n_cells, n_places) = (n_cells + n.0, n_places + n.1);
        }
    }
    assert!(n_cells > 10_000 && n_places > 5_000, "{n_cells} {n_places}");
}

fn samples(n: u64, broken_permille: u32) -> impl Iterator<Item = Sample> {
    let options = Options { seed: 7, first_id: 1, broken_permille, padding_bytes: 0 };
    let synth = Synth::new(options);
    (0..n).map(move |n| synth.application(n))
}

#[test]
fn cases_of_both_formats() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut n = (0, 0);
    for group in ["document_cases", "values"] {
        for entry in std::fs::read_dir(tests.join(group)).unwrap() {
            let folder = entry.unwrap().path();
            let contract = ["contract.json", "contract.toml"].map(|name| folder.join(name));
            let Some(contract) = contract.iter().find(|path| path.exists()) else { continue };
            let Ok(contract) = std::fs::read_to_string(contract) else { continue };
            // Some are about contracts that are refused.
            let Ok(plan) = Plan::from_json(&contract) else { continue };
            for file in files(&folder, "xml") {
                let found = check(&plan, &std::fs::read(&file).unwrap(), id_of(&file));
                n = (n.0 + found.0, n.1 + found.1);
            }
        }
    }
    assert!(n.0 > 100 && n.1 > 50, "{n:?}");
}

/// Without being asked for, no value of a document is in an explanation, whatever the contract does with it.
#[test]
fn values_stay_out() {
    const CANARY: &str = "Kanarienvogel";
    for sample in samples(20, 0) {
        let plan = Plan::from_json(contract(sample.line)).unwrap();
        let xml = sample.xml.replace("first_name=\"", &format!("first_name=\"{CANARY}"));
        assert!(xml.contains(CANARY), "the samples have names");
        let id = Some(sample.app_id);
        let mut shown = plan.explain(&xml, id, &all(Values::Shown));
        assert!(serde_json::to_string(&shown).unwrap().contains(CANARY));
        let hidden = plan.explain(&xml, id, &all(Values::Hidden));
        let json = serde_json::to_string(&hidden).unwrap();
        assert!(!json.contains(CANARY) && !json.contains("\"value\":"), "{json}");
        // And everything else is the same.
        for row in shown.tables.iter_mut().flat_map(|table| &mut table.row_traces) {
            for cell in &mut row.cells {
                cell.value = None;
                cell.steps.iter_mut().for_each(|step| step.value = None);
            }
        }
        assert_eq!(shown, hidden);
    }
}

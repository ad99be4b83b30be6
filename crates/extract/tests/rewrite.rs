//! Contracts of format 1 give the same rows when they are written as format 2: on the project's own golden cases, and on
//! those of the reference where they are there.

#![allow(
    clippy::print_stderr,
    reason = "what was skipped, and the counts, are for whoever runs it"
)]

#[path = "parity/golden.rs"]
mod golden;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use xmlx_extract::{Application, Plan, Rejection, Row, Table, Value, rewrite};

/// What became of a document: its rows as texts by table, or the stage at which it failed.
type Outcome = Result<(i64, BTreeMap<String, Vec<String>>), String>;

fn outcome(plan: &Plan, mapped: Result<Application, Rejection>) -> Outcome {
    let application = mapped.map_err(|rejection| rejection.stage.to_string())?;
    let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (table, rows) in plan.tables().iter().zip(&application.tables) {
        let rows = rows.iter().map(|row| show(table, row));
        tables.entry(table.name.clone()).or_default().extend(rows);
    }
    for rows in tables.values_mut() {
        rows.sort_unstable();
    }
    tables.retain(|_, rows| !rows.is_empty());
    Ok((application.app_id, tables))
}

/// Shows a row by the names of its columns, whose order differs.
fn show(table: &Table, row: &Row) -> String {
    let cells = table.columns.iter().zip(row).filter(|(_, value)| !matches!(value, Value::Null));
    let cells: BTreeMap<&str, String> =
        cells.map(|(column, value)| (column.name.as_str(), format!("{value:?}"))).collect();
    format!("{cells:?}")
}

/// What differs between two outcomes, table by table.
fn differences(before: &Outcome, after: &Outcome) -> Vec<String> {
    let (Ok((id, before)), Ok((other_id, after))) = (before, after) else {
        let is_same = matches!((before, after), (Err(one), Err(other)) if one == other);
        let shown = |outcome: &Outcome| match outcome {
            Ok(_) => "rows".to_owned(),
            Err(stage) => format!("failure at {stage}"),
        };
        return if is_same {
            Vec::new()
        } else {
            vec![format!("{} became {}", shown(before), shown(after))]
        };
    };
    let mut found = Vec::new();
    if id != other_id {
        found.push("another id".to_owned());
    }
    let names: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for name in names {
        let (one, other) = (before.get(name), after.get(name));
        if one != other {
            found.push(format!("{name}\n  before {one:?}\n  after  {other:?}"));
        }
    }
    found
}

/// Compares both formats on documents; returns how many there are and what differs.
fn compare(name: &str, contract: &str, documents: &[(String, Vec<u8>)]) -> usize {
    let before = Plan::from_json(contract).unwrap_or_else(|err| panic!("{name}: {err}"));
    let rewritten = rewrite(contract).unwrap_or_else(|err| panic!("{name}: {err}"));
    if let Some(folder) = std::env::var_os("XMLX_TEST_REWRITTEN") {
        let file = Path::new(&folder).join(format!("{name}.toml"));
        fs::write(file, &rewritten.contract).expect("the file can be written");
    }
    let after = Plan::from_json(&rewritten.contract).unwrap_or_else(|err| panic!("{name}: {err}"));
    let mut all = Vec::new();
    let mut n_rows = 0;
    for (file, xml) in documents {
        let (one, mapped) = (before.map_bytes(xml, None), after.map_bytes(xml, None));
        let reason = mapped.as_ref().err().map(|it| it.reason.clone()).unwrap_or_default();
        let one = outcome(&before, one);
        n_rows += one.as_ref().map_or(0, |(_, tables)| tables.values().map(Vec::len).sum());
        for difference in differences(&one, &outcome(&after, mapped)) {
            all.push(format!("{name}/{file}: {difference} {reason}"));
        }
    }
    assert!(n_rows > documents.len(), "{name}: the documents have hardly a row");
    assert!(all.is_empty(), "{} differences\n{}", all.len(), all.join("\n"));
    documents.len()
}

fn documents_in(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder).unwrap_or_else(|err| panic!("{}: {err}", folder.display()));
    let mut documents: Vec<(String, Vec<u8>)> = entries
        .map(|entry| entry.expect("the folder can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "xml"))
        .map(|path| {
            let name = path.file_name().expect("it has a name").to_string_lossy().into_owned();
            (name, fs::read(&path).expect("the file can be read"))
        })
        .collect();
    documents.sort();
    documents
}

fn check_sample(line: &str, n_least: usize) {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dev/samples");
    let contract = fs::read_to_string(samples.join(format!("contracts/{line}.json")));
    let contract = contract.expect("the sample's contract can be read");
    let n = compare(line, &contract, &documents_in(&samples.join("golden").join(line)));
    assert!(n >= n_least, "{line}: {n} documents");
}

#[test]
fn the_card_contract_gives_the_same_rows() {
    check_sample("card", 15);
}

#[test]
fn the_loan_contract_gives_the_same_rows() {
    check_sample("loan", 10);
}

fn check_reference(name: &str) {
    let Some(root) = golden::root() else {
        let line = format!(
            "SKIPPED check_reference({name}): there are no golden files (set XMLX_TEST_GOLDEN)"
        );
        eprintln!("{line}");
        // Where `tests/run` collects what is skipped.
        if let Some(file) = std::env::var_os("XMLX_TEST_SKIPPED") {
            let mut all = fs::read_to_string(&file).unwrap_or_default();
            all.push_str(&line);
            all.push('\n');
            fs::write(&file, all).expect("the file can be written");
        }
        return;
    };
    assert!(golden::CONTRACTS.contains(&name), "{name}");
    let documents: Vec<(String, Vec<u8>)> = golden::cases(&root, name)
        .into_iter()
        .map(|case| {
            assert!(!case.expected.is_null(), "{}: nothing is expected", case.file);
            (case.file, case.xml)
        })
        .collect();
    let n = compare(name, &golden::contract(&root, name), &documents);
    eprintln!("{name}: {n} documents give the same in format 2");
}

#[test]
fn the_reference_s_card_contract_gives_the_same_rows() {
    check_reference("credit_card");
}

#[test]
fn the_reference_s_loan_contract_gives_the_same_rows() {
    check_reference("rec_lending");
}

/// The examples of the page of format 1: contacts, and rows of rows, numbers, texts and rows of mappings.
#[test]
fn the_examples_of_the_page_give_the_same_rows() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/contract-1.md");
    let page = fs::read_to_string(page).expect("the page can be read");
    let blocks = |kind: &str, begins: &str| -> String {
        let mark = format!("```{kind}\n{begins}");
        let (_, rest) = page.split_once(&mark).unwrap_or_else(|| panic!("no {mark}"));
        let (block, _) = rest.split_once("\n```").expect("the block ends");
        format!("{begins}{block}")
    };
    for root in ["Submission", "Order"] {
        let contract = blocks("json", &format!("{{\n  \"xml_root_element\": \"{root}\""));
        // Of text around inner elements format 2 takes the blanks off each piece.
        let document = blocks("xml", &format!("<{root}>")).replace("<b>only</b> ", "");
        let empty = document.replace("vin=\"V1\"", "vin=\" \"").replace("last_name", "name");
        let documents = [("page.xml", document), ("other.xml", empty)];
        let documents = documents.map(|(name, xml)| (name.to_owned(), xml.into_bytes()));
        assert_eq!(compare(root, &contract, &documents), 2);
    }
}

/// What nobody reads on purpose stays so.
#[test]
fn ignored_paths_are_taken_over() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dev/samples");
    let contract = fs::read_to_string(samples.join("contracts/card.json")).expect("the sample");
    let ignoring = contract.replacen('{', "{ \"ignore\": [\"//audit\", \"//@by\"],", 1);
    let rewritten = rewrite(&ignoring).expect("format 2 can express it").contract;
    assert!(rewritten.contains("format = 2\nignore = [\"//audit\", \"//@by\"]\n"), "{rewritten}");
    Plan::from_json(&rewritten).expect("a contract");
}

/// What format 2 cannot express is named with its place, all of it.
#[test]
fn what_cannot_be_expressed_is_named() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dev/samples");
    let contract = fs::read_to_string(samples.join("contracts/card.json")).expect("the sample");
    let odd = contract
        .replace("\"months + years * 12\"", "\"months + years ** 12\"")
        .replace("\"offer.credit_line / offer.credit_line_max\"", "\"offer.credit_line / 'x'\"");
    assert_ne!(odd, contract);
    Plan::from_json(&odd).expect("format 1 can express it");
    let err = rewrite(&odd).expect_err("format 2 cannot");
    let problems: Vec<String> = err.problems().iter().map(ToString::to_string).collect();
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(
        problems.iter().any(|it| it
            .contains("].expression: `card_pricing.line_share`: `x` is a text beside numbers")),
        "{problems:?}"
    );
    assert!(
        problems
            .iter()
            .any(|it| it.contains("].expression: `person_address.months_here`: a power")),
        "{problems:?}"
    );
    let two = format!("{{\"contracts\": [{contract}, {contract}]}}");
    assert!(rewrite(&two).is_err());
    let err = rewrite("{\"format\": 2}").expect_err("not of format 1");
    assert!(err.to_string().contains("the contract is not of format 1"), "{err}");
}

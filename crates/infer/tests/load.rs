//! Drafts compile, and the documents that they were made from give rows without a warning.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]
#![allow(clippy::print_stdout, reason = "the counts are the result")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use xmlx_extract::Plan;
use xmlx_infer::{Draft, Options, Samples};
use xmlx_samples::{Line, Synth};

fn draft(documents: &[String]) -> Draft {
    let mut samples = Samples::new();
    for xml in documents {
        samples.add("a document", xml).unwrap();
    }
    let options = Options { source_table: "dbo.app_xml".to_owned(), schema: None, root: None };
    samples.draft(&options).unwrap()
}

fn plan(name: &str, draft: &Draft) -> Plan {
    let mut plan = Plan::from_json(&draft.contract)
        .unwrap_or_else(|err| panic!("{name}: {err}\n{}", draft.contract));
    plan.take_types_of_script(&draft.ddl)
        .unwrap_or_else(|problems| panic!("{name}: {}\n{}", problems.join("\n"), draft.ddl));
    plan
}

/// Maps the documents that a draft was made from; all of them have to give rows, with no warning.
fn check(name: &str, documents: &[String]) {
    let draft = draft(documents);
    let plan = plan(name, &draft);
    let (mut n_rows, mut n_cells) = (0, 0);
    let mut warnings: BTreeMap<String, usize> = BTreeMap::new();
    for (n, xml) in documents.iter().enumerate() {
        let mapped =
            plan.map(xml, Some(n as i64 + 1)).unwrap_or_else(|err| panic!("{name} {n}: {err}"));
        n_rows += mapped.tables.iter().map(Vec::len).sum::<usize>();
        let cells = mapped.tables.iter().flatten().flatten();
        n_cells += cells.filter(|cell| !cell.is_null()).count();
        for warning in &mapped.warnings {
            let what = format!("{:?} {}", plan.warned(warning), warning.kind);
            *warnings.entry(what).or_default() += 1;
        }
    }
    println!("{name}: {} documents, {n_rows} rows, {n_cells} values", documents.len());
    assert!(warnings.is_empty(), "{name}: {warnings:#?}");
}

fn folder(path: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.filter(|file| file.extension().is_some_and(|end| end == "xml")).collect();
    files.sort();
    files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect()
}

#[test]
fn sample_lines_load() {
    let options =
        xmlx_samples::Options { seed: 7, first_id: 1, broken_permille: 0, padding_bytes: 0 };
    let synth = Synth::new(options);
    for line in Line::ALL {
        let all = (0..1_000).filter(|n| synth.line(*n) == line).take(100);
        let documents: Vec<String> = all.map(|n| synth.application(n).xml).collect();
        check(line.name(), &documents);
    }
}

#[test]
fn examples_load() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    for name in ["pain001", "camt053", "ubl", "ccd", "mismo"] {
        check(name, &folder(&examples.join(name)));
    }
}

#[test]
fn lines_of_the_reference_load() {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/golden");
    let golden = std::env::var_os("XMLX_GOLDEN").map_or(beside, PathBuf::from);
    if !golden.is_dir() {
        println!(
            "SKIPPED lines_of_the_reference_load: there are no golden files (set XMLX_GOLDEN)"
        );
        return;
    }
    for name in ["credit_card", "rec_lending"] {
        let mut whole = Samples::new();
        let documents = folder(&golden.join(name)).into_iter();
        // Some are broken on purpose.
        let documents: Vec<String> =
            documents.filter(|xml| whole.add("a document", xml).is_ok()).take(100).collect();
        check(name, &documents);
    }
}

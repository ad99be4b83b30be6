//! Kinds of documents and contracts that other tools got wrong, each with what has to come of it.
//!
//! Each folder holds a contract, documents, and `expected.txt`: what other tools' specifications ask for. `rows.txt` is
//! what we make of them: a rejection of the contract, or for each document its rows and warnings, or its rejection.
//! With `XMLX_TEST_BLESS` set the test writes these files instead of comparing; read them against `expected.txt` then.

#[path = "shared/cell.rs"]
mod cell;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use xmlx_extract::{Application, Plan, text_of};

use cell::cell;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/document_cases")
}

#[test]
fn documents_of_other_tools_give_what_they_should() {
    let mut different = Vec::new();
    let mut cases: Vec<PathBuf> = fs::read_dir(root())
        .expect("the cases")
        .map(|entry| entry.expect("a case").path())
        .collect();
    cases.sort();
    assert!(cases.len() >= 18, "{} cases", cases.len());
    for case in cases {
        let shown = show_case(&case);
        let file = case.join("rows.txt");
        if std::env::var_os("XMLX_TEST_BLESS").is_some() {
            fs::write(&file, &shown).expect("the file can be written");
        }
        let expected = fs::read_to_string(&file).unwrap_or_default();
        if shown != expected {
            different.push(format!("{}:\n{shown}instead of\n{expected}", case.display()));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

fn show_case(case: &Path) -> String {
    let bytes = fs::read(case.join("contract.json")).expect("a contract");
    let contract = text_of(&bytes).expect("a contract is text");
    let plan = match Plan::from_json(&contract) {
        Ok(plan) => plan,
        Err(err) => return format!("{err}\n"),
    };
    let mut documents: Vec<PathBuf> = fs::read_dir(case)
        .expect("a folder")
        .map(|entry| entry.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "xml"))
        .collect();
    documents.sort();
    let mut shown = String::new();
    for document in documents {
        let name = document.file_name().expect("a file has a name").to_string_lossy();
        writeln!(shown, "{name}").expect("a string takes all");
        let bytes = fs::read(&document).expect("a document");
        match plan.map_bytes(&bytes, None) {
            Ok(application) => show(&mut shown, &plan, &application),
            Err(rejection) => writeln!(shown, "  {rejection}").expect("a string takes all"),
        }
    }
    shown
}

fn show(shown: &mut String, plan: &Plan, application: &Application) {
    for warning in &application.warnings {
        let (table, column) = plan.warned(warning);
        let column = column.map_or_else(String::new, |column| format!(".{column}"));
        writeln!(shown, "  warning {table}{column}: {}", warning.kind).expect("a string takes all");
    }
    for (table, rows) in plan.tables().iter().zip(&application.tables) {
        for row in rows {
            write!(shown, "  {}", table.name).expect("a string takes all");
            let cells = table.columns.iter().zip(row).filter(|(_, value)| !value.is_null());
            for (column, value) in cells {
                write!(shown, " {}={}", column.name, cell(value)).expect("a string takes all");
            }
            shown.push('\n');
        }
    }
}

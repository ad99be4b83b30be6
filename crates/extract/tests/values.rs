//! Values that are easily read wrongly. Each folder of `values/` has a contract, documents, what should become of them
//! in words (`expected.txt`), and exactly what does (`rows.txt`). With `XMLX_TEST_BLESS` set, `rows.txt` becomes what is.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use xmlx_extract::{Application, Plan, Value};

fn show(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Bit(bit) => bit.to_string(),
        Value::Int(int) => int.to_string(),
        Value::Decimal(decimal) => decimal.to_string(),
        Value::Float(float) => format!("{float:?}"),
        Value::Text(text) => format!("`{text}`"),
        Value::Date(date) => date.to_string(),
        Value::DateTime(date) => date.to_string(),
        Value::DateTimeOffset(date) => date.to_string(),
    }
}

fn show_application(plan: &Plan, application: &Application) -> String {
    let mut shown = String::new();
    for (table, rows) in plan.tables().iter().zip(&application.tables) {
        for row in rows {
            let cells = table.columns.iter().zip(row).filter(|(_, value)| !value.is_null());
            let cells: Vec<String> =
                cells.map(|(column, value)| format!("{}={}", column.name, show(value))).collect();
            let _ = writeln!(shown, "  {} {}", table.name, cells.join(" "));
        }
    }
    for warning in &application.warnings {
        let (table, column) = plan.warned(warning);
        let _ = writeln!(shown, "  {} {table}.{}", warning.kind, column.unwrap_or_default());
    }
    shown
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}

fn show_case(folder: &Path) -> String {
    let contract = fs::read_to_string(folder.join("contract.json")).expect("a contract");
    let plan = match Plan::from_json(&contract) {
        Ok(plan) => plan,
        Err(errors) => return format!("contract refused: {errors}\n"),
    };
    let mut shown = String::new();
    for path in files(folder) {
        if path.extension().is_none_or(|extension| extension != "xml") {
            continue;
        }
        let name = path.file_name().expect("a file has a name").display();
        match plan.map_bytes(&fs::read(&path).expect("a document"), None) {
            Ok(application) => {
                let _ = write!(shown, "{name}: ok\n{}", show_application(&plan, &application));
            }
            Err(rejection) => {
                let _ = writeln!(shown, "{name}: {rejection}");
            }
        }
    }
    shown
}

#[test]
fn values_are_read_rightly_or_it_is_said() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/values");
    let mut wrong = Vec::new();
    let cases = files(&root);
    assert!(cases.len() >= 12, "{} cases", cases.len());
    for folder in cases {
        let actual = show_case(&folder);
        let expected = fs::read_to_string(folder.join("rows.txt")).unwrap_or_default();
        if actual != expected {
            if std::env::var_os("XMLX_TEST_BLESS").is_some() {
                fs::write(folder.join("rows.txt"), &actual).expect("the folder can be written");
            }
            wrong.push(format!("{}:\n{actual}", folder.display()));
        }
    }
    assert!(wrong.is_empty(), "{} cases differ:\n\n{}", wrong.len(), wrong.join("\n"));
}

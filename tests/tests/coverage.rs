//! `coverage` and `diff`, as users run them: no database, no cluster.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use std::process::Command;

use xmlx_tests::{Output, binary, workspace};

fn client(args: &[&str]) -> Output {
    let mut command = Command::new(binary("xmlx-client"));
    command.args(args).current_dir(workspace());
    Output::of(command)
}

const DOCUMENTS: &str = "examples/camt053";
const CONTRACT: &str = "examples/camt053/contract.toml";

#[test]
fn a_contract_that_has_to_account_for_everything() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let args = ["coverage", DOCUMENTS, "--contract", CONTRACT];
    let json = client(&[&args[..], &["-o", "json"]].concat()).expect(0).json();
    let unread: Vec<String> = json["paths"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|path| path["status"] == "unread")
        .map(|path| path["path"].as_str().unwrap().to_owned())
        .collect();
    assert!(!unread.is_empty(), "{json}");
    assert_eq!(json["paths_unread"], unread.len());
    let text = client(&args).expect(0).stdout;
    let first = text.lines().next().unwrap();
    assert!(first.contains(&format!(", {} read by nobody", unread.len())), "{text}");
    let failing = [&args[..], &["--fail-on", "unread"]].concat();
    let _ = client(&failing).expect(1);

    // Everything that nobody reads is named, and so is one thing that is not there.
    let contract = std::fs::read_to_string(workspace().join(CONTRACT)).unwrap();
    let ignored: Vec<String> = unread.iter().map(|path| format!("'{path}'")).collect();
    let ignore = format!("ignore = [{}, '//nowhere']\n", ignored.join(", "));
    std::fs::write(
        path("c.toml"),
        contract.replacen("format = 2\n", &format!("format = 2\n{ignore}"), 1),
    )
    .unwrap();
    let contract = path("c.toml");
    let args = ["coverage", DOCUMENTS, "--contract", &contract, "--fail-on", "unread"];
    let text = client(&args).expect(0).stdout;
    assert!(text.contains("0 read by nobody"), "{text}");
    assert!(text.contains("//nowhere"), "an entry that leaves nothing out is listed: {text}");

    // A file that is none is said, and the others are counted.
    std::fs::write(path("broken.xml"), "<Document><").unwrap();
    let broken = path("broken.xml");
    let text = client(&["coverage", DOCUMENTS, &broken, "--contract", &contract]).expect(1).stdout;
    assert!(text.contains("1 document without rows") && text.contains("broken.xml"), "{text}");
}

#[test]
fn a_change_of_the_contract_is_seen_before_it_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let same = client(&["diff", CONTRACT, CONTRACT, DOCUMENTS]).expect(0).stdout;
    assert!(same.contains("of which 0 change"), "{same}");

    let contract = std::fs::read_to_string(workspace().join(CONTRACT)).unwrap();
    let (head, columns) = contract.split_once("[table.columns]\n").unwrap();
    std::fs::write(
        path("new.toml"),
        format!("{head}[table.columns]\nadded = {{ value = 7 }}\n{columns}"),
    )
    .unwrap();
    let new = path("new.toml");
    let args = ["diff", CONTRACT, &new, DOCUMENTS];
    let json = client(&[&args[..], &["-o", "json"]].concat()).expect(1).json();
    assert_eq!(json["columns"].as_array().unwrap().len(), 1, "{json}");
    let column = &json["columns"][0];
    assert_eq!(column["column"], "added", "{json}");
    assert_eq!((&column["changes"], &column["appears"]), (&0.into(), &json["documents"]));
    // What is no terminal gets no values.
    let refused = client(&[&args[..], &["--values"]].concat()).expect(2);
    assert!(refused.stderr.contains("on a terminal alone") && refused.stdout.is_empty());
}

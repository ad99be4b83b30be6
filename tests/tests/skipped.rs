//! The list of tests that only devdb can run is complete and true.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use std::collections::BTreeSet;

use xmlx_tests::{ON_DEVDB_ALONE, workspace};

const CALL: &str = "skips_on_server(Needs::";

/// The tests of a file with what each asks for at its beginning. A test begins with its attribute and ends with the
/// first line that is a closing brace alone.
fn tests_with_needs(suite: &str, text: &str) -> BTreeSet<String> {
    let parts = text.split("#[tokio::test").flat_map(|part| part.split("#[test]")).skip(1);
    let tests = parts.filter_map(|part| {
        let test = part.split("\n}\n").next()?;
        let name = test.split_once("fn ")?.1.split_once('(')?.0;
        let needs = test.split_once(CALL)?.1.split_once(')')?.0;
        Some(format!("{suite}::{name} needs {needs}"))
    });
    tests.collect()
}

#[test]
fn whatever_needs_devdb_is_listed_with_its_reason() {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(workspace().join("tests/tests")).unwrap() {
        let path = entry.unwrap().path();
        let suite = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        if suite == "skipped" {
            continue;
        }
        let tests = tests_with_needs(&suite, &text);
        let n_calls = text.matches("skips_on_server(").count();
        assert_eq!(tests.len(), n_calls, "{suite}: each test says by itself what it needs");
        found.extend(tests);
    }
    let listed: BTreeSet<String> = ON_DEVDB_ALONE
        .iter()
        .flat_map(|(suite, needs, names)| {
            names.iter().map(move |name| format!("{suite}::{name} needs {needs:?}"))
        })
        .collect();
    let unlisted: Vec<&String> = found.difference(&listed).collect();
    let gone: Vec<&String> = listed.difference(&found).collect();
    assert!(
        unlisted.is_empty() && gone.is_empty(),
        "not in the list: {unlisted:#?}, gone: {gone:#?}"
    );
}

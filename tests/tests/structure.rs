//! The shape of the project: which crate may know which, and how the files look.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use xmlx_tests::workspace;

/// The edges that exist. Changing this list is a decision about the structure.
const EDGES: &[(&str, &[&str])] = &[
    ("xmlx-client", &["domain", "extract", "infer", "proto", "runtime", "store", "tls"]),
    (
        "xmlx-coordinator",
        &["domain", "extract", "lease", "metrics", "proto", "report", "runtime", "store", "tls"],
    ),
    (
        "xmlx-dev",
        &[
            "client",
            "coordinator",
            "devdb",
            "domain",
            "extract",
            "proto",
            "runtime",
            "samples",
            "store",
            "tls",
            "worker",
        ],
    ),
    ("xmlx-devdb", &[]),
    ("xmlx-domain", &[]),
    ("xmlx-extract", &["domain"]),
    ("xmlx-infer", &[]),
    ("xmlx-lease", &["domain"]),
    ("xmlx-metrics", &["domain", "runtime"]),
    ("xmlx-models", &["domain", "lease"]),
    ("xmlx-proto", &["domain"]),
    ("xmlx-runtime", &[]),
    ("xmlx-samples", &[]),
    ("xmlx-report", &["domain", "extract"]),
    ("xmlx-store", &["domain", "extract", "lease", "report"]),
    ("xmlx-tls", &["domain", "runtime"]),
    (
        "xmlx-worker",
        &["domain", "extract", "metrics", "proto", "report", "runtime", "store", "tls"],
    ),
];

/// Crates that decide: they may not know of IO.
const PURE: &[&str] = &["xmlx-domain", "xmlx-extract", "xmlx-infer", "xmlx-lease", "xmlx-report"];
const IO: &[&str] = &["tokio", "tonic", "tiberius", "rusqlite"];

/// A word that, among what ships, may only stand in these files.
const KEPT_IN: &[(&str, &[&str])] = &[
    ("tonic::Code", &["proto/src/status.rs"]),
    // What is written to a screen or a log is made printable there.
    ("std::io::stdout()", &["client/src/output.rs", "crates/runtime/src/settings/load.rs"]),
    ("stderr().lock()", &["client/src/output.rs"]),
    ("eprintln!", &["crates/runtime/src/ending.rs", "crates/runtime/src/settings/load.rs"]),
    ("fmt::layer()", &[]),
    (
        "Instant::now()",
        &["crates/runtime/src/clock.rs", "dev/devdb/src/clock.rs", "worker/src/session/stream.rs"],
    ),
];

const LINES_MAX: usize = 500;

fn metadata() -> serde_json::Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(workspace())
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let mut all = BTreeMap::new();
    for package in metadata()["packages"].as_array().unwrap() {
        let normal = package["dependencies"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|dependency| dependency["kind"].is_null());
        let names = normal.map(|named| named["name"].as_str().unwrap().to_owned()).collect();
        all.insert(package["name"].as_str().unwrap().to_owned(), names);
    }
    all
}

#[test]
fn only_the_allowed_edges_exist() {
    let found = dependencies();
    let mut known: BTreeSet<&str> = EDGES.iter().map(|(name, _)| *name).collect();
    known.insert("xmlx-tests");
    assert_eq!(found.keys().map(String::as_str).collect::<BTreeSet<_>>(), known);
    for (name, allowed) in EDGES {
        let edges = found[*name].iter().filter_map(|it| it.strip_prefix("xmlx-"));
        assert_eq!(edges.collect::<Vec<_>>(), *allowed, "{name}");
    }
}

#[test]
fn deciders_know_no_io() {
    let found = dependencies();
    for name in PURE {
        for io in IO {
            assert!(!found[*name].contains(*io), "{name} depends on {io}");
        }
    }
}

fn sources() -> Vec<(String, String)> {
    let mut files = Vec::new();
    for folder in ["proto", "crates", "coordinator", "worker", "client", "dev", "tests"] {
        collect(&workspace().join(folder), &mut files);
    }
    let relative = |it: &PathBuf| it.strip_prefix(workspace()).unwrap().display().to_string();
    files.iter().map(|path| (relative(path), std::fs::read_to_string(path).unwrap())).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && path.file_name().is_some_and(|it| it != "target") {
            collect(&path, files);
        } else if path.extension().is_some_and(|it| it == "rs") {
            files.push(path);
        }
    }
}

#[test]
fn files_are_short_and_say_what_they_are_for() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        if text.lines().count() > LINES_MAX {
            wrong.push(format!("{path}: more than {LINES_MAX} lines"));
        }
        if !text.starts_with("//!") {
            wrong.push(format!("{path}: does not begin with `//!`"));
        }
        if path.ends_with("/mod.rs") {
            wrong.push(format!("{path}: `foo.rs` beside `foo/`, no `mod.rs`"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn some_words_stay_in_their_files() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        for (word, files) in KEPT_IN {
            let ships = path.contains("src/") && !path.starts_with("tests/");
            if ships && text.contains(word) && !files.contains(&path.as_str()) {
                wrong.push(format!("{path}: `{word}`"));
            }
        }
        for mark in ["FIXME", "todo!(", "unimplemented!(", "#[ignore"] {
            if text.contains(mark) && !path.ends_with("tests/structure.rs") {
                wrong.push(format!("{path}: `{mark}`"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_crate_has_the_lints() {
    for package in metadata()["packages"].as_array().unwrap() {
        let manifest = std::fs::read_to_string(package["manifest_path"].as_str().unwrap()).unwrap();
        assert!(manifest.contains("[lints]\nworkspace = true"), "{}", package["name"]);
    }
}

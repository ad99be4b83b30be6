//! Programs that are built one after the other share everything that is not theirs.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use std::collections::BTreeMap;
use std::process::Command;

use xmlx_tests::workspace;

const PROGRAMS: [&str; 4] = ["xmlx-client", "xmlx-coordinator", "xmlx-worker", "xmlx-dev"];

/// Crates that a program is linked from, with the features that cargo gives them where that program alone is built.
fn linked_crates(program: &str) -> BTreeMap<String, String> {
    let tree = ["tree", "--offline", "--locked", "--edges", "normal", "--no-dedupe"];
    let output = Command::new(env!("CARGO"))
        .args(tree)
        .args(["--prefix", "depth", "--format", "={p}|{f}", "--package", program])
        // Whoever unifies features over the workspace would hide what others meet.
        .env_remove("CARGO_RESOLVER_FEATURE_UNIFICATION")
        .current_dir(workspace())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut found = BTreeMap::new();
    // Procedural macros and what they need are built for the compiler: cargo keeps their features apart.
    let mut macro_depth = None;
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let (depth, rest) = line.split_once('=').unwrap();
        let depth: usize = depth.parse().unwrap();
        if macro_depth.is_some_and(|above| depth > above) {
            continue;
        }
        let (package, features) = rest.split_once('|').unwrap();
        macro_depth = package.contains("(proc-macro)").then_some(depth);
        if macro_depth.is_none() {
            found.insert(package.to_owned(), features.to_owned());
        }
    }
    found
}

/// Cargo builds a crate once for each set of features that it is asked for, and everything that depends on it, too.
/// Where this fails, name the features of the crate in the workspace's `Cargo.toml`, or in that of `xmlx-runtime`.
#[test]
fn programs_agree_on_the_features_of_crates() {
    let mut agreed: BTreeMap<String, (String, &str)> = BTreeMap::new();
    let mut differences = Vec::new();
    for program in PROGRAMS {
        for (package, features) in linked_crates(program) {
            let (known, first) =
                agreed.entry(package.clone()).or_insert_with(|| (features.clone(), program));
            if *known != features {
                differences
                    .push(format!("{package}: {first} has `{known}`, {program} has `{features}`"));
            }
        }
    }
    assert!(agreed.len() > 150, "only {} crates", agreed.len());
    assert!(differences.is_empty(), "{differences:#?}");
}

/// What is for development alone stays out of what is shipped.
#[test]
fn shipped_programs_carry_no_database() {
    for program in ["xmlx-client", "xmlx-coordinator", "xmlx-worker"] {
        for (package, _) in linked_crates(program) {
            let name = package.split(' ').next().unwrap();
            let is_for_development = ["xmlx-devdb", "xmlx-samples", "rusqlite"];
            assert!(!is_for_development.contains(&name), "{program} is linked from {name}");
            // `ca` makes certificates; what listens and works has no use for that.
            assert!(name != "rcgen" || program == "xmlx-client", "{program} is linked from {name}");
        }
    }
    let client = linked_crates("xmlx-client");
    for other in ["xmlx-coordinator", "xmlx-worker"] {
        assert!(!client.keys().any(|package| package.split(' ').next() == Some(other)), "{other}");
    }
}

//! The supply chain: what the programs are made of keeps the rules, and the bill of materials says what it is.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use std::collections::BTreeSet;

use serde_json::{Value, json};
use xmlx_tests::supply::{Finding, bill, findings, metadata, platforms, toml, unused_licences};

const PLATFORM: &str = "x86_64-unknown-linux-gnu";

/// The workspace's own crates do not break the rules that `.ci/supply` holds on every platform.
#[test]
fn the_programs_keep_the_rules() {
    let rules = toml("deny.toml");
    assert!(platforms(&rules).iter().any(|platform| platform == PLATFORM));
    let metadata = metadata(PLATFORM);
    assert_eq!(findings(&rules, &metadata), []);
    assert_eq!(unused_licences(&rules, &[metadata]), BTreeSet::new());
}

/// One crate of the real list, changed in one way: what breaks a rule is found, and nothing else.
#[test]
fn what_breaks_a_rule_is_found() {
    let rules = toml("deny.toml");
    let real = metadata(PLATFORM);
    for (name, key, value, expected) in [
        ("tonic", "license", json!("GPL-3.0-only"), "its licence `GPL-3.0-only` is not allowed"),
        ("tonic", "license", json!("MIT AND AGPL-3.0-only"), "is not allowed"),
        ("tonic", "license", Value::Null, "says no licence"),
        ("tonic", "license", json!("MIT OR"), "cannot be read: it ends too early"),
        ("tonic", "name", json!("openssl-sys"), "is banned: TLS is rustls alone"),
        ("quick-xml", "version", json!("0.40.9"), "is banned: RUSTSEC-2026-0194"),
        ("tiberius", "version", json!("0.12.3-rc.1"), "is banned: connections are not encrypted"),
        (
            "tonic",
            "source",
            json!("git+https://github.com/hyperium/tonic#1234"),
            "no allowed registry",
        ),
        (
            "tonic",
            "source",
            json!("registry+https://crates.example.com/index"),
            "no allowed registry",
        ),
        ("tonic", "source", Value::Null, "outside of the workspace"),
    ] {
        let mut changed = real.clone();
        let packages = changed["packages"].as_array_mut().unwrap();
        let package = packages.iter_mut().find(|package| package["name"] == name).unwrap();
        package[key] = value.clone();
        let found = findings(&rules, &changed);
        let [Finding { broken, .. }] = &found[..] else { panic!("{key} = {value}: {found:?}") };
        assert!(broken.contains(expected), "{key} = {value}: {broken}");
    }
    let mut changed = real.clone();
    let packages = changed["packages"].as_array_mut().unwrap();
    let member = packages.iter_mut().find(|package| package["name"] == "xmlx-worker").unwrap();
    let named = |dependency: &&mut Value| dependency["name"] == "tokio";
    member["dependencies"].as_array_mut().unwrap().iter_mut().find(named).unwrap()["req"] =
        json!("*");
    let found = findings(&rules, &changed);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].broken, "takes any version of `tokio`");
}

/// Whatever is linked into a program stands in its bill with its version and hash, and nothing that is not.
#[test]
fn the_bill_of_materials_is_whole() {
    let (metadata, lock) = (metadata(PLATFORM), toml("Cargo.lock"));
    for (program, has, has_not) in [
        ("xmlx-client", "tonic", "rusqlite"),
        ("xmlx-coordinator", "tiberius", "rusqlite"),
        ("xmlx-worker", "quick-xml", "tempfile"),
    ] {
        let made = bill(program, &metadata, &lock);
        let components = made["components"].as_array().unwrap();
        let linked: BTreeSet<&str> = components
            .iter()
            .filter(|component| component["scope"] == "required")
            .map(|component| component["name"].as_str().unwrap())
            .collect();
        assert!(linked.contains(has) && !linked.contains(has_not), "{program}: {linked:?}");
        // What only builds it says so.
        let protox = components.iter().find(|component| component["name"] == "protox").unwrap();
        assert_eq!(protox["scope"], "excluded");

        let refs: BTreeSet<&str> =
            components.iter().map(|component| component["bom-ref"].as_str().unwrap()).collect();
        assert_eq!(refs.len(), components.len(), "{program}: each stands in it once");
        for component in components {
            let (name, version) = (&component["name"], &component["version"]);
            let locked = lock["package"].as_array().unwrap().iter();
            let locked = locked.filter(|it| it["name"] == *name && it["version"] == *version);
            let [locked] = &locked.collect::<Vec<_>>()[..] else { panic!("{name} {version}") };
            let is_ours = name.as_str().unwrap().starts_with("xmlx-");
            assert_eq!(component["hashes"][0]["content"], locked["checksum"], "{name}");
            assert_eq!(component["hashes"].is_null(), is_ours, "{name}");
            assert!(component["licenses"][0]["expression"].is_string(), "{name}");
        }
        for dependency in made["dependencies"].as_array().unwrap() {
            for on in dependency["dependsOn"].as_array().unwrap() {
                assert!(refs.contains(on.as_str().unwrap()), "{program} depends on {on}");
            }
        }
        assert_eq!(made, bill(program, &metadata, &lock));
    }
}

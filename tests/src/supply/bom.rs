//! A bill of materials: CycloneDX 1.6, JSON, of one program.
//!
//! Nothing in it but what `cargo metadata` and `Cargo.lock` say: the same sources give the same bytes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{licence, packages, text};

/// What one program is made of. `lock`: `Cargo.lock`, which has the hashes.
///
/// # Panics
/// Where the program is none of the workspace's, or the two do not fit together.
#[must_use]
pub fn bill(program: &str, metadata: &Value, lock: &Value) -> Value {
    let by_id: BTreeMap<String, &Value> =
        packages(metadata).map(|package| (text(package, "id"), package)).collect();
    let root = by_id.values().find(|package| package["name"] == program);
    let root = text(root.unwrap_or_else(|| panic!("there is no program `{program}`")), "id");
    let edges = edges(metadata);
    let linked = reached(&root, &edges, |kinds| kinds.contains(NORMAL));
    let all = reached(&root, &edges, |_| true);
    let hashes = hashes(lock);

    let components = all.iter().filter(|id| **id != root).map(|id| {
        let scope = if linked.contains(id) { "required" } else { "excluded" };
        component(by_id[id], &hashes, scope)
    });
    let dependencies = all.iter().map(|id| {
        let on: Vec<String> = edges[id].keys().map(|on| purl(by_id[on])).collect();
        json!({ "ref": purl(by_id[id]), "dependsOn": on })
    });
    json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "lifecycles": [{ "phase": "build" }],
            "component": {
                "type": "application",
                "bom-ref": purl(by_id[&root]),
                "name": program,
                "version": by_id[&root]["version"],
                "licenses": licences(by_id[&root]),
                "purl": purl(by_id[&root]),
            },
        },
        "components": components.collect::<Vec<_>>(),
        "dependencies": dependencies.collect::<Vec<_>>(),
    })
}

/// What is linked into the program. The others are needed to build it.
const NORMAL: &str = "normal";

type Edges = BTreeMap<String, BTreeMap<String, BTreeSet<&'static str>>>;

/// Who needs whom, and for what; tests' own needs are left out, since nobody gets them.
fn edges(metadata: &Value) -> Edges {
    let nodes = metadata["resolve"]["nodes"].as_array().expect("cargo metadata resolves");
    let edges = nodes.iter().map(|node| {
        let mut on: BTreeMap<String, BTreeSet<&'static str>> = BTreeMap::new();
        for dependency in node["deps"].as_array().expect("a node has deps") {
            for kind in dependency["dep_kinds"].as_array().expect("an edge has kinds") {
                let kind = match kind["kind"].as_str() {
                    None => NORMAL,
                    Some("build") => "build",
                    Some(_) => continue,
                };
                on.entry(text(dependency, "pkg")).or_default().insert(kind);
            }
        }
        (text(node, "id"), on)
    });
    edges.collect()
}

fn reached(
    root: &str,
    edges: &Edges,
    counts: impl Fn(&BTreeSet<&'static str>) -> bool,
) -> BTreeSet<String> {
    let mut reached = BTreeSet::from([root.to_owned()]);
    let mut left = vec![root.to_owned()];
    while let Some(id) = left.pop() {
        for (on, kinds) in &edges[&id] {
            if counts(kinds) && reached.insert(on.clone()) {
                left.push(on.clone());
            }
        }
    }
    reached
}

/// SHA-256 of each crate's archive, by name and version.
fn hashes(lock: &Value) -> BTreeMap<(String, String), String> {
    let packages = lock["package"].as_array().expect("Cargo.lock lists packages");
    let hashed = packages.iter().filter(|package| package["checksum"].is_string());
    hashed
        .map(|package| {
            ((text(package, "name"), text(package, "version")), text(package, "checksum"))
        })
        .collect()
}

fn component(package: &Value, hashes: &BTreeMap<(String, String), String>, scope: &str) -> Value {
    let (name, version) = (text(package, "name"), text(package, "version"));
    let mut component = json!({
        "type": "library",
        "bom-ref": purl(package),
        "name": name,
        "version": version,
        "scope": scope,
        "licenses": licences(package),
        "purl": purl(package),
    });
    // A member of the workspace has no archive; every other crate has one, or the two files are not of one state.
    if !package["source"].is_null() {
        let hash = hashes.get(&(name, version)).expect("Cargo.lock has the hash of every archive");
        component["hashes"] = json!([{ "alg": "SHA-256", "content": hash }]);
    }
    if let Some(url) = package["repository"].as_str() {
        component["externalReferences"] = json!([{ "type": "vcs", "url": url }]);
    }
    component
}

fn licences(package: &Value) -> Value {
    package["license"]
        .as_str()
        .map_or(json!([]), |expression| json!([{ "expression": licence::normalised(expression) }]))
}

/// <https://github.com/package-url/purl-spec>, type `cargo`.
fn purl(package: &Value) -> String {
    let version = text(package, "version").replace('+', "%2B");
    format!("pkg:cargo/{}@{version}", text(package, "name"))
}

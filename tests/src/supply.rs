//! What the programs are made of: whether it keeps the rules of `deny.toml`, and the bill of materials.
//!
//! `cargo deny` reads the same file. Building it takes longer than everything else that CI does to the supply chain, so
//! the three checks that need no network are done here, on what `cargo metadata` says.

mod bom;
mod licence;

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

pub use bom::bill;

use crate::process::workspace;

/// A rule that a crate breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The crate with its version.
    pub krate: String,
    /// Which rule, and why.
    pub broken: String,
}

/// What `cargo metadata` says of the workspace for one platform, without asking the network.
///
/// # Panics
/// Where cargo fails.
#[must_use]
pub fn metadata(platform: &str) -> Value {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .args(["--filter-platform", platform])
        .current_dir(workspace())
        .output()
        .expect("cargo starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo prints JSON")
}

/// A file of the workspace that is TOML.
///
/// # Panics
/// Where there is no such file, or it is not TOML.
#[must_use]
pub fn toml(name: &str) -> Value {
    let text = std::fs::read_to_string(workspace().join(name)).expect("the file can be read");
    toml::from_str(&text).unwrap_or_else(|err| panic!("{name}: {err}"))
}

/// The platforms that `deny.toml` names.
#[must_use]
pub fn platforms(rules: &Value) -> Vec<String> {
    texts(&rules["graph"]["targets"]).map(str::to_owned).collect()
}

/// Every rule of `deny.toml` about licences, bans and sources that a crate of `metadata` breaks.
#[must_use]
pub fn findings(rules: &Value, metadata: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    for package in packages(metadata) {
        let broken = [licence(rules, package), ban(rules, package), source(rules, package)];
        let broken = broken.into_iter().flatten().chain(wildcards(package));
        found.extend(broken.map(|broken| Finding { krate: named(package), broken }));
    }
    found
}

/// Licences that are allowed although no crate has them: whoever reads the list takes it for what there is.
#[must_use]
pub fn unused_licences(rules: &Value, metadata: &[Value]) -> BTreeSet<String> {
    let allowed = texts(&rules["licenses"]["allow"]).map(str::to_owned).collect();
    let expressions = metadata.iter().flat_map(packages).filter_map(|it| it["license"].as_str());
    let used = expressions.flat_map(licence::names).collect();
    BTreeSet::difference(&allowed, &used).cloned().collect()
}

/// Crates that are there in several versions.
#[must_use]
pub fn duplicates(metadata: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in packages(metadata) {
        versions.entry(text(package, "name")).or_default().insert(text(package, "version"));
    }
    versions.retain(|_, versions| versions.len() > 1);
    versions
}

fn licence(rules: &Value, package: &Value) -> Option<String> {
    let Some(expression) = package["license"].as_str() else {
        return Some("says no licence".to_owned());
    };
    let allowed: Vec<&str> = texts(&rules["licenses"]["allow"]).collect();
    match licence::is_satisfied(expression, &allowed) {
        Ok(true) => None,
        Ok(false) => Some(format!("its licence `{expression}` is not allowed")),
        Err(reason) => Some(format!("its licence `{expression}` cannot be read: {reason}")),
    }
}

fn ban(rules: &Value, package: &Value) -> Option<String> {
    let bans = rules["bans"]["deny"].as_array().map(Vec::as_slice).unwrap_or_default();
    let ban = bans.iter().find(|ban| {
        let krate = ban["crate"].as_str().unwrap_or_default();
        let (name, below) = krate
            .split_once("@<")
            .map_or((krate, None), |(name, version)| (name, Some(numbers(version))));
        package["name"] == name
            && below.is_none_or(|below| numbers(&text(package, "version")) < below)
    })?;
    Some(format!("is banned: {}", ban["reason"].as_str().unwrap_or("see deny.toml")))
}

/// Major, minor, patch. What stands behind them is no matter of bans.
fn numbers(version: &str) -> Vec<u64> {
    let plain = version.split(['-', '+']).next().unwrap_or_default();
    let numbers = plain.split('.').map(str::parse);
    numbers.collect::<Result<_, _>>().unwrap_or_else(|_| panic!("`{version}` is no version"))
}

fn source(rules: &Value, package: &Value) -> Option<String> {
    // What has no source is a member of the workspace, or lies beside it: the path tells.
    let Some(source) = package["source"].as_str() else {
        let path = text(package, "manifest_path");
        let is_ours = std::path::Path::new(&path).starts_with(workspace());
        return (!is_ours).then(|| format!("comes from `{path}`, outside of the workspace"));
    };
    let registry = source.strip_prefix("registry+");
    let is_allowed = registry
        .is_some_and(|url| texts(&rules["sources"]["allow-registry"]).any(|known| known == url));
    (!is_allowed).then(|| format!("comes from `{source}`, which is no allowed registry"))
}

/// Whatever version is newest is nobody's choice. Only members of the workspace are asked: what a published crate wants,
/// `Cargo.lock` has pinned.
fn wildcards(package: &Value) -> Vec<String> {
    if !package["source"].is_null() {
        return Vec::new();
    }
    let dependencies = package["dependencies"].as_array().into_iter().flatten();
    dependencies
        .filter(|dependency| dependency["req"] == "*" && dependency["path"].is_null())
        .map(|dependency| format!("takes any version of `{}`", text(dependency, "name")))
        .collect()
}

fn packages(metadata: &Value) -> impl Iterator<Item = &Value> {
    metadata["packages"].as_array().expect("cargo metadata lists packages").iter()
}

fn texts(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().expect("deny.toml has this list").iter().map(|it| it.as_str().expect("a text"))
}

fn text(of: &Value, key: &str) -> String {
    of[key].as_str().unwrap_or_else(|| panic!("`{key}` is no text in {of}")).to_owned()
}

fn named(package: &Value) -> String {
    format!("{} {}", text(package, "name"), text(package, "version"))
}

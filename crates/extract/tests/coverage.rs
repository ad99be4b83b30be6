//! A contract that leaves something of the documents out is found out: every mapping of the sample contracts and of the
//! examples is removed in turn, and put onto a path that never occurs.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};
use xmlx_extract::{Coverage, Inventory, Limits, PathStatus, Plan};
use xmlx_samples::{Line, contract};

/// Attributes that the reference reads of every contact, address and employment, whatever the mappings say.
const ALWAYS_READ: [&str; 9] = [
    "birth_date",
    "first_name",
    "last_name",
    "ssn",
    "zip_code",
    "city",
    "street_name",
    "business_name",
    "ID",
];

fn inventory<'d>(documents: impl IntoIterator<Item = &'d str>) -> Inventory {
    let mut inventory = Inventory::new();
    for document in documents {
        inventory.add(document, &Limits::default()).unwrap();
    }
    inventory
}

fn coverage(contract: &Json, inventory: &Inventory) -> Option<Coverage> {
    Some(Plan::from_json(&contract.to_string()).ok()?.coverage(inventory))
}

fn with_status(coverage: &Coverage, status: PathStatus) -> BTreeSet<String> {
    let paths = coverage.paths.iter().filter(|path| path.status == status);
    paths.map(|path| path.path.clone()).collect()
}

/// An element of a document in the making.
#[derive(Default)]
struct Element {
    attributes: BTreeSet<String>,
    has_text: bool,
    children: BTreeMap<String, Self>,
}

impl Element {
    fn write(&self, name: &str, xml: &mut String) {
        xml.push_str(&format!("<{name}"));
        for attribute in &self.attributes {
            xml.push_str(&format!(" {attribute}=\"1\""));
        }
        xml.push('>');
        if self.has_text {
            xml.push('1');
        }
        for (name, child) in &self.children {
            child.write(name, xml);
        }
        xml.push_str(&format!("</{name}>"));
    }
}

/// What a mapping of format 1 reads: a path with its attribute.
fn read_by(mapping: &Json) -> (&str, &str) {
    (mapping["xml_path"].as_str().unwrap(), mapping["xml_attribute"].as_str().unwrap())
}

/// A document that has everything that the mappings of a contract name, and nothing else.
fn document(contract: &Json) -> String {
    let mut root = Element::default();
    for mapping in contract["mappings"].as_array().unwrap() {
        if mapping["xml_path"].is_null() {
            continue;
        }
        let (path, attribute) = read_by(mapping);
        let mut element = &mut root;
        for name in path.trim_start_matches('/').split('/') {
            element = element.children.entry(name.to_owned()).or_default();
        }
        match attribute {
            "text()" => element.has_text = true,
            attribute => {
                element.attributes.insert(attribute.to_owned());
            }
        }
    }
    let (name, root) = root.children.iter().next().unwrap();
    let mut xml = String::new();
    root.write(name, &mut xml);
    xml
}

fn has_word(text: &str, word: &str) -> bool {
    let is_part = |sign: char| sign.is_alphanumeric() || sign == '_';
    text.split(|sign| !is_part(sign)).any(|part| part.eq_ignore_ascii_case(word))
}

/// Whether something else in a contract of format 1 names what a mapping reads.
fn is_read_elsewhere(contract: &Json, number: usize) -> bool {
    let (path, attribute) = read_by(&contract["mappings"][number]);
    let others = contract["mappings"].as_array().unwrap().iter().enumerate();
    ALWAYS_READ.contains(&attribute)
        || has_word(&contract["element_filtering"].to_string(), attribute)
        || others.filter(|(other, _)| *other != number).any(|(_, other)| {
            let same = other["xml_attribute"]
                .as_str()
                .is_some_and(|name| name.eq_ignore_ascii_case(attribute));
            // Addresses and the like are read wherever they are.
            let element = |path: &str| path.rsplit('/').next().map(str::to_owned);
            let same_path =
                other["xml_path"].as_str().is_some_and(|other| element(other) == element(path));
            same && same_path
                || other["expression"].as_str().is_some_and(|text| has_word(text, attribute))
                || other["row"].to_string().contains(&format!("@{attribute}"))
        })
}

fn item(mapping: &Json) -> String {
    match read_by(mapping) {
        (path, "text()") => path.to_owned(),
        (path, attribute) => format!("{path}/@{attribute}"),
    }
}

#[test]
fn each_mapping_of_the_sample_contracts_is_missed() {
    for line in [Line::Card, Line::Loan] {
        let contract: Json = serde_json::from_str(contract(line)).unwrap();
        let inventory = inventory([document(&contract).as_str()]);
        let whole = coverage(&contract, &inventory).unwrap();
        assert_eq!(with_status(&whole, PathStatus::Unread), BTreeSet::new(), "{line:?}");
        let (mut n_missed, mut n_shared, mut n_needed) = (0, 0, 0);
        for number in 0..contract["mappings"].as_array().unwrap().len() {
            let mut less = contract.clone();
            let mapping = less["mappings"].as_array_mut().unwrap().remove(number);
            let Some(found) = coverage(&less, &inventory) else {
                n_needed += 1;
                continue;
            };
            let unread = with_status(&found, PathStatus::Unread);
            if is_read_elsewhere(&contract, number) {
                n_shared += 1;
            } else {
                n_missed += 1;
                assert!(unread.contains(&item(&mapping)), "{line:?} {mapping}: {unread:?}");
            }
            let others: Vec<_> = unread.iter().filter(|path| **path != item(&mapping)).collect();
            // An element of which nothing else is read goes with its attribute, an expression with its fields.
            let is_around = |path: &&&String| item(&mapping).starts_with(path.as_str());
            let is_field = |path: &&&String| {
                let name = path.rsplit('@').next().unwrap_or_default();
                mapping["expression"].as_str().is_some_and(|text| has_word(text, name))
            };
            let unexplained: Vec<_> =
                others.iter().filter(|path| !is_around(path) && !is_field(path)).collect();
            assert!(unexplained.is_empty(), "{line:?} {mapping}: {unexplained:?}");
        }
        println!(
            "{line:?}: {n_missed} mappings missed, {n_shared} read something that is read elsewhere too, without {n_needed} there is no contract"
        );
        assert!(n_missed > 60 && n_needed < 6, "{line:?}: {n_missed} {n_needed}");
    }
}

#[test]
fn each_mapping_onto_nothing_is_reported() {
    for line in [Line::Card, Line::Loan] {
        let contract: Json = serde_json::from_str(contract(line)).unwrap();
        let inventory = inventory([document(&contract).as_str()]);
        let mut n_reported = 0;
        for number in 0..contract["mappings"].as_array().unwrap().len() {
            let mut other = contract.clone();
            let mapping = &mut other["mappings"][number];
            if mapping["expression"].is_string() || mapping["xml_path"].is_null() {
                continue;
            }
            mapping["xml_attribute"] = json!("nowhere_to_be_found");
            let mapping = mapping.clone();
            let Some(found) = coverage(&other, &inventory) else { continue };
            let at = format!("mappings[{number}]");
            let column = mapping["target_column"].as_str().unwrap_or_default();
            let reads =
                found.mappings.iter().any(|mapping| mapping.at.as_deref() == Some(at.as_str()));
            if !reads {
                // The key of the parent fills the column, whatever the mapping says.
                continue;
            }
            n_reported += 1;
            let never =
                found.never_matched().any(|mapping| mapping.at.as_deref() == Some(at.as_str()));
            assert!(never, "{line:?} {at} {column}");
        }
        assert!(n_reported > 80, "{line:?}: {n_reported}");
    }
}

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name)
}

fn documents(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "xml"));
    files.map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

/// Removes each column of the examples in turn.
#[test]
fn each_column_of_the_examples_is_missed() {
    for name in ["pain001", "camt053", "ubl", "ccd", "mismo"] {
        let folder = example(name);
        let text = std::fs::read_to_string(folder.join("contract.toml")).unwrap();
        let contract: Json = toml::from_str(&text).unwrap();
        let documents = documents(&folder);
        let inventory = inventory(documents.iter().map(String::as_str));
        let whole = coverage(&contract, &inventory).unwrap();
        let unread = with_status(&whole, PathStatus::Unread);
        let (mut n_missed, mut n_shared, mut n_needed, mut n_nothing) = (0, 0, 0, 0);
        for (place, table) in contract["table"].as_array().unwrap().iter().enumerate() {
            for (column, rule) in table["columns"].as_object().into_iter().flatten() {
                let reader = format!("{}.{column}", table["name"].as_str().unwrap());
                let mut less = contract.clone();
                less["table"][place]["columns"].as_object_mut().unwrap().remove(column);
                let Some(found) = coverage(&less, &inventory) else {
                    n_needed += 1;
                    continue;
                };
                let own = whole.paths.iter().filter(|path| path.read_by.contains(&reader));
                let (alone, shared): (Vec<_>, Vec<_>) =
                    own.partition(|path| path.read_by.len() == 1);
                let now = with_status(&found, PathStatus::Unread);
                for path in &alone {
                    let has_read_children = found.paths.iter().any(|other| {
                        other.path.starts_with(&format!("{}/", path.path))
                            && other.status == PathStatus::Read
                    });
                    let is_missed =
                        now.contains(&path.path) || path.filled == 0 && has_read_children;
                    assert!(is_missed, "{name} {reader}: {}", path.path);
                }
                // A path that stands once in the contract and has no condition is found by its text alone.
                let is_plain = rule.as_str().filter(|path| {
                    path.chars().all(|sign| sign.is_alphanumeric() || ":/@_".contains(sign))
                        && text.matches(*path).count() == 1
                });
                let occurs = is_plain.is_some_and(|path| {
                    whole.paths.iter().any(|other| other.path.ends_with(&format!("/{path}")))
                });
                if occurs && shared.is_empty() {
                    assert!(now.len() > unread.len(), "{name} {reader}");
                }
                match (alone.len(), shared.len()) {
                    (0, 0) => n_nothing += 1,
                    (0, _) => n_shared += 1,
                    _ => n_missed += 1,
                }
            }
        }
        println!(
            "{name}: {n_missed} columns missed, {n_shared} read what others read too, {n_nothing} read nothing that occurs, without {n_needed} there is no contract; {} paths unread in the whole contract",
            unread.len()
        );
        assert!(n_missed > n_shared, "{name}: {n_missed} {n_shared}");
    }
}

#[test]
fn each_table_of_the_examples_may_read_nothing() {
    for name in ["pain001", "camt053", "ubl", "ccd", "mismo"] {
        let folder = example(name);
        let text = std::fs::read_to_string(folder.join("contract.toml")).unwrap();
        let mut contract: Json = toml::from_str(&text).unwrap();
        let documents = documents(&folder);
        let inventory = inventory(documents.iter().map(String::as_str));
        let tables = contract["table"].as_array_mut().unwrap();
        let n_tables = tables.len();
        for table in tables {
            table["columns"]["zz_nothing"] = json!("nowhere/@to_be_found");
        }
        let found = coverage(&contract, &inventory).unwrap();
        let never = found
            .never_matched()
            .filter(|mapping| mapping.column.as_deref() == Some("zz_nothing"))
            .count();
        assert_eq!(never, n_tables, "{name}");
    }
}

//! Paths mean what XPath 1.0 says: random paths of the subset over random documents, compared with sxd-xpath, an engine
//! that is not ours. They go through a contract, as a count, as joined values and as rows.
//!
//! `XMLX_PATHS` is the number of paths, `XMLX_SEED` the first seed; a failure prints the seed that repeats it.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "another kind of value is a failure, whichever it is"
)]
#![allow(clippy::print_stdout, reason = "the counts are the result")]

#[path = "xpath/generate.rs"]
mod generate;

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use sxd_xpath::nodeset::Node;
use sxd_xpath::{Context, Factory};
use xmlx_extract::{Plan, Value};

/// Paths of a usual run.
const PATHS: u64 = 10_000;
/// Paths over one document.
const PATHS_PER_DOCUMENT: u64 = 20;
/// Percent of the paths that must find something: comparing nothing with nothing shows little.
const FOUND_MIN: u64 = 30;
/// Percent of the paths that a contract may refuse, because they can never find anything or leave the document.
const REFUSED_MAX: u64 = 25;
const NAMESPACES: [(&str, &str); 2] = [("p", "urn:one"), ("q", "urn:two")];
/// Stands between joined values; no document has it.
const BETWEEN: &str = "|";

/// What the other engine finds.
struct Theirs {
    /// The string values of the nodes, in document order.
    values: Vec<String>,
    /// Whether all of them are elements, which can be rows.
    are_elements: bool,
}

fn theirs(document: &sxd_document::dom::Document<'_>, path: &str) -> Theirs {
    let xpath = Factory::new().build(path).unwrap().unwrap();
    let mut context = Context::new();
    for (prefix, uri) in NAMESPACES {
        context.set_namespace(prefix, uri);
    }
    let sxd_xpath::Value::Nodeset(nodes) = xpath.evaluate(&context, document.root()).unwrap()
    else {
        panic!("{path} finds no nodes");
    };
    let nodes = nodes.document_order();
    Theirs {
        values: nodes.iter().map(Node::string_value).collect(),
        are_elements: nodes.iter().all(|node| matches!(node, Node::Element(_))),
    }
}

fn plan(rows: &str, columns: &Json) -> Result<Plan, String> {
    let contract = json!({
        "format": 2,
        "source": { "table": "t", "document": "d" },
        "namespaces": NAMESPACES.into_iter().collect::<BTreeMap<_, _>>(),
        "table": [
            { "name": "root", "rows": "/*", "columns": { "one": { "value": 1, "type": "int" } } },
            { "name": "found", "rows": rows, "columns": columns },
        ],
    });
    Plan::from_json(&contract.to_string()).map_err(|err| err.to_string())
}

/// The rows of the table `found`, without the application's id.
fn rows(plan: &Plan, xml: &str) -> Vec<Vec<Value>> {
    let mapped = plan.map(xml, Some(1)).unwrap();
    mapped.tables[1].iter().map(|row| row[1..].to_vec()).collect()
}

/// The values that a contract takes: without the blanks around them, and none where nothing is left.
fn taken(values: &[String]) -> Vec<String> {
    values.iter().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty()).collect()
}

/// XPath leaves the order of an element's attributes open.
fn in_order(mut values: Vec<String>, path: &str) -> Vec<String> {
    let mut depth = 0;
    let is_outside = |letter: &char| {
        depth += i32::from(*letter == '[') - i32::from(*letter == ']');
        depth == 0
    };
    let outside: String = path.chars().filter(is_outside).collect();
    if outside.contains('@') || outside.contains("attribute::") {
        values.sort();
    }
    values
}

/// The count and the joined values of a path; an error is why the contract is refused.
fn counted(xml: &str, path: &str) -> Result<(i64, Vec<String>), String> {
    let columns = json!({
        "n": { "from": format!("count({path})"), "type": "int" },
        "v": { "from": path, "join": BETWEEN, "type": "nvarchar(max)" },
    });
    let plan = plan("/*", &columns)?;
    let row = rows(&plan, xml).remove(0);
    let Value::Int(n) = row[0] else { panic!("{path}: a count is a number, not {:?}", row[0]) };
    let values = match &row[1] {
        Value::Null => Vec::new(),
        Value::Text(text) => text.split(BETWEEN).map(ToOwned::to_owned).collect(),
        other => panic!("{path}: {other:?}"),
    };
    Ok((n, values))
}

/// The values of the rows of a path; an error is why the contract is refused.
fn as_rows(xml: &str, path: &str) -> Result<Vec<String>, String> {
    let plan = plan(path, &json!({ "v": { "from": ".", "type": "nvarchar(max)" } }))?;
    let text = |row: Vec<Value>| match &row[0] {
        Value::Text(text) => text.clone(),
        _ => String::new(),
    };
    Ok(rows(&plan, xml).into_iter().map(text).collect())
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().unwrap())
}

#[derive(Default)]
struct Counts {
    found: u64,
    nodes: usize,
    refused: u64,
    as_rows: u64,
    by_part: BTreeMap<&'static str, u64>,
}

impl Counts {
    fn compare(&mut self, place: &str, xml: &str, path: &str, theirs: &Theirs) {
        let ours = match counted(xml, path) {
            Ok(ours) => ours,
            Err(reason) => {
                // What is refused because it can find nothing must find nothing. One part of a union or of a condition
                // may be such while the whole finds something, and going up right behind `//` is outside of the subset
                // whatever it finds.
                let is_outside = reason.contains("goes up right behind");
                let is_whole = !path.contains(['|', '[']) && !is_outside;
                assert!(
                    !is_whole || theirs.values.is_empty(),
                    "{place}: refused, but it finds nodes: {reason}"
                );
                self.refused += 1;
                return;
            }
        };
        assert_eq!(ours.0, theirs.values.len() as i64, "{place}: count");
        let values = in_order(taken(&theirs.values), path);
        assert_eq!(in_order(ours.1, path), values, "{place}: left: ours, right: sxd-xpath");
        for part in generate::PARTS.into_iter().filter(|part| path.contains(part)) {
            *self.by_part.entry(part).or_default() += 1;
        }
        if theirs.values.is_empty() {
            return;
        }
        self.found += 1;
        self.nodes += theirs.values.len();
        if theirs.are_elements && !path.contains('|') {
            let trimmed = theirs.values.iter().map(|value| value.trim().to_owned());
            if let Ok(rows) = as_rows(xml, path) {
                assert_eq!(rows, trimmed.collect::<Vec<_>>(), "{place}: rows");
                self.as_rows += 1;
            }
        }
    }
}

#[test]
fn paths_find_what_another_engine_finds() {
    let first = number("XMLX_SEED", 1);
    let n_paths = number("XMLX_PATHS", PATHS);
    let mut counts = Counts::default();
    for seed in first..first + n_paths.div_ceil(PATHS_PER_DOCUMENT) {
        let mut random = fastrand::Rng::with_seed(seed);
        let xml = generate::document(&mut random);
        let package = sxd_document::parser::parse(&xml).unwrap();
        let document = package.as_document();
        for _ in 0..PATHS_PER_DOCUMENT {
            let path = generate::path(&mut random);
            let theirs = theirs(&document, &path.theirs);
            let place = format!("seed {seed}: {}\n{xml}\n", path.ours);
            counts.compare(&place, &xml, &path.ours, &theirs);
        }
    }
    let Counts { found, nodes, refused, as_rows, by_part } = counts;
    println!(
        "seeds from {first}: {n_paths} paths, {found} found {nodes} nodes, {as_rows} also as rows; {refused} refused; {by_part:?}"
    );
    assert!(found * 100 >= n_paths * FOUND_MIN, "only {found} of {n_paths} paths found anything");
    assert!(refused * 100 <= n_paths * REFUSED_MAX, "{refused} of {n_paths} paths are refused");
    let unused: Vec<_> =
        generate::PARTS.iter().filter(|part| !by_part.contains_key(*part)).collect();
    assert!(unused.is_empty(), "no path has {unused:?}");
}

//! Where the golden files are and what they say.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

pub(crate) const CONTRACTS: [&str; 2] = ["credit_card", "rec_lending"];

/// A document and what the reference makes of it.
pub(crate) struct Case {
    pub(crate) file: String,
    pub(crate) xml: Vec<u8>,
    pub(crate) expected: Json,
}

/// Finds the directory of golden files.
pub(crate) fn root() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/golden");
    let root = std::env::var_os("XMLX_TEST_GOLDEN").map_or(beside, PathBuf::from);
    root.join("contracts").is_dir().then_some(root)
}

pub(crate) fn contract(root: &Path, contract: &str) -> String {
    read(&root.join("contracts").join(format!("{contract}.json")))
}

pub(crate) fn cases(root: &Path, contract: &str) -> Vec<Case> {
    let expected: BTreeMap<String, Json> =
        serde_json::from_str(&read(&root.join(format!("{contract}.expected.json"))))
            .expect("golden files are JSON");
    let cases = expected.into_iter().map(|(file, expected)| {
        let path = root.join(contract).join(&file);
        let xml = fs::read(&path).unwrap_or_else(|err| panic!("{}: {err}", path.display()));
        Case { file, xml, expected }
    });
    cases.collect()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|err| panic!("{}: {err}", path.display()))
}

//! Reads a contract from JSON; what is wrong is noted and reading goes on.

mod conversions;
mod duplicates;
mod json;
mod mapping;
mod row;
mod rules;

use serde_json::Value as Json;

use super::Contract;
use super::spelling::{OFFSETS, ROOT_KEYS, check_keys};
use crate::convert::Offsets;
use crate::plan::Source;
use crate::problem::Problems;
use json::Reader;

/// The column of the application's id in the source, which contracts of format 1 do not name.
const SOURCE_ID: &str = "app_id";

/// The key of a set of contracts.
const CONTRACTS: &str = "contracts";

/// Reads the JSON of a contract, or of each contract of a set, with its place in it.
pub(crate) fn split(text: &str, problems: &mut Problems) -> Vec<(Option<String>, Json)> {
    // Editors of Windows begin files with it.
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let mut json: Json = match serde_json::from_str(text) {
        Ok(json) => {
            duplicates::check(text, problems);
            json
        }
        Err(err) => {
            problems.add("$", format!("the contract is no JSON: {err}"), "correct the JSON");
            return Vec::new();
        }
    };
    let Some(set) = json.get_mut(CONTRACTS).map(Json::take) else { return vec![(None, json)] };
    let is_alone = json.as_object().is_some_and(|object| object.len() == 1);
    match set {
        Json::Array(contracts) if is_alone && !contracts.is_empty() => {
            let at = |(i, contract)| (Some(format!("{CONTRACTS}[{i}]")), contract);
            contracts.into_iter().enumerate().map(at).collect()
        }
        Json::Array(_) if is_alone => {
            problems.add(CONTRACTS, "the set is empty", "list at least one contract");
            Vec::new()
        }
        Json::Null
        | Json::Bool(_)
        | Json::Number(_)
        | Json::String(_)
        | Json::Array(_)
        | Json::Object(_) => {
            let suggestion = "write { \"contracts\": [ .. ] } and nothing beside it";
            problems.add(CONTRACTS, "no list of contracts that stands alone", suggestion);
            Vec::new()
        }
    }
}

/// Reads a contract; `None` if it is no JSON object.
pub(crate) fn read(json: Json, problems: &mut Problems) -> Option<Contract> {
    let Json::Object(root) = json else {
        problems.add(
            "$",
            "the contract is no JSON object",
            "write the contract as { \"source_table\": .. }",
        );
        return None;
    };
    let mut reader = Reader { problems };
    let source = Source {
        table: reader.text(&root, "", "source_table"),
        column: reader.text(&root, "", "source_column"),
        id: SOURCE_ID.to_owned(),
        application_tables: reader
            .optional_text(&root, "", "source_application_table")
            .into_iter()
            .collect(),
    };
    check_keys(&root, "", ROOT_KEYS, reader.problems);
    let (char_to_bit, boolean_to_bit) = reader.bit_tables(&root);
    Some(Contract {
        source,
        root_element: reader.text(&root, "", "xml_root_element"),
        target_schema: reader
            .optional_text(&root, "", "target_schema")
            .unwrap_or_else(|| "dbo".to_owned()),
        offsets: reader.word(&root, "", "time_offsets", OFFSETS).unwrap_or(Offsets::AsWritten),
        ignored: reader.optional_texts(&root, "", "ignore"),
        application_path: reader.path(&root, "", "xml_application_path"),
        insertion_order: reader.texts(&root, "", "table_insertion_order"),
        rules: reader.rules(&root),
        relationships: reader.each(&root, "", "relationships", Reader::relationship),
        mappings: reader.each(&root, "", "mappings", Reader::mapping),
        enums: reader.enums(&root),
        char_to_bit,
        boolean_to_bit,
    })
}

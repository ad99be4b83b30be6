//! Reads a contract from JSON; what is wrong is noted and reading goes on.

mod conversions;
mod json;
mod mapping;
mod row;
mod rules;

use serde_json::Value as Json;

use super::Contract;
use super::spelling::{ROOT_KEYS, check_keys};
use crate::plan::Source;
use crate::problem::Problems;
use json::Reader;

/// Reads a contract; `None` if the text is no JSON object.
pub(crate) fn read(text: &str, problems: &mut Problems) -> Option<Contract> {
    let json: Json = match serde_json::from_str(text) {
        Ok(json) => json,
        Err(err) => {
            problems.add("$", format!("the contract is no JSON: {err}"), "correct the JSON");
            return None;
        }
    };
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
        application_table: reader.optional_text(&root, "", "source_application_table"),
    };
    check_keys(&root, "", ROOT_KEYS, reader.problems);
    Some(Contract {
        source,
        root_element: reader.text(&root, "", "xml_root_element"),
        target_schema: reader
            .optional_text(&root, "", "target_schema")
            .unwrap_or_else(|| "dbo".to_owned()),
        application_path: reader.path(&root, "", "xml_application_path"),
        insertion_order: reader.texts(&root, "", "table_insertion_order"),
        rules: reader.rules(&root),
        relationships: reader.each(&root, "", "relationships", Reader::relationship),
        mappings: reader.each(&root, "", "mappings", Reader::mapping),
        enums: reader.enums(&root),
        char_to_bit: reader.bits(&root, "char_to_bit"),
        boolean_to_bit: reader.bits(&root, "boolean_to_bit"),
    })
}

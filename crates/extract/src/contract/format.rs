//! The contract format as others read it.

/// The JSON Schema (draft 2020-12) of the contract format, with a description of every key.
///
/// It is never stricter than [`crate::Plan::from_json`], which also checks how the parts of a contract fit together.
pub const CONTRACT_FORMAT: &str = include_str!("../../contract.schema.json");

/// The same for format 2 of the contract.
pub const CONTRACT_FORMAT_2: &str = include_str!("../../contract-2.schema.json");

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value as Json;

    use super::CONTRACT_FORMAT;
    use crate::contract::spelling::{
        DATA_TYPES, FILTERING_KEYS, KEEPS, MAPPING_KEYS, OFFSETS, RELATIONSHIP_KEYS, ROOT_KEYS,
        RULE_KEYS, RULE_KINDS, WHENS,
    };
    use crate::contract::steps;

    fn schema() -> Json {
        serde_json::from_str(CONTRACT_FORMAT).expect("the schema is JSON")
    }

    fn at(pointer: &str) -> Json {
        let schema = schema();
        schema.pointer(pointer).unwrap_or_else(|| panic!("nothing at {pointer}")).clone()
    }

    #[test]
    fn keys_are_those_that_are_read() {
        for (pointer, known) in [
            ("", ROOT_KEYS),
            ("/properties/element_filtering", FILTERING_KEYS),
            ("/$defs/rule", RULE_KEYS),
            ("/$defs/relationship", RELATIONSHIP_KEYS),
            ("/$defs/mapping", MAPPING_KEYS),
        ] {
            let object = at(pointer);
            let properties = object["properties"].as_object().expect("properties");
            let published: BTreeSet<&str> = properties.keys().map(String::as_str).collect();
            assert_eq!(published, known.iter().copied().collect(), "{pointer}");
            for (key, property) in properties {
                assert!(property["description"].is_string(), "{pointer}: {key} has no description");
            }
            assert_eq!(object["additionalProperties"], false, "{pointer}");
        }
    }

    #[test]
    fn words_are_those_that_are_read() {
        let words = |words: Vec<&'static str>| BTreeSet::from_iter(words);
        let kinds = RULE_KINDS.iter().map(|(word, _)| *word).collect();
        let keeps = KEEPS.iter().map(|(word, _)| *word).collect();
        let offsets = OFFSETS.iter().map(|(word, _)| *word).collect();
        let whens = WHENS.iter().map(|(word, _)| *word).collect();
        for (pointer, known) in [
            ("/$defs/rule/properties/element_type/anyOf/0/enum", words(kinds)),
            ("/$defs/rule/properties/keep/enum", words(keeps)),
            ("/properties/time_offsets/enum", words(offsets)),
            ("/$defs/mapping/properties/when/enum", words(whens)),
            ("/$defs/mapping/properties/data_type/anyOf/0/enum", words(DATA_TYPES.to_vec())),
        ] {
            let published = at(pointer);
            let published = published.as_array().expect("a list").iter().filter_map(Json::as_str);
            assert_eq!(published.collect::<BTreeSet<&str>>(), known, "{pointer}");
        }
    }

    #[test]
    fn mapping_types_are_those_that_are_read() {
        let step = at("/$defs/step").to_string();
        let is_part = |letter: char| letter.is_ascii_lowercase() || letter == '_';
        let published: BTreeSet<&str> =
            step.split(|letter| !is_part(letter)).filter(|word| word.len() > 3).collect();
        let mut known: BTreeSet<&str> = steps::NAMES.into_iter().collect();
        // Words of the schema itself.
        known.extend(["type", "string", "pattern"]);
        let missing: Vec<_> = known.difference(&published).collect();
        let unknown: Vec<_> = published.difference(&known).collect();
        assert!(missing.is_empty() && unknown.is_empty(), "{missing:?} {unknown:?}");
    }
}

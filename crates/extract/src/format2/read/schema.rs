//! The published JSON Schema has the keys and words that are read, and no others.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::column::{COLUMN_KEYS, ORIGIN_KEYS};
use super::{CODES_KEYS, DOCUMENT_KEYS, KEEPS, ROOT_KEYS, SOURCE_KEYS, TABLE_KEYS, TARGET_KEYS};
use crate::contract::CONTRACT_FORMAT_2;
use crate::reading::{Reading, Word};

fn at(pointer: &str) -> Json {
    let schema: Json = serde_json::from_str(CONTRACT_FORMAT_2).expect("the schema is JSON");
    schema.pointer(pointer).unwrap_or_else(|| panic!("nothing at {pointer}")).clone()
}

fn words(pointer: &str) -> Vec<String> {
    let list = at(&format!("{pointer}/enum"));
    let words = list.as_array().expect("a list").iter();
    words.map(|word| word.as_str().expect("a word").to_owned()).collect()
}

#[test]
fn keys_are_those_that_are_read() {
    for (pointer, known) in [
        ("", ROOT_KEYS),
        ("/properties/source", SOURCE_KEYS),
        ("/properties/target", TARGET_KEYS),
        ("/properties/document", DOCUMENT_KEYS),
        ("/$defs/table", TABLE_KEYS),
        ("/$defs/column/anyOf/1", COLUMN_KEYS),
        ("/$defs/alternative", ORIGIN_KEYS),
        ("/$defs/reading", Reading::KEYS),
        ("/$defs/codes", CODES_KEYS),
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
    let keeps: Vec<&str> = KEEPS.iter().map(|(word, _)| *word).collect();
    assert_eq!(words("/$defs/table/properties/keep"), keeps);
    assert_eq!(words("/$defs/pick"), keeps);
    for key in ["dates", "numbers", "decimal", "offsets", "empty", "binary", "attributes", "texts"]
    {
        // What is refused names all words that there are.
        let refused = Reading::default().set(key, &Word::Text("?")).expect_err(key);
        let known: BTreeSet<&str> = refused.split('"').skip(1).step_by(2).collect();
        let published = words(&format!("/$defs/reading/properties/{key}"));
        assert_eq!(published.iter().map(String::as_str).collect::<BTreeSet<_>>(), known, "{key}");
    }
}

//! The JSON Schema of format 2 and the reader agree about contracts: the examples, and what is wrong in small ways.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use std::path::Path;

use serde_json::{Value as Json, json};
use xmlx_extract::{CONTRACT_FORMAT_2, Plan};

fn schema() -> jsonschema::Validator {
    let schema: Json = serde_json::from_str(CONTRACT_FORMAT_2).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

fn is_valid(contract: &Json) -> Result<(), String> {
    schema().validate(contract).map_err(|err| format!("{}: {err}", err.instance_path()))
}

fn is_read(contract: &Json) -> Result<(), String> {
    Plan::from_json(&contract.to_string()).map(drop).map_err(|err| err.to_string())
}

#[test]
fn examples_are_valid() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut n_contracts = 0;
    for entry in std::fs::read_dir(examples).unwrap() {
        let path = entry.unwrap().path().join("contract.toml");
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        let contract: Json = toml::from_str(&text).unwrap();
        is_valid(&contract).unwrap_or_else(|err| panic!("{}: {err}", path.display()));
        // The same as JSON.
        is_read(&contract).unwrap_or_else(|err| panic!("{}: {err}", path.display()));
        n_contracts += 1;
    }
    assert!(n_contracts >= 5, "only {n_contracts} examples");
}

fn contract() -> Json {
    json!({
        "$schema": "contract-2.schema.json",
        "format": 2,
        "source": { "table": "dbo.t", "document": "d", "id": "i", "applications": "a" },
        "target": { "schema": "s", "id": "app_id" },
        "document": { "id": "/a/@id" },
        "namespaces": { "p": "urn:p", "q": ["urn:1", "urn:2"] },
        "let": { "B": "/a/b" },
        "reading": { "dates": "mdy", "decimal": "comma", "offsets": "utc", "yes": ["ja"], "no": "nein",
            "empty": "text", "trim": false, "binary": "hex" },
        "codes": { "c": { "map": { "A": 1, "B": "two" }, "unknown": "default", "default": 9, "any_case": true } },
        "table": [
            { "name": "a", "rows": "/a", "_remark": 1, "columns": {
                "one": "@one",
                "two": { "from": "@two", "codes": "c", "required": true, "type": "int" },
                "three": { "all": ["x", "y"], "join": ", " },
                "four": { "value": 4 }
            } },
            { "name": "b", "parent": "a", "rows": ["$B", "/a/c"], "key": "n", "keep": "last", "prefer": ["@x"],
                "when": "@y", "columns": {
                "n": "@n",
                "e": { "enclosing": "a.one" },
                "f": { "from": [{ "when": "@x", "value": "X" }, "@z", { "from": "w", "pick": "first" }],
                    "squeeze": true, "digits": true, "on_error": "fail", "default": 0 },
                "g": { "expr": "UPPER(@n)", "reading": { "empty": "null" } },
                "h": { "from": "k", "pick": "first", "negate_where": "@m", "type": "int" }
            } }
        ]
    })
}

#[test]
fn schema_and_reader_refuse_the_same() {
    let whole = contract();
    is_valid(&whole).unwrap();
    is_read(&whole).unwrap();
    let table = "/table/1";
    for (pointer, value) in [
        ("/format", json!(3)),
        ("/source/table", json!("")),
        ("/source/document", json!(1)),
        ("/source/tabel", json!("t")),
        ("/target/schema", json!([])),
        ("/reading/dates", json!("usa")),
        ("/reading/trim", json!("yes")),
        ("/reading/date", json!("iso")),
        ("/codes/c/unknown", json!("ignore")),
        ("/codes/c/map", json!("A")),
        ("/namespaces/p", json!(1)),
        ("/let/B", json!(["/a"])),
        ("/table", json!([])),
        (&format!("{table}/rows"), json!(1)),
        (&format!("{table}/keep"), json!("all")),
        (&format!("{table}/colums"), json!({})),
        (&format!("{table}/columns/n"), json!({})),
        (&format!("{table}/columns/n"), json!({ "from": "@n", "value": 1 })),
        (&format!("{table}/columns/n"), json!({ "from": "@n", "form": "@n" })),
        (&format!("{table}/columns/n"), json!({ "position": false })),
        (&format!("{table}/columns/n"), json!({ "enclosing": 1 })),
        (&format!("{table}/columns/h/pick"), json!("any")),
        (&format!("{table}/columns/f/on_error"), json!("warn")),
        (&format!("{table}/columns/f/from"), json!([])),
        (&format!("{table}/columns/f/from/0/wehn"), json!("@x")),
    ] {
        let mut wrong = whole.clone();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        let parent = wrong.pointer_mut(parent).unwrap();
        parent.as_object_mut().unwrap().insert(key.to_owned(), value.clone());
        assert!(is_valid(&wrong).is_err(), "the schema takes {pointer} = {value}");
        assert!(is_read(&wrong).is_err(), "the reader takes {pointer} = {value}");
    }
}

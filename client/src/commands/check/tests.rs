//! The published format takes every good contract and refuses only what the reader refuses.

mod format;

use std::path::Path;

use serde_json::{Value as Json, json};
use xmlx_extract::Plan;

use super::check_alone;

fn places(contract: &Json) -> Vec<String> {
    format::check(contract).into_iter().map(|it| it.place).collect()
}

fn check_good(name: &str, text: &str) {
    let json: Json = serde_json::from_str(text).unwrap_or_else(|err| panic!("{name}: {err}"));
    let findings = format::check(&json);
    assert!(findings.is_empty(), "{name}: {findings:?}");
    if let Err(errors) = Plan::from_json(text) {
        panic!("{name}: {errors}");
    }
}

/// The blocks of the page that are whole contracts.
fn contracts_of_the_page() -> Vec<&'static str> {
    let page = include_str!("../../../../docs/contract-1.md");
    let blocks = page.split("```json\n").skip(1);
    let blocks = blocks.map(|block| block.split("\n```").next().unwrap_or_default());
    blocks.filter(|block| block.contains("\"xml_root_element\"")).collect()
}

#[test]
fn good_contracts_are_of_the_format() {
    for (line, contract) in xmlx_samples::contracts() {
        check_good(line.name(), contract);
    }
    let of_the_page = contracts_of_the_page();
    assert_eq!(of_the_page.len(), 2, "contracts in docs/contract-1.md");
    for contract in of_the_page {
        check_good("docs/contract-1.md", contract);
    }
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/golden/contracts");
    for entry in golden.read_dir().into_iter().flatten() {
        let path = entry.unwrap().path();
        check_good(&path.display().to_string(), &std::fs::read_to_string(&path).unwrap());
    }
}

/// The contract of the page with rows of every kind.
fn good() -> Json {
    serde_json::from_str(contracts_of_the_page()[1]).unwrap()
}

/// Changes a good contract at a JSON pointer; `None` takes the key away.
fn changed(pointer: &str, value: Option<Json>) -> Json {
    let mut contract = good();
    let (above, key) = pointer.rsplit_once('/').unwrap();
    match (contract.pointer_mut(above).unwrap(), value) {
        (Json::Object(object), Some(value)) => drop(object.insert(key.to_owned(), value)),
        (Json::Object(object), None) => drop(object.remove(key).unwrap()),
        (Json::Array(items), Some(value)) => items[key.parse::<usize>().unwrap()] = value,
        (other, _) => panic!("nothing can be changed at {pointer}: {other}"),
    }
    contract
}

const RULE: &str = "/element_filtering/filter_rules/1";
const TIE: &str = "/relationships/1";
const COLUMN: &str = "/mappings/1";
const NUMBER: &str = "/mappings/3";
const ROW: &str = "/mappings/9";

/// A JSON pointer to an object, a key of it, its new value and the place that is reported.
type Mutation = (&'static str, &'static str, Option<Json>, &'static str);

fn check_refused(mutations: impl IntoIterator<Item = Mutation>) {
    for (above, key, value, place) in mutations {
        let pointer = format!("{above}/{key}");
        let contract = changed(&pointer, value);
        let found = places(&contract);
        assert!(
            found.iter().any(|it| it.starts_with(place)),
            "{pointer}: the format finds {found:?}, not {place}"
        );
        let errors = Plan::from_json(&contract.to_string()).expect_err(&pointer);
        let read: Vec<&str> = errors.problems().iter().map(|it| it.path.as_str()).collect();
        assert!(read.contains(&place), "{pointer}: the reader finds {read:?}, not {place}");
        let told = check_alone(&contract.to_string(), xmlx_extract::Limits::default()).1;
        assert_eq!(told.len(), read.len(), "{pointer}: {told:?}");
    }
}

#[test]
fn what_the_format_refuses_of_the_contract_the_reader_refuses() {
    check_refused([
        ("", "source_table", None, "source_table"),
        ("", "source_table", Some(json!(" ")), "source_table"),
        ("", "source_table", Some(json!(7)), "source_table"),
        ("", "source_tabel", Some(json!("x")), "source_tabel"),
        ("", "target_schema", Some(json!(["dbo"])), "target_schema"),
        ("", "xml_application_path", Some(json!("/Order//Fleet")), "xml_application_path"),
        ("", "table_insertion_order", Some(json!("fleet")), "table_insertion_order"),
        ("", "table_insertion_order", Some(json!(["fleet", 5])), "table_insertion_order[1]"),
        ("", "element_filtering", None, "element_filtering"),
        ("", "element_filtering", Some(json!([])), "element_filtering"),
        ("/element_filtering", "filter_rule", Some(json!([])), "element_filtering.filter_rule"),
        ("", "relationships", Some(json!({})), "relationships"),
        ("", "mappings", None, "mappings"),
        ("", "enum_mappings", Some(json!([])), "enum_mappings"),
        ("", "enum_mappings", Some(json!({ "a": { "X": {} } })), "enum_mappings.a[\"X\"]"),
        ("", "bit_conversions", Some(json!("Y")), "bit_conversions"),
        (
            "",
            "bit_conversions",
            Some(json!({ "char_to_bit": { "Y": 2 } })),
            "bit_conversions.char_to_bit[\"Y\"]",
        ),
    ]);
}

#[test]
fn what_the_format_refuses_of_rules_and_relationships_the_reader_refuses() {
    check_refused([
        (
            RULE,
            "element_type",
            Some(json!("rows")),
            "element_filtering.filter_rules[1].element_type",
        ),
        (RULE, "xml_child_path", None, "element_filtering.filter_rules[1].xml_child_path"),
        (RULE, "kee", Some(json!("last")), "element_filtering.filter_rules[1].kee"),
        (RULE, "keep", Some(json!("latest")), "element_filtering.filter_rules[1].keep"),
        (RULE, "key", Some(json!("code")), "element_filtering.filter_rules[1].key"),
        (RULE, "key", Some(json!([1])), "element_filtering.filter_rules[1].key[0]"),
        (
            RULE,
            "required_attributes",
            Some(json!({ "code": "yes" })),
            "element_filtering.filter_rules[1].required_attributes.code",
        ),
        (TIE, "foreign_key_column", Some(json!([])), "relationships[1].foreign_key_column"),
        (TIE, "foreign_key_column", Some(json!(5)), "relationships[1].foreign_key_column"),
        (TIE, "parent_table", None, "relationships[1].parent_table"),
        (TIE, "parent", Some(json!("x")), "relationships[1].parent"),
    ]);
}

#[test]
fn what_the_format_refuses_of_mappings_the_reader_refuses() {
    check_refused([
        (COLUMN, "xml_path", None, "mappings[1].xml_path"),
        (COLUMN, "xml_attribute", Some(json!("")), "mappings[1].xml_attribute"),
        (COLUMN, "target_table", None, "mappings[1].target_table"),
        (COLUMN, "data_type", Some(json!("varchar")), "mappings[1].data_type"),
        (COLUMN, "data_type", None, "mappings[1].data_type"),
        (COLUMN, "data_length", Some(json!("50")), "mappings[1].data_length"),
        (COLUMN, "data_length", Some(json!(-2)), "mappings[1].data_length"),
        (COLUMN, "nullable", Some(json!("yes")), "mappings[1].nullable"),
        (COLUMN, "nulable", Some(json!(true)), "mappings[1].nulable"),
        (COLUMN, "default_value", Some(json!([])), "mappings[1].default_value"),
        (COLUMN, "expression", Some(json!(1)), "mappings[1].expression"),
        (COLUMN, "mapping_type", Some(json!(5)), "mappings[1].mapping_type"),
        (COLUMN, "mapping_type", Some(json!(["number_only"])), "mappings[1].mapping_type"),
        (COLUMN, "mapping_type", Some(json!(["add_score"])), "mappings[1].mapping_type"),
        (COLUMN, "mapping_type", Some(json!(["row_group(2)"])), "mappings[1].mapping_type"),
        (COLUMN, "mapping_type", Some(json!(["warranty_field(x)"])), "mappings[1].mapping_type"),
        (COLUMN, "mapping_type", Some(json!([true])), "mappings[1].mapping_type"),
        (NUMBER, "target_table", Some(json!(null)), "mappings[3].target_table"),
        (ROW, "row", None, "mappings[9].row"),
        (ROW, "row", Some(json!([])), "mappings[9].row"),
        (ROW, "row", Some(json!({})), "mappings[9].row"),
        (ROW, "row", Some(json!({ "name": {} })), "mappings[9].row.name"),
        (ROW, "when", Some(json!("often")), "mappings[9].when"),
        (ROW, "key", Some(json!("name")), "mappings[9].key"),
    ]);
}

/// What the reader takes in more than one spelling the format takes, too.
#[test]
fn what_the_reader_takes_the_format_takes() {
    for (pointer, value) in [
        ("/target_schema", json!(null)),
        ("/_remark", json!({ "anything": [] })),
        ("/$schema", json!("contract.schema.json")),
        ("/enum_mappings", json!(null)),
        ("/bit_conversions", json!({ "char_to_bit": { "Y": "1", "N": 0, "U": true } })),
        ("/element_filtering/filter_rules/1/element_type", json!(" row ")),
        ("/element_filtering/filter_rules/1/keep", json!(null)),
        ("/element_filtering/filter_rules/1/required_attributes", json!(null)),
        ("/element_filtering/filter_rules/1/xml_parent_path", json!(5)),
        ("/mappings/1/data_type", json!(" STRING ")),
        ("/mappings/1/data_length", json!(-1)),
        ("/mappings/1/nullable", json!(null)),
        ("/mappings/1/required", json!("perhaps")),
        ("/mappings/1/mapping_type", json!("extract_date, numbers_only")),
        ("/mappings/1/mapping_type", json!(["", " numbers_only "])),
        ("/mappings/1/default_value", json!(5)),
        ("/mappings/3/xml_path", json!(7)),
        ("/mappings/9/row", json!({ "name": "$attribute", "value": null })),
        ("/mappings/9/mapping_type", json!(["numbers_only", " add_row() "])),
    ] {
        let contract = changed(pointer, Some(value.clone()));
        if let Err(errors) = Plan::from_json(&contract.to_string()) {
            panic!("{pointer} {value}: {errors}");
        }
        assert_eq!(places(&contract), [""; 0], "{pointer} {value}");
    }
}

#[test]
fn text_that_is_no_json_is_reported_once() {
    for text in ["{", "[]", "null"] {
        let (plan, findings) = check_alone(text, xmlx_extract::Limits::default());
        assert!(plan.is_none());
        assert_eq!(findings.len(), 1, "{text}: {findings:?}");
    }
}

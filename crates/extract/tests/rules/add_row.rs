//! Rows that one value makes, and rows that several make together.

use serde_json::{Value as Json, json};
use xmlx_extract::{DataType, Plan};

use crate::contract::{base, document, mapping, plan, rows};

const LOAN: &str = "/Msg/Req/loan";

fn row(attribute: &str, data_type: &str, more: Json) -> Json {
    let mut mapping = mapping(LOAN, attribute, "notes", data_type, more);
    if mapping["mapping_type"].is_null() {
        mapping["mapping_type"] = json!(["add_row"]);
    }
    mapping
}

fn check(mappings: &[Json], attributes: &str, expected: &str) {
    let shown = rows(&plan(mappings), &document(attributes, ""), "notes");
    assert_eq!(shown.replace("loan_id=7 ", ""), expected, "{attributes}");
}

#[test]
fn what_columns_get() {
    let all = row(
        "a",
        "string",
        json!({ "row": {
            "v": "$value", "n": "[$attribute]", "e": "$element/$attribute", "o": "$@other", "l": " as is ",
            "dollar": "$$5", "int": 5, "dec": 1.50, "flag": true, "none": null, "empty": "",
        } }),
    );
    check(
        &[all],
        "a=' x ' OTHER='y'",
        "dec=1.5 dollar='$5' e='loan/a' flag=true int=5 l='as is' n='[a]' o='y' v='x'",
    );
}

#[test]
fn attributes_beside_a_value_are_of_its_element() {
    let with = |path: &str, step: &str, what: &str| {
        let row = json!({ "row": { "v": "$value", "beside": "$@note" } });
        let mut mapping = mapping(path, what, "notes", "string", row);
        mapping["mapping_type"] = json!([step, "add_row"]);
        plan(&[mapping])
    };
    let party = "/Msg/Req/loan/party";
    let home = "/Msg/Req/loan/party/home";
    let xml = document(
        "",
        "<party pid='1' kind='MAIN' nick='m' note='of main'>\
           <home type='NOW' note='none'/><home type='NOW' city='M' note='of M'/></party>\
         <party pid='2' kind='CO' nick='c' note='of co'><home type='NOW' city='C'/></party>\
         <party pid='3' kind='OTHER' nick='o' note='of other'><home city='O' note='of O'/></party>",
    );
    for (path, step, what, expected) in [
        (party, "last_valid_pr_contact", "nick", "loan_id=7 beside='of main' v='m'"),
        (party, "authu_contact", "nick", "loan_id=7 beside='of co' v='c'"),
        (home, "last_valid_pr_contact", "city", "loan_id=7 beside='of M' v='M'"),
        (home, "last_valid_sec_contact", "city", "loan_id=7 v='C'"),
    ] {
        assert_eq!(rows(&with(path, step, what), &xml, "notes"), expected, "{path} {step}");
    }
}

#[test]
fn when_a_value_makes_a_row() {
    for (when, data_type, rows) in [
        (json!(null), "string", [("a=''", false), ("a='x'", true), ("a='null'", true)]),
        (json!("filled"), "int", [("a='n/a'", false), ("a='0'", true), ("", false)]),
        (json!("known"), "string", [("a='NULL'", false), ("a='none'", false), ("a='x'", true)]),
        (json!("number"), "string", [("a='1,200.5'", true), ("a='x'", false), ("", false)]),
        (json!("number"), "decimal", [("a='$3'", true), ("a='x'", false), ("", false)]),
        (json!("true"), "string", [("a='Yes'", true), ("a='1'", true), ("a='no'", false)]),
        (json!("true"), "bit", [("a='x'", true), ("a='0'", false), ("", false)]),
        (json!("always"), "string", [("a=''", true), ("a='x'", true), ("", true)]),
    ] {
        for (attributes, expected) in rows {
            let mapping = row("a", data_type, json!({ "row": { "l": 1 }, "when": when }));
            check(&[mapping], attributes, if expected { "l=1" } else { "" });
        }
    }
}

#[test]
fn values_are_made_as_for_any_column() {
    let with = |data_type: &str, more: Json| {
        let mut mapping = row("a", data_type, more);
        mapping["row"] = json!({ "v": "$value" });
        mapping
    };
    let steps = json!({ "mapping_type": ["enum", "add_row"], "enum_name": "when" });
    check(&[with("smallint", steps)], "a='now'", "v=1");
    check(&[with("string", json!({ "data_length": 2 }))], "a='abc'", "v='ab'");
    check(&[with("int", json!({ "default_value": "9" }))], "", "v=9");
    check(&[with("decimal", json!({}))], "a='1.005'", "v=1.01");
    let calculated = json!({
        "mapping_type": ["calculated_field", "add_row"], "expression": "loan.a + 1",
    });
    check(&[with("int", calculated)], "a='4'", "v=5");
    let shown = rows(&plan(&[with("tinyint", json!({}))]), &document("a='300'", ""), "notes");
    assert_eq!(shown, "mapping: the value of `notes.v` is outside of tinyint, 0 to 255");
}

#[test]
fn the_last_row_of_a_key_counts() {
    let with = |attribute: &str, key: Json| {
        row(attribute, "string", json!({ "row": { "k": "one", "v": "$value" }, "key": key }))
    };
    let both = |key: Json| [with("a", key.clone()), with("b", key)];
    check(&both(json!(["k"])), "a='x' b='y'", "k='one' v='y'");
    check(&both(json!(["k"])), "a='x'", "k='one' v='x'");
    check(&both(json!([])), "a='x' b='y'", "k='one' v='x' | k='one' v='y'");
    check(&both(json!(["v", "k"])), "a='x' b='x'", "v='x' k='one'");
}

/// The types of the reference are cases: the same rows come of `add_row`.
#[test]
fn special_types_are_cases_of_it() {
    let attributes = "a='700.5' b='y' c='none' d='N-1' e='text'";
    for (attribute, data_type, special, general) in [
        (
            "a",
            "int",
            "add_score(V4)",
            json!({ "row": { "score_identifier": "V4", "score": "$value" }, "when": "number",
                    "key": ["score_identifier"] }),
        ),
        (
            "b",
            "string",
            "add_indicator(fraud)",
            json!({ "row": { "indicator": "fraud", "value": "1" }, "when": "true", "key": ["indicator"] }),
        ),
        (
            "d",
            "string",
            "add_history",
            json!({ "row": { "name": "[$attribute]", "source": "[$element]", "value": "$value" },
                    "when": "known", "key": ["name", "source"] }),
        ),
        (
            "c",
            "string",
            "add_history",
            json!({ "row": { "name": "[$attribute]", "source": "[$element]", "value": "$value" },
                    "when": "known", "key": ["name", "source"] }),
        ),
        (
            "d",
            "string",
            "add_report_lookup(IDV)",
            json!({ "row": { "name": "$attribute", "value": "$value", "source_report_key": "IDV" },
                    "key": ["name"] }),
        ),
        (
            "d",
            "string",
            "policy_exceptions(630)",
            json!({ "row": { "policy_exception_type_enum": 630, "reason_code": "$value", "notes": null },
                    "key": ["policy_exception_type_enum"] }),
        ),
    ] {
        let special = plan(&[row(attribute, data_type, json!({ "mapping_type": [special] }))]);
        let general = plan(&[row(attribute, data_type, general)]);
        let cells = |plan: &Plan| {
            let shown = rows(plan, &document(attributes, ""), "notes");
            let mut cells: Vec<String> = shown.split(' ').map(str::to_owned).collect();
            cells.sort();
            cells
        };
        assert_eq!(cells(&special), cells(&general));
        let mut columns =
            [&special, &general].map(|plan| plan.tables().last().expect("notes").columns.clone());
        for columns in &mut columns {
            columns.sort_by(|left, right| left.name.cmp(&right.name));
        }
        assert_eq!(columns[0], columns[1]);
    }
}

#[test]
fn a_column_has_the_type_of_what_it_gets() {
    let with = |attribute: &str, data_type: &str, value: Json| {
        row(attribute, data_type, json!({ "row": { "v": value }, "when": "filled" }))
    };
    let types =
        |mappings: &[Json]| plan(mappings).tables().last().expect("notes").columns[1].data_type;
    let nothing = || with("a", "string", json!(null));
    let int = || with("b", "int", json!("$value"));
    assert_eq!(types(&[nothing(), int()]), DataType::Int);
    assert_eq!(types(&[int(), nothing()]), DataType::Int);
    assert_eq!(types(&[with("a", "string", json!(5)), int()]), DataType::Int);
    assert_eq!(types(&[int(), with("a", "string", json!(5_000_000_000_i64))]), DataType::BigInt);
    assert_eq!(types(&[nothing()]), DataType::Text { units_max: None });
}

#[test]
fn general_and_special_rows_share_a_table() {
    let mappings = [
        row("a", "int", json!({ "mapping_type": ["add_score(V4)"] })),
        row(
            "b",
            "int",
            json!({ "row": { "score": "$value", "score_identifier": "$attribute" }, "when": "number",
                    "key": ["score_identifier"] }),
        ),
    ];
    check(&mappings, "a='7' b='8'", "score_identifier='V4' score=7 | score_identifier='b' score=8");
}

#[test]
fn rows_that_several_mappings_make() {
    let slot = |attribute: &str, column: &str, data_type: &str, n: u32, more: Json| {
        let mut mapping = mapping(LOAN, attribute, &format!("goods.{column}"), data_type, more);
        mapping["mapping_type"] = json!([format!("row_group(slot_no={n})")]);
        mapping
    };
    let plan = plan(&[
        slot("make1", "make", "string", 1, json!({ "default_value": "NONE" })),
        slot("worth1", "worth", "decimal", 1, json!({ "nullable": false })),
        slot("make2", "make", "string", 2, json!({})),
        slot("worth2", "worth", "decimal", 2, json!({})),
    ]);
    let shown = |attributes: &str| rows(&plan, &document(attributes, ""), "goods");
    assert_eq!(shown(""), "");
    assert_eq!(
        shown("worth1='0' worth2='5'"),
        "loan_id=7 slot_no=1 make='NONE' worth=0.00 | loan_id=7 slot_no=2 worth=5.00"
    );
    assert_eq!(
        shown("make1='M'"),
        "mapping: `goods.worth` must have a value and has neither one nor a default"
    );
}

/// Checks the problems of a contract with more mappings.
fn problems(mappings: &[Json], expected: &[&str]) {
    let mut contract = base();
    contract["mappings"].as_array_mut().expect("a list").extend_from_slice(mappings);
    let err = Plan::from_json(&contract.to_string()).expect_err("problems");
    let shown: Vec<String> =
        err.problems().iter().map(|it| format!("{}: {}", it.path, it.reason)).collect();
    assert_eq!(shown, expected);
}

#[test]
fn mistakes_in_rows() {
    problems(
        &[row("a", "int", json!({}))],
        &["mappings[7].row: `add_row` needs the columns of its row"],
    );
    problems(&[row("a", "int", json!({ "row": [] }))], &["mappings[7].row: not an object"]);
    problems(
        &[row(
            "a",
            "int",
            json!({ "row": { "x": "$valeu", "y": {} }, "key": ["z"], "when": "often" }),
        )],
        &[
            "mappings[7].row.x: `$` that begins no known word",
            "mappings[7].row.y: neither a text nor a number",
            "mappings[7].key: `row` has no column `z`",
            "mappings[7].when: there is no `often` for `when`",
        ],
    );
    problems(
        &[mapping(LOAN, "a", "loan_terms.a", "int", json!({ "row": { "x": 1 }, "when": "true" }))],
        &[
            "mappings[7].row: `row` is for the mapping type `add_row`",
            "mappings[7].when: `when` is for the mapping type `add_row`",
        ],
    );
    problems(
        &[
            row("a", "int", json!({ "row": { "x": 1, "y": "$value" } })),
            row("a", "int", json!({ "row": { "x": 1 } })),
        ],
        &["mappings[8].mapping_type: the other mappings of `notes` make rows in another way"],
    );
    problems(
        &[
            row("a", "int", json!({ "row": { "x": 1, "y": "$value" } })),
            row("a", "date", json!({ "row": { "x": 70000, "y": "$value" } })),
        ],
        &["mappings[8].row.y: this is date, but `y` is int in another mapping"],
    );
    let group = |steps: &str, column: &str| {
        mapping(LOAN, "a", &format!("goods.{column}"), "int", json!({ "mapping_type": [steps] }))
    };
    problems(
        &[group("row_group(slot=1)", "a"), group("row_group(place=1)", "a")],
        &["mappings[8].mapping_type: the other mappings of `goods` make rows in another way"],
    );
    problems(
        &[group("row_group(slot=70000)", "slot")],
        &[
            "mappings[7].mapping_type: `70000` is outside of smallint",
            "mappings[7].target_column: `slot` is the number of the row",
        ],
    );
    problems(
        &[group("row_group(1)", "a")],
        &["mappings[7].mapping_type: `row_group` needs a column and a number in brackets"],
    );
}

//! What is said of contracts that cannot be used.

use crate::contract::{base, mapping};
use serde_json::{Value as Json, json};
use xmlx_extract::{DataType, Plan};

/// Checks the problems of a contract that has been changed.
fn check(change: impl Fn(&mut Json), expected: &[&str]) {
    let mut contract = base();
    change(&mut contract);
    let shown: Vec<String> = match Plan::from_json(&contract.to_string()) {
        Ok(_) => Vec::new(),
        Err(err) => err
            .problems()
            .iter()
            .map(|problem| format!("{}: {}", problem.path, problem.reason))
            .collect(),
    };
    assert_eq!(shown, expected);
}

fn add(contract: &mut Json, mapping: Json) {
    contract["mappings"].as_array_mut().expect("mappings").push(mapping);
}

#[test]
fn the_contract_itself_is_fine() {
    check(|_| {}, &[]);
    let plan = Plan::from_json(&base().to_string()).expect("a contract");
    assert_eq!(plan.target_schema(), "lending");
    assert_eq!(plan.source().application_tables, ["loan"]);
    assert_eq!(plan.hash().len(), 64);
    let names: Vec<&str> = plan.tables().iter().map(|table| table.name.as_str()).collect();
    assert_eq!(names, ["loan_base", "party_base", "party_home", "party_job"]);
    let columns = &plan.tables()[1].columns;
    assert_eq!(
        (columns[0].name.as_str(), columns[0].identity, columns[0].nullable),
        ("party_id", true, false)
    );
    assert_eq!((columns[1].name.as_str(), columns[1].identity), ("loan_id", false));
    assert_eq!(columns[2].data_type, DataType::Text { units_max: Some(5) });
}

#[test]
fn no_json() {
    let problem =
        |text: &str| Plan::from_json(text).expect_err("no contract").problems()[0].reason.clone();
    assert!(problem("{").starts_with("the contract is no JSON: "));
    assert_eq!(problem("[]"), "the contract is no JSON object");
    assert!(Plan::from_json("{}").expect_err("no contract").problems().len() > 5);
}

#[test]
fn all_problems_at_once() {
    check(
        |contract| {
            contract["source_table"] = json!("");
            contract["mappings"][2]["data_type"] = json!("varchar");
            contract["mappings"][3]["enum_name"] = json!("where");
        },
        &[
            "source_table: `source_table` is empty",
            "mappings[2].data_type: `varchar` is no data type",
            "mappings[3].mapping_type: there is no enum `where`",
        ],
    );
}

#[test]
fn mistakes_in_mappings() {
    let with = |more: Json| {
        move |contract: &mut Json| {
            add(contract, mapping("/Msg/Req/loan", "a", "loan_terms.x", "int", more.clone()))
        }
    };
    check(
        with(json!({ "default_value": "soon" })),
        &["mappings[7].default_value: this is no value of int"],
    );
    check(
        with(
            json!({ "mapping_type": ["calculated_field"], "expression": "CASE WHEN a > THEN 1 END" }),
        ),
        &["mappings[7].expression: at 15: expected a value, found `THEN`"],
    );
    check(
        with(json!({ "mapping_type": ["calculated_field"] })),
        &["mappings[7].expression: `calculated_field` needs an expression"],
    );
    // Without the mapping type the expression is not used.
    check(with(json!({ "expression": "((" })), &[]);
    check(
        with(json!({ "mapping_type": ["add_score"] })),
        &["mappings[7].mapping_type: `add_score` needs a name in brackets"],
    );
    check(
        with(json!({ "target_table": "nowhere" })),
        &["mappings[7].target_table: `nowhere` is not in `table_insertion_order`"],
    );
    check(
        with(json!({ "xml_path": "/Msg//loan" })),
        &["mappings[7].xml_path: a path of elements has no empty names"],
    );
    check(
        with(json!({ "target_table": "loan_base", "target_column": "loan_id" })),
        &["mappings[7].target_column: `loan_base.loan_id` is mapped twice"],
    );
    check(with(json!({ "nullable": "yes" })), &["mappings[7].nullable: neither true nor false"]);
    check(
        |contract| {
            contract["enum_mappings"]["when"]["NOW"] = json!(70000);
        },
        &["enum_mappings.when[\"NOW\"]: this is no value of smallint"],
    );
}

#[test]
fn mistakes_in_tables_and_rules() {
    check(
        |contract| {
            contract["element_filtering"]["filter_rules"].as_array_mut().expect("rules").remove(0);
        },
        &[
            "element_filtering.filter_rules: there is no rule for `contact`",
            "element_filtering.filter_rules[0]: there is no table of contacts",
            "element_filtering.filter_rules[1]: there is no table of contacts",
        ],
    );
    check(
        |contract| contract["relationships"][1]["child_table"] = json!("elsewhere"),
        &["relationships[1].child_table: `elsewhere` is not in `table_insertion_order`"],
    );
    check(
        |contract| contract["relationships"][1]["foreign_key_column"] = json!("app"),
        &["relationships[1].foreign_key_column: `loan_base` is tied by two different columns"],
    );
    check(
        |contract| {
            contract["mappings"].as_array_mut().expect("mappings").remove(0);
        },
        &["mappings: no mapping gives `loan_base.loan_id`, the id of the application"],
    );
    check(
        |contract| {
            contract["relationships"].as_array_mut().expect("relationships").remove(1);
            add(contract, mapping("/Msg/Req/loan", "a", "loan_terms.x", "int", json!({})));
        },
        &["table_insertion_order[1]: `loan_terms` has no relationship"],
    );
}

/// Checks the one problem of a contract, and what is suggested.
fn check_suggestion(change: impl Fn(&mut Json), problem: &str, suggestion: &str) {
    let mut contract = base();
    change(&mut contract);
    let err = Plan::from_json(&contract.to_string()).expect_err(problem);
    let found = &err.problems()[0];
    assert_eq!(
        (format!("{}: {}", found.path, found.reason).as_str(), found.suggestion.as_str()),
        (problem, suggestion)
    );
    assert_eq!(err.problems().len(), 1, "{err}");
}

#[test]
fn misspelt_words() {
    check_suggestion(
        |contract| contract["mappings"][2]["mapping_type"] = json!(["number_only"]),
        "mappings[2].mapping_type: there is no mapping type `number_only`",
        "did you mean `numbers_only`?",
    );
    check_suggestion(
        |contract| contract["mappings"][2]["defualt_value"] = json!("x"),
        "mappings[2].defualt_value: there is no key `defualt_value`",
        "did you mean `default_value`?",
    );
    check_suggestion(
        |contract| contract["enum_mapping"] = json!({}),
        "enum_mapping: there is no key `enum_mapping`",
        "did you mean `enum_mappings`?",
    );
    check_suggestion(
        |contract| contract["relationships"][0]["priority"] = json!(1),
        "relationships[0].priority: there is no key `priority`",
        "remove it, or begin it with `_` to keep a remark",
    );
    check_suggestion(
        |contract| contract["mappings"][2]["data_type"] = json!("sting"),
        "mappings[2].data_type: `sting` is no data type",
        "did you mean `string`?",
    );
    check_suggestion(
        |contract| contract["mappings"][3]["enum_name"] = json!("wen"),
        "mappings[3].mapping_type: there is no enum `wen`",
        "did you mean `when`?",
    );
    check_suggestion(
        |contract| contract["mappings"][2]["target_table"] = json!("party_bas"),
        "mappings[2].target_table: `party_bas` is not in `table_insertion_order`",
        "did you mean `party_base`?",
    );
}

#[test]
fn keys_of_older_contracts_and_remarks() {
    check(
        |contract| {
            for key in ["validation_rules", "key_identifiers", "default_values", "contact_type"] {
                contract[key] = json!({});
                contract["mappings"][2][key] = json!([]);
            }
            contract["_remark"] = json!("ours");
            contract["description"] = json!("of the contract");
            contract["mappings"][2]["description"] = json!("of the mapping");
        },
        &[],
    );
}

#[test]
fn paths_outside_of_the_root() {
    check_suggestion(
        |contract| contract["xml_root_element"] = json!("Message"),
        "xml_root_element: `Message` is not the root of `xml_application_path`",
        "write `Msg`, or correct the path",
    );
    check_suggestion(
        |contract| add(contract, mapping("/Mgs/Req", "a", "loan_base.x", "int", json!({}))),
        "mappings[7].xml_path: `/Mgs/Req` is outside of the root element `Msg`",
        "begin it with `/Msg`",
    );
}

#[test]
fn children_before_their_parents() {
    check_suggestion(
        |contract| {
            contract["table_insertion_order"].as_array_mut().expect("a list").swap(0, 1);
        },
        "table_insertion_order[0]: `loan_terms` comes before its parent `loan_base`",
        "list `loan_base` first",
    );
}

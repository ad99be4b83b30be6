//! What is said of `row` rules that do not fit.

use serde_json::{Value as Json, json};
use xmlx_extract::Plan;

use crate::contract::{base, mapping};

const CAR: &str = "/Msg/Req/loan/car";

/// Checks the problems of a contract with cars and their extras that has been changed.
fn check(change: impl Fn(&mut Json), expected: &[&str]) {
    let mut contract = base();
    let extra = format!("{CAR}/extra");
    let rules = contract["element_filtering"]["filter_rules"].as_array_mut().expect("rules");
    rules.push(json!({ "element_type": "row", "xml_child_path": CAR }));
    rules.push(json!({ "element_type": "row", "xml_child_path": extra }));
    for (parent, child, key, path) in
        [("loan_base", "goods", "loan_id", CAR), ("goods", "covers", "vin", extra.as_str())]
    {
        contract["relationships"]
            .as_array_mut()
            .expect("a list")
            .retain(|it| it["child_table"] != child);
        contract["relationships"].as_array_mut().expect("a list").push(json!({
            "parent_table": parent, "child_table": child, "foreign_key_column": key,
            "xml_child_path": path,
        }));
    }
    contract["table_insertion_order"].as_array_mut().expect("a list").swap(10, 11);
    contract["mappings"].as_array_mut().expect("a list").extend([
        mapping(CAR, "vin", "goods.vin", "string", json!({})),
        mapping(&extra, "code", "covers.code", "string", json!({})),
    ]);
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

fn rule(contract: &mut Json, place: usize) -> &mut Json {
    &mut contract["element_filtering"]["filter_rules"][place]
}

/// The relationship of a child.
fn related<'c>(contract: &'c mut Json, child: &str) -> &'c mut Json {
    let relationships = contract["relationships"].as_array_mut().expect("a list");
    relationships.iter_mut().find(|it| it["child_table"] == child).expect("it is there")
}

#[test]
fn the_contract_itself_is_fine() {
    check(|_| {}, &[]);
}

#[test]
fn mistakes_in_rules() {
    let at = "element_filtering.filter_rules";
    check(
        |contract| rule(contract, 3)["element_type"] = json!("rwo"),
        &[
            &format!("{at}[3].element_type: `rwo` is no element type"),
            "relationships[5].parent_table: `goods` is neither the application's table nor one of a rule",
        ],
    );
    check(
        |contract| {
            rule(contract, 3)["key"] = json!(["vin", "colour"]);
            rule(contract, 3)["keep"] = json!("latest");
            rule(contract, 4)["keep"] = json!("last");
        },
        &[
            &format!("{at}[3].keep: there is no `latest` for `keep`"),
            &format!("{at}[4].keep: `keep` says nothing without a key"),
            &format!("{at}[3].key: no mapping reads `goods.colour`"),
        ],
    );
    check(
        |contract| {
            rule(contract, 3)["key"] = json!("vin");
            rule(contract, 4)["required_attributes"] = json!({ "code": "yes", "kind": [] });
        },
        &[
            &format!("{at}[3].key: not a list"),
            &format!("{at}[4].required_attributes.code: neither true nor a list"),
            &format!("{at}[4].required_attributes: no attribute has a list of values"),
        ],
    );
    check(
        |contract| rule(contract, 1)["key"] = json!(["city"]),
        &[&format!("{at}[1].key: `key` is for rules of type `row`")],
    );
    check(
        |contract| rule(contract, 4)["xml_child_path"] = json!(CAR),
        &[
            &format!("{at}[3].xml_child_path: another rule has these elements"),
            &format!("{at}[4].xml_child_path: another rule has these elements"),
        ],
    );
    check(
        |contract| rule(contract, 4)["xml_child_path"] = json!(format!("{CAR}/spare")),
        &[&format!("{at}[4].xml_child_path: no relationship has this path")],
    );
}

#[test]
fn mistakes_in_relationships() {
    check(
        |contract| related(contract, "loan_terms")["xml_child_path"] = json!(CAR),
        &[
            "element_filtering.filter_rules[3].xml_child_path: two relationships have this path",
            "relationships[5].parent_table: `goods` is neither the application's table nor one of a rule",
        ],
    );
    check(
        |contract| {
            related(contract, "covers")["parent_table"] = json!("party_base");
            related(contract, "covers")["foreign_key_column"] = json!("party_id");
        },
        &[
            "relationships[5].parent_table: the elements of `party_base` are not around those of the rule",
        ],
    );
    check(
        |contract| {
            related(contract, "covers")["parent_table"] = json!("loan_terms");
            related(contract, "covers")["foreign_key_column"] = json!("loan_id");
        },
        &[
            "relationships[5].parent_table: `loan_terms` is neither the application's table nor one of a rule",
        ],
    );
    check(
        |contract| related(contract, "covers")["foreign_key_column"] = json!(["loan_id", "no"]),
        &["element_filtering.filter_rules[4]: nothing is mapped to `goods.no`, its key"],
    );
    check(
        |contract| related(contract, "covers")["foreign_key_column"] = json!([]),
        &["relationships[5].foreign_key_column: `foreign_key_column` is empty"],
    );
    check(
        |contract| {
            for child in ["party_home", "party_job"] {
                related(contract, child)["foreign_key_column"] = json!(["loan_id", "party_id"]);
            }
        },
        &[
            "relationships[2].foreign_key_column: `party_base` has a key of one column",
            "relationships[3].foreign_key_column: `party_base` has a key of one column",
            "mappings: no mapping gives `party_base` its key",
        ],
    );
}

#[test]
fn mistakes_in_numbers() {
    let number = |table: &str, data_type: &str, steps: Json| {
        json!({
            "target_table": table, "target_column": "no", "data_type": data_type, "mapping_type": steps,
        })
    };
    let add = |mapping: Json| {
        move |contract: &mut Json| {
            contract["mappings"].as_array_mut().expect("a list").push(mapping.clone());
        }
    };
    check(add(number("goods", "int", json!(["row_number"]))), &[]);
    check(add(number("party_home", "int", json!(["row_number"]))), &[]);
    check(
        add(number("party_base", "int", json!(["row_number"]))),
        &["mappings[9].mapping_type: the rows of `party_base` have no numbers"],
    );
    check(
        add(number("goods", "int", json!(["row_number", "enum"]))),
        &[
            "mappings[9].mapping_type: `row_number` stands alone",
            "mappings[9].mapping_type: there is no enum `no`",
        ],
    );
    check(
        add(number("goods", "date", json!(["row_number"]))),
        &["mappings[9].data_type: the number of a row is no value of this type"],
    );
    check(
        add(mapping(CAR, "a", "goods", "string", json!({ "mapping_type": ["add_history"] }))),
        &["mappings[9].mapping_type: the other mappings of `goods` make rows in another way"],
    );
}

/// What would fill a column twice, or make no row at all, is refused when the contract is loaded.
#[test]
fn columns_are_filled_once() {
    let shown = |contract: &Json| {
        Plan::from_json(&contract.to_string()).map(drop).expect_err("a problem").to_string()
    };
    let mut number = base();
    number["mappings"].as_array_mut().expect("mappings").push(mapping(
        "/Msg/Req/loan",
        "x",
        "loan_terms.x",
        "string",
        json!({ "mapping_type": ["last_valid_pr_contact"] }),
    ));
    let rules = json!([]);
    number["element_filtering"]["filter_rules"] = rules;
    assert!(shown(&number).contains("there is no filter rule for contacts"), "{}", shown(&number));

    let mut add_row = base();
    add_row["mappings"].as_array_mut().expect("mappings").push(mapping(
        "/Msg/Req/loan",
        "x",
        "notes.",
        "string",
        json!({ "mapping_type": ["add_row"], "row": { "loan_id": "$value", "name": "x" } }),
    ));
    assert!(shown(&add_row).contains("`notes.loan_id` is filled twice"), "{}", shown(&add_row));

    let mut group = base();
    group["mappings"].as_array_mut().expect("mappings").push(mapping(
        "/Msg/Req/loan",
        "x",
        "notes.loan_id",
        "int",
        json!({ "mapping_type": ["row_group(slot=1)"] }),
    ));
    assert!(shown(&group).contains("`loan_id` is filled by the group itself"), "{}", shown(&group));
}

//! The text of an expression, in a contract, to the value of a column.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use serde_json::{Value as Json, json};
use xmlx_extract::Plan;
use xmlx_samples::Line;

const DOCUMENT: &str = include_str!("../../../../dev/samples/golden/card/expressions.xml");

/// A sample contract, and where its first expression is.
static CONTRACT: LazyLock<(Json, usize)> = LazyLock::new(|| {
    let contract: Json =
        serde_json::from_str(xmlx_samples::contract(Line::Card)).expect("a sample is JSON");
    let mut mappings = contract["mappings"].as_array().expect("mappings").iter();
    let place = mappings.position(|it| it["expression"].is_string()).expect("an expression");
    (contract, place)
});

fuzz_target!(|text: &str| {
    let (contract, place) = &*CONTRACT;
    let mut contract = contract.clone();
    contract["mappings"][*place]["expression"] = json!(text);
    match Plan::from_json(&contract.to_string()) {
        Ok(plan) => drop(plan.map(DOCUMENT, None)),
        Err(err) => assert!(!err.to_string().is_empty()),
    }
});

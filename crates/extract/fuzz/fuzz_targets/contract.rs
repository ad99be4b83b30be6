//! The text of a contract to a plan, or to its problems.

#![no_main]

use libfuzzer_sys::fuzz_target;
use xmlx_extract::Plan;

/// Something that a contract near the samples maps.
const DOCUMENT: &str = include_str!("../../../../dev/samples/golden/card/contacts.xml");

fuzz_target!(|text: &str| {
    match Plan::from_json(text) {
        Ok(plan) => drop(plan.map(DOCUMENT, None)),
        Err(err) => assert!(!err.to_string().is_empty()),
    }
});

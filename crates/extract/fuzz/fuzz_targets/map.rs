//! Bytes of a document to rows: the first byte chooses the contract and the limits, the rest is the document.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use xmlx_extract::{Limits, Plan, Value, text_of};

/// Small enough for every limit to be met.
const SMALL: Limits = Limits {
    document_bytes: 16 << 10,
    depth: 8,
    attributes_per_element: 40,
    attribute_bytes: 200,
    distinct_paths: 40,
    contact_elements: 8,
    row_elements: 8,
    value_bytes: 20_000,
    expression_depth: 64,
};

/// The samples, both of them in one job, and the example with nested rows, key/value rows and text of elements.
fn contracts() -> Vec<String> {
    let samples = xmlx_samples::contracts().map(|(_, contract)| contract.to_owned());
    let set = format!("{{\"contracts\": [{}]}}", samples.join(","));
    let page = include_str!("../../../../docs/contract-1.md");
    let example = page.rsplit("```json\n").next().and_then(|it| it.split("\n```").next());
    let example = example.expect("the page has an example").to_owned();
    samples.into_iter().chain([set, example]).collect()
}

static PLANS: LazyLock<Vec<Plan>> = LazyLock::new(|| {
    let with = |limits| {
        let plan = move |it: String| Plan::from_json_with(&it, limits).expect("a contract");
        contracts().into_iter().map(plan)
    };
    with(Limits::default()).into_iter().chain(with(SMALL)).collect()
});

fuzz_target!(|data: &[u8]| {
    let Some((choice, bytes)) = data.split_first() else { return };
    let plan = &PLANS[usize::from(*choice) % PLANS.len()];
    let mapped = plan.map_bytes(bytes, None);
    if bytes.len() <= plan.limits().document_bytes
        && let Ok(text) = text_of(bytes)
    {
        assert_eq!(plan.map(&text, None).is_ok(), mapped.is_ok());
    }
    let Ok(application) = mapped else { return };
    assert!(application.app_id > 0);
    assert_eq!(application.tables.len(), plan.tables().len());
    for (table, rows) in plan.tables().iter().zip(&application.tables) {
        for row in rows {
            assert_eq!(row.len(), table.columns.len());
            assert!(!row.iter().any(|value| *value == Value::Text(String::new())));
        }
    }
});

//! The example of docs/contract-1.md with repeated elements nested two deep, key/value rows and text of elements.

use xmlx_extract::Plan;

use crate::contract::rows;

/// A block of a language in the reference of the contract format.
fn block(language: &str, place: usize) -> &'static str {
    let text = include_str!("../../../../docs/contract-1.md");
    let start = format!("```{language}\n");
    let from = text.match_indices(&start).nth(place).expect("there is such a block").0;
    let block = &text[from + start.len()..];
    &block[..block.find("\n```").expect("the block ends")]
}

fn plan() -> Plan {
    let text = include_str!("../../../../docs/contract-1.md");
    let n_blocks = text.matches("```json\n").count();
    Plan::from_json(block("json", n_blocks - 1)).unwrap_or_else(|err| panic!("{err}"))
}

#[test]
fn the_example_gives_the_rows_that_it_shows() {
    let (plan, xml) = (plan(), block("xml", 1));
    for (table, expected) in [
        ("fleet", "order_no=77 customer='Kestrel & Sons' remark='Deliver  after 9 & before 12'"),
        (
            "vehicle",
            "order_no=77 vehicle_no=1 vin='V1' note='two keys' | order_no=77 vehicle_no=2 vin='V2'",
        ),
        (
            "vehicle_option",
            "order_no=77 vehicle_no=1 code='AC' price=950.00 vehicle_kind='VAN' \
             | order_no=77 vehicle_no=1 code='TOW' price=450.50 vehicle_kind='VAN' \
             | order_no=77 vehicle_no=2 code='AC' vehicle_kind='bus'",
        ),
        ("trait", "order_no=77 name='priority' value=3 | order_no=77 name='express' value=1"),
    ] {
        assert_eq!(rows(&plan, xml, table), expected, "{table}");
    }
}

#[test]
fn tables_say_what_they_hang_off() {
    let shown: Vec<String> = plan()
        .tables()
        .iter()
        .map(|table| match &table.parent {
            Some(parent) => {
                format!("{} off {} by {}", table.name, parent.table, parent.columns.join(", "))
            }
            None => table.name.clone(),
        })
        .collect();
    assert_eq!(
        shown,
        [
            "fleet",
            "vehicle off fleet by order_no",
            "vehicle_option off vehicle by order_no, vehicle_no",
            "trait off fleet by order_no",
        ]
    );
}

//! Columns that hold less than the contract says: named before the run, and value by value.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use serde_json::json;
use xmlx_devdb::Tls;
use xmlx_extract::Plan;
use xmlx_store::{Bounds, Decided};
use xmlx_tests::Database;

/// Columns, what they are, and what the contract says of them.
const COLUMNS: [(&str, &str, &str); 12] = [
    ("n", "int", "int"),
    ("single", "real", "int"),
    ("rate", "real", "decimal"),
    ("amount", "decimal(9,2)", "decimal"),
    ("day", "date", "datetime"),
    ("minute", "smalldatetime", "datetime"),
    ("small", "smallint", "int"),
    ("tiny", "tinyint", "smallint"),
    ("price", "decimal(9,4)", "decimal"),
    ("count", "decimal(3,0)", "int"),
    ("born", "smalldatetime", "date"),
    ("taken", "datetime", "datetime"),
];

/// A contract that fills those columns.
fn contract(columns: &[(&str, &str, &str)]) -> Plan {
    let mapping = |(name, _, data_type): &(&str, &str, &str)| {
        json!({"xml_path": "/App/item", "xml_attribute": name, "target_table": "types", "target_column": name,
            "data_type": data_type, "data_length": 4})
    };
    let id = json!({"xml_path": "/App", "xml_attribute": "id", "target_table": "app", "target_column": "app_id",
        "data_type": "int", "mapping_type": ["identity_insert"], "nullable": false});
    let mappings: Vec<_> = std::iter::once(id).chain(columns.iter().map(mapping)).collect();
    let contract = json!({
        "xml_root_element": "App", "xml_application_path": "/App", "source_table": "src", "source_column": "body",
        "target_schema": "dbo", "table_insertion_order": ["app", "types"],
        "element_filtering": {"filter_rules": [{"element_type": "row", "xml_child_path": "/App/item"}]},
        "relationships": [{"parent_table": "app", "child_table": "types", "foreign_key_column": "app_id",
            "xml_child_path": "/App/item"}],
        "mappings": mappings,
    });
    Plan::from_json(&contract.to_string()).unwrap_or_else(|err| panic!("{err}"))
}

async fn database(columns: &[(&str, &str, &str)]) -> Database {
    let db = Database::start(Tls::Off).await;
    let defined: Vec<String> =
        columns.iter().map(|(name, ty, _)| format!(", [{name}] {ty} NULL")).collect();
    db.run("CREATE TABLE [dbo].[app] ([app_id] int IDENTITY(1,1) NOT NULL PRIMARY KEY)").await;
    db.run(&format!("CREATE TABLE [dbo].[types] ([app_id] int NOT NULL{})", defined.join("")))
        .await;
    db
}

#[tokio::test(flavor = "multi_thread")]
async fn types_that_lose_something_are_named_before_the_run() {
    let db = database(&COLUMNS).await;
    let catalog = db.store().catalog("dbo").await.unwrap();
    let plan = contract(&COLUMNS);
    let place = |it: &xmlx_store::Disagreement| it.place.clone();
    let found = catalog.check(&plan);
    let lost: Vec<String> = found.iter().map(place).filter(|it| it.starts_with("types.")).collect();
    assert_eq!(lost, ["types.single", "types.rate"]);
    let advice = catalog.advice(&plan);
    let narrow: Vec<String> =
        advice.iter().map(place).filter(|it| it.starts_with("types.")).collect();
    assert_eq!(
        narrow,
        [
            "types.amount",
            "types.day",
            "types.minute",
            "types.small",
            "types.tiny",
            "types.count",
            "types.born"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn values_beyond_their_column_fail_with_its_name() {
    let columns: Vec<_> = COLUMNS
        .into_iter()
        .filter(|(name, ..)| !["single", "rate", "amount", "day", "minute"].contains(name))
        .collect();
    let db = database(&columns).await;
    let catalog = db.store().catalog("dbo").await.unwrap();
    let mut plan = contract(&columns);
    catalog.narrow(&mut plan);
    let bounds = Bounds::new(&plan, &catalog);
    let decided = |attribute: &str| {
        let xml = format!(r#"<App id="7"><item n="1" {attribute}/></App>"#);
        let mapped = plan.map(&xml, Some(7));
        mapped.map_or_else(
            |rejection| rejection.to_string(),
            |it| match bounds.admit(it) {
                Decided::Rows(_) => String::new(),
                Decided::Failed { reason, .. } => reason.to_string(),
                Decided::Elsewhere { .. } => panic!("nobody else is there"),
            },
        )
    };
    for held in
        [r#"small="32767""#, r#"tiny="255""#, r#"price="99999.9999""#, r#"born="1900-01-01""#]
    {
        assert_eq!(decided(held), "", "{held}");
    }
    for (beyond, expected) in [
        (
            r#"small="40000""#,
            "mapping: the value of `types.small` is outside of smallint, -32768 to 32767",
        ),
        (r#"tiny="-1""#, "mapping: the value of `types.tiny` is outside of tinyint, 0 to 255"),
        (
            r#"price="100000""#,
            "mapping: the value of `types.price` is outside of decimal, at most 5 digits before and 4 after the point",
        ),
        (
            r#"count="1000""#,
            "mapping: the value of `types.count` is outside of decimal(3,0), -999 to 999",
        ),
        (
            r#"born="1899-12-30""#,
            "mapping: the value of `types.born` is outside of smalldatetime, 1900-01-01 to 2079-06-06",
        ),
    ] {
        assert_eq!(decided(beyond), expected);
    }
}

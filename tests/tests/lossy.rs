//! Columns that hold less than the contract says: named before the run, and value by value.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use serde_json::json;
use xmlx_devdb::Tls;
use xmlx_extract::Plan;
use xmlx_tests::{Cluster, Database, Setup};

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
    let contract = contract_json(columns, "dbo").to_string();
    Plan::from_json(&contract).unwrap_or_else(|err| panic!("{err}"))
}

fn contract_json(columns: &[(&str, &str, &str)], schema: &str) -> serde_json::Value {
    let mapping = |(name, _, data_type): &(&str, &str, &str)| {
        json!({"xml_path": "/App/item", "xml_attribute": name, "target_table": "types", "target_column": name,
            "data_type": data_type, "data_length": 4})
    };
    let id = json!({"xml_path": "/App", "xml_attribute": "id", "target_table": "app", "target_column": "app_id",
        "data_type": "int", "mapping_type": ["identity_insert"], "nullable": false});
    let mappings: Vec<_> = std::iter::once(id).chain(columns.iter().map(mapping)).collect();
    json!({
        "xml_root_element": "App", "xml_application_path": "/App", "source_table": "src", "source_column": "body",
        "target_schema": schema, "table_insertion_order": ["app", "types"],
        "element_filtering": {"filter_rules": [{"element_type": "row", "xml_child_path": "/App/item"}]},
        "relationships": [{"parent_table": "app", "child_table": "types", "foreign_key_column": "app_id",
            "xml_child_path": "/App/item"}],
        "mappings": mappings,
    })
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
    let decided = |attribute: &str| {
        let xml = format!(r#"<App id="7"><item n="1" {attribute}/></App>"#);
        let mapped = plan.map(&xml, Some(7));
        mapped.map_or_else(|rejection| rejection.to_string(), |_| String::new())
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
            "mapping: the value of `types.count` is outside of decimal, at most 3 digits before and 0 after the point",
        ),
        (
            r#"born="1899-12-30""#,
            "mapping: the value of `types.born` is outside of smalldatetime, 1900-01-01 to 2079-06-06",
        ),
    ] {
        assert_eq!(decided(beyond), expected);
    }
}

/// Columns that each lose something of a time or a number, from the check to the rows.
const LOSSY: [(&str, &str, &str); 8] = [
    ("n", "int", "int"),
    ("dt2", "datetime2(2)", "datetime"),
    ("sdt", "smalldatetime", "datetime"),
    ("d", "date", "datetime"),
    ("dt", "datetime", "datetime"),
    ("dec2", "decimal(9,2)", "decimal"),
    ("si", "smallint", "int"),
    ("r", "real", "int"),
];

/// What `check` says of them.
const NAMED: [&str; 6] = [
    "types.r  is `real`, the contract says `int`, and it does not keep more than 7 digits",
    "`types.dt2`: is `datetime2`, and the contract says `datetime`: a second is rounded to 2 digits",
    "`types.sdt`: is `smalldatetime`, and the contract says `datetime`: seconds are rounded",
    "`types.d`: is `date`, and the contract says `datetime`: the time of day is dropped",
    "`types.dec2`: is `decimal`, and the contract says `decimal with 4 digits after the point`: numbers are rounded to 2",
    "`types.si`: is `smallint`, and the contract says `int`: applications with a value outside of smallint",
];
/// The rows of the two applications that are loaded, by column.
const STORED: [[&str; 6]; 2] = [
    [
        "201",
        "2024-01-01T10:20:45.68",
        "2024-01-01T10:21:00",
        "2024-01-01",
        "2024-01-01T10:20:45.680",
        "1234567.89",
    ],
    [
        "203",
        "2024-12-31T23:59:45",
        "2025-01-01T00:00:00",
        "2024-12-31",
        "2024-12-31T23:59:45",
        "1.01",
    ],
];
/// Column, kind and applications of each warning.
const WARNED: [&str; 9] = [
    "d offset_dropped 1",
    "d rounded 2",
    "dec2 rounded 1",
    "dt offset_dropped 1",
    "dt rounded 1",
    "dt2 offset_dropped 1",
    "dt2 rounded 1",
    "sdt offset_dropped 1",
    "sdt rounded 2",
];

#[tokio::test(flavor = "multi_thread")]
async fn what_a_column_loses_is_named_warned_of_or_refused() {
    let cluster = Cluster::start(Setup::small(1)).await;
    let defined: Vec<String> =
        LOSSY.iter().map(|(name, ty, _)| format!(", [{name}] {ty} NULL")).collect();
    for sql in [
        "CREATE TABLE [sample].[src] ([app_id] int NOT NULL PRIMARY KEY, [body] nvarchar(max) NULL)",
        "CREATE TABLE [sample].[app] ([app_id] int IDENTITY(1,1) NOT NULL PRIMARY KEY)",
        &format!("CREATE TABLE [sample].[types] ([app_id] int NOT NULL{})", defined.concat()),
    ] {
        cluster.db.run(sql).await;
    }
    let folder = cluster.folder();
    let write = |columns: &[(&str, &str, &str)]| {
        let contract = contract_json(columns, "sample").to_string();
        std::fs::write(folder.join("lossy.json"), contract).unwrap();
    };
    write(&LOSSY);
    let refused = cluster.client(&["check", "lossy.json"]).expect(1);
    let said = format!("{}{}", refused.stdout, refused.stderr);
    for expected in NAMED {
        assert!(said.contains(expected), "{expected}: {said}");
    }

    write(&LOSSY[..7]);
    let _ = cluster.client(&["check", "lossy.json"]).expect(0);
    let documents = folder.join("lossy");
    std::fs::create_dir(&documents).unwrap();
    for (id, time, number, small) in [
        (201, "2024-01-01T10:20:45.6789012+05:00", "1234567.8949", "7"),
        (202, "2024-12-31T23:59:59.9996", "99999.99", "40000"),
        (203, "2024-12-31T23:59:45", "1.01", "1"),
    ] {
        let times = ["dt2", "sdt", "d", "dt"].map(|name| format!("{name}='{time}'")).join(" ");
        let xml =
            format!("<App id='{id}'><item n='1' {times} dec2='{number}' si='{small}'/></App>");
        std::fs::write(documents.join(format!("{id}.xml")), xml).unwrap();
    }
    let _ = cluster.client(&["load", "--contract", "lossy.json", "lossy"]).expect(0);
    let submitted = ["submit", "-o", "json", "--contract", "lossy.json", "--wait"];
    let job = cluster.client(&submitted).json()["job"].clone();
    assert_eq!((&job["ok"], &job["failed"]), (&2.into(), &1.into()), "{job}");
    let id = job["job"].to_string();

    let rows = "SELECT CAST([app_id] AS nvarchar(20)), CONVERT(nvarchar(40), [dt2], 126), CONVERT(nvarchar(40), [sdt], 126), CONVERT(nvarchar(40), [d], 126), CONVERT(nvarchar(40), [dt], 126), CAST([dec2] AS nvarchar(20)) FROM [sample].[types] ORDER BY [app_id]";
    assert_eq!(cluster.db.texts(rows).await, STORED);
    let failures = cluster.client(&["failures", &id, "-o", "json"]).json();
    let reason = "mapping: the value of `types.si` is outside of smallint, -32768 to 32767";
    assert_eq!(failures["failures"][0]["reason"], reason, "{failures}");
    let warnings = cluster.client(&["warnings", &id, "-o", "json"]).json();
    let counts = warnings["counts"].as_array().unwrap().iter();
    let mut counts: Vec<String> = counts
        .map(|count| format!("{} {} {}", count["column"], count["kind"], count["applications"]))
        .map(|line| line.replace('"', ""))
        .collect();
    counts.sort();
    assert_eq!(counts, WARNED, "{warnings}");
    cluster.assert_each_verified(&[job["job"].as_i64().unwrap()]);
}

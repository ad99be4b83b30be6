//! A contract of format 2 from the file to the rows: checked, loaded, submitted and verified like any other.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use xmlx_tests::{Cluster, Setup};

/// The types are those of the tables.
const CONTRACT: &str = r#"
format = 2

[source]
table = "order_xml"
document = "body"

[target]
schema = "sample"

[namespaces]
o = "urn:order"

[[table]]
name = "purchase"
rows = "/o:order"
[table.columns]
ordered = "o:head/o:date"
currency = { from = "o:head/o:currency", default = "EUR" }

[[table]]
name = "purchase_line"
key = ["line_no"]
rows = "/o:order/o:lines/o:line[@status != 'void']"
[table.columns]
line_no = { position = true }
sku = "@sku"
amount = { expr = "CASE WHEN [o:ind] = 'D' THEN -[o:amount] ELSE [o:amount] END" }
ordered = "../../o:head/o:date"
"#;

const TABLES: [&str; 3] = [
    "CREATE TABLE [sample].[order_xml] ([app_id] int NOT NULL PRIMARY KEY, [body] nvarchar(max) NULL)",
    "CREATE TABLE [sample].[purchase] ([app_id] int NOT NULL PRIMARY KEY, [ordered] date NOT NULL, [currency] char(3) NULL)",
    "CREATE TABLE [sample].[purchase_line] ([app_id] int NOT NULL, [line_no] int NOT NULL, [sku] nvarchar(20) NOT NULL, [amount] decimal(9,2) NULL, [ordered] date NULL, CONSTRAINT [pk_purchase_line] PRIMARY KEY ([app_id], [line_no]), CONSTRAINT [fk_purchase_line] FOREIGN KEY ([app_id]) REFERENCES [sample].[purchase] ([app_id]))",
];

fn document(sku: &str) -> String {
    format!(
        "<order xmlns='urn:order'><head><date>2026-03-27T10:00:00+01:00</date></head><lines>\
         <line sku='{sku}' status='open'><amount>10.50</amount><ind>D</ind></line>\
         <line sku='none' status='void'><amount>1</amount></line>\
         <line sku='b' status='open'><amount>7</amount></line></lines></order>"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contract_of_format_2_is_a_contract_like_any_other() {
    let cluster = Cluster::start(Setup::small(1)).await;
    for table in TABLES {
        cluster.db.run(table).await;
    }
    let folder = cluster.folder();
    std::fs::write(folder.join("order.toml"), CONTRACT).unwrap();
    let documents = folder.join("orders");
    std::fs::create_dir(&documents).unwrap();
    for id in 101..=120 {
        // The last one has no value for a column that needs one.
        let sku = if id == 120 { "" } else { "a" };
        std::fs::write(documents.join(format!("{id}.xml")), document(sku)).unwrap();
    }

    let checked = cluster.client(&["check", "order.toml"]);
    assert_eq!(checked.code, 0, "{checked:?}");
    let loaded = cluster.client(&["load", "--contract", "order.toml", "orders"]);
    assert_eq!(loaded.code, 0, "{loaded:?}");
    let submitted = ["submit", "-o", "json", "--contract", "order.toml", "--wait"];
    let job = cluster.client(&submitted).json()["job"].clone();
    assert_eq!((&job["ok"], &job["failed"]), (&19.into(), &1.into()), "{job}");

    let lines = "SELECT CAST([app_id] AS nvarchar(20)), CAST([line_no] AS nvarchar(20)), [sku], CAST([amount] AS nvarchar(20)), CAST([ordered] AS nvarchar(20)) FROM [sample].[purchase_line] WHERE [app_id] < 103 ORDER BY [app_id], [line_no]";
    let lines = cluster.db.texts(lines).await;
    let expected = [
        ["101", "1", "a", "-10.50", "2026-03-27"],
        ["101", "2", "b", "7.00", "2026-03-27"],
        ["102", "1", "a", "-10.50", "2026-03-27"],
        ["102", "2", "b", "7.00", "2026-03-27"],
    ];
    assert_eq!(lines, expected);
    let failures = cluster.client(&["failures", &job["job"].to_string(), "-o", "json"]).json();
    let reason = failures["failures"][0]["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("`purchase_line.sku` must have a value"), "{failures}");
    cluster.assert_each_verified(&[job["job"].as_i64().unwrap()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_contract_of_format_2_cannot_mean_is_named_with_its_line() {
    let cluster = Cluster::start(Setup::small(1)).await;
    let wrong =
        CONTRACT.replace("@status != 'void'", "@status !== 'void'").replace("sku = ", "scu = ");
    std::fs::write(cluster.folder().join("order.toml"), wrong).unwrap();
    let refused = cluster.client(&["check", "order.toml", "-o", "json"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    let place = refused.json()[0]["place"].as_str().unwrap_or_default().to_owned();
    assert!(place.starts_with("line 24, column "), "{refused:?}");
}

/// The names of the source are the user's own; the log and the targets keep theirs.
#[tokio::test(flavor = "multi_thread")]
async fn the_source_s_columns_have_names_of_their_own() {
    let cluster = Cluster::start(Setup::small(1)).await;
    for table in TABLES {
        let table = table.replace("order_xml] ([app_id]", "order_xml] ([order no]");
        cluster.db.run(&table).await;
    }
    cluster.db.run("CREATE TABLE [sample].[marked] ([order no] int NOT NULL PRIMARY KEY)").await;
    let contract = CONTRACT.replace(
        "document = \"body\"",
        "id = \"order no\"\ndocument = \"body\"\napplications = \"sample.marked\"",
    );
    let folder = cluster.folder();
    std::fs::write(folder.join("order.toml"), contract).unwrap();
    let documents = folder.join("orders");
    std::fs::create_dir(&documents).unwrap();
    for id in 101..=110 {
        let sku = if id == 110 { "" } else { "a" };
        std::fs::write(documents.join(format!("{id}.xml")), document(sku)).unwrap();
    }
    let loaded = cluster.client(&["load", "--contract", "order.toml", "orders"]);
    assert_eq!(loaded.code, 0, "{loaded:?}");
    // A document that is of no application of the contract.
    cluster
        .db
        .run("INSERT INTO [sample].[order_xml] ([order no], [body]) VALUES (999, N'<order/>')")
        .await;
    let checked = cluster.client(&["check", "order.toml"]);
    assert_eq!(checked.code, 0, "{checked:?}");

    let submitted = ["submit", "-o", "json", "--contract", "order.toml", "--wait"];
    let first = cluster.client(&submitted).json()["job"].clone();
    assert_eq!((&first["ok"], &first["failed"]), (&9.into(), &1.into()), "{first}");
    let corrected = document("a").replace('\'', "''");
    cluster
        .db
        .run(&format!(
            "UPDATE [sample].[order_xml] SET [body] = N'{corrected}' WHERE [order no] = 110"
        ))
        .await;
    let retried = ["retry", "-o", "json", "--contract", "order.toml", "--wait"];
    let second = cluster.client(&retried).json()["job"].clone();
    assert_eq!((&second["ok"], &second["failed"]), (&1.into(), &0.into()), "{second}");

    let logged = "SELECT CAST([app_id] AS nvarchar(20)), [status] FROM [sample].[processing_log] WHERE [app_id] > 108 ORDER BY [log_id]";
    let logged = cluster.db.texts(logged).await;
    assert_eq!(logged, [["109", "success"], ["110", "failed"], ["110", "success"]]);
    let rows = "SELECT CAST([app_id] AS nvarchar(20)) FROM [sample].[purchase] ORDER BY [app_id]";
    assert_eq!(cluster.db.texts(rows).await.len(), 10);
    let jobs = [first, second].map(|job| job["job"].as_i64().unwrap());
    cluster.assert_each_verified(&jobs);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_without_the_column_of_the_id_is_refused() {
    let cluster = Cluster::start(Setup::small(1)).await;
    for table in TABLES {
        cluster.db.run(table).await;
    }
    let contract =
        CONTRACT.replace("document = \"body\"", "id = \"order_no\"\ndocument = \"body\"");
    std::fs::write(cluster.folder().join("order.toml"), contract).unwrap();
    let refused = cluster.client(&["check", "order.toml", "-o", "json"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    let shown = refused.json().to_string();
    assert!(shown.contains("order_no"), "{shown}");
}

/// Two kinds of documents of one source, one contract each.
#[tokio::test(flavor = "multi_thread")]
async fn contracts_of_format_2_share_a_job() {
    let cluster = Cluster::start(Setup::small(1)).await;
    for table in TABLES {
        cluster.db.run(table).await;
    }
    let folder = cluster.folder();
    std::fs::write(folder.join("order.toml"), CONTRACT).unwrap();
    let other = "format = 2\nsource = { table = \"order_xml\", document = \"body\" }\ntarget = { schema = \"sample\" }\n\
                 [[table]]\nname = \"purchase\"\nrows = \"/offer\"\n[table.columns]\nordered = \"@on\"\ncurrency = \"@currency\"\n";
    std::fs::write(folder.join("offer.toml"), other).unwrap();
    let documents = folder.join("orders");
    std::fs::create_dir(&documents).unwrap();
    for id in 101..=110 {
        let text = match id {
            101..=104 => document("a"),
            105..=109 => "<offer on='2026-04-01' currency='USD'/>".to_owned(),
            _ => "<letter/>".to_owned(),
        };
        std::fs::write(documents.join(format!("{id}.xml")), text).unwrap();
    }
    let loaded = cluster.client(&["load", "--contract", "order.toml", "orders"]);
    assert_eq!(loaded.code, 0, "{loaded:?}");
    let checked = cluster.client(&["check", "order.toml", "offer.toml"]);
    assert_eq!(checked.code, 0, "{checked:?}");
    let submitted =
        ["submit", "-o", "json", "--contract", "order.toml", "--contract", "offer.toml", "--wait"];
    let job = cluster.client(&submitted).json()["job"].clone();
    assert_eq!((&job["ok"], &job["failed"]), (&9.into(), &1.into()), "{job}");
    let purchases = "SELECT [currency], CAST(COUNT_BIG(*) AS nvarchar(20)) FROM [sample].[purchase] GROUP BY [currency] ORDER BY [currency]";
    assert_eq!(cluster.db.texts(purchases).await, [["EUR", "4"], ["USD", "5"]]);
    let failures = cluster.client(&["failures", &job["job"].to_string(), "-o", "json"]).json();
    let reason = failures["failures"][0]["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("; or the root element is `letter`"), "{failures}");
    cluster.assert_each_verified(&[job["job"].as_i64().unwrap()]);
}

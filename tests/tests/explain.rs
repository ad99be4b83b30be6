//! `explain`: of a file and of an application of the source, through the real programs. What it says of a default, a code
//! table, a row that is left out and a document that fails; and that no value of a document is shown unasked, nor logged.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use std::path::Path;

use serde_json::Value;
use xmlx_tests::{Cluster, Setup};

const CONTRACT: &str = r#"
format = 2

[source]
table = "order_xml"
document = "body"

[target]
schema = "sample"

[codes.currency]
map = { "1" = "EUR", "2" = "USD" }
unknown = "null"

[[table]]
name = "purchase"
rows = "/order"
[table.columns]
customer = { from = "head/customer", required = true }
currency = { from = "head/@ccy", codes = "currency" }
channel = { from = "head/@channel", default = "web" }

[[table]]
name = "purchase_line"
parent = "purchase"
rows = "/order/line"
when = "not(@status = 'void')"
key = ["sku"]
keep = "last"
[table.columns]
sku = "@sku"
amount = { expr = "[amount] * [@n]" }
"#;

const TABLES: [&str; 3] = [
    "CREATE TABLE [sample].[order_xml] ([app_id] int NOT NULL PRIMARY KEY, [body] nvarchar(max) NULL)",
    "CREATE TABLE [sample].[purchase] ([app_id] int NOT NULL PRIMARY KEY, [customer] nvarchar(40) NOT NULL, [currency] char(3) NULL, [channel] nvarchar(10) NULL)",
    "CREATE TABLE [sample].[purchase_line] ([app_id] int NOT NULL, [sku] nvarchar(20) NOT NULL, [amount] decimal(9,2) NULL, CONSTRAINT [pk_purchase_line] PRIMARY KEY ([app_id], [sku]), CONSTRAINT [fk_purchase_line] FOREIGN KEY ([app_id]) REFERENCES [sample].[purchase] ([app_id]))",
];

/// Occurs in every document and in nothing else.
const CANARY: &str = "Kanarienvogel";

fn document(customer: &str) -> String {
    format!(
        "<order>\n  <head ccy=\"2\"><customer>{customer}</customer></head>\n  \
         <line sku=\"a\" n=\"2\"><amount>10.50</amount></line>\n  \
         <line sku=\"b\" n=\"1\" status=\"void\"><amount>1</amount></line>\n  \
         <line sku=\"a\" n=\"1\"><amount>7</amount></line>\n</order>\n"
    )
}

/// The steps of a column of the first row of a table, as `word gives line:column`.
fn steps(explained: &Value, table: usize, column: &str) -> Vec<String> {
    let cells = explained["tables"][table]["row_traces"][0]["cells"].as_array().unwrap();
    let cell = cells.iter().find(|cell| cell["column"] == column).unwrap();
    let text = |step: &Value| {
        let (word, gives) = (step["step"].as_str().unwrap(), step["gives"].as_str().unwrap());
        let at = &step["at"];
        if at.is_null() {
            return format!("{word} {gives}");
        }
        format!("{word} {gives} {} {}:{}", at["path"].as_str().unwrap(), at["line"], at["column"])
    };
    cell["steps"].as_array().unwrap().iter().map(text).collect()
}

/// What both ways say of a document that gives rows.
fn check(explained: &Value) {
    assert_eq!(explained["failure"], Value::Null, "{explained}");
    assert_eq!(
        steps(explained, 0, "customer"),
        ["read text /order/head/customer 2:17", "type text"]
    );
    assert_eq!(
        steps(explained, 0, "currency"),
        ["read text /order/head/@ccy 2:9", "codes text", "type text"]
    );
    assert_eq!(steps(explained, 0, "channel"), ["read nothing", "default text"]);
    let cells = explained["tables"][0]["row_traces"][0]["cells"].as_array().unwrap();
    let channel = cells.iter().find(|cell| cell["column"] == "channel").unwrap();
    assert_eq!(channel["result"], "default", "{channel}");
    assert_eq!(channel["reads"][0], "head/@channel", "{channel}");
    let lines = &explained["tables"][1];
    assert_eq!((&lines["rows"], &lines["left_out"]), (&1.into(), &2.into()), "{lines}");
    assert_eq!(lines["row_traces"][0]["element"]["line"], 5, "the last one is kept");
    let amount = steps(explained, 1, "amount");
    assert_eq!(amount[0], "input text /order/line/amount 5:23");
    assert_eq!(amount[1], "input text /order/line/@n 5:17");
    let left_out = |reason: &str| {
        let all = lines["left_out_traces"].as_array().unwrap();
        all.iter().find(|left_out| left_out["reason"] == reason).unwrap().clone()
    };
    assert_eq!(left_out("filter")["element"]["line"], 4);
    let same_key = left_out("same_key");
    assert_eq!(
        (&same_key["element"]["line"], &same_key["instead"]["line"]),
        (&3.into(), &5.into())
    );
}

async fn cluster() -> (Cluster, i64) {
    let cluster = Cluster::start(Setup::small(1)).await;
    for table in TABLES {
        cluster.db.run(table).await;
    }
    cluster.write("order.toml", CONTRACT);
    let documents = cluster.folder().join("orders");
    std::fs::create_dir(&documents).unwrap();
    for id in 101..=103 {
        // The last one has no value for a column that needs one.
        let customer = if id == 103 { String::new() } else { format!("{CANARY}{id}") };
        std::fs::write(documents.join(format!("{id}.xml")), document(&customer)).unwrap();
    }
    let _ = cluster.client(&["load", "--contract", "order.toml", "orders"]).expect(0);
    let submitted = ["submit", "-o", "json", "--contract", "order.toml", "--wait"];
    let job = cluster.client(&submitted).json()["job"].clone();
    assert_eq!((&job["ok"], &job["failed"]), (&2.into(), &1.into()), "{job}");
    let job = job["job"].as_i64().unwrap();
    (cluster, job)
}

/// No file that a program has written into the folder of a test has a text.
fn assert_not_logged(folder: &Path, text: &str) -> usize {
    let mut n_logs = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "log") {
            n_logs += 1;
            let log = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
            assert!(!log.contains(text), "{}", path.display());
        }
    }
    n_logs
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_and_a_file_are_explained_alike() {
    let (cluster, job) = cluster().await;

    let of_app = cluster.client(&["explain", "101", "-o", "json"]).expect(0);
    let explained = of_app.json();
    check(&explained);
    assert_eq!(explained["job"], job);
    let run = &explained["runs"][0];
    assert_eq!((&run["job"], &run["status"]), (&job.into(), &"success".into()), "{run}");
    assert_eq!((&run["worker"], &run["epoch"]), (&"w1".into(), &1.into()), "{run}");
    assert_eq!(explained["contract_hash"], cluster.job(job)["contract_hash"]);

    let of_file =
        cluster.client(&["explain", "orders/101.xml", "--contract", "order.toml", "-o", "json"]);
    let of_file = of_file.expect(0);
    check(&of_file.json());
    assert_eq!(of_file.json()["contract_hash"], explained["contract_hash"]);

    // For people: the same places, and no value.
    let table = cluster.client(&["explain", "101", "purchase.currency"]).expect(0);
    assert!(table.stdout.contains("head/@ccy at 2:9"), "{table:?}");
    assert!(table.stdout.contains("code table `currency`"), "{table:?}");
    assert!(!table.stdout.contains("channel"), "only the column is asked for: {table:?}");
    for output in [&of_app, &of_file, &table] {
        assert!(!output.stdout.contains(CANARY) && !output.stderr.contains(CANARY));
    }

    // Values are for terminals.
    for args in
        [&["explain", "101"][..], &["explain", "orders/101.xml", "--contract", "order.toml"]]
    {
        let refused = cluster.client(&[args, &["--values"]].concat()).expect(2);
        assert!(refused.stderr.contains("on a terminal alone"), "{refused:?}");
    }
    assert!(assert_not_logged(cluster.folder(), CANARY) >= 2, "coordinator and worker log");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_fails_says_where() {
    let (cluster, job) = cluster().await;
    let failed = cluster.client(&["explain", "103", "-o", "json"]).expect(1).json();
    assert_eq!(failed["failure"]["stage"], "mapping", "{failed}");
    let reason = failed["failure"]["reason"].as_str().unwrap();
    assert!(reason.contains("purchase.customer"), "{reason}");
    assert_eq!((&failed["runs"][0]["status"], &failed["job"]), (&"failed".into(), &job.into()));
    // The row that was being made, as far as it came.
    let row = &failed["tables"][0]["row_traces"][0];
    assert_eq!((&row["row"], &row["element"]["line"]), (&Value::Null, &1.into()), "{row}");
    assert_eq!(steps(&failed, 0, "customer")[0], "read empty /order/head/customer 2:17");

    // What there is not.
    let none = cluster.client(&["explain", "999"]).expect(2);
    assert!(none.stderr.contains("no document of application 999"), "{none:?}");
    let column = cluster.client(&["explain", "101", "purchase.chanel"]).expect(2);
    assert!(column.stderr.contains("did you mean `channel`"), "{column:?}");
    let file = cluster.client(&["explain", "orders/101.xml"]).expect(2);
    assert!(file.stderr.contains("--contract"), "{file:?}");
}

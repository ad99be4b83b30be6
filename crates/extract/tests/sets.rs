//! Several contracts in one job, of both formats: each document goes to the one whose kind it is of.

use xmlx_extract::{Described, Plan};

const ORDERS: &str = r#"format = 2
source = { table = "dbo.inbox", id = "doc_id", document = "body", applications = "dbo.orders" }
target = { schema = "shop", id = "order_no" }
[[table]]
name = "purchase"
rows = "/Message/Order"
[table.columns]
amount = "@amount"

[[table]]
name = "line"
key = ["no"]
rows = "/Message/Order/Line"
[table.columns]
no = { position = true, type = "int" }
"#;

const RETURNS: &str = r#"format = 2
source = { table = "dbo.inbox", id = "doc_id", document = "body", applications = "dbo.returned" }
target = { schema = "shop", id = "order_no" }
[document]
id = "/Message/Return/@id"
[[table]]
name = "purchase"
rows = "/Message/Return"
[table.columns]
amount = { expr = "-[@amount]", type = "decimal(9,2)" }
"#;

fn set(contracts: &[&str]) -> String {
    serde_json::json!({ "contracts": contracts }).to_string()
}

fn plan() -> Plan {
    Plan::from_json(&set(&[ORDERS, RETURNS])).expect("the contracts go together")
}

#[test]
fn documents_go_to_the_contract_of_their_kind() {
    let mut plan = plan();
    assert_eq!(plan.source().application_tables, ["dbo.orders", "dbo.returned"]);
    assert_eq!(plan.lines().map(<[_]>::len).collect::<Vec<_>>(), [2, 1]);
    assert!(plan.id_is_of_source());
    assert_eq!(plan.untyped_columns(), ["purchase.amount"]);
    let described = |_: &str, column: &str| {
        let sql_type = if column == "amount" { "decimal(9,2)" } else { "int" };
        Some(Described { sql_type: sql_type.to_owned(), is_optional: true })
    };
    plan.take_types(described).expect("the types fit");
    assert_eq!(plan.untyped_columns(), [""; 0]);
    let shown = |xml: &str, id: i64| match plan.map(xml, Some(id)) {
        Ok(application) => format!("{} {:?}", application.app_id, application.tables),
        Err(rejection) => format!("{}: {}", rejection.stage, rejection.reason),
    };
    let order = shown("<Message><Order amount='5'><Line/></Order></Message>", 7);
    assert!(order.starts_with("7 [[[Int(7), Decimal("), "{order}");
    assert!(order.ends_with("[[Int(7), Int(1)]], []]"), "{order}");
    let back = shown("<Message><Return id='8' amount='5'/></Message>", 8);
    assert!(back.starts_with("8 [[], [], [[Int(8), Decimal("), "{back}");
    // Another id than that of the row is no sign of another contract.
    assert_eq!(
        shown("<Message><Return id='9' amount='5'/></Message>", 8),
        "validation: the document is of application 9, its row is of application 8"
    );
    let neither = shown("<Message><Offer/></Message>", 8);
    assert!(neither.starts_with("validation: "), "{neither}");
    for expected in ["`/Message/Order`", "; or "] {
        assert!(neither.contains(expected), "{neither}");
    }
    let other = shown("<Mail/>", 8);
    assert!(other.matches("the root element is `Mail`").count() == 2, "{other}");
}

#[test]
fn what_keeps_contracts_apart_is_named() {
    let refused = |first: &str, second: &str| {
        let err = Plan::from_json(&set(&[first, second])).expect_err("they do not go together");
        err.problems().iter().map(|it| format!("{}: {}", it.path, it.reason)).collect::<Vec<_>>()
    };
    for (from, to, expected) in [
        ("doc_id", "id", "contracts[1].source.id: `id`, but `doc_id` in the first contract"),
        (
            "\"shop\"",
            "\"dbo\"",
            "contracts[1].target.schema: `dbo`, but `shop` in the first contract",
        ),
        (
            "order_no",
            "no",
            "contracts[1].target.id: the application's id is `no`, but `order_no` in the first contract",
        ),
        (
            "rows = \"/Message/Return\"",
            "rows = \"/Message/Order\"",
            "contracts[1].table[0].rows: another contract has the same application element",
        ),
    ] {
        let other = RETURNS.replace(from, to);
        assert_eq!(refused(ORDERS, &other), [expected], "{from}");
    }
    // Problems have the lines of their own file.
    let wrong = RETURNS.replace("/@id", "/@");
    let found = refused(ORDERS, &wrong);
    assert!(found[0].starts_with("contracts[1].line 5, column "), "{found:?}");
    // A set in a file: a contract of format 2 is a text there.
    let object = "{\"contracts\": [{\"format\": 2}]}";
    let err = Plan::from_json(object).expect_err("an object").to_string();
    assert!(err.contains("put the whole contract in quotes"), "{err}");
}

/// Contracts of both formats, as one converts them one after the other.
#[test]
fn formats_may_be_mixed() {
    let samples = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dev/samples");
    let read = |path: &str| std::fs::read_to_string(samples.join(path)).expect("a sample");
    let (card, loan) = (read("contracts/card.json"), read("contracts/loan.json"));
    let card = xmlx_extract::rewrite(&card).expect("the contract can be converted").contract;
    let loan: serde_json::Value = serde_json::from_str(&loan).expect("JSON");
    let set = serde_json::json!({ "contracts": [card, loan] }).to_string();
    let plan = Plan::from_json(&set).unwrap_or_else(|err| panic!("{err}"));
    assert!(!plan.id_is_of_source());
    for (document, table) in [
        ("golden/card/minimal.xml", "card_operation"),
        ("golden/loan/arithmetic.xml", "loan_terms"),
    ] {
        let mapped =
            plan.map(&read(document), None).unwrap_or_else(|err| panic!("{document}: {err}"));
        let place = plan.tables().iter().position(|it| it.name == table).expect("the table");
        assert_eq!(mapped.tables[place].len(), 1, "{document}");
    }
}

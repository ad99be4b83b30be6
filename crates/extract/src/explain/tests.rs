//! What explanations say of small documents, as text.

use super::*;

const ORDERS: &str = r#"
format = 2
[source]
table = "dbo.order_xml"
id = "app_id"
document = "document"
[target]
schema = "shop"
[codes.sign]
map = { CRDT = "1", DBIT = "-1" }
unknown = "null"
[[table]]
name = "customer_order"
rows = "/Order"
[table.columns]
customer = { from = ["Customer/Trade", "Customer/Name"], type = "nvarchar(5)" }
channel = { from = "@channel", default = "web" }
[[table]]
name = "line"
rows = "/Order/Lines/Line"
when = "not(@status = 'void')"
key = ["sku"]
keep = "last"
[table.columns]
sku = "@sku"
amount = { from = "Amt", type = "decimal(6,1)" }
sign = { from = "Ind", codes = "sign", type = "int" }
total = { expr = "[Amt] * [Qty]", type = "decimal(9,2)" }
"#;

const ORDER: &str = r#"<Order no="A-1">
  <Customer><Name>Brandt &amp; Co</Name></Customer>
  <Lines>
    <Line sku="P-7"><Qty>2</Qty><Amt>12.50</Amt><Ind>CRDT</Ind></Line>
    <Line sku="P-9" status="void"><Qty>1</Qty></Line>
    <Line sku='P-7'><Qty>3</Qty><Amt>1.25</Amt><Ind>X</Ind></Line>
  </Lines>
</Order>
"#;

/// An explanation as text, a line for each column.
fn told(explanation: &Explanation) -> String {
    let at = |place: &Option<Place>| match place {
        Some(Place { path, line, column }) => format!("{path} {line}:{column}"),
        None => "-".to_owned(),
    };
    let mut text = String::new();
    for table in &explanation.tables {
        text += &format!("{}: {} rows, {} left out\n", table.table, table.rows, table.left_out);
        for row in &table.row_traces {
            let mapping = row.mapping.as_deref().unwrap_or_default();
            text += &format!("  {:?} {} {mapping}\n", row.row, at(&row.element));
            for cell in &row.cells {
                let steps = cell.steps.iter().map(|step| {
                    let value = step.value.as_deref().unwrap_or_default();
                    let place =
                        step.at.as_ref().map(|place| format!(" @{}:{}", place.line, place.column));
                    let warnings = step.warnings.join(",");
                    format!(
                        "{}{}={}{}{}",
                        step.what,
                        place.unwrap_or_default(),
                        step.gives,
                        if value.is_empty() { String::new() } else { format!("({value})") },
                        if warnings.is_empty() { String::new() } else { format!("!{warnings}") },
                    )
                });
                let steps: Vec<String> = steps.collect();
                text +=
                    &format!("    {}: {} -> {:?}\n", cell.column, steps.join("; "), cell.result);
            }
        }
        for left in &table.left_out_traces {
            let mapping = left.mapping.as_deref().unwrap_or_default();
            text += &format!(
                "  left out {}{mapping}: {} instead {} {:?}\n",
                at(&left.element),
                left.reason,
                at(&left.instead),
                left.instead_row
            );
        }
    }
    if let Some(failure) = &explanation.failure {
        text += &format!("failed: {}: {}\n", failure.stage, failure.reason);
    }
    text
}

fn asked(values: Values) -> Asked {
    Asked { part: None, skip: 0, rows_max: 100, values }
}

fn check(contract: &str, document: &str, asked: &Asked, expected: &str) {
    let plan = Plan::from_json(contract).unwrap_or_else(|err| panic!("{err}"));
    let explanation = plan.explain(document, Some(7), asked);
    let told = told(&explanation);
    assert_eq!(told.trim(), expected.trim(), "\n{told}");
}

#[test]
fn rows_of_format_2() {
    let expected = "
customer_order: 1 rows, 0 left out
  Some(1) /Order 1:1 
    app_id: the application's id=number(7) -> Value
    customer: read=nothing; read @2:13=text(Brandt & Co); as text of at most 5=text(Brand)!cut -> Value
    channel: read=nothing; default of the contract=text(web) -> Default
line: 1 rows, 2 left out
  Some(1) /Order/Lines/Line 6:5 
    app_id: the application's id=number(7) -> Value
    sku: read @6:11=text(P-7); as text=text(P-7) -> Value
    amount: read @6:33=text(1.25); as decimal(6,1)=number(1.3)!rounded -> Value
    sign: read @6:48=text(X); code table `sign`=nothing!unknown_code -> Null
    total: input `Amt` @6:33=text(1.25); input `Qty` @6:21=text(3); expression=number(3.75); as decimal(9,2)=number(3.75) -> Value
  left out /Order/Lines/Line 5:5: filter instead - None
  left out /Order/Lines/Line 4:5: same_key instead /Order/Lines/Line 6:5 None";
    check(ORDERS, ORDER, &asked(Values::Shown), expected);
}

#[test]
fn one_column_without_values() {
    let plan = Plan::from_json(ORDERS).expect("a contract");
    let part = Some(plan.part("LINE.Amount").expect("names in any case"));
    let expected = "
line: 1 rows, 2 left out
  Some(1) /Order/Lines/Line 6:5 
    amount: read @6:33=text; as decimal(6,1)=number!rounded -> Value
  left out /Order/Lines/Line 5:5: filter instead - None
  left out /Order/Lines/Line 4:5: same_key instead /Order/Lines/Line 6:5 None";
    check(ORDERS, ORDER, &Asked { part, ..asked(Values::Hidden) }, expected);

    let refused = plan.part("line.amont").expect_err("there is none");
    assert!(refused.contains("did you mean `amount`?"), "{refused}");
    let refused = plan.part("lime").expect_err("there is none");
    assert!(refused.contains("did you mean `line`?"), "{refused}");
}

#[test]
fn rows_are_shown_from_one_on_and_counted() {
    let lines: String = (0..50).map(|n| format!("<Line sku='{n}'/>\n")).collect();
    let document = format!("<Order><Lines>\n{lines}</Lines></Order>");
    let plan = Plan::from_json(ORDERS).expect("a contract");
    let part = Some(plan.part("line").expect("a table"));
    let asked = Asked { part, skip: 30, rows_max: 5, values: Values::Hidden };
    let explanation = plan.explain(&document, Some(7), &asked);
    let [table] = explanation.tables.as_slice() else { panic!("one table is asked for") };
    assert_eq!(table.rows, 50);
    let rows: Vec<Option<u64>> = table.row_traces.iter().map(|row| row.row).collect();
    assert_eq!(rows, [31, 32, 33, 34, 35].map(Some));
    let lines: Vec<u64> =
        table.row_traces.iter().filter_map(|row| Some(row.element.as_ref()?.line)).collect();
    assert_eq!(lines, [32, 33, 34, 35, 36]);
}

#[test]
fn a_document_that_fails_shows_the_row_in_hand() {
    let contract = ORDERS.replace("decimal(6,1)\" }", "decimal(6,1)\", required = true }");
    let document = ORDER.replace("<Amt>1.25</Amt>", "<Amt/>");
    let plan = Plan::from_json(&contract).unwrap_or_else(|err| panic!("{err}"));
    let explanation = plan.explain(&document, Some(7), &asked(Values::Hidden));
    let told = told(&explanation);
    let end = told.split("line: ").nth(1).expect("the second table");
    let expected = "0 rows, 2 left out
  None /Order/Lines/Line 6:5 
    app_id: the application's id=number -> None
    sku: read @6:11=text; as text=text -> None
    amount: read @6:33=empty -> None
  left out /Order/Lines/Line 5:5: filter instead - None
  left out /Order/Lines/Line 4:5: same_key instead /Order/Lines/Line 6:5 None
failed: mapping: `line.amount` must have a value and has neither one nor a default
";
    assert_eq!(end, expected, "\n{told}");
}

/// Contacts that are nobody, and what hangs off them.
#[test]
fn contacts_of_format_1() {
    let contract = include_str!("../../../../dev/samples/contracts/card.json");
    let document = include_str!("../../../../dev/samples/golden/card/contacts.xml");
    let plan = Plan::from_json(contract).unwrap_or_else(|err| panic!("{err}"));
    let explanation = plan.explain(document, None, &asked(Values::Hidden));
    let table = |name: &str| {
        let found = explanation.tables.iter().find(|table| table.table == name);
        found.unwrap_or_else(|| panic!("no table {name}"))
    };
    let left_out = |name: &str| -> Vec<(u64, &str, Option<u64>)> {
        let traces = table(name).left_out_traces.iter();
        let line = |place: &Option<Place>| place.as_ref().map(|place| place.line);
        let told = traces.map(|left| {
            (line(&left.element).expect("an element"), &*left.reason, line(&left.instead))
        });
        told.collect()
    };
    let persons = left_out("person");
    assert_eq!(
        persons,
        [
            (9, "same_key", Some(10)),
            (12, "same_key", Some(15)),
            (19, "meaningless", None),
            (20, "unknown_role", None),
            (23, "no_id", None),
        ]
    );
    assert_eq!(left_out("person_address"), [(13, "no_parent", None), (21, "no_parent", None)]);
    let addresses = &table("person_address").row_traces;
    let parents: Vec<u64> =
        addresses.iter().filter_map(|row| Some(row.parent.as_ref()?.row)).collect();
    assert_eq!((parents, addresses.len()), (vec![3, 4], 2));
    // Without regard to blanks and references, the place is that of the attribute.
    let person = &table("person").row_traces[0];
    let first_name = person.cells.iter().find(|cell| cell.column == "first_name");
    let first_name = first_name.expect("the column is mapped");
    let place = first_name.steps[0].at.as_ref().expect("it is there");
    assert_eq!(
        (&*place.path, place.line, place.column),
        ("/Submission/Request/CustData/card_application/applicant/@first_name", 7, 50)
    );
    assert!(first_name.mapping.as_ref().is_some_and(|at| at.starts_with("mappings[")));
}

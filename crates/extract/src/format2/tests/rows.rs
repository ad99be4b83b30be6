//! What small contracts make of one small document.

use crate::{Plan, Value};

const ORDER: &str = "<o xmlns='urn:o' xmlns:i='http://www.w3.org/2001/XMLSchema-instance'>
  <h><cur>EUR</cur><date>2026-03-27T10:00:00+01:00</date></h>
  <l><n s='a' q='2'><amt c='USD'>10.50</amt><ind>D</ind><t> one </t><t/><t>two</t></n>
     <n s='b'><amt>7</amt><ind>C</ind><n s='c'><amt>1</amt></n></n>
     <n s='a' q='1'><amt i:nil='true'>9</amt></n></l></o>";

/// Checks the cells of the column `c` of a table, as texts.
fn check_rows(rows: &str, column: &str, expected: &[&str]) {
    check(&format!("rows = \"{rows}\"\n[table.columns]\nc = {column}"), expected);
}

fn check(table: &str, expected: &[&str]) {
    let text = format!(
        "format = 2\n[source]\ntable = \"t\"\ndocument = \"d\"\n[namespaces]\no = [\"urn:o\", \"urn:p\"]\n\
         [codes.ind]\nmap = {{ D = \"debit\" }}\nunknown = \"keep\"\n\
         [[table]]\nname = \"t\"\nkey = [\"c\"]\n{table}"
    );
    let shown = match Plan::from_json(&text) {
        Err(err) => vec![err.to_string()],
        Ok(plan) => match plan.map(ORDER, Some(1)) {
            Err(err) => vec![err.to_string()],
            Ok(application) => application.tables[0].iter().map(|row| show(&row[1])).collect(),
        },
    };
    assert_eq!(shown, expected, "{table}");
}

fn show(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Bit(bit) => bit.to_string(),
        Value::Int(int) => int.to_string(),
        Value::Decimal(number) => number.to_string(),
        Value::Float(float) => float.to_string(),
        Value::Text(text) => text.clone(),
        Value::Date(day) => day.to_string(),
        Value::DateTime(time) => time.to_string(),
        Value::DateTimeOffset(time) => time.to_string(),
    }
}

#[test]
fn where_values_come_from() {
    for (column, expected) in [
        (r#""@s""#, ["a", "b", "a"]),
        (r#""o:amt/@c""#, ["USD", "NULL", "NULL"]),
        (r#"{ from = ["o:amt/@c", "../../o:h/o:cur"] }"#, ["USD", "EUR", "EUR"]),
        (r#"{ from = ["o:amt/@c"], default = "GBP" }"#, ["USD", "GBP", "GBP"]),
        (r#""o:amt""#, ["10.50", "7", "NULL"]),
        (r#"{ from = "o:t", join = "; " }"#, ["one; two", "NULL", "NULL"]),
        (r#"{ from = "o:t", pick = "last" }"#, ["two", "NULL", "NULL"]),
        (r#"{ all = ["o:t", "@s"], join = "-" }"#, ["one-two-a", "b", "a"]),
        (r#"{ value = 5 }"#, ["5", "5", "5"]),
        (r#"{ position = true }"#, ["1", "2", "3"]),
        (r#"{ position = "..", type = "int" }"#, ["1", "2", "3"]),
        (r#"{ from = "count(o:t)", type = "int" }"#, ["3", "0", "0"]),
        (r#"{ from = "o:ind", codes = "ind" }"#, ["debit", "C", "NULL"]),
        (
            r#"{ from = "o:amt", type = "decimal(9,2)", negate_if = "o:ind = 'D'" }"#,
            ["-10.50", "7.00", "NULL"],
        ),
        (
            r#"{ from = "o:amt", type = "decimal(9,1)", negate_where = "../o:ind = 'C'" }"#,
            ["10.5", "-7.0", "NULL"],
        ),
        (
            r#"{ from = [{ when = "@q", value = "q" }, { when = "o:n", from = "o:n/@s" }, "@s"] }"#,
            ["q", "c", "q"],
        ),
        (
            r#"{ expr = "CASE WHEN [o:ind] = 'D' THEN -[o:amt] ELSE [o:amt] END", type = "decimal(9,2)" }"#,
            ["-10.50", "7.00", "NULL"],
        ),
        (r#"{ expr = "CONCAT(@s, '-', [../../o:h/o:cur])" }"#, ["a-EUR", "b-EUR", "a-EUR"]),
        (r#"{ from = "/o:o/o:h/o:date", type = "date" }"#, ["2026-03-27"; 3]),
        (
            r#"{ from = "/o:o/o:h/o:date", type = "datetimeoffset(3)" }"#,
            ["2026-03-27 10:00:00 +01:00"; 3],
        ),
    ] {
        check_rows("/o:o/o:l/o:n", column, &expected);
    }
}

#[test]
fn which_elements_are_rows() {
    for (rows, expected) in [
        ("/o:o/o:l/o:n[@q]", &["a", "a"][..]),
        ("/o:o/o:l/o:n[2]", &["b"]),
        ("/o:o/o:l/o:n[last()]", &["a"]),
        ("/o:o/o:l//o:n", &["a", "b", "c", "a"]),
        ("//n/n", &["c"]),
        ("/o:o/o:l/o:n[o:t = 'two']", &["a"]),
        ("/o:o/o:l/o:n[../../o:h/o:cur = 'EUR'][@s = 'b']", &["b"]),
        ("//o:n[o:n] | //o:n[@q = '1']", &["b", "a"]),
    ] {
        check_rows(rows, "\"@s\"", expected);
    }
}

#[test]
fn rows_that_stay() {
    let rows = "rows = \"/o:o/o:l/o:n\"\n";
    let columns = "[table.columns]\nc = \"@s\"";
    check(&format!("{rows}keep = \"first\"\n{columns}"), &["a", "b"]);
    check(&format!("{rows}keep = \"last\"\n{columns}"), &["b", "a"]);
    check(&format!("{rows}keep = \"first\"\nprefer = [\"@q = '1'\"]\n{columns}"), &["b", "a"]);
    check(&format!("{rows}when = \"@q = '2' or o:n\"\n{columns}"), &["a", "b"]);
}

#[test]
fn rows_in_rows() {
    let text = r#"
format = 2
[source]
table = "t"
document = "d"
[[table]]
name = "o"
rows = "/o"
[[table]]
name = "n"
key = ["no"]
rows = "/o/l//n[not(@q = '1')]"
[table.columns]
no = { position = true, type = "int" }
outer = { enclosing = "n.no" }
[[table]]
name = "amount"
parent = "n"
rows = "/o/l//n/amt"
[table.columns]
amount = "."
"#;
    let plan = Plan::from_json(text).unwrap_or_else(|err| panic!("{err}"));
    let application = plan.map(ORDER, Some(1)).unwrap_or_else(|err| panic!("{err}"));
    let shown: Vec<Vec<String>> = application.tables[1..]
        .iter()
        .map(|rows| {
            let row = |row: &crate::Row| row.iter().map(show).collect::<Vec<_>>().join(" ");
            rows.iter().map(row).collect()
        })
        .collect();
    // The third amount is of a row that is none.
    assert_eq!(shown, [vec!["1 1 NULL", "1 2 NULL", "1 3 2"], vec!["1 1 10.50", "1 2 7", "1 3 1"]]);
    let warned: Vec<String> = application
        .warnings
        .iter()
        .map(|warning| format!("{} {}", plan.warned(warning).0, warning.kind))
        .collect();
    assert_eq!(warned, ["amount row_left_out"]);
}

#[test]
fn documents_of_another_kind() {
    let text = "format = 2\n[source]\ntable = \"t\"\ndocument = \"d\"\n[namespaces]\nx = \"urn:x\"\n\
                [[table]]\nname = \"t\"\nrows = \"/x:o\"\n[table.columns]\nc = \"x:h\"";
    let plan = Plan::from_json(text).unwrap_or_else(|err| panic!("{err}"));
    let reason = |xml: &str, id| plan.map(xml, id).map_err(|err| err.to_string()).unwrap_err();
    assert_eq!(
        reason(ORDER, Some(1)),
        "validation: the root element is `o`, with which no path of the contract begins, at least not in its namespace"
    );
    assert_eq!(
        reason("<o xmlns='urn:x'/>", None),
        "validation: the application's id is that of the source row, and none was given; `map` takes it from `--app-id` or the file's name"
    );
    assert!(plan.map("<p:o xmlns:p='urn:x'/>", Some(1)).is_ok());
}

/// Rows at several depths in turn, and a name in two namespaces: each row finds what is in it, and nothing else.
#[test]
fn rows_at_several_depths_in_turn() {
    let xml = "<o xmlns:a='urn:a' xmlns:b='urn:b'><i s='1'><v>a</v><i s='2'><v>b</v></i><v>c</v></i>\
               <i s='3'/><k><i s='4'><a:v>d</a:v><b:v>e</b:v></i></k><i s='5'><v>f</v><w/><v>f</v></i>\
               <i s='6'/><i s='7'><w/></i></o>";
    let text = "format = 2\n[source]\ntable = \"t\"\ndocument = \"d\"\n\
                [[table]]\nname = \"o\"\nrows = \"/o\"\n[table.columns]\none = { value = 1, type = \"int\" }\n\
                [[table]]\nname = \"i\"\nrows = \"//i\"\n[table.columns]\n\
                own = \"@s\"\nall = { from = \"v\", join = \";\" }\nfirst = { from = \"v\", pick = \"first\" }\n\
                around = { from = \"ancestor::i/@s\", pick = \"first\" }\n\
                nearest = { from = \"ancestor::*[1]/@s\", pick = \"first\" }\n\
                beside = { from = \"count(../i)\", type = \"int\" }\n\
                some = { from = [{ when = \"../i/w\", value = \"w\" }, { when = \"../v = 'c'\", value = \"c\" }] }\n\
                last = { from = \"../i/@s\", pick = \"last\" }";
    let plan = Plan::from_json(text).unwrap_or_else(|err| panic!("{err}"));
    let application = plan.map(xml, Some(1)).expect("rows");
    let shown: Vec<String> = application.tables[1]
        .iter()
        .map(|row| row[1..].iter().map(show).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(
        shown,
        [
            "1 a;c a NULL NULL 5 w 7",
            "2 b b 1 1 1 c 2",
            "3 NULL NULL NULL NULL 5 w 7",
            "4 d;e d NULL NULL 1 NULL 4",
            "5 f;f f NULL NULL 5 w 7",
            "6 NULL NULL NULL NULL 5 w 7",
            "7 NULL NULL NULL NULL 5 w 7",
        ]
    );
}

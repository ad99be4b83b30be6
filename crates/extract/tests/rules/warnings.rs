//! A value is never changed without a word: what is lost of which value, and what it becomes.

use serde_json::{Value as Json, json};
use xmlx_extract::{Held, Plan, Stored, TextUnit};

use crate::contract::{base, document, mapping, rows};

const LOAN: &str = "/Msg/Req/loan";

/// A plan with one mapping of attribute `a` to `loan_terms.x`, and what offsets become.
fn plan(data_type: &str, more: &Json, time_offsets: Option<&str>) -> Plan {
    let mut contract = base();
    if let Some(word) = time_offsets {
        contract["time_offsets"] = json!(word);
    }
    let mapping = mapping(LOAN, "a", "loan_terms.x", data_type, more.clone());
    contract["mappings"].as_array_mut().expect("mappings").push(mapping);
    Plan::from_json(&contract.to_string()).unwrap_or_else(|err| panic!("{err}"))
}

fn shown(plan: &Plan, text: &str) -> String {
    let xml = document(&format!("a='{text}' b='{text}'"), "");
    let shown = rows(plan, &xml, "loan_terms");
    let mut shown = shown.strip_prefix("loan_id=7 ").unwrap_or(&shown).to_owned();
    for warning in plan.map(&xml, None).map(|mapped| mapped.warnings).unwrap_or_default() {
        assert_eq!(plan.warned(&warning), ("loan_terms", Some("x")));
        shown = format!("{shown} {}", warning.kind);
    }
    shown
}

fn check(data_type: &str, more: &Json, text: &str, expected: &str) {
    let shown = shown(&plan(data_type, more, None), text);
    assert_eq!(shown, expected, "{data_type} {more} `{text}`");
}

#[test]
fn numbers() {
    let plain = json!({});
    for (text, expected) in [
        ("12abc", "x=12 partly_read"),
        ("(1,234.56)", "x=1235 partly_read"),
        ("1 234", "x=1 partly_read"),
        ("0x1F", "x=0 partly_read"),
        ("36.5", "x=37 rounded"),
        ("36.0", "x=36"),
        ("9,99", " unreadable"),
    ] {
        check("int", &plain, text, expected);
    }
    check("decimal", &plain, "1.005", "x=1.01 rounded");
    check("decimal", &plain, "12abc", " unreadable");
    check("decimal", &json!({ "mapping_type": ["numbers_only"] }), "12abc", "x=12.00 partly_read");
    check("decimal", &json!({ "data_length": 38 }), "0.5", &format!("x=0.5{}", "0".repeat(37)));
    check("float", &plain, "6.62607015e-34", &format!("x={}", 6.626_070_15e-34_f64));
    let sum = json!({ "mapping_type": ["calculated_field"], "expression": "b / 3" });
    check("decimal", &sum, "10", "x=3.33 rounded");
    check("decimal", &sum, "9", "x=3.00");
    check("decimal", &sum, "ten", " unreadable");
}

#[test]
fn texts() {
    check("string", &json!({ "data_length": 3 }), "abcd", "x='abc' cut");
    check("string", &json!({ "data_length": 3 }), " abc ", "x='abc'");
    check("string", &json!({ "data_length": 3 }), "ab😀", "x='ab' cut");
    let digits = json!({ "mapping_type": ["numbers_only"], "data_length": 9 });
    check("string", &digits, "012-34-5678", "x='012345678'");
    check("string", &digits, "(555) 123 4567", "x='555123456' cut");
    check("string", &digits, "555-1234 ext 9", "x='55512349' partly_read");
    check("string", &digits, "36.50", "x='3650' partly_read");
    check("string", &digits, "-5", "x='5' partly_read");
    check("string", &digits, "none", " unreadable");
}

#[test]
fn codes() {
    let colour = json!({ "mapping_type": ["enum"], "enum_name": "colour" });
    check("int", &colour, "BLUE", "x=11");
    check("int", &colour, "green", "x=19 unknown_code");
    check("int", &colour, "", "x=19");
    check(
        "int",
        &json!({ "mapping_type": ["enum"], "enum_name": "when" }),
        "soon",
        " unknown_code",
    );
    check("bit", &json!({ "mapping_type": ["char_to_bit"] }), "X", "x=false unknown_code");
    check("bit", &json!({ "mapping_type": ["boolean_to_bit"] }), "maybe", "x=false unknown_code");
    check("bit", &json!({}), "off", "x=true unknown_code");
    check("bit", &json!({}), "Yes", "x=true");
}

/// Such a table gives its column no value, whatever the document says.
#[test]
fn an_empty_table_knows_no_code() {
    let mut contract = base();
    contract["enum_mappings"]["queue"] = json!({});
    let queue = json!({ "mapping_type": ["enum"], "enum_name": "queue" });
    let mapping = mapping(LOAN, "a", "loan_terms.x", "int", queue);
    contract["mappings"].as_array_mut().expect("mappings").push(mapping);
    let plan = Plan::from_json(&contract.to_string()).unwrap_or_else(|err| panic!("{err}"));
    assert_eq!(shown(&plan, "A"), " unknown_code");
    assert_eq!(shown(&plan, ""), "");
}

#[test]
fn dates() {
    let plain = json!({});
    check("date", &plain, "2024-01-05", "x=2024-01-05");
    check("date", &plain, "2024-01-05 10:11:12", "x=2024-01-05 rounded");
    check("smalldatetime", &plain, "2024-01-05 10:11:12", "x=2024-01-05 10:11:00 rounded");
    check("datetime", &plain, "2024-01-05T10:11:59 by fax", " unreadable");
    check("datetimeoffset", &plain, "2024-01-05T10:11:12Z", "x=2024-01-05 10:11:12 +00:00");
}

#[test]
fn offsets_as_the_contract_says() {
    let check = |word: Option<&str>, data_type: &str, expected: &str| {
        let plan = plan(data_type, &json!({}), word);
        assert_eq!(shown(&plan, "2024-01-31T23:30:00-05:00"), expected, "{word:?} {data_type}");
    };
    check(None, "datetime", "x=2024-01-31 23:30:00 offset_dropped");
    check(Some("as_written"), "date", "x=2024-01-31 offset_dropped");
    check(Some("utc"), "datetime", "x=2024-02-01 04:30:00");
    check(Some("utc"), "smalldatetime", "x=2024-02-01 04:30:00");
    check(Some("utc"), "string", "x='2024-01-31T23:30:00-05:00'");
    let refused = "mapping: the time of `loan_terms.x` has an offset from UTC, which `time_offsets` of the contract \
                   refuses";
    check(Some("refuse"), "datetime", refused);
    check(Some("refuse"), "date", refused);
    for word in ["as_written", "utc", "refuse"] {
        check(Some(word), "datetimeoffset", "x=2024-01-31 23:30:00 -05:00");
    }
}

#[test]
fn a_word_that_offsets_do_not_have_is_refused() {
    let mut contract = base();
    contract["time_offsets"] = json!("UTC");
    let errors = Plan::from_json(&contract.to_string()).expect_err("a problem").to_string();
    assert!(errors.contains("time_offsets: there is no `UTC`"), "{errors}");
    assert!(errors.contains("did you mean `utc`"), "{errors}");
}

/// What the database's column cannot hold fails or is warned of as if the contract had said it.
#[test]
fn columns_that_hold_less() {
    let check = |data_type: &str, more: Json, stored: Stored, text: &str, expected: &str| {
        let mut plan = plan(data_type, &more, None);
        plan.narrow(|table, column| ((table, column) == ("loan_terms", "x")).then_some(stored));
        assert_eq!(shown(&plan, text), expected, "{data_type} in {stored:?}: `{text}`");
    };
    let is = |name, precision, scale| {
        Stored::Held(Held::column(name, precision, scale).expect("numbers or dates"))
    };
    let plain = || json!({});
    let outside = "mapping: the value of `loan_terms.x` is outside of";
    let length = |digits| json!({ "data_length": digits });
    check("decimal", length(8), is("decimal", 8, 5), "1.2345678", "x=1.23457 rounded");
    let beyond = format!("{outside} decimal, at most 3 digits before and 5 after the point");
    check("decimal", length(8), is("decimal", 8, 5), "99999999999999999999", &beyond);
    check("decimal", length(4), is("decimal", 9, 2), "0.0049995", "x=0.00 rounded");
    check(
        "int",
        plain(),
        is("decimal", 3, 0),
        "1000",
        &format!("{outside} decimal, at most 3 digits before and 0 after the point"),
    );
    let small = format!("{outside} smallint, -32768 to 32767");
    check("int", plain(), is("smallint", 0, 0), "40000", &small);
    check("int", plain(), is("int", 0, 0), "40000", "x=40000");
    let at = "2024-01-05T10:11:45.6789012";
    check("datetime", plain(), is("date", 0, 0), at, "x=2024-01-05 rounded");
    check("datetime", plain(), is("smalldatetime", 0, 0), at, "x=2024-01-05 10:12:00 rounded");
    check("datetime", plain(), is("datetime2", 0, 0), at, "x=2024-01-05 10:11:46 rounded");
    check("datetime", plain(), is("datetime2", 0, 2), at, "x=2024-01-05 10:11:45.680 rounded");
    check("datetime", plain(), is("datetime", 0, 0), at, "x=2024-01-05 10:11:45.679 rounded");
    check("datetime", plain(), is("datetime2", 0, 7), at, "x=2024-01-05 10:11:45.678901200");
    check("smalldatetime", plain(), is("smalldatetime", 0, 0), at, "x=2024-01-05 10:12:00 rounded");
    let early = format!("{outside} smalldatetime, 1900-01-01 to 2079-06-06");
    check("datetime", plain(), is("smalldatetime", 0, 0), "1899-01-05", &early);
    check("date", plain(), is("smalldatetime", 0, 0), "1899-01-05", &early);
    let offset = "2024-01-05T10:11:12.75+05:00";
    let kept = "x=2024-01-05 10:11:12.750 +05:00";
    check("datetime", plain(), is("datetimeoffset", 0, 7), offset, kept);
    let rounded = "x=2024-01-05 10:11:13 +05:00 rounded";
    check("datetime", plain(), is("datetimeoffset", 0, 0), offset, rounded);
    check("string", json!({ "data_length": 5 }), Stored::Text(TextUnit::Utf8), "ééé", "x='éé' cut");
    check("string", json!({ "data_length": 5 }), Stored::Text(TextUnit::Utf16), "ééé", "x='ééé'");
}

/// Whatever made a value, its column has to hold it: here the id of the application, which no cell reads.
#[test]
fn ids_that_a_column_cannot_hold() {
    let mut plan = plan("int", &json!({}), None);
    let held = Held::column("decimal", 3, 3).map(Stored::Held);
    plan.narrow(|table, column| held.filter(|_| (table, column) == ("loan_terms", "loan_id")));
    let shown = shown(&plan, "7");
    assert!(shown.contains("`loan_terms.loan_id` is outside of decimal, at most 0"), "{shown}");
}

//! What expressions mean.

use std::borrow::Cow;

use super::{Calculation, Datum, Fields, parse};
use crate::limits::Limits;

/// Fields of a test.
struct Known<'a> {
    names: Vec<String>,
    values: &'a [(&'a str, &'a str)],
}

impl<'a> Fields<'a> for Known<'a> {
    fn field(&self, field: usize) -> Option<Cow<'a, str>> {
        let name = &self.names[field];
        self.values.iter().find(|(known, _)| known == name).map(|(_, value)| Cow::Borrowed(*value))
    }
}

/// Evaluates an expression over the fields a to e.
fn show(text: &str) -> String {
    let values = [
        ("a", "5"),
        ("b", "1,200.50"),
        ("c", "abc"),
        ("blank", ""),
        ("d", "9/15/2018"),
        ("e", "2020-01-31"),
        ("x.y", "dotted"),
        ("code", "07"),
        ("early", "2024-01-01T10:00:00+05:00"),
        ("late", "2024-01-01T09:00:00Z"),
        ("same", "2024-01-01T04:00:00-05:00"),
        ("local", "2024-01-01T09:30:00"),
        ("long", "1234567890123456789012345678.9012345678"),
        ("longer", "1234567890123456789012345678.90123456789"),
    ];
    let parsed = match parse(text, Limits::default().expression_depth) {
        Ok(parsed) => parsed,
        Err(err) => return err.to_string(),
    };
    let fields = Known { names: parsed.fields.clone(), values: &values };
    let mut calculation = Calculation::new(fields);
    let shown = match calculation.value(&parsed.expr) {
        Datum::Null => "NULL".to_owned(),
        Datum::Text(text) => format!("'{text}'"),
        Datum::Number(number) => number.normalize().to_string(),
        Datum::Date(date) => date.to_string(),
    };
    calculation.lost.map_or(shown.clone(), |lost| format!("{shown} ({lost})"))
}

fn check(text: &str, expected: &str) {
    assert_eq!(show(text), expected, "`{text}`");
}

/// Checks whether a condition is true, false or unknown.
fn check_condition(text: &str, expected: Option<bool>) {
    let word = |holds: bool| if holds { "'yes'" } else { "'no'" };
    let holds = expected.map_or("NULL", word);
    let case = format!("CASE WHEN {text} THEN 'yes' WHEN NOT ({text}) THEN 'no' END");
    check(&case, holds);
}

#[test]
fn arithmetic() {
    check("a + 2 * 3", "11");
    check("(a + 2) * 3", "21");
    check("a - 2 - 1", "2");
    check("-a + 1", "-4");
    check("2 ** 3 ** 2", "512");
    check("-2 ** 2", "-4");
    check("7 // 2", "3");
    check("7 % 4", "3");
    check("b / 12", "100.04166666666666666666666666666666667");
    check("a / 0", "NULL (unreadable)");
    check("a + missing", "NULL");
    check("a + blank", "NULL");
    check("a + c", "NULL (unreadable)");
    check("CASE WHEN a + c > 3 THEN 1 ELSE 2 END", "2 (unreadable)");
    check("long + 0", "1234567890123456789012345678.9012345678");
    check("longer + 0", "1234567890123456789012345678.9012345679 (rounded)");
    check("2 ** 0.5", "NULL (unreadable)");
    check("10 ** 100", "NULL (unreadable)");
}

#[test]
fn values() {
    check("a", "'5'");
    check("'it''s'", "'it's'");
    check("x.y", "'dotted'");
    check("NULL", "NULL");
    check("DATE('2023-10-11 00:00:00')", "2023-10-11 00:00:00");
    check("DATE(d)", "2018-09-15 00:00:00");
    check("DATE(c)", "NULL (unreadable)");
    check("DATEADD(day, 3, d)", "2018-09-18 00:00:00");
    check("DATEADD(day, -a, e)", "2020-01-26 00:00:00");
    check("DATEADD(month, 1, e)", "2020-02-29 00:00:00");
    check("DATEADD(year, 1, '2024-02-29')", "2025-02-28 00:00:00");
    check("DATEADD(day, missing, d)", "2018-09-15 00:00:00");
    check("DATEADD(day, blank, d)", "2018-09-15 00:00:00");
    check("DATEADD(day, c, d)", "NULL (unreadable)");
    check("DATEADD(day, missing * 7, d)", "NULL");
    check("DATEADD(day, 1, missing)", "NULL");
    check("DATEADD(day, 99999999999999, d)", "NULL (unreadable)");
    check("CASE WHEN a > 3 THEN DATEADD(week, 1, DATE(e)) END", "2020-02-07 00:00:00");
}

#[test]
fn cases() {
    check("CASE WHEN a = 5 THEN 'five' ELSE 'other' END", "'five'");
    check("CASE WHEN a = 6 THEN 'six' END", "NULL");
    check("case when a = 5 then case when c = 'abc' then 1 else 2 end else 3 end", "1");
    check("CASE WHEN a > 10 THEN 1 WHEN a > 4 THEN 2 WHEN a > 3 THEN 3 END", "2");
    check("CASE WHEN c = 'abc' THEN 'the end' END", "'the end'");
    check("CASE WHEN a = 5 THEN a * 2 ELSE 0 END + 1", "11");
}

#[test]
fn comparisons() {
    check_condition("a > 0", Some(true));
    check_condition("a = 5.0", Some(true));
    check_condition("0 < a", Some(true));
    check_condition("a <> 5", Some(false));
    check_condition("a != 4", Some(true));
    check_condition("a > 10", Some(false));
    check_condition("a > '10'", Some(false));
    check_condition("'10' > a", Some(true));
    check_condition("code = '7'", Some(true));
    check_condition("c = 'ABC'", Some(false));
    check_condition("c > 'abb'", Some(true));
    check("CASE WHEN c > 0 THEN 1 ELSE 2 END", "2 (unreadable)");
    check_condition("blank > 0", None);
    check_condition("missing = 'x'", None);
    check_condition("missing != 'x'", None);
    check_condition("missing = ''", Some(true));
    check_condition("blank = ''", Some(true));
    check_condition("a = ''", Some(false));
    check_condition("a != ''", Some(true));
}

#[test]
fn dates_compare_as_dates() {
    check_condition("d > '2020-01-01'", Some(false));
    check_condition("d < e", Some(true));
    check_condition("e > DATE('2020-01-30')", Some(true));
    check_condition("'1/31/2020' = e", Some(true));
    check("CASE WHEN c > DATE('2020-01-30') THEN 1 ELSE 2 END", "2 (unreadable)");
    check_condition("late > early", Some(true));
    check_condition("late = same", Some(true));
    check_condition("late > local", Some(false));
}

#[test]
fn conditions() {
    check_condition("a = 5 AND c = 'abc'", Some(true));
    check_condition("a = 4 OR c = 'abc' AND a = 5", Some(true));
    check_condition("(a = 5 OR c = 'x') AND a = 4", Some(false));
    check_condition("NOT a = 5 OR a = 5", Some(true));
    check_condition("NOT (a = 5 OR a = 5)", Some(false));
    check_condition("missing = 'x' OR a = 5", Some(true));
    check_condition("missing = 'x' AND a = 4", Some(false));
    check_condition("missing = 'x' AND a = 5", None);
    check_condition("(a + 1) * 2 > 11", Some(true));
    check_condition("c LIKE 'A%'", Some(true));
    check_condition("c NOT LIKE '%z%'", Some(true));
    check_condition("missing LIKE '%'", None);
    check_condition("missing IS NULL", Some(true));
    check_condition("blank IS NULL", Some(true));
    check_condition("blank IS NOT EMPTY", Some(false));
    check_condition("a IS NOT NULL", Some(true));
    check_condition("missing IS EMPTY", Some(true));
}

#[test]
fn mistakes_have_a_position() {
    check("", "at 1: expected a value, found the end");
    check("a +", "at 4: expected a value, found the end");
    check("a b", "at 3: expected an operator or the end, found `b`");
    check("(a", "at 3: expected `)`, found the end");
    check("a = 5", "at 1: expected a value, found a condition");
    check("CASE WHEN a THEN 1 END", "at 11: expected a condition, found a value");
    check("CASE WHEN a = 1 THEN b = 2 END", "at 22: expected a value, found a condition");
    check("CASE a WHEN 1 THEN 2 END", "at 6: expected WHEN, found `a`");
    check("CASE WHEN a = 1 THEN 2", "at 23: expected END, found the end");
    check("CASE WHEN a IN (1) THEN 2 END", "at 11: expected a condition, found a value");
    check("CASE WHEN a LIKE b THEN 2 END", "at 18: expected a pattern in quotes, found `b`");
    check("UPPER(a)", "at 1: there is no function `UPPER`");
    check("DATE('soon')", "at 6: this is no date");
    check("DATEADD(fortnight, 1, d)", "at 9: expected day, week, month or year, found `fortnight`");
}

#[test]
fn depth_is_limited_and_length_is_not() {
    let deep = format!("{}a{}", "(".repeat(100), ")".repeat(100));
    check(&deep, "at 66: over the limit `expression_depth` of 64, which `--limits` sets");
    let nested = "NOT ".repeat(100);
    check(
        &format!("CASE WHEN {nested} a = 1 THEN 1 END"),
        "at 267: over the limit `expression_depth` of 64, which `--limits` sets",
    );
    let long = vec!["1"; 20_000].join(" + ");
    check(&long, "20000");
}

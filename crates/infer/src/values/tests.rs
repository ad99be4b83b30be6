//! Which type holds which values.

use super::*;

/// The type where the samples have these values again and again.
fn type_of(values: &[&str]) -> String {
    named_type_of("x", values, MANY)
}

fn named_type_of(name: &str, values: &[&str], n_times: u64) -> String {
    let mut all = Values::default();
    for _ in 0..n_times {
        values.iter().for_each(|value| all.add(value));
    }
    all.sql_type(name).to_string()
}

#[test]
fn the_fewer_values_there_are_the_more_room_they_get() {
    for (name, values, few, some, many) in [
        ("kind", &["EUR", "DE"][..], "nvarchar(20)", "nvarchar(10)", "nvarchar(10)"),
        ("name", &["Brandt"], "nvarchar(50)", "nvarchar(20)", "nvarchar(20)"),
        ("number", &["1234", "56"], "int", "int", "int"),
        ("number", &["1234567", "2"], "bigint", "int", "int"),
        ("Qty", &["2", "10"], "decimal(19,4)", "int", "int"),
        ("orderTotals", &["2", "10"], "decimal(19,4)", "int", "int"),
        ("totality", &["2", "10"], "int", "int", "int"),
        ("rate", &["1.5"], "decimal(19,4)", "decimal(19,4)", "decimal(19,4)"),
        ("rate", &["1.12345"], "decimal(19,7)", "decimal(19,7)", "decimal(19,7)"),
    ] {
        let found = [1, FEW, MANY].map(|n_times| named_type_of(name, values, n_times));
        assert_eq!(found, [few, some, many], "{name} {values:?}");
    }
}

#[test]
fn types_hold_all_values_with_room() {
    for (values, expected) in [
        (&["true", "false", ""][..], "bit"),
        (&["0", "1"], "int"),
        (&["1", "-250"], "int"),
        (&["1", "123456789"], "bigint"),
        (&["1", "123456789012345678"], "decimal(38,0)"),
        (&["1", "1234567890123456789"], "decimal(38,4)"),
        (&["007", "12"], "nvarchar(10)"),
        (&["12345", "54321"], "nvarchar(10)"),
        (&["1234", "54321"], "int"),
        (&["1.5", "20"], "decimal(19,4)"),
        (&["-0.00001"], "decimal(19,7)"),
        (&["12345678901234.5"], "decimal(38,4)"),
        (&["1,5"], "nvarchar(10)"),
        (&["1e5"], "nvarchar(10)"),
        (&["01.5"], "nvarchar(10)"),
        (&["2024-02-29", " 1999-12-31 "], "date"),
        (&["2024-02-30"], "nvarchar(20)"),
        (&["0000-01-01"], "nvarchar(20)"),
        (&["2024-02-29T10:00:00", "2024-02-29"], "datetime2(7)"),
        (&["2024-02-29 10:00:00.123"], "datetime2(7)"),
        (&["2024-02-29T10:00:00.123456789"], "nvarchar(100)"),
        (&["2024-02-29T10:00:00Z", "2024-02-29T10:00:00"], "datetimeoffset(7)"),
        (&["2024-02-29T10:00:00+14:00"], "datetimeoffset(7)"),
        (&["2024-02-29T10:00:00+15:00"], "nvarchar(50)"),
        (&["23:59:59.5"], "time(7)"),
        (&["24:00:00"], "nvarchar(20)"),
        (&["01234567-89ab-cdef-0123-456789ABCDEF"], "uniqueidentifier"),
        (&["12/31/2024", "1/2/2024"], "date"),
        (&["31.12.2024"], "date"),
        (&["1/2/2024"], "nvarchar(20)"),
        (&["13/13/2024"], "nvarchar(20)"),
        (&["12/31/2024", "31/12/2024"], "nvarchar(20)"),
        (&["12/31/2024", "2024-12-31"], "nvarchar(20)"),
        (&["", " \n"], "nvarchar(200)"),
    ] {
        assert_eq!(type_of(values), expected, "{values:?}");
    }
    assert_eq!(type_of(&["x".repeat(2001).as_str()]), "nvarchar(max)");
    assert_eq!(type_of(&["\u{1f600}".repeat(5).as_str()]), "nvarchar(20)");
}

#[test]
fn merged_values_are_those_of_both() {
    let (mut left, mut right) = (Values::default(), Values::default());
    left.add("12");
    right.add("1.25");
    right.add("");
    left.merge(&right);
    assert_eq!((left.n, left.n_blank), (2, 1));
    assert_eq!(left.sql_type("x").to_string(), "decimal(19,4)");
}

#[test]
fn the_order_of_day_and_month_needs_a_day_that_is_no_month() {
    let mut values = Values::default();
    assert_eq!((values.date_order(), values.is_unclear_date()), (None, false));
    values.add("1/2/2024");
    assert_eq!((values.date_order(), values.is_unclear_date()), (None, true));
    values.add("1/31/2024");
    assert_eq!(values.date_order(), Some(DateOrder::MonthFirst));
}

//! Each type of column with values that it holds, rounds or cannot hold.

use super::*;

fn column(type_name: &str, precision: u32, scale: u32) -> Held {
    Held::column(type_name, precision, scale).expect("a type of numbers, dates or times")
}

fn moment(text: &str) -> Value {
    Value::DateTime(text.parse().expect("a moment"))
}

fn number(text: &str) -> Value {
    Value::Decimal(Decimal::of(text))
}

#[test]
fn columns_hold_what_they_hold() {
    let check = |held: Held, value: Value, expected: bool| {
        let fit = held.fit(&value);
        assert_eq!(fit != Fit::Outside, expected, "{value:?} in {held}: {fit:?}");
    };
    let tinyint = column("tinyint", 0, 0);
    check(tinyint, Value::Int(255), true);
    check(tinyint, Value::Int(256), false);
    check(tinyint, Value::Int(-1), false);
    check(tinyint, Value::Null, true);
    check(column("smallint", 0, 0), Value::Int(-32_769), false);
    check(column("int", 0, 0), Value::Int(1 << 31), false);
    check(column("bigint", 0, 0), Value::Int(i64::MIN), true);
    let decimal = column("decimal", 5, 2);
    check(decimal, Value::Int(999), true);
    check(decimal, Value::Int(1000), false);
    check(decimal, Value::Float(-999.99), true);
    check(decimal, Value::Float(-1e30), false);
    check(decimal, number("999.994"), true);
    check(decimal, number("999.995"), false);
    check(column("numeric", 2, 2), Value::Float(0.25), true);
    check(column("numeric", 2, 2), Value::Float(1.25), false);
    check(column("smallmoney", 0, 0), Value::Int(214_749), false);
    check(column("smallmoney", 0, 0), number("-214748.3648"), true);
    check(column("money", 0, 0), Value::Int(214_749), true);
    check(column("money", 0, 0), number("922337203685477.5808"), false);
    check(column("real", 0, 0), Value::Float(1e39), false);
    let small = column("smalldatetime", 0, 0);
    check(small, moment("1899-12-31T23:59:59"), false);
    check(small, moment("2079-06-06T23:59:29.998"), true);
    check(small, moment("2079-06-06T23:59:30"), false);
    check(column("datetime", 0, 0), moment("1752-12-31T00:00:00"), false);
    check(column("datetime", 0, 0), moment("9999-12-31T23:59:59.998"), true);
    check(column("datetime", 0, 0), moment("9999-12-31T23:59:59.999"), false);
    check(column("datetime2", 0, 7), moment("9999-12-31T23:59:59.9999999"), true);
    check(column("datetime2", 0, 3), moment("9999-12-31T23:59:59.9999999"), false);
    let day = Value::Date("1899-12-30".parse().expect("a day"));
    check(small, day.clone(), false);
    check(column("date", 0, 0), day, true);
    let late = Value::DateTimeOffset("9999-12-31T23:00:00-05:00".parse().expect("a moment"));
    check(column("datetimeoffset", 0, 7), late, false);
}

#[test]
fn what_a_column_rounds_is_said() {
    let check = |held: Held, value: Value, expected: Option<Value>| {
        let expected = expected.map_or(Fit::Whole, Fit::Rounded);
        assert_eq!(held.fit(&value), expected, "{value:?} in {held}");
    };
    check(column("decimal", 9, 2), number("1.005"), Some(number("1.01")));
    check(column("decimal", 9, 2), number("1.50"), None);
    check(column("money", 0, 0), number("1.00005"), Some(number("1.0001")));
    check(column("int", 0, 0), number("7.00"), None);
    let at = || moment("2024-12-31T23:59:45.6789012");
    check(column("datetime2", 0, 7), at(), None);
    check(column("datetime2", 0, 6), at(), Some(moment("2024-12-31T23:59:45.678901")));
    check(column("datetime2", 0, 2), at(), Some(moment("2024-12-31T23:59:45.68")));
    check(column("datetime2", 0, 0), at(), Some(moment("2024-12-31T23:59:46")));
    check(column("datetime", 0, 0), at(), Some(moment("2024-12-31T23:59:45.679")));
    check(column("datetime", 0, 0), moment("2024-12-31T23:59:45.670"), None);
    check(column("datetimeoffset", 0, 0), at(), Some(moment("2024-12-31T23:59:46")));
    check(column("smalldatetime", 0, 0), at(), Some(moment("2025-01-01T00:00:00")));
    let down = moment("2024-12-31T23:59:29.998");
    check(column("smalldatetime", 0, 0), down, Some(moment("2024-12-31T23:59:00")));
    check(column("smalldatetime", 0, 0), moment("2024-12-31T23:59:00"), None);
    let day = Value::Date("2024-12-31".parse().expect("a day"));
    check(column("date", 0, 0), at(), Some(day.clone()));
    check(column("datetime2", 0, 0), day, None);
    let offset = |text: &str| Value::DateTimeOffset(text.parse().expect("a moment"));
    let dated = offset("2024-01-01T10:20:45.678+05:00");
    check(column("datetimeoffset", 0, 3), dated.clone(), None);
    check(column("datetimeoffset", 0, 1), dated, Some(offset("2024-01-01T10:20:45.7+05:00")));
}

#[test]
fn what_the_database_rounds_is_said() {
    let check = |held: Held, value: Value, is_kept: bool| {
        let expected = if is_kept { Fit::Whole } else { Fit::RoundedThere };
        assert_eq!(held.fit(&value), expected, "{value:?} in {held}");
    };
    let text = |text: &str| Value::Text(text.to_owned());
    check(column("time", 0, 0), text("10:11:12.000"), true);
    check(column("time", 0, 0), text("10:11:12.5"), false);
    check(column("time", 0, 3), text("10:11:12.1230"), true);
    check(column("time", 0, 3), text("10:11:12.1234"), false);
    check(column("time", 0, 7), text("10:11:12"), true);
    check(column("float", 0, 0), number("12345678901234.5"), true);
    check(column("float", 0, 0), number("0.1234567890123456"), true);
    check(column("float", 0, 0), number("12345678901234567.89"), false);
    check(column("real", 0, 0), number("1234567"), true);
    check(column("real", 0, 0), Value::Int(16_777_217), false);
}

#[test]
fn only_columns_that_hold_less_are_looked_at() {
    let check = |held: Held, contract, expected: bool| {
        assert_eq!(held.takes_all(contract), expected, "{contract} in {held}");
    };
    let decimal = |precision, scale| DataType::Decimal { precision, scale };
    check(column("int", 0, 0), DataType::Int, true);
    check(column("int", 0, 0), DataType::TinyInt, true);
    check(column("int", 0, 0), DataType::BigInt, false);
    check(column("int", 0, 0), DataType::Bit, true);
    check(column("decimal", 10, 0), DataType::Int, true);
    check(column("decimal", 9, 0), DataType::Int, false);
    check(column("decimal", 9, 2), decimal(9, 2), true);
    check(column("decimal", 9, 2), decimal(38, 2), false);
    check(column("date", 0, 0), DataType::Date, true);
    check(column("date", 0, 0), DataType::DateTime, false);
    check(column("datetime", 0, 0), DataType::DateTime, false);
    check(column("datetime", 0, 0), DataType::Date, false);
    check(column("datetime2", 0, 7), DataType::DateTime, true);
    check(column("datetime2", 0, 7), DataType::Date, true);
    check(column("datetime2", 0, 3), DataType::DateTime, false);
    check(column("time", 0, 7), DataType::Time, true);
    check(column("time", 0, 0), DataType::Time, false);
    check(column("real", 0, 0), DataType::Float, false);
}

#[test]
fn values_are_read_for_their_column() {
    use DataType::{BigInt, DateTime, DateTime2, DateTimeOffset, Int};
    let decimal = |precision, scale| DataType::Decimal { precision, scale };
    for (contract, held, expected) in [
        (decimal(38, 2), column("decimal", 8, 5), decimal(5, 2)),
        (decimal(38, 4), column("decimal", 9, 2), decimal(9, 2)),
        (decimal(38, 2), column("decimal", 38, 2), decimal(38, 2)),
        (decimal(38, 6), column("money", 0, 0), decimal(19, 4)),
        (decimal(38, 2), column("float", 0, 0), decimal(38, 2)),
        (DateTime, column("datetimeoffset", 0, 7), DateTimeOffset),
        (DateTime2, column("datetimeoffset", 0, 3), DateTimeOffset),
        (DateTime, column("date", 0, 0), DateTime),
        (DataType::Date, column("datetimeoffset", 0, 7), DataType::Date),
        (BigInt, column("int", 0, 0), BigInt),
        (Int, column("decimal", 3, 0), Int),
    ] {
        assert_eq!(held.read_as(contract), expected, "{contract} in {held}");
    }
}

#[test]
fn what_a_contract_loses_is_listed() {
    use DataType::{
        BigInt, Date, DateTime, DateTime2, DateTimeOffset, Float, Int, SmallDateTime, SmallInt,
        Time, TinyInt,
    };
    let decimal = |precision, scale| DataType::Decimal { precision, scale };
    let check = |contract: DataType, held: Held, expected: &[Loss]| {
        assert_eq!(held.losses(contract), expected, "{contract} in {held}");
    };
    check(Int, column("real", 0, 0), &[Loss::Digits(7)]);
    check(SmallInt, column("real", 0, 0), &[]);
    check(Int, column("float", 0, 0), &[]);
    check(BigInt, column("float", 0, 0), &[Loss::Digits(15)]);
    check(decimal(38, 4), column("real", 0, 0), &[Loss::Digits(7)]);
    check(decimal(12, 4), column("float", 0, 0), &[]);
    check(Float, column("decimal", 9, 2), &[Loss::FloatDigits]);
    check(Float, column("real", 0, 0), &[]);
    check(decimal(38, 4), column("decimal", 9, 2), &[Loss::Places(2)]);
    check(decimal(38, 4), column("decimal", 9, 4), &[]);
    check(decimal(12, 4), column("decimal", 9, 4), &[Loss::Range]);
    check(decimal(12, 4), column("decimal", 9, 2), &[Loss::Places(2), Loss::Range]);
    check(decimal(9, 4), column("decimal", 9, 2), &[Loss::Places(2)]);
    check(decimal(38, 5), column("money", 0, 0), &[Loss::Places(4)]);
    check(Int, column("smallint", 0, 0), &[Loss::Range]);
    check(SmallInt, column("tinyint", 0, 0), &[Loss::Range]);
    check(TinyInt, column("smallint", 0, 0), &[]);
    check(Int, column("decimal", 9, 0), &[Loss::Range]);
    check(Int, column("decimal", 10, 0), &[]);
    check(Int, column("smallmoney", 0, 0), &[Loss::Range]);
    check(BigInt, column("money", 0, 0), &[Loss::Range]);
    check(Date, column("smalldatetime", 0, 0), &[Loss::Range]);
    check(Date, column("datetime2", 0, 7), &[]);
    check(DateTime, column("date", 0, 0), &[Loss::TimeOfDay]);
    check(SmallDateTime, column("date", 0, 0), &[Loss::TimeOfDay]);
    check(DateTime, column("smalldatetime", 0, 0), &[Loss::Seconds, Loss::Range]);
    check(SmallDateTime, column("datetime", 0, 0), &[]);
    check(DateTime, column("datetime", 0, 0), &[]);
    check(DateTime2, column("datetime", 0, 0), &[Loss::Range]);
    check(DateTime, column("datetime2", 0, 0), &[Loss::Fractions(0)]);
    check(DateTime, column("datetime2", 0, 7), &[]);
    check(DateTime, column("datetimeoffset", 0, 2), &[Loss::Fractions(2)]);
    check(DateTimeOffset, column("datetimeoffset", 0, 1), &[Loss::Fractions(1)]);
    check(Time, column("time", 0, 0), &[Loss::Fractions(0)]);
    check(Time, column("time", 0, 7), &[]);
}

#[test]
fn what_a_column_holds_is_said() {
    for (held, expected) in [
        (column("tinyint", 0, 0), "tinyint, 0 to 255"),
        (column("decimal", 5, 2), "decimal, at most 3 digits before and 2 after the point"),
        (column("numeric", 2, 2), "decimal, at most 0 digits before and 2 after the point"),
        (column("smallmoney", 0, 0), "smallmoney, -214748.3648 to 214748.3647"),
        (column("smalldatetime", 0, 0), "smalldatetime, 1900-01-01 to 2079-06-06"),
        (column("datetimeoffset", 0, 3), "datetimeoffset, the years 1 to 9999 in UTC"),
    ] {
        assert_eq!(held.to_string(), expected);
    }
    assert_eq!(Held::column("nvarchar", 0, 0), None);
    assert_eq!(Held::column("bit", 0, 0), None);
}

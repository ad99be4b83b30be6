//! What becomes of texts.

use super::*;
use crate::narrow::TextUnit;

fn shown(text: &str, data_type: DataType, offsets: Offsets) -> String {
    let (value, lost) = match convert(text, data_type, NumberStyle::FirstForIntegers, offsets) {
        Conversion::Value(value, lost) => (value, lost),
        Conversion::Unreadable => return "-".to_owned(),
        Conversion::OutOfRange => return "out of range".to_owned(),
        Conversion::OffsetRefused => return "refused".to_owned(),
    };
    let value = match value {
        Value::Int(int) => int.to_string(),
        Value::Decimal(decimal) => decimal.to_string(),
        Value::Bit(bit) => bit.to_string(),
        Value::Float(float) => format!("{float:?}"),
        Value::Date(date) => date.to_string(),
        Value::DateTime(date) => date.to_string(),
        Value::DateTimeOffset(date) => date.to_string(),
        Value::Text(text) => text,
        Value::Null => "NULL".to_owned(),
    };
    lost.map_or(value.clone(), |lost| format!("{value} ({lost})"))
}

fn check(text: &str, data_type: DataType, expected: &str) {
    assert_eq!(shown(text, data_type, Offsets::AsWritten), expected, "`{text}` as {data_type}");
}

#[test]
fn integers_have_their_range() {
    check("255", DataType::TinyInt, "255");
    check("256", DataType::TinyInt, "out of range");
    check("-1", DataType::TinyInt, "out of range");
    check("36.50", DataType::TinyInt, "37 (rounded)");
    check("36.00", DataType::TinyInt, "36");
    check("32768", DataType::SmallInt, "out of range");
    check("-32768", DataType::SmallInt, "-32768");
    check("2147483648", DataType::Int, "out of range");
    check("9223372036854775807", DataType::BigInt, "9223372036854775807");
    check("99999999999999999999", DataType::BigInt, "out of range");
}

#[test]
fn a_part_of_a_text_is_told() {
    for (text, expected) in
        [("x7y", "7"), ("12abc", "12"), ("(1,234.56)", "1235"), ("1 234", "1"), ("0x1F", "0")]
    {
        check(text, DataType::Int, &format!("{expected} (partly_read)"));
        check(text, DataType::Decimal { precision: 38, scale: 2 }, "-");
    }
    for text in ["9,99", "1.234,56", "1,2,3"] {
        check(text, DataType::Int, "-");
        check(text, DataType::Decimal { precision: 38, scale: 2 }, "-");
        check(text, DataType::Float, "-");
    }
}

#[test]
fn decimals_are_exact_or_tell() {
    const MONEY: DataType = DataType::Decimal { precision: 38, scale: 2 };
    check("2.675", MONEY, "2.68 (rounded)");
    check("1.005", MONEY, "1.01 (rounded)");
    check("1.010", MONEY, "1.01");
    check("7", MONEY, "7.00");
    check("$1,234.5", MONEY, "1234.50");
    check("1234567890123456789012345678.99", MONEY, "1234567890123456789012345678.99");
    check("9999999999999999999999999999.999", MONEY, "10000000000000000000000000000.00 (rounded)");
    check(
        "999999999999999999999999999999999999.99",
        MONEY,
        "999999999999999999999999999999999999.99",
    );
    check("999999999999999999999999999999999999.999", MONEY, "out of range");
    check("1234567890123456789012345678901234567", MONEY, "out of range");
    check(
        "0.1",
        DataType::Decimal { precision: 38, scale: 38 },
        "0.10000000000000000000000000000000000000",
    );
}

#[test]
fn floats_are_read_as_floats() {
    check("1.5", DataType::Float, "1.5");
    check("6.62607015e-34", DataType::Float, "6.62607015e-34");
    check("1.7e308", DataType::Float, "1.7e308");
    check("1e309", DataType::Float, "out of range");
    check("3.14159265358979323846", DataType::Float, "3.141592653589793 (rounded)");
    check(
        "12345678901234567890123456789012345678901234567890",
        DataType::Float,
        "1.2345678901234567e49 (rounded)",
    );
}

#[test]
fn flags() {
    for text in ["0", "false", "N", "No"] {
        check(text, DataType::Bit, "false");
    }
    for text in ["1", "true", "Y"] {
        check(text, DataType::Bit, "true");
    }
    for text in ["00", "x", "off"] {
        check(text, DataType::Bit, "true (unknown_code)");
    }
}

#[test]
fn dates_have_their_range() {
    check("1/5/2024", DataType::Date, "2024-01-05");
    check("2024-01-05 10:11:12", DataType::Date, "2024-01-05 (rounded)");
    check("1700-01-01", DataType::Date, "1700-01-01");
    check("1700-01-01", DataType::DateTime, "out of range");
    check("9999-12-31T24:00:00", DataType::DateTime, "out of range");
    check("2024-01-05 10:11:12", DataType::DateTime, "2024-01-05 10:11:12");
    check("2024-01-05 10:11", DataType::SmallDateTime, "2024-01-05 10:11:00");
    check("2024-01-05 10:11:12", DataType::SmallDateTime, "2024-01-05 10:11:00 (rounded)");
    check("2079-06-06 23:59:29", DataType::SmallDateTime, "2079-06-06 23:59:00 (rounded)");
    check("2079-06-06 23:59:30", DataType::SmallDateTime, "out of range");
    check("2079-06-07", DataType::SmallDateTime, "out of range");
    check("n", DataType::Date, "-");
    check("10:11:75 by fax", DataType::DateTime, "-");
    check("0001-01-01T00:00:00+01:00", DataType::DateTimeOffset, "out of range");
}

#[test]
fn offsets_are_kept_dropped_or_refused() {
    use Offsets::{AsWritten, Refused, ToUtc};
    let time = "2024-01-01T02:00:00+05:00";
    let day = "2002-09-24+06:00";
    for (text, data_type, offsets, expected) in [
        (time, DataType::DateTime, AsWritten, "2024-01-01 02:00:00 (offset_dropped)"),
        (time, DataType::DateTime, ToUtc, "2023-12-31 21:00:00"),
        (time, DataType::DateTime, Refused, "refused"),
        (time, DataType::Date, AsWritten, "2024-01-01 (offset_dropped)"),
        (time, DataType::Date, ToUtc, "2023-12-31 (rounded)"),
        (day, DataType::Date, AsWritten, "2002-09-24 (offset_dropped)"),
        (day, DataType::Date, ToUtc, "2002-09-24 (offset_dropped)"),
        (day, DataType::DateTime, ToUtc, "2002-09-24 00:00:00 (offset_dropped)"),
        (day, DataType::Date, Refused, "refused"),
        (
            "2024-01-01T02:00:00Z",
            DataType::DateTime,
            AsWritten,
            "2024-01-01 02:00:00 (offset_dropped)",
        ),
        ("2024-01-01T02:00:00Z", DataType::DateTime, ToUtc, "2024-01-01 02:00:00"),
        ("0001-01-01T02:00:00+05:00", DataType::Date, ToUtc, "out of range"),
        ("2024-01-01T02:00:00", DataType::DateTime, Refused, "2024-01-01 02:00:00"),
        (time, DataType::DateTimeOffset, AsWritten, "2024-01-01 02:00:00 +05:00"),
        (time, DataType::DateTimeOffset, ToUtc, "2024-01-01 02:00:00 +05:00"),
        (time, DataType::DateTimeOffset, Refused, "2024-01-01 02:00:00 +05:00"),
        ("2024-01-01T02:00:00", DataType::DateTimeOffset, AsWritten, "2024-01-01 02:00:00 +00:00"),
    ] {
        assert_eq!(shown(text, data_type, offsets), expected, "{text} as {data_type}, {offsets:?}");
    }
}

/// Each with the number of units of UTF-16.
#[test]
fn text_is_cut_to_units() {
    for (text, units_max, expected) in [
        ("漢字かな", Some(2), "漢字"),
        ("a b", Some(2), "a"),
        (" ab ", Some(9), "ab"),
        ("abc", None, "abc"),
        ("é", Some(1), "é"),
        ("ééé", Some(3), "ééé"),
        ("😀😀😀😀😀", Some(5), "😀😀"),
        ("😀😀😀😀😀", Some(10), "😀😀😀😀😀"),
        ("ab😀cdef", Some(5), "ab😀c"),
        ("😀", Some(1), ""),
    ] {
        assert_eq!(cut(text, units_max, TextUnit::Utf16), expected);
    }
    for (unit, expected) in
        [(TextUnit::Utf16, "aé漢字"), (TextUnit::Utf8, "aé"), (TextUnit::DoubleByte, "aé漢")]
    {
        assert_eq!(
            cut("aé漢字x", Some(if unit == TextUnit::Utf16 { 4 } else { 5 }), unit),
            expected
        );
    }
}

#[test]
fn decimals_have_the_digits_of_their_column() {
    let column = DataType::Decimal { precision: 8, scale: 5 };
    check("999.999994", column, "999.99999 (rounded)");
    check("999.999995", column, "out of range");
    check("99999999999999999999", column, "out of range");
    check("-1000", column, "out of range");
}

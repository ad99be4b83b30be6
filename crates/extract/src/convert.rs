//! Turns text into the type of a column.

use crate::date;
use crate::number::{self, Reading};
use crate::table::DataType;
use crate::text::strip;
use crate::value::Value;
use chrono::{Datelike, NaiveDate, NaiveDateTime};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// What comes of a conversion.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Conversion {
    Value(Value),
    /// The text is nothing of the type.
    Unreadable,
    /// The text is of the type but the column cannot hold it.
    OutOfRange,
}

/// How a number is looked for in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NumberStyle {
    /// The text is the number.
    Whole,
    /// The first number in the text, for integer columns only.
    FirstForIntegers,
    /// The first number in the text.
    First,
}

/// Converts a text that is not blank.
pub(crate) fn convert(text: &str, data_type: DataType, style: NumberStyle) -> Conversion {
    match data_type {
        DataType::Text { .. } => Conversion::Value(Value::Text(text.to_owned())),
        DataType::TinyInt | DataType::SmallInt | DataType::Int | DataType::BigInt => {
            let reading = match style {
                NumberStyle::Whole => number::read(text),
                NumberStyle::First | NumberStyle::FirstForIntegers => number::read_first(text),
            };
            convert_reading(reading, data_type)
        }
        DataType::Decimal { .. } | DataType::Float => {
            let reading = match style {
                NumberStyle::Whole | NumberStyle::FirstForIntegers => number::read(text),
                NumberStyle::First => number::read_first(text),
            };
            convert_reading(reading, data_type)
        }
        DataType::Bit => Conversion::Value(Value::Bit(!is_no(text))),
        DataType::Date | DataType::DateTime | DataType::SmallDateTime => match date::read(text) {
            Some(date) => convert_date(date, data_type),
            None => Conversion::Unreadable,
        },
    }
}

fn convert_reading(reading: Reading, data_type: DataType) -> Conversion {
    match reading {
        Reading::Number(number) => convert_number(number, data_type),
        Reading::TooLarge => Conversion::OutOfRange,
        Reading::Unreadable => Conversion::Unreadable,
    }
}

/// Converts a number.
pub(crate) fn convert_number(number: Decimal, data_type: DataType) -> Conversion {
    match data_type {
        DataType::Text { .. } => Conversion::Value(Value::Text(number.normalize().to_string())),
        DataType::TinyInt | DataType::SmallInt | DataType::Int | DataType::BigInt => {
            let (min, max) = integer_range(data_type);
            match number::round(number, 0).to_i64() {
                Some(int) if (min..=max).contains(&int) => Conversion::Value(Value::Int(int)),
                Some(_) | None => Conversion::OutOfRange,
            }
        }
        DataType::Decimal { scale } => {
            let mut rounded = number::round(number, scale);
            // A number with too many digits for the scale keeps fewer; it is the same number.
            rounded.rescale(scale);
            Conversion::Value(Value::Decimal(rounded))
        }
        DataType::Float => match number.to_f64() {
            Some(float) => Conversion::Value(Value::Float(float)),
            None => Conversion::OutOfRange,
        },
        DataType::Bit => Conversion::Value(Value::Bit(!number.is_zero())),
        DataType::Date | DataType::DateTime | DataType::SmallDateTime => Conversion::Unreadable,
    }
}

/// Converts a date.
pub(crate) fn convert_date(date: NaiveDateTime, data_type: DataType) -> Conversion {
    match data_type {
        DataType::Text { .. } => {
            let is_day = date.time() == chrono::NaiveTime::MIN;
            Conversion::Value(Value::Text(if is_day {
                date.date().to_string()
            } else {
                date.to_string()
            }))
        }
        DataType::Date => Conversion::Value(Value::Date(date.date())),
        DataType::DateTime if date.year() < 1753 => Conversion::OutOfRange,
        DataType::SmallDateTime
            if date.year() < 1900 || Some(date.date()) > NaiveDate::from_ymd_opt(2079, 6, 6) =>
        {
            Conversion::OutOfRange
        }
        DataType::DateTime | DataType::SmallDateTime => Conversion::Value(Value::DateTime(date)),
        DataType::TinyInt
        | DataType::SmallInt
        | DataType::Int
        | DataType::BigInt
        | DataType::Decimal { .. }
        | DataType::Float
        | DataType::Bit => Conversion::Unreadable,
    }
}

/// Converts a flag.
pub(crate) fn convert_flag(flag: bool, data_type: DataType) -> Conversion {
    match data_type {
        DataType::Bit => Conversion::Value(Value::Bit(flag)),
        DataType::Text { .. }
        | DataType::TinyInt
        | DataType::SmallInt
        | DataType::Int
        | DataType::BigInt
        | DataType::Decimal { .. }
        | DataType::Float
        | DataType::Date
        | DataType::DateTime
        | DataType::SmallDateTime => {
            convert_number(if flag { Decimal::ONE } else { Decimal::ZERO }, data_type)
        }
    }
}

/// Says what a column can hold, for messages.
pub(crate) fn describe_range(data_type: DataType) -> String {
    match data_type {
        DataType::TinyInt | DataType::SmallInt | DataType::Int | DataType::BigInt => {
            let (min, max) = integer_range(data_type);
            format!("{data_type}, {min} to {max}")
        }
        DataType::DateTime => "datetime, from 1753".to_owned(),
        DataType::SmallDateTime => "smalldatetime, 1900-01-01 to 2079-06-06".to_owned(),
        DataType::Text { .. }
        | DataType::Decimal { .. }
        | DataType::Float
        | DataType::Bit
        | DataType::Date => data_type.to_string(),
    }
}

fn integer_range(data_type: DataType) -> (i64, i64) {
    match data_type {
        DataType::TinyInt => (0, 255),
        DataType::SmallInt => (i64::from(i16::MIN), i64::from(i16::MAX)),
        DataType::Int => (i64::from(i32::MIN), i64::from(i32::MAX)),
        DataType::BigInt
        | DataType::Text { .. }
        | DataType::Decimal { .. }
        | DataType::Float
        | DataType::Bit
        | DataType::Date
        | DataType::DateTime
        | DataType::SmallDateTime => (i64::MIN, i64::MAX),
    }
}

fn is_no(text: &str) -> bool {
    ["0", "false", "n", "no"].iter().any(|no| text.eq_ignore_ascii_case(no))
}

/// Cuts a text to a number of characters and strips what is left.
pub(crate) fn cut(text: &str, chars_max: Option<u32>) -> &str {
    let text = strip(text);
    let Some(chars_max) = chars_max else { return text };
    if text.len() <= chars_max as usize {
        return text;
    }
    match text.char_indices().nth(chars_max as usize) {
        Some((end, _)) => text[..end].trim_end(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, data_type: DataType, expected: &str) {
        let shown = match convert(text, data_type, NumberStyle::FirstForIntegers) {
            Conversion::Value(Value::Int(int)) => int.to_string(),
            Conversion::Value(Value::Decimal(decimal)) => decimal.to_string(),
            Conversion::Value(Value::Bit(bit)) => bit.to_string(),
            Conversion::Value(Value::Float(float)) => float.to_string(),
            Conversion::Value(Value::Date(date)) => date.to_string(),
            Conversion::Value(Value::DateTime(date)) => date.to_string(),
            Conversion::Value(Value::Text(text)) => text,
            Conversion::Value(Value::Null) => "NULL".to_owned(),
            Conversion::Unreadable => "-".to_owned(),
            Conversion::OutOfRange => "out of range".to_owned(),
        };
        assert_eq!(shown, expected, "`{text}` as {data_type}");
    }

    #[test]
    fn integers_have_their_range() {
        check("255", DataType::TinyInt, "255");
        check("256", DataType::TinyInt, "out of range");
        check("-1", DataType::TinyInt, "out of range");
        check("36.50", DataType::TinyInt, "37");
        check("32768", DataType::SmallInt, "out of range");
        check("-32768", DataType::SmallInt, "-32768");
        check("2147483648", DataType::Int, "out of range");
        check("9223372036854775807", DataType::BigInt, "9223372036854775807");
        check("99999999999999999999", DataType::BigInt, "out of range");
        check("x7y", DataType::Int, "7");
    }

    #[test]
    fn decimals_are_exact() {
        check("2.675", DataType::Decimal { scale: 2 }, "2.68");
        check("1.005", DataType::Decimal { scale: 2 }, "1.01");
        check("7", DataType::Decimal { scale: 2 }, "7.00");
        check("$1,234.5", DataType::Decimal { scale: 2 }, "1234.50");
        check("x7y", DataType::Decimal { scale: 2 }, "-");
        check("1.5", DataType::Float, "1.5");
    }

    #[test]
    fn flags() {
        for text in ["0", "false", "N", "No"] {
            check(text, DataType::Bit, "false");
        }
        for text in ["1", "true", "Y", "00", "x"] {
            check(text, DataType::Bit, "true");
        }
    }

    #[test]
    fn dates_have_their_range() {
        check("1/5/2024", DataType::Date, "2024-01-05");
        check("1700-01-01", DataType::Date, "1700-01-01");
        check("1700-01-01", DataType::DateTime, "out of range");
        check("2024-01-05 10:11:12", DataType::DateTime, "2024-01-05 10:11:12");
        check("2079-06-07", DataType::SmallDateTime, "out of range");
        check("n", DataType::Date, "-");
    }

    #[test]
    fn text_is_cut_by_characters() {
        for (text, chars_max, expected) in [
            ("漢字かな", Some(2), "漢字"),
            ("a b", Some(2), "a"),
            (" ab ", Some(9), "ab"),
            ("abc", None, "abc"),
            ("é", Some(1), "é"),
        ] {
            assert_eq!(cut(text, chars_max), expected);
        }
    }
}

//! What columns can hold.

use chrono::{Datelike, NaiveDate, NaiveDateTime};

use crate::narrow::TextUnit;
use crate::table::DataType;
use crate::text::strip;

/// Says what a column can hold, for messages.
pub(crate) fn describe_range(data_type: DataType) -> String {
    if let Some((min, max)) = data_type.integer_range() {
        return format!("{data_type}, {min} to {max}");
    }
    match data_type {
        DataType::Decimal { precision, scale } => {
            format!(
                "decimal, at most {} digits before and {scale} after the point",
                precision - scale
            )
        }
        DataType::Float => format!("float, up to {:e}", f64::MAX),
        DataType::Date => "date, to 9999-12-31".to_owned(),
        DataType::DateTime => "datetime, 1753-01-01 to 9999-12-31".to_owned(),
        DataType::SmallDateTime => "smalldatetime, 1900-01-01 to 2079-06-06".to_owned(),
        DataType::DateTime2 => "datetime2, the years 1 to 9999".to_owned(),
        DataType::DateTimeOffset => "datetimeoffset, the years 1 to 9999 in UTC".to_owned(),
        DataType::Text { .. }
        | DataType::TinyInt
        | DataType::SmallInt
        | DataType::Int
        | DataType::BigInt
        | DataType::Bit
        | DataType::Time
        | DataType::Uuid
        | DataType::Binary
        | DataType::Xml => data_type.to_string(),
    }
}

/// Says whether a column can hold a date.
pub(crate) fn is_in_range(date: NaiveDateTime, data_type: DataType) -> bool {
    let first = match data_type {
        DataType::DateTime => 1753,
        DataType::SmallDateTime => 1900,
        DataType::Date
        | DataType::DateTime2
        | DataType::DateTimeOffset
        | DataType::Time
        | DataType::Uuid
        | DataType::Binary
        | DataType::Xml
        | DataType::Text { .. }
        | DataType::TinyInt
        | DataType::SmallInt
        | DataType::Int
        | DataType::BigInt
        | DataType::Decimal { .. }
        | DataType::Float
        | DataType::Bit => 1,
    };
    let is_small = data_type == DataType::SmallDateTime;
    let small_end = NaiveDate::from_ymd_opt(2079, 6, 6).and_then(|day| day.and_hms_opt(23, 59, 29));
    (first..=9999).contains(&date.year()) && (!is_small || Some(date) <= small_end)
}

/// Strips a text, cuts it to so many units, and strips what is left. A character of several units is left out as a
/// whole.
pub(crate) fn cut(text: &str, units_max: Option<u32>, unit: TextUnit) -> &str {
    let text = strip(text);
    let Some(units_max) = units_max.map(|max| max as usize) else { return text };
    // No character has more units than bytes of UTF-8.
    if text.len() <= units_max {
        return text;
    }
    let mut n_units = 0;
    for (at, character) in text.char_indices() {
        n_units += match unit {
            TextUnit::Utf16 => character.len_utf16(),
            TextUnit::Utf8 => character.len_utf8(),
            TextUnit::DoubleByte => 1 + usize::from(!character.is_ascii()),
        };
        if n_units > units_max {
            return text[..at].trim_end();
        }
    }
    text
}

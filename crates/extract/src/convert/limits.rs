//! What columns can hold.

use chrono::NaiveDateTime;

use crate::held::Held;
use crate::narrow::TextUnit;
use crate::table::DataType;
use crate::text::strip;

/// Says what a column can hold, for messages.
pub(crate) fn describe_range(data_type: DataType) -> String {
    Held::of(data_type).map_or_else(|| data_type.to_string(), |held| held.to_string())
}

/// Says whether a column can hold a date.
pub(crate) fn is_in_range(date: NaiveDateTime, data_type: DataType) -> bool {
    Held::of(data_type).is_none_or(|held| held.has_moment(date))
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

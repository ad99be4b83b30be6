//! How two values compare. Texts compare as under SQL Server's default collation: case does not matter, accents do, and
//! blanks at the end are ignored. What comes before what is by the characters' numbers in Unicode; a collation's order
//! of punctuation and accented letters is not ours to know.

use std::cmp::Ordering;

use super::Datum;
use super::arithmetic::{exact, float};
use crate::comparison::Comparison;
use crate::reading::Spelling;

/// Says whether a comparison holds; `None` is unknown.
pub(super) fn holds(
    comparison: Comparison,
    left: &Datum<'_>,
    right: &Datum<'_>,
    texts: Spelling,
) -> Option<bool> {
    let ordering = match (left, right, texts) {
        (Datum::Text(left), Datum::Text(right), Spelling::Exact) => {
            left.trim_end_matches(' ').cmp(right.trim_end_matches(' '))
        }
        _ => order(left, right)?,
    };
    Some(comparison.holds_for(ordering))
}

/// Compares two values of one family; `None` where one is NULL.
fn order(left: &Datum<'_>, right: &Datum<'_>) -> Option<Ordering> {
    match (left, right) {
        (Datum::Text(left), Datum::Text(right)) => Some(order_texts(left, right)),
        (Datum::Time(left), Datum::Time(right)) => Some(left.cmp(right)),
        (Datum::DateTimeOffset(left), Datum::DateTimeOffset(right)) => Some(left.cmp(right)),
        (Datum::Float(_), _) | (_, Datum::Float(_)) => float(left)?.partial_cmp(&float(right)?),
        _ => match (exact(left), exact(right)) {
            (Some(left), Some(right)) => Some(left.cmp(&right)),
            _ => Some(instant(left)?.cmp(&instant(right)?)),
        },
    }
}

/// When it is, in UTC; what has no offset counts as UTC, as SQL Server converts it.
fn instant(datum: &Datum<'_>) -> Option<chrono::NaiveDateTime> {
    match datum {
        Datum::Date(date) => Some(date.and_time(chrono::NaiveTime::MIN)),
        Datum::DateTime(date) => Some(*date),
        Datum::DateTimeOffset(date) => Some(date.naive_utc()),
        Datum::Null
        | Datum::Text(_)
        | Datum::Int(_)
        | Datum::Decimal(_)
        | Datum::Float(_)
        | Datum::Bit(_)
        | Datum::Time(_) => None,
    }
}

/// Compares two texts.
fn order_texts(left: &str, right: &str) -> Ordering {
    let (left, right) = (left.trim_end_matches(' '), right.trim_end_matches(' '));
    if left == right {
        return Ordering::Equal;
    }
    if left.is_ascii() && right.is_ascii() {
        let lower = |text: &'_ str| text.as_bytes().to_ascii_lowercase();
        return lower(left).cmp(&lower(right));
    }
    left.chars().flat_map(fold).cmp(right.chars().flat_map(fold))
}

/// A character without its case.
pub(super) fn fold(character: char) -> impl Iterator<Item = char> + Clone {
    character.to_lowercase()
}

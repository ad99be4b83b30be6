//! Texts that are not a document's, read as T-SQL reads them ("CAST and CONVERT").

use chrono::NaiveTime;

use super::Datum;
use super::fault::Fault;
use super::types::Type;
use crate::date::{self, Moment, Order};
use crate::decimal::Decimal;
use crate::number;

/// Reads a text as a value of a type.
pub(super) fn read<'a>(text: &str, data_type: Type) -> Result<Datum<'a>, Fault> {
    let text = text.trim_matches(' ');
    let unreadable = Fault::Unreadable(data_type);
    match data_type {
        Type::Bit => read_bit(text).map(Datum::Bit).ok_or(unreadable),
        Type::TinyInt | Type::SmallInt | Type::Int | Type::BigInt => {
            let (min, max) = data_type.range().unwrap_or((i64::MIN, i64::MAX));
            if !is_whole(text) {
                return Err(unreadable);
            }
            // "Empty strings are converted to 0."
            let number = if text.is_empty() { Some(0) } else { text.parse().ok() };
            let number = number.filter(|number| (min..=max).contains(number));
            number.map(Datum::Int).ok_or(Fault::Overflow(data_type))
        }
        Type::Decimal { precision, scale } => {
            let number = read_decimal(text).ok_or(unreadable)?;
            let rounded = number.with_scale(scale).map(|(rounded, _)| rounded);
            let fits = rounded.filter(|rounded| rounded.has_digits(precision));
            fits.map(Datum::Decimal).ok_or(Fault::Overflow(data_type))
        }
        Type::Number => read_decimal(text).map(Datum::Decimal).ok_or(unreadable),
        Type::Float if text.is_empty() => Ok(Datum::Float(0.0)),
        Type::Float => {
            let is_number = |character: char| {
                character.is_ascii_digit() || matches!(character, '+' | '-' | '.' | 'e' | 'E')
            };
            let float: f64 = text
                .chars()
                .all(is_number)
                .then(|| text.parse().ok())
                .flatten()
                .ok_or(unreadable)?;
            if float.is_finite() {
                Ok(Datum::Float(float))
            } else {
                Err(Fault::Overflow(Type::Float))
            }
        }
        Type::Date
        | Type::Time { .. }
        | Type::SmallDateTime
        | Type::DateTime
        | Type::DateTime2 { .. }
        | Type::DateTimeOffset { .. } => read_date(text, data_type).ok_or(unreadable),
        Type::Null | Type::Untyped | Type::Text => Err(unreadable),
    }
}

/// "The string values TRUE and FALSE can be converted to bit values"; numbers other than 0 are 1.
fn read_bit(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        return Some(true);
    }
    if text.eq_ignore_ascii_case("false") {
        return Some(false);
    }
    is_whole(text).then(|| text.bytes().any(|byte| (b'1'..=b'9').contains(&byte)))
}

/// Says whether a text is a sign and digits, or nothing.
fn is_whole(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    digits.bytes().all(|byte| byte.is_ascii_digit()) && (text.is_empty() || !digits.is_empty())
}

/// "Character expressions that are being converted to an exact numeric data type must consist of digits, a decimal
/// point, and an optional plus or minus. Comma separators aren't allowed."
fn read_decimal(text: &str) -> Option<Decimal> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if !is_number {
        return None;
    }
    number::read(text).number().map(number::Number::rounded)
}

fn read_date<'a>(text: &str, data_type: Type) -> Option<Datum<'a>> {
    // A time without a day is one of 1900-01-01, and so is "an empty string". Digits alone are a day.
    let time = if text.contains(':') { date::read_time(text).map(|(time, _)| time) } else { None };
    let time = time.or_else(|| text.is_empty().then_some(NaiveTime::MIN));
    let moment = match time {
        Some(time) => Moment {
            local: super::cast::first_day().and_time(time),
            offset: None,
            is_day: false,
            rounded: false,
        },
        None => date::read_ordered(text, Order::Month)?,
    };
    Some(if data_type == Type::Date {
        Datum::Date(moment.local.date())
    } else if matches!(data_type, Type::Time { .. }) {
        Datum::Time(moment.local.time())
    } else if matches!(data_type, Type::DateTimeOffset { .. }) {
        Datum::DateTimeOffset(moment.with_offset())
    } else {
        Datum::DateTime(moment.local)
    })
}

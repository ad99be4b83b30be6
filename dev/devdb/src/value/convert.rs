//! Conversion between types with SQL Server's rules, numbers of errors and messages.

use std::borrow::Cow;

use crate::error::{SqlError, SqlResult};
use crate::value::datetime::{self, Refused};
use crate::value::datum::Datum;
use crate::value::decimal;
use crate::value::sqltype::{MAX, SqlType};
use crate::value::text;
use crate::wire::codepage;

/// Converts as `CAST` does: text that is too long for its type is cut.
pub(crate) fn cast<'a>(value: Datum<'a>, from: SqlType, to: SqlType) -> SqlResult<Datum<'a>> {
    if value.is_null() || from == to && !to.is_text() {
        return Ok(value);
    }
    match to {
        SqlType::Null => Ok(value),
        SqlType::Bit => to_bit(value, from),
        SqlType::TinyInt | SqlType::SmallInt | SqlType::Int | SqlType::BigInt => {
            to_integer(&value, from, to)
        }
        SqlType::Decimal { precision, scale } => to_decimal(&value, from, precision, scale),
        SqlType::Real => Ok(Datum::Real(to_single(to_float(&value, from, to)?))),
        SqlType::Float => Ok(Datum::Real(to_float(&value, from, to)?)),
        SqlType::Char(len)
        | SqlType::VarChar(len)
        | SqlType::NChar(len)
        | SqlType::NVarChar(len) => {
            let rendered = render(value, from)?;
            let rendered = if to.is_unicode() { rendered } else { to_code_page(rendered) };
            let is_padded = matches!(to, SqlType::Char(_) | SqlType::NChar(_));
            Ok(Datum::Text(text::fit(rendered, len, is_padded)))
        }
        SqlType::Binary(_) | SqlType::VarBinary(_) => to_bytes(value, from, to),
        SqlType::Guid => to_guid(value, from),
        SqlType::Date
        | SqlType::Time(_)
        | SqlType::SmallDateTime
        | SqlType::DateTime
        | SqlType::DateTime2(_) => to_moment(&value, from, to),
    }
}

/// Converts on the way into a column: text that is too long raises 2628 instead of being cut.
pub(crate) fn assign<'a>(
    value: Datum<'a>,
    from: SqlType,
    to: SqlType,
    table: &str,
    column: &str,
) -> SqlResult<Datum<'a>> {
    let Some(len) = to.len().filter(|_| to.is_text() && !value.is_null()) else {
        return cast(value, from, to);
    };
    let rendered = render(value, from)?;
    if text::overflows(&rendered, len) {
        let cut = text::prefix(&rendered, usize::from(len));
        let message = format!(
            "String or binary data would be truncated in table 'xmlx.{table}', column '{column}'. Truncated value: '{cut}'."
        );
        return Err(SqlError::new(2628, message));
    }
    let from = if from.is_text() { from } else { SqlType::NVarChar(MAX) };
    cast(Datum::Text(rendered), from, to)
}

/// The text of a value; text itself passes unchanged.
pub(crate) fn render<'a>(value: Datum<'a>, from: SqlType) -> SqlResult<Cow<'a, str>> {
    Ok(match value {
        Datum::Null => Cow::Borrowed(""),
        Datum::Text(text) => text,
        Datum::Int(number) => Cow::Owned(if let SqlType::Decimal { scale, .. } = from {
            decimal::format(number, scale)
        } else if from.is_moment() {
            datetime::format(number, from)
        } else {
            number.to_string()
        }),
        Datum::Real(number) => Cow::Owned(format_float(number)),
        Datum::Bytes(_) => return Err(implicit(from, SqlType::NVarChar(1))),
    })
}

/// A value as ISO 8601 text where it is a moment (`CONVERT` style 126), else as [`render`] has it.
pub(crate) fn render_iso<'a>(value: Datum<'a>, from: SqlType) -> SqlResult<Cow<'a, str>> {
    match value {
        Datum::Int(ticks) if from.is_moment() => Ok(Cow::Owned(datetime::format_iso(ticks, from))),
        Datum::Null | Datum::Int(_) | Datum::Real(_) | Datum::Text(_) | Datum::Bytes(_) => {
            render(value, from)
        }
    }
}

/// Six significant digits, as a cast from `float` prints.
fn format_float(number: f64) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    let exponent = number.abs().log10().floor();
    if !(-5.0..15.0).contains(&exponent) {
        return format!("{number:e}");
    }
    let shown =
        format!("{number:.*}", usize::try_from((5 - exponent_of(exponent)).max(0)).unwrap_or(0));
    if shown.contains('.') {
        shown.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        shown
    }
}

#[allow(clippy::cast_possible_truncation, reason = "called with -5 to 15")]
fn exponent_of(exponent: f64) -> i32 {
    exponent as i32
}

fn to_code_page(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.is_ascii() { text } else { Cow::Owned(codepage::ansi_only(&text)) }
}

fn to_bit<'a>(value: Datum<'a>, from: SqlType) -> SqlResult<Datum<'a>> {
    let is_set = match &value {
        Datum::Int(number) => *number != 0,
        Datum::Real(number) => *number != 0.0,
        Datum::Text(text) => match text.trim() {
            t if t.eq_ignore_ascii_case("true") => true,
            t if t.eq_ignore_ascii_case("false") => false,
            t => t.parse::<i64>().map_err(|_| failed(text, from, SqlType::Bit))? != 0,
        },
        Datum::Null | Datum::Bytes(_) => return Err(implicit(from, SqlType::Bit)),
    };
    Ok(Datum::Int(i64::from(is_set)))
}

fn range(to: SqlType) -> (i64, i64) {
    if to == SqlType::TinyInt {
        (0, 255)
    } else if to == SqlType::SmallInt {
        (-32_768, 32_767)
    } else if to == SqlType::Int {
        (-2_147_483_648, 2_147_483_647)
    } else {
        (i64::MIN, i64::MAX)
    }
}

fn to_integer<'a>(value: &Datum<'_>, from: SqlType, to: SqlType) -> SqlResult<Datum<'a>> {
    let whole = match value {
        Datum::Int(_) if from.is_moment() => return Err(implicit(from, to)),
        Datum::Int(number) => {
            let scale = from.digits().map_or(0, |(_, scale)| scale);
            let whole = decimal::pow10(scale).map(|by| i128::from(*number) / by);
            whole.and_then(|whole| i64::try_from(whole).ok()).ok_or_else(|| arithmetic(from, to))?
        }
        Datum::Real(number) => float_to_i64(*number).ok_or_else(|| arithmetic(from, to))?,
        Datum::Text(text) => text_to_integer(text, from, to)?,
        Datum::Null | Datum::Bytes(_) => return Err(implicit(from, to)),
    };
    let (lo, hi) = range(to);
    if (lo..=hi).contains(&whole) {
        return Ok(Datum::Int(whole));
    }
    Err(match value {
        Datum::Text(text) => text_overflow(text, from, to),
        Datum::Null | Datum::Int(_) | Datum::Real(_) | Datum::Bytes(_) => {
            integer_overflow(whole, from, to)
        }
    })
}

fn text_to_integer(text: &str, from: SqlType, to: SqlType) -> SqlResult<i64> {
    let digits = text.trim();
    if digits.is_empty() {
        return Ok(0);
    }
    if let Ok(number) = digits.parse::<i64>() {
        return Ok(number);
    }
    let unsigned = digits.trim_start_matches(['-', '+']);
    if !unsigned.is_empty() && unsigned.bytes().all(|b| b.is_ascii_digit()) {
        return Err(text_overflow(text, from, to));
    }
    if to == SqlType::BigInt {
        return Err(SqlError::new(
            8114,
            format!("Error converting data type {} to bigint.", from.message_name()),
        ));
    }
    Err(failed(text, from, to))
}

#[allow(clippy::cast_possible_truncation, reason = "the range is checked first")]
fn float_to_i64(number: f64) -> Option<i64> {
    (number.abs() < 9.2e18).then_some(number.trunc() as i64)
}

fn to_decimal<'a>(
    value: &Datum<'_>,
    from: SqlType,
    precision: u8,
    scale: u8,
) -> SqlResult<Datum<'a>> {
    let to = SqlType::Decimal { precision, scale };
    let (digits, has) = match value {
        Datum::Int(_) if from.is_moment() => return Err(implicit(from, to)),
        Datum::Int(number) => (i128::from(*number), from.digits().map_or(0, |(_, scale)| scale)),
        Datum::Real(number) => decimal::parse(&format!("{number:.*}", usize::from(scale) + 2))
            .ok_or_else(|| arithmetic(from, to))?,
        Datum::Text(text) => decimal::parse(text).ok_or_else(|| {
            SqlError::new(
                8114,
                format!("Error converting data type {} to numeric.", from.message_name()),
            )
        })?,
        Datum::Null | Datum::Bytes(_) => return Err(implicit(from, to)),
    };
    let scaled =
        decimal::rescale(digits, has, scale).filter(|value| decimal::fits(*value, precision));
    let kept = scaled.and_then(|value| i64::try_from(value).ok());
    kept.map(Datum::Int).ok_or_else(|| arithmetic(from, to))
}

fn to_float(value: &Datum<'_>, from: SqlType, to: SqlType) -> SqlResult<f64> {
    match value {
        Datum::Real(number) => Ok(*number),
        Datum::Int(_) if from.is_moment() => Err(implicit(from, to)),
        Datum::Int(number) => {
            let scale = from.digits().map_or(0, |(_, scale)| scale);
            decimal::format(*number, scale).parse().map_err(|_| arithmetic(from, to))
        }
        Datum::Text(text) => match text.trim() {
            "" => Ok(0.0),
            trimmed => trimmed.parse().map_err(|_| {
                SqlError::new(
                    8114,
                    format!("Error converting data type {} to {}.", from.message_name(), to.name()),
                )
            }),
        },
        Datum::Null | Datum::Bytes(_) => Err(implicit(from, to)),
    }
}

#[allow(clippy::cast_possible_truncation, reason = "single precision is what `real` has")]
fn to_single(number: f64) -> f64 {
    f64::from(number as f32)
}

fn to_guid<'a>(value: Datum<'a>, from: SqlType) -> SqlResult<Datum<'a>> {
    let Datum::Text(text) = &value else { return Err(implicit(from, SqlType::Guid)) };
    let trimmed = text.trim().trim_start_matches('{').trim_end_matches('}');
    let is_guid = trimmed.len() == 36
        && trimmed.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
    if !is_guid {
        return Err(SqlError::new(
            8169,
            "Conversion failed when converting from a character string to uniqueidentifier.",
        ));
    }
    Ok(Datum::text(trimmed.to_ascii_uppercase()))
}

fn to_moment<'a>(value: &Datum<'_>, from: SqlType, to: SqlType) -> SqlResult<Datum<'a>> {
    let rounded = match value {
        Datum::Int(ticks) if from.is_moment() => datetime::round_to(*ticks, to),
        Datum::Int(days) if to == SqlType::DateTime && from.is_integer() => datetime::round_to(
            (days + datetime::DAYS_TO_1900).saturating_mul(datetime::TICKS_PER_DAY),
            to,
        ),
        Datum::Text(text) => datetime::parse(text, to),
        Datum::Null | Datum::Int(_) | Datum::Real(_) | Datum::Bytes(_) => {
            return Err(implicit(from, to));
        }
    };
    rounded.map(Datum::Int).map_err(|refused| match refused {
        Refused::Malformed => {
            SqlError::new(241, "Conversion failed when converting date and/or time from character string.")
        }
        Refused::OutOfRange if matches!(to, SqlType::Date | SqlType::DateTime2(_) | SqlType::Time(_)) => {
            SqlError::new(241, "Conversion failed when converting date and/or time from character string.")
        }
        Refused::OutOfRange => {
            let (from, to) = (from.message_name(), to.name());
            let text = format!("The conversion of a {from} data type to a {to} data type resulted in an out-of-range value.");
            SqlError::new(242, text)
        }
    })
}

fn failed(text: &str, from: SqlType, to: SqlType) -> SqlError {
    let (from, to) = (from.message_name(), to.name());
    SqlError::new(
        245,
        format!("Conversion failed when converting the {from} value '{text}' to data type {to}."),
    )
}

fn text_overflow(text: &str, from: SqlType, to: SqlType) -> SqlError {
    let from = from.message_name();
    if matches!(to, SqlType::TinyInt | SqlType::SmallInt) {
        let column = if to == SqlType::TinyInt { "INT1" } else { "INT2" };
        let message = format!(
            "The conversion of the {from} value '{text}' overflowed an {column} column. Use a larger integer column."
        );
        return SqlError::new(244, message);
    }
    if to == SqlType::Int {
        return SqlError::new(
            248,
            format!("The conversion of the {from} value '{text}' overflowed an int column."),
        );
    }
    SqlError::new(8115, "Arithmetic overflow error converting expression to data type bigint.")
}

fn integer_overflow(whole: i64, from: SqlType, to: SqlType) -> SqlError {
    let is_small = matches!(to, SqlType::TinyInt | SqlType::SmallInt);
    if is_small && matches!(from, SqlType::TinyInt | SqlType::SmallInt | SqlType::Int) {
        return SqlError::new(
            220,
            format!("Arithmetic overflow error for data type {}, value = {whole}.", to.name()),
        );
    }
    arithmetic(from, to)
}

/// 8115.
pub(crate) fn arithmetic(from: SqlType, to: SqlType) -> SqlError {
    let from = if from.is_integer() { "expression" } else { from.message_name() };
    SqlError::new(
        8115,
        format!("Arithmetic overflow error converting {from} to data type {}.", to.message_name()),
    )
}

/// Text becomes the bytes that it is kept in.
fn to_bytes<'a>(value: Datum<'a>, from: SqlType, to: SqlType) -> SqlResult<Datum<'a>> {
    let mut bytes = match value {
        Datum::Bytes(bytes) => return Ok(Datum::Bytes(bytes)),
        Datum::Text(text) => {
            let mut bytes = Vec::with_capacity(text.len() * 2);
            let put = if from.is_unicode() { codepage::put_utf16 } else { codepage::put_ansi };
            put(&mut bytes, &text);
            bytes
        }
        Datum::Null | Datum::Int(_) | Datum::Real(_) => return Err(implicit(from, to)),
    };
    if let Some(len) = to.len().filter(|len| *len != MAX) {
        bytes.truncate(usize::from(len));
    }
    Ok(Datum::Bytes(Cow::Owned(bytes)))
}

fn implicit(from: SqlType, to: SqlType) -> SqlError {
    let (from, to) = (from.message_name(), to.message_name());
    SqlError::new(206, format!("Operand type clash: {from} is incompatible with {to}"))
}

#[cfg(test)]
mod tests;

//! Values of one type as values of another, with T-SQL's meaning ("CAST and CONVERT"), but for the texts of a document:
//! these are read as the contract's `reading` says.

use std::borrow::Cow;

use chrono::{
    DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, SubsecRound as _, TimeDelta,
    Timelike,
};

use super::Datum;
use super::arithmetic::exact;
use super::fault::Fault;
use super::literal;
use super::node::Conversion;
use super::text::show;
use super::types::{Fill, Target, Type};
use crate::convert::is_in_range;
use crate::reading::{Misread, Reading};
use crate::table::DataType;
use xmlx_domain::WarningKind;

/// The day of a time that has none, in T-SQL.
pub(super) fn first_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(1900, 1, 1).expect("1900 had a January")
}

/// What comes of a conversion: the value, and what was lost of a text of the document.
type Cast<'a> = Result<(Datum<'a>, Option<WarningKind>), Fault>;

/// Converts a value.
pub(super) fn cast<'a>(datum: Datum<'a>, conversion: &Conversion, reading: &Reading) -> Cast<'a> {
    let Conversion { from, to, .. } = *conversion;
    if datum == Datum::Null {
        return Ok((Datum::Null, None));
    }
    let (datum, lost) = if let Datum::Text(text) = datum {
        if to.data_type == Type::Text {
            return Ok((Datum::Text(fit_text(text, to)), None));
        }
        if from == Type::Untyped {
            read_document(&text, to.data_type, reading)?
        } else {
            (literal::read(&text, to.data_type)?, None)
        }
    } else {
        (datum, None)
    };
    match to.data_type {
        Type::Text => {
            let shown = show(&datum, from);
            let is_number = matches!(datum, Datum::Int(_) | Datum::Decimal(_) | Datum::Float(_));
            let is_long = to.length.is_some_and(|length| shown.chars().count() > length as usize);
            // Half a number is another number; a date may be cut to its day.
            if is_number && is_long {
                return Err(Fault::Overflow(Type::Text));
            }
            Ok((Datum::Text(fit_text(Cow::Owned(shown), to)), lost))
        }
        Type::Null | Type::Untyped => Ok((datum, lost)),
        Type::Bit
        | Type::TinyInt
        | Type::SmallInt
        | Type::Int
        | Type::BigInt
        | Type::Decimal { .. }
        | Type::Number
        | Type::Float => Ok((to_number(datum, to.data_type)?, lost)),
        Type::Date
        | Type::Time { .. }
        | Type::SmallDateTime
        | Type::DateTime
        | Type::DateTime2 { .. }
        | Type::DateTimeOffset { .. } => Ok((to_date(&datum, to.data_type)?, lost)),
    }
}

/// Cuts a text to the length of its type, or fills it up.
fn fit_text(text: Cow<'_, str>, to: Target) -> Cow<'_, str> {
    let Some(length) = to.length.map(|length| length as usize) else { return text };
    let mut text = match text.char_indices().nth(length) {
        Some((end, _)) => match text {
            Cow::Borrowed(text) => Cow::Borrowed(&text[..end]),
            Cow::Owned(mut text) => {
                text.truncate(end);
                Cow::Owned(text)
            }
        },
        None => text,
    };
    if to.fill == Fill::Blanks {
        let n_missing = length - text.chars().count();
        text.to_mut().push_str(&" ".repeat(n_missing));
    }
    text
}

/// Reads a text of the document.
fn read_document<'a>(text: &str, data_type: Type, reading: &Reading) -> Cast<'a> {
    let fault = |misread: Misread| match misread {
        Misread::Unreadable | Misread::Incomplete => Fault::Unreadable(data_type),
        Misread::OutOfRange => Fault::Overflow(data_type),
        Misread::OffsetRefused => Fault::OffsetRefused,
    };
    let rounded = |is_rounded: bool| is_rounded.then_some(WarningKind::Rounded);
    match data_type {
        Type::Bit => Ok((Datum::Bit(reading.flag(text).map_err(fault)?), None)),
        Type::TinyInt | Type::SmallInt | Type::Int | Type::BigInt => {
            let number = reading.number(text).map_err(fault)?;
            // T-SQL reads no number with a fraction as a whole one.
            match number.with_scale(0) {
                Some((whole, true)) => Ok((Datum::Decimal(whole), None)),
                Some((_, false)) => Err(Fault::Unreadable(data_type)),
                None => Err(Fault::Overflow(data_type)),
            }
        }
        Type::Decimal { scale, .. } => {
            let number = reading.number(text).map_err(fault)?;
            let (number, _) = number.with_scale(scale).ok_or(Fault::Overflow(data_type))?;
            Ok((Datum::Decimal(number), None))
        }
        Type::Number => {
            let number = reading.number(text).map_err(fault)?;
            Ok((Datum::Decimal(number.rounded()), rounded(!number.is_held())))
        }
        Type::Float => Ok((Datum::Float(reading.float(text).map_err(fault)?.0), None)),
        Type::Time { .. } => {
            let (time, lost) = reading.time(text).map_err(fault)?;
            Ok((Datum::Time(time), lost))
        }
        Type::Date
        | Type::DateTimeOffset { .. }
        | Type::SmallDateTime
        | Type::DateTime
        | Type::DateTime2 { .. } => {
            let moment = match reading.moment(text) {
                // A month where a day is due is no value, and none was lost.
                Err(Misread::Incomplete) => return Ok((Datum::Null, None)),
                read => read.map_err(fault)?,
            };
            if data_type == Type::Date {
                return Ok((Datum::Date(moment.local.date()), None));
            }
            if matches!(data_type, Type::DateTimeOffset { .. }) {
                return Ok((Datum::DateTimeOffset(moment.with_offset()), None));
            }
            let (local, lost) = reading.local(moment).map_err(fault)?;
            Ok((Datum::DateTime(local), lost))
        }
        Type::Null | Type::Untyped | Type::Text => Err(Fault::Unreadable(data_type)),
    }
}

/// Converts a number, to whole numbers by leaving the fraction away ("numeric to int: truncated").
fn to_number<'a>(datum: Datum<'a>, data_type: Type) -> Result<Datum<'a>, Fault> {
    let overflow = Fault::Overflow(data_type);
    if data_type == Type::Float {
        return super::arithmetic::float(&datum).map(Datum::Float).ok_or(overflow);
    }
    if data_type == Type::Bit {
        let is_zero = if let Datum::Float(float) = datum {
            float == 0.0
        } else {
            exact(&datum).ok_or(overflow)?.is_zero()
        };
        return Ok(Datum::Bit(!is_zero));
    }
    if let Datum::Float(float) = datum {
        return from_float(float, data_type);
    }
    let number = exact(&datum).ok_or(overflow)?;
    if let Some((min, max)) = data_type.range() {
        let whole = i64::try_from(number.trunc()).ok();
        let whole = whole.filter(|whole| (min..=max).contains(whole));
        return whole.map(Datum::Int).ok_or(overflow);
    }
    let Type::Decimal { precision, scale } = data_type else { return Ok(Datum::Decimal(number)) };
    let rounded = number.with_scale(scale).map(|(rounded, _)| rounded);
    let fits = rounded.filter(|rounded| rounded.has_digits(precision));
    fits.map(Datum::Decimal).ok_or(overflow)
}

fn from_float<'a>(float: f64, data_type: Type) -> Result<Datum<'a>, Fault> {
    let overflow = Fault::Overflow(data_type);
    // Digits of a float beyond these are none of its own.
    let written = if data_type.range().is_some() {
        format!("{:.0}", float.trunc())
    } else {
        format!("{float:e}")
    };
    let number = crate::number::read(&written).number().ok_or(overflow)?;
    if let Type::Decimal { scale, .. } = data_type {
        let (rounded, _) = number.with_scale(scale).ok_or(overflow)?;
        return to_number(Datum::Decimal(rounded), data_type);
    }
    to_number(Datum::Decimal(number.rounded()), data_type)
}

/// Converts a day or a time.
fn to_date<'a>(datum: &Datum<'_>, data_type: Type) -> Result<Datum<'a>, Fault> {
    let overflow = Fault::Overflow(data_type);
    let (local, offset) = match datum {
        Datum::Date(date) => (date.and_time(NaiveTime::MIN), None),
        Datum::Time(time) => (first_day().and_time(*time), None),
        Datum::DateTime(date) => (*date, None),
        Datum::DateTimeOffset(date) => (date.naive_local(), Some(*date.offset())),
        Datum::Null
        | Datum::Text(_)
        | Datum::Int(_)
        | Datum::Decimal(_)
        | Datum::Float(_)
        | Datum::Bit(_) => return Err(overflow),
    };
    if data_type == Type::Date {
        return Ok(Datum::Date(local.date()));
    }
    if let Type::Time { scale } = data_type {
        return Ok(Datum::Time(round(local, scale).time()));
    }
    if let Type::DateTimeOffset { scale } = data_type {
        let offset = offset.unwrap_or_else(utc);
        let at = round(local, scale).and_local_timezone(offset).single();
        let at = at.filter(|at| is_in_range(at.naive_utc(), DataType::DateTimeOffset));
        return at.map(Datum::DateTimeOffset).ok_or(overflow);
    }
    rounded_as(local, data_type).map(Datum::DateTime).ok_or(overflow)
}

fn utc() -> FixedOffset {
    DateTime::UNIX_EPOCH.fixed_offset().offset().to_owned()
}

/// Rounds a time to what a type without an offset holds; `None` if it is outside of its years.
pub(super) fn rounded_as(local: NaiveDateTime, data_type: Type) -> Option<NaiveDateTime> {
    let (rounded, range) = if data_type == Type::SmallDateTime {
        (round_minute(local)?, DataType::SmallDateTime)
    } else if data_type == Type::DateTime {
        (round_tick(local)?, DataType::DateTime)
    } else if let Type::DateTime2 { scale } = data_type {
        (round(local, scale), DataType::Date)
    } else {
        (local, DataType::Date)
    };
    is_in_range(rounded, range).then_some(rounded)
}

fn round(local: NaiveDateTime, scale: u32) -> NaiveDateTime {
    local.round_subsecs(u16::try_from(scale).unwrap_or(u16::MAX))
}

/// "29.998 seconds or less round down to the nearest minute. 29.999 seconds or more round up."
fn round_minute(local: NaiveDateTime) -> Option<NaiveDateTime> {
    const HALF: i64 = 29_999_000_000;
    let within = i64::from(local.second()) * 1_000_000_000 + i64::from(local.nanosecond());
    let minute = local.checked_sub_signed(TimeDelta::nanoseconds(within))?;
    if within < HALF { Some(minute) } else { minute.checked_add_signed(TimeDelta::minutes(1)) }
}

/// "Rounded to increments of .000, .003, or .007 seconds": three hundredths of a second have ten milliseconds.
fn round_tick(local: NaiveDateTime) -> Option<NaiveDateTime> {
    const SECOND: i64 = 1_000_000_000;
    let within = i64::from(local.nanosecond());
    let ticks = (within * 300 + SECOND / 2) / SECOND;
    let millis = (ticks * 10 + 1) / 3;
    let second = local.checked_sub_signed(TimeDelta::nanoseconds(within))?;
    second.checked_add_signed(TimeDelta::milliseconds(millis))
}

//! The one reader of dates.
//!
//! Years first: `2024-01-31` and `2024/01/31`, each with `10:11:12` behind a space or `T`; XML Schema's dates with an
//! offset; ISO 8601 without dashes and HL7's `20240131101112.123+0100`. Else `1/31/2024`, with `10:11:12` or
//! `10:11:12 PM`; the same with the day first where the month cannot be.
//! What follows a date and is no time, or follows a time and is no offset, makes the whole unreadable.

mod moment;
mod ordered;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

use crate::text::strip;
pub(crate) use moment::Moment;
pub(crate) use ordered::{Digits, Order, read_digits, read_ordered, read_time};

/// Digits of a second that are kept, as many as `datetime2(7)` has.
const FRACTION_DIGITS: u32 = 7;

/// The largest offset from UTC, in minutes; that of XML Schema and of `datetimeoffset`.
const OFFSET_MAX: i32 = 14 * 60;

/// Reads a date with or without a time of day.
pub(crate) fn read(text: &str) -> Option<Moment> {
    let bytes = strip(text).as_bytes();
    let n_digits = bytes.iter().take(15).take_while(|byte| byte.is_ascii_digit()).count();
    let mut cursor = Cursor { rest: bytes };
    match (n_digits, bytes.get(n_digits)) {
        (4, Some(separator @ (b'-' | b'/'))) => read_year_first(&mut cursor, *separator),
        (1 | 2, Some(b'/')) => read_slashes(&mut cursor),
        (8 | 10 | 12 | 14, _) => read_compact(&mut cursor, n_digits),
        _ => None,
    }
}

/// Where the reader stands.
struct Cursor<'a> {
    rest: &'a [u8],
}

impl Cursor<'_> {
    fn number(&mut self, n_min: usize, n_max: usize) -> Option<u32> {
        let n_digits =
            self.rest.iter().take(n_max).take_while(|byte| byte.is_ascii_digit()).count();
        if n_digits < n_min {
            return None;
        }
        let (digits, rest) = self.rest.split_at(n_digits);
        self.rest = rest;
        Some(digits.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0')))
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        let (&first, rest) = self.rest.split_first()?;
        (first == byte).then(|| self.rest = rest)
    }

    fn spaces(&mut self) -> usize {
        let n_spaces = self.rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        self.rest = &self.rest[n_spaces..];
        n_spaces
    }

    fn at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// Takes what stands between a date and its time.
    fn time_begins(&mut self) -> Option<()> {
        if self.spaces() > 0 { Some(()) } else { self.take(b'T').or_else(|| self.take(b't')) }
    }
}

fn day(year: u32, month: u32, day: u32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day).filter(|_| year > 0)
}

fn read_year_first(cursor: &mut Cursor<'_>, separator: u8) -> Option<Moment> {
    let year = cursor.number(4, 4)?;
    cursor.take(separator)?;
    let month = cursor.number(1, 2)?;
    cursor.take(separator)?;
    let date = day(year, month, cursor.number(1, 2)?)?;
    finish(cursor, date, read_clock)
}

/// Reads `20240131` with a time as ISO 8601 writes it, or with one of `10`, `1011` and `101112` right behind the day.
fn read_compact(cursor: &mut Cursor<'_>, n_digits: usize) -> Option<Moment> {
    let date = day(cursor.number(4, 4)?, cursor.number(2, 2)?, cursor.number(2, 2)?)?;
    if n_digits == 8 {
        return finish(cursor, date, read_any_clock);
    }
    let clock = read_clock_digits(cursor)?;
    let offset = read_offset(cursor)?;
    clock.on(date, offset)
}

/// Reads what follows a day.
fn finish(
    cursor: &mut Cursor<'_>,
    date: NaiveDate,
    clock: fn(&mut Cursor<'_>) -> Option<Clock>,
) -> Option<Moment> {
    if cursor.at_end() {
        return Some(Moment::day(date, None));
    }
    let before = cursor.rest;
    if cursor.time_begins().is_none() {
        return Some(Moment::day(date, read_offset(cursor)?));
    }
    // A day may have its offset behind a space.
    if matches!(cursor.rest.first(), Some(b'+' | b'-' | b'Z' | b'z')) && before[0] == b' ' {
        return Some(Moment::day(date, read_offset(cursor)?));
    }
    let clock = clock(cursor)?;
    let offset = read_offset(cursor)?;
    clock.on(date, offset)
}

/// A time of day as written.
struct Clock {
    hour: u32,
    minute: u32,
    second: u32,
    /// Of a second, in units of the last digit that is kept.
    fraction: u32,
    /// Whether digits of the fraction are left out.
    rounded: bool,
}

impl Clock {
    /// Says when it is. Hour 24 is the end of the day; second 60 is the last one before it, where there can be one.
    fn on(self, date: NaiveDate, offset: Option<i32>) -> Option<Moment> {
        let Self { hour, minute, second, fraction, rounded } = self;
        let ends_day = hour == 24 && (minute, second, fraction) == (0, 0, 0);
        let (hour, second, fraction, leaps) = match (hour, second) {
            (24, _) if ends_day => (0, 0, 0, false),
            (_, 60) if is_leap_minute(hour, minute, offset) => (hour, 59, 0, true),
            _ => (hour, second, fraction, false),
        };
        // Rounding may have made a whole second of the fraction.
        let (nanos, carried) = match fraction * 10_u32.pow(9 - FRACTION_DIGITS) {
            nanos @ ..1_000_000_000 => (nanos, 0),
            nanos => (nanos - 1_000_000_000, 1),
        };
        let mut local = date.and_time(NaiveTime::from_hms_nano_opt(hour, minute, second, nanos)?);
        if carried > 0 {
            local = local.checked_add_signed(TimeDelta::seconds(carried))?;
        }
        if ends_day {
            local = local.checked_add_signed(TimeDelta::days(1))?;
        }
        Some(Moment { local, offset, is_day: false, rounded: rounded || leaps })
    }
}

/// Says whether a minute may have 61 seconds: the last one of a day in UTC.
fn is_leap_minute(hour: u32, minute: u32, offset: Option<i32>) -> bool {
    let local = i32::try_from(hour * 60 + minute).unwrap_or(0);
    (local - offset.unwrap_or(0)).rem_euclid(24 * 60) == 24 * 60 - 1
}

/// Reads a time of day with colons or without.
fn read_any_clock(cursor: &mut Cursor<'_>) -> Option<Clock> {
    let has_colon = cursor.rest.iter().take(3).any(|byte| *byte == b':');
    if has_colon { read_clock(cursor) } else { read_clock_digits(cursor) }
}

/// Reads `10:11`, `10:11:12`, `10:11:12.345`.
fn read_clock(cursor: &mut Cursor<'_>) -> Option<Clock> {
    let hour = cursor.number(1, 2)?;
    cursor.take(b':')?;
    let minute = cursor.number(1, 2)?;
    let mut clock = Clock { hour, minute, second: 0, fraction: 0, rounded: false };
    if cursor.take(b':').is_some() {
        clock.second = cursor.number(1, 2)?;
        (clock.fraction, clock.rounded) = read_fraction(cursor)?;
    }
    Some(clock)
}

/// Reads `10`, `1011`, `101112`, `101112.345`.
fn read_clock_digits(cursor: &mut Cursor<'_>) -> Option<Clock> {
    let hour = cursor.number(2, 2)?;
    let minute = cursor.number(2, 2);
    let second = if minute.is_some() { cursor.number(2, 2) } else { None };
    let (fraction, rounded) = if second.is_some() { read_fraction(cursor)? } else { (0, false) };
    let (minute, second) = (minute.unwrap_or(0), second.unwrap_or(0));
    Some(Clock { hour, minute, second, fraction, rounded })
}

/// Reads `.345` or nothing: the fraction, rounded half up to the digits that are kept, and whether it was rounded.
fn read_fraction(cursor: &mut Cursor<'_>) -> Option<(u32, bool)> {
    if cursor.take(b'.').is_none() {
        return Some((0, false));
    }
    let n_digits = cursor.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = cursor.rest.split_at(n_digits);
    cursor.rest = rest;
    if digits.is_empty() {
        return None;
    }
    let mut fraction = 0;
    for place in 0..FRACTION_DIGITS {
        let digit = digits.get(place as usize).map_or(0, |digit| u32::from(digit - b'0'));
        fraction = fraction * 10 + digit;
    }
    let beyond = digits.get(FRACTION_DIGITS as usize..).unwrap_or_default();
    fraction += u32::from(beyond.first().is_some_and(|digit| *digit >= b'5'));
    Some((fraction, beyond.iter().any(|digit| *digit != b'0')))
}

/// Reads `Z`, `+02:00`, `-0500`, `+02` or nothing, up to the end.
#[expect(clippy::option_option, reason = "no offset is something that can be read, too")]
fn read_offset(cursor: &mut Cursor<'_>) -> Option<Option<i32>> {
    cursor.spaces();
    if cursor.at_end() {
        return Some(None);
    }
    if cursor.take(b'Z').or_else(|| cursor.take(b'z')).is_some() {
        return cursor.at_end().then_some(Some(0));
    }
    let sign = if cursor.take(b'-').is_some() { -1 } else { 1 };
    if sign == 1 {
        cursor.take(b'+')?;
    }
    let hours = cursor.number(2, 2)?;
    let mut minutes = 0;
    if !cursor.at_end() {
        let _ = cursor.take(b':');
        minutes = cursor.number(2, 2).filter(|minutes| *minutes < 60)?;
    }
    let offset = i32::try_from(hours * 60 + minutes).ok().filter(|size| *size <= OFFSET_MAX)?;
    cursor.at_end().then_some(Some(sign * offset))
}

fn read_slashes(cursor: &mut Cursor<'_>) -> Option<Moment> {
    let first = cursor.number(1, 2)?;
    cursor.take(b'/')?;
    let second = cursor.number(1, 2)?;
    cursor.take(b'/')?;
    let year = cursor.number(4, 4)?;
    let month_first = day(year, first, second);
    let date = month_first.or_else(|| day(year, second, first))?;
    if cursor.at_end() {
        return Some(Moment::day(date, None));
    }
    if cursor.spaces() == 0 {
        return None;
    }
    let hour = cursor.number(1, 2)?;
    cursor.take(b':')?;
    let minute = cursor.number(1, 2)?;
    cursor.take(b':')?;
    let seconds = cursor.number(1, 2)?;
    if cursor.at_end() {
        return on(date, hour, minute, seconds);
    }
    cursor.spaces();
    let hour = match cursor.rest.to_ascii_uppercase().as_slice() {
        b"AM" => hour % 12,
        b"PM" => hour % 12 + 12,
        _ => return None,
    };
    on(month_first?, hour, minute, seconds)
}

fn on(date: NaiveDate, hour: u32, minute: u32, second: u32) -> Option<Moment> {
    let local: NaiveDateTime = date.and_hms_opt(hour, minute, second)?;
    Some(Moment { local, offset: None, is_day: false, rounded: false })
}

#[cfg(test)]
mod tests;

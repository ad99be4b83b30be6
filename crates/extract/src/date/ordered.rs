//! Dates whose order of day and month is known, times without a day, and dates that are digits alone.

use chrono::{NaiveDate, NaiveTime};

use super::{
    Clock, Cursor, Moment, day, read_any_clock, read_clock, read_compact, read_offset,
    read_year_first,
};
use crate::text::strip;

/// Which part of a date stands first. Dates that begin with the year are read in every order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Year,
    Month,
    Day,
}

/// Reads a date with or without a time of day: `2024-01-31`, `20240131`, and where the order says how, `31.01.2024`,
/// `31/1/2024` or `31-01-2024`. Nothing is guessed: a day is none in the place of a month.
pub(crate) fn read_ordered(text: &str, order: Order) -> Option<Moment> {
    let bytes = strip(text).as_bytes();
    let n_digits = bytes.iter().take(15).take_while(|byte| byte.is_ascii_digit()).count();
    let mut cursor = Cursor { rest: bytes };
    match (n_digits, bytes.get(n_digits)) {
        (4, Some(separator @ (b'-' | b'/' | b'.'))) => read_year_first(&mut cursor, *separator),
        (1 | 2, Some(separator @ (b'-' | b'/' | b'.'))) if order != Order::Year => {
            read_year_last(&mut cursor, *separator, order)
        }
        (8 | 10 | 12 | 14, _) => read_compact(&mut cursor, n_digits),
        _ => None,
    }
}

fn read_year_last(cursor: &mut Cursor<'_>, separator: u8, order: Order) -> Option<Moment> {
    let first = cursor.number(1, 2)?;
    cursor.take(separator)?;
    let second = cursor.number(1, 2)?;
    cursor.take(separator)?;
    let year = cursor.number(4, 4)?;
    let date = match order {
        Order::Month => day(year, first, second),
        Order::Day => day(year, second, first),
        Order::Year => None,
    }?;
    if cursor.at_end() {
        return Some(Moment::day(date, None));
    }
    cursor.time_begins()?;
    let clock = read_clock(cursor)?;
    finish_clock(cursor, clock, date)
}

/// Reads what follows a time of day: nothing, an offset, `AM` or `PM`.
fn finish_clock(cursor: &mut Cursor<'_>, mut clock: Clock, date: NaiveDate) -> Option<Moment> {
    cursor.spaces();
    let hour = match cursor.rest.to_ascii_uppercase().as_slice() {
        b"AM" => Some(clock.hour % 12),
        b"PM" => Some(clock.hour % 12 + 12),
        _ => None,
    };
    if let Some(hour) = hour {
        if !(1..=12).contains(&clock.hour) {
            return None;
        }
        clock.hour = hour;
        return clock.on(date, None);
    }
    let offset = read_offset(cursor)?;
    clock.on(date, offset)
}

/// Reads a time without a day, and its offset: `10:11`, `10:11:12.5`, `101112`, `10:11 PM`. Hour 24 is none: it is of
/// the next day.
pub(crate) fn read_time(text: &str) -> Option<(NaiveTime, Option<i32>)> {
    let bytes = strip(text).as_bytes();
    let n_digits = bytes.iter().take(7).take_while(|byte| byte.is_ascii_digit()).count();
    let has_colon = bytes.get(n_digits) == Some(&b':');
    if !has_colon && !matches!(n_digits, 4 | 6) {
        return None;
    }
    let mut cursor = Cursor { rest: bytes };
    let clock = read_any_clock(&mut cursor)?;
    let moment = finish_clock(&mut cursor, clock, NaiveDate::default())?;
    let is_same_day = moment.local.date() == NaiveDate::default();
    is_same_day.then_some((moment.local.time(), moment.offset))
}

/// What a date of digits alone says, HL7's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Digits {
    Moment(Moment),
    /// A month or a year, and no day of it.
    NoDay,
}

/// Reads `YYYYMMDD[HH[MM[SS[.fff]]]][+-ZZZZ]`.
pub(crate) fn read_digits(text: &str) -> Option<Digits> {
    let bytes = strip(text).as_bytes();
    let n_digits = bytes.iter().take(15).take_while(|byte| byte.is_ascii_digit()).count();
    match n_digits {
        4 | 6 => {
            let mut cursor = Cursor { rest: &bytes[4..n_digits] };
            let month = if n_digits == 6 { cursor.number(2, 2)? } else { 1 };
            cursor.rest = &bytes[n_digits..];
            let _ = read_offset(&mut cursor)?;
            (1..=12).contains(&month).then_some(Digits::NoDay)
        }
        8 | 10 | 12 | 14 => read_compact(&mut Cursor { rest: bytes }, n_digits).map(Digits::Moment),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_decides() {
        for (text, order, expected) in [
            ("03/04/2024", Order::Month, "2024-03-04 00:00:00"),
            ("03/04/2024", Order::Day, "2024-04-03 00:00:00"),
            ("03/04/2024", Order::Year, "-"),
            ("31.01.2024", Order::Day, "2024-01-31 00:00:00"),
            ("31.01.2024", Order::Month, "-"),
            ("1-2-2024", Order::Day, "2024-02-01 00:00:00"),
            ("1-2.2024", Order::Day, "-"),
            ("2024-01-31", Order::Day, "2024-01-31 00:00:00"),
            ("2024.01.31", Order::Month, "2024-01-31 00:00:00"),
            ("20240131", Order::Day, "2024-01-31 00:00:00"),
            ("31/01/2024 10:11", Order::Day, "2024-01-31 10:11:00"),
            ("31/01/2024 10:11:12 PM", Order::Day, "2024-01-31 22:11:12"),
            ("31/01/2024 22:11 PM", Order::Day, "-"),
            ("31/01/2024T10:11:12+02:00", Order::Day, "2024-01-31 10:11:12 +02:00"),
            ("31/01/24", Order::Day, "-"),
            ("31/01/2024 noon", Order::Day, "-"),
        ] {
            let shown = read_ordered(text, order).map_or("-".to_owned(), |read| read.to_string());
            assert_eq!(shown, expected, "{text} {order:?}");
        }
    }

    #[test]
    fn times() {
        for (text, expected) in [
            ("10:11", "10:11:00 None"),
            ("10:11:12.5", "10:11:12.500 None"),
            ("101112", "10:11:12 None"),
            ("1011", "10:11:00 None"),
            ("10:11Z", "10:11:00 Some(0)"),
            ("10:11:12+02:00", "10:11:12 Some(120)"),
            ("10:11 PM", "22:11:00 None"),
            ("24:00:00", "-"),
            ("25:00", "-"),
            ("10", "-"),
            ("2024", "-"),
            ("", "-"),
        ] {
            let read = read_time(text);
            // 2024 is 20:24, as 1011 is 10:11.
            let expected = if text == "2024" { "20:24:00 None" } else { expected };
            let shown = read.map_or("-".to_owned(), |(time, offset)| format!("{time} {offset:?}"));
            assert_eq!(shown, expected, "{text}");
        }
    }

    #[test]
    fn digits() {
        for (text, expected) in [
            ("20240131", "2024-01-31 00:00:00"),
            ("202401311011", "2024-01-31 10:11:00"),
            ("20240131101112.123-0500", "2024-01-31 10:11:12.123 -05:00"),
            ("202401", "no day"),
            ("2024", "no day"),
            ("202413", "-"),
            ("2024-01-31", "-"),
            ("20241", "-"),
            ("20240131T10", "2024-01-31 10:00:00"),
        ] {
            let shown = match read_digits(text) {
                Some(Digits::Moment(moment)) => moment.to_string(),
                Some(Digits::NoDay) => "no day".to_owned(),
                None => "-".to_owned(),
            };
            assert_eq!(shown, expected, "{text}");
        }
    }
}

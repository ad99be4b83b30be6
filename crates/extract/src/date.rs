//! The one reader of dates.
//!
//! Read in this order: `2024-01-31`, with `10:11:12` and a fraction; `1/31/2024`, with `10:11:12` or `10:11:12 PM`; the
//! same with the day first where the month cannot be; ISO 8601 with `T`, compact or with an offset, which is dropped.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};

use crate::text::strip;

/// Reads a date with or without a time of day.
pub(crate) fn read(text: &str) -> Option<NaiveDateTime> {
    let bytes = strip(text).as_bytes();
    let n_digits = bytes.iter().take(9).take_while(|byte| byte.is_ascii_digit()).count();
    match (n_digits, bytes.get(n_digits)) {
        (4, Some(b'-')) => read_dashes(bytes),
        (1 | 2, Some(b'/')) => read_slashes(bytes),
        (8, None | Some(b'T' | b' ')) => read_compact(bytes),
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
}

fn day(year: u32, month: u32, day: u32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day).filter(|_| year > 0)
}

fn read_dashes(bytes: &[u8]) -> Option<NaiveDateTime> {
    let mut cursor = Cursor { rest: bytes };
    let year = cursor.number(4, 4)?;
    cursor.take(b'-')?;
    let month = cursor.number(1, 2)?;
    cursor.take(b'-')?;
    let date = day(year, month, cursor.number(1, 2)?)?;
    if cursor.at_end() {
        return Some(date.and_time(NaiveTime::MIN));
    }
    if cursor.spaces() == 0 {
        cursor.take(b'T')?;
    }
    read_time(&mut cursor).map(|time| date.and_time(time))
}

fn read_compact(bytes: &[u8]) -> Option<NaiveDateTime> {
    let mut cursor = Cursor { rest: bytes };
    let date = day(cursor.number(4, 4)?, cursor.number(2, 2)?, cursor.number(2, 2)?)?;
    if cursor.at_end() {
        return Some(date.and_time(NaiveTime::MIN));
    }
    if cursor.spaces() == 0 {
        cursor.take(b'T')?;
    }
    read_time(&mut cursor).map(|time| date.and_time(time))
}

/// Reads `10:11`, `10:11:12`, `10:11:12.345`, each with an offset or none. Seconds from 60 to 99 are 59, and what
/// follows them is ignored.
fn read_time(cursor: &mut Cursor<'_>) -> Option<NaiveTime> {
    let hour = cursor.number(1, 2)?;
    cursor.take(b':')?;
    let minute = cursor.number(1, 2)?;
    let mut second = 0;
    let mut micros = 0;
    if cursor.take(b':').is_some() {
        second = cursor.number(1, 2)?;
        if second > 59 {
            return NaiveTime::from_hms_opt(hour, minute, 59);
        }
        if cursor.take(b'.').is_some() {
            micros = read_micros(cursor)?;
        }
    }
    read_offset(cursor)?;
    NaiveTime::from_hms_micro_opt(hour, minute, second, micros)
}

fn read_micros(cursor: &mut Cursor<'_>) -> Option<u32> {
    let n_before = cursor.rest.len();
    let mut micros = cursor.number(1, 6)?;
    for _ in n_before - cursor.rest.len()..6 {
        micros *= 10;
    }
    while cursor.number(1, 6).is_some() {}
    Some(micros)
}

/// Reads `Z`, `+02:00`, `-0500` or nothing, up to the end.
fn read_offset(cursor: &mut Cursor<'_>) -> Option<()> {
    if cursor.take(b'Z').is_some() || cursor.take(b'z').is_some() || cursor.at_end() {
        return cursor.at_end().then_some(());
    }
    cursor.take(b'+').or_else(|| cursor.take(b'-'))?;
    let hours = cursor.number(2, 2)?;
    if !cursor.at_end() {
        let _ = cursor.take(b':');
        cursor.number(2, 2).filter(|minutes| *minutes < 60)?;
    }
    (hours < 24 && cursor.at_end()).then_some(())
}

fn read_slashes(bytes: &[u8]) -> Option<NaiveDateTime> {
    let mut cursor = Cursor { rest: bytes };
    let first = cursor.number(1, 2)?;
    cursor.take(b'/')?;
    let second = cursor.number(1, 2)?;
    cursor.take(b'/')?;
    let year = cursor.number(4, 4)?;
    if cursor.at_end() {
        return day(year, first, second)
            .or_else(|| day(year, second, first))
            .map(|date| date.and_time(NaiveTime::MIN));
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
        let date = day(year, first, second).or_else(|| day(year, second, first))?;
        return Some(date.and_time(NaiveTime::from_hms_opt(hour, minute, seconds)?));
    }
    cursor.spaces();
    let hour = match cursor.rest.to_ascii_uppercase().as_slice() {
        b"AM" => hour % 12,
        b"PM" => hour % 12 + 12,
        _ => return None,
    };
    let date = day(year, first, second)?;
    Some(date.and_time(NaiveTime::from_hms_opt(hour, minute, seconds)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let read = read(text).map_or_else(|| "-".to_owned(), |date| date.to_string());
        assert_eq!(read, expected, "`{text}`");
    }

    #[test]
    fn dates() {
        check("2024-01-05", "2024-01-05 00:00:00");
        check("2024-1-5", "2024-01-05 00:00:00");
        check(" 2024-01-05 10:11:12 ", "2024-01-05 10:11:12");
        check("2024-01-05 10:11:12.5", "2024-01-05 10:11:12.500");
        check("2024-01-05 10:11:12.123456789", "2024-01-05 10:11:12.123456");
        check("2024-01-05 10:11:61", "2024-01-05 10:11:59");
        check("2024-01-05 10:11:99.5 or so", "2024-01-05 10:11:59");
        check("2024-01-05T10:11:12Z", "2024-01-05 10:11:12");
        check("2024-01-05T10:11:12+02:00", "2024-01-05 10:11:12");
        check("2024-01-05T10:11", "2024-01-05 10:11:00");
        check("20240105", "2024-01-05 00:00:00");
        check("1/5/2024", "2024-01-05 00:00:00");
        check("04/05/2024", "2024-04-05 00:00:00");
        check("31/12/2024", "2024-12-31 00:00:00");
        check("09/25/2020 3:49:20 PM", "2020-09-25 15:49:20");
        check("09/25/2020 12:49:20 am", "2020-09-25 00:49:20");
        check("09/25/2020 13:49:20", "2020-09-25 13:49:20");
        check("25/09/2020 13:49:20", "2020-09-25 13:49:20");
        check("02/29/2024", "2024-02-29 00:00:00");
    }

    #[test]
    fn no_dates() {
        for text in [
            "",
            "n",
            "42",
            "2024-02-30",
            "2024-13-01",
            "0000-01-01",
            "1/5/24",
            "2024-01-05 10",
            "2024-01-05x",
            "-",
        ] {
            check(text, "-");
        }
        for text in [
            "2024-01-05 10:11:12.",
            "2024-01-05T10:11:12+99",
            "99999999",
            "2024-01-05 25:00:00",
            "é/1/2024",
        ] {
            check(text, "-");
        }
    }
}

//! Dates and times as ticks of 100 ns since 0001-01-01: reading text, rounding to a type, printing.

use crate::value::sqltype::SqlType;

pub(crate) const TICKS_PER_SECOND: i64 = 10_000_000;
pub(crate) const TICKS_PER_DAY: i64 = 86_400 * TICKS_PER_SECOND;
/// Days from 0001-01-01 to 1900-01-01, the origin of `datetime`.
pub(crate) const DAYS_TO_1900: i64 = 693_595;
/// Days from 0001-01-01 to 1753-01-01, the first day of `datetime`.
const DAYS_TO_1753: i64 = 639_905;
/// Days from 0001-01-01 to 2079-06-07, the day after the last of `smalldatetime`.
const DAYS_TO_2079: i64 = 759_128;
const DAYS_MAX: i64 = 3_652_058;

/// Why text is not a moment of a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Not a date at all, or with more fractional digits than the type reads.
    Malformed,
    /// A date that the type has no room for.
    OutOfRange,
}

/// The fields of a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fields {
    pub(crate) year: i64,
    pub(crate) month: i64,
    pub(crate) day: i64,
    pub(crate) hour: i64,
    pub(crate) minute: i64,
    pub(crate) second: i64,
    /// Ticks within the second.
    pub(crate) fraction: i64,
}

/// The fields of `ticks`.
pub(crate) fn fields(ticks: i64) -> Fields {
    let (days, rest) = (ticks.div_euclid(TICKS_PER_DAY), ticks.rem_euclid(TICKS_PER_DAY));
    let (year, month, day) = civil(days);
    let seconds = rest / TICKS_PER_SECOND;
    Fields {
        year,
        month,
        day,
        hour: seconds / 3600,
        minute: seconds / 60 % 60,
        second: seconds % 60,
        fraction: rest % TICKS_PER_SECOND,
    }
}

/// Days since 0001-01-01 of a date; `None` where there is no such day.
pub(crate) fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=9999).contains(&year) || !(1..=12).contains(&month) || day < 1 {
        return None;
    }
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let of_era = shifted.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 306;
    (civil(days) == (year, month, day)).then_some(days)
}

fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 306;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// Brings ticks to the type's resolution and range.
pub(crate) fn round_to(ticks: i64, ty: SqlType) -> Result<i64, Refused> {
    let day = ticks.div_euclid(TICKS_PER_DAY);
    let rounded = match ty {
        SqlType::Date => day * TICKS_PER_DAY,
        SqlType::SmallDateTime => nearest(ticks, 60 * TICKS_PER_SECOND),
        SqlType::DateTime => {
            let thirds =
                (ticks.rem_euclid(TICKS_PER_DAY) * 300 + TICKS_PER_SECOND / 2) / TICKS_PER_SECOND;
            day * TICKS_PER_DAY + ticks_of_thirds(thirds)
        }
        SqlType::Time(n) => {
            let unit = 10i64.pow(u32::from(7 - n.min(7)));
            nearest(ticks.rem_euclid(TICKS_PER_DAY), unit).min(TICKS_PER_DAY - unit)
        }
        SqlType::DateTime2(n) => nearest(ticks, 10i64.pow(u32::from(7 - n.min(7)))),
        SqlType::Null
        | SqlType::Bit
        | SqlType::TinyInt
        | SqlType::SmallInt
        | SqlType::Int
        | SqlType::BigInt => ticks,
        SqlType::Decimal { .. }
        | SqlType::Real
        | SqlType::Float
        | SqlType::Char(_)
        | SqlType::VarChar(_) => ticks,
        SqlType::NChar(_)
        | SqlType::NVarChar(_)
        | SqlType::Binary(_)
        | SqlType::VarBinary(_)
        | SqlType::Guid => ticks,
    };
    let day = rounded.div_euclid(TICKS_PER_DAY);
    let first_day = if ty == SqlType::DateTime { DAYS_TO_1753 } else { 0 };
    let fits = if ty == SqlType::SmallDateTime {
        (DAYS_TO_1900..DAYS_TO_2079).contains(&day)
    } else {
        (first_day..=DAYS_MAX).contains(&day)
    };
    if fits { Ok(rounded) } else { Err(Refused::OutOfRange) }
}

/// 1/300 s as ticks, the way SQL Server converts `datetime` to `datetime2(7)`.
pub(crate) fn ticks_of_thirds(thirds: i64) -> i64 {
    (thirds * TICKS_PER_SECOND + 150) / 300
}

/// Ticks as 1/300 s.
pub(crate) fn thirds_of_ticks(ticks: i64) -> i64 {
    (ticks * 300 + TICKS_PER_SECOND / 2) / TICKS_PER_SECOND
}

fn nearest(ticks: i64, unit: i64) -> i64 {
    (ticks + unit / 2).div_euclid(unit) * unit
}

/// Reads a moment for a type: ISO 8601 with `-`, `yyyymmdd`, or `m/d/yyyy`, each with an optional time.
pub(crate) fn parse(text: &str, ty: SqlType) -> Result<i64, Refused> {
    let text = text.trim();
    if text.is_empty() {
        return round_to(DAYS_TO_1900 * TICKS_PER_DAY, ty);
    }
    let (date, time) = match text.find(['T', 't', ' ']) {
        Some(at) => (&text[..at], text[at + 1..].trim()),
        None if text.contains(':') => ("1900-01-01", text),
        None => (text, ""),
    };
    let day = parse_date(date)?;
    let digits_max = if matches!(ty, SqlType::DateTime | SqlType::SmallDateTime) { 3 } else { 7 };
    let (ticks, offset) = parse_time(time, digits_max)?;
    round_to(day * TICKS_PER_DAY + ticks - offset, ty)
}

fn parse_date(text: &str) -> Result<i64, Refused> {
    let number =
        |part: &str| part.parse::<i64>().ok().filter(|_| part.bytes().all(|b| b.is_ascii_digit()));
    let split = |sep: char| -> Option<[i64; 3]> {
        let parts: Vec<i64> = text.split(sep).map(number).collect::<Option<_>>()?;
        parts.try_into().ok()
    };
    let (year, month, day) = match (split('-'), split('/')) {
        (Some([y, m, d]), _) if text.find('-') == Some(4) => (y, m, d),
        (Some([m, d, y]), _) | (_, Some([m, d, y])) if y >= 1000 => (y, m, d),
        _ if text.len() == 8 => {
            let all = number(text).ok_or(Refused::Malformed)?;
            (all / 10_000, all / 100 % 100, all % 100)
        }
        _ => return Err(Refused::Malformed),
    };
    days(year, month, day).ok_or(if (1..=12).contains(&month) && (1..=31).contains(&day) {
        Refused::OutOfRange
    } else {
        Refused::Malformed
    })
}

/// Ticks of the time of day, and of the offset behind it.
fn parse_time(text: &str, digits_max: usize) -> Result<(i64, i64), Refused> {
    if text.is_empty() {
        return Ok((0, 0));
    }
    let (text, offset) = split_offset(text)?;
    let upper = text.to_ascii_uppercase();
    let (clock, half_day) = match (upper.strip_suffix("AM"), upper.strip_suffix("PM")) {
        (Some(clock), _) => (clock.trim(), Some(0)),
        (_, Some(clock)) => (clock.trim(), Some(12)),
        (None, None) => (upper.as_str(), None),
    };
    let (whole, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    if fraction.len() > digits_max || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Refused::Malformed);
    }
    let parts: Vec<i64> = whole
        .split(':')
        .map(|part| part.parse().map_err(|_| Refused::Malformed))
        .collect::<Result<_, _>>()?;
    let (mut hour, minute, second) = match parts[..] {
        [hour] if half_day.is_some() => (hour, 0, 0),
        [hour, minute] => (hour, minute, 0),
        [hour, minute, second] => (hour, minute, second),
        _ => return Err(Refused::Malformed),
    };
    if let Some(add) = half_day {
        if !(1..=12).contains(&hour) {
            return Err(Refused::Malformed);
        }
        hour = hour % 12 + add;
    }
    if !(0..24).contains(&hour) || !(0..60).contains(&minute) || !(0..60).contains(&second) {
        return Err(Refused::Malformed);
    }
    let digits = fraction.parse::<i64>().unwrap_or(0);
    let ticks =
        digits * 10i64.pow(u32::try_from(7 - fraction.len()).map_err(|_| Refused::Malformed)?);
    Ok(((hour * 3600 + minute * 60 + second) * TICKS_PER_SECOND + ticks, offset))
}

fn split_offset(text: &str) -> Result<(&str, i64), Refused> {
    if let Some(clock) = text.strip_suffix(['Z', 'z']) {
        return Ok((clock, 0));
    }
    let Some(at) = text.rfind(['+', '-']) else { return Ok((text, 0)) };
    let (hours, minutes) = text[at + 1..].split_once(':').ok_or(Refused::Malformed)?;
    let part = |part: &str| part.parse::<i64>().map_err(|_| Refused::Malformed);
    let seconds = part(hours)? * 3600 + part(minutes)? * 60;
    let signed = if text[at..].starts_with('-') { -seconds } else { seconds };
    Ok((text[..at].trim(), signed * TICKS_PER_SECOND))
}

/// As a cast to text prints it (style 0 for the older types, 121 for the newer).
pub(crate) fn format(ticks: i64, ty: SqlType) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let f = fields(ticks);
    if matches!(ty, SqlType::DateTime | SqlType::SmallDateTime) {
        let month = MONTHS[usize::try_from(f.month - 1).expect("a month is 1 to 12")];
        let half = if f.hour < 12 { "AM" } else { "PM" };
        let hour = if f.hour % 12 == 0 { 12 } else { f.hour % 12 };
        return format!("{month} {:2} {:04} {hour:2}:{:02}{half}", f.day, f.year, f.minute);
    }
    if let SqlType::Time(digits) = ty {
        return clock(&f, digits);
    }
    let date = format!("{:04}-{:02}-{:02}", f.year, f.month, f.day);
    if let SqlType::DateTime2(digits) = ty { format!("{date} {}", clock(&f, digits)) } else { date }
}

/// As `CONVERT(varchar(n), x, 126)` prints it: ISO 8601, no fraction where it is zero.
pub(crate) fn format_iso(ticks: i64, ty: SqlType) -> String {
    let f = fields(ticks);
    let date = format!("{:04}-{:02}-{:02}", f.year, f.month, f.day);
    if ty == SqlType::Date {
        return date;
    }
    if let SqlType::Time(digits) = ty {
        return clock(&f, digits);
    }
    let digits = if let SqlType::DateTime2(digits) = ty { digits } else { 3 };
    format!("{date}T{}", clock(&f, if f.fraction == 0 { 0 } else { digits }))
}

fn clock(f: &Fields, digits: u8) -> String {
    let whole = format!("{:02}:{:02}:{:02}", f.hour, f.minute, f.second);
    if digits == 0 {
        return whole;
    }
    // A `datetime` prints its 1/300 s rounded to milliseconds.
    let unit = 10i64.pow(u32::from(7 - digits.min(7)));
    let fraction = ((f.fraction + unit / 2) / unit).min(10i64.pow(u32::from(digits)) - 1);
    format!("{whole}.{fraction:0>width$}", width = usize::from(digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn iso(text: &str, ty: SqlType) -> String {
        parse(text, ty).map_or_else(|refused| format!("{refused:?}"), |ticks| format_iso(ticks, ty))
    }

    #[test]
    fn each_type_rounds_its_own_way() {
        assert_eq!(iso("2024-02-29T23:59:59.999", SqlType::DateTime), "2024-03-01T00:00:00");
        assert_eq!(iso("2024-02-29 10:11:12.125", SqlType::DateTime), "2024-02-29T10:11:12.127");
        assert_eq!(iso("2024-02-29 10:11:30", SqlType::SmallDateTime), "2024-02-29T10:12:00");
        assert_eq!(
            iso("2024-02-29 10:11:12.1234567", SqlType::DateTime2(3)),
            "2024-02-29T10:11:12.123"
        );
        assert_eq!(iso("20240229", SqlType::Date), "2024-02-29");
        assert_eq!(iso("9/15/2018 1:02:03 PM", SqlType::DateTime), "2018-09-15T13:02:03");
    }

    #[test]
    fn what_is_refused() {
        assert_eq!(iso("2024-02-29 10:11:12.1234", SqlType::DateTime), "Malformed");
        assert_eq!(iso("1600-01-01", SqlType::DateTime), "OutOfRange");
        assert_eq!(iso("2023-02-29", SqlType::Date), "OutOfRange");
        assert_eq!(iso("hello", SqlType::DateTime2(7)), "Malformed");
    }
}

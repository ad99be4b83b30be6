//! DATEADD and DATEDIFF.

use chrono::{
    DateTime, Datelike, FixedOffset, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta,
};

use super::super::cast::{first_day, rounded_as};
use super::super::check::{Checker, Typed};
use super::super::fault::Fault;
use super::super::node::Node;
use super::super::syntax::{Kind, Syntax};
use super::super::types::{Family, SCALE_MAX, Type};
use super::super::{Datum, Span};
use super::Function;
use crate::convert::is_in_range;
use crate::table::DataType;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "DATEADD",
        arguments: "part, number, date",
        n_arguments: 3..=3,
        result: "the type of the date; datetime for a text in quotes",
        gives: "The date moved by so many parts; a fraction of the number is cut off. A month with fewer days ends on its last.",
        example: ("DATEADD(month, 1, '20060831')", "2006-09-30 00:00:00.000"),
        check: check_add,
    },
    Function {
        name: "DATEDIFF",
        arguments: "part, from, to",
        n_arguments: 3..=3,
        result: "int",
        gives: "How many boundaries of the part are between the two: a year between the last second of one and the first of the next. Weeks begin on Sunday.",
        example: ("DATEDIFF(day, '2036-03-01', '2036-02-28')", "-2"),
        check: check_difference,
    },
];

/// A part of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Year,
    Quarter,
    Month,
    Day,
    Week,
    Hour,
    Minute,
    Second,
    Millisecond,
    Microsecond,
    Nanosecond,
}

/// Their names and abbreviations.
const PARTS: [(Part, &[&str]); 12] = [
    (Part::Year, &["year", "yy", "yyyy"]),
    (Part::Quarter, &["quarter", "qq", "q"]),
    (Part::Month, &["month", "mm", "m"]),
    (Part::Day, &["day", "dd", "d", "dayofyear", "dy", "y"]),
    (Part::Day, WEEKDAY),
    (Part::Week, &["week", "wk", "ww"]),
    (Part::Hour, &["hour", "hh"]),
    (Part::Minute, &["minute", "mi", "n"]),
    (Part::Second, &["second", "ss", "s"]),
    (Part::Millisecond, &["millisecond", "ms"]),
    (Part::Microsecond, &["microsecond", "mcs"]),
    (Part::Nanosecond, &["nanosecond", "ns"]),
];

/// DATEADD alone knows it.
const WEEKDAY: &[&str] = &["weekday", "dw", "w"];

impl Part {
    fn is_of_time(self) -> bool {
        match self {
            Self::Year | Self::Quarter | Self::Month | Self::Day | Self::Week => false,
            Self::Hour
            | Self::Minute
            | Self::Second
            | Self::Millisecond
            | Self::Microsecond
            | Self::Nanosecond => true,
        }
    }

    /// Nanoseconds of a part that always has as many.
    fn nanos(self) -> Option<i128> {
        const SECOND: i128 = 1_000_000_000;
        match self {
            Self::Year | Self::Quarter | Self::Month => None,
            Self::Week => Some(7 * 24 * 3600 * SECOND),
            Self::Day => Some(24 * 3600 * SECOND),
            Self::Hour => Some(3600 * SECOND),
            Self::Minute => Some(60 * SECOND),
            Self::Second => Some(SECOND),
            Self::Millisecond => Some(1_000_000),
            Self::Microsecond => Some(1000),
            Self::Nanosecond => Some(1),
        }
    }

    fn months(self) -> Option<i64> {
        match self {
            Self::Year => Some(12),
            Self::Quarter => Some(3),
            Self::Month => Some(1),
            Self::Day
            | Self::Week
            | Self::Hour
            | Self::Minute
            | Self::Second
            | Self::Millisecond
            | Self::Microsecond
            | Self::Nanosecond => None,
        }
    }
}

/// A call with its part.
#[derive(Debug)]
pub(in super::super) struct DateCall {
    part: Part,
    /// Of DATEADD: the type of the date.
    added_to: Option<Type>,
    pub(in super::super) arguments: [Node; 2],
}

impl DateCall {
    pub(in super::super) fn run<'a>(&self, data: &[Datum<'a>]) -> Result<Datum<'a>, Fault> {
        let [first, second] = data else { return Ok(Datum::Null) };
        match (self.added_to, first) {
            (None, _) => difference(self.part, first, second),
            (Some(data_type), Datum::Int(count)) => add(self.part, *count, second, data_type),
            (Some(_), _) => Ok(Datum::Null),
        }
    }
}

fn part(
    checker: &mut Checker<'_, '_>,
    syntax: &Syntax,
    unknown: &[&str],
) -> Option<(Part, &'static str)> {
    let written =
        if let Kind::Path(word) = &syntax.kind { word.to_lowercase() } else { String::new() };
    let known = PARTS.iter().find(|(_, names)| names.contains(&written.as_str()));
    match known {
        Some((part, names)) if !unknown.contains(&written.as_str()) => Some((*part, names[0])),
        _ => checker.flaw(
            &syntax.span,
            "this is no part of a date",
            "write year, quarter, month, day, week, hour, minute, second, millisecond, microsecond or nanosecond, without quotes",
        ),
    }
}

fn check_add(checker: &mut Checker<'_, '_>, arguments: &[Syntax], span: Span) -> Option<Typed> {
    let [part_written, count, date] = arguments else { return None };
    let part = part(checker, part_written, &[]);
    let count = checker.number(count);
    let date = checker.date(date, Type::DateTime);
    let ((part, name), count, date) = (part?, count?, date?);
    let data_type = date.data_type;
    let is_small = matches!(part, Part::Microsecond | Part::Nanosecond);
    let is_possible = if data_type == Type::Date {
        !part.is_of_time()
    } else if matches!(data_type, Type::SmallDateTime | Type::DateTime) {
        !is_small
    } else {
        data_type.family() != Family::Time || part.is_of_time()
    };
    if !is_possible {
        let reason = format!("{data_type} has no {name} that DATEADD could move");
        return checker.flaw(&span, reason, "write CAST(.. AS datetime2) around the date");
    }
    // "DATEADD will truncate a number that has a decimal fraction. The number cannot exceed the range of int."
    let count = checker.converted(count, Type::Int)?;
    let call = DateCall { part, added_to: Some(data_type), arguments: [count.node, date.node] };
    checker.folded(Typed { node: Node::Date(Box::new(call)), data_type, span })
}

fn check_difference(
    checker: &mut Checker<'_, '_>,
    arguments: &[Syntax],
    span: Span,
) -> Option<Typed> {
    let [part_written, from, to] = arguments else { return None };
    let of_text = Type::DateTime2 { scale: SCALE_MAX };
    let part = part(checker, part_written, WEEKDAY);
    let (from, to) = (checker.date(from, of_text), checker.date(to, of_text));
    let call = DateCall { part: part?.0, added_to: None, arguments: [from?.node, to?.node] };
    checker.folded(Typed { node: Node::Date(Box::new(call)), data_type: Type::Int, span })
}

fn add<'a>(part: Part, count: i64, date: &Datum<'_>, data_type: Type) -> Result<Datum<'a>, Fault> {
    let overflow = Fault::Overflow(data_type);
    match date {
        Datum::Date(date) => {
            let moved = moved(part, count, date.and_time(NaiveTime::MIN)).ok_or(overflow)?;
            checked(moved, data_type).map(|moved| Datum::Date(moved.date())).ok_or(overflow)
        }
        // A time goes around the clock.
        Datum::Time(time) => {
            let moved = moved(part, count, NaiveDate::default().and_time(*time)).ok_or(overflow)?;
            Ok(Datum::Time(moved.time()))
        }
        Datum::DateTime(local) => {
            let moved = moved(part, count, *local).ok_or(overflow)?;
            checked(moved, data_type).map(Datum::DateTime).ok_or(overflow)
        }
        Datum::DateTimeOffset(date) => {
            let moved = moved(part, count, date.naive_local()).ok_or(overflow)?;
            let at: Option<DateTime<FixedOffset>> =
                moved.and_local_timezone(*date.offset()).single();
            at.filter(|at| is_in_range(at.naive_utc(), DataType::DateTimeOffset))
                .map(Datum::DateTimeOffset)
                .ok_or(overflow)
        }
        Datum::Null
        | Datum::Text(_)
        | Datum::Int(_)
        | Datum::Decimal(_)
        | Datum::Float(_)
        | Datum::Bit(_) => Ok(Datum::Null),
    }
}

fn checked(moved: NaiveDateTime, data_type: Type) -> Option<NaiveDateTime> {
    rounded_as(moved, data_type)
}

fn moved(part: Part, count: i64, local: NaiveDateTime) -> Option<NaiveDateTime> {
    if let Some(n_months) = part.months() {
        let n_months = count.checked_mul(n_months)?;
        let months = Months::new(u32::try_from(n_months.unsigned_abs()).ok()?);
        return if n_months < 0 {
            local.checked_sub_months(months)
        } else {
            local.checked_add_months(months)
        };
    }
    let nanos = part.nanos()? * i128::from(count);
    // "A number between 1 and 49 will round down to 0, and a number from 50 to 99 rounds up to 100."
    let nanos = if part == Part::Nanosecond {
        let rest = nanos.rem_euclid(100);
        nanos - rest + if rest >= 50 { 100 } else { 0 }
    } else {
        nanos
    };
    let seconds = i64::try_from(nanos.div_euclid(1_000_000_000)).ok()?;
    let rest = u32::try_from(nanos.rem_euclid(1_000_000_000)).ok()?;
    local.checked_add_signed(TimeDelta::new(seconds, rest)?)
}

fn difference<'a>(part: Part, from: &Datum<'_>, to: &Datum<'_>) -> Result<Datum<'a>, Fault> {
    let (Some(from), Some(to)) = (instant(from), instant(to)) else { return Ok(Datum::Null) };
    let crossed = boundary(part, to) - boundary(part, from);
    let is_int = i32::try_from(crossed).map(i64::from);
    is_int.map(Datum::Int).map_err(|_| Fault::Overflow(Type::Int))
}

/// When it is, in UTC: boundaries of times with an offset are those of UTC.
fn instant(datum: &Datum<'_>) -> Option<NaiveDateTime> {
    match datum {
        Datum::Date(date) => Some(date.and_time(NaiveTime::MIN)),
        Datum::Time(time) => Some(first_day().and_time(*time)),
        Datum::DateTime(local) => Some(*local),
        Datum::DateTimeOffset(date) => Some(date.naive_utc()),
        Datum::Null
        | Datum::Text(_)
        | Datum::Int(_)
        | Datum::Decimal(_)
        | Datum::Float(_)
        | Datum::Bit(_) => None,
    }
}

/// Counts the boundaries from some beginning to a time.
fn boundary(part: Part, local: NaiveDateTime) -> i128 {
    let days = i128::from(local.num_days_from_ce());
    if let Some(n_months) = part.months() {
        let months = i64::from(local.year()) * 12 + i64::from(local.month0());
        return i128::from(months.div_euclid(n_months));
    }
    if part == Part::Week {
        // Day 0 of the count was a Sunday.
        return days.div_euclid(7);
    }
    if part == Part::Day {
        return days;
    }
    let since = local - NaiveDate::default().and_time(NaiveTime::MIN);
    let nanos = i128::from(since.num_seconds()) * 1_000_000_000 + i128::from(since.subsec_nanos());
    nanos.div_euclid(part.nanos().unwrap_or(1))
}

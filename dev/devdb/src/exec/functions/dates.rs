//! `DATEADD` and `DATEDIFF`.

use rusqlite::functions::Context;

use crate::error::{SqlError, SqlResult};
use crate::exec::functions::{arg, type_arg};
use crate::value::datetime::{self, TICKS_PER_DAY, TICKS_PER_SECOND, fields};
use crate::value::datum::{Datum, Owned};

pub(crate) fn add(ctx: &Context<'_>) -> SqlResult<Owned> {
    let (Datum::Int(n), Datum::Int(ticks)) = (arg(ctx, 1)?, arg(ctx, 2)?) else {
        return Ok(Datum::Null);
    };
    let (part, ty): (String, _) = (ctx.get(0)?, type_arg(ctx, 3)?);
    let moved = match unit(&part) {
        Some(unit) => n.checked_mul(unit).and_then(|by| ticks.checked_add(by)),
        None => add_months(ticks, if part == "year" { n.saturating_mul(12) } else { n }),
    };
    let rounded = moved.and_then(|ticks| datetime::round_to(ticks, ty).ok());
    rounded.map(Datum::Int).ok_or_else(|| {
        SqlError::new(
            517,
            format!("Adding a value to a '{}' column caused an overflow.", ty.name()),
        )
    })
}

/// Months keep the day, or take the last one where the month is shorter.
fn add_months(ticks: i64, n: i64) -> Option<i64> {
    let of = fields(ticks);
    let months = (of.year * 12 + of.month - 1).checked_add(n)?;
    let (year, month) = (months.div_euclid(12), months.rem_euclid(12) + 1);
    let day = (1..=of.day).rev().find_map(|day| datetime::days(year, month, day))?;
    Some(day * TICKS_PER_DAY + ticks.rem_euclid(TICKS_PER_DAY))
}

/// How many boundaries of the part lie between two moments.
pub(crate) fn difference(ctx: &Context<'_>) -> SqlResult<Owned> {
    let (Datum::Int(from), Datum::Int(to)) = (arg(ctx, 1)?, arg(ctx, 2)?) else {
        return Ok(Datum::Null);
    };
    let part: String = ctx.get(0)?;
    let months = |ticks: i64| {
        let of = fields(ticks);
        of.year * 12 + of.month
    };
    let count = match unit(&part) {
        Some(unit) => to.div_euclid(unit) - from.div_euclid(unit),
        None if part == "year" => fields(to).year - fields(from).year,
        None => months(to) - months(from),
    };
    if i32::try_from(count).is_err() {
        let text = "The datediff function resulted in an overflow. The number of dateparts separating two date/time instances is too large. Try to use datediff with a less precise datepart.";
        return Err(SqlError::new(535, text));
    }
    Ok(Datum::Int(count))
}

/// Ticks of a part that always has as many.
fn unit(part: &str) -> Option<i64> {
    match part {
        "day" => Some(TICKS_PER_DAY),
        "hour" => Some(3600 * TICKS_PER_SECOND),
        "minute" => Some(60 * TICKS_PER_SECOND),
        "second" => Some(TICKS_PER_SECOND),
        "millisecond" => Some(TICKS_PER_SECOND / 1000),
        _ => None,
    }
}

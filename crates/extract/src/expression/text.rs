//! Values as text, as T-SQL writes them where no style is asked for ("CAST and CONVERT", styles).

use chrono::{Datelike, NaiveDateTime, NaiveTime, Timelike};

use super::Datum;
use super::types::Type;

/// Writes a value of a type. A text stays as it is.
pub(super) fn show(datum: &Datum<'_>, data_type: Type) -> String {
    match datum {
        Datum::Null => String::new(),
        Datum::Text(text) => text.clone().into_owned(),
        Datum::Int(int) => int.to_string(),
        Datum::Decimal(number) if data_type == Type::Number => number.normalize().to_string(),
        Datum::Decimal(number) => number.to_string(),
        Datum::Float(float) => show_float(*float),
        Datum::Bit(bit) => u8::from(*bit).to_string(),
        Datum::Date(date) => date.to_string(),
        Datum::Time(time) => show_time(*time, scale(data_type)),
        Datum::DateTime(date) if matches!(data_type, Type::DateTime | Type::SmallDateTime) => {
            show_default(*date)
        }
        Datum::DateTime(date) => {
            format!("{} {}", date.date(), show_time(date.time(), scale(data_type)))
        }
        Datum::DateTimeOffset(date) => {
            let (day, time) = (date.date_naive(), show_time(date.time(), scale(data_type)));
            format!("{day} {time} {}", date.offset())
        }
    }
}

fn scale(data_type: Type) -> u32 {
    let (Type::Time { scale } | Type::DateTime2 { scale } | Type::DateTimeOffset { scale }) =
        data_type
    else {
        return super::types::SCALE_MAX;
    };
    scale
}

fn show_time(time: NaiveTime, scale: u32) -> String {
    let clock = time.format("%H:%M:%S");
    if scale == 0 {
        return clock.to_string();
    }
    // A leap second has more than a second's nanoseconds.
    let fraction = (time.nanosecond() % 1_000_000_000) / 10_u32.pow(9 - scale);
    format!("{clock}.{fraction:0width$}", width = scale as usize)
}

/// Style 0, `mon dd yyyy hh:miAM`.
fn show_default(date: NaiveDateTime) -> String {
    let (is_afternoon, hour) = date.hour12();
    let half = if is_afternoon { "PM" } else { "AM" };
    let month = date.format("%b");
    format!("{month} {:2} {:04} {hour:2}:{:02}{half}", date.day(), date.year(), date.minute())
}

/// "A maximum of 6 digits. Use in scientific notation, when appropriate."
fn show_float(float: f64) -> String {
    const DIGITS: i32 = 6;
    if float == 0.0 {
        return "0".to_owned();
    }
    let written = format!("{float:.5e}");
    let (digits, exponent) = written.split_once('e').unwrap_or((&written, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let without_zeros = |text: &str| {
        let text = if text.contains('.') { text.trim_end_matches('0') } else { text };
        text.trim_end_matches('.').to_owned()
    };
    if (-4..DIGITS).contains(&exponent) {
        let places = usize::try_from(DIGITS - 1 - exponent).unwrap_or(0);
        return without_zeros(&format!("{float:.places$}"));
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{}e{sign}{:03}", without_zeros(digits), exponent.abs())
}

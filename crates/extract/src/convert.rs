//! Turns text into the type of a column, and says what was lost of it.

use chrono::NaiveDateTime;

use crate::date::{self, Moment};
use crate::decimal::Decimal;
use crate::held::{Fit, Held};
use crate::number::{self, Found, Number, Reading};
use crate::table::DataType;
use crate::value::Value;
use xmlx_domain::WarningKind;

mod limits;

pub(crate) use limits::{cut, describe_range, is_in_range};

/// What comes of a conversion.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Conversion {
    /// A value, and what was lost.
    Value(Value, Option<WarningKind>),
    /// The text is nothing of the type.
    Unreadable,
    /// The text is of the type but the column cannot hold it.
    OutOfRange,
    /// The time has an offset, and the contract wants none.
    OffsetRefused,
}

/// How a number is looked for in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NumberStyle {
    /// The text is the number.
    Whole,
    /// The first number in the text, for integer columns only.
    FirstForIntegers,
    /// The first number in the text.
    First,
}

/// What becomes of a time's offset from UTC in a column that cannot hold it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offsets {
    /// The time stays as it is written.
    AsWritten,
    /// The time becomes that of UTC.
    ToUtc,
    /// The application fails.
    Refused,
}

/// Converts a text that is not blank.
pub(crate) fn convert(
    text: &str,
    data_type: DataType,
    style: NumberStyle,
    offsets: Offsets,
) -> Conversion {
    match data_type {
        DataType::Text { .. }
        | DataType::Time
        | DataType::Uuid
        | DataType::Binary
        | DataType::Xml => exact(Value::Text(text.to_owned())),
        DataType::TinyInt | DataType::SmallInt | DataType::Int | DataType::BigInt => {
            let found = match style {
                NumberStyle::Whole => number::find(text),
                NumberStyle::First | NumberStyle::FirstForIntegers => number::find_first(text),
            };
            convert_found(found, data_type)
        }
        DataType::Decimal { .. } | DataType::Float => {
            let found = match style {
                NumberStyle::Whole | NumberStyle::FirstForIntegers => number::find(text),
                NumberStyle::First => number::find_first(text),
            };
            convert_found(found, data_type)
        }
        DataType::Bit => {
            let is = |words: &[&str]| {
                words.iter().any(|word| text.len() == word.len() && text.eq_ignore_ascii_case(word))
            };
            let no = is(&NO);
            let lost = (!no && !is(&YES)).then_some(WarningKind::UnknownCode);
            Conversion::Value(Value::Bit(!no), lost)
        }
        DataType::Date
        | DataType::DateTime
        | DataType::SmallDateTime
        | DataType::DateTime2
        | DataType::DateTimeOffset => match date::read(text) {
            Some(moment) => convert_date(moment, data_type, offsets),
            None => Conversion::Unreadable,
        },
    }
}

/// Words for a flag that is not set.
const NO: [&str; 4] = ["0", "false", "n", "no"];

/// Words for a flag that is set. So is any other text, which is worth a warning.
const YES: [&str; 5] = ["1", "true", "y", "yes", "t"];

fn exact(value: Value) -> Conversion {
    Conversion::Value(value, None)
}

fn convert_found(found: Option<Found<'_>>, data_type: DataType) -> Conversion {
    let Some(found) = found else { return Conversion::Unreadable };
    let conversion = match (data_type, found.number()) {
        (DataType::Float, _) => match found.float() {
            Some((float, lossy)) => {
                Conversion::Value(Value::Float(float), lossy.then_some(WarningKind::Rounded))
            }
            None => Conversion::OutOfRange,
        },
        (_, Reading::Number(number)) => convert_number(number, data_type),
        (_, Reading::TooLarge) => Conversion::OutOfRange,
        (_, Reading::Unreadable) => Conversion::Unreadable,
    };
    match conversion {
        Conversion::Value(value, _) if found.partly => {
            Conversion::Value(value, Some(WarningKind::PartlyRead))
        }
        other @ (Conversion::Value(..)
        | Conversion::Unreadable
        | Conversion::OutOfRange
        | Conversion::OffsetRefused) => other,
    }
}

/// Converts a number.
pub(crate) fn convert_number(number: Number, data_type: DataType) -> Conversion {
    let value =
        |value, exact: bool| Conversion::Value(value, (!exact).then_some(WarningKind::Rounded));
    match data_type {
        DataType::Text { .. } => {
            let text = number.rounded().normalize().to_string();
            value(Value::Text(text), number.is_held())
        }
        DataType::TinyInt | DataType::SmallInt | DataType::Int | DataType::BigInt => {
            let (min, max) = data_type.integer_range().expect("it is a whole number");
            let Some((whole, exact)) = number.with_scale(0) else { return Conversion::OutOfRange };
            match i64::try_from(whole.mantissa()) {
                Ok(int) if (min..=max).contains(&int) => value(Value::Int(int), exact),
                Ok(_) | Err(_) => Conversion::OutOfRange,
            }
        }
        DataType::Decimal { precision, scale } => match number.with_scale(scale) {
            Some((decimal, exact)) if decimal.has_digits(precision) => {
                value(Value::Decimal(decimal), exact)
            }
            Some(_) | None => Conversion::OutOfRange,
        },
        DataType::Float => exact(Value::Float(number.rounded().to_f64())),
        DataType::Bit => exact(Value::Bit(!number.rounded().is_zero())),
        DataType::Date
        | DataType::DateTime
        | DataType::SmallDateTime
        | DataType::DateTime2
        | DataType::DateTimeOffset
        | DataType::Time
        | DataType::Uuid
        | DataType::Binary
        | DataType::Xml => Conversion::Unreadable,
    }
}

/// Converts a date.
pub(crate) fn convert_date(moment: Moment, data_type: DataType, offsets: Offsets) -> Conversion {
    let rounded = moment.rounded.then_some(WarningKind::Rounded);
    match data_type {
        DataType::Text { .. } if moment.is_midnight() && moment.offset.is_none() => {
            exact(Value::Text(moment.local.date().to_string()))
        }
        DataType::Text { .. } => Conversion::Value(Value::Text(moment.to_string()), rounded),
        DataType::DateTimeOffset if !is_in_range(moment.utc(), data_type) => Conversion::OutOfRange,
        DataType::DateTimeOffset => {
            Conversion::Value(Value::DateTimeOffset(moment.with_offset()), rounded)
        }
        DataType::Date | DataType::DateTime | DataType::SmallDateTime | DataType::DateTime2 => {
            let (local, lost) = match (moment.offset, offsets) {
                (None, Offsets::AsWritten | Offsets::ToUtc | Offsets::Refused) => {
                    (moment.local, rounded)
                }
                (Some(_), Offsets::Refused) => return Conversion::OffsetRefused,
                // A day of another zone is no day of UTC.
                (Some(_), Offsets::ToUtc) if !moment.is_day => (moment.utc(), rounded),
                (Some(_), Offsets::AsWritten | Offsets::ToUtc) => {
                    (moment.local, Some(WarningKind::OffsetDropped))
                }
            };
            convert_local(local, lost, data_type)
        }
        DataType::TinyInt
        | DataType::SmallInt
        | DataType::Int
        | DataType::BigInt
        | DataType::Decimal { .. }
        | DataType::Float
        | DataType::Bit
        | DataType::Time
        | DataType::Uuid
        | DataType::Binary
        | DataType::Xml => Conversion::Unreadable,
    }
}

/// Converts a date whose offset is decided.
fn convert_local(
    local: NaiveDateTime,
    lost: Option<WarningKind>,
    data_type: DataType,
) -> Conversion {
    let held = Held::of(data_type).expect("it is a date");
    let is_day = data_type == DataType::Date;
    match held.fit(&Value::DateTime(local)) {
        Fit::Whole if is_day => Conversion::Value(Value::Date(local.date()), lost),
        Fit::Whole | Fit::RoundedThere => Conversion::Value(Value::DateTime(local), lost),
        Fit::Rounded(value) => Conversion::Value(value, lost.or(Some(WarningKind::Rounded))),
        Fit::Outside => Conversion::OutOfRange,
    }
}

/// Converts a flag.
pub(crate) fn convert_flag(flag: bool, data_type: DataType) -> Conversion {
    match data_type {
        DataType::Bit => exact(Value::Bit(flag)),
        DataType::Text { .. }
        | DataType::TinyInt
        | DataType::SmallInt
        | DataType::Int
        | DataType::BigInt
        | DataType::Decimal { .. }
        | DataType::Float
        | DataType::Date
        | DataType::DateTime
        | DataType::SmallDateTime
        | DataType::DateTime2
        | DataType::DateTimeOffset
        | DataType::Time
        | DataType::Uuid
        | DataType::Binary
        | DataType::Xml => {
            let number = if flag { Decimal::ONE } else { Decimal::ZERO };
            convert_number(number.into(), data_type)
        }
    }
}

#[cfg(test)]
mod tests;

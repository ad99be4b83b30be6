//! What a column holds: the one description that conversions, the last look at each row and the check before a job
//! compare with.
//!
//! Ranges and accuracies are those of
//! <https://learn.microsoft.com/en-us/sql/t-sql/data-types/data-types-transact-sql>.

mod loss;
mod moment;

use std::fmt;

use chrono::NaiveDateTime;

use crate::decimal::{DIGITS_MAX, Decimal};
use crate::table::DataType;
use crate::value::Value;
pub use loss::Loss;
use moment::{Moments, Unit, has_finer_time};

/// What a column of numbers, dates or times holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Held {
    /// The type as SQL Server calls it, without its sizes.
    name: &'static str,
    values: Values,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Values {
    /// Exact numbers, counted in units of the last digit behind the point.
    Exact {
        min: i128,
        max: i128,
        scale: u32,
    },
    /// Floating point numbers up to a size, of which so many decimal digits can be relied on.
    Float {
        max: f64,
        digits: u32,
    },
    Moments(Moments),
    /// A day and a time of day with an offset, in UTC from the year 1 to 9999.
    OffsetMoments {
        digits: u32,
    },
    /// A time of day.
    Times {
        digits: u32,
    },
}

/// What becomes of a value in a column.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Fit {
    /// The column holds it as it is.
    Whole,
    /// The column holds this in its place.
    Rounded(Value),
    /// The database rounds it when it is stored.
    RoundedThere,
    /// The column cannot hold it.
    Outside,
}

/// Digits of a second that the finest types have.
const DIGITS_FINEST: u32 = 7;
/// Digits of a second of a `datetime`, of which the last is 0, 3 or 7.
const DIGITS_DATETIME: u32 = 3;

impl Held {
    /// What a column of a type of SQL Server holds; `None` where the type is none of numbers, dates or times. Precision
    /// and scale are those of the catalog, which has the digits of a second as the scale.
    ///
    /// ```
    /// use xmlx_extract::Held;
    ///
    /// let held = Held::column("decimal", 5, 2).expect("numbers");
    /// assert_eq!(held.to_string(), "decimal, at most 3 digits before and 2 after the point");
    /// assert_eq!(Held::column("nvarchar", 0, 0), None);
    /// ```
    pub fn column(type_name: &str, precision: u32, scale: u32) -> Option<Self> {
        let digits = scale.min(DIGITS_FINEST);
        let money =
            |min: i64, max: i64| Values::Exact { min: min.into(), max: max.into(), scale: 4 };
        let (name, values) = match type_name {
            "tinyint" => return Self::of(DataType::TinyInt),
            "smallint" => return Self::of(DataType::SmallInt),
            "int" => return Self::of(DataType::Int),
            "bigint" => return Self::of(DataType::BigInt),
            "decimal" | "numeric" => return Self::of(DataType::Decimal { precision, scale }),
            "money" => ("money", money(i64::MIN, i64::MAX)),
            "smallmoney" => ("smallmoney", money(i32::MIN.into(), i32::MAX.into())),
            "float" => return Self::of(DataType::Float),
            "real" => ("real", Values::Float { max: f32::MAX.into(), digits: 7 }),
            "date" => return Self::of(DataType::Date),
            "smalldatetime" => return Self::of(DataType::SmallDateTime),
            "datetime" => ("datetime", moments(Moments::from_year(1753, DIGITS_DATETIME))),
            "datetime2" => ("datetime2", moments(Moments::from_year(1, digits))),
            "datetimeoffset" => ("datetimeoffset", Values::OffsetMoments { digits }),
            "time" => ("time", Values::Times { digits }),
            _ => return None,
        };
        Some(Self { name, values })
    }

    /// What a contract's type holds; `None` where it is none of numbers, dates or times. A `datetime` of a contract may
    /// go to finer columns, so that it has all digits.
    pub(crate) fn of(data_type: DataType) -> Option<Self> {
        if let Some((min, max)) = data_type.integer_range() {
            return Some(Self::whole(data_type, min, max));
        }
        let (name, values) = match data_type {
            DataType::Decimal { precision, scale } => {
                let max = 10_i128.pow(precision.min(DIGITS_MAX)) - 1;
                ("decimal", Values::Exact { min: -max, max, scale })
            }
            DataType::Float => ("float", Values::Float { max: f64::MAX, digits: 15 }),
            DataType::Date => ("date", moments(Moments::DAYS)),
            DataType::SmallDateTime => ("smalldatetime", moments(Moments::SMALL)),
            DataType::DateTime => ("datetime", moments(Moments::from_year(1753, DIGITS_FINEST))),
            DataType::DateTime2 => ("datetime2", moments(Moments::from_year(1, DIGITS_FINEST))),
            DataType::DateTimeOffset => {
                ("datetimeoffset", Values::OffsetMoments { digits: DIGITS_FINEST })
            }
            DataType::Time => ("time", Values::Times { digits: DIGITS_FINEST }),
            DataType::TinyInt
            | DataType::SmallInt
            | DataType::Int
            | DataType::BigInt
            | DataType::Text { .. }
            | DataType::Bit
            | DataType::Uuid
            | DataType::Binary
            | DataType::Xml => return None,
        };
        Some(Self { name, values })
    }

    fn whole(data_type: DataType, min: i64, max: i64) -> Self {
        const SHORTER: [(DataType, &str); 3] = [
            (DataType::TinyInt, "tinyint"),
            (DataType::SmallInt, "smallint"),
            (DataType::Int, "int"),
        ];
        let found = SHORTER.iter().find(|(known, _)| *known == data_type);
        let name = found.map_or("bigint", |(_, name)| *name);
        Self { name, values: Values::Exact { min: min.into(), max: max.into(), scale: 0 } }
    }

    /// Says whether a day and a time of day are within the bounds.
    pub(crate) fn has_moment(&self, moment: NaiveDateTime) -> bool {
        match &self.values {
            Values::Moments(moments) => {
                moment >= moments.first && moments.contains(moments.unit.round(moment))
            }
            Values::OffsetMoments { digits } => {
                Moments::from_year(1, *digits).contains(Unit::Digits(*digits).round(moment))
            }
            Values::Exact { .. } | Values::Float { .. } | Values::Times { .. } => true,
        }
    }

    /// The type that values are read as for a column, so that they are rounded once, and keep an offset that the column
    /// has room for. Whatever else the column cannot hold, [`Held::fit`] finds.
    pub(crate) fn read_as(&self, contract: DataType) -> DataType {
        match (contract, &self.values) {
            (DataType::Decimal { precision, scale }, Values::Exact { max, scale: places, .. }) => {
                let whole = (max.ilog10() + 1).saturating_sub(*places);
                let (whole, scale) = ((precision - scale).min(whole), scale.min(*places));
                DataType::Decimal { precision: whole + scale, scale }
            }
            (
                DataType::DateTime | DataType::SmallDateTime | DataType::DateTime2,
                Values::OffsetMoments { .. },
            ) => DataType::DateTimeOffset,
            _ => contract,
        }
    }

    /// Says whether the column holds every value of a contract's type as it is.
    pub(crate) fn takes_all(&self, contract: DataType) -> bool {
        let Some(contract) = Self::of(contract) else { return true };
        match (contract.values, self.values) {
            (
                Values::Exact { min, max, scale },
                Values::Exact { min: lowest, max: highest, scale: places },
            ) => {
                let unit = places.checked_sub(scale).and_then(|more| 10_i128.checked_pow(more));
                let is_within = |number: i128| {
                    number.checked_mul(unit?).map(|it| (lowest..=highest).contains(&it))
                };
                is_within(min) == Some(true) && is_within(max) == Some(true)
            }
            (Values::Float { max, .. }, Values::Float { max: highest, .. }) => highest >= max,
            (Values::Moments(theirs), Values::Moments(ours)) => ours.covers(&theirs),
            (Values::OffsetMoments { digits: theirs }, Values::OffsetMoments { digits })
            | (Values::Times { digits: theirs }, Values::Times { digits }) => digits >= theirs,
            _ => false,
        }
    }

    /// Says what becomes of a value in the column.
    pub(crate) fn fit(&self, value: &Value) -> Fit {
        match value {
            Value::Null | Value::Bit(_) => Fit::Whole,
            Value::Int(number) => self.fit_exact((*number).into()),
            Value::Decimal(number) => self.fit_exact(*number),
            Value::Float(number) => self.fit_float(*number),
            Value::Text(text) => match self.values {
                Values::Times { digits } if has_finer_time(text, digits) => Fit::RoundedThere,
                Values::Times { .. }
                | Values::Exact { .. }
                | Values::Float { .. }
                | Values::Moments(_)
                | Values::OffsetMoments { .. } => Fit::Whole,
            },
            Value::Date(day) => {
                let begins = day.and_hms_opt(0, 0, 0).expect("every day begins");
                if self.has_moment(begins) { Fit::Whole } else { Fit::Outside }
            }
            Value::DateTime(moment) => self.fit_moment(*moment),
            Value::DateTimeOffset(moment) => match self.values {
                Values::OffsetMoments { .. } if !self.has_moment(moment.naive_utc()) => {
                    Fit::Outside
                }
                Values::OffsetMoments { digits } => {
                    let rounded = Unit::Digits(digits).round_with_offset(*moment);
                    kept_or(rounded == *moment, Value::DateTimeOffset(rounded))
                }
                // What is written of it where the column has no offset.
                Values::Moments(_) => self.fit_moment(moment.naive_local()),
                Values::Exact { .. } | Values::Float { .. } | Values::Times { .. } => Fit::Whole,
            },
        }
    }

    fn fit_exact(&self, number: Decimal) -> Fit {
        match self.values {
            Values::Exact { min, max, scale } => match number.with_scale(scale) {
                Some((rounded, is_same)) if (min..=max).contains(&rounded.mantissa()) => {
                    kept_or(is_same, Value::Decimal(rounded))
                }
                Some(_) | None => Fit::Outside,
            },
            Values::Float { digits, .. } if !is_kept_by_float(number, digits) => Fit::RoundedThere,
            Values::Float { .. }
            | Values::Moments(_)
            | Values::OffsetMoments { .. }
            | Values::Times { .. } => Fit::Whole,
        }
    }

    /// Floating point numbers promise no digits, so that only those beyond the bounds count.
    fn fit_float(&self, number: f64) -> Fit {
        let is_held = match self.values {
            #[expect(clippy::cast_precision_loss, reason = "a float is compared")]
            Values::Exact { min, max, scale } => {
                let units = (number * 10_f64.powi(scale.cast_signed())).round();
                (min as f64..=max as f64).contains(&units)
            }
            Values::Float { max, .. } => number.abs() <= max,
            Values::Moments(_) | Values::OffsetMoments { .. } | Values::Times { .. } => true,
        };
        if is_held { Fit::Whole } else { Fit::Outside }
    }

    fn fit_moment(&self, moment: NaiveDateTime) -> Fit {
        let rounded = match &self.values {
            _ if !self.has_moment(moment) => return Fit::Outside,
            Values::Moments(moments) => moments.unit.round(moment),
            Values::OffsetMoments { digits } => Unit::Digits(*digits).round(moment),
            Values::Exact { .. } | Values::Float { .. } | Values::Times { .. } => moment,
        };
        let is_day = matches!(self.values, Values::Moments(Moments { unit: Unit::Day, .. }));
        let value = if is_day { Value::Date(rounded.date()) } else { Value::DateTime(rounded) };
        kept_or(rounded == moment, value)
    }
}

fn moments(moments: Moments) -> Values {
    Values::Moments(moments)
}

fn kept_or(is_same: bool, rounded: Value) -> Fit {
    if is_same { Fit::Whole } else { Fit::Rounded(rounded) }
}

/// Says whether a floating point number of so many digits, written in as few as tell it apart, is the number again.
fn is_kept_by_float(number: Decimal, digits: u32) -> bool {
    let number = number.normalize();
    if number.has_digits(digits) {
        return true;
    }
    let text = number.to_string();
    let written = if digits < 15 {
        text.parse::<f32>().map(|float| float.to_string())
    } else {
        text.parse::<f64>().map(|float| float.to_string())
    };
    written.is_ok_and(|written| written == text)
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name;
        match self.values {
            Values::Exact { max, scale, .. } if name == "decimal" => {
                // Of `decimal(3, 3)` no digit stands before the point.
                let digits = if max == 0 { 0 } else { max.ilog10() + 1 };
                let before = digits.saturating_sub(scale);
                write!(f, "{name}, at most {before} digits before and {scale} after the point")
            }
            Values::Exact { min, max, scale } => {
                let [min, max] =
                    [min, max].map(|it| Decimal::new(it, scale).expect("at most 19 digits"));
                write!(f, "{name}, {min} to {max}")
            }
            Values::Float { max, .. } => write!(f, "{name}, up to {max:e}"),
            Values::Moments(Moments { first, last, .. }) => {
                write!(f, "{name}, {} to {}", first.date(), last.date())
            }
            Values::OffsetMoments { .. } => write!(f, "{name}, the years 1 to 9999 in UTC"),
            Values::Times { .. } => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests;

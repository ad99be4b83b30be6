//! What a column loses of the values of a contract's type.

use super::moment::{Moments, Unit};
use super::{DIGITS_MAX, Held, Values};
use crate::table::DataType;

/// Digits of a second that a contract's times are expected to have.
const DIGITS_EXPECTED: u32 = 3;

/// One way in which a column does not keep what a contract's type may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// An exact number keeps so many of its digits.
    Digits(u32),
    /// Digits of a floating point number beyond those of the column.
    FloatDigits,
    /// An exact number is rounded to so many digits behind the point.
    Places(u32),
    /// The time of day is dropped.
    TimeOfDay,
    /// Seconds are rounded to minutes.
    Seconds,
    /// A second is rounded to so many digits.
    Fractions(u32),
    /// Values outside of what the column holds fail their application.
    Range,
}

impl Held {
    /// Lists what the column loses of values of a contract's type. A contract of format 1 says how many digits of a
    /// `decimal` stand behind the point and not how many before it, so that these are not compared.
    ///
    /// ```
    /// use xmlx_extract::{DataType, Held, Loss};
    ///
    /// let held = Held::column("smallint", 0, 0).expect("numbers");
    /// assert_eq!(held.losses(DataType::Int), [Loss::Range]);
    /// assert_eq!(held.losses(DataType::TinyInt), []);
    /// ```
    pub fn losses(&self, contract: DataType) -> Vec<Loss> {
        let Some(theirs) = Self::of(contract) else { return Vec::new() };
        match (theirs.values, self.values) {
            (Values::Exact { max, .. }, Values::Float { digits, .. }) => {
                let is_longer = max >= 10_i128.pow(digits.min(DIGITS_MAX));
                is_longer.then_some(Loss::Digits(digits)).into_iter().collect()
            }
            (Values::Float { .. }, Values::Exact { .. }) => vec![Loss::FloatDigits],
            (Values::Exact { scale, .. }, Values::Exact { scale: places, .. }) => {
                let rounded = (scale > places).then_some(Loss::Places(places));
                let says_range = !matches!(contract, DataType::Decimal { precision, .. } if precision >= DIGITS_MAX);
                let beyond = (says_range && self.is_narrower(&theirs)).then_some(Loss::Range);
                rounded.into_iter().chain(beyond).collect()
            }
            (Values::Moments(theirs), Values::Moments(ours)) => {
                let beyond = ours.first > theirs.first || ours.last.date() < theirs.last.date();
                let rounded = rounded(&theirs, &ours);
                rounded.into_iter().chain(beyond.then_some(Loss::Range)).collect()
            }
            (
                Values::Moments(Moments { unit: Unit::Digits(_), .. }),
                Values::OffsetMoments { digits },
            )
            | (Values::OffsetMoments { .. }, Values::OffsetMoments { digits })
            | (Values::Times { .. }, Values::Times { digits })
                if digits < DIGITS_EXPECTED =>
            {
                vec![Loss::Fractions(digits)]
            }
            // A `float` of a contract goes to a `real`, too: neither promises a number of digits.
            _ => Vec::new(),
        }
    }

    /// Whether whole digits of the other's bounds do not fit.
    fn is_narrower(&self, theirs: &Self) -> bool {
        let (
            Values::Exact { min, max, scale },
            Values::Exact { min: lowest, max: highest, scale: places },
        ) = (theirs.values, self.values)
        else {
            return false;
        };
        // Behind the point they are rounded, which is another loss.
        let whole = |number: i128, scale: u32| number / 10_i128.pow(scale);
        whole(min, scale) < whole(lowest, places) || whole(max, scale) > whole(highest, places)
    }
}

fn rounded(theirs: &Moments, ours: &Moments) -> Option<Loss> {
    match (theirs.unit, ours.unit) {
        (Unit::Minute | Unit::Digits(_), Unit::Day) => Some(Loss::TimeOfDay),
        (Unit::Digits(_), Unit::Minute) => Some(Loss::Seconds),
        (Unit::Digits(_), Unit::Digits(digits)) if digits < DIGITS_EXPECTED => {
            Some(Loss::Fractions(digits))
        }
        (Unit::Day, _)
        | (Unit::Minute, Unit::Minute | Unit::Digits(_))
        | (Unit::Digits(_), Unit::Digits(_)) => None,
    }
}

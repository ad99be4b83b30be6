//! Exact decimals with 38 digits, as many as SQL Server's `decimal` has.

use std::cmp::Ordering;
use std::fmt;
use std::ops::Neg;

mod arithmetic;
mod wide;

use wide::Wide;

/// Digits of a decimal, and digits after its point: those of SQL Server's `decimal(38, 38)`.
pub(crate) const DIGITS_MAX: u32 = 38;

/// The smallest number that has too many digits.
const BEYOND: u128 = POWERS[DIGITS_MAX as usize];

/// The powers of ten.
const POWERS: [u128; DIGITS_MAX as usize + 1] = {
    let mut powers = [1; DIGITS_MAX as usize + 1];
    let mut place = 1;
    while place < powers.len() {
        powers[place] = powers[place - 1] * 10;
        place += 1;
    }
    powers
};

/// A number of at most 38 digits, of which any may be after the point. Two are equal if they are the same number,
/// whatever zeros they end in.
// Packed, since cells of rows are as large as their largest value: with the alignment of 128 bits every NULL would take
// 48 bytes instead of 32, and mapping a document 8 % longer.
#[derive(Debug, Clone, Copy)]
#[repr(C, packed(8))]
pub struct Decimal {
    /// The digits without the point; fewer than 39.
    mantissa: i128,
    /// Digits after the point, at most 38.
    scale: u32,
}

impl Decimal {
    pub(crate) const ZERO: Self = Self { mantissa: 0, scale: 0 };
    pub(crate) const ONE: Self = Self { mantissa: 1, scale: 0 };

    /// Makes a number of its digits; `None` if they are too many.
    pub fn new(mantissa: i128, scale: u32) -> Option<Self> {
        let fits = mantissa.unsigned_abs() < BEYOND && scale <= DIGITS_MAX;
        fits.then_some(Self { mantissa, scale })
    }

    /// Returns the digits without the point.
    pub fn mantissa(self) -> i128 {
        self.mantissa
    }

    /// Returns the number of digits after the point.
    pub fn scale(self) -> u32 {
        self.scale
    }

    /// Says whether the number is zero.
    pub fn is_zero(self) -> bool {
        self.mantissa == 0
    }

    pub(crate) fn is_negative(self) -> bool {
        self.mantissa < 0
    }

    pub(crate) fn is_whole(self) -> bool {
        self.mantissa.unsigned_abs().is_multiple_of(POWERS[self.scale as usize])
    }

    /// Says whether the number has no more digits than that, those after the point included.
    pub(crate) fn has_digits(self, n_digits: u32) -> bool {
        POWERS.get(n_digits as usize).is_none_or(|power| self.mantissa.unsigned_abs() < *power)
    }

    /// Takes off the zeros after the point that say nothing.
    pub(crate) fn normalize(mut self) -> Self {
        while self.scale > 0 && self.mantissa % 10 == 0 {
            (self.mantissa, self.scale) = (self.mantissa / 10, self.scale - 1);
        }
        self
    }

    /// Gives the number so many digits after the point, rounding half up, away from zero, and says whether it still is
    /// the same number. `None` if it has too many digits then.
    pub(crate) fn with_scale(self, scale: u32) -> Option<(Self, bool)> {
        if scale == self.scale {
            return Some((self, true));
        }
        let digits = self.mantissa.unsigned_abs();
        let (digits, rest) = if scale > self.scale {
            (digits.checked_mul(*POWERS.get((scale - self.scale) as usize)?)?, 0)
        } else {
            let power = POWERS[(self.scale - scale) as usize];
            let (digits, rest) = divide(digits, power);
            (digits + u128::from(rest >= power / 2), rest)
        };
        Some((Self::new(signed(self.is_negative(), digits)?, scale)?, rest == 0))
    }

    /// Gives the number so many digits after the point, and leaves those away that are more. `None` if it has too many
    /// digits then.
    pub(crate) fn truncated(self, scale: u32) -> Option<Self> {
        if scale >= self.scale {
            return self.with_scale(scale).map(|(same, _)| same);
        }
        let power = POWERS[(self.scale - scale) as usize];
        let (digits, _) = divide(self.mantissa.unsigned_abs(), power);
        Self::new(signed(self.is_negative(), digits)?, scale)
    }

    /// Returns the whole part.
    pub(crate) fn trunc(self) -> i128 {
        let power =
            signed(false, POWERS[self.scale as usize]).expect("ten to the 38th has 127 bits");
        self.mantissa / power
    }

    /// Returns the largest whole number that is not above.
    pub(crate) fn floor(self) -> Self {
        let whole = self.trunc();
        let below = i128::from(self.is_negative() && !self.is_whole());
        Self { mantissa: whole - below, scale: 0 }
    }

    /// Returns the nearest floating point number.
    pub(crate) fn to_f64(self) -> f64 {
        self.to_string().parse().expect("digits with a point are a number")
    }

    /// Reads what [`Decimal`] writes.
    #[cfg(test)]
    pub(crate) fn of(text: &str) -> Self {
        crate::number::read(text).number().expect("a number").rounded()
    }
}

/// Divides: the quotient and the rest. Most numbers have 64 bits, and the division of more takes several times as long.
fn divide(digits: u128, by: u128) -> (u128, u128) {
    match (u64::try_from(digits), u64::try_from(by)) {
        (Ok(digits), Ok(by)) => (u128::from(digits / by), u128::from(digits % by)),
        (Ok(_), Err(_)) | (Err(_), Ok(_) | Err(_)) => (digits / by, digits % by),
    }
}

/// Gives digits a sign; `None` if they are too many.
fn signed(negative: bool, digits: u128) -> Option<i128> {
    let mantissa = i128::try_from(digits).ok()?;
    Some(if negative { -mantissa } else { mantissa })
}

impl From<i64> for Decimal {
    fn from(number: i64) -> Self {
        Self { mantissa: i128::from(number), scale: 0 }
    }
}

impl Neg for Decimal {
    type Output = Self;

    fn neg(self) -> Self {
        Self { mantissa: -self.mantissa, ..self }
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Decimal {}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.scale == other.scale || self.mantissa.signum() != other.mantissa.signum() {
            return { self.mantissa }.cmp(&{ other.mantissa });
        }
        // Both have one sign; digits are compared at the same point.
        let align = |number: &Self, other: &Self| {
            let power = POWERS[other.scale.saturating_sub(number.scale) as usize];
            Wide::product(number.mantissa.unsigned_abs(), power)
        };
        let ordering = align(self, other).cmp(&align(other, self));
        if self.is_negative() { ordering.reverse() } else { ordering }
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.is_negative() { "-" } else { "" };
        let digits = self.mantissa.unsigned_abs();
        if self.scale == 0 {
            return write!(f, "{sign}{digits}");
        }
        let (whole, fraction) = divide(digits, POWERS[self.scale as usize]);
        let width = self.scale as usize;
        write!(f, "{sign}{whole}.{fraction:0width$}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Decimal {
        Decimal::of(text)
    }

    #[test]
    fn numbers_are_written_as_they_are() {
        for text in ["0", "-0.05", "12.50", "99999999999999999999999999999999999999"] {
            assert_eq!(number(text).to_string(), text);
        }
        let smallest = Decimal::new(1, 38).expect("38 digits").to_string();
        assert_eq!(smallest, "0.00000000000000000000000000000000000001");
        assert_eq!(Decimal::new(i128::MAX, 0).map(|it| it.to_string()), None);
        assert_eq!(number("12.500").normalize().to_string(), "12.5");
        assert_eq!(number("1200").normalize().to_string(), "1200");
    }

    #[test]
    fn rounding_is_half_up() {
        for (text, scale, expected) in [
            ("2.675", 2, "2.68"),
            ("1.005", 2, "1.01"),
            ("-0.5", 0, "-1"),
            ("700.5", 0, "701"),
            ("36.49", 0, "36"),
            ("7", 2, "7.00"),
            ("9999999999999999999999999999.999", 2, "10000000000000000000000000000.00"),
        ] {
            let (rounded, exact) = number(text).with_scale(scale).expect("few digits");
            assert_eq!(rounded.to_string(), expected, "{text} to {scale}");
            assert_eq!(exact, rounded == number(text), "{text} to {scale}");
        }
        assert_eq!(number("99999999999999999999999999999999999999").with_scale(1), None);
        assert_eq!(number("1").with_scale(39), None);
    }

    #[test]
    fn numbers_compare_by_value() {
        let sorted = [
            "-99999999999999999999999999999999999999",
            "-1.5",
            "-1.49",
            "0",
            "0.00000000000000000000000000000000000001",
            "1.5",
            "1.51",
            "99999999999999999999999999999999999998",
            "99999999999999999999999999999999999999",
        ];
        for (place, left) in sorted.iter().enumerate() {
            for (other, right) in sorted.iter().enumerate() {
                assert_eq!(number(left).cmp(&number(right)), place.cmp(&other), "{left} {right}");
            }
        }
        assert_eq!(number("1.50"), number("1.5"));
        assert_eq!(number("-0"), number("0.00"));
    }

    #[test]
    fn whole_numbers() {
        assert_eq!(number("-1.5").floor().to_string(), "-2");
        assert_eq!(number("-1.0").floor().to_string(), "-1");
        assert_eq!(number("1.9").floor().to_string(), "1");
        assert_eq!(number("-1.9").trunc(), -1);
        assert!(number("3.00").is_whole() && !number("3.01").is_whole());
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "the nearest number is one number")]
    fn floats_are_the_nearest() {
        assert_eq!(number("0.1").to_f64(), 0.1);
        assert_eq!(number("-12345678901234567890.5").to_f64(), -12_345_678_901_234_567_890.5);
    }
}

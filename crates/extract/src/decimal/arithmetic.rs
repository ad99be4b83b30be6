//! Sums, products and quotients: exact where 38 digits are enough, else rounded half up to as many as there are.

use super::{BEYOND, DIGITS_MAX, Decimal, POWERS, Wide, signed};

impl Decimal {
    /// Adds; `None` if the sum has too many whole digits.
    pub(crate) fn checked_add(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        // Fewer digits after the point where the sum has no room for all of them.
        (0..=scale).rev().find_map(|scale| {
            let ((left, _), (right, _)) = (self.with_scale(scale)?, other.with_scale(scale)?);
            Self::new(left.mantissa + right.mantissa, scale)
        })
    }

    /// Subtracts; `None` if the difference has too many whole digits.
    pub(crate) fn checked_sub(self, other: Self) -> Option<Self> {
        self.checked_add(-other)
    }

    /// Multiplies; `None` if the product has too many whole digits.
    pub(crate) fn checked_mul(self, other: Self) -> Option<Self> {
        let negative = self.is_negative() != other.is_negative();
        let (left, right) = (self.mantissa.unsigned_abs(), other.mantissa.unsigned_abs());
        let mut product = Wide::product(left, right);
        let mut scale = self.scale + other.scale;
        let mut last = 0;
        while scale > DIGITS_MAX || product.narrow().is_none_or(|digits| digits >= BEYOND) {
            scale = scale.checked_sub(1)?;
            (product, last) = product.pop_digit();
        }
        Self::rounded(negative, product.narrow()? + u128::from(last >= 5), scale)
    }

    /// Divides; `None` by zero, or if the quotient has too many whole digits.
    pub(crate) fn checked_div(self, other: Self) -> Option<Self> {
        let negative = self.is_negative() != other.is_negative();
        let (left, right) = (self.mantissa.unsigned_abs(), other.mantissa.unsigned_abs());
        let (mut digits, mut rest) = (left.checked_div(right)?, left.checked_rem(right)?);
        let (mut scale, divisor_scale) = (self.scale, other.scale);
        // Digits are added to the right until nothing is left to divide; the point is where the scales say.
        let scale_max = DIGITS_MAX + divisor_scale;
        while rest != 0 && digits < BEYOND / 10 && scale < scale_max {
            let (digit, left) = next_digit(rest, right);
            (digits, rest, scale) = (digits * 10 + digit, left, scale + 1);
        }
        let half_up = u128::from(rest >= right - rest);
        digits += if rest == 0 { 0 } else { half_up };
        if scale >= divisor_scale {
            return Self::rounded(negative, digits, scale - divisor_scale);
        }
        let missing = *POWERS.get((divisor_scale - scale) as usize)?;
        Self::new(signed(negative, digits.checked_mul(missing)?)?, 0)
    }

    /// Returns what is left of a division with a whole quotient; it has the sign of the dividend.
    pub(crate) fn checked_rem(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        let ((left, _), (right, _)) = (self.with_scale(scale)?, other.with_scale(scale)?);
        Self::new(left.mantissa.checked_rem(right.mantissa)?, scale)
    }

    /// Makes a number of digits that rounding may have made a one and 38 zeros.
    fn rounded(negative: bool, digits: u128, scale: u32) -> Option<Self> {
        if digits < BEYOND {
            return Self::new(signed(negative, digits)?, scale);
        }
        Self::new(signed(negative, digits / 10)?, scale.checked_sub(1)?)
    }
}

/// The next digit of a quotient and what is left. Ten times the rest may have more than 128 bits, so it is added up.
fn next_digit(rest: u128, divisor: u128) -> (u128, u128) {
    if let Some(tenfold) = rest.checked_mul(10) {
        return (tenfold / divisor, tenfold % divisor);
    }
    (0..10).fold((0, 0), |(digit, sum), _| {
        let sum = sum + rest;
        if sum >= divisor { (digit + 1, sum - divisor) } else { (digit, sum) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(result: Option<Decimal>, expected: &str) {
        let shown = result.map_or_else(|| "-".to_owned(), |it| it.normalize().to_string());
        assert_eq!(shown, expected);
    }

    const NINES: &str = "99999999999999999999999999999999999999";
    const SMALLEST: &str = "0.00000000000000000000000000000000000001";

    fn number(text: &str) -> Decimal {
        Decimal::of(text)
    }

    #[test]
    fn sums() {
        check(number("0.1").checked_add(number("0.2")), "0.3");
        check(number("5").checked_sub(number("7.25")), "-2.25");
        check(number(NINES).checked_add(number("1")), "-");
        check(number(NINES).checked_sub(number("1")), "99999999999999999999999999999999999998");
        // The last digits have no room.
        check(
            number("9999999999999999999999999999999999999.5").checked_add(number("0.25")),
            "9999999999999999999999999999999999999.8",
        );
        check(number(NINES).checked_add(number("0.25")), NINES);
    }

    #[test]
    fn products() {
        check(number("1.5").checked_mul(number("-4")), "-6");
        check(number(NINES).checked_mul(number("1")), NINES);
        check(number(NINES).checked_mul(number("2")), "-");
        check(number(NINES).checked_mul(number("0.5")), "50000000000000000000000000000000000000");
        check(number(SMALLEST).checked_mul(number("0.5")), SMALLEST);
        check(number(SMALLEST).checked_mul(number("0.4")), "0");
        check(
            number("1.2345678901234567890123456789")
                .checked_mul(number("1.2345678901234567890123456789")),
            "1.5241578753238836750495351562536198788",
        );
    }

    #[test]
    fn quotients() {
        check(number("1").checked_div(number("8")), "0.125");
        check(number("1").checked_div(number("3")), "0.33333333333333333333333333333333333333");
        check(number("-2").checked_div(number("3")), "-0.66666666666666666666666666666666666667");
        check(number("1").checked_div(number("0")), "-");
        check(number("1").checked_div(number(SMALLEST)), "-");
        check(number("0.5").checked_div(number("0.00005")), "10000");
        check(number(NINES).checked_div(number("33333333333333333333333333333333333333")), "3");
        check(
            number("60000000000000000000000000000000000000")
                .checked_div(number("70000000000000000000000000000000000000")),
            "0.85714285714285714285714285714285714286",
        );
        check(number("7.5").checked_rem(number("2")), "1.5");
        check(number("-7.5").checked_rem(number("2")), "-1.5");
        check(number("7").checked_rem(number("0")), "-");
    }
}

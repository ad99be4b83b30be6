//! Products of two numbers of 128 bits.

/// A number of 256 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Wide {
    high: u128,
    low: u128,
}

const HALF: u32 = 64;
const LOW_HALF: u128 = u64::MAX as u128;

impl Wide {
    /// Multiplies by halves, as one does on paper.
    pub(super) fn product(left: u128, right: u128) -> Self {
        let (left_high, left_low) = (left >> HALF, left & LOW_HALF);
        let (right_high, right_low) = (right >> HALF, right & LOW_HALF);
        let lowest = left_low * right_low;
        let first = left_high * right_low + (lowest >> HALF);
        let second = left_low * right_high + (first & LOW_HALF);
        Self {
            high: left_high * right_high + (first >> HALF) + (second >> HALF),
            low: (second << HALF) | (lowest & LOW_HALF),
        }
    }

    /// Returns the number if it has 128 bits.
    pub(super) fn narrow(self) -> Option<u128> {
        (self.high == 0).then_some(self.low)
    }

    /// Takes the last digit off: what is left, and the digit.
    pub(super) fn pop_digit(self) -> (Self, u128) {
        let middle = ((self.high % 10) << HALF) | (self.low >> HALF);
        let lowest = ((middle % 10) << HALF) | (self.low & LOW_HALF);
        let left = Self { high: self.high / 10, low: ((middle / 10) << HALF) | (lowest / 10) };
        (left, lowest % 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(mut number: Wide) -> String {
        let mut digits = Vec::new();
        while number.narrow() != Some(0) {
            let (left, digit) = number.pop_digit();
            digits.push(digit.to_string());
            number = left;
        }
        digits.reverse();
        digits.concat()
    }

    #[test]
    fn products() {
        let nines = 10_u128.pow(38) - 1;
        assert_eq!(
            show(Wide::product(nines, nines)),
            format!("{}8{}1", "9".repeat(37), "0".repeat(37))
        );
        assert_eq!(
            show(Wide::product(u128::MAX, u128::MAX)),
            "115792089237316195423570985008687907852589419931798687112530834793049593217025"
        );
        assert_eq!(show(Wide::product(12, 12)), "144");
    }
}

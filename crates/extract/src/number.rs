//! The one reader of numbers: sign, currency, thousands separators, decimals and exponents.

use rust_decimal::{Decimal, RoundingStrategy};

use crate::text::strip;

/// Digits that a [`Decimal`] holds for sure.
const DIGITS_MAX: usize = 28;

/// The largest exponent that is worth reading.
const EXPONENT_MAX: i32 = 40;

/// What a text says when read as a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// A number.
    Number(Decimal),
    /// A number with more digits than any column has.
    TooLarge,
    /// No number.
    Unreadable,
}

impl Reading {
    /// Returns the number if there is one.
    pub(crate) fn number(self) -> Option<Decimal> {
        match self {
            Self::Number(number) => Some(number),
            Self::TooLarge | Self::Unreadable => None,
        }
    }
}

/// Reads a text that is a number and nothing else.
pub(crate) fn read(text: &str) -> Reading {
    let text = strip(text);
    match scan(text.as_bytes()) {
        Some((reading, used)) if used == text.len() => reading,
        Some(_) | None => Reading::Unreadable,
    }
}

/// Reads the first number that occurs in a text.
pub(crate) fn read_first(text: &str) -> Reading {
    let whole = read(text);
    if whole != Reading::Unreadable {
        return whole;
    }
    let bytes = text.as_bytes();
    let Some(digit) = bytes.iter().position(u8::is_ascii_digit) else { return Reading::Unreadable };
    let mut start = digit;
    if start > 0 && bytes[start - 1] == b'.' {
        start -= 1;
    }
    if start > 0 && bytes[start - 1] == b'$' {
        start -= 1;
    }
    // A hyphen after a letter or digit joins words, elsewhere it is a sign.
    let signed = start > 0
        && matches!(bytes[start - 1], b'-' | b'+')
        && (start < 2 || bytes[start - 2].is_ascii_whitespace() || bytes[start - 2] == b'(');
    if signed {
        start -= 1;
    }
    scan(&bytes[start..]).map_or(Reading::Unreadable, |(reading, _)| reading)
}

/// Rounds half up, away from zero.
pub(crate) fn round(number: Decimal, scale: u32) -> Decimal {
    number.round_dp_with_strategy(scale, RoundingStrategy::MidpointAwayFromZero)
}

/// Scans a number from the start of a text: what it says and how many bytes of it were used.
fn scan(text: &[u8]) -> Option<(Reading, usize)> {
    let mut at = 0;
    let mut negative = false;
    let mut seen_sign = false;
    let mut seen_currency = false;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'-' | b'+' if !seen_sign => (seen_sign, negative) = (true, byte == b'-'),
            b'$' if !seen_currency => seen_currency = true,
            b' ' if seen_sign || seen_currency => {}
            _ => break,
        }
        at += 1;
    }
    let mut digits = Digits::default();
    let whole_start = at;
    while let Some(&byte) = text.get(at) {
        if byte.is_ascii_digit() {
            digits.push(byte, false);
        } else if !(byte == b','
            && at > whole_start
            && text.get(at + 1).is_some_and(u8::is_ascii_digit))
        {
            break;
        }
        at += 1;
    }
    let n_whole = at - whole_start;
    let mut n_fraction = 0;
    if text.get(at) == Some(&b'.') {
        let fraction = text[at + 1..].iter().take_while(|byte| byte.is_ascii_digit());
        for &byte in fraction {
            digits.push(byte, true);
            n_fraction += 1;
        }
        if n_whole + n_fraction > 0 {
            at += 1 + n_fraction;
        }
    }
    if n_whole + n_fraction == 0 {
        return None;
    }
    let (exponent, used) = scan_exponent(&text[at..]);
    Some((digits.finish(negative, exponent), at + used))
}

/// Scans `e3`, `E-2`; nothing is an exponent of zero.
fn scan_exponent(text: &[u8]) -> (i32, usize) {
    if !matches!(text.first(), Some(b'e' | b'E')) {
        return (0, 0);
    }
    let n_sign = usize::from(matches!(text.get(1), Some(b'-' | b'+')));
    let digits = &text[1 + n_sign..];
    let n_digits = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if n_digits == 0 {
        return (0, 0);
    }
    let size = digits[..n_digits]
        .iter()
        .fold(0, |size, digit| (size * 10 + i32::from(digit - b'0')).min(EXPONENT_MAX));
    (if text.get(1) == Some(&b'-') { -size } else { size }, 1 + n_sign + n_digits)
}

/// Significant digits as they come.
#[derive(Debug, Default)]
struct Digits {
    mantissa: i128,
    n_significant: usize,
    /// Digits after the point that are in the mantissa.
    scale: i32,
    /// Whole digits that no longer fit.
    dropped: i32,
}

impl Digits {
    fn push(&mut self, digit: u8, fraction: bool) {
        if self.n_significant >= DIGITS_MAX {
            // Half up looks at one digit only, so what comes after the 28th does not matter.
            self.dropped += i32::from(!fraction);
            return;
        }
        self.mantissa = self.mantissa * 10 + i128::from(digit - b'0');
        self.n_significant += usize::from(self.mantissa != 0);
        self.scale += i32::from(fraction);
    }

    fn finish(self, negative: bool, exponent: i32) -> Reading {
        if self.mantissa == 0 {
            return Reading::Number(Decimal::ZERO);
        }
        let mut mantissa = if negative { -self.mantissa } else { self.mantissa };
        let mut scale = self.scale - self.dropped - exponent;
        while scale < 0 {
            let Some(larger) = mantissa.checked_mul(10) else { return Reading::TooLarge };
            (mantissa, scale) = (larger, scale + 1);
        }
        while scale > 28 {
            (mantissa, scale) = (mantissa / 10, scale - 1);
        }
        Decimal::try_from_i128_with_scale(mantissa, scale.unsigned_abs())
            .map_or(Reading::TooLarge, Reading::Number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, whole: &str, first: &str) {
        let show = |reading| match reading {
            Reading::Number(number) => number.to_string(),
            Reading::TooLarge => "too large".to_owned(),
            Reading::Unreadable => "-".to_owned(),
        };
        assert_eq!(show(read(text)), whole, "`{text}` as a whole");
        assert_eq!(show(read_first(text)), first, "first number in `{text}`");
    }

    #[test]
    fn numbers_in_every_dress() {
        check("42", "42", "42");
        check("  42  ", "42", "42");
        check("-5", "-5", "-5");
        check("+5", "5", "5");
        check("-0", "0", "0");
        check(".5", "0.5", "0.5");
        check("5.", "5", "5");
        check("1,200", "1200", "1200");
        check("$1,234.56", "1234.56", "1234.56");
        check("-$1,234.56", "-1234.56", "-1234.56");
        check("$ -7", "-7", "-7");
        check("1e3", "1000", "1000");
        check("2.5E-1", "0.25", "0.25");
        check("000000000000000000000000000000000007", "7", "7");
        check(
            "3.14159265358979323846264338327950288",
            "3.141592653589793238462643383",
            "3.141592653589793238462643383",
        );
    }

    #[test]
    fn numbers_among_other_text() {
        check("", "-", "-");
        check(".", "-", "-");
        check("-", "-", "-");
        check("n/a", "-", "-");
        check("x7y", "-", "7");
        check("x-7y", "-", "7");
        check("about -7", "-", "-7");
        check("12abc34", "-", "12");
        check("36 months", "-", "36");
        check("1,", "-", "1");
        check("2e", "-", "2");
        check("a.5", "-", "0.5");
    }

    #[test]
    fn numbers_beyond_every_column() {
        check("99999999999999999999999999999999999999", "too large", "too large");
        check("1e40", "too large", "too large");
        check("1e999999999999", "too large", "too large");
        check(
            "1e-999999999999",
            "0.0000000000000000000000000000",
            "0.0000000000000000000000000000",
        );
    }

    #[test]
    fn rounding_is_half_up() {
        for (text, scale, expected) in [
            ("2.675", 2, "2.68"),
            ("1.005", 2, "1.01"),
            ("-0.5", 0, "-1"),
            ("700.5", 0, "701"),
            ("36.49", 0, "36"),
        ] {
            assert_eq!(round(read(text).number().unwrap(), scale).to_string(), expected);
        }
    }
}

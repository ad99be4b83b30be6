//! The one reader of numbers: sign, currency, thousands separators, decimals and exponents.

mod scan;

use crate::decimal::{DIGITS_MAX, Decimal};
use crate::text::strip;
use scan::{Scanned, scan};

/// What a text says when read as a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// A number.
    Number(Number),
    /// A number with more digits than any column has.
    TooLarge,
    /// No number.
    Unreadable,
}

impl Reading {
    /// Returns the number if there is one.
    pub(crate) fn number(self) -> Option<Number> {
        match self {
            Self::Number(number) => Some(number),
            Self::TooLarge | Self::Unreadable => None,
        }
    }
}

/// A number as a text has it, of which a [`Decimal`] may not hold the last digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Number {
    /// As many digits as there is room for, cut off and not rounded: rounding twice would round wrongly.
    held: Decimal,
    /// The digit that follows.
    next: u8,
    /// Whether anything but zeros follows that.
    more: bool,
}

impl Number {
    /// Returns the number, rounded half up where it has too many digits.
    pub(crate) fn rounded(self) -> Decimal {
        if self.next < 5 {
            return self.held;
        }
        let scale = self.held.scale();
        // Where the last of 38 nines is rounded up, the number has a digit less after the point.
        (scale.saturating_sub(1)..=scale)
            .rev()
            .find_map(|scale| self.with_scale(scale))
            .map_or(self.held, |(rounded, _)| rounded)
    }

    /// Gives the number so many digits after the point, rounding half up, away from zero, and says whether it still is
    /// the same number. `None` if it has too many digits then.
    pub(crate) fn with_scale(self, scale: u32) -> Option<(Decimal, bool)> {
        if self.next < 5 || scale != self.held.scale() {
            let (rounded, exact) = self.held.with_scale(scale)?;
            return Some((rounded, exact && self.is_held()));
        }
        let away = if self.held.is_negative() { -1 } else { 1 };
        Some((Decimal::new(self.held.mantissa() + away, scale)?, false))
    }

    /// Says whether a decimal holds all digits.
    pub(crate) fn is_held(self) -> bool {
        self.next == 0 && !self.more
    }
}

impl From<Decimal> for Number {
    fn from(held: Decimal) -> Self {
        Self { held, next: 0, more: false }
    }
}

/// A text in which a number was looked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found<'a> {
    scanned: Scanned<'a>,
    /// Whether there is other text besides the number.
    pub(crate) partly: bool,
}

/// Finds the number that a text is.
pub(crate) fn find(text: &str) -> Option<Found<'_>> {
    let text = strip(text).as_bytes();
    let scanned = scan(text)?;
    (scanned.used == text.len()).then_some(Found { scanned, partly: false })
}

/// Finds the first number that occurs in a text. What begins like a number and goes on in a way that no number does,
/// such as `1,2,3` or `1.234,56`, is none: nobody knows which part of it was meant.
pub(crate) fn find_first(text: &str) -> Option<Found<'_>> {
    if let Some(whole) = find(text) {
        return Some(whole);
    }
    let bytes = text.as_bytes();
    let mut start = bytes.iter().position(u8::is_ascii_digit)?;
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
    let scanned = scan(&bytes[start..])?;
    let rest = &bytes[start + scanned.used..];
    let n_marks = rest.iter().take_while(|byte| matches!(byte, b',' | b'.')).count();
    let goes_on = n_marks > 0 && rest.get(n_marks).is_some_and(u8::is_ascii_digit);
    (!goes_on).then_some(Found { scanned, partly: true })
}

/// Reads a text that is a number and nothing else.
pub(crate) fn read(text: &str) -> Reading {
    find(text).map_or(Reading::Unreadable, |found| found.number())
}

impl Found<'_> {
    /// Returns the number, exactly.
    pub(crate) fn number(&self) -> Reading {
        let Scanned { negative, exponent, n_fraction, .. } = self.scanned;
        if let Some(number) = self.scanned.short() {
            return Reading::Number(number.into());
        }
        let mut digits = Digits::default();
        for digit in self.scanned.digits() {
            digits.push(digit);
        }
        digits.finish(negative, i64::try_from(n_fraction).unwrap_or(i64::MAX) - i64::from(exponent))
    }

    /// Returns the floating point number that is nearest, and whether the text says another one than that. `None` if
    /// it is too large for one.
    pub(crate) fn float(&self) -> Option<(f64, bool)> {
        let digits: String = self.scanned.digits().map(char::from).collect();
        let exponent = i64::from(self.scanned.exponent)
            - i64::try_from(self.scanned.n_fraction).unwrap_or(i64::MAX);
        let sign = if self.scanned.negative { "-" } else { "" };
        let float: f64 = format!("{sign}{digits}e{exponent}").parse().ok()?;
        let significant = digits.trim_matches('0');
        if significant.is_empty() {
            return Some((0.0, false));
        }
        // SQL Server has no numbers between zero and the smallest normal one.
        if float.abs() < f64::MIN_POSITIVE {
            return Some((0.0, true));
        }
        float.is_finite().then(|| (float, !says(float, significant)))
    }
}

/// Digits that every floating point number keeps.
const FLOAT_DIGITS: usize = 15;

/// Digits beyond which none is looked at; a text with more is as good as never a floating point number.
const FLOAT_DIGITS_MAX: usize = 800;

/// Says whether a floating point number has exactly these digits, as far as they go.
fn says(float: f64, significant: &str) -> bool {
    let n_digits = significant.len();
    if n_digits <= FLOAT_DIGITS || n_digits > FLOAT_DIGITS_MAX {
        return n_digits <= FLOAT_DIGITS;
    }
    let written = format!("{:.*e}", n_digits - 1, float.abs());
    let written = written.bytes().take_while(|byte| *byte != b'e').filter(u8::is_ascii_digit);
    written.eq(significant.bytes())
}

/// Digits as they come.
#[derive(Debug, Default)]
struct Digits {
    mantissa: i128,
    n_significant: u32,
    /// Digits that no longer fit: the first of them, how many, and whether one after the first is not zero.
    next: u8,
    n_dropped: i64,
    more: bool,
}

impl Digits {
    fn push(&mut self, digit: u8) {
        let digit = digit - b'0';
        if self.n_significant < DIGITS_MAX {
            self.mantissa = self.mantissa * 10 + i128::from(digit);
            self.n_significant += u32::from(self.mantissa != 0);
            return;
        }
        if self.n_dropped == 0 {
            self.next = digit;
        } else {
            self.more |= digit != 0;
        }
        self.n_dropped += 1;
    }

    /// Puts the point: so many digits from the end, which may be before the first or behind the last digit.
    fn finish(mut self, negative: bool, scale: i64) -> Reading {
        if self.mantissa == 0 {
            return Reading::Number(Decimal::ZERO.into());
        }
        let mut scale = scale - self.n_dropped;
        while scale < 0 {
            match self.mantissa.checked_mul(10) {
                Some(larger) if self.n_significant < DIGITS_MAX => self.mantissa = larger,
                Some(_) | None => return Reading::TooLarge,
            }
            (self.n_significant, scale) = (self.n_significant + 1, scale + 1);
        }
        while scale > i64::from(DIGITS_MAX) && (self.mantissa, self.next) != (0, 0) {
            self.more |= self.next != 0;
            self.next = u8::try_from(self.mantissa % 10).unwrap_or_default();
            (self.mantissa, scale) = (self.mantissa / 10, scale - 1);
        }
        let mantissa = if negative { -self.mantissa } else { self.mantissa };
        let scale = u32::try_from(scale.min(i64::from(DIGITS_MAX))).unwrap_or(DIGITS_MAX);
        Decimal::new(mantissa, scale).map_or(Reading::TooLarge, |held| {
            Reading::Number(Number { held, next: self.next, more: self.more })
        })
    }
}

#[cfg(test)]
mod tests;

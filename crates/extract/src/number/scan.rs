//! The grammar of numbers.

use crate::decimal::Decimal;

/// Digits that fit in 64 bits whatever they are.
const SHORT_MAX: usize = 18;

/// The largest exponent that is worth telling apart: no column holds numbers that far from 1, however many digits
/// stand before.
const EXPONENT_MAX: i32 = 100_000_000;

/// A number at the start of a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scanned<'a> {
    pub(super) negative: bool,
    /// The digits, with separators and the point between them.
    written: &'a [u8],
    /// How many of the digits are after the point.
    pub(super) n_fraction: usize,
    pub(super) exponent: i32,
    /// Bytes of the text that were used.
    pub(super) used: usize,
}

impl Scanned<'_> {
    /// Reads a number of so few digits that they fit in 64 bits, as most do.
    pub(super) fn short(&self) -> Option<Decimal> {
        if self.written.len() > SHORT_MAX || self.exponent != 0 {
            return None;
        }
        let mantissa = self.digits().fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
        let mantissa = if self.negative { -mantissa } else { mantissa };
        Decimal::new(mantissa.into(), u32::try_from(self.n_fraction).ok()?)
    }

    /// Lists the digits as they are written.
    pub(super) fn digits(&self) -> impl Iterator<Item = u8> {
        self.written.iter().copied().filter(u8::is_ascii_digit)
    }
}

/// Scans the number that a text starts with.
pub(super) fn scan(text: &[u8]) -> Option<Scanned<'_>> {
    let mut start = 0;
    let mut negative = false;
    let mut seen_sign = false;
    let mut seen_currency = false;
    while let Some(&byte) = text.get(start) {
        match byte {
            b'-' | b'+' if !seen_sign => (seen_sign, negative) = (true, byte == b'-'),
            b'$' if !seen_currency => seen_currency = true,
            b' ' if seen_sign || seen_currency => {}
            _ => break,
        }
        start += 1;
    }
    let mut at = start;
    let mut grouped = false;
    while let Some(&byte) = text.get(at) {
        let separates =
            byte == b',' && at > start && text.get(at + 1).is_some_and(u8::is_ascii_digit);
        if !byte.is_ascii_digit() && !separates {
            break;
        }
        grouped |= separates;
        at += 1;
    }
    if grouped && !is_grouped(&text[start..at]) {
        return None;
    }
    let n_whole = at - start;
    let mut n_fraction = 0;
    if text.get(at) == Some(&b'.') {
        n_fraction = text[at + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        at += if n_whole + n_fraction > 0 { 1 + n_fraction } else { 0 };
    }
    if n_whole + n_fraction == 0 {
        return None;
    }
    let (exponent, n_exponent) = scan_exponent(&text[at..]);
    let written = &text[start..at];
    Some(Scanned { negative, written, n_fraction, exponent, used: at + n_exponent })
}

/// Says whether commas stand where thousands end, `1,234,567`, or as in India, `12,34,567`. Elsewhere a comma may be
/// meant as the point: `9,99`.
fn is_grouped(digits: &[u8]) -> bool {
    let mut groups = digits.split(|byte| *byte == b',').map(<[u8]>::len);
    let (Some(first), Some(last)) = (groups.next(), groups.next_back()) else { return true };
    let (mut by_three, mut by_two) = (first <= 3, first <= 2);
    for group in groups {
        by_three &= group == 3;
        by_two &= group == 2;
    }
    last == 3 && (by_three || by_two)
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

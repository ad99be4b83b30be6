//! Decimals as integers times 10^scale: reading, writing and rescaling, half away from zero.

/// 10^`n`; `None` past what an `i128` holds.
pub(crate) fn pow10(n: u8) -> Option<i128> {
    10i128.checked_pow(u32::from(n))
}

/// `value` at another scale, rounded half away from zero; `None` where it does not fit.
pub(crate) fn rescale(value: i128, from: u8, to: u8) -> Option<i128> {
    if to >= from {
        return value.checked_mul(pow10(to - from)?);
    }
    Some(div_round(value, pow10(from - to)?))
}

/// Division that rounds half away from zero.
pub(crate) fn div_round(value: i128, by: i128) -> i128 {
    let half = by.abs() / 2;
    let away = if (value < 0) == (by < 0) { half } else { -half };
    let away = if by < 0 { -away } else { away };
    (value + away) / by
}

/// Whether `value` has at most `precision` digits.
pub(crate) fn fits(value: i128, precision: u8) -> bool {
    pow10(precision).is_none_or(|limit| value.abs() < limit)
}

/// Reads `[+-]digits[.digits]`: the digits as one integer, and how many were behind the point.
/// `None` where it is something else; fractions are read to 30 digits.
pub(crate) fn parse(text: &str) -> Option<(i128, u8)> {
    let text = text.trim();
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut value = 0i128;
    let mut scale = 0u8;
    for (digit, behind) in whole.bytes().map(|b| (b, 0)).chain(fraction.bytes().map(|b| (b, 1))) {
        if !digit.is_ascii_digit() {
            return None;
        }
        if behind == 1 && scale >= 30 {
            continue;
        }
        value = value.checked_mul(10)?.checked_add(i128::from(digit - b'0'))?;
        scale += behind;
    }
    Some((if negative { -value } else { value }, scale))
}

/// As SQL Server prints it: all digits of the scale, at least one before the point.
pub(crate) fn format(value: i64, scale: u8) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let digits = value.unsigned_abs();
    if scale == 0 {
        return format!("{sign}{digits}");
    }
    let width = usize::from(scale);
    let padded = format!("{digits:0>fill$}", fill = width + 1);
    let (whole, fraction) = padded.split_at(padded.len() - width);
    format!("{sign}{whole}.{fraction}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_writes_rounds() {
        assert_eq!(parse("-12.345"), Some((-12_345, 3)));
        assert_eq!(parse("1e5"), None);
        assert_eq!(parse("."), None);
        assert_eq!(rescale(12_345, 3, 2), Some(1235));
        assert_eq!(rescale(-12_345, 3, 2), Some(-1235));
        assert_eq!(format(-5, 2), "-0.05");
        assert_eq!(format(1234, 2), "12.34");
        assert_eq!(div_round(-7, 2), -4);
    }
}

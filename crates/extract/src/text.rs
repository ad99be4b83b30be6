//! Text without the white space around it.

/// Takes white space off both ends, like `trim`, but at once where there is none.
#[inline]
pub(crate) fn strip(text: &str) -> &str {
    match text.as_bytes() {
        [] => text,
        [only] if only.is_ascii_graphic() => text,
        [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => text,
        _ => text.trim(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_is_taken_off() {
        for (text, expected) in [
            ("", ""),
            ("a", "a"),
            (" ", ""),
            ("a b", "a b"),
            (" a\u{A0}", "a"),
            ("\u{2003}é", "é"),
            ("a\u{0}", "a\u{0}"),
        ] {
            assert_eq!(strip(text), expected);
        }
    }
}

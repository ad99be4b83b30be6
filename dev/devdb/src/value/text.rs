//! Text as SQL Server counts it: lengths are in UTF-16 units.

use std::borrow::Cow;

use crate::value::collation::{Collation, fold};
use crate::value::sqltype::MAX;

/// Length in UTF-16 code units.
pub(crate) fn units(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.encode_utf16().count() }
}

/// The first `n` code units; a pair that would be cut in half is left out.
pub(crate) fn prefix(text: &str, n: usize) -> &str {
    let mut seen = 0;
    for (at, c) in text.char_indices() {
        seen += c.len_utf16();
        if seen > n {
            return &text[..at];
        }
    }
    text
}

/// The last `n` code units.
pub(crate) fn suffix(text: &str, n: usize) -> &str {
    let skip = units(text).saturating_sub(n);
    &text[prefix(text, skip).len()..]
}

/// Where `needle` begins in `text`, counted from one in code units; 0 where it does not occur.
pub(crate) fn index_of(needle: &str, text: &str, collation: Collation) -> usize {
    if needle.is_empty() {
        return 0;
    }
    let (needle, text) = (seen(needle, collation), seen(text, collation));
    let at = text.windows(needle.len()).position(|window| window == needle);
    at.map_or(0, |at| text[..at].iter().map(|c| c.len_utf16()).sum::<usize>() + 1)
}

/// The characters that a collation tells apart.
pub(crate) fn seen(text: &str, collation: Collation) -> Vec<char> {
    if collation.minds_case() { text.chars().collect() } else { fold(text).collect() }
}

/// Whether text has more than `len` code units that are not trailing blanks.
pub(crate) fn overflows(text: &str, len: u16) -> bool {
    len != MAX
        && text.len() > usize::from(len)
        && units(text.trim_end_matches(' ')) > usize::from(len)
}

/// Cut to `len`, and filled with blanks where the type does not vary.
pub(crate) fn fit(text: Cow<'_, str>, len: u16, is_padded: bool) -> Cow<'_, str> {
    if len == MAX {
        return text;
    }
    let wanted = usize::from(len);
    let has = units(&text);
    if has > wanted {
        return match text {
            Cow::Borrowed(text) => Cow::Borrowed(prefix(text, wanted)),
            Cow::Owned(text) => Cow::Owned(prefix(&text, wanted).to_owned()),
        };
    }
    if is_padded && has < wanted {
        let mut padded = text.into_owned();
        padded.extend(std::iter::repeat_n(' ', wanted - has));
        return Cow::Owned(padded);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_units() {
        assert_eq!(prefix("a😀b", 2), "a");
        assert_eq!(suffix("123-45-6789", 4), "6789");
        assert_eq!(index_of(":", "stage: reason", Collation::SqlCi), 6);
        assert_eq!(index_of("R", "stage: reason", Collation::SqlCi), 8);
        assert_eq!(index_of("R", "stage: reason", Collation::Bin2), 0);
        assert_eq!(fit(Cow::Borrowed("ab"), 4, true), "ab  ");
        assert!(!overflows("ab   ", 2));
    }
}

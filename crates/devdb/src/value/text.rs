//! Text as SQL Server's default collation sees it: case and trailing blanks do not count; lengths are in UTF-16 units.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::value::sqltype::MAX;

/// Compares as `SQL_Latin1_General_CP1_CI_AS` does, as far as letters, digits and trailing blanks go.
pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.trim_end_matches(' '), b.trim_end_matches(' '));
    if a == b {
        return Ordering::Equal;
    }
    if a.is_ascii() && b.is_ascii() {
        return a
            .bytes()
            .map(|c| c.to_ascii_lowercase())
            .cmp(b.bytes().map(|c| c.to_ascii_lowercase()));
    }
    fold(a).cmp(fold(b))
}

fn fold(text: &str) -> impl Iterator<Item = char> {
    text.chars().flat_map(char::to_lowercase)
}

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
pub(crate) fn index_of(needle: &str, text: &str) -> usize {
    if needle.is_empty() {
        return 0;
    }
    let needle: Vec<char> = fold(needle).collect();
    let folded: Vec<char> = fold(text).collect();
    let at = folded.windows(needle.len()).position(|window| window == needle);
    at.map_or(0, |at| folded[..at].iter().map(|c| c.len_utf16()).sum::<usize>() + 1)
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
    fn the_default_collation() {
        assert_eq!(compare("Leased ", "leased"), Ordering::Equal);
        assert_eq!(compare("É", "é"), Ordering::Equal);
        assert_eq!(compare("a", "B"), Ordering::Less);
        assert_ne!(compare("e", "é"), Ordering::Equal);
    }

    #[test]
    fn code_units() {
        assert_eq!(prefix("a😀b", 2), "a");
        assert_eq!(suffix("123-45-6789", 4), "6789");
        assert_eq!(index_of(":", "stage: reason"), 6);
        assert_eq!(fit(Cow::Borrowed("ab"), 4, true), "ab  ");
        assert!(!overflows("ab   ", 2));
    }
}

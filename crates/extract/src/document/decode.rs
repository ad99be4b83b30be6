//! Attribute values as text: references resolved once, white space normalised, stripped.

use std::borrow::Cow;

use crate::text::strip;
use crate::work;

/// Turns a raw attribute value into its stripped text. References must have been checked by [`check_references`];
/// one that has not is kept as it is.
pub(crate) fn decode(raw: &str) -> Cow<'_, str> {
    if !has_special(raw) {
        return Cow::Borrowed(strip(raw));
    }
    let text = unescape_slowly(raw);
    let stripped = strip(&text);
    Cow::Owned(if stripped.len() == text.len() { text } else { stripped.to_owned() })
}

/// The same with the white space around it.
pub(crate) fn unescape(raw: &str) -> Cow<'_, str> {
    if has_special(raw) { Cow::Owned(unescape_slowly(raw)) } else { Cow::Borrowed(raw) }
}

/// Says whether a raw text is another once it is unescaped.
fn has_special(raw: &str) -> bool {
    work::note(raw.len());
    let is_special = |byte| (byte == b'&') | (byte == b'\t') | (byte == b'\n') | (byte == b'\r');
    // Without early exit, which short texts are quicker without.
    raw.bytes().fold(false, |any, byte| any | is_special(byte))
}

/// Turns raw text between tags into text: references resolved, line ends normalised, all else kept.
pub(super) fn decode_text(raw: &str) -> Cow<'_, str> {
    if memchr::memchr2(b'&', b'\r', raw.as_bytes()).is_none() {
        return Cow::Borrowed(raw);
    }
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('&') {
        text.push_str(&normalize_lines(&rest[..at]));
        rest = &rest[at..];
        let (character, n_bytes) = reference(rest).unwrap_or(('&', 1));
        text.push(character);
        rest = &rest[n_bytes..];
    }
    text.push_str(&normalize_lines(rest));
    Cow::Owned(text)
}

/// Makes every line end a line feed, as XML has it.
pub(super) fn normalize_lines(raw: &str) -> Cow<'_, str> {
    if memchr::memchr(b'\r', raw.as_bytes()).is_none() {
        return Cow::Borrowed(raw);
    }
    Cow::Owned(raw.replace("\r\n", "\n").replace('\r', "\n"))
}

fn unescape_slowly(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find(['&', '\t', '\n', '\r']) {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some((character, n_bytes)) = reference(rest) {
            text.push(character);
            rest = &rest[n_bytes..];
        } else {
            let n_bytes = if rest.starts_with("\r\n") { 2 } else { 1 };
            text.push(if rest.starts_with('&') { '&' } else { ' ' });
            rest = &rest[n_bytes..];
        }
    }
    text.push_str(rest);
    text
}

/// Resolves the reference that a text starts with: its character and its length.
fn reference(text: &str) -> Option<(char, usize)> {
    let body = text.strip_prefix('&')?;
    // The longest reference is `&#x10FFFF;`; leading zeros may make it longer, within reason.
    let end = body.bytes().take(32).position(|byte| byte == b';')?;
    let name = &body[..end];
    let character = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => numeric_reference(name.strip_prefix('#')?)?,
    };
    Some((character, end + 2))
}

fn numeric_reference(digits: &str) -> Option<char> {
    let (digits, radix) = match digits.strip_prefix('x') {
        Some(digits) => (digits, 16),
        None => (digits, 10),
    };
    if digits.is_empty() || !digits.bytes().all(|digit| char::from(digit).is_digit(radix)) {
        return None;
    }
    let character = char::from_u32(u32::from_str_radix(digits, radix).ok()?)?;
    is_xml_char(character).then_some(character)
}

/// Says whether XML 1.0 allows a character.
pub(crate) fn is_xml_char(character: char) -> bool {
    match character {
        '\t' | '\n' | '\r' => true,
        '\u{FFFE}' | '\u{FFFF}' => false,
        _ => character >= ' ',
    }
}

/// A reference that means nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadReference {
    pub(crate) at: usize,
    pub(crate) reason: &'static str,
}

/// Says why nothing can be made of the reference that a text starts with. Never what it holds: what looks like a
/// reference may be text of which an `&` was not written as XML wants it.
#[cold]
fn misread(text: &str) -> &'static str {
    let body = &text[1..];
    let is_digit = |character: char| character.is_ascii_alphanumeric();
    let numbered = body.strip_prefix('#');
    let rest = numbered.unwrap_or(body).trim_start_matches(is_digit);
    let is_whole = rest.starts_with(';') && rest.len() < numbered.unwrap_or(body).len();
    match numbered {
        Some(digits) if is_whole && is_number(&digits[..digits.len() - rest.len()]) => {
            "a reference to a character that XML 1.0 does not allow"
        }
        None if is_whole && body.starts_with(|first: char| first.is_ascii_alphabetic()) => {
            "a reference to an entity that is not known: XML has `&amp;`, `&lt;`, `&gt;`, `&quot;` and `&apos;`, and what a document type declares is not read"
        }
        Some(_) | None => "`&` that begins no reference; the sign itself is written `&amp;`",
    }
}

/// Says whether these are the digits of a reference to a character.
fn is_number(digits: &str) -> bool {
    match digits.strip_prefix('x') {
        Some(hex) => !hex.is_empty() && hex.bytes().all(|digit| digit.is_ascii_hexdigit()),
        None => !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit()),
    }
}

/// Checks every reference in a raw text; fails with the first that means nothing.
pub(crate) fn check_references(raw: &str) -> Result<(), BadReference> {
    let mut from = 0;
    while let Some(at) = memchr::memchr(b'&', &raw.as_bytes()[from..]) {
        let start = from + at;
        work::note(at + 1);
        let Some((_, n_bytes)) = reference(&raw[start..]) else {
            return Err(BadReference { at: start, reason: misread(&raw[start..]) });
        };
        from = start + n_bytes;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_decoded_once_and_stripped() {
        for (raw, expected) in [
            ("plain", "plain"),
            ("  padded ", "padded"),
            ("A&amp;B&#x41;&lt;&gt;&quot;&apos;&#65;", "A&BA<>\"'A"),
            ("&amp;lt;", "&lt;"),
            ("a\tb\r\nc\rd", "a b c d"),
            ("a&#10;b", "a\nb"),
            ("&#10; x &#9;", "x"),
            ("", ""),
            ("Zoë &#x6F22;", "Zoë 漢"),
        ] {
            assert_eq!(decode(raw), expected);
        }
        assert!(matches!(decode(" plain "), Cow::Borrowed("plain")));
    }

    #[test]
    fn text_keeps_its_white_space() {
        for (raw, expected) in [
            ("plain ", "plain "),
            (" a &amp;lt; b&#13;\r\nc\rd\te", " a &lt; b\r\nc\nd\te"),
            ("&", "&"),
        ] {
            assert_eq!(decode_text(raw), expected);
        }
        assert_eq!(normalize_lines("a &amp; b\r\n"), "a &amp; b\n");
    }

    #[test]
    fn references_that_mean_nothing() {
        assert_eq!(check_references("a&amp;b"), Ok(()));
        let not_allowed = "a reference to a character that XML 1.0 does not allow";
        let unknown = "a reference to an entity that is not known";
        let none = "`&` that begins no reference";
        for (raw, at, reason) in [
            ("a&b", 1, none),
            ("&amp;&nbsp;", 5, unknown),
            ("&copy2;", 0, unknown),
            ("&#0;", 0, not_allowed),
            ("&#x1F;", 0, not_allowed),
            ("&#xD83D;&#xDE00;", 0, not_allowed),
            ("&#x110000;", 0, not_allowed),
            ("&#99999999999999;", 0, not_allowed),
            ("&#xFFFE;", 0, not_allowed),
            ("&#+5;", 0, none),
            ("&#x;", 0, none),
            ("&#5a;", 0, none),
            ("&#;", 0, none),
            ("&;", 0, none),
            ("&", 0, none),
            ("& co;", 0, none),
            ("é&é;", 2, none),
        ] {
            let bad = check_references(raw).expect_err(raw);
            assert_eq!(bad.at, at, "`{raw}`");
            assert!(bad.reason.starts_with(reason), "`{raw}`: {}", bad.reason);
        }
        assert_eq!(decode("a & b &nope;"), "a & b &nope;");
    }
}

//! Splits a start tag into attributes, as strictly as XML has it.

use super::decode::check_references;

/// An attribute as written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attribute<'x> {
    /// With its prefix.
    pub(super) name: &'x str,
    /// Without its prefix.
    pub(super) local_name: &'x str,
    pub(super) raw: &'x str,
}

impl Attribute<'_> {
    /// Says whether this declares a namespace, which is no attribute to those who read the document.
    pub(super) fn is_declaration(&self) -> bool {
        self.name.starts_with("xmlns") && (self.name.len() == 5 || self.name.as_bytes()[5] == b':')
    }
}

/// What is wrong with an attribute.
type Wrong = &'static str;

/// How far the end of a value is looked for byte by byte; most values are shorter.
const SHORT_VALUE: usize = 12;

/// What a byte is to a name: no part, part, or the colon after a prefix. What is not ASCII is let through.
const NO_PART: u8 = 0;
const PART: u8 = 1;
const COLON: u8 = 2;
const CLASSES: [u8; 256] = {
    let mut classes = [NO_PART; 256];
    let mut byte = 0;
    while byte < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "below 256")]
        let character = byte as u8;
        if character.is_ascii_alphanumeric() || matches!(character, b'_' | b'-' | b'.' | 0x80..) {
            classes[byte] = PART;
        }
        byte += 1;
    }
    classes[b':' as usize] = COLON;
    classes
};

/// Measures the name that a text begins with: its length and whether it has a prefix.
#[inline]
fn scan_name(bytes: &[u8]) -> (usize, bool) {
    let mut seen = NO_PART;
    let mut length = 0;
    for byte in bytes {
        let class = CLASSES[usize::from(*byte)];
        if class == NO_PART {
            break;
        }
        seen |= class;
        length += 1;
    }
    (length, seen & COLON != 0)
}

/// Returns a name without its prefix; `None` if it is no name.
#[inline]
fn without_prefix(name: &str, has_prefix: bool) -> Option<&str> {
    let local_name = if has_prefix { name.rsplit(':').next().unwrap_or_default() } else { name };
    (!local_name.is_empty() && starts_name(&name.as_bytes()[0])).then_some(local_name)
}

/// Returns an element's name without its prefix; `None` if it is no name.
#[inline]
pub(super) fn local_name(name: &str) -> Option<&str> {
    let (length, has_prefix) = scan_name(name.as_bytes());
    if length == name.len() { without_prefix(name, has_prefix) } else { None }
}

#[inline]
fn starts_name(byte: &u8) -> bool {
    byte.is_ascii_alphabetic() || matches!(byte, b'_' | b':' | 0x80..)
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// The attributes of a start tag, one after the other.
#[derive(Debug)]
pub(super) struct Attributes<'x> {
    /// What follows the element's name.
    raw: &'x str,
    at: usize,
    /// Whether values have to be looked through for `&` and `<`.
    suspicious: bool,
}

impl<'x> Attributes<'x> {
    pub(super) fn new(raw: &'x str) -> Self {
        Self { raw, at: 0, suspicious: memchr::memchr2(b'&', b'<', raw.as_bytes()).is_some() }
    }

    /// Where the reader stands: after an attribute, or at what is wrong.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Returns the next attribute.
    #[inline]
    pub(super) fn next(&mut self) -> Result<Option<Attribute<'x>>, Wrong> {
        let bytes = self.raw.as_bytes();
        let start = skip_spaces(bytes, self.at);
        if start == bytes.len() {
            return Ok(None);
        }
        if start == self.at {
            return Err("no space before an attribute");
        }
        let (length, has_prefix) = scan_name(&bytes[start..]);
        let name = &self.raw[start..start + length];
        let mut at = start + length;
        let Some(local_name) = without_prefix(name, has_prefix) else {
            return self.wrong(at, "this is no attribute name");
        };
        if bytes.get(at) != Some(&b'=') {
            at = skip_spaces(bytes, at);
            if bytes.get(at) != Some(&b'=') {
                return self.wrong(at, "an attribute without a value");
            }
        }
        at += 1;
        if !matches!(bytes.get(at), Some(b'"' | b'\'')) {
            at = skip_spaces(bytes, at);
        }
        let Some(quote @ (b'"' | b'\'')) = bytes.get(at).copied() else {
            return self.wrong(at, "an attribute value without quotes");
        };
        let value_start = at + 1;
        let Some(length) = find_quote(&bytes[value_start..], quote) else {
            return self.wrong(at, "an attribute value without an end");
        };
        let raw = &self.raw[value_start..value_start + length];
        if self.suspicious {
            self.check_value(raw, value_start)?;
        }
        self.at = value_start + length + 1;
        Ok(Some(Attribute { name, local_name, raw }))
    }

    #[cold]
    fn wrong(&mut self, at: usize, wrong: Wrong) -> Result<Option<Attribute<'x>>, Wrong> {
        self.at = at;
        Err(wrong)
    }

    fn check_value(&mut self, raw: &str, value_start: usize) -> Result<(), Wrong> {
        if memchr::memchr(b'<', raw.as_bytes()).is_some() {
            self.at = value_start;
            return Err("`<` in an attribute value");
        }
        check_references(raw).map_err(|at| {
            self.at = value_start + at;
            "`&` that begins no known reference"
        })
    }
}

#[inline]
fn skip_spaces(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(|byte| is_space(*byte)) {
        at += 1;
    }
    at
}

/// Finds the end of a value.
#[inline]
fn find_quote(bytes: &[u8], quote: u8) -> Option<usize> {
    let short = &bytes[..bytes.len().min(SHORT_VALUE)];
    if let Some(at) = short.iter().position(|byte| *byte == quote) {
        return Some(at);
    }
    memchr::memchr(quote, &bytes[short.len()..]).map(|at| at + short.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(raw: &str, expected: &str) {
        let mut attributes = Attributes::new(raw);
        let mut shown = Vec::new();
        loop {
            match attributes.next() {
                Ok(None) => break,
                Ok(Some(attribute)) => {
                    shown.push(format!("{}={}", attribute.local_name, attribute.raw))
                }
                Err(wrong) => {
                    shown.push(format!("{wrong}, at byte {}", attributes.at()));
                    break;
                }
            }
        }
        assert_eq!(shown.join(" | "), expected, "`{raw}`");
    }

    #[test]
    fn attributes() {
        check("", "");
        check("  ", "");
        check(" a=\"1\" b='2'", "a=1 | b=2");
        check("\n a = \"1\"\t", "a=1");
        check(" x:a='1' é='2'", "a=1 | é=2");
        check(" a='&amp;' b='>'", "a=&amp; | b=>");
    }

    #[test]
    fn what_is_no_attribute() {
        check(" a='1'b='2'", "a=1 | no space before an attribute, at byte 6");
        check(" a", "an attribute without a value, at byte 2");
        check(" a=1", "an attribute value without quotes, at byte 3");
        check(" a='1", "an attribute value without an end, at byte 3");
        check(" 1a='1'", "this is no attribute name, at byte 3");
        check(" a:='1'", "this is no attribute name, at byte 3");
        check(" a='<'", "`<` in an attribute value, at byte 4");
        check(" a='x&y'", "`&` that begins no known reference, at byte 5");
    }
}

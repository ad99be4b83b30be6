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

/// Bytes that names may have. What is not ASCII is let through.
const IN_NAMES: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "below 256")]
        let character = byte as u8;
        table[byte] = character.is_ascii_alphanumeric()
            || matches!(character, b'_' | b'-' | b'.' | b':' | 0x80..);
        byte += 1;
    }
    table
};

/// Returns an element's name without its prefix; `None` if it is no name.
pub(super) fn local_name(name: &str) -> Option<&str> {
    let mut local_start = 0;
    for (at, byte) in name.bytes().enumerate() {
        if !IN_NAMES[usize::from(byte)] {
            return None;
        }
        if byte == b':' {
            local_start = at + 1;
        }
    }
    (local_start < name.len() && starts_name(&name.as_bytes()[0])).then(|| &name[local_start..])
}

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

    #[inline]
    fn skip_spaces(&mut self) {
        let bytes = self.raw.as_bytes();
        while self.at < bytes.len() && is_space(bytes[self.at]) {
            self.at += 1;
        }
    }

    /// Returns the next attribute.
    #[inline]
    pub(super) fn next(&mut self) -> Result<Option<Attribute<'x>>, Wrong> {
        let bytes = self.raw.as_bytes();
        let before = self.at;
        self.skip_spaces();
        if self.at == bytes.len() {
            return Ok(None);
        }
        if self.at == before {
            return Err("no space before an attribute");
        }
        let start = self.at;
        let mut local_start = start;
        while self.at < bytes.len() && IN_NAMES[usize::from(bytes[self.at])] {
            if bytes[self.at] == b':' {
                local_start = self.at + 1;
            }
            self.at += 1;
        }
        let end = self.at;
        if local_start >= end || !starts_name(&bytes[start]) {
            return Err("this is no attribute name");
        }
        if bytes.get(self.at) != Some(&b'=') {
            self.skip_spaces();
            if bytes.get(self.at) != Some(&b'=') {
                return Err("an attribute without a value");
            }
        }
        self.at += 1;
        if !matches!(bytes.get(self.at), Some(b'"' | b'\'')) {
            self.skip_spaces();
        }
        let Some(quote @ (b'"' | b'\'')) = bytes.get(self.at).copied() else {
            return Err("an attribute value without quotes");
        };
        let value_start = self.at + 1;
        let Some(length) = find_quote(&bytes[value_start..], quote) else {
            return Err("an attribute value without an end");
        };
        let raw = &self.raw[value_start..value_start + length];
        if self.suspicious {
            self.check_value(raw, value_start)?;
        }
        self.at = value_start + length + 1;
        let name = &self.raw[start..end];
        Ok(Some(Attribute { name, local_name: &name[local_start - start..], raw }))
    }

    fn check_value(&mut self, raw: &str, value_start: usize) -> Result<(), Wrong> {
        if memchr::memchr(b'<', raw.as_bytes()).is_some() {
            return Err("`<` in an attribute value");
        }
        check_references(raw).map_err(|at| {
            self.at = value_start + at;
            "`&` that begins no known reference"
        })
    }
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
        check(" a='<'", "`<` in an attribute value, at byte 3");
        check(" a='x&y'", "`&` that begins no known reference, at byte 5");
    }
}

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

/// Bytes that names may have, apart from the colon after a prefix. What is not ASCII is let through.
const IN_NAMES: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "below 256")]
        let character = byte as u8;
        table[byte] =
            character.is_ascii_alphanumeric() || matches!(character, b'_' | b'-' | b'.' | 0x80..);
        byte += 1;
    }
    table
};

/// Bytes at which a value may end, or has to be looked through.
const STOPS: [bool; 256] = {
    let mut table = [false; 256];
    table[b'"' as usize] = true;
    table[b'\'' as usize] = true;
    table[b'&' as usize] = true;
    table[b'<' as usize] = true;
    table
};

/// Measures the name that a text begins with: its length and whether it has a prefix.
#[inline]
fn scan_name(bytes: &[u8]) -> (usize, bool) {
    let length = scan_part(bytes);
    if bytes.get(length) != Some(&b':') {
        return (length, false);
    }
    let mut length = length;
    while bytes.get(length) == Some(&b':') {
        length += 1;
        length += scan_part(&bytes[length..]);
    }
    (length, true)
}

#[inline]
fn scan_part(bytes: &[u8]) -> usize {
    bytes.iter().position(|byte| !IN_NAMES[usize::from(*byte)]).unwrap_or(bytes.len())
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
}

impl<'x> Attributes<'x> {
    pub(super) fn new(raw: &'x str) -> Self {
        Self { raw, at: 0 }
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
        let (length, suspicious) = match find_end(&bytes[value_start..], quote) {
            Some(length) => (length, false),
            None => match memchr::memchr(quote, &bytes[value_start..]) {
                Some(length) => (length, true),
                None => return self.wrong(at, "an attribute value without an end"),
            },
        };
        let raw = &self.raw[value_start..value_start + length];
        if suspicious {
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

/// Finds the end of a value; `None` if there is none or the value has to be looked through first.
#[inline]
fn find_end(bytes: &[u8], quote: u8) -> Option<usize> {
    let short = &bytes[..bytes.len().min(SHORT_VALUE)];
    match short.iter().position(|byte| STOPS[usize::from(*byte)]) {
        Some(at) if bytes[at] == quote => Some(at),
        // The other quote means nothing here.
        Some(at) if matches!(bytes[at], b'"' | b'\'') => find_end_slowly(bytes, quote),
        Some(_) => None,
        None => find_end_slowly(bytes, quote),
    }
}

fn find_end_slowly(bytes: &[u8], quote: u8) -> Option<usize> {
    let at = memchr::memchr3(quote, b'&', b'<', bytes)?;
    (bytes[at] == quote).then_some(at)
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

//! Splits a start tag into attributes, as strictly as XML has it, in one scan.

use super::decode::check_references;
use super::words::{NameEnd, name_end, value_stop};
use crate::work;

/// An attribute as written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attribute<'x> {
    /// With its prefix.
    pub(super) name: &'x [u8],
    /// Where in the name the prefix has ended.
    pub(super) local: usize,
    /// Offsets in the document: of the name, of the value.
    pub(super) at: usize,
    pub(super) value: usize,
    pub(super) value_end: usize,
}

/// What comes next in a start tag.
#[derive(Debug, Clone, Copy)]
pub(super) enum Next<'x> {
    Attribute(Attribute<'x>),
    /// The tag ends, and its element with it if it is empty.
    End {
        is_empty: bool,
    },
}

/// What is wrong with a tag.
type Wrong = &'static str;

/// Finds where the local part of a name begins; `None` if it is no name.
#[inline]
pub(super) fn local_start(name: &[u8], has_colon: bool) -> Option<usize> {
    let first = *name.first()?;
    if !(first.is_ascii_alphabetic() || matches!(first, b'_' | b':' | 0x80..)) {
        return None;
    }
    if !has_colon {
        return Some(0);
    }
    let local = memchr::memrchr(b':', name)? + 1;
    (local < name.len()).then_some(local)
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// The attributes of a start tag, one after the other.
#[derive(Debug)]
pub(super) struct Attributes<'x> {
    text: &'x str,
    at: usize,
}

impl<'x> Attributes<'x> {
    /// Begins after the name of the element.
    pub(super) fn new(text: &'x str, at: usize) -> Self {
        Self { text, at }
    }

    /// Where the reader stands: after an attribute or the tag, or at what is wrong.
    #[inline]
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Returns the next attribute, or the end of the tag.
    #[inline]
    pub(super) fn next(&mut self) -> Result<Next<'x>, Wrong> {
        let bytes = self.text.as_bytes();
        let start = skip_spaces(bytes, self.at);
        match bytes.get(start) {
            Some(b'>') => {
                self.at = start + 1;
                return Ok(Next::End { is_empty: false });
            }
            Some(b'/') if bytes.get(start + 1) == Some(&b'>') => {
                self.at = start + 2;
                return Ok(Next::End { is_empty: true });
            }
            None => return self.wrong(start, "a tag without an end"),
            Some(_) if start == self.at => return Err("no space before an attribute"),
            Some(_) => {}
        }
        let NameEnd { mut at, has_colon } = name_end(bytes, start);
        let name = &bytes[start..at];
        let Some(local) = local_start(name, has_colon) else {
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
        let value = at + 1;
        let value_end = match value_stop(bytes, value, quote) {
            Some(stop) if bytes[stop] == quote => stop,
            Some(stop) => self.checked_end(value, stop, quote)?,
            None => return self.wrong(at, "an attribute value without an end"),
        };
        self.at = value_end + 1;
        Ok(Next::Attribute(Attribute { name, local, at: start, value, value_end }))
    }

    #[cold]
    fn wrong(&mut self, at: usize, wrong: Wrong) -> Result<Next<'x>, Wrong> {
        self.at = at;
        Err(wrong)
    }

    /// Finds the end of a value that has `&` or `<` in it, first at `stop`.
    fn checked_end(&mut self, value: usize, stop: usize, quote: u8) -> Result<usize, Wrong> {
        let bytes = self.text.as_bytes();
        let Some(length) = memchr::memchr(quote, &bytes[stop..]) else {
            self.at = value - 1;
            return Err("an attribute value without an end");
        };
        work::note(length);
        let raw = &self.text[stop..stop + length];
        if memchr::memchr(b'<', raw.as_bytes()).is_some() {
            self.at = value;
            return Err("`<` in an attribute value");
        }
        check_references(raw).map_err(|at| {
            self.at = stop + at;
            "`&` that begins no known reference"
        })?;
        Ok(stop + length)
    }
}

#[inline]
pub(super) fn skip_spaces(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(|byte| is_space(*byte)) {
        work::note(1);
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(raw: &str, expected: &str) {
        let text = format!("<a{raw}");
        let mut attributes = Attributes::new(&text, 2);
        let mut shown = Vec::new();
        loop {
            match attributes.next() {
                Ok(Next::End { is_empty }) => {
                    shown.push(if is_empty { "/>" } else { ">" }.to_owned());
                    assert_eq!(attributes.at(), text.len());
                    break;
                }
                Ok(Next::Attribute(attribute)) => {
                    let name = String::from_utf8_lossy(&attribute.name[attribute.local..]);
                    shown.push(format!("{name}={}", &text[attribute.value..attribute.value_end]));
                }
                Err(wrong) => {
                    shown.push(format!("{wrong}, at byte {}", attributes.at() - 2));
                    break;
                }
            }
        }
        assert_eq!(shown.join(" | "), expected, "`{raw}`");
    }

    #[test]
    fn attributes() {
        check(">", ">");
        check("  />", "/>");
        check(" a=\"1\" b='2'>", "a=1 | b=2 | >");
        check("\n a = \"1\"\t>", "a=1 | >");
        check(" x:a='1' é='2'/>", "a=1 | é=2 | />");
        check(" a='&amp;' b='/>'>", "a=&amp; | b=/> | >");
    }

    #[test]
    fn what_is_no_attribute() {
        check(" a='1'b='2'", "a=1 | no space before an attribute, at byte 6");
        check("/ >", "no space before an attribute, at byte 0");
        check(" a>", "an attribute without a value, at byte 2");
        check(" a=1>", "an attribute value without quotes, at byte 3");
        check(" a='1>", "an attribute value without an end, at byte 3");
        check(" a='1&amp;>", "an attribute value without an end, at byte 3");
        check(" a='1'", "a=1 | a tag without an end, at byte 6");
        check(" 1a='1'", "this is no attribute name, at byte 3");
        check(" a:='1'", "this is no attribute name, at byte 3");
        check(" a='<'", "`<` in an attribute value, at byte 4");
        check(" a='x&y'", "`&` that begins no known reference, at byte 5");
    }
}

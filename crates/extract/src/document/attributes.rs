//! Splits a start tag into attributes, as strictly as XML has it, in one scan.

use super::decode::check_references;
use super::qualified::local_start;
use super::words::{name_end, value_stop};
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

/// The text ends within a tag.
pub(super) const CUT: Wrong = "the document is cut off in a tag";

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

    /// Returns the next attribute, or the end of the tag. Most of a document is read here.
    #[inline(always)]
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
            None => return self.wrong(start, CUT),
            Some(_) if start == self.at => return Err("no space before an attribute"),
            Some(_) => {}
        }
        let end = name_end(bytes, start);
        let mut at = end.at;
        let name = &bytes[start..at];
        let Some(local) = local_start(self.text, start, end) else {
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
            None => return self.wrong(bytes.len(), CUT),
        };
        self.at = value_end + 1;
        Ok(Next::Attribute(Attribute { name, local, at: start, value, value_end }))
    }

    #[cold]
    fn wrong(&mut self, at: usize, wrong: Wrong) -> Result<Next<'x>, Wrong> {
        self.at = at;
        Err(if at == self.text.len() { CUT } else { wrong })
    }

    /// Finds the end of a value that has `&` or `<` in it, first at `stop`.
    fn checked_end(&mut self, value: usize, stop: usize, quote: u8) -> Result<usize, Wrong> {
        let bytes = self.text.as_bytes();
        let Some(length) = memchr::memchr(quote, &bytes[stop..]) else {
            // Markup behind it tells a quote that was forgotten from a text that ends.
            let is_forgotten = memchr::memchr(b'<', &bytes[stop..]).is_some();
            self.at = if is_forgotten { value - 1 } else { bytes.len() };
            return Err(if is_forgotten { "an attribute value without an end" } else { CUT });
        };
        work::note(length);
        let raw = &self.text[stop..stop + length];
        if memchr::memchr(b'<', raw.as_bytes()).is_some() {
            self.at = value;
            return Err("`<` in an attribute value");
        }
        check_references(raw).map_err(|bad| {
            self.at = stop + bad.at;
            bad.reason
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
        check(" a='1&amp;><b/>", "an attribute value without an end, at byte 3");
        check(" 1a='1'", "this is no attribute name, at byte 3");
        check(" a:='1'", "this is no attribute name, at byte 3");
        check(" a:b:c='1'", "this is no attribute name, at byte 6");
        check(" ×='1'", "this is no attribute name, at byte 3");
        check(" a='<'", "`<` in an attribute value, at byte 4");
        check(
            " a='x& y'",
            "`&` that begins no reference; the sign itself is written `&amp;`, at byte 5",
        );
    }

    #[test]
    fn a_tag_that_is_cut_off() {
        for raw in ["", " ", " a", " a=", " a =", " a='1", " a='1&amp;", " a='1&amp;>", " a='1>"] {
            check(raw, &format!("{CUT}, at byte {}", raw.len()));
        }
        check(" a='1'", &format!("a=1 | {CUT}, at byte 6"));
    }
}

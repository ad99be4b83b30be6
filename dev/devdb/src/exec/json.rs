//! JSON as OPENJSON reads it: numbers keep their text, strings borrow from the document where they can.

use std::borrow::Cow;

use crate::error::{SqlError, SqlResult};

/// How deep a document may nest.
const DEPTH_MAX: usize = 128;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json<'a> {
    Null,
    Bool(bool),
    Number(&'a str),
    Text(Cow<'a, str>),
    Array(Vec<Self>),
    Object(Vec<(Cow<'a, str>, Self)>),
}

/// Reads a whole document.
pub(crate) fn parse(text: &str) -> SqlResult<Json<'_>> {
    let mut parser = Parser { text, bytes: text.as_bytes(), at: 0 };
    let parsed = parser.value(0)?;
    parser.skip_blanks();
    if parser.at < text.len() { Err(parser.unexpected()) } else { Ok(parsed) }
}

struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// 13609 where the document goes wrong.
    fn unexpected(&self) -> SqlError {
        let found = self.text.get(self.at..).and_then(|rest| rest.chars().next());
        let found = found.map_or_else(|| ".".to_owned(), |c| c.to_string());
        let at = self.at;
        let text = format!(
            "JSON text is not properly formatted. Unexpected character '{found}' is found at position {at}."
        );
        SqlError::new(13609, text).with_state(4)
    }

    fn value(&mut self, depth: usize) -> SqlResult<Json<'a>> {
        self.skip_blanks();
        if depth > DEPTH_MAX {
            return Err(self.unexpected());
        }
        match self.peek() {
            Some(b'[') => self.array(depth),
            Some(b'{') => self.object(depth),
            Some(b'"') => self.string().map(Json::Text),
            Some(b'-' | b'0'..=b'9') => Ok(Json::Number(self.number())),
            Some(b'n') => self.word("null", Json::Null),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(_) | None => Err(self.unexpected()),
        }
    }

    fn word(&mut self, word: &str, value: Json<'a>) -> SqlResult<Json<'a>> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return Err(self.unexpected());
        }
        self.at += word.len();
        Ok(value)
    }

    fn number(&mut self) -> &'a str {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')) {
            self.at += 1;
        }
        &self.text[start..self.at]
    }

    /// Goes past a byte, or 13609.
    fn expect(&mut self, byte: u8) -> SqlResult<()> {
        if self.peek() != Some(byte) {
            return Err(self.unexpected());
        }
        self.at += 1;
        Ok(())
    }

    fn array(&mut self, depth: usize) -> SqlResult<Json<'a>> {
        self.expect(b'[')?;
        let mut items = Vec::new();
        self.skip_blanks();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Json::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.skip_blanks();
            if self.peek() != Some(b',') {
                self.expect(b']')?;
                return Ok(Json::Array(items));
            }
            self.at += 1;
        }
    }

    fn object(&mut self, depth: usize) -> SqlResult<Json<'a>> {
        self.expect(b'{')?;
        let mut members = Vec::new();
        self.skip_blanks();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Json::Object(members));
        }
        loop {
            self.skip_blanks();
            let key = self.string()?;
            self.skip_blanks();
            self.expect(b':')?;
            members.push((key, self.value(depth + 1)?));
            self.skip_blanks();
            if self.peek() != Some(b',') {
                self.expect(b'}')?;
                return Ok(Json::Object(members));
            }
            self.at += 1;
        }
    }

    fn string(&mut self) -> SqlResult<Cow<'a, str>> {
        self.expect(b'"')?;
        let start = self.at;
        self.skip_plain();
        if self.peek() == Some(b'"') {
            self.at += 1;
            return Ok(Cow::Borrowed(&self.text[start..self.at - 1]));
        }
        let mut unescaped = self.text[start..self.at].to_owned();
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Cow::Owned(unescaped));
                }
                Some(b'\\') => unescaped.push(self.escape()?),
                Some(_) => {
                    let plain = self.at;
                    self.skip_plain();
                    unescaped.push_str(&self.text[plain..self.at]);
                }
                None => return Err(self.unexpected()),
            }
        }
    }

    fn skip_plain(&mut self) {
        let rest = &self.bytes[self.at..];
        self.at += rest.iter().position(|byte| matches!(byte, b'"' | b'\\')).unwrap_or(rest.len());
    }

    fn escape(&mut self) -> SqlResult<char> {
        self.expect(b'\\')?;
        let escaped = match self.peek() {
            Some(b'n') => '\n',
            Some(b't') => '\t',
            Some(b'r') => '\r',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'u') => return self.unicode_escape(),
            Some(_) | None => return Err(self.unexpected()),
        };
        self.at += 1;
        Ok(escaped)
    }

    fn unicode_escape(&mut self) -> SqlResult<char> {
        let first = self.code_unit()?;
        let mut units = vec![first];
        if (0xD800..0xDC00).contains(&first)
            && self.peek() == Some(b'\\')
            && self.bytes.get(self.at + 1) == Some(&b'u')
        {
            self.at += 1;
            units.push(self.code_unit()?);
        }
        Ok(char::decode_utf16(units)
            .next()
            .and_then(Result::ok)
            .unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    /// `uXXXX`.
    fn code_unit(&mut self) -> SqlResult<u16> {
        let digits = self.text.get(self.at + 1..self.at + 5);
        let unit = digits
            .and_then(|digits| u16::from_str_radix(digits, 16).ok())
            .ok_or_else(|| self.unexpected())?;
        self.at += 5;
        Ok(unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_product_writes() {
        let parsed = parse(r#" [[1, "a\u00e9\n\"", null, true, -1.50], {"k": [] }] "#).unwrap();
        let row = Json::Array(vec![
            Json::Number("1"),
            Json::Text("aé\n\"".into()),
            Json::Null,
            Json::Bool(true),
            Json::Number("-1.50"),
        ]);
        let object = Json::Object(vec![("k".into(), Json::Array(vec![]))]);
        assert_eq!(parsed, Json::Array(vec![row, object]));
    }

    #[test]
    fn refuses_the_rest() {
        for text in ["", "[1,]", "[1", "{\"a\"}", "nul", "[\"a]", "[1] x"] {
            assert_eq!(parse(text).map_err(|err| err.number), Err(13609), "{text}");
        }
    }
}

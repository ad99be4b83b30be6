//! Writes XML, indented, attribute by attribute.

use std::fmt::Write as _;

/// An XML text under construction.
#[derive(Debug)]
pub(crate) struct Writer {
    text: String,
    open: Vec<&'static str>,
    in_tag: bool,
}

impl Writer {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { text: String::with_capacity(capacity), open: Vec::with_capacity(8), in_tag: false }
    }

    pub(crate) fn len(&self) -> usize {
        self.text.len()
    }

    /// Starts an element; attributes follow.
    pub(crate) fn start(&mut self, name: &'static str) {
        if self.in_tag {
            self.text.push('>');
        }
        if !self.open.is_empty() {
            self.line();
        }
        self.text.push('<');
        self.text.push_str(name);
        self.open.push(name);
        self.in_tag = true;
    }

    /// Ends the innermost element.
    pub(crate) fn end(&mut self) {
        let name = self.open.pop().expect("every end has its start");
        if self.in_tag {
            self.text.push_str("/>");
        } else {
            self.line();
            self.text.push_str("</");
            self.text.push_str(name);
            self.text.push('>');
        }
        self.in_tag = false;
    }

    /// Adds an attribute, with what XML needs escaped.
    pub(crate) fn text(&mut self, name: &str, value: &str) {
        self.name(name);
        if value.bytes().any(|byte| matches!(byte, b'&' | b'<' | b'"')) {
            for character in value.chars() {
                match character {
                    '&' => self.text.push_str("&amp;"),
                    '<' => self.text.push_str("&lt;"),
                    '"' => self.text.push_str("&quot;"),
                    other => self.text.push(other),
                }
            }
        } else {
            self.text.push_str(value);
        }
        self.text.push('"');
    }

    /// Adds an attribute of a formatted value that needs no escaping.
    pub(crate) fn value(&mut self, name: &str, value: std::fmt::Arguments<'_>) {
        self.name(name);
        self.text.write_fmt(value).expect("writing to a string cannot fail");
        self.text.push('"');
    }

    pub(crate) fn number(&mut self, name: &str, value: u64) {
        self.name(name);
        self.digits(value);
        self.text.push('"');
    }

    /// Adds an amount given in hundredths.
    pub(crate) fn cents(&mut self, name: &str, value: u64) {
        self.name(name);
        self.digits(value / 100);
        self.text.push('.');
        self.two_digits(value % 100);
        self.text.push('"');
    }

    /// Returns the finished text.
    pub(crate) fn finish(self) -> String {
        assert!(self.open.is_empty() && !self.in_tag, "every element was ended");
        self.text
    }

    fn name(&mut self, name: &str) {
        assert!(self.in_tag, "an attribute belongs to an element that was just started");
        self.text.push(' ');
        self.text.push_str(name);
        self.text.push_str("=\"");
    }

    fn line(&mut self) {
        const SPACES: &str = "\n                ";
        self.text.push_str(&SPACES[..=(self.open.len() * 2).min(SPACES.len() - 1)]);
    }

    fn digits(&mut self, value: u64) {
        if value >= 10 {
            self.digits(value / 10);
        }
        self.text.push(
            char::from_digit(u32::try_from(value % 10).expect("a digit"), 10).expect("a digit"),
        );
    }

    fn two_digits(&mut self, value: u64) {
        self.digits(value / 10 % 10);
        self.digits(value % 10);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_nest_and_values_are_escaped() {
        let mut writer = Writer::new(0);
        writer.start("a");
        writer.text("x", "1 < 2 & \"3\"");
        writer.start("b");
        writer.number("n", 1020);
        writer.cents("c", 1205);
        writer.end();
        writer.end();
        assert_eq!(
            writer.finish(),
            "<a x=\"1 &lt; 2 &amp; &quot;3&quot;\">\n  <b n=\"1020\" c=\"12.05\"/>\n</a>"
        );
    }
}

//! Why a text is no document.

use std::fmt;

use crate::limits::Over;

/// What is wrong with a text; says where, never what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flaw {
    reason: String,
    /// Byte offset in what was read, where one can be told.
    at: Option<usize>,
    /// Where what does not end began.
    since: Option<usize>,
    /// It is a document with another root element.
    pub(crate) other_root: bool,
}

impl Flaw {
    pub(super) fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), at: None, since: None, other_root: false }
    }

    pub(super) fn at(at: usize, reason: impl Into<String>) -> Self {
        Self { at: Some(at), ..Self::new(reason) }
    }

    /// The text is no XML.
    pub(super) fn malformed(at: usize, reason: impl fmt::Display) -> Self {
        Self::at(at, format!("malformed XML: {reason}"))
    }

    /// The text ends, at `at`, in something that began earlier.
    pub(super) fn cut(at: usize, what: impl fmt::Display, since: usize) -> Self {
        let flaw = Self::malformed(at, format!("the document is cut off in {what}"));
        Self { since: Some(since), ..flaw }
    }

    /// The root element is not the one that was looked for.
    pub(super) fn other_root(reason: impl Into<String>) -> Self {
        Self { other_root: true, ..Self::new(reason) }
    }

    /// Something went over a limit.
    pub(super) fn over(limit: &'static str, max: usize, at: usize) -> Self {
        Self::at(at, Over { limit, max }.to_string())
    }

    /// Says in words where in a text it is, of which what was read begins at an offset.
    pub(super) fn located(self, text: &str, n_before: usize) -> Self {
        let place = |at: usize| Place::of(text, at + n_before);
        let mut reason = self.reason;
        if let Some(since) = self.since.map(place) {
            reason.push_str(&format!(" that begins at {since}"));
        }
        if let Some(at) = self.at.map(place) {
            reason.push_str(&format!(", at {at}"));
        }
        Self { reason, at: None, since: None, ..self }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

/// A place in a text as editors show it, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    line: usize,
    column: usize,
}

impl Place {
    fn of(text: &str, at: usize) -> Self {
        let before = &text.as_bytes()[..at.min(text.len())];
        let (mut line, mut start) = (1, 0);
        for (place, byte) in before.iter().enumerate() {
            // A line ends with CR, LF or both.
            let is_end = match byte {
                b'\n' => true,
                b'\r' => text.as_bytes().get(place + 1) != Some(&b'\n'),
                _ => false,
            };
            if is_end {
                (line, start) = (line + 1, place + 1);
            }
        }
        // Of a character beyond ASCII the first byte counts.
        let column = before[start..].iter().filter(|byte| **byte & 0xC0 != 0x80).count() + 1;
        Self { line, column }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        let text = "ab\r\né漢c\rd\n\ne";
        for (at, line, column) in [
            (0, 1, 1),
            (2, 1, 3),
            (4, 2, 1),
            (6, 2, 2),
            (9, 2, 3),
            (11, 3, 1),
            (13, 4, 1),
            (14, 5, 1),
            (15, 5, 2),
            (99, 5, 2),
        ] {
            assert_eq!(Place::of(text, at), Place { line, column }, "{at}");
        }
    }

    #[test]
    fn what_is_cut_off_says_where_it_began() {
        let flaw = Flaw::cut(4, "a comment", 1).located("x<\n!--", 0);
        assert_eq!(
            flaw.to_string(),
            "malformed XML: the document is cut off in a comment that begins at line 1, column 2, at line 2, column 2"
        );
    }
}

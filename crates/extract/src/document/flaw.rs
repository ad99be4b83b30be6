//! Why a text is no document.

use std::fmt;

use crate::limits::Over;

/// What is wrong with a text; says where, never what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flaw {
    pub(crate) reason: String,
    /// Byte offset in the text as it was given, where one can be told.
    pub(crate) at: Option<usize>,
    /// It is a document with another root element.
    pub(crate) other_root: bool,
}

impl Flaw {
    pub(super) fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), at: None, other_root: false }
    }

    pub(super) fn at(at: usize, reason: impl Into<String>) -> Self {
        Self { at: Some(at), ..Self::new(reason) }
    }

    /// The root element is not the one that was looked for.
    pub(super) fn other_root(reason: impl Into<String>) -> Self {
        Self { other_root: true, ..Self::new(reason) }
    }

    /// Something went over a limit.
    pub(super) fn over(limit: &'static str, max: usize, at: usize) -> Self {
        Self::at(at, Over { limit, max }.to_string())
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)?;
        match self.at {
            Some(at) => write!(f, ", at byte {at}"),
            None => Ok(()),
        }
    }
}

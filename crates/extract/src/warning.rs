//! What was lost of a document on its way to rows.

use std::fmt;
use std::str::FromStr;

/// A value that its column does not hold as the document says it. Two numbers and a word, so that a document full of
/// them costs little; [`crate::Plan::warned`] has the names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Warning {
    /// The place of the table in [`crate::Plan::tables`].
    pub table: usize,
    /// The place of the column in the table; `None` where it is about a row as a whole.
    pub column: Option<usize>,
    /// What happened to the value.
    pub kind: WarningKind,
}

/// What happened to a value. Closed, so that whoever counts warnings has a bound on what to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum WarningKind {
    /// It is nothing of the column's type, or an expression makes nothing of it.
    Unreadable,
    /// A part of the text was read and the rest was not.
    PartlyRead,
    /// The text is longer than the column.
    Cut,
    /// A date lost its offset from UTC.
    OffsetDropped,
    /// A conversion has no entry for the code.
    UnknownCode,
    /// A number or a time of day has more digits than the column.
    Rounded,
    /// The document has more values than the column can take.
    SeveralValues,
    /// An element that was meant to be a row is none.
    RowLeftOut,
}

impl WarningKind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Unreadable,
        Self::PartlyRead,
        Self::Cut,
        Self::OffsetDropped,
        Self::UnknownCode,
        Self::Rounded,
        Self::SeveralValues,
        Self::RowLeftOut,
    ];

    /// Returns the word for programs, which does not change.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::PartlyRead => "partly_read",
            Self::Cut => "cut",
            Self::OffsetDropped => "offset_dropped",
            Self::UnknownCode => "unknown_code",
            Self::Rounded => "rounded",
            Self::SeveralValues => "several_values",
            Self::RowLeftOut => "row_left_out",
        }
    }

    /// Returns a sentence for people.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Unreadable => {
                "no value of the column's type could be made of the text; NULL or the default stands instead"
            }
            Self::PartlyRead => "a part of the text was read and the rest was not used",
            Self::Cut => "the text is longer than its column and was cut",
            Self::OffsetDropped => {
                "the time has an offset from UTC, which was dropped and not applied"
            }
            Self::UnknownCode => {
                "no conversion knows the code; what stands for unknown ones was taken"
            }
            Self::Rounded => "the value has more digits than its column and was rounded",
            Self::SeveralValues => {
                "the document has several values for one column; one of them was taken"
            }
            Self::RowLeftOut => "an element that was meant to be a row was left out",
        }
    }
}

impl fmt::Display for WarningKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no kind of warning.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no kind of warning")]
pub struct UnknownWarningKind(String);

impl FromStr for WarningKind {
    type Err = UnknownWarningKind;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| UnknownWarningKind(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_read_back() {
        for kind in WarningKind::ALL {
            assert_eq!(kind.to_string().parse(), Ok(kind));
        }
        let unknown = "mystery".parse::<WarningKind>();
        assert_eq!(unknown, Err(UnknownWarningKind("mystery".to_owned())));
    }
}

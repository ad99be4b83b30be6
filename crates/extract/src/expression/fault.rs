//! Why an expression has no value for a document.

use std::fmt;

use super::types::Type;

/// What went wrong while a value was computed. Never has a value of the document in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    DivisionByZero,
    /// A number or a date is outside of what its type holds.
    Overflow(Type),
    /// A text says no value of the type.
    Unreadable(Type),
    /// A length below zero.
    NegativeLength,
    /// The time has an offset from UTC, and the contract wants none.
    OffsetRefused,
    /// The escape of a LIKE is not one character.
    Escape,
    /// A pattern of LIKE is too long.
    Pattern,
    /// Texts grew beyond all bounds.
    TooLong,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DivisionByZero => f.write_str("a number is divided by zero"),
            Self::Overflow(data_type) => write!(f, "a value is outside of {data_type}"),
            Self::Unreadable(data_type) => write!(f, "a text cannot be read as {data_type}"),
            Self::NegativeLength => f.write_str("a length is below zero"),
            Self::OffsetRefused => {
                f.write_str("a time has an offset from UTC, which the contract refuses")
            }
            Self::Escape => f.write_str("the ESCAPE of a LIKE is not one character"),
            Self::Pattern => f.write_str("the pattern of a LIKE has more than 8000 bytes"),
            Self::TooLong => f.write_str("the texts that it makes have more than 64 MiB"),
        }
    }
}

//! One value as SQLite keeps it: integers (also bits, decimals times 10^scale, and ticks of 100 ns), floats, text, bytes.

use std::borrow::Cow;

use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, ValueRef};

use crate::error::{SqlError, SqlResult};

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Datum<'a> {
    Null,
    Int(i64),
    Real(f64),
    Text(Cow<'a, str>),
    Bytes(Cow<'a, [u8]>),
}

/// A value that owns what it holds.
pub(crate) type Owned = Datum<'static>;

impl<'a> Datum<'a> {
    pub(crate) fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    pub(crate) fn into_owned(self) -> Owned {
        match self {
            Self::Null => Datum::Null,
            Self::Int(value) => Datum::Int(value),
            Self::Real(value) => Datum::Real(value),
            Self::Text(text) => Datum::Text(Cow::Owned(text.into_owned())),
            Self::Bytes(bytes) => Datum::Bytes(Cow::Owned(bytes.into_owned())),
        }
    }

    /// The same value, borrowing from this one.
    pub(crate) fn borrow(&self) -> Datum<'_> {
        match self {
            Self::Null => Datum::Null,
            Self::Int(value) => Datum::Int(*value),
            Self::Real(value) => Datum::Real(*value),
            Self::Text(text) => Datum::Text(Cow::Borrowed(text)),
            Self::Bytes(bytes) => Datum::Bytes(Cow::Borrowed(bytes)),
        }
    }

    /// What SQLite handed out.
    pub(crate) fn from_sqlite(value: ValueRef<'a>) -> SqlResult<Self> {
        Ok(match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(value) => Self::Int(value),
            ValueRef::Real(value) => Self::Real(value),
            ValueRef::Text(bytes) => {
                let text = std::str::from_utf8(bytes)
                    .map_err(|_| SqlError::new(9420, "illegal text in the database"))?;
                Self::Text(Cow::Borrowed(text))
            }
            ValueRef::Blob(bytes) => Self::Bytes(Cow::Borrowed(bytes)),
        })
    }
}

impl ToSql for Datum<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(value) => ValueRef::Integer(*value),
            Self::Real(value) => ValueRef::Real(*value),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

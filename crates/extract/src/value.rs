//! The values that rows are made of.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime};

use crate::decimal::Decimal;

/// One cell of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// No value: the column's database default applies, or NULL where there is none.
    Null,
    /// A flag.
    Bit(bool),
    /// An integer of any width; its column's range has been checked.
    Int(i64),
    /// An exact decimal, rounded half up to the scale of its column.
    Decimal(Decimal),
    /// A floating point number, which is finite.
    Float(f64),
    /// Text, stripped and cut to the length of its column; never empty.
    Text(String),
    /// A day.
    Date(NaiveDate),
    /// A day and a time of day, without a zone.
    DateTime(NaiveDateTime),
    /// A day and a time of day, with its offset from UTC.
    DateTimeOffset(DateTime<FixedOffset>),
}

impl Value {
    /// Says whether there is no value.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}

/// The cells of one row, parallel to [`crate::Table::columns`].
pub type Row = Box<[Value]>;

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows are mostly cells without a value.
    #[test]
    fn cells_are_small() {
        assert_eq!(size_of::<Value>(), 32);
    }
}

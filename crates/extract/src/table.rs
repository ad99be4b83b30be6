//! The tables that rows go to, and what mapping one document gives.

use std::fmt;

use crate::value::Row;
use crate::warning::Warning;

/// A target table of a contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The name as the contract writes it, without a schema.
    pub name: String,
    /// The columns that rows have, key columns first, in the order of every row.
    pub columns: Vec<Column>,
    /// What its rows hang off; `None` for the table of the application itself.
    pub parent: Option<Parent>,
}

/// What the rows of a table hang off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parent {
    /// The name of the other table.
    pub table: String,
    /// The columns that both tables have.
    pub columns: Vec<String>,
}

/// A column of a target table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The name as the contract writes it.
    pub name: String,
    /// The type that the contract gives the column.
    pub data_type: DataType,
    /// Whether the contract lets the column be NULL.
    pub nullable: bool,
    /// Whether the key comes from the XML (`identity_insert`), so that `SET IDENTITY_INSERT` is needed where the
    /// database says that the column is an identity.
    pub identity: bool,
}

/// The type of a column, as far as a contract tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataType {
    /// Text, cut to `units_max` units of UTF-16 if that is known.
    Text {
        /// The length of the column as `nvarchar` counts it; `None` is no limit.
        units_max: Option<u32>,
    },
    /// 0 to 255.
    TinyInt,
    /// 16 bits.
    SmallInt,
    /// 32 bits.
    Int,
    /// 64 bits.
    BigInt,
    /// An exact decimal.
    Decimal {
        /// Digits, those after the point included.
        precision: u32,
        /// Digits after the point.
        scale: u32,
    },
    /// A floating point number.
    Float,
    /// A flag.
    Bit,
    /// A day.
    Date,
    /// A day and a time of day, from 1753.
    DateTime,
    /// A day and a time of day, 1900 to 2079.
    SmallDateTime,
    /// A day and a time of day, from the year 1.
    DateTime2,
    /// A day and a time of day with its offset from UTC.
    DateTimeOffset,
    /// A time of day. Its values travel as text, as do those of the types that follow.
    Time,
    /// A `uniqueidentifier`.
    Uuid,
    /// Bytes, which travel in Base64.
    Binary,
    /// XML.
    Xml,
}

impl DataType {
    /// Returns the smallest and the largest value of a whole number; `None` for every other type.
    pub fn integer_range(self) -> Option<(i64, i64)> {
        match self {
            Self::TinyInt => Some((0, 255)),
            Self::SmallInt => Some((i16::MIN.into(), i16::MAX.into())),
            Self::Int => Some((i32::MIN.into(), i32::MAX.into())),
            Self::BigInt => Some((i64::MIN, i64::MAX)),
            Self::Text { .. }
            | Self::Decimal { .. }
            | Self::Float
            | Self::Bit
            | Self::Date
            | Self::DateTime
            | Self::SmallDateTime
            | Self::DateTime2
            | Self::DateTimeOffset
            | Self::Time
            | Self::Uuid
            | Self::Binary
            | Self::Xml => None,
        }
    }

    /// Says whether values are numbers.
    pub(crate) fn is_number(self) -> bool {
        match self {
            Self::TinyInt
            | Self::SmallInt
            | Self::Int
            | Self::BigInt
            | Self::Decimal { .. }
            | Self::Float => true,
            Self::Text { .. }
            | Self::Bit
            | Self::Date
            | Self::DateTime
            | Self::SmallDateTime
            | Self::DateTime2
            | Self::DateTimeOffset
            | Self::Time
            | Self::Uuid
            | Self::Binary
            | Self::Xml => false,
        }
    }

    /// Returns the number of units of UTF-16 to which values are cut.
    pub(crate) fn units_max(self) -> Option<u32> {
        match self {
            Self::Text { units_max } => units_max,
            Self::TinyInt
            | Self::SmallInt
            | Self::Int
            | Self::BigInt
            | Self::Decimal { .. }
            | Self::Float
            | Self::Bit
            | Self::Date
            | Self::DateTime
            | Self::SmallDateTime
            | Self::DateTime2
            | Self::DateTimeOffset
            | Self::Time
            | Self::Uuid
            | Self::Binary
            | Self::Xml => None,
        }
    }
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text { .. } => f.write_str("string"),
            Self::TinyInt => f.write_str("tinyint"),
            Self::SmallInt => f.write_str("smallint"),
            Self::Int => f.write_str("int"),
            Self::BigInt => f.write_str("bigint"),
            Self::Decimal { scale, .. } => write!(f, "decimal with {scale} digits after the point"),
            Self::Float => f.write_str("float"),
            Self::Bit => f.write_str("bit"),
            Self::Date => f.write_str("date"),
            Self::DateTime => f.write_str("datetime"),
            Self::SmallDateTime => f.write_str("smalldatetime"),
            Self::DateTime2 => f.write_str("datetime2"),
            Self::DateTimeOffset => f.write_str("datetimeoffset"),
            Self::Time => f.write_str("time"),
            Self::Uuid => f.write_str("uniqueidentifier"),
            Self::Binary => f.write_str("varbinary"),
            Self::Xml => f.write_str("xml"),
        }
    }
}

/// The rows of one document, ready to be inserted.
#[derive(Debug, Clone, PartialEq)]
pub struct Application {
    /// The id that the document carries.
    pub app_id: i64,
    /// The rows of each table, parallel to [`crate::Plan::tables`].
    pub tables: Vec<Vec<Row>>,
    /// What was lost on the way, without values of the document.
    pub warnings: Vec<Warning>,
    /// The cells in which the contract's default stands because the document has no value for them. A value that a
    /// conversion table has for unknown codes is none of them.
    pub defaults: Vec<Defaulted>,
}

/// A cell that holds the contract's default. Three small numbers, since documents may have many of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Defaulted {
    /// The place of the table in [`crate::Plan::tables`].
    pub table: u32,
    /// The place of the row among those of the table.
    pub row: u32,
    /// The place of the column in the table.
    pub column: u32,
}

impl Defaulted {
    /// Places that are bounded by the limits of documents and contracts.
    pub(crate) fn new(table: usize, row: usize, column: usize) -> Self {
        let small = |place| u32::try_from(place).unwrap_or(u32::MAX);
        Self { table: small(table), row: small(row), column: small(column) }
    }
}

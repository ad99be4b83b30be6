//! The types that values have while an expression is computed, and which of two a common value takes.
//!
//! They are SQL Server's, with two more for what a document says: [`Type::Untyped`] and [`Type::Number`].

use std::fmt;

use crate::decimal::DIGITS_MAX;

/// The type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    /// Of the literal `NULL`, which goes with every type.
    Null,
    /// Text of a document, which is read as what is due where it stands.
    Untyped,
    Text,
    Bit,
    TinyInt,
    SmallInt,
    Int,
    BigInt,
    Decimal {
        precision: u32,
        scale: u32,
    },
    /// A number of a document: exact, with as many of 38 digits after the point as it has. T-SQL has no such type; a
    /// document does not say how many digits its numbers may have, and whether a division is one of whole numbers
    /// should not hang on whether it says `10` or `10.0`.
    Number,
    Float,
    Date,
    Time {
        scale: u32,
    },
    SmallDateTime,
    DateTime,
    DateTime2 {
        scale: u32,
    },
    DateTimeOffset {
        scale: u32,
    },
}

/// Digits of a second that times have where nothing else is written.
pub(crate) const SCALE_MAX: u32 = 7;

/// Types whose values go with each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// Whatever is due.
    Any,
    Text,
    Number,
    /// A day, with or without a time.
    Date,
    /// A time without a day.
    Time,
}

impl Type {
    pub(crate) fn family(self) -> Family {
        match self {
            Self::Null | Self::Untyped => Family::Any,
            Self::Text => Family::Text,
            Self::Bit
            | Self::TinyInt
            | Self::SmallInt
            | Self::Int
            | Self::BigInt
            | Self::Decimal { .. }
            | Self::Number
            | Self::Float => Family::Number,
            Self::Date
            | Self::SmallDateTime
            | Self::DateTime
            | Self::DateTime2 { .. }
            | Self::DateTimeOffset { .. } => Family::Date,
            Self::Time { .. } => Family::Time,
        }
    }

    /// The range of an integer type.
    pub(crate) fn range(self) -> Option<(i64, i64)> {
        match self {
            Self::Bit => Some((0, 1)),
            Self::TinyInt => Some((0, 255)),
            Self::SmallInt => Some((i64::from(i16::MIN), i64::from(i16::MAX))),
            Self::Int => Some((i64::from(i32::MIN), i64::from(i32::MAX))),
            Self::BigInt => Some((i64::MIN, i64::MAX)),
            Self::Null
            | Self::Untyped
            | Self::Text
            | Self::Decimal { .. }
            | Self::Number
            | Self::Float
            | Self::Date
            | Self::Time { .. }
            | Self::SmallDateTime
            | Self::DateTime
            | Self::DateTime2 { .. }
            | Self::DateTimeOffset { .. } => None,
        }
    }

    /// Digits, and digits after the point, of an exact number of a fixed size: "int, bigint, smallint, and tinyint"
    /// and "Precision, scale, and length" of Microsoft's documentation.
    pub(crate) fn digits(self) -> Option<(u32, u32)> {
        match self {
            Self::Bit => Some((1, 0)),
            Self::TinyInt => Some((3, 0)),
            Self::SmallInt => Some((5, 0)),
            Self::Int => Some((10, 0)),
            Self::BigInt => Some((19, 0)),
            Self::Decimal { precision, scale } => Some((precision, scale)),
            Self::Null
            | Self::Untyped
            | Self::Text
            | Self::Number
            | Self::Float
            | Self::Date
            | Self::Time { .. }
            | Self::SmallDateTime
            | Self::DateTime
            | Self::DateTime2 { .. }
            | Self::DateTimeOffset { .. } => None,
        }
    }

    /// "Data type precedence": of two types that go together the higher one is that of both.
    fn rank(self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Text => 1,
            Self::Untyped => 2,
            Self::Bit => 3,
            Self::TinyInt => 4,
            Self::SmallInt => 5,
            Self::Int => 6,
            Self::BigInt => 7,
            Self::Decimal { .. } => 8,
            Self::Number => 9,
            Self::Float => 10,
            Self::Time { .. } => 11,
            Self::Date => 12,
            Self::SmallDateTime => 13,
            Self::DateTime => 14,
            Self::DateTime2 { .. } => 15,
            Self::DateTimeOffset { .. } => 16,
        }
    }

    /// The type that values of both can take, as in the branches of a CASE; `None` if there is none without a CAST.
    pub(crate) fn common(self, other: Self) -> Option<Self> {
        let (low, high) = if self.rank() <= other.rank() { (self, other) } else { (other, self) };
        match (low, high) {
            (Self::Null, _) => Some(high),
            (Self::Text, Self::Untyped) => Some(Self::Text),
            (Self::Untyped, _) => Some(high.of_document()),
            (
                Self::Time { scale } | Self::DateTime2 { scale } | Self::DateTimeOffset { scale },
                Self::Time { .. } | Self::DateTime2 { .. } | Self::DateTimeOffset { .. },
            ) if low.family() == high.family() => Some(high.with_scale(scale)),
            (_, Self::Decimal { .. }) if low.family() == Family::Number => {
                let ((low, low_scale), (high, high_scale)) = (low.digits()?, high.digits()?);
                let scale = low_scale.max(high_scale);
                let precision = (low - low_scale).max(high - high_scale) + scale;
                Some(Self::Decimal { precision: precision.min(DIGITS_MAX), scale })
            }
            _ if low.family() == high.family() => Some(high),
            _ => None,
        }
    }

    /// The type as which a text of a document is read where a value of this type stands beside it.
    pub(crate) fn of_document(self) -> Self {
        match self {
            // Nothing says that the document has whole numbers only, or how many digits.
            Self::TinyInt
            | Self::SmallInt
            | Self::Int
            | Self::BigInt
            | Self::Decimal { .. }
            | Self::Number => Self::Number,
            Self::Null
            | Self::Untyped
            | Self::Text
            | Self::Bit
            | Self::Float
            | Self::Date
            | Self::Time { .. }
            | Self::SmallDateTime
            | Self::DateTime
            | Self::DateTime2 { .. }
            | Self::DateTimeOffset { .. } => self,
        }
    }

    /// The same with at least so many digits of a second.
    fn with_scale(self, other: u32) -> Self {
        match self {
            Self::Time { scale } => Self::Time { scale: scale.max(other) },
            Self::DateTime2 { scale } => Self::DateTime2 { scale: scale.max(other) },
            Self::DateTimeOffset { scale } => Self::DateTimeOffset { scale: scale.max(other) },
            Self::Null
            | Self::Untyped
            | Self::Text
            | Self::Bit
            | Self::TinyInt
            | Self::SmallInt
            | Self::Int
            | Self::BigInt
            | Self::Decimal { .. }
            | Self::Number
            | Self::Float
            | Self::Date
            | Self::SmallDateTime
            | Self::DateTime => self,
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("NULL"),
            Self::Untyped => f.write_str("text of the document"),
            Self::Text => f.write_str("text"),
            Self::Bit => f.write_str("bit"),
            Self::TinyInt => f.write_str("tinyint"),
            Self::SmallInt => f.write_str("smallint"),
            Self::Int => f.write_str("int"),
            Self::BigInt => f.write_str("bigint"),
            Self::Decimal { precision, scale } => write!(f, "decimal({precision},{scale})"),
            Self::Number => f.write_str("number"),
            Self::Float => f.write_str("float"),
            Self::Date => f.write_str("date"),
            Self::Time { scale } => write!(f, "time({scale})"),
            Self::SmallDateTime => f.write_str("smalldatetime"),
            Self::DateTime => f.write_str("datetime"),
            Self::DateTime2 { scale } => write!(f, "datetime2({scale})"),
            Self::DateTimeOffset { scale } => write!(f, "datetimeoffset({scale})"),
        }
    }
}

/// What CAST makes: a type, and how long its text may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) data_type: Type,
    /// Of text: the characters that are kept.
    pub(crate) length: Option<u32>,
    /// Of text: whether blanks fill it up to its length.
    pub(crate) fill: Fill,
}

/// Whether blanks fill a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fill {
    Nothing,
    Blanks,
}

impl From<Type> for Target {
    fn from(data_type: Type) -> Self {
        Self { data_type, length: None, fill: Fill::Nothing }
    }
}

/// Reads the type of a CAST: its name and the numbers in its brackets; `None` in their place is `max`. The error is
/// what to write instead.
pub(crate) fn target(name: &str, sizes: &[Option<u32>]) -> Result<Target, String> {
    let known = name.to_lowercase();
    let plain = |data_type: Type| match sizes {
        [] => Ok(data_type.into()),
        _ => Err(format!("`{known}` has no size: leave the brackets away")),
    };
    match known.as_str() {
        "bit" => plain(Type::Bit),
        "tinyint" => plain(Type::TinyInt),
        "smallint" => plain(Type::SmallInt),
        "int" | "integer" => plain(Type::Int),
        "bigint" => plain(Type::BigInt),
        "real" => plain(Type::Float),
        "float" => match sizes {
            [] | [Some(1..=53)] => Ok(Type::Float.into()),
            _ => Err("write `float`".to_owned()),
        },
        "money" => plain(Type::Decimal { precision: 19, scale: 4 }),
        "smallmoney" => plain(Type::Decimal { precision: 10, scale: 4 }),
        "date" => plain(Type::Date),
        "datetime" => plain(Type::DateTime),
        "smalldatetime" => plain(Type::SmallDateTime),
        "time" => Ok(Type::Time { scale: fraction(&known, sizes)? }.into()),
        "datetime2" => Ok(Type::DateTime2 { scale: fraction(&known, sizes)? }.into()),
        "datetimeoffset" => Ok(Type::DateTimeOffset { scale: fraction(&known, sizes)? }.into()),
        "decimal" | "dec" | "numeric" => decimal(&known, sizes).map(Target::from),
        "varchar" | "nvarchar" => text(&known, sizes, Fill::Nothing),
        "char" | "nchar" | "character" => text(&known, sizes, Fill::Blanks),
        _ => Err(
            "write one of int, bigint, smallint, tinyint, bit, decimal(p,s), float, money, date, time, datetime, datetime2, smalldatetime, datetimeoffset, varchar(n), nvarchar(n), char(n), nchar(n)"
                .to_owned(),
        ),
    }
}

fn fraction(name: &str, sizes: &[Option<u32>]) -> Result<u32, String> {
    match sizes {
        [] => Ok(SCALE_MAX),
        [Some(scale @ 0..=SCALE_MAX)] => Ok(*scale),
        _ => Err(format!("write `{name}(n)` with 0 to {SCALE_MAX} digits of a second")),
    }
}

fn decimal(name: &str, sizes: &[Option<u32>]) -> Result<Type, String> {
    let (precision, scale) = match sizes {
        [] => (18, 0),
        [Some(precision)] => (*precision, 0),
        [Some(precision), Some(scale)] => (*precision, *scale),
        _ => (0, 0),
    };
    if (1..=DIGITS_MAX).contains(&precision) && scale <= precision {
        return Ok(Type::Decimal { precision, scale });
    }
    Err(format!("write `{name}(p,s)` with p from 1 to {DIGITS_MAX} and s from 0 to p"))
}

/// Characters of a text whose CAST does not say how many: "CAST and CONVERT", length.
const LENGTH_DEFAULT: u32 = 30;

/// The longest text that a type may name by a number.
const LENGTH_MAX: u32 = 8000;

fn text(name: &str, sizes: &[Option<u32>], fill: Fill) -> Result<Target, String> {
    let length = match sizes {
        [] => Some(LENGTH_DEFAULT),
        [Some(length @ 1..=LENGTH_MAX)] => Some(*length),
        [None] if fill == Fill::Nothing => None,
        _ => return Err(format!("write `{name}(n)` with n from 1 to {LENGTH_MAX}")),
    };
    Ok(Target { data_type: Type::Text, length, fill })
}

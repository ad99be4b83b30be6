//! The SQL Server types there are here, and which of two wins.

/// The length of `varchar(max)` and its like.
pub(crate) const MAX: u16 = u16::MAX;
/// The longest `nvarchar(n)`.
const NVARCHAR_MAX: u16 = 4000;
/// The longest `varchar(n)`.
const VARCHAR_MAX: u16 = 8000;
/// The most digits of a `decimal`.
pub(crate) const PRECISION_MAX: u8 = 38;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum SqlType {
    /// The type of a bare `NULL`.
    Null,
    Bit,
    TinyInt,
    SmallInt,
    Int,
    BigInt,
    Decimal {
        precision: u8,
        scale: u8,
    },
    Real,
    Float,
    Char(u16),
    VarChar(u16),
    NChar(u16),
    NVarChar(u16),
    Binary(u16),
    VarBinary(u16),
    Guid,
    Date,
    Time(u8),
    SmallDateTime,
    DateTime,
    DateTime2(u8),
}

impl SqlType {
    /// The type of the name and arguments as written in T-SQL; `None` where there is no such type here.
    pub(crate) fn named(name: &str, first: Option<u16>, second: Option<u16>) -> Option<Self> {
        let len = |max: u16| match first {
            None => Some(1),
            Some(MAX) => Some(MAX),
            Some(n) => (1..=max).contains(&n).then_some(n),
        };
        let fraction = || u8::try_from(first.unwrap_or(7)).ok().filter(|n| *n <= 7);
        let plain = |ty: Self| first.is_none().then_some(ty);
        match name.to_ascii_lowercase().as_str() {
            "bit" => plain(Self::Bit),
            "tinyint" => plain(Self::TinyInt),
            "smallint" => plain(Self::SmallInt),
            "int" | "integer" => plain(Self::Int),
            "bigint" => plain(Self::BigInt),
            "decimal" | "numeric" | "dec" => {
                let precision = u8::try_from(first.unwrap_or(18))
                    .ok()
                    .filter(|p| (1..=PRECISION_MAX).contains(p))?;
                let scale = u8::try_from(second.unwrap_or(0)).ok().filter(|s| *s <= precision)?;
                Some(Self::Decimal { precision, scale })
            }
            "real" => plain(Self::Real),
            "float" => Some(if first.unwrap_or(53) <= 24 { Self::Real } else { Self::Float }),
            "char" => len(VARCHAR_MAX).filter(|n| *n != MAX).map(Self::Char),
            "varchar" => len(VARCHAR_MAX).map(Self::VarChar),
            "nchar" => len(NVARCHAR_MAX).filter(|n| *n != MAX).map(Self::NChar),
            "nvarchar" => len(NVARCHAR_MAX).map(Self::NVarChar),
            "sysname" => plain(Self::NVarChar(128)),
            "binary" => len(VARCHAR_MAX).filter(|n| *n != MAX).map(Self::Binary),
            "varbinary" => len(VARCHAR_MAX).map(Self::VarBinary),
            "uniqueidentifier" => plain(Self::Guid),
            "date" => plain(Self::Date),
            "time" => fraction().map(Self::Time),
            "smalldatetime" => plain(Self::SmallDateTime),
            "datetime" => plain(Self::DateTime),
            "datetime2" => fraction().map(Self::DateTime2),
            _ => None,
        }
    }

    /// The name without arguments, as `sys.types` has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Null | Self::Int => "int",
            Self::Bit => "bit",
            Self::TinyInt => "tinyint",
            Self::SmallInt => "smallint",
            Self::BigInt => "bigint",
            Self::Decimal { .. } => "decimal",
            Self::Real => "real",
            Self::Float => "float",
            Self::Char(_) => "char",
            Self::VarChar(_) => "varchar",
            Self::NChar(_) => "nchar",
            Self::NVarChar(_) => "nvarchar",
            Self::Binary(_) => "binary",
            Self::VarBinary(_) => "varbinary",
            Self::Guid => "uniqueidentifier",
            Self::Date => "date",
            Self::Time(_) => "time",
            Self::SmallDateTime => "smalldatetime",
            Self::DateTime => "datetime",
            Self::DateTime2(_) => "datetime2",
        }
    }

    /// The name that SQL Server's messages use.
    pub(crate) fn message_name(self) -> &'static str {
        if matches!(self, Self::Decimal { .. }) { "numeric" } else { self.name() }
    }

    pub(crate) fn is_text(self) -> bool {
        matches!(self, Self::Char(_) | Self::VarChar(_) | Self::NChar(_) | Self::NVarChar(_))
    }

    pub(crate) fn is_unicode(self) -> bool {
        matches!(self, Self::NChar(_) | Self::NVarChar(_))
    }

    pub(crate) fn is_integer(self) -> bool {
        matches!(self, Self::Bit | Self::TinyInt | Self::SmallInt | Self::Int | Self::BigInt)
    }

    pub(crate) fn is_number(self) -> bool {
        self.is_integer() || matches!(self, Self::Decimal { .. } | Self::Real | Self::Float)
    }

    pub(crate) fn is_moment(self) -> bool {
        matches!(
            self,
            Self::Date | Self::Time(_) | Self::SmallDateTime | Self::DateTime | Self::DateTime2(_)
        )
    }

    pub(crate) fn is_binary(self) -> bool {
        matches!(self, Self::Binary(_) | Self::VarBinary(_))
    }

    /// The declared length of text or binary.
    pub(crate) fn len(self) -> Option<u16> {
        if let Self::Char(n)
        | Self::VarChar(n)
        | Self::NChar(n)
        | Self::NVarChar(n)
        | Self::Binary(n)
        | Self::VarBinary(n) = self
        {
            return Some(n);
        }
        None
    }

    /// The same type with another length.
    pub(crate) fn with_len(self, len: u16) -> Self {
        if self.is_unicode() {
            Self::NVarChar(cap(len, NVARCHAR_MAX))
        } else {
            Self::VarChar(cap(len, VARCHAR_MAX))
        }
    }

    /// Precision and scale as a decimal would need them for every value of the type.
    pub(crate) fn digits(self) -> Option<(u8, u8)> {
        match self {
            Self::Bit => Some((1, 0)),
            Self::TinyInt => Some((3, 0)),
            Self::SmallInt => Some((5, 0)),
            Self::Int => Some((10, 0)),
            Self::BigInt => Some((19, 0)),
            Self::Decimal { precision, scale } => Some((precision, scale)),
            Self::Null
            | Self::Real
            | Self::Float
            | Self::Char(_)
            | Self::VarChar(_)
            | Self::NChar(_) => None,
            Self::NVarChar(_)
            | Self::Binary(_)
            | Self::VarBinary(_)
            | Self::Guid
            | Self::Date
            | Self::Time(_) => None,
            Self::SmallDateTime | Self::DateTime | Self::DateTime2(_) => None,
        }
    }

    /// Data type precedence: the operand with the lower one is converted to the other's type.
    fn rank(self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Binary(_) => 1,
            Self::VarBinary(_) => 2,
            Self::Char(_) => 3,
            Self::VarChar(_) => 4,
            Self::NChar(_) => 5,
            Self::NVarChar(_) => 6,
            Self::Guid => 7,
            Self::Bit => 8,
            Self::TinyInt => 9,
            Self::SmallInt => 10,
            Self::Int => 11,
            Self::BigInt => 12,
            Self::Decimal { .. } => 13,
            Self::Real => 14,
            Self::Float => 15,
            Self::Time(_) => 16,
            Self::Date => 17,
            Self::SmallDateTime => 18,
            Self::DateTime => 19,
            Self::DateTime2(_) => 20,
        }
    }

    /// The type that two operands are brought to.
    pub(crate) fn common(self, other: Self) -> Self {
        let (low, high) = if self.rank() <= other.rank() { (self, other) } else { (other, self) };
        if low == Self::Null {
            return high;
        }
        if low.is_text() && high.is_text() || low.is_binary() && high.is_binary() {
            let len = low.len().unwrap_or(1).max(high.len().unwrap_or(1));
            let varies = low != high || !matches!(high, Self::Char(_) | Self::NChar(_));
            return if varies && high.is_text() { high.with_len(len) } else { high };
        }
        if let (Self::Decimal { precision, scale }, Some((p, s))) = (high, low.digits()) {
            let scale_both = scale.max(s);
            let whole = (precision - scale).max(p - s);
            return Self::Decimal {
                precision: (whole + scale_both).min(PRECISION_MAX),
                scale: scale_both,
            };
        }
        if let (Self::DateTime2(a), Self::DateTime2(b)) = (high, low) {
            return Self::DateTime2(a.max(b));
        }
        high
    }

    /// A number that stands for the type where only a number can be handed on (SQLite functions).
    pub(crate) fn code(self) -> i64 {
        let (args, base) = (i64::from(self.rank()), 256);
        match self {
            Self::Char(n)
            | Self::VarChar(n)
            | Self::NChar(n)
            | Self::NVarChar(n)
            | Self::Binary(n)
            | Self::VarBinary(n) => args + base * i64::from(n),
            Self::Decimal { precision, scale } => {
                args + base * (i64::from(precision) * 256 + i64::from(scale))
            }
            Self::Time(n) | Self::DateTime2(n) => args + base * i64::from(n),
            Self::Null | Self::Bit | Self::TinyInt | Self::SmallInt | Self::Int | Self::BigInt => {
                args
            }
            Self::Real
            | Self::Float
            | Self::Guid
            | Self::Date
            | Self::SmallDateTime
            | Self::DateTime => args,
        }
    }

    /// The type behind [`SqlType::code`].
    pub(crate) fn from_code(code: i64) -> Self {
        let arg = u16::try_from(code / 256 % 65_536).expect("within u16 by the remainder");
        let [scale, precision] = arg.to_le_bytes();
        match code % 256 {
            1 => Self::Binary(arg),
            2 => Self::VarBinary(arg),
            3 => Self::Char(arg),
            4 => Self::VarChar(arg),
            5 => Self::NChar(arg),
            6 => Self::NVarChar(arg),
            7 => Self::Guid,
            8 => Self::Bit,
            9 => Self::TinyInt,
            10 => Self::SmallInt,
            11 => Self::Int,
            12 => Self::BigInt,
            13 => Self::Decimal { precision, scale },
            14 => Self::Real,
            15 => Self::Float,
            16 => Self::Time(scale),
            17 => Self::Date,
            18 => Self::SmallDateTime,
            19 => Self::DateTime,
            20 => Self::DateTime2(scale),
            _ => Self::Null,
        }
    }
}

fn cap(len: u16, max: u16) -> u16 {
    if len > max { MAX } else { len }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_round_trip() {
        for ty in [
            SqlType::NVarChar(MAX),
            SqlType::Decimal { precision: 12, scale: 2 },
            SqlType::DateTime2(3),
            SqlType::Bit,
            SqlType::Char(64),
        ] {
            assert_eq!(SqlType::from_code(ty.code()), ty);
        }
    }

    #[test]
    fn the_higher_type_wins() {
        assert_eq!(SqlType::Int.common(SqlType::BigInt), SqlType::BigInt);
        assert_eq!(SqlType::VarChar(10).common(SqlType::NVarChar(4)), SqlType::NVarChar(10));
        let amount = SqlType::Decimal { precision: 12, scale: 2 };
        assert_eq!(amount.common(SqlType::Int), SqlType::Decimal { precision: 12, scale: 2 });
        assert_eq!(SqlType::DateTime2(3).common(SqlType::VarChar(20)), SqlType::DateTime2(3));
    }
}

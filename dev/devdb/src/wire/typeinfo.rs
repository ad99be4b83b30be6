//! TYPE_INFO: how a column's or parameter's type is told on the wire.

use std::io;

use crate::value::sqltype::{MAX, SqlType};
use crate::wire::buffer::{Put, Reader};
use crate::wire::packet::malformed;

/// en-US, case-insensitive, accent-sensitive, Windows-1252: `SQL_Latin1_General_CP1_CI_AS`.
pub(crate) const COLLATION: [u8; 5] = [0x09, 0x04, 0xD0, 0x00, 0x34];

const NULL: u8 = 0x1F;
const INT_N: u8 = 0x26;
const BIT_N: u8 = 0x68;
const DECIMAL_N: u8 = 0x6A;
const NUMERIC_N: u8 = 0x6C;
const FLOAT_N: u8 = 0x6D;
const DATETIME_N: u8 = 0x6F;
const GUID: u8 = 0x24;
const DATE_N: u8 = 0x28;
const TIME_N: u8 = 0x29;
const DATETIME2_N: u8 = 0x2A;
const VARBINARY: u8 = 0xA5;
const VARCHAR: u8 = 0xA7;
const BINARY: u8 = 0xAD;
const CHAR: u8 = 0xAF;
const NVARCHAR: u8 = 0xE7;
const NCHAR: u8 = 0xEF;

/// How the bytes of a value are framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// No bytes at all: NULL.
    Nothing,
    /// So many bytes, never NULL.
    Fixed(usize),
    /// Behind one byte of length, 0 for NULL.
    Short,
    /// Behind two bytes of length, 0xFFFF for NULL.
    Long,
    /// In chunks (PLP).
    Chunks,
}

/// A type as a client sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) ty: SqlType,
    pub(crate) framing: Framing,
}

/// Reads the type of a parameter.
pub(crate) fn read(reader: &mut Reader<'_>) -> io::Result<Sent> {
    let token = reader.u8()?;
    let fixed = |ty, n| Ok(Sent { ty, framing: Framing::Fixed(n) });
    let short = |ty| Sent { ty, framing: Framing::Short };
    match token {
        NULL => Ok(Sent { ty: SqlType::Null, framing: Framing::Nothing }),
        0x30 => fixed(SqlType::TinyInt, 1),
        0x32 => fixed(SqlType::Bit, 1),
        0x34 => fixed(SqlType::SmallInt, 2),
        0x38 => fixed(SqlType::Int, 4),
        0x3A => fixed(SqlType::SmallDateTime, 4),
        0x3B => fixed(SqlType::Real, 4),
        0x3D => fixed(SqlType::DateTime, 8),
        0x3E => fixed(SqlType::Float, 8),
        0x7F => fixed(SqlType::BigInt, 8),
        INT_N => Ok(short(match reader.u8()? {
            1 => SqlType::TinyInt,
            2 => SqlType::SmallInt,
            4 => SqlType::Int,
            _ => SqlType::BigInt,
        })),
        BIT_N => reader.u8().map(|_| short(SqlType::Bit)),
        FLOAT_N => Ok(short(if reader.u8()? == 4 { SqlType::Real } else { SqlType::Float })),
        DATETIME_N => {
            Ok(short(if reader.u8()? == 4 { SqlType::SmallDateTime } else { SqlType::DateTime }))
        }
        GUID => reader.u8().map(|_| short(SqlType::Guid)),
        DECIMAL_N | NUMERIC_N => {
            reader.u8()?;
            Ok(short(SqlType::Decimal { precision: reader.u8()?, scale: reader.u8()? }))
        }
        DATE_N => Ok(short(SqlType::Date)),
        TIME_N => Ok(short(SqlType::Time(reader.u8()?))),
        DATETIME2_N => Ok(short(SqlType::DateTime2(reader.u8()?))),
        NVARCHAR | NCHAR | VARCHAR | CHAR | VARBINARY | BINARY => read_long(token, reader),
        _ => Err(malformed(&format!("type 0x{token:02x} is not spoken here"))),
    }
}

fn read_long(token: u8, reader: &mut Reader<'_>) -> io::Result<Sent> {
    let len = reader.u16()?;
    if !matches!(token, VARBINARY | BINARY) {
        reader.take(COLLATION.len())?;
    }
    let units = if len == MAX { MAX } else { (len / 2).max(1) };
    let ty = match token {
        NVARCHAR => SqlType::NVarChar(units),
        NCHAR => SqlType::NChar(units),
        VARCHAR => SqlType::VarChar(len.max(1)),
        CHAR => SqlType::Char(len.max(1)),
        BINARY => SqlType::Binary(len.max(1)),
        _ => SqlType::VarBinary(len.max(1)),
    };
    Ok(Sent { ty, framing: if len == MAX { Framing::Chunks } else { Framing::Long } })
}

/// Appends the type of a column; every column is sent as one that may be NULL.
pub(crate) fn put(out: &mut Vec<u8>, ty: SqlType) {
    let text = |out: &mut Vec<u8>, token: u8, bytes: u16| {
        out.put_u8(token);
        out.put_u16(bytes);
        out.extend_from_slice(&COLLATION);
    };
    let doubled = |units: u16| if units == MAX { MAX } else { units * 2 };
    match ty {
        SqlType::Null | SqlType::Int => out.extend_from_slice(&[INT_N, 4]),
        SqlType::Bit => out.extend_from_slice(&[BIT_N, 1]),
        SqlType::TinyInt => out.extend_from_slice(&[INT_N, 1]),
        SqlType::SmallInt => out.extend_from_slice(&[INT_N, 2]),
        SqlType::BigInt => out.extend_from_slice(&[INT_N, 8]),
        SqlType::Decimal { precision, scale } => {
            out.extend_from_slice(&[DECIMAL_N, decimal_len(precision), precision, scale]);
        }
        SqlType::Real => out.extend_from_slice(&[FLOAT_N, 4]),
        SqlType::Float => out.extend_from_slice(&[FLOAT_N, 8]),
        SqlType::Char(len) => text(out, CHAR, len),
        SqlType::VarChar(len) => text(out, VARCHAR, len),
        SqlType::NChar(len) => text(out, NCHAR, doubled(len)),
        SqlType::NVarChar(len) => text(out, NVARCHAR, doubled(len)),
        SqlType::Binary(len) => {
            out.put_u8(BINARY);
            out.put_u16(len);
        }
        SqlType::VarBinary(len) => {
            out.put_u8(VARBINARY);
            out.put_u16(len);
        }
        SqlType::Guid => out.extend_from_slice(&[GUID, 16]),
        SqlType::Date => out.put_u8(DATE_N),
        SqlType::Time(digits) => out.extend_from_slice(&[TIME_N, digits]),
        SqlType::SmallDateTime => out.extend_from_slice(&[DATETIME_N, 4]),
        SqlType::DateTime => out.extend_from_slice(&[DATETIME_N, 8]),
        SqlType::DateTime2(digits) => out.extend_from_slice(&[DATETIME2_N, digits]),
    }
}

/// Bytes of a decimal with its sign.
pub(crate) fn decimal_len(precision: u8) -> u8 {
    match precision {
        0..=9 => 5,
        10..=19 => 9,
        20..=28 => 13,
        _ => 17,
    }
}

/// Bytes of a time of day with so many fractional digits.
pub(crate) fn time_len(digits: u8) -> usize {
    match digits {
        0..=2 => 3,
        3..=4 => 4,
        _ => 5,
    }
}

//! Values on the wire: a parameter's bytes read into a datum, a datum written as a column's bytes.

use std::borrow::Cow;
use std::io;

use crate::value::datetime::{self, DAYS_TO_1900, TICKS_PER_DAY, TICKS_PER_SECOND};
use crate::value::datum::{Datum, Owned};
use crate::value::sqltype::{MAX, SqlType};
use crate::wire::buffer::{Put, Reader};
use crate::wire::codepage;
use crate::wire::packet::malformed;
use crate::wire::typeinfo::{Framing, Sent, decimal_len, time_len};

const PLP_NULL: u64 = u64::MAX;

/// Reads a parameter's value.
pub(crate) fn read(reader: &mut Reader<'_>, sent: Sent) -> io::Result<Owned> {
    let bytes: Cow<'_, [u8]> = match sent.framing {
        Framing::Nothing => return Ok(Datum::Null),
        Framing::Fixed(n) => Cow::Borrowed(reader.take(n)?),
        Framing::Short => match reader.u8()? {
            0 => return Ok(Datum::Null),
            n => Cow::Borrowed(reader.take(usize::from(n))?),
        },
        Framing::Long => match reader.u16()? {
            MAX => return Ok(Datum::Null),
            n => Cow::Borrowed(reader.take(usize::from(n))?),
        },
        Framing::Chunks => match read_chunks(reader)? {
            None => return Ok(Datum::Null),
            Some(bytes) => bytes,
        },
    };
    decode(&bytes, sent.ty)
}

fn read_chunks<'a>(reader: &mut Reader<'a>) -> io::Result<Option<Cow<'a, [u8]>>> {
    if reader.u64()? == PLP_NULL {
        return Ok(None);
    }
    let mut whole = Cow::Borrowed(&[][..]);
    loop {
        let n = reader.len32()?;
        if n == 0 {
            return Ok(Some(whole));
        }
        let chunk = reader.take(n)?;
        if whole.is_empty() {
            whole = Cow::Borrowed(chunk);
        } else {
            whole.to_mut().extend_from_slice(chunk);
        }
    }
}

fn decode(bytes: &[u8], ty: SqlType) -> io::Result<Owned> {
    Ok(match ty {
        SqlType::Null => Datum::Null,
        SqlType::Bit => Datum::Int(i64::from(bytes.iter().any(|b| *b != 0))),
        SqlType::TinyInt => Datum::Int(unsigned(bytes)?),
        SqlType::SmallInt | SqlType::Int | SqlType::BigInt => Datum::Int(signed(bytes)?),
        SqlType::Decimal { .. } => {
            let (sign, digits) = bytes.split_first().ok_or_else(|| malformed("decimal"))?;
            let mut wide = [0u8; 16];
            wide.get_mut(..digits.len())
                .ok_or_else(|| malformed("decimal"))?
                .copy_from_slice(digits);
            let value = i64::try_from(u128::from_le_bytes(wide))
                .map_err(|_| malformed("decimal of more than 18 digits"))?;
            Datum::Int(if *sign == 0 { -value } else { value })
        }
        SqlType::Real | SqlType::Float => Datum::Real(match *bytes {
            [a, b, c, d] => f64::from(f32::from_le_bytes([a, b, c, d])),
            [a, b, c, d, e, f, g, h] => f64::from_le_bytes([a, b, c, d, e, f, g, h]),
            _ => return Err(malformed("float")),
        }),
        SqlType::Char(_) | SqlType::VarChar(_) => Datum::text(codepage::ansi_to_string(bytes)),
        SqlType::NChar(_) | SqlType::NVarChar(_) => Datum::text(codepage::utf16_to_string(bytes)),
        SqlType::Binary(_) | SqlType::VarBinary(_) => Datum::Bytes(Cow::Owned(bytes.to_vec())),
        SqlType::Guid => Datum::text(guid_text(bytes)?),
        SqlType::Date => Datum::Int(unsigned(bytes)? * TICKS_PER_DAY),
        SqlType::Time(digits) => {
            Datum::Int(unsigned(bytes)? * 10i64.pow(u32::from(7 - digits.min(7))))
        }
        SqlType::DateTime2(digits) => {
            let (time, date) =
                bytes.split_at_checked(time_len(digits)).ok_or_else(|| malformed("datetime2"))?;
            let unit = 10i64.pow(u32::from(7 - digits.min(7)));
            Datum::Int(unsigned(date)? * TICKS_PER_DAY + unsigned(time)? * unit)
        }
        SqlType::SmallDateTime => {
            let (date, time) =
                bytes.split_at_checked(2).ok_or_else(|| malformed("smalldatetime"))?;
            Datum::Int(
                (unsigned(date)? + DAYS_TO_1900) * TICKS_PER_DAY
                    + unsigned(time)? * 60 * TICKS_PER_SECOND,
            )
        }
        SqlType::DateTime => {
            let (date, time) = bytes.split_at_checked(4).ok_or_else(|| malformed("datetime"))?;
            let ticks = datetime::ticks_of_thirds(unsigned(time)?);
            Datum::Int((signed(date)? + DAYS_TO_1900) * TICKS_PER_DAY + ticks)
        }
    })
}

fn unsigned(bytes: &[u8]) -> io::Result<i64> {
    let mut wide = [0u8; 8];
    wide.get_mut(..bytes.len()).ok_or_else(|| malformed("integer"))?.copy_from_slice(bytes);
    Ok(i64::from_le_bytes(wide))
}

fn signed(bytes: &[u8]) -> io::Result<i64> {
    let is_negative = bytes.last().is_some_and(|b| b & 0x80 != 0);
    let mut wide = if is_negative { [0xFF; 8] } else { [0; 8] };
    wide.get_mut(..bytes.len()).ok_or_else(|| malformed("integer"))?.copy_from_slice(bytes);
    Ok(i64::from_le_bytes(wide))
}

/// In which order the bytes of a `uniqueidentifier` are printed.
const GUID_ORDER: [usize; 16] = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];

fn guid_text(bytes: &[u8]) -> io::Result<String> {
    let bytes: &[u8; 16] = bytes.try_into().map_err(|_| malformed("uniqueidentifier"))?;
    let hex: String = GUID_ORDER.iter().map(|at| format!("{:02X}", bytes[*at])).collect();
    Ok(format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]))
}

/// Appends a column's value.
pub(crate) fn put(out: &mut Vec<u8>, ty: SqlType, value: &Datum<'_>) {
    match value {
        Datum::Null => put_null(out, ty),
        Datum::Int(number) => put_int(out, ty, *number),
        Datum::Real(number) => put_real(out, ty, *number),
        Datum::Text(text) if ty == SqlType::Guid => put_guid(out, text),
        Datum::Text(text) => put_text(out, ty, text),
        Datum::Bytes(bytes) => put_bytes(out, ty.len() == Some(MAX), bytes),
    }
}

fn put_null(out: &mut Vec<u8>, ty: SqlType) {
    match ty.len() {
        Some(MAX) => out.put_u64(PLP_NULL),
        Some(_) => out.put_u16(MAX),
        None => out.put_u8(0),
    }
}

fn put_int(out: &mut Vec<u8>, ty: SqlType, number: i64) {
    let le = number.to_le_bytes();
    let short = |out: &mut Vec<u8>, bytes: &[u8]| {
        out.put_u8(u8::try_from(bytes.len()).expect("at most 17 bytes"));
        out.extend_from_slice(bytes);
    };
    let (day, time) = (number.div_euclid(TICKS_PER_DAY), number.rem_euclid(TICKS_PER_DAY));
    match ty {
        SqlType::Null | SqlType::Int => short(out, &le[..4]),
        SqlType::Bit | SqlType::TinyInt => short(out, &le[..1]),
        SqlType::SmallInt => short(out, &le[..2]),
        SqlType::BigInt => short(out, &le),
        SqlType::Decimal { precision, .. } => {
            let len = decimal_len(precision);
            out.put_u8(len);
            out.put_u8(u8::from(number >= 0));
            out.extend_from_slice(
                &u128::from(number.unsigned_abs()).to_le_bytes()[..usize::from(len) - 1],
            );
        }
        SqlType::Real | SqlType::Float => put_real(out, ty, to_float(number)),
        SqlType::Date => short(out, &day.to_le_bytes()[..3]),
        SqlType::Time(digits) => {
            let units = time / 10i64.pow(u32::from(7 - digits.min(7)));
            short(out, &units.to_le_bytes()[..time_len(digits)]);
        }
        SqlType::DateTime2(digits) => {
            let units = time / 10i64.pow(u32::from(7 - digits.min(7)));
            let mut bytes = units.to_le_bytes()[..time_len(digits)].to_vec();
            bytes.extend_from_slice(&day.to_le_bytes()[..3]);
            short(out, &bytes);
        }
        SqlType::SmallDateTime => {
            let minutes = time / (60 * TICKS_PER_SECOND);
            let mut bytes = (day - DAYS_TO_1900).to_le_bytes()[..2].to_vec();
            bytes.extend_from_slice(&minutes.to_le_bytes()[..2]);
            short(out, &bytes);
        }
        SqlType::DateTime => {
            let mut bytes = (day - DAYS_TO_1900).to_le_bytes()[..4].to_vec();
            bytes.extend_from_slice(&datetime::thirds_of_ticks(time).to_le_bytes()[..4]);
            short(out, &bytes);
        }
        SqlType::Char(_) | SqlType::VarChar(_) | SqlType::NChar(_) | SqlType::NVarChar(_) => {
            put_text(out, ty, &number.to_string());
        }
        SqlType::Guid | SqlType::Binary(_) | SqlType::VarBinary(_) => put_null(out, ty),
    }
}

#[allow(clippy::cast_precision_loss, reason = "a float is what the column has")]
fn to_float(number: i64) -> f64 {
    number as f64
}

#[allow(clippy::cast_possible_truncation, reason = "single precision is what `real` has")]
fn put_real(out: &mut Vec<u8>, ty: SqlType, number: f64) {
    if ty == SqlType::Real {
        out.put_u8(4);
        out.extend_from_slice(&(number as f32).to_le_bytes());
    } else {
        out.put_u8(8);
        out.extend_from_slice(&number.to_le_bytes());
    }
}

fn put_guid(out: &mut Vec<u8>, text: &str) {
    let hex: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let pair = |at: usize| {
        let digits = hex
            .get(at * 2..at * 2 + 2)
            .and_then(|pair| std::str::from_utf8(pair).ok())
            .unwrap_or("00");
        u8::from_str_radix(digits, 16).unwrap_or(0)
    };
    out.put_u8(16);
    out.extend(GUID_ORDER.iter().map(|at| pair(*at)));
}

/// Writes the text in place and its length afterwards: documents are long, and copied once.
fn put_text(out: &mut Vec<u8>, ty: SqlType, text: &str) {
    let put: fn(&mut Vec<u8>, &str) =
        if ty.is_unicode() { codepage::put_utf16 } else { codepage::put_ansi };
    let is_max = ty.len() == Some(MAX);
    let start = out.len();
    if is_max {
        out.put_u64(0);
        out.put_u32(0);
    } else {
        out.put_u16(0);
    }
    let body = out.len();
    put(out, text);
    let len = out.len() - body;
    if !is_max {
        out[start..body].copy_from_slice(&u16::try_from(len).unwrap_or(MAX - 1).to_le_bytes());
        return;
    }
    out[start..start + 8].copy_from_slice(&u64::try_from(len).expect("usize fits").to_le_bytes());
    if len == 0 {
        return;
    }
    out[start + 8..body]
        .copy_from_slice(&u32::try_from(len).expect("a value is below 4 GiB").to_le_bytes());
    out.put_u32(0);
}

fn put_bytes(out: &mut Vec<u8>, is_max: bool, bytes: &[u8]) {
    if !is_max {
        out.put_block(bytes);
        return;
    }
    out.put_u64(u64::try_from(bytes.len()).expect("usize fits"));
    if !bytes.is_empty() {
        out.put_u32(u32::try_from(bytes.len()).expect("a value is below 4 GiB"));
        out.extend_from_slice(bytes);
    }
    out.put_u32(0);
}

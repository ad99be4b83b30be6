//! Rows as JSON: one array of arrays per table, read back by `OPENJSON ... WITH`.

use std::fmt::Write as _;

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, SubsecRound as _};
use xmlx_extract::Value;

use crate::catalog::CatalogColumn;

/// How one column travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ColumnCodec {
    /// The type named in the `WITH` clause.
    pub(crate) sql_type: String,
    family: Family,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    Bit,
    Number,
    Text,
    Date,
    /// With so many fractional digits of a second.
    DateTime(u8),
    /// The same, with an offset from UTC.
    DateTimeOffset(u8),
}

/// Fractional digits of a second that a text has room for.
const TEXT_DIGITS: u8 = 7;

impl ColumnCodec {
    /// The codec of a catalog column. Texts travel as `nvarchar(max)`, so that what is too long for
    /// its column raises an error instead of being cut in silence.
    pub(crate) fn new(column: &CatalogColumn) -> Self {
        let name = column.type_name.as_str();
        let (sql_type, family) = match name {
            "bit" => (name.to_owned(), Family::Bit),
            "tinyint" | "smallint" | "int" | "bigint" | "float" | "real" | "money"
            | "smallmoney" => (name.to_owned(), Family::Number),
            "decimal" | "numeric" => {
                (format!("{name}({},{})", column.precision, column.scale), Family::Number)
            }
            "date" => (name.to_owned(), Family::Date),
            "datetime" => (name.to_owned(), Family::DateTime(3)),
            "smalldatetime" => (name.to_owned(), Family::DateTime(0)),
            "datetime2" => {
                (format!("{name}({})", column.scale), Family::DateTime(digits(column.scale)))
            }
            "datetimeoffset" => {
                (format!("{name}({})", column.scale), Family::DateTimeOffset(digits(column.scale)))
            }
            _ => ("nvarchar(max)".to_owned(), Family::Text),
        };
        Self { sql_type, family }
    }

    /// Appends a value as JSON.
    pub(crate) fn write(&self, value: &Value, out: &mut String) {
        match value {
            Value::Null => out.push_str("null"),
            Value::Bit(it) => self.write_bit(*it, out),
            Value::Int(it) => self.write_plain(it, out),
            Value::Decimal(it) => self.write_plain(it, out),
            Value::Float(it) if it.is_finite() => self.write_float(*it, out),
            Value::Float(_) => out.push_str("null"),
            Value::Text(it) => write_text(it, out),
            Value::Date(it) => self.write_date(*it, out),
            Value::DateTime(it) => self.write_datetime(*it, out),
            Value::DateTimeOffset(it) => self.write_with_offset(*it, out),
        }
    }

    fn write_bit(&self, it: bool, out: &mut String) {
        match self.family {
            Family::Bit => out.push_str(if it { "true" } else { "false" }),
            Family::Text => out.push_str(if it { "\"1\"" } else { "\"0\"" }),
            Family::Number | Family::Date | Family::DateTime(_) | Family::DateTimeOffset(_) => {
                out.push(if it { '1' } else { '0' });
            }
        }
    }

    fn write_plain(&self, it: impl std::fmt::Display, out: &mut String) {
        let quote = if self.family == Family::Text { "\"" } else { "" };
        write!(out, "{quote}{it}{quote}").expect("writing to a string does not fail");
    }

    /// Far from 1 with an exponent, since a conversion of hundreds of zeros is not to be relied on.
    fn write_float(&self, float: f64, out: &mut String) {
        match self.family {
            Family::Text => self.write_plain(float, out),
            Family::Bit
            | Family::Number
            | Family::Date
            | Family::DateTime(_)
            | Family::DateTimeOffset(_) => self.write_plain(format_args!("{float:?}"), out),
        }
    }

    fn write_date(&self, it: NaiveDate, out: &mut String) {
        let has_time = matches!(self.family, Family::DateTime(_) | Family::DateTimeOffset(_));
        let time = if has_time { "T00:00:00" } else { "" };
        write!(out, "\"{it}{time}\"").expect("writing to a string does not fail");
    }

    /// Rounded to the digits of the column: a `datetime` is read of no more.
    fn write_datetime(&self, date: NaiveDateTime, out: &mut String) {
        let digits = match self.family {
            Family::Date => return self.write_date(date.date(), out),
            Family::DateTime(digits) | Family::DateTimeOffset(digits) => digits,
            Family::Bit | Family::Number | Family::Text => TEXT_DIGITS,
        };
        write!(out, "\"{}\"", clock(date, digits)).expect("writing to a string does not fail");
    }

    /// Only columns that have an offset get one; the others get what the clock shows.
    fn write_with_offset(&self, date: DateTime<FixedOffset>, out: &mut String) {
        let digits = match self.family {
            Family::DateTimeOffset(digits) => digits,
            Family::Text => TEXT_DIGITS,
            Family::Bit | Family::Number | Family::Date | Family::DateTime(_) => {
                return self.write_datetime(date.naive_local(), out);
            }
        };
        let clock = clock(date.naive_local(), digits);
        write!(out, "\"{clock}{}\"", date.offset()).expect("writing to a string does not fail");
    }
}

/// Digits of a second by the catalog.
fn digits(scale: i32) -> u8 {
    u8::try_from(scale).unwrap_or(TEXT_DIGITS).min(TEXT_DIGITS)
}

/// A day and a time of day with so many digits of a second, or as many as say something, but three.
fn clock(date: NaiveDateTime, digits: u8) -> String {
    let date = date.round_subsecs(digits.into());
    let written = date.format("%Y-%m-%dT%H:%M:%S%.9f").to_string();
    let (kept, beyond) = written.split_at(written.len() - 9 + usize::from(digits));
    debug_assert!(beyond.bytes().all(|digit| digit == b'0'), "rounded before");
    match digits {
        0 => kept.trim_end_matches('.').to_owned(),
        1..=3 => kept.to_owned(),
        4.. => {
            let shortest = written.len() - 6;
            let said = kept.trim_end_matches('0').len().max(shortest);
            kept[..said].to_owned()
        }
    }
}

/// Appends one row to the array of rows in `out`.
pub(crate) fn push_row(codecs: &[ColumnCodec], row: &[Value], out: &mut String) {
    out.push_str(if out.is_empty() { "[[" } else { ",[" });
    for (i, (codec, value)) in codecs.iter().zip(row).enumerate() {
        if i > 0 {
            out.push(',');
        }
        codec.write(value, out);
    }
    out.push(']');
}

/// Appends one row with its application's id before it.
pub(crate) fn push_row_of(app_id: i64, codecs: &[ColumnCodec], row: &[Value], out: &mut String) {
    out.push_str(if out.is_empty() { "[[" } else { ",[" });
    write!(out, "{app_id}").expect("writing to a string does not fail");
    for (codec, value) in codecs.iter().zip(row) {
        out.push(',');
        codec.write(value, out);
    }
    out.push(']');
}

/// Appends one row of the log.
pub(crate) fn push_log(app_id: i64, status: &str, reason: Option<&str>, out: &mut String) {
    out.push_str(if out.is_empty() { "[[" } else { ",[" });
    write!(out, "{app_id},\"{status}\",").expect("writing to a string does not fail");
    match reason {
        Some(it) => write_text(it, out),
        None => out.push_str("null"),
    }
    out.push(']');
}

/// Ends the array of rows, and makes it long enough to travel as `nvarchar(max)`.
pub(crate) fn close(out: &mut String) {
    out.push_str(if out.is_empty() { "[]" } else { "]" });
    pad(out);
}

/// Makes a text long enough to travel as `nvarchar(max)`: the driver declares shorter ones as `nvarchar(4000)`, and the
/// server makes a plan of its own for every mixture of the two.
pub(crate) fn pad(out: &mut String) {
    const SHORT_MAX: usize = 4_000;
    let missing = (SHORT_MAX + 1).saturating_sub(out.len());
    out.extend(std::iter::repeat_n(' ', missing));
}

/// The same JSON without characters beyond ASCII, which are escaped: they stand in strings alone.
pub(crate) fn ascii(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            write!(out, "\\u{unit:04x}").expect("writing to a string does not fail");
        }
    }
    out
}

fn write_text(it: &str, out: &mut String) {
    out.push_str(&serde_json::to_string(it).expect("a string is always JSON"));
}

#[cfg(test)]
mod tests {
    use chrono::Timelike as _;

    use super::*;

    fn codec(type_name: &str) -> ColumnCodec {
        codec_of(type_name, 2)
    }

    fn codec_of(type_name: &str, scale: i32) -> ColumnCodec {
        ColumnCodec::new(&CatalogColumn {
            name: "c".to_owned(),
            collation: None,
            type_name: type_name.to_owned(),
            max_length: 0,
            precision: 12,
            scale,
            nullable: true,
            identity: false,
            computed: false,
            default: None,
            default_hidden: false,
        })
    }

    #[test]
    fn times_are_rounded_to_their_column() {
        let at = NaiveDate::from_ymd_opt(2024, 12, 31).expect("a date");
        let at = at.and_hms_nano_opt(23, 59, 45, 678_901_200).expect("a time");
        let late = at.with_second(59).and_then(|at| at.with_nanosecond(999_600_000));
        let offset = FixedOffset::east_opt(5 * 3600).expect("an offset");
        let check = |type_name: &str, scale, value: Value, expected: &str| {
            let mut out = String::new();
            push_row(&[codec_of(type_name, scale)], &[value], &mut out);
            assert_eq!(out, format!("[[\"{expected}\"]"), "{type_name}({scale})");
        };
        let plain = || Value::DateTime(at);
        check("datetime2", 7, plain(), "2024-12-31T23:59:45.6789012");
        check("datetime2", 3, plain(), "2024-12-31T23:59:45.679");
        check("datetime2", 0, plain(), "2024-12-31T23:59:46");
        check("datetime", 3, plain(), "2024-12-31T23:59:45.679");
        check("datetime", 3, Value::DateTime(late.expect("a time")), "2025-01-01T00:00:00.000");
        check("nvarchar", 0, plain(), "2024-12-31T23:59:45.6789012");
        check("date", 0, plain(), "2024-12-31");
        let dated = || Value::DateTimeOffset(DateTime::from_naive_utc_and_offset(at, offset));
        check("datetimeoffset", 7, dated(), "2025-01-01T04:59:45.6789012+05:00");
        check("datetimeoffset", 0, dated(), "2025-01-01T04:59:46+05:00");
        check("nvarchar", 0, dated(), "2025-01-01T04:59:45.6789012+05:00");
        check("datetime2", 2, dated(), "2025-01-01T04:59:45.68");
        check("datetimeoffset", 2, Value::Date(at.date()), "2024-12-31T00:00:00");
    }

    #[test]
    fn floats_are_written_with_an_exponent_where_they_are_far_from_one() {
        let check = |type_name: &str, float, expected: &str| {
            let mut out = String::new();
            push_row(&[codec(type_name)], &[Value::Float(float)], &mut out);
            assert_eq!(out, format!("[[{expected}]"));
        };
        check("float", 6.626_070_15e-34, "6.62607015e-34");
        check("float", 1.5, "1.5");
        check("float", 1e300, "1e300");
        check("nvarchar", 3.0, "\"3\"");
    }

    #[test]
    fn values_are_written_for_the_type_of_their_column() {
        let at = NaiveDate::from_ymd_opt(2016, 7, 3).expect("a date");
        let check = |type_name: &str, value: Value, expected: &str| {
            let mut out = String::new();
            push_row(&[codec(type_name)], &[value], &mut out);
            close(&mut out);
            assert_eq!(out.trim_end(), format!("[[{expected}]]"), "{type_name}");
            assert_eq!(out.len(), 4_001);
        };
        check("int", Value::Int(5), "5");
        check("varchar", Value::Int(5), "\"5\"");
        check("bit", Value::Bit(true), "true");
        check("smallint", Value::Bit(true), "1");
        check("varchar", Value::Text("a\"b\n".to_owned()), "\"a\\\"b\\n\"");
        check("date", Value::DateTime(at.and_hms_opt(1, 2, 3).expect("a time")), "\"2016-07-03\"");
        check("datetime", Value::Date(at), "\"2016-07-03T00:00:00\"");
        check(
            "datetime",
            Value::DateTime(at.and_hms_micro_opt(1, 2, 3, 570_900).expect("a time")),
            "\"2016-07-03T01:02:03.571\"",
        );
        check("float", Value::Float(f64::NAN), "null");
        check("decimal", Value::Null, "null");
        assert_eq!(codec("decimal").sql_type, "decimal(12,2)");
    }
}

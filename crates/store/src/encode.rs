//! Rows as JSON: one array of arrays per table, read back by `OPENJSON ... WITH`.

use std::fmt::Write as _;

use chrono::{NaiveDate, NaiveDateTime};
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
}

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
            "datetime2" | "datetimeoffset" => {
                (format!("{name}({})", column.scale), Family::DateTime(6))
            }
            _ => ("nvarchar(max)".to_owned(), Family::Text),
        };
        Self { sql_type, family }
    }

    fn write(&self, value: &Value, out: &mut String) {
        match value {
            Value::Null => out.push_str("null"),
            Value::Bit(it) => self.write_bit(*it, out),
            Value::Int(it) => self.write_plain(it, out),
            Value::Decimal(it) => self.write_plain(it, out),
            Value::Float(it) if it.is_finite() => self.write_plain(it, out),
            Value::Float(_) => out.push_str("null"),
            Value::Text(it) => write_text(it, out),
            Value::Date(it) => self.write_date(*it, out),
            Value::DateTime(it) => self.write_datetime(*it, out),
        }
    }

    fn write_bit(&self, it: bool, out: &mut String) {
        match self.family {
            Family::Bit => out.push_str(if it { "true" } else { "false" }),
            Family::Text => out.push_str(if it { "\"1\"" } else { "\"0\"" }),
            Family::Number | Family::Date | Family::DateTime(_) => {
                out.push(if it { '1' } else { '0' });
            }
        }
    }

    fn write_plain(&self, it: impl std::fmt::Display, out: &mut String) {
        let quote = if self.family == Family::Text { "\"" } else { "" };
        write!(out, "{quote}{it}{quote}").expect("writing to a string does not fail");
    }

    fn write_date(&self, it: NaiveDate, out: &mut String) {
        let time = if matches!(self.family, Family::DateTime(_)) { "T00:00:00" } else { "" };
        write!(out, "\"{it}{time}\"").expect("writing to a string does not fail");
    }

    fn write_datetime(&self, it: NaiveDateTime, out: &mut String) {
        let format = match self.family {
            Family::Date => "%Y-%m-%d",
            Family::DateTime(0) => "%Y-%m-%dT%H:%M:%S",
            Family::DateTime(6) => "%Y-%m-%dT%H:%M:%S%.6f",
            Family::DateTime(_) | Family::Bit | Family::Number | Family::Text => {
                "%Y-%m-%dT%H:%M:%S%.3f"
            }
        };
        write!(out, "\"{}\"", it.format(format)).expect("writing to a string does not fail");
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

/// Ends the array of rows, and makes it long enough to travel as `nvarchar(max)`: the driver declares shorter texts as
/// `nvarchar(4000)`, and the server makes a plan of its own for every mixture of the two.
pub(crate) fn close(out: &mut String) {
    const SHORT_MAX: usize = 4_000;
    out.push_str(if out.is_empty() { "[]" } else { "]" });
    let missing = (SHORT_MAX + 1).saturating_sub(out.len());
    out.extend(std::iter::repeat_n(' ', missing));
}

fn write_text(it: &str, out: &mut String) {
    out.push_str(&serde_json::to_string(it).expect("a string is always JSON"));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codec(type_name: &str) -> ColumnCodec {
        ColumnCodec::new(&CatalogColumn {
            name: "c".to_owned(),
            collation: None,
            type_name: type_name.to_owned(),
            max_length: 0,
            precision: 12,
            scale: 2,
            nullable: true,
            identity: false,
            computed: false,
            default: None,
            default_hidden: false,
        })
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
            "\"2016-07-03T01:02:03.570\"",
        );
        check("float", Value::Float(f64::NAN), "null");
        check("decimal", Value::Null, "null");
        assert_eq!(codec("decimal").sql_type, "decimal(12,2)");
    }
}

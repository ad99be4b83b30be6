//! The result of an expression as the value of a column.

use super::types::Family;
use super::{Datum, Expression, Flaw, text};
use crate::convert::{Conversion, Offsets, convert_date, convert_flag, convert_number};
use crate::date::Moment;
use crate::table::DataType;
use crate::value::Value;

impl Expression {
    /// Checks that results go into a column of a type without a CAST.
    pub(crate) fn fit(&self, column: DataType) -> Result<(), Flaw> {
        let own = self.data_type();
        // Everything can be written as text.
        let wanted = family(column);
        if own.family() == Family::Any || wanted == Family::Text || own.family() == wanted {
            return Ok(());
        }
        Err(Flaw::new(
            self.span.clone(),
            format!("the expression gives {own}, and the column is {column}"),
            "write CAST(.. AS ..) around it, with the type of the column".to_owned(),
        ))
    }

    /// Makes the value of a column of what the expression gave. A text of the document as it is ([`Type::Untyped`]) is
    /// for the caller to read, and a text is as long as it is.
    pub(crate) fn finish(&self, datum: Datum<'_>, column: DataType) -> Conversion {
        let whole = |value| Conversion::Value(value, None);
        if family(column) == Family::Text {
            if datum == Datum::Null {
                return whole(Value::Null);
            }
            return whole(Value::Text(text::show(&datum, self.data_type())));
        }
        let date = |moment| match convert_date(moment, column, Offsets::AsWritten) {
            // The day of a time is what a date is for.
            Conversion::Value(value, Some(_)) if column == DataType::Date => whole(value),
            other @ (Conversion::Value(..)
            | Conversion::Unreadable
            | Conversion::OutOfRange
            | Conversion::OffsetRefused) => other,
        };
        let moment = |local, offset| Moment { local, offset, is_day: false, rounded: false };
        match datum {
            Datum::Null => whole(Value::Null),
            Datum::Text(_) | Datum::Time(_) => Conversion::Unreadable,
            Datum::Int(int) => convert_number(crate::decimal::Decimal::from(int).into(), column),
            Datum::Decimal(number) => convert_number(number.into(), column),
            Datum::Float(float) if column == DataType::Float => whole(Value::Float(float)),
            Datum::Float(float) => crate::number::read(&format!("{float:e}"))
                .number()
                .map_or(Conversion::OutOfRange, |number| convert_number(number, column)),
            Datum::Bit(bit) => convert_flag(bit, column),
            Datum::Date(day) => date(Moment::day(day, None)),
            Datum::DateTime(local) => date(moment(local, None)),
            Datum::DateTimeOffset(at) => {
                date(moment(at.naive_local(), Some(at.offset().local_minus_utc() / 60)))
            }
        }
    }
}

fn family(column: DataType) -> Family {
    match column {
        DataType::Text { .. } => Family::Text,
        DataType::TinyInt
        | DataType::SmallInt
        | DataType::Int
        | DataType::BigInt
        | DataType::Decimal { .. }
        | DataType::Float
        | DataType::Bit => Family::Number,
        DataType::Date
        | DataType::DateTime
        | DataType::SmallDateTime
        | DataType::DateTime2
        | DataType::DateTimeOffset => Family::Date,
        DataType::Time | DataType::Uuid | DataType::Binary | DataType::Xml => Family::Text,
    }
}

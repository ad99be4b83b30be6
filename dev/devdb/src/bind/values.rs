//! Values that need no conversion, and the conversion of those that are put into a column.

use crate::bind::binder::Bound;
use crate::bind::expr::text_literal;
use crate::catalog::Table;
use crate::value::sqltype::{MAX, SqlType};

/// Whether every value of `from` is kept the same, and allowed, in `to`.
pub(crate) fn is_same_value(from: SqlType, to: SqlType) -> bool {
    if from == to || from == SqlType::Null {
        return true;
    }
    match to {
        SqlType::VarChar(len) => !from.is_unicode() && fits(from, len),
        SqlType::NVarChar(len) => fits(from, len),
        SqlType::TinyInt => from == SqlType::Bit,
        SqlType::SmallInt => matches!(from, SqlType::Bit | SqlType::TinyInt),
        SqlType::Int => matches!(from, SqlType::Bit | SqlType::TinyInt | SqlType::SmallInt),
        SqlType::BigInt => from.is_integer(),
        SqlType::Decimal { precision, scale } => {
            from.digits().is_some_and(|(p, s)| s == scale && p <= precision)
        }
        SqlType::Float => from == SqlType::Real,
        SqlType::DateTime => from == SqlType::SmallDateTime,
        SqlType::DateTime2(7) => from.is_moment() && !matches!(from, SqlType::Time(_)),
        SqlType::DateTime2(digits) => {
            matches!(from, SqlType::DateTime2(has) if has <= digits)
                || matches!(from, SqlType::Date | SqlType::SmallDateTime)
        }
        SqlType::Null
        | SqlType::Bit
        | SqlType::Real
        | SqlType::Char(_)
        | SqlType::NChar(_)
        | SqlType::Binary(_) => false,
        SqlType::VarBinary(_)
        | SqlType::Guid
        | SqlType::Date
        | SqlType::Time(_)
        | SqlType::SmallDateTime => false,
    }
}

fn fits(from: SqlType, len: u16) -> bool {
    from.is_text() && (len == MAX || from.len().is_some_and(|has| has != MAX && has <= len))
}

/// A value on its way into a column: what is too long or out of range raises the error SQL Server does.
pub(crate) fn assigned(bound: &Bound, table: &Table, column_idx: usize) -> String {
    let column = &table.columns[column_idx];
    if is_same_value(bound.ty, column.ty) {
        return bound.sql.clone();
    }
    let target = text_literal(&format!("{}\u{1}{}", table.sqlite_name(), column.name), false).sql;
    format!("ts_assign({}, {}, {}, {target})", bound.sql, bound.ty.code(), column.ty.code())
}

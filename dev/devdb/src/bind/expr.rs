//! Expressions.

use crate::bind::binder::{Binder, Bound};
use crate::bind::collate::Label;
use crate::bind::{aggregate, call, collate, operator, pred, query};
use crate::error::{SqlError, SqlResult};
use crate::plan::Bind;
use crate::sql::ast::{Expr, Pred};
use crate::value::decimal;
use crate::value::sqltype::{MAX, SqlType};

const VERSION: &str = "Microsoft SQL Server 2022 (devdb, a stand-in over SQLite) - 16.0.4096.0";

pub(crate) fn expr(binder: &mut Binder<'_>, expr: &Expr) -> SqlResult<Bound> {
    match expr {
        Expr::Null => Ok(Bound::value("NULL".to_owned(), SqlType::Null)),
        Expr::Number(digits) => number(digits),
        Expr::Text { text, is_national } => Ok(text_literal(text, *is_national)),
        Expr::Param(idx) => Ok(binder.param(*idx)),
        Expr::RowCount => Ok(Bound::value(binder.placeholder(Bind::RowCount), SqlType::Int)),
        Expr::TranCount => Ok(Bound::value(binder.placeholder(Bind::TranCount), SqlType::Int)),
        Expr::XactState => Ok(Bound::value(binder.placeholder(Bind::XactState), SqlType::SmallInt)),
        Expr::ErrorNumber => Ok(Bound::value(binder.placeholder(Bind::ErrorNumber), SqlType::Int)),
        Expr::ErrorMessage => {
            Ok(Bound::value(binder.placeholder(Bind::ErrorMessage), SqlType::NVarChar(4000)))
        }
        Expr::Version => Ok(text_literal(VERSION, true)),
        Expr::Column { qualifier, name, line } => binder.resolve(qualifier.as_deref(), name, *line),
        Expr::Negate(inner) => operator::negate(binder, inner),
        Expr::Arith { op, left, right } => operator::arith(binder, *op, left, right),
        Expr::Case { whens, otherwise } => case(binder, whens, otherwise.as_deref()),
        Expr::Collate { expr: inner, name } => collate::collate(binder, inner, name),
        Expr::Cast { expr: inner, ty } => {
            let inner = self::expr(binder, inner)?;
            Ok(cast(inner, *ty))
        }
        Expr::Convert { expr: inner, ty } => {
            let inner = self::expr(binder, inner)?;
            let (from, to) = (inner.ty.code(), ty.code());
            Ok(Bound::value(format!("ts_iso({}, {from}, {to})", inner.sql), *ty))
        }
        Expr::Call { func, args } => call::call(binder, *func, args),
        Expr::DateAdd { part, n, moment } => call::date_add(binder, *part, n, moment),
        Expr::DateDiff { part, from, to } => call::date_diff(binder, *part, from, to),
        Expr::Aggregate { func, is_distinct, arg } => {
            aggregate::aggregate(binder, *func, *is_distinct, arg.as_deref())
        }
        Expr::Subquery(inner) => query::scalar(binder, inner),
    }
}

/// A text literal in SQLite's SQL.
pub(crate) fn text_literal(text: &str, is_national: bool) -> Bound {
    let units = u16::try_from(crate::value::text::units(text).max(1)).unwrap_or(MAX);
    let ty = if is_national { SqlType::NVarChar(1) } else { SqlType::VarChar(1) }.with_len(units);
    // SQLite ends a literal at a zero byte; it is put together again from what is around it.
    let sql = format!("'{}'", text.replace('\'', "''").replace('\0', "'||char(0)||'"));
    Bound::value(sql, ty)
}

fn number(digits: &str) -> SqlResult<Bound> {
    if let Ok(value) = digits.parse::<i32>() {
        return Ok(Bound::value(value.to_string(), SqlType::Int));
    }
    if digits.contains(['e', 'E']) {
        let value: f64 = digits.parse().map_err(|_| too_long(digits))?;
        return Ok(Bound::value(format!("{value:?}"), SqlType::Float));
    }
    let (value, scale) = decimal::parse(digits).ok_or_else(|| too_long(digits))?;
    let value = i64::try_from(value).map_err(|_| too_long(digits))?;
    let n_digits = u8::try_from(value.unsigned_abs().to_string().len()).unwrap_or(19);
    Ok(Bound::value(value.to_string(), SqlType::Decimal { precision: n_digits.max(scale), scale }))
}

fn too_long(digits: &str) -> SqlError {
    let text = format!(
        "The number '{digits}' is out of the range for numeric representation (devdb: 18 digits)."
    );
    SqlError::new(1007, text).with_class(15)
}

fn case(
    binder: &mut Binder<'_>,
    whens: &[(Pred, Expr)],
    otherwise: Option<&Expr>,
) -> SqlResult<Bound> {
    let mut branches = Vec::with_capacity(whens.len());
    let mut ty = SqlType::Null;
    for (condition, value) in whens {
        let condition = pred::pred(binder, condition)?;
        let value = expr(binder, value)?;
        ty = ty.common(value.ty);
        branches.push((condition, value));
    }
    let otherwise = match otherwise {
        Some(value) => expr(binder, value)?,
        None => Bound::value("NULL".to_owned(), SqlType::Null),
    };
    let ty = ty.common(otherwise.ty);
    let values = branches.iter().map(|(_, value)| value).chain([&otherwise]);
    let label = collate::joined(values, "CASE")?;
    let mut sql = String::from("CASE");
    for (condition, value) in branches {
        sql.push_str(&format!(" WHEN {condition} THEN {}", implicit(&value, ty)));
    }
    sql.push_str(&format!(" ELSE {} END", implicit(&otherwise, ty)));
    Ok(Bound::value(sql, ty).labelled(label))
}

/// An explicit cast; nothing where the values are kept the same.
pub(crate) fn cast(inner: Bound, to: SqlType) -> Bound {
    if crate::bind::is_same_value(inner.ty, to) {
        return Bound { ty: to, ..inner };
    }
    let label = if inner.ty.is_text() { inner.label } else { Label::Coercible };
    Bound::value(format!("ts_cast({}, {}, {})", inner.sql, inner.ty.code(), to.code()), to)
        .labelled(label)
}

/// An implicit conversion to the type that operands are brought to: text is never cut.
pub(crate) fn implicit(inner: &Bound, to: SqlType) -> String {
    if inner.ty.is_text() && to.is_text() || crate::bind::is_same_value(inner.ty, to) {
        return inner.sql.clone();
    }
    format!("ts_cast({}, {}, {})", inner.sql, inner.ty.code(), to.code())
}

//! Predicates.

use crate::bind::binder::{Binder, Bound};
use crate::bind::collate::Label;
use crate::bind::expr::{expr, implicit};
use crate::bind::{call, collate, query};
use crate::error::SqlResult;
use crate::sql::ast::{Compare, Pred};
use crate::value::sqltype::SqlType;

pub(crate) fn pred(binder: &mut Binder<'_>, predicate: &Pred) -> SqlResult<String> {
    Ok(match predicate {
        Pred::And(left, right) => format!("({} AND {})", pred(binder, left)?, pred(binder, right)?),
        Pred::Or(left, right) => format!("({} OR {})", pred(binder, left)?, pred(binder, right)?),
        Pred::Not(inner) => format!("(NOT {})", pred(binder, inner)?),
        Pred::Compare { op, left, right } => {
            let (left, right) = (expr(binder, left)?, expr(binder, right)?);
            compare(*op, &left, &right)?
        }
        Pred::IsNull { expr: inner, is_negated } => {
            format!("({} IS {}NULL)", expr(binder, inner)?.sql, not(*is_negated))
        }
        Pred::InList { expr: inner, list, is_negated } => {
            let inner = expr(binder, inner)?;
            let mut ty = inner.ty;
            let mut bound = Vec::with_capacity(list.len());
            for item in list {
                let item = expr(binder, item)?;
                ty = ty.common(item.ty);
                bound.push(item);
            }
            let items: Vec<String> = bound.iter().map(|item| implicit(item, ty)).collect();
            let label = collate::joined([&inner].into_iter().chain(&bound), "equal to")?;
            let left = operand(&inner, ty, label);
            format!("({left} {}IN ({}))", not(*is_negated), items.join(", "))
        }
        Pred::InQuery { expr: inner, query: of, is_negated } => {
            let inner = expr(binder, inner)?;
            let of = query::single_column(binder, of, inner.ty)?;
            let label = collate::joined([&inner, &of], "equal to")?;
            format!("({} {}IN ({}))", operand(&inner, of.ty, label), not(*is_negated), of.sql)
        }
        Pred::Between { expr: inner, low, high, is_negated } => {
            let (inner, low, high) =
                (expr(binder, inner)?, expr(binder, low)?, expr(binder, high)?);
            let (above, below) = (
                compare(Compare::GreaterEqual, &inner, &low)?,
                compare(Compare::LessEqual, &inner, &high)?,
            );
            format!("({}({above} AND {below}))", not(*is_negated))
        }
        Pred::Like { expr: inner, pattern, is_negated } => {
            let (inner, pattern) = (expr(binder, inner)?, expr(binder, pattern)?);
            let text = SqlType::NVarChar(crate::value::sqltype::MAX);
            let collation = call::named(collate::joined([&inner, &pattern], "like")?);
            let is_unicode = i32::from(inner.ty.is_unicode() || pattern.ty.is_unicode());
            let (inner, pattern) = (implicit(&inner, text), implicit(&pattern, text));
            format!("({}ts_like({inner}, {pattern}, {collation}, {is_unicode}))", not(*is_negated))
        }
        Pred::Exists(of) => format!("EXISTS ({})", query::existence(binder, of)?),
    })
}

fn not(is_negated: bool) -> &'static str {
    if is_negated { "NOT " } else { "" }
}

/// A comparison of two values brought to one type.
pub(crate) fn compare(op: Compare, left: &Bound, right: &Bound) -> SqlResult<String> {
    let ty = left.ty.common(right.ty);
    let (symbol, operation) = match op {
        Compare::Equal => ("=", "equal to"),
        Compare::NotEqual => ("<>", "not equal to"),
        Compare::Less => ("<", "less than"),
        Compare::LessEqual => ("<=", "less than or equal to"),
        Compare::Greater => (">", "greater than"),
        Compare::GreaterEqual => (">=", "greater than or equal to"),
    };
    let label =
        if ty.is_text() { left.label.with(right.label, operation)? } else { Label::Coercible };
    let (left_sql, right_sql) = (implicit(left, ty), implicit(right, ty));
    // SQLite goes by the left column first.
    let decides = if left.is_column { left } else { right };
    let is_collated = decides.is_column && decides.label.collation() == label.collation();
    let collate = if is_collated || !(ty.is_text() || ty == SqlType::Guid) {
        String::new()
    } else {
        format!(" COLLATE {}", label.collation().sqlite())
    };
    Ok(format!("({left_sql} {symbol} {right_sql}{collate})"))
}

/// The left side of `IN`, with the collation that decides: SQLite might take that of the values.
fn operand(bound: &Bound, ty: SqlType, label: Label) -> String {
    let sql = implicit(bound, ty);
    if !ty.is_text() {
        return sql;
    }
    format!("({sql}) COLLATE {}", label.collation().sqlite())
}

//! Predicates.

use crate::bind::binder::{Binder, Bound};
use crate::bind::expr::{expr, implicit};
use crate::bind::query;
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
            compare(*op, &left, &right)
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
            format!("({} {}IN ({}))", operand(&inner, ty), not(*is_negated), items.join(", "))
        }
        Pred::InQuery { expr: inner, query: of, is_negated } => {
            let inner = expr(binder, inner)?;
            let (sql, ty) = query::single_column(binder, of, inner.ty)?;
            format!("({} {}IN ({sql}))", operand(&inner, ty), not(*is_negated))
        }
        Pred::Between { expr: inner, low, high, is_negated } => {
            let (inner, low, high) =
                (expr(binder, inner)?, expr(binder, low)?, expr(binder, high)?);
            let (above, below) = (
                compare(Compare::GreaterEqual, &inner, &low),
                compare(Compare::LessEqual, &inner, &high),
            );
            format!("({}({above} AND {below}))", not(*is_negated))
        }
        Pred::Like { expr: inner, pattern, is_negated } => {
            let (inner, pattern) = (expr(binder, inner)?, expr(binder, pattern)?);
            let text = SqlType::NVarChar(crate::value::sqltype::MAX);
            format!(
                "({}ts_like({}, {}))",
                not(*is_negated),
                implicit(&inner, text),
                implicit(&pattern, text)
            )
        }
        Pred::Exists(of) => format!("EXISTS ({})", query::existence(binder, of)?),
    })
}

fn not(is_negated: bool) -> &'static str {
    if is_negated { "NOT " } else { "" }
}

/// A comparison of two values brought to one type.
pub(crate) fn compare(op: Compare, left: &Bound, right: &Bound) -> String {
    let ty = left.ty.common(right.ty);
    let symbol = match op {
        Compare::Equal => "=",
        Compare::NotEqual => "<>",
        Compare::Less => "<",
        Compare::LessEqual => "<=",
        Compare::Greater => ">",
        Compare::GreaterEqual => ">=",
    };
    let (left_sql, right_sql) = (implicit(left, ty), implicit(right, ty));
    let is_collated = left.is_column || right.is_column || !(ty.is_text() || ty == SqlType::Guid);
    let collate = if is_collated { "" } else { " COLLATE TSQL" };
    format!("({left_sql} {symbol} {right_sql}{collate})")
}

/// The left side of `IN`, whose collation decides.
fn operand(bound: &Bound, ty: SqlType) -> String {
    let sql = implicit(bound, ty);
    if ty.is_text() && !bound.is_column { format!("({sql}) COLLATE TSQL") } else { sql }
}

//! Arithmetic: which type comes out, and how overflow and division by zero are noticed.

use crate::bind::binder::{Binder, Bound, refused};
use crate::bind::expr::{expr, implicit};
use crate::error::{SqlError, SqlResult};
use crate::sql::ast::{Arith, Expr};
use crate::value::sqltype::{MAX, PRECISION_MAX, SqlType};

pub(crate) fn negate(binder: &mut Binder<'_>, inner: &Expr) -> SqlResult<Bound> {
    let inner = expr(binder, inner)?;
    if !inner.ty.is_number() || inner.ty == SqlType::Bit {
        return Err(clash(inner.ty, "minus"));
    }
    if matches!(inner.ty, SqlType::Real | SqlType::Float) {
        return Ok(Bound::value(format!("(-{})", inner.sql), inner.ty));
    }
    Ok(Bound::value(format!("ts_sub(0, {}, {})", inner.sql, inner.ty.code()), inner.ty))
}

pub(crate) fn arith(
    binder: &mut Binder<'_>,
    op: Arith,
    left: &Expr,
    right: &Expr,
) -> SqlResult<Bound> {
    let (left, right) = (expr(binder, left)?, expr(binder, right)?);
    let ty = left.ty.common(right.ty);
    if left.ty.is_text() && right.ty.is_text() && op == Arith::Add {
        return concat(&left, &right);
    }
    if ty.is_moment() || !ty.is_number() && ty != SqlType::Null {
        return Err(clash(ty, name(op)));
    }
    if matches!(ty, SqlType::Decimal { .. }) {
        return decimal(op, &left, &right);
    }
    let ty = if ty == SqlType::Null { SqlType::Int } else { ty };
    let (left, right) = (implicit(&left, ty), implicit(&right, ty));
    Ok(Bound::value(format!("{}({left}, {right}, {})", function(op), ty.code()), ty))
}

fn function(op: Arith) -> &'static str {
    match op {
        Arith::Add => "ts_add",
        Arith::Subtract => "ts_sub",
        Arith::Multiply => "ts_mul",
        Arith::Divide => "ts_div",
        Arith::Modulo => "ts_mod",
    }
}

fn name(op: Arith) -> &'static str {
    match op {
        Arith::Add => "add",
        Arith::Subtract => "subtract",
        Arith::Multiply => "multiply",
        Arith::Divide => "divide",
        Arith::Modulo => "modulo",
    }
}

fn concat(left: &Bound, right: &Bound) -> SqlResult<Bound> {
    let high = left.ty.common(right.ty);
    let len = match (left.ty.len(), right.ty.len()) {
        (Some(a), Some(b)) if a != MAX && b != MAX => a.saturating_add(b),
        _ => MAX,
    };
    let label = left.label.with(right.label, "add")?;
    let sql = format!("({} || {})", left.sql, right.sql);
    Ok(Bound::value(sql, high.with_len(len)).labelled(label))
}

/// Sums and products; a quotient's many digits have no room in what decimals are kept in.
fn decimal(op: Arith, left: &Bound, right: &Bound) -> SqlResult<Bound> {
    let digits = |bound: &Bound| {
        let ty = if bound.ty == SqlType::Null { SqlType::Bit } else { bound.ty };
        ty.digits().ok_or_else(|| clash(bound.ty, name(op)))
    };
    let ((p1, s1), (p2, s2)) = (digits(left)?, digits(right)?);
    match op {
        Arith::Add | Arith::Subtract => {
            let scale = s1.max(s2);
            let precision = ((p1 - s1).max(p2 - s2) + scale + 1).min(PRECISION_MAX);
            let ty = SqlType::Decimal { precision, scale };
            let (left, right) = (implicit(left, ty), implicit(right, ty));
            Ok(Bound::value(format!("{}({left}, {right}, {})", function(op), ty.code()), ty))
        }
        Arith::Multiply => {
            let ty =
                SqlType::Decimal { precision: (p1 + p2 + 1).min(PRECISION_MAX), scale: s1 + s2 };
            Ok(Bound::value(format!("ts_mul({}, {}, {})", left.sql, right.sql, ty.code()), ty))
        }
        Arith::Divide => Err(refused("/")),
        Arith::Modulo => Err(refused("%")),
    }
}

fn clash(ty: SqlType, operator: &str) -> SqlError {
    let text =
        format!("Operand data type {} is invalid for {operator} operator.", ty.message_name());
    SqlError::new(8117, text)
}

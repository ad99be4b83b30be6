//! Arithmetic that raises 8115 on overflow and 8134 on division by zero.

use rusqlite::functions::Context;

use crate::error::{SqlError, SqlResult};
use crate::exec::functions::{arg, type_arg};
use crate::value::convert;
use crate::value::datum::{Datum, Owned};
use crate::value::decimal;
use crate::value::sqltype::SqlType;

pub(crate) fn add(ctx: &Context<'_>) -> SqlResult<Owned> {
    calculate(ctx, i128::checked_add, |a, b| a + b)
}

pub(crate) fn subtract(ctx: &Context<'_>) -> SqlResult<Owned> {
    calculate(ctx, i128::checked_sub, |a, b| a - b)
}

pub(crate) fn multiply(ctx: &Context<'_>) -> SqlResult<Owned> {
    calculate(ctx, i128::checked_mul, |a, b| a * b)
}

pub(crate) fn divide(ctx: &Context<'_>) -> SqlResult<Owned> {
    check_divisor(ctx)?;
    calculate(ctx, i128::checked_div, |a, b| a / b)
}

pub(crate) fn modulo(ctx: &Context<'_>) -> SqlResult<Owned> {
    check_divisor(ctx)?;
    calculate(ctx, i128::checked_rem, |a, b| a % b)
}

fn check_divisor(ctx: &Context<'_>) -> SqlResult<()> {
    let is_zero = match arg(ctx, 1)? {
        Datum::Int(number) => number == 0,
        Datum::Real(number) => number == 0.0,
        Datum::Null | Datum::Text(_) | Datum::Bytes(_) => false,
    };
    if is_zero { Err(SqlError::new(8134, "Divide by zero error encountered.")) } else { Ok(()) }
}

fn calculate(
    ctx: &Context<'_>,
    exact: fn(i128, i128) -> Option<i128>,
    float: fn(f64, f64) -> f64,
) -> SqlResult<Owned> {
    let (left, right, ty) = (arg(ctx, 0)?, arg(ctx, 1)?, type_arg(ctx, 2)?);
    match (&left, &right) {
        (Datum::Null, _) | (_, Datum::Null) => Ok(Datum::Null),
        (Datum::Int(a), Datum::Int(b)) => {
            let found =
                exact(i128::from(*a), i128::from(*b)).ok_or_else(|| convert::arithmetic(ty, ty))?;
            if let SqlType::Decimal { precision, .. } = ty {
                let kept = i64::try_from(found).ok().filter(|_| decimal::fits(found, precision));
                return kept.map(Datum::Int).ok_or_else(|| convert::arithmetic(ty, ty));
            }
            let whole =
                i64::try_from(found).map_err(|_| convert::arithmetic(SqlType::BigInt, ty))?;
            convert::cast(Datum::Int(whole), SqlType::BigInt, ty)
        }
        (Datum::Real(a), Datum::Real(b)) => {
            let found = float(*a, *b);
            if found.is_finite() {
                Ok(Datum::Real(found))
            } else {
                Err(convert::arithmetic(ty, ty))
            }
        }
        (Datum::Int(_) | Datum::Real(_) | Datum::Text(_) | Datum::Bytes(_), _) => {
            Err(SqlError::new(8117, "Operand data type is invalid for the operator."))
        }
    }
}

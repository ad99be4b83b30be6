//! Sums, products and quotients by T-SQL's rules: whole numbers divide to whole numbers, and decimals have the precision
//! and scale of the table in "Precision, scale, and length" of Microsoft's documentation.

use super::Datum;
use super::fault::Fault;
use super::syntax::Operator;
use super::types::Type;
use crate::decimal::{DIGITS_MAX, Decimal};

/// Digits after the point that quotients and products keep at least, where there is room: the 6 of the table.
const SCALE_KEPT: u32 = 6;

/// Whole digits up to which a scale is reduced to make room for them.
const WHOLE_MAX: u32 = 32;

/// The type of the result of an operation on exact numbers of a fixed size.
pub(super) fn decimal_type(operator: Operator, left: (u32, u32), right: (u32, u32)) -> Type {
    let ((p1, s1), (p2, s2)) = (left, right);
    let whole = (p1 - s1).max(p2 - s2);
    let (precision, scale) = match operator {
        Operator::Add | Operator::Subtract => {
            let scale = s1.max(s2);
            let precision = scale + whole + 1;
            // `min(precision, 38) - max(p1 - s1, p2 - s2)` where the whole digits need the room.
            let room = precision.min(DIGITS_MAX) - whole;
            (precision, scale.min(room))
        }
        Operator::Multiply => reduced(p1 + p2 + 1, s1 + s2),
        Operator::Divide => {
            let scale = SCALE_KEPT.max(s1 + p2 + 1);
            reduced(p1 - s1 + s2 + scale, scale)
        }
        Operator::Remainder => ((p1 - s1).min(p2 - s2) + s1.max(s2), s1.max(s2)),
    };
    let precision = precision.min(DIGITS_MAX);
    Type::Decimal { precision: precision.max(1), scale: scale.min(precision) }
}

/// The rules for products and quotients that would have more than 38 digits.
fn reduced(precision: u32, scale: u32) -> (u32, u32) {
    let whole = precision - scale;
    if precision <= DIGITS_MAX {
        return (precision, scale);
    }
    let scale = match whole {
        ..WHOLE_MAX => scale.min(DIGITS_MAX - whole),
        _ => scale.min(SCALE_KEPT),
    };
    (DIGITS_MAX, scale)
}

/// Computes an operation whose result has a type.
pub(super) fn compute<'a>(
    operator: Operator,
    left: &Datum<'_>,
    right: &Datum<'_>,
    result: Type,
) -> Result<Datum<'a>, Fault> {
    let overflow = Fault::Overflow(result);
    if let Some((min, max)) = result.range() {
        let (Some(left), Some(right)) = (whole(left), whole(right)) else {
            return Ok(Datum::Null);
        };
        let int = whole_result(operator, left, right, overflow)?;
        return if (min..=max).contains(&int) { Ok(Datum::Int(int)) } else { Err(overflow) };
    }
    if result == Type::Float {
        let (Some(left), Some(right)) = (float(left), float(right)) else { return Ok(Datum::Null) };
        return float_result(operator, left, right).map(Datum::Float);
    }
    let (Some(left), Some(right)) = (exact(left), exact(right)) else { return Ok(Datum::Null) };
    let divides = matches!(operator, Operator::Divide | Operator::Remainder);
    if divides && right.is_zero() {
        return Err(Fault::DivisionByZero);
    }
    let number = match operator {
        Operator::Add => left.checked_add(right),
        Operator::Subtract => left.checked_sub(right),
        Operator::Multiply => left.checked_mul(right),
        Operator::Divide => left.checked_div(right),
        Operator::Remainder => left.checked_rem(right),
    };
    let number = number.ok_or(overflow)?;
    let Type::Decimal { precision, scale } = result else { return Ok(Datum::Decimal(number)) };
    // SQL Server cuts the digits of a quotient that have no room, and rounds those of sums and products.
    let fitted = match operator {
        Operator::Divide => number.truncated(scale),
        Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Remainder => {
            number.with_scale(scale).map(|(rounded, _)| rounded)
        }
    };
    let fitted = fitted.filter(|number| number.has_digits(precision));
    fitted.map(Datum::Decimal).ok_or(overflow)
}

fn whole_result(operator: Operator, left: i64, right: i64, overflow: Fault) -> Result<i64, Fault> {
    let result = match operator {
        Operator::Add => left.checked_add(right),
        Operator::Subtract => left.checked_sub(right),
        Operator::Multiply => left.checked_mul(right),
        Operator::Divide | Operator::Remainder if right == 0 => return Err(Fault::DivisionByZero),
        Operator::Divide => left.checked_div(right),
        // The remainder of the smallest number by -1 is 0, which `checked_rem` does not give.
        Operator::Remainder => Some(left.wrapping_rem(right)),
    };
    result.ok_or(overflow)
}

fn float_result(operator: Operator, left: f64, right: f64) -> Result<f64, Fault> {
    let result = match operator {
        Operator::Add => left + right,
        Operator::Subtract => left - right,
        Operator::Multiply => left * right,
        Operator::Divide | Operator::Remainder if right == 0.0 => {
            return Err(Fault::DivisionByZero);
        }
        Operator::Divide => left / right,
        Operator::Remainder => left % right,
    };
    if result.is_finite() { Ok(result) } else { Err(Fault::Overflow(Type::Float)) }
}

/// Changes the sign.
pub(super) fn negative<'a>(datum: Datum<'a>, data_type: Type) -> Result<Datum<'a>, Fault> {
    match datum {
        Datum::Int(int) => {
            let (min, max) = data_type.range().unwrap_or((i64::MIN, i64::MAX));
            let negative = int.checked_neg().filter(|int| (min..=max).contains(int));
            negative.map(Datum::Int).ok_or(Fault::Overflow(data_type))
        }
        Datum::Decimal(number) => Ok(Datum::Decimal(-number)),
        Datum::Float(float) => Ok(Datum::Float(-float)),
        other @ (Datum::Null
        | Datum::Text(_)
        | Datum::Bit(_)
        | Datum::Date(_)
        | Datum::Time(_)
        | Datum::DateTime(_)
        | Datum::DateTimeOffset(_)) => Ok(other),
    }
}

pub(super) fn whole(datum: &Datum<'_>) -> Option<i64> {
    match datum {
        Datum::Int(int) => Some(*int),
        Datum::Bit(bit) => Some(i64::from(*bit)),
        Datum::Null
        | Datum::Text(_)
        | Datum::Decimal(_)
        | Datum::Float(_)
        | Datum::Date(_)
        | Datum::Time(_)
        | Datum::DateTime(_)
        | Datum::DateTimeOffset(_) => None,
    }
}

pub(super) fn exact(datum: &Datum<'_>) -> Option<Decimal> {
    match datum {
        Datum::Decimal(number) => Some(*number),
        other @ (Datum::Null
        | Datum::Text(_)
        | Datum::Int(_)
        | Datum::Bit(_)
        | Datum::Float(_)
        | Datum::Date(_)
        | Datum::Time(_)
        | Datum::DateTime(_)
        | Datum::DateTimeOffset(_)) => whole(other).map(Decimal::from),
    }
}

pub(super) fn float(datum: &Datum<'_>) -> Option<f64> {
    match datum {
        Datum::Float(float) => Some(*float),
        other @ (Datum::Null
        | Datum::Text(_)
        | Datum::Int(_)
        | Datum::Bit(_)
        | Datum::Decimal(_)
        | Datum::Date(_)
        | Datum::Time(_)
        | Datum::DateTime(_)
        | Datum::DateTimeOffset(_)) => exact(other).map(Decimal::to_f64),
    }
}

//! How two values compare.

use std::cmp::Ordering;

use super::{Datum, Expr};
use crate::comparison::Comparison;
use crate::date;
use crate::decimal::Decimal;
use crate::number::{self, Number};
use crate::text::strip;

/// Compares two values; `None` is unknown. The expressions say what is known about literals.
pub(super) fn compare(
    comparison: Comparison,
    left: (&Expr, &Datum<'_>),
    right: (&Expr, &Datum<'_>),
) -> Option<bool> {
    let equality = matches!(comparison, Comparison::Equal | Comparison::NotEqual);
    if equality && (is_empty_literal(left.0) || is_empty_literal(right.0)) {
        let equal = is_blank(left.1) && is_blank(right.1);
        return Some(equal == (comparison == Comparison::Equal));
    }
    let ordering = order(left, right)?;
    Some(comparison.holds_for(ordering))
}

fn is_empty_literal(expr: &Expr) -> bool {
    matches!(expr, Expr::Text(literal) if literal.text.is_empty())
}

/// Says whether a value is NULL or nothing but white space.
pub(super) fn is_blank(datum: &Datum<'_>) -> bool {
    match datum {
        Datum::Null => true,
        Datum::Text(text) => strip(text).is_empty(),
        Datum::Number(_) | Datum::Date(_) => false,
    }
}

fn order(left: (&Expr, &Datum<'_>), right: (&Expr, &Datum<'_>)) -> Option<Ordering> {
    match (left.1, right.1) {
        (Datum::Null, _) | (_, Datum::Null) => None,
        (Datum::Number(left), Datum::Number(right)) => Some(left.cmp(right)),
        (Datum::Number(left), Datum::Text(right)) => Some(left.cmp(&read_number(right)?)),
        (Datum::Text(left), Datum::Number(right)) => Some(read_number(left)?.cmp(right)),
        (Datum::Date(left), Datum::Date(right)) => Some(left.compare(*right)),
        (Datum::Date(left), Datum::Text(right)) => Some(left.compare(date::read(right)?)),
        (Datum::Text(left), Datum::Date(right)) => Some(date::read(left)?.compare(*right)),
        (Datum::Number(_), Datum::Date(_)) | (Datum::Date(_), Datum::Number(_)) => None,
        (Datum::Text(left_text), Datum::Text(right_text)) => {
            Some(order_texts((left.0, left_text), (right.0, right_text)))
        }
    }
}

fn read_number(text: &str) -> Option<Decimal> {
    number::read(text).number().map(Number::rounded)
}

/// Compares texts as numbers or as dates where both read as such, else character by character.
fn order_texts(left: (&Expr, &str), right: (&Expr, &str)) -> Ordering {
    if left.1 == right.1 {
        return Ordering::Equal;
    }
    // A literal that is no number decides at once, so most comparisons read nothing.
    let (literal_first, other) =
        if matches!(left.0, Expr::Text(_)) { (left, right) } else { (right, left) };
    let flip = |ordering: Ordering| {
        if matches!(left.0, Expr::Text(_)) { ordering } else { ordering.reverse() }
    };
    let (number, date) = if let Expr::Text(literal) = literal_first.0 {
        (literal.number, literal.date)
    } else {
        (read_number(literal_first.1), date::read(literal_first.1))
    };
    if let Some(number) = number
        && let Some(other) = read_number(other.1)
    {
        return flip(number.cmp(&other));
    }
    if let Some(date) = date
        && let Some(other) = date::read(other.1)
    {
        return flip(date.compare(other));
    }
    left.1.cmp(right.1)
}

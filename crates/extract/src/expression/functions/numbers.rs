//! Functions of numbers. They keep the type of their number, so that a decimal has as many digits as before
//! ("ROUND", "ABS", "CEILING", "FLOOR").

use super::super::check::{Checker, Typed};
use super::super::fault::Fault;
use super::super::node::{Conversion, Node, Nulls, Run};
use super::super::syntax::{Failure, Syntax};
use super::super::types::Type;
use super::super::{Datum, Span};
use super::Function;
use crate::decimal::{DIGITS_MAX, Decimal};

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "ROUND",
        arguments: "number, length [, function]",
        n_arguments: 2..=3,
        result: "the type of the number",
        gives: "The number rounded half away from zero to so many digits after the point, or before it where the length is negative; cut off where the third argument is not 0. A decimal keeps its digits: ROUND(0.5, 0) has no room for the 1.",
        example: ("ROUND(123.4545, 2)", "123.4500"),
        check: check_round,
    },
    Function {
        name: "ABS",
        arguments: "number",
        n_arguments: 1..=1,
        result: "the type of the number",
        gives: "The number without its sign.",
        example: ("ABS(-1.5)", "1.5"),
        check: |checker, arguments, span| same_type(checker, arguments, span, abs),
    },
    Function {
        name: "CEILING",
        arguments: "number",
        n_arguments: 1..=1,
        result: "the type of the number, without digits after the point",
        gives: "The smallest whole number that is not below.",
        example: ("CEILING(-123.45)", "-123"),
        check: |checker, arguments, span| whole_type(checker, arguments, span, ceiling),
    },
    Function {
        name: "FLOOR",
        arguments: "number",
        n_arguments: 1..=1,
        result: "the type of the number, without digits after the point",
        gives: "The largest whole number that is not above.",
        example: ("FLOOR(-123.45)", "-124"),
        check: |checker, arguments, span| whole_type(checker, arguments, span, floor),
    },
];

/// The type that a function gives for one of a type: an `int` for smaller ones.
fn widened(data_type: Type) -> Type {
    if matches!(data_type, Type::TinyInt | Type::SmallInt) { Type::Int } else { data_type }
}

fn number(checker: &mut Checker<'_, '_>, argument: &Syntax) -> Option<Typed> {
    let typed = checker.number(argument)?;
    if typed.data_type == Type::Bit {
        return checker.flaw(
            &typed.span,
            "a bit is no number to calculate with",
            "write CAST(.. AS int) around it",
        );
    }
    Some(typed)
}

fn check_round(checker: &mut Checker<'_, '_>, arguments: &[Syntax], span: Span) -> Option<Typed> {
    let (first, others) = arguments.split_first()?;
    let typed = number(checker, first);
    let others: Vec<Option<Typed>> = others.iter().map(|other| checker.whole(other)).collect();
    let typed = typed?;
    let data_type = widened(typed.data_type);
    let mut nodes = vec![typed.node];
    for other in others {
        nodes.push(other?.node);
    }
    let node = Node::Call { run: round, nulls: Nulls::Spread, arguments: nodes };
    let node = fitted(node, data_type);
    checker.folded(Typed { node, data_type, span })
}

/// Makes sure that a result has room in its type.
fn fitted(node: Node, data_type: Type) -> Node {
    let conversion = Conversion { from: data_type, to: data_type.into(), failure: Failure::Raised };
    Node::Convert(Box::new(node), conversion)
}

fn same_type(
    checker: &mut Checker<'_, '_>,
    arguments: &[Syntax],
    span: Span,
    run: Run,
) -> Option<Typed> {
    let typed = number(checker, arguments.first()?)?;
    let data_type = widened(typed.data_type);
    let call = Node::Call { run, nulls: Nulls::Spread, arguments: vec![typed.node] };
    checker.folded(Typed { node: fitted(call, data_type), data_type, span })
}

fn whole_type(
    checker: &mut Checker<'_, '_>,
    arguments: &[Syntax],
    span: Span,
    run: Run,
) -> Option<Typed> {
    let typed = number(checker, arguments.first()?)?;
    let data_type = if let Type::Decimal { precision, .. } = typed.data_type {
        Type::Decimal { precision, scale: 0 }
    } else {
        widened(typed.data_type)
    };
    let call = Node::Call { run, nulls: Nulls::Spread, arguments: vec![typed.node] };
    checker.folded(Typed { node: fitted(call, data_type), data_type, span })
}

/// Whether digits are rounded or left away.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Digits {
    Rounded,
    Cut,
}

fn round<'a>(data: &[Datum<'a>]) -> Result<Datum<'a>, Fault> {
    let (Some(number), Some(Datum::Int(length))) = (data.first(), data.get(1)) else {
        return Ok(Datum::Null);
    };
    let digits = match data.get(2) {
        Some(Datum::Int(function)) if *function != 0 => Digits::Cut,
        _ => Digits::Rounded,
    };
    let overflow = Fault::Overflow(Type::Number);
    match number {
        Datum::Int(int) => {
            let rounded = round_decimal(Decimal::from(*int), *length, digits).ok_or(overflow)?;
            i64::try_from(rounded.trunc()).map(Datum::Int).map_err(|_| overflow)
        }
        Datum::Decimal(number) => {
            round_decimal(*number, *length, digits).map(Datum::Decimal).ok_or(overflow)
        }
        Datum::Float(float) => Ok(Datum::Float(round_float(*float, *length, digits))),
        Datum::Null
        | Datum::Text(_)
        | Datum::Bit(_)
        | Datum::Date(_)
        | Datum::Time(_)
        | Datum::DateTime(_)
        | Datum::DateTimeOffset(_) => Ok(Datum::Null),
    }
}

/// Rounds at a place, and keeps the number of digits after the point.
fn round_decimal(number: Decimal, length: i64, digits: Digits) -> Option<Decimal> {
    let scale = number.scale();
    if length >= i64::from(scale) {
        return Some(number);
    }
    if let Ok(places) = u32::try_from(length) {
        let rounded = match digits {
            Digits::Rounded => number.with_scale(places)?.0,
            Digits::Cut => number.truncated(places)?,
        };
        return Some(rounded.with_scale(scale)?.0);
    }
    // "If length is negative and larger than the number of digits before the decimal point, ROUND returns 0."
    let places = u32::try_from(length.unsigned_abs()).ok().filter(|places| *places < DIGITS_MAX);
    let Some(places) = places else { return Decimal::new(0, scale) };
    let power = Decimal::new(10_i128.checked_pow(places)?, 0)?;
    let whole = number.trunc() / power.mantissa();
    let rest = number.checked_sub(Decimal::new(whole * power.mantissa(), 0)?)?;
    let rest = if rest < Decimal::ZERO { -rest } else { rest };
    let is_half = rest.checked_add(rest)? >= power;
    let away = i128::from(is_half && digits == Digits::Rounded);
    let away = if number < Decimal::ZERO { -away } else { away };
    Decimal::new((whole + away).checked_mul(power.mantissa())?, 0)?
        .with_scale(scale)
        .map(|(number, _)| number)
}

fn round_float(float: f64, length: i64, digits: Digits) -> f64 {
    // Beyond these a float has no digits to round, or none left.
    let length = i32::try_from(length.clamp(-400, 400)).unwrap_or(0);
    let power = 10_f64.powi(length.abs());
    let scaled = if length < 0 { float / power } else { float * power };
    if !scaled.is_finite() {
        return float;
    }
    let whole = if digits == Digits::Cut { scaled.trunc() } else { scaled.round() };
    let rounded = if length < 0 { whole * power } else { whole / power };
    if rounded.is_finite() { rounded } else { 0.0 }
}

fn abs<'a>(data: &[Datum<'a>]) -> Result<Datum<'a>, Fault> {
    match data.first() {
        Some(Datum::Int(int)) => {
            int.checked_abs().map(Datum::Int).ok_or(Fault::Overflow(Type::BigInt))
        }
        Some(Datum::Decimal(number)) if *number < Decimal::ZERO => Ok(Datum::Decimal(-*number)),
        Some(Datum::Float(float)) => Ok(Datum::Float(float.abs())),
        other => Ok(other.cloned().unwrap_or(Datum::Null)),
    }
}

fn ceiling<'a>(data: &[Datum<'a>]) -> Result<Datum<'a>, Fault> {
    match data.first() {
        Some(Datum::Decimal(number)) => Ok(Datum::Decimal(-((-*number).floor()))),
        Some(Datum::Float(float)) => Ok(Datum::Float(float.ceil())),
        other => Ok(other.cloned().unwrap_or(Datum::Null)),
    }
}

fn floor<'a>(data: &[Datum<'a>]) -> Result<Datum<'a>, Fault> {
    match data.first() {
        Some(Datum::Decimal(number)) => Ok(Datum::Decimal(number.floor())),
        Some(Datum::Float(float)) => Ok(Datum::Float(float.floor())),
        other => Ok(other.cloned().unwrap_or(Datum::Null)),
    }
}

//! Types an expression: finds out what each part is, puts conversions where T-SQL has them, and refuses what cannot be
//! meant. Goes on after a flaw, so that all of them come at once.

mod branches;
mod conditions;
mod operands;

use std::borrow::Cow;

use super::evaluate::Evaluation;
use super::functions;
use super::lex::Span;
use super::node::{Conversion, Node};
use super::syntax::{Failure, Kind, Operator, Sign, Syntax};
use super::types::{Family, Target, Type};
use super::{Datum, Flaw, Resolve, Values, arithmetic};
use crate::reading::Reading;

/// A part whose type is known.
#[derive(Debug)]
pub(super) struct Typed {
    pub(super) node: Node,
    pub(super) data_type: Type,
    pub(super) span: Span,
}

/// Types a whole expression.
pub(super) fn check(syntax: &Syntax, resolve: &mut Resolve<'_>) -> Result<Typed, Vec<Flaw>> {
    let mut checker = Checker { resolve, flaws: Vec::new() };
    let typed = checker.value(syntax);
    match typed {
        Some(typed) if checker.flaws.is_empty() => Ok(typed),
        _ => Err(checker.flaws),
    }
}

pub(super) struct Checker<'r, 'f> {
    resolve: &'r mut Resolve<'f>,
    flaws: Vec<Flaw>,
}

impl Checker<'_, '_> {
    /// Records what is wrong; the part has no type then.
    pub(super) fn flaw<T>(
        &mut self,
        span: &Span,
        reason: impl Into<String>,
        suggestion: impl Into<String>,
    ) -> Option<T> {
        self.flaws.push(Flaw::new(span.clone(), reason, suggestion.into()));
        None
    }

    /// Types a part that has to have a value.
    pub(super) fn value(&mut self, syntax: &Syntax) -> Option<Typed> {
        let span = syntax.span.clone();
        let constant = |datum, data_type| {
            Some(Typed { node: Node::Constant(datum), data_type, span: span.clone() })
        };
        match &syntax.kind {
            Kind::Null => constant(Datum::Null, Type::Null),
            Kind::Text(text) => constant(Datum::Text(Cow::Owned(text.clone())), Type::Text),
            Kind::Int(int) => constant(Datum::Int(*int), Type::Int),
            Kind::Decimal { number, precision } => constant(
                Datum::Decimal(*number),
                Type::Decimal { precision: *precision, scale: number.scale() },
            ),
            Kind::Float(float) => constant(Datum::Float(*float), Type::Float),
            Kind::Path(path) => self.path(path, &span),
            Kind::Sign(sign, inner) => self.signed(*sign, inner, span),
            Kind::Arithmetic(operator, left, right) => {
                self.arithmetic(*operator, left, right, span)
            }
            Kind::Case { subject, branches, otherwise } => {
                self.case(subject.as_deref(), branches, otherwise.as_deref(), span)
            }
            Kind::Cast { value, target, failure } => self.cast(value, *target, *failure, span),
            Kind::Call { name, arguments } => functions::check(self, name, arguments, span),
            Kind::Not(_)
            | Kind::All(_)
            | Kind::Any(_)
            | Kind::Compare(..)
            | Kind::Like { .. }
            | Kind::In { .. }
            | Kind::Between { .. }
            | Kind::IsNull(_)
            | Kind::Exists(_) => {
                // What is wrong within is worth knowing, too.
                let _ = self.condition(syntax);
                self.flaw(
                    &span,
                    "a condition stands where a value is due",
                    "make a value of it: CASE WHEN .. THEN 1 ELSE 0 END",
                )
            }
        }
    }

    fn path(&mut self, path: &str, span: &Span) -> Option<Typed> {
        match (self.resolve)(path, span.clone()) {
            Ok((slot, data_type)) => {
                Some(Typed { node: Node::Path(slot), data_type, span: span.clone() })
            }
            Err(flaw) => {
                self.flaws.push(flaw);
                None
            }
        }
    }

    fn signed(&mut self, sign: Sign, inner: &Syntax, span: Span) -> Option<Typed> {
        let typed = self.number(inner)?;
        if typed.data_type == Type::Bit {
            return self.flaw(&span, "a bit has no sign", "write CAST(.. AS int) around it");
        }
        let node = match sign {
            Sign::Plus => typed.node,
            Sign::Minus => Node::Negative(Box::new(typed.node), typed.data_type),
        };
        self.folded(Typed { node, data_type: typed.data_type, span })
    }

    fn arithmetic(
        &mut self,
        operator: Operator,
        left: &Syntax,
        right: &Syntax,
        span: Span,
    ) -> Option<Typed> {
        let (left, right) = (self.value(left), self.value(right));
        let (left, right) = (left?, right?);
        if operator == Operator::Add && self.joins(&left, &right)? {
            let (left, right) = (self.as_text(left)?, self.as_text(right)?);
            let node = Node::Join(Box::new(left.node), Box::new(right.node));
            return self.folded(Typed { node, data_type: Type::Text, span });
        }
        let (left, right) = (self.operand(left, operator), self.operand(right, operator));
        let (left, right) = (left?, right?);
        let (left, right) = (self.beside(left, &right)?, right);
        let right = self.beside(right, &left)?;
        let Some(result) = result_type(operator, &left, &right) else {
            return self.flaw(
                &span,
                format!("`{}` has no meaning for two bits", operator.symbol()),
                "write CAST(.. AS int) around them",
            );
        };
        let (left, right) = (Box::new(left.node), Box::new(right.node));
        let node = Node::Arithmetic { operator, left, right, result };
        self.folded(Typed { node, data_type: result, span })
    }

    /// Says whether a `+` puts texts together. Of two paths nobody knows whether they are texts or numbers.
    fn joins(&mut self, left: &Typed, right: &Typed) -> Option<bool> {
        let is_text = |typed: &Typed| typed.data_type == Type::Text;
        let is_open = |typed: &Typed| matches!(typed.data_type, Type::Untyped | Type::Null);
        match (left, right) {
            _ if is_text(left) && is_text(right) => Some(true),
            (text, other) | (other, text) if is_text(text) && is_open(other) => Some(true),
            _ if left.data_type == Type::Untyped && right.data_type == Type::Untyped => self.flaw(
                &(left.span.start..right.span.end),
                "`+` adds numbers and puts texts together, and nothing says which these two are",
                "write CONCAT(a, b) for texts, CAST(a AS decimal(18,2)) + b for numbers",
            ),
            _ => Some(false),
        }
    }

    fn cast(&mut self, value: &Syntax, to: Target, failure: Failure, span: Span) -> Option<Typed> {
        let typed = self.value(value)?;
        let from = typed.data_type;
        let is_possible = match (from.family(), to.data_type.family()) {
            (Family::Any | Family::Text, _) | (_, Family::Text | Family::Any) => true,
            (Family::Number, Family::Number) => true,
            (Family::Date, Family::Date | Family::Time) => true,
            // A time has no day, and a day of its own is no date.
            (Family::Time, Family::Time) => true,
            (Family::Time, Family::Date) => to.data_type != Type::Date,
            (Family::Number, Family::Date | Family::Time)
            | (Family::Date | Family::Time, Family::Number) => false,
        };
        if !is_possible {
            let suggestion = if to.data_type.family() == Family::Number {
                "use DATEDIFF to get a number from dates"
            } else {
                "use DATEADD(day, .., '19000101') to get a date from a number"
            };
            let reason = format!("{from} cannot be converted to {}", to.data_type);
            return self.flaw(&span, reason, suggestion);
        }
        let node = Node::Convert(Box::new(typed.node), Conversion { from, to, failure });
        self.folded(Typed { node, data_type: to.data_type, span })
    }

    /// Computes a part that reads nothing of the document. One that cannot be computed never can.
    pub(super) fn folded(&mut self, typed: Typed) -> Option<Typed> {
        if !is_constant(&typed.node) {
            return Some(typed);
        }
        let reading = Reading::default();
        let result = match Evaluation::new(&Nothing, &reading).value(&typed.node) {
            Ok(datum) => owned(datum),
            Err(fault) => {
                let suggestion =
                    "write the value that is meant, with CAST(.. AS ..) where a type is too narrow";
                return self.flaw(
                    &typed.span,
                    format!("this never has a value: {fault}"),
                    suggestion,
                );
            }
        };
        Some(Typed { node: Node::Constant(result), ..typed })
    }
}

/// The type of an operation on two numbers.
fn result_type(operator: Operator, left: &Typed, right: &Typed) -> Option<Type> {
    let common = left.data_type.common(right.data_type)?;
    if common == Type::Bit {
        return None;
    }
    if !matches!(common, Type::Decimal { .. }) {
        return Some(common);
    }
    Some(arithmetic::decimal_type(operator, digits(left)?, digits(right)?))
}

/// The digits of a number in an operation on decimals. "The constant value is first converted to numeric, whose
/// precision is just large enough to hold the value of the constant."
fn digits(typed: &Typed) -> Option<(u32, u32)> {
    if let Node::Constant(Datum::Int(int)) = typed.node {
        return Some((int.unsigned_abs().checked_ilog10().unwrap_or(0) + 1, 0));
    }
    typed.data_type.digits()
}

fn is_constant(node: &Node) -> bool {
    match node {
        Node::Constant(_) => true,
        Node::Convert(inner, _) | Node::Negative(inner, _) => is_constant(inner),
        Node::Arithmetic { left, right, .. } | Node::Join(left, right) => {
            is_constant(left) && is_constant(right)
        }
        Node::Call { arguments, .. } => arguments.iter().all(is_constant),
        Node::Date(call) => call.arguments.iter().all(is_constant),
        Node::Path(_)
        | Node::Case(..)
        | Node::Switch { .. }
        | Node::Coalesce(_)
        | Node::NullIf { .. } => false,
    }
}

/// A document with nothing in it.
struct Nothing;

impl<'a> Values<'a> for Nothing {
    fn value(&self, _slot: usize) -> Datum<'a> {
        Datum::Null
    }

    fn exists(&self, _slot: usize) -> bool {
        false
    }
}

fn owned(datum: Datum<'_>) -> Datum<'static> {
    match datum {
        Datum::Null => Datum::Null,
        Datum::Text(text) => Datum::Text(Cow::Owned(text.into_owned())),
        Datum::Int(int) => Datum::Int(int),
        Datum::Decimal(number) => Datum::Decimal(number),
        Datum::Float(float) => Datum::Float(float),
        Datum::Bit(bit) => Datum::Bit(bit),
        Datum::Date(date) => Datum::Date(date),
        Datum::Time(time) => Datum::Time(time),
        Datum::DateTime(date) => Datum::DateTime(date),
        Datum::DateTimeOffset(date) => Datum::DateTimeOffset(date),
    }
}

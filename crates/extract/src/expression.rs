//! The typed language of calculated columns of format 2: T-SQL's names and documented meaning over paths.
//!
//! An expression is parsed and typed when the contract is loaded ([`Expression::parse`]): whatever can be known to be
//! wrong then is refused then, all of it at once. What a document can still make go wrong, such as a division by zero,
//! is a [`Fault`] of the cell. `docs/expressions.md` lists all functions and says where the meaning differs from T-SQL.
//! Format 1 has a language of its own with another meaning: see `expr`.

mod arithmetic;
mod cast;
mod check;
mod compare;
#[cfg(test)]
mod docs;
mod evaluate;
mod fault;
mod fit;
mod functions;
mod lex;
mod literal;
mod node;
mod parse;
mod pattern;
mod syntax;
mod text;
mod types;

use std::borrow::Cow;

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime};

use crate::decimal::Decimal;
use crate::reading::Reading;
use evaluate::Evaluation;
use node::Node;
use xmlx_domain::WarningKind;

pub(crate) use fault::Fault;
pub(crate) use lex::Span;
pub(crate) use types::Type;

/// A value while an expression is computed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Datum<'a> {
    Null,
    Text(Cow<'a, str>),
    Int(i64),
    Decimal(Decimal),
    Float(f64),
    Bit(bool),
    Date(NaiveDate),
    Time(NaiveTime),
    DateTime(NaiveDateTime),
    DateTimeOffset(DateTime<FixedOffset>),
}

/// What is wrong with an expression, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flaw {
    /// Bytes of the expression's text.
    pub(crate) span: Span,
    pub(crate) reason: String,
    pub(crate) suggestion: String,
}

impl Flaw {
    pub(crate) fn new(span: Span, reason: impl Into<String>, suggestion: String) -> Self {
        Self { span, reason: reason.into(), suggestion }
    }
}

/// Where an expression finds what its paths lead to. It is asked only for what a result needs: of a CASE for the
/// branch that is taken.
pub(crate) trait Values<'a> {
    /// Returns the value of a slot: for [`Type::Untyped`] a text, else a value of the type that the slot was given.
    fn value(&self, slot: usize) -> Datum<'a>;

    /// Says whether the path of a slot leads to anything, with or without a value.
    fn exists(&self, slot: usize) -> bool;
}

/// What an expression gives.
#[derive(Debug)]
pub(crate) struct Outcome<'a> {
    pub(crate) result: Result<Datum<'a>, Fault>,
    /// What was lost of a value of the document when it was read.
    pub(crate) lost: Option<WarningKind>,
}

/// Says where a path leads: the slot of its values, and their type. It gets the path without brackets and its place.
pub(crate) type Resolve<'r> = dyn FnMut(&str, Span) -> Result<(usize, Type), Flaw> + 'r;

/// An expression that may be computed.
#[derive(Debug)]
pub(crate) struct Expression {
    node: Node,
    data_type: Type,
    /// The bytes of its text.
    span: Span,
}

impl Expression {
    /// Parses and types an expression; everything that is wrong with it comes at once. `nesting_max` bounds brackets,
    /// calls and CASEs within each other.
    pub(crate) fn parse(
        text: &str,
        nesting_max: usize,
        resolve: &mut Resolve<'_>,
    ) -> Result<Self, Vec<Flaw>> {
        let syntax = parse::parse(text, nesting_max).map_err(|flaw| vec![flaw])?;
        let typed = check::check(&syntax, resolve)?;
        Ok(Self { node: typed.node, data_type: typed.data_type, span: 0..text.len() })
    }

    /// Returns the type of its values.
    pub(crate) fn data_type(&self) -> Type {
        self.data_type
    }

    /// Computes the value.
    pub(crate) fn value<'a>(
        &'a self,
        values: &dyn Values<'a>,
        reading: &'a Reading,
    ) -> Outcome<'a> {
        let mut evaluation = Evaluation::new(values, reading);
        let result = evaluation.value(&self.node);
        Outcome { result, lost: evaluation.lost }
    }
}

#[cfg(test)]
mod tests;

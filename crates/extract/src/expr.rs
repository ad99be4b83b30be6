//! The language of calculated fields: a parsed, typed tree.
//!
//! Conditions know true, false and unknown as SQL does: a missing field is NULL, and a comparison with NULL is unknown.
//! Two things are the language's own: a comparison with the literal `''` treats a missing field as empty, and text that
//! is compared with text is compared as numbers or dates where both sides read as such.

mod calculate;
mod compare;
mod lex;
mod like;
mod parse;

use std::borrow::Cow;

pub(crate) use calculate::{Calculation, Fields};
pub(crate) use parse::{SyntaxError, parse};

use crate::comparison::Comparison;
use crate::date::{self, Moment};
use crate::decimal::Decimal;
use crate::number::{self, Number};

/// A field as the expression refers to it, by its place in the list of names that parsing gives.
pub(crate) type FieldIx = usize;

/// An expression and the fields that it reads.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) expr: Expr,
    /// Names of fields, each once, as first written.
    pub(crate) fields: Vec<String>,
}

/// What has a value.
#[derive(Debug)]
pub(crate) enum Expr {
    Null,
    Text(Literal),
    Number(Decimal),
    Date(Moment),
    Field(FieldIx),
    Negative(Box<Self>),
    /// The first operand, then each operator with its operand, left to right.
    Arithmetic(Box<Self>, Vec<(Operator, Self)>),
    /// The first condition that is true chooses.
    Case(Vec<(Condition, Self)>, Box<Self>),
    /// `DATE(x)`.
    ToDate(Box<Self>),
    DateAdd(DateUnit, Box<Self>, Box<Self>),
}

/// Text in quotes, with what it reads as.
#[derive(Debug)]
pub(crate) struct Literal {
    text: Box<str>,
    number: Option<Decimal>,
    date: Option<Moment>,
}

impl Literal {
    /// The text itself.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The number that it reads as.
    pub(crate) fn number(&self) -> Option<Decimal> {
        self.number
    }

    /// The date that it reads as.
    pub(crate) fn date(&self) -> Option<Moment> {
        self.date
    }

    fn new(text: &str) -> Self {
        Self {
            text: text.into(),
            number: number::read(text).number().map(Number::rounded),
            date: date::read(text),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    FloorDivide,
    Remainder,
    Power,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DateUnit {
    Day,
    Week,
    Month,
    Year,
}

/// What is true, false or unknown.
#[derive(Debug)]
pub(crate) enum Condition {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Compare(Comparison, Expr, Expr),
    Like(Expr, like::Pattern),
    IsNull(Expr),
    IsEmpty(Expr),
}

/// A value while it is calculated.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Datum<'a> {
    Null,
    Text(Cow<'a, str>),
    Number(Decimal),
    Date(Moment),
}

#[cfg(test)]
mod tests;

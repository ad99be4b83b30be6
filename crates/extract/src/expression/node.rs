//! An expression that has been typed, ready to be computed.

use super::Datum;
use super::fault::Fault;
use super::pattern::Pattern;
use super::syntax::{Failure, Operator};
use super::types::{Target, Type};
use crate::comparison::Comparison;

/// What has a value.
#[derive(Debug)]
pub(super) enum Node {
    Constant(Datum<'static>),
    /// What a path leads to, by its slot.
    Path(usize),
    /// A value as one of another type.
    Convert(Box<Self>, Conversion),
    Negative(Box<Self>, Type),
    /// Both operands are numbers, and floats where the result is one.
    Arithmetic {
        operator: Operator,
        left: Box<Self>,
        right: Box<Self>,
        result: Type,
    },
    /// Two texts put together.
    Join(Box<Self>, Box<Self>),
    /// The first condition that is true chooses.
    Case(Vec<(Condition, Self)>, Option<Box<Self>>),
    /// The first value that the subject equals chooses. The subject is computed once; else the time for CASEs within
    /// the subjects of CASEs would double with each.
    Switch {
        subject: Box<Self>,
        branches: Vec<(Self, Self)>,
        otherwise: Option<Box<Self>>,
    },
    /// The first that is not NULL.
    Coalesce(Vec<Self>),
    /// NULL if a value, as `comparable` says, equals another.
    NullIf {
        value: Box<Self>,
        comparable: Option<Conversion>,
        other: Box<Self>,
    },
    Call {
        run: Run,
        nulls: Nulls,
        arguments: Vec<Self>,
    },
    /// DATEADD and DATEDIFF.
    Date(Box<super::functions::DateCall>),
}

/// Computes a function.
pub(super) type Run = for<'a> fn(&[Datum<'a>]) -> Result<Datum<'a>, Fault>;

/// What a function does with NULL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nulls {
    /// One argument that is NULL makes the result NULL, without a call.
    Spread,
    /// The function gets them.
    Passed,
}

/// From which type to which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Conversion {
    pub(super) from: Type,
    pub(super) to: Target,
    pub(super) failure: Failure,
}

/// What is true, false or unknown.
#[derive(Debug)]
pub(super) enum Condition {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Compare(Comparison, Node, Node),
    Between(Node, Node, Node),
    In(Node, Vec<Node>),
    /// A pattern that is written in the contract.
    Like(Node, Pattern),
    /// A pattern that is computed, and its escape.
    LikeComputed(Node, Node, Option<Node>),
    IsNull(Node),
    Exists(usize),
}

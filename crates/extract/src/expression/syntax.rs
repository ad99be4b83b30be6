//! What is written in an expression, before anything is known of types.

use super::lex::Span;
use super::types::Target;
use crate::comparison::Comparison;
use crate::decimal::Decimal;

/// A part of an expression, with its place in the text.
#[derive(Debug, Clone)]
pub(super) struct Syntax {
    pub(super) kind: Kind,
    pub(super) span: Span,
    /// Parts within each other, this one included.
    pub(super) depth: usize,
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    Null,
    Text(String),
    Int(i64),
    Decimal {
        number: Decimal,
        precision: u32,
    },
    Float(f64),
    Path(String),
    Sign(Sign, Box<Syntax>),
    Arithmetic(Operator, Box<Syntax>, Box<Syntax>),
    Not(Box<Syntax>),
    All(Vec<Syntax>),
    Any(Vec<Syntax>),
    Compare(Comparison, Box<Syntax>, Box<Syntax>),
    Like {
        value: Box<Syntax>,
        pattern: Box<Syntax>,
        escape: Option<Box<Syntax>>,
    },
    In {
        value: Box<Syntax>,
        list: Vec<Syntax>,
    },
    Between {
        value: Box<Syntax>,
        from: Box<Syntax>,
        to: Box<Syntax>,
    },
    IsNull(Box<Syntax>),
    Exists(Box<Syntax>),
    Case {
        subject: Option<Box<Syntax>>,
        branches: Vec<(Syntax, Syntax)>,
        otherwise: Option<Box<Syntax>>,
    },
    Cast {
        value: Box<Syntax>,
        target: Target,
        failure: Failure,
    },
    Call {
        name: String,
        arguments: Vec<Syntax>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    Plus,
    Minus,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Operator {
    pub(super) fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        }
    }
}

/// What becomes of a value that a CAST cannot convert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// The whole expression has no value.
    Raised,
    /// It is NULL.
    Null,
}

impl Kind {
    /// Lists the parts within.
    fn parts(&self) -> Vec<&Syntax> {
        match self {
            Self::Null
            | Self::Text(_)
            | Self::Int(_)
            | Self::Decimal { .. }
            | Self::Float(_)
            | Self::Path(_) => Vec::new(),
            Self::Sign(_, inner)
            | Self::Not(inner)
            | Self::IsNull(inner)
            | Self::Exists(inner)
            | Self::Cast { value: inner, .. } => vec![inner],
            Self::Arithmetic(_, left, right) | Self::Compare(_, left, right) => vec![left, right],
            Self::All(parts) | Self::Any(parts) | Self::Call { arguments: parts, .. } => {
                parts.iter().collect()
            }
            Self::Like { value, pattern, escape } => [Some(value), Some(pattern), escape.as_ref()]
                .into_iter()
                .flatten()
                .map(AsRef::as_ref)
                .collect(),
            Self::In { value, list } => [value.as_ref()].into_iter().chain(list).collect(),
            Self::Between { value, from, to } => vec![value, from, to],
            Self::Case { subject, branches, otherwise } => {
                let of_branches = branches.iter().flat_map(|(when, then)| [when, then]);
                let around = subject.iter().chain(otherwise).map(AsRef::as_ref);
                around.chain(of_branches).collect()
            }
        }
    }

    /// Gives it its place.
    pub(super) fn at(self, span: Span) -> Syntax {
        let depth = 1 + self.parts().iter().map(|part| part.depth).max().unwrap_or(0);
        Syntax { kind: self, span, depth }
    }
}

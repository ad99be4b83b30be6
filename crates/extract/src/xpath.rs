//! Paths of contracts of format 2: a subset of XPath 1.0, parsed once when the contract is loaded.
//!
//! Names are numbers here ([`Names`] has their texts), so that looking for nodes compares no texts.

mod function;
mod lex;
mod names;
mod parse;
mod path;

use crate::comparison::Comparison;
use crate::document::Namespace;
use std::ops::Range;

pub(crate) use function::Function;
pub(crate) use names::{Names, Space};
pub(crate) use parse::parse;
pub(crate) use path::excludes;

/// What is wrong with a path, and where in its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PathProblem {
    /// Bytes of the text.
    pub(crate) span: Range<usize>,
    pub(crate) reason: String,
    pub(crate) suggestion: String,
}

/// The number of a local name in [`Names`].
pub(crate) type LocalIx = u32;

/// A location path.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Path {
    pub(crate) start: Start,
    pub(crate) steps: Vec<Step>,
    /// Tells paths apart whose results are kept for later; equal paths at different places have different numbers.
    pub(crate) id: u32,
    /// Where in the text it begins, for messages.
    pub(crate) at: usize,
}

/// What a path begins at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// The node that an expression is evaluated for.
    Context,
    /// The document.
    Root,
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Step {
    pub(crate) axis: Axis,
    pub(crate) test: Test,
    pub(crate) predicates: Vec<Predicate>,
}

/// A condition on the nodes of a step.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Predicate {
    pub(crate) condition: Expr,
    /// Whether it needs to know which of the nodes one is, or how many there are.
    pub(crate) is_positional: bool,
}

/// Where the nodes of a step are, seen from the node before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Axis {
    Child,
    Attribute,
    Itself,
    Parent,
    Ancestor,
    AncestorOrSelf,
    Descendant,
    DescendantOrSelf,
    /// The nodes of the paths in brackets, [`Test::Group`]: conditions behind them count among all of these.
    Group,
}

impl Axis {
    /// Says whether its nodes are around the node and not in it.
    pub(crate) fn goes_up(self) -> bool {
        match self {
            Self::Parent | Self::Ancestor | Self::AncestorOrSelf => true,
            Self::Child
            | Self::Attribute
            | Self::Itself
            | Self::Descendant
            | Self::DescendantOrSelf
            | Self::Group => false,
        }
    }
}

/// Which nodes of an axis a step means.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Test {
    Name {
        local: LocalIx,
        space: Space,
    },
    /// `prefix:*`
    AnyIn(Space),
    /// `*`
    Any,
    Text,
    Node,
    /// An attribute in whatever case it is written, and with whatever prefix; one that is written so comes first.
    Loose(LocalIx),
    /// What paths in brackets lead to: `(//a | //b)[last()]`.
    Group(Vec<Path>),
}

impl Path {
    /// Says whether it leads to attributes or texts, within which nothing is.
    pub(crate) fn ends_in_leaf(&self) -> bool {
        let Some(step) = self.steps.iter().rfind(|step| step.axis != Axis::Itself) else {
            return false;
        };
        match &step.test {
            Test::Text => true,
            Test::Group(paths) => paths.iter().any(Self::ends_in_leaf),
            Test::Name { .. } | Test::AnyIn(_) | Test::Any | Test::Node | Test::Loose(_) => {
                step.axis == Axis::Attribute
            }
        }
    }

    /// Takes the attributes that it leads to in whatever case they are written.
    pub(crate) fn loosen(&mut self) {
        let Some(step) = self.steps.last_mut() else { return };
        match &mut step.test {
            Test::Name { local, space: Space::Nowhere } if step.axis == Axis::Attribute => {
                step.test = Test::Loose(*local);
            }
            Test::Group(paths) => paths.iter_mut().for_each(Self::loosen),
            Test::Name { .. }
            | Test::AnyIn(_)
            | Test::Any
            | Test::Text
            | Test::Node
            | Test::Loose(_) => {}
        }
    }
}

impl Test {
    /// Says whether it is a name, and that of an element.
    #[inline]
    pub(crate) fn names(&self, element: LocalIx, namespace: Namespace) -> bool {
        matches!(self, Self::Name { local, space } if *local == element && space.has(namespace))
    }
}

impl Step {
    /// Says whether it leads to all children of a name.
    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        self.axis == Axis::Child
            && matches!(self.test, Test::Name { .. })
            && self.predicates.is_empty()
    }
}

/// An expression of the path language.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expr {
    Or(Box<Self>, Box<Self>),
    And(Box<Self>, Box<Self>),
    Compare(Comparison, Box<Self>, Box<Self>),
    Calculate(Operation, Box<Self>, Box<Self>),
    Negate(Box<Self>),
    /// The nodes of all of these.
    Paths(Vec<Path>),
    Text(String),
    Number(f64),
    Call(Function, Vec<Self>),
}

/// How two numbers make one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}

/// What an expression gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Nodes,
    Text,
    Number,
    Flag,
}

impl Expr {
    /// Says what the expression gives, which does not depend on the document.
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Or(..) | Self::And(..) | Self::Compare(..) => Kind::Flag,
            Self::Calculate(..) | Self::Negate(_) | Self::Number(_) => Kind::Number,
            Self::Paths(_) => Kind::Nodes,
            Self::Text(_) => Kind::Text,
            Self::Call(function, _) => function.kind(),
        }
    }

    /// Says whether the value depends on which of several nodes the node is.
    fn asks_position(&self) -> bool {
        match self {
            Self::Or(left, right)
            | Self::And(left, right)
            | Self::Compare(_, left, right)
            | Self::Calculate(_, left, right) => left.asks_position() || right.asks_position(),
            Self::Negate(inner) => inner.asks_position(),
            // The predicates of a path have positions of their own.
            Self::Paths(_) | Self::Text(_) | Self::Number(_) => false,
            Self::Call(function, arguments) => {
                matches!(function, Function::Position | Function::Last)
                    || arguments.iter().any(Self::asks_position)
            }
        }
    }
}

impl Predicate {
    pub(crate) fn new(condition: Expr) -> Self {
        let is_positional = condition.kind() == Kind::Number || condition.asks_position();
        Self { condition, is_positional }
    }
}

//! Looks for the nodes of paths in a document's tree, and works expressions over paths out, as XPath 1.0 has them.
//!
//! What many rows have in common is looked for once: a path that begins at the document, or that goes up first, is
//! remembered by the element from which it goes down.

mod choose;
mod compare;
mod functions;
mod routes;
mod shared;
mod walk;

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use crate::document::{NodeKind, NodeNo, Tree};
use crate::limits::LOOK_BYTES;
use crate::work;
use crate::xpath::{Expr, Kind, Operation, Path, Predicate};
pub(crate) use choose::Chosen;
use functions::number_of;
pub(crate) use functions::squeeze;
use routes::Routes;
use shared::Shared;

/// The node that an expression is worked out for, and which of several it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context {
    pub(crate) node: NodeNo,
    position: usize,
    size: usize,
}

impl Context {
    /// A node by itself.
    pub(crate) fn of(node: NodeNo) -> Self {
        Self { node, position: 1, size: 1 }
    }
}

/// The looking for nodes in one document.
#[derive(Debug)]
pub(crate) struct Search<'a, 'x> {
    pub(crate) tree: &'a Tree<'x>,
    /// By the number of the path and the node from which it goes down.
    shared: RefCell<HashMap<(u32, NodeNo), Rc<Shared<'a>>, foldhash::fast::FixedState>>,
    routes: RefCell<Routes>,
    /// What [`crate::Limits::value_bytes`] bounds.
    looked: Cell<usize>,
    looked_max: usize,
}

impl<'a, 'x: 'a> Search<'a, 'x> {
    pub(crate) fn new(tree: &'a Tree<'x>, looked_max: usize) -> Self {
        let (shared, routes) = (RefCell::default(), RefCell::default());
        Self { tree, shared, routes, looked: Cell::new(0), looked_max }
    }

    /// The limit of looks.
    pub(crate) fn looked_max(&self) -> usize {
        self.looked_max
    }

    /// Counts a look at so many bytes.
    #[inline]
    fn look(&self, n_bytes: usize) {
        work::note(n_bytes + 1);
        self.looked.set(self.looked.get().saturating_add(n_bytes + LOOK_BYTES));
    }

    /// Looks something up that is only shown: documents must not fail because somebody asks how they are mapped.
    pub(crate) fn uncounted<T>(&self, look_up: impl FnOnce() -> T) -> T {
        let looked = self.looked.get();
        let found = look_up();
        self.looked.set(looked);
        found
    }

    /// Says whether there were too many looks; what was found then is not to be used.
    pub(crate) fn is_over(&self) -> bool {
        self.looked.get() > self.looked_max
    }

    /// The string value of a node.
    pub(crate) fn string(&self, node: NodeNo) -> Cow<'a, str> {
        self.string_of(self.tree.kind(node))
    }

    fn string_of(&self, node: NodeKind) -> Cow<'a, str> {
        self.look(self.tree.n_bytes(node));
        self.tree.string(node)
    }

    /// The string value of a node without the blanks around it; `None` where there is no value.
    pub(crate) fn value(&self, node: NodeNo) -> Option<Cow<'a, str>> {
        let kind = self.tree.kind(node);
        if let NodeKind::Element(element) = kind
            && self.tree.is_nil(element)
        {
            return None;
        }
        Some(self.string_of(kind))
    }

    /// The nodes of paths, in document order.
    pub(crate) fn nodes(&self, paths: &'a [Path], context: Context) -> Vec<NodeNo> {
        let mut found = Vec::new();
        for path in paths {
            self.collect(path, context, &mut found);
        }
        if paths.len() > 1 {
            found.sort_unstable();
            found.dedup();
        }
        found
    }

    /// Says whether a condition holds.
    pub(crate) fn holds(&self, condition: &'a Expr, context: Context) -> bool {
        match condition {
            Expr::Or(left, right) => self.holds(left, context) || self.holds(right, context),
            Expr::And(left, right) => self.holds(left, context) && self.holds(right, context),
            Expr::Compare(comparison, left, right) => {
                self.compare(*comparison, left, right, context)
            }
            Expr::Paths(paths) => paths.iter().any(|path| self.exists(path, context)),
            Expr::Text(text) => !text.is_empty(),
            Expr::Calculate(..) | Expr::Negate(_) | Expr::Number(_) => {
                is_true(self.number(condition, context))
            }
            Expr::Call(function, arguments) => match function.kind() {
                Kind::Flag => self.flag_call(*function, arguments, context),
                Kind::Number => is_true(self.number(condition, context)),
                Kind::Text | Kind::Nodes => !self.text(condition, context).is_empty(),
            },
        }
    }

    /// Says whether a predicate holds; a number means a position.
    #[expect(clippy::cast_precision_loss, clippy::float_cmp, reason = "positions are small")]
    fn predicate(&self, predicate: &'a Predicate, context: Context) -> bool {
        let condition = &predicate.condition;
        if condition.kind() == Kind::Number {
            return self.number(condition, context) == context.position as f64;
        }
        self.holds(condition, context)
    }

    /// Works a number out.
    pub(crate) fn number(&self, expr: &'a Expr, context: Context) -> f64 {
        match expr {
            Expr::Number(number) => *number,
            Expr::Negate(inner) => -self.number(inner, context),
            Expr::Calculate(operation, left, right) => {
                let (left, right) = (self.number(left, context), self.number(right, context));
                match operation {
                    Operation::Add => left + right,
                    Operation::Subtract => left - right,
                    Operation::Multiply => left * right,
                    Operation::Divide => left / right,
                    Operation::Modulo => left % right,
                }
            }
            Expr::Call(function, arguments) if function.kind() == Kind::Number => {
                self.number_call(*function, arguments, context)
            }
            Expr::Or(..) | Expr::And(..) | Expr::Compare(..) => {
                f64::from(u8::from(self.holds(expr, context)))
            }
            Expr::Call(function, _) if function.kind() == Kind::Flag => {
                f64::from(u8::from(self.holds(expr, context)))
            }
            Expr::Paths(_) | Expr::Text(_) | Expr::Call(..) => number_of(&self.text(expr, context)),
        }
    }

    /// Works a text out.
    pub(crate) fn text(&self, expr: &'a Expr, context: Context) -> Cow<'a, str> {
        match expr {
            Expr::Text(text) => Cow::Borrowed(text),
            Expr::Paths(paths) => match self.first(paths, context) {
                Some(node) => self.string(node),
                None => Cow::Borrowed(""),
            },
            Expr::Or(..) | Expr::And(..) | Expr::Compare(..) => flag(self.holds(expr, context)),
            Expr::Calculate(..) | Expr::Negate(_) | Expr::Number(_) => {
                functions::show(self.number(expr, context))
            }
            Expr::Call(function, arguments) => match function.kind() {
                Kind::Flag => flag(self.holds(expr, context)),
                Kind::Number => functions::show(self.number(expr, context)),
                Kind::Text | Kind::Nodes => self.text_call(*function, arguments, context),
            },
        }
    }
}

fn is_true(number: f64) -> bool {
    number != 0.0 && !number.is_nan()
}

fn flag<'a>(flag: bool) -> Cow<'a, str> {
    Cow::Borrowed(if flag { "true" } else { "false" })
}

//! Compares values: one node of each side is enough, as XPath has it.

use super::walk::Flow;
use super::{Context, Search, number_of};
use crate::comparison::Comparison;
use crate::xpath::{Expr, Kind, Path};

impl<'a, 'x: 'a> Search<'a, 'x> {
    /// Compares two expressions.
    pub(super) fn compare(
        &self,
        comparison: Comparison,
        left: &'a Expr,
        right: &'a Expr,
        context: Context,
    ) -> bool {
        match (left, right) {
            (Expr::Paths(left), Expr::Paths(right)) => {
                self.compare_paths(comparison, left, right, context)
            }
            (Expr::Paths(paths), other) => self.compare_with(comparison, paths, other, context),
            (other, Expr::Paths(paths)) => {
                self.compare_with(comparison.swapped(), paths, other, context)
            }
            (left, right) => self.compare_single(comparison, left, right, context),
        }
    }

    fn compare_single(
        &self,
        comparison: Comparison,
        left: &'a Expr,
        right: &'a Expr,
        context: Context,
    ) -> bool {
        let is_equality = matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        let is_wanted = |kind: Kind| left.kind() == kind || right.kind() == kind;
        if is_equality && is_wanted(Kind::Flag) {
            let same = self.holds(left, context) == self.holds(right, context);
            return same == (comparison == Comparison::Equal);
        }
        if is_equality && !is_wanted(Kind::Number) {
            let same = self.text(left, context) == self.text(right, context);
            return same == (comparison == Comparison::Equal);
        }
        comparison.holds(self.number(left, context), self.number(right, context))
    }

    /// Says whether some node of paths compares so with a value.
    fn compare_with(
        &self,
        comparison: Comparison,
        paths: &'a [Path],
        other: &'a Expr,
        context: Context,
    ) -> bool {
        match other.kind() {
            Kind::Flag => {
                let exists = paths.iter().any(|path| self.exists(path, context));
                let other = self.holds(other, context);
                comparison.holds(f64::from(u8::from(exists)), f64::from(u8::from(other)))
            }
            Kind::Number => {
                let other = self.number(other, context);
                self.any(
                    paths,
                    context,
                    &|text| comparison.holds(number_of(text), other),
                    &|values| values.number_holds(comparison, other),
                )
            }
            Kind::Text | Kind::Nodes => {
                let other = self.text(other, context);
                self.any(paths, context, &|text| text_holds(comparison, text, &other), &|values| {
                    values.text_holds(comparison, &other)
                })
            }
        }
    }

    fn compare_paths(
        &self,
        comparison: Comparison,
        left: &'a [Path],
        right: &'a [Path],
        context: Context,
    ) -> bool {
        // The side that many nodes have in common is looked at once.
        let (once, each, comparison) = if left.iter().all(Path::is_common) {
            (left, right, comparison)
        } else {
            (right, left, comparison.swapped())
        };
        let mut holds = false;
        self.visit(each, context, &mut |node| {
            let text = self.string(node);
            holds =
                self.any(once, context, &|other| text_holds(comparison, other, &text), &|values| {
                    values.text_holds(comparison, &text)
                });
            if holds { Flow::Break(()) } else { Flow::Continue(()) }
        });
        holds
    }

    /// Says whether a test holds for the text of some node, or of what is shared at once for all its values.
    fn any(
        &self,
        paths: &'a [Path],
        context: Context,
        one: &dyn Fn(&str) -> bool,
        all: &dyn Fn(&super::shared::Values<'a>) -> bool,
    ) -> bool {
        paths.iter().any(|path| {
            let Some((node, steps)) = self.direct(path, context) else {
                if let Some(shared) = self.shared_one(path, context) {
                    return all(self.values_of(&shared));
                }
                let shared = self.shared(path, context);
                return shared.iter().any(|shared| all(self.values_of(shared)));
            };
            let mut holds = false;
            let _ = self.walk_from(path.id, node, steps, &mut |node| {
                holds = one(&self.string(node));
                if holds { Flow::Break(()) } else { Flow::Continue(()) }
            });
            holds
        })
    }
}

/// Compares two texts, which are numbers where they are ordered.
fn text_holds(comparison: Comparison, left: &str, right: &str) -> bool {
    match comparison {
        Comparison::Equal => left == right,
        Comparison::NotEqual => left != right,
        Comparison::Less
        | Comparison::LessOrEqual
        | Comparison::Greater
        | Comparison::GreaterOrEqual => comparison.holds(number_of(left), number_of(right)),
    }
}

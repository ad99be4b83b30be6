//! Results that many rows have in common.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashSet;
use std::rc::Rc;

use super::{Search, number_of};
use crate::comparison::Comparison;
use crate::document::NodeNo;
use crate::xpath::Step;

/// What a path leads to from one node.
#[derive(Debug, Default)]
pub(super) struct Shared<'a> {
    /// In document order.
    pub(super) nodes: Vec<NodeNo>,
    /// The node whose value counts, once it has been looked for.
    pub(super) chosen: OnceCell<Option<super::Chosen<'a>>>,
    values: OnceCell<Values<'a>>,
    /// The sum of the numbers that the nodes are.
    pub(super) sum: OnceCell<f64>,
}

/// The string values of nodes, so that each comparison with them takes one look.
#[derive(Debug, Default)]
pub(super) struct Values<'a> {
    texts: HashSet<Cow<'a, str>>,
    /// Those that are numbers, in order.
    numbers: Vec<f64>,
    /// Some text is no number.
    has_other: bool,
}

impl<'a> Values<'a> {
    pub(super) fn of(texts: impl Iterator<Item = Cow<'a, str>>) -> Self {
        let texts: HashSet<Cow<'a, str>> = texts.collect();
        let mut values = Self { texts, ..Self::default() };
        #[expect(clippy::iter_over_hash_type, reason = "the numbers are sorted")]
        for text in &values.texts {
            let number = number_of(text);
            if number.is_nan() {
                values.has_other = true;
            } else {
                values.numbers.push(number);
            }
        }
        values.numbers.sort_by(f64::total_cmp);
        values
    }

    /// Says whether one of the values compares so with a text, as texts.
    pub(super) fn text_holds(&self, comparison: Comparison, other: &str) -> bool {
        match comparison {
            Comparison::Equal => self.texts.contains(other),
            Comparison::NotEqual => {
                self.texts.len() > 1 || (!self.texts.is_empty() && !self.texts.contains(other))
            }
            Comparison::Less
            | Comparison::LessOrEqual
            | Comparison::Greater
            | Comparison::GreaterOrEqual => self.number_holds(comparison, number_of(other)),
        }
    }

    /// Says whether one of the values compares so with a number.
    pub(super) fn number_holds(&self, comparison: Comparison, other: f64) -> bool {
        let (Some(least), Some(most)) = (self.numbers.first(), self.numbers.last()) else {
            return comparison == Comparison::NotEqual && self.has_other;
        };
        match comparison {
            Comparison::Equal => {
                let at = self.numbers.partition_point(|number| *number < other);
                self.numbers.get(at).is_some_and(|number| comparison.holds(*number, other))
            }
            Comparison::NotEqual => {
                self.has_other || comparison.holds(*least, other) || comparison.holds(*most, other)
            }
            Comparison::Less | Comparison::LessOrEqual => comparison.holds(*least, other),
            Comparison::Greater | Comparison::GreaterOrEqual => comparison.holds(*most, other),
        }
    }
}

impl<'a, 'x: 'a> Search<'a, 'x> {
    /// Walks down from a node, or remembers what was found before.
    pub(super) fn shared_at(&self, path: u32, base: NodeNo, down: &'a [Step]) -> Rc<Shared<'a>> {
        self.look(0);
        if let Some(known) = self.shared.borrow().get(&(path, base)) {
            return Rc::clone(known);
        }
        let mut shared = Shared::default();
        self.collect_from(path, base, down, &mut shared.nodes);
        // What is remembered takes memory, which the limit of looks is to bound, too.
        self.look(size_of::<Shared<'_>>() + shared.nodes.len() * size_of::<NodeNo>());
        let shared = Rc::new(shared);
        self.shared.borrow_mut().insert((path, base), Rc::clone(&shared));
        shared
    }

    /// The values of what was found.
    pub(super) fn values_of<'s>(&self, shared: &'s Shared<'a>) -> &'s Values<'a> {
        shared.values.get_or_init(|| Values::of(shared.nodes.iter().map(|node| self.string(*node))))
    }
}

//! Finds the text that a cell is made of.

use std::borrow::Cow;
use std::ops::ControlFlow;

use super::super::contract::Keep;
use super::super::program::{Cell, From, Origin};
use super::Evaluation;
use crate::document::NodeNo;
use crate::explain::{Detail, Event, Record, Seen, Spot, StepKind};
use crate::reading::Reading;
use crate::search::{Chosen, Context};
use crate::xpath::Expr;

/// A text that was found.
#[derive(Debug)]
pub(super) struct Found<'a> {
    pub(super) text: Cow<'a, str>,
    /// The number is to change its sign.
    pub(super) negated: bool,
    /// Another node of the path had another value.
    pub(super) is_one_of_several: bool,
}

impl<'a, 'x: 'a, R: Record> Evaluation<'a, 'x, R> {
    /// Finds the value of an origin; what is no text (positions, enclosing rows, expressions) is not looked at here.
    pub(super) fn found(
        &self,
        origin: &'a Origin,
        cell: &'a Cell,
        context: Context,
    ) -> Option<Found<'a>> {
        if let Some(when) = &origin.when
            && !self.search.holds(when, context)
        {
            self.tell(StepKind::Condition, Seen::Nothing);
            return None;
        }
        let mut found = match &origin.from {
            From::Path(expr) => self.by_path(expr, origin, cell, context)?,
            From::Alternatives(list) => {
                list.iter().find_map(|alternative| self.found(alternative, cell, context))?
            }
            From::All(paths) => {
                let mut texts = Vec::new();
                for path in paths {
                    self.values(path, &cell.reading, context, &mut texts);
                }
                self.joined(texts, origin.join.as_deref().unwrap_or_default())?
            }
            From::Constant(text) => {
                self.tell(StepKind::Constant, Seen::Text(text));
                plain(Cow::Borrowed(text))
            }
            From::Position(_) | From::Enclosing { .. } | From::Expression { .. } => return None,
        };
        if let Some(condition) = &origin.negate_if {
            found.negated ^= self.search.holds(condition, context);
        }
        Some(found)
    }

    fn by_path(
        &self,
        expr: &'a Expr,
        origin: &'a Origin,
        cell: &'a Cell,
        context: Context,
    ) -> Option<Found<'a>> {
        if let Some(join) = &origin.join {
            let mut texts = Vec::new();
            self.values(expr, &cell.reading, context, &mut texts);
            return self.joined(texts, join);
        }
        let Expr::Paths(paths) = expr else {
            let text = trimmed(&cell.reading, self.search.text(expr, context));
            self.tell(StepKind::Read, Seen::text(text.as_deref()));
            return text.map(plain);
        };
        let read = |node: NodeNo| trimmed(&cell.reading, self.search.value(node)?);
        let chosen = match origin.pick {
            Some(Keep::Last) => self.search.last_value(paths, context, &read),
            Some(Keep::First) | None => self.search.first_value(paths, context, &read),
        };
        self.recorder.note(|| {
            // Where nothing has a value, an element may be there nonetheless.
            let node = chosen.as_ref().map(|chosen| chosen.node);
            let node = node.or_else(|| self.search.uncounted(|| self.search.first(paths, context)));
            let gives = match (&chosen, node) {
                (Some(chosen), _) => Seen::Text(&chosen.text),
                (None, Some(_)) => Seen::Text(""),
                (None, None) => Seen::Nothing,
            };
            let at = node.map(|node| self.spot(node));
            Event::Step { kind: StepKind::Read, detail: Detail::None, at, gives }
        });
        let Chosen { node, text, is_one_of_several } = chosen?;
        let negated = origin
            .negate_where
            .as_ref()
            .is_some_and(|condition| self.search.holds(condition, Context::of(node)));
        let is_one_of_several = is_one_of_several && origin.pick.is_none();
        Some(Found { text, negated, is_one_of_several })
    }

    /// Collects all values of a path.
    fn values(
        &self,
        expr: &'a Expr,
        reading: &Reading,
        context: Context,
        texts: &mut Vec<Cow<'a, str>>,
    ) {
        let Expr::Paths(paths) = expr else {
            texts.extend(trimmed(reading, self.search.text(expr, context)));
            return;
        };
        self.search.visit(paths, context, &mut |node| {
            texts.extend(self.search.value(node).and_then(|text| trimmed(reading, text)));
            ControlFlow::Continue(())
        });
    }

    /// Finds the text of a path in an expression, and the node that has it.
    pub(super) fn slot_text(
        &self,
        expr: &'a Expr,
        reading: &Reading,
        context: Context,
    ) -> (Option<Cow<'a, str>>, Option<NodeNo>) {
        let Expr::Paths(paths) = expr else {
            return (trimmed(reading, self.search.text(expr, context)), None);
        };
        let read = |node: NodeNo| trimmed(reading, self.search.value(node)?);
        let chosen = self.search.first_value(paths, context, &read);
        chosen.map_or((None, None), |chosen| (Some(chosen.text), Some(chosen.node)))
    }

    fn joined(&self, texts: Vec<Cow<'a, str>>, join: &str) -> Option<Found<'a>> {
        let n_texts = texts.len();
        let found = joined(texts, join);
        let gives = Seen::text(found.as_ref().map(|found| &*found.text));
        let (kind, detail) = (StepKind::Join, Detail::Count(n_texts));
        self.recorder.note(|| Event::Step { kind, detail, at: None, gives });
        found
    }

    /// Tells what was done on the way to the value of a cell.
    pub(super) fn tell(&self, kind: StepKind, gives: Seen<'_>) {
        self.recorder.note(|| Event::Step { kind, detail: Detail::None, at: None, gives });
    }

    /// Where a node is in the document.
    pub(super) fn spot(&self, node: NodeNo) -> Spot {
        self.search.tree.spot(self.search.tree.kind(node))
    }
}

fn plain(text: Cow<'_, str>) -> Found<'_> {
    Found { text, negated: false, is_one_of_several: false }
}

fn joined<'a>(texts: Vec<Cow<'a, str>>, join: &str) -> Option<Found<'a>> {
    match texts.len() {
        0 => None,
        1 => texts.into_iter().next().map(plain),
        _ => Some(plain(Cow::Owned(texts.join(join)))),
    }
}

/// Takes off what is not part of a value.
fn trimmed<'a>(reading: &Reading, text: Cow<'a, str>) -> Option<Cow<'a, str>> {
    match text {
        Cow::Borrowed(text) => reading.text(text).map(Cow::Borrowed),
        Cow::Owned(text) => {
            let kept = reading.text(&text)?;
            Some(Cow::Owned(if kept.len() == text.len() { text } else { kept.to_owned() }))
        }
    }
}

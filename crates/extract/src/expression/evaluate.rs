//! Computes expressions.

use std::borrow::Cow;

use super::arithmetic::{compute, negative};
use super::cast::cast;
use super::compare::holds;
use super::fault::Fault;
use super::node::{Condition, Conversion, Node, Nulls};
use super::pattern::Pattern;
use super::syntax::Failure;
use super::{Datum, Values};
use crate::comparison::Comparison;
use crate::reading::Reading;
use xmlx_domain::WarningKind;

/// Bytes of all texts that one evaluation may make. REPLACEs within each other multiply what they are given, so that a
/// short expression could fill the memory.
const TEXT_BYTES_MAX: usize = 64 << 20;

/// Bytes of a pattern: "pattern can be a maximum of 8,000 bytes".
pub(super) const PATTERN_BYTES_MAX: usize = 8000;

/// One evaluation of an expression.
pub(super) struct Evaluation<'v, 'a> {
    values: &'v dyn Values<'a>,
    reading: &'a Reading,
    /// What was lost of the document's values, the first of it.
    pub(super) lost: Option<WarningKind>,
    /// Bytes of the texts that were made.
    text_bytes: usize,
}

impl<'v, 'a> Evaluation<'v, 'a> {
    pub(super) fn new(values: &'v dyn Values<'a>, reading: &'a Reading) -> Self {
        Self { values, reading, lost: None, text_bytes: 0 }
    }

    /// Computes a value.
    pub(super) fn value(&mut self, node: &'a Node) -> Result<Datum<'a>, Fault> {
        match node {
            Node::Constant(datum) => Ok(borrowed(datum)),
            Node::Path(slot) => Ok(self.values.value(*slot)),
            Node::Convert(inner, conversion) => {
                let datum = self.value(inner)?;
                self.convert(datum, conversion)
            }
            Node::Negative(inner, data_type) => negative(self.value(inner)?, *data_type),
            Node::Arithmetic { operator, left, right, result } => {
                let (left, right) = (self.value(left)?, self.value(right)?);
                compute(*operator, &left, &right, *result)
            }
            Node::Join(left, right) => {
                let (left, right) = (self.value(left)?, self.value(right)?);
                let (Datum::Text(mut left), Datum::Text(right)) = (left, right) else {
                    return Ok(Datum::Null);
                };
                self.count(left.len() + right.len())?;
                left.to_mut().push_str(&right);
                Ok(Datum::Text(left))
            }
            Node::Case(branches, otherwise) => {
                for (condition, value) in branches {
                    if self.holds(condition)? == Some(true) {
                        return self.value(value);
                    }
                }
                self.optional(otherwise.as_deref())
            }
            Node::Switch { subject, branches, otherwise } => {
                self.switch(subject, branches, otherwise.as_deref())
            }
            Node::Coalesce(nodes) => {
                for node in nodes {
                    let datum = self.value(node)?;
                    if datum != Datum::Null {
                        return Ok(datum);
                    }
                }
                Ok(Datum::Null)
            }
            Node::NullIf { value, comparable, other } => {
                self.null_if(value, comparable.as_ref(), other)
            }
            Node::Call { run, nulls, arguments } => {
                let mut data = Vec::with_capacity(arguments.len());
                for argument in arguments {
                    let datum = self.value(argument)?;
                    if datum == Datum::Null && *nulls == Nulls::Spread {
                        return Ok(Datum::Null);
                    }
                    data.push(datum);
                }
                self.counted(run(&data))
            }
            Node::Date(call) => {
                let [first, second] = &call.arguments;
                let data = [self.value(first)?, self.value(second)?];
                if data.contains(&Datum::Null) { Ok(Datum::Null) } else { call.run(&data) }
            }
        }
    }

    fn switch(
        &mut self,
        subject: &'a Node,
        branches: &'a [(Node, Node)],
        otherwise: Option<&'a Node>,
    ) -> Result<Datum<'a>, Fault> {
        let subject = self.value(subject)?;
        for (when, value) in branches {
            let when = self.value(when)?;
            if self.compare(Comparison::Equal, &subject, &when) == Some(true) {
                return self.value(value);
            }
        }
        self.optional(otherwise)
    }

    fn optional(&mut self, node: Option<&'a Node>) -> Result<Datum<'a>, Fault> {
        node.map_or(Ok(Datum::Null), |node| self.value(node))
    }

    fn null_if(
        &mut self,
        value: &'a Node,
        comparable: Option<&Conversion>,
        other: &'a Node,
    ) -> Result<Datum<'a>, Fault> {
        let value = self.value(value)?;
        let compared = match comparable {
            Some(conversion) => self.convert(value.clone(), conversion)?,
            None => value.clone(),
        };
        let other = self.value(other)?;
        let is_equal = self.compare(Comparison::Equal, &compared, &other) == Some(true);
        Ok(if is_equal { Datum::Null } else { value })
    }

    fn convert(&mut self, datum: Datum<'a>, conversion: &Conversion) -> Result<Datum<'a>, Fault> {
        match cast(datum, conversion, self.reading) {
            Ok((datum, lost)) => {
                self.lost = self.lost.or(lost);
                self.counted(Ok(datum))
            }
            Err(_) if conversion.failure == Failure::Null => Ok(Datum::Null),
            Err(fault) => Err(fault),
        }
    }

    /// Counts the bytes of a text that was made.
    fn counted(&mut self, result: Result<Datum<'a>, Fault>) -> Result<Datum<'a>, Fault> {
        if let Ok(Datum::Text(Cow::Owned(text))) = &result {
            self.count(text.len())?;
        }
        result
    }

    fn count(&mut self, n_bytes: usize) -> Result<(), Fault> {
        self.text_bytes = self.text_bytes.saturating_add(n_bytes);
        if self.text_bytes <= TEXT_BYTES_MAX { Ok(()) } else { Err(Fault::TooLong) }
    }

    /// Compares two values; texts with their case where the contract says so.
    fn compare(&self, comparison: Comparison, left: &Datum<'_>, right: &Datum<'_>) -> Option<bool> {
        holds(comparison, left, right, self.reading.texts())
    }

    /// Evaluates a condition; `None` is unknown.
    pub(super) fn holds(&mut self, condition: &'a Condition) -> Result<Option<bool>, Fault> {
        match condition {
            Condition::All(conditions) => self.all(conditions),
            Condition::Any(conditions) => self.any(conditions),
            Condition::Not(inner) => Ok(self.holds(inner)?.map(|holds| !holds)),
            Condition::Compare(comparison, left, right) => {
                let (left, right) = (self.value(left)?, self.value(right)?);
                Ok(self.compare(*comparison, &left, &right))
            }
            Condition::Between(value, from, to) => {
                let value = self.value(value)?;
                let (from, to) = (self.value(from)?, self.value(to)?);
                let from = self.compare(Comparison::GreaterOrEqual, &value, &from);
                let to = self.compare(Comparison::LessOrEqual, &value, &to);
                Ok(match (from, to) {
                    (Some(true), Some(true)) => Some(true),
                    (Some(false), _) | (_, Some(false)) => Some(false),
                    (None, _) | (_, None) => None,
                })
            }
            Condition::In(value, list) => {
                let value = self.value(value)?;
                let mut found = Some(false);
                for item in list {
                    let item = self.value(item)?;
                    match self.compare(Comparison::Equal, &value, &item) {
                        Some(true) => return Ok(Some(true)),
                        Some(false) => {}
                        None => found = None,
                    }
                }
                Ok(found)
            }
            Condition::Like(value, pattern) => {
                let Datum::Text(text) = self.value(value)? else { return Ok(None) };
                Ok(Some(pattern.matches(&text)))
            }
            Condition::LikeComputed(value, pattern, escape) => {
                self.like(value, pattern, escape.as_ref())
            }
            Condition::IsNull(value) => Ok(Some(self.value(value)? == Datum::Null)),
            Condition::Exists(slot) => Ok(Some(self.values.exists(*slot))),
        }
    }

    /// AND: a condition that is false decides.
    fn all(&mut self, conditions: &'a [Condition]) -> Result<Option<bool>, Fault> {
        let mut result = Some(true);
        for condition in conditions {
            match self.holds(condition)? {
                Some(false) => return Ok(Some(false)),
                Some(true) => {}
                None => result = None,
            }
        }
        Ok(result)
    }

    /// OR: a condition that is true decides.
    fn any(&mut self, conditions: &'a [Condition]) -> Result<Option<bool>, Fault> {
        let mut result = Some(false);
        for condition in conditions {
            match self.holds(condition)? {
                Some(true) => return Ok(Some(true)),
                Some(false) => {}
                None => result = None,
            }
        }
        Ok(result)
    }

    fn like(
        &mut self,
        value: &'a Node,
        pattern: &'a Node,
        escape: Option<&'a Node>,
    ) -> Result<Option<bool>, Fault> {
        let mut character = None;
        if let Some(escape) = escape {
            let Datum::Text(escape) = self.value(escape)? else { return Ok(None) };
            character = Some(only_character(&escape).ok_or(Fault::Escape)?);
        }
        let (Datum::Text(text), Datum::Text(pattern)) = (self.value(value)?, self.value(pattern)?)
        else {
            return Ok(None);
        };
        if pattern.len() > PATTERN_BYTES_MAX {
            return Err(Fault::Pattern);
        }
        Ok(Some(Pattern::new(&pattern, character).matches(&text)))
    }
}

/// Returns the character of a text that has one.
pub(super) fn only_character(text: &str) -> Option<char> {
    let mut characters = text.chars();
    characters.next().filter(|_| characters.next().is_none())
}

/// A constant without a copy of its text.
fn borrowed<'a>(datum: &'a Datum<'static>) -> Datum<'a> {
    match datum {
        Datum::Text(text) => Datum::Text(Cow::Borrowed(text)),
        other @ (Datum::Null
        | Datum::Int(_)
        | Datum::Decimal(_)
        | Datum::Float(_)
        | Datum::Bit(_)
        | Datum::Date(_)
        | Datum::Time(_)
        | Datum::DateTime(_)
        | Datum::DateTimeOffset(_)) => other.clone(),
    }
}

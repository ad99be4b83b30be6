//! Conditions.

use super::super::literal;
use super::super::node::{Condition, Node};
use super::super::pattern::Pattern;
use super::super::syntax::{Kind, Syntax};
use super::super::types::{Family, Type};
use super::super::{Datum, Span};
use super::operands::is_text_constant;
use super::{Checker, Typed};
use crate::comparison::Comparison;
use crate::expression::evaluate::{PATTERN_BYTES_MAX, only_character};
use crate::expression::fault::Fault;

impl Checker<'_, '_> {
    /// Types a part that has to be a condition.
    pub(in super::super) fn condition(&mut self, syntax: &Syntax) -> Option<Condition> {
        match &syntax.kind {
            Kind::All(parts) => self.conditions(parts).map(Condition::All),
            Kind::Any(parts) => self.conditions(parts).map(Condition::Any),
            Kind::Not(inner) => Some(Condition::Not(Box::new(self.condition(inner)?))),
            Kind::Compare(comparison, left, right) => self.compare(*comparison, left, right),
            Kind::Like { value, pattern, escape } => self.like(value, pattern, escape.as_deref()),
            Kind::In { value, list } => {
                let parts: Vec<&Syntax> = [value.as_ref()].into_iter().chain(list).collect();
                let parts = self.values(&parts)?;
                let (mut parts, _) = self.comparable(parts)?;
                let value = parts.remove(0).node;
                Some(Condition::In(value, parts.into_iter().map(|part| part.node).collect()))
            }
            Kind::Between { value, from, to } => {
                let parts = self.values(&[value, from, to])?;
                self.check_order(&parts)?;
                let (parts, _) = self.comparable(parts)?;
                let mut nodes = parts.into_iter().map(|part| part.node);
                Some(Condition::Between(nodes.next()?, nodes.next()?, nodes.next()?))
            }
            Kind::IsNull(value) => Some(Condition::IsNull(self.value(value)?.node)),
            Kind::Exists(path) => match self.value(path)? {
                Typed { node: Node::Path(slot), .. } => Some(Condition::Exists(slot)),
                Typed { span, .. } => self.flaw(
                    &span,
                    "EXISTS takes a path",
                    "write EXISTS([a/b]), or `.. IS NOT NULL` for a value",
                ),
            },
            Kind::Null
            | Kind::Text(_)
            | Kind::Int(_)
            | Kind::Decimal { .. }
            | Kind::Float(_)
            | Kind::Path(_)
            | Kind::Sign(..)
            | Kind::Arithmetic(..)
            | Kind::Case { .. }
            | Kind::Cast { .. }
            | Kind::Call { .. } => {
                let _ = self.value(syntax);
                self.flaw(
                    &syntax.span,
                    "a value stands where a condition is due",
                    "compare it with something: `= 'true'`, `= 1`, `IS NOT NULL`",
                )
            }
        }
    }

    fn conditions(&mut self, parts: &[Syntax]) -> Option<Vec<Condition>> {
        let parts: Vec<Option<Condition>> = parts.iter().map(|part| self.condition(part)).collect();
        parts.into_iter().collect()
    }

    fn compare(
        &mut self,
        comparison: Comparison,
        left: &Syntax,
        right: &Syntax,
    ) -> Option<Condition> {
        let parts = self.values(&[left, right])?;
        if let Some(null) = parts.iter().find(|part| part.data_type == Type::Null) {
            let span = null.span.clone();
            return self.flaw(
                &span,
                "a comparison with NULL is never true",
                "write `IS NULL` or `IS NOT NULL`",
            );
        }
        if !matches!(comparison, Comparison::Equal | Comparison::NotEqual) {
            self.check_order(&parts)?;
        }
        let (parts, _) = self.comparable(parts)?;
        let mut nodes = parts.into_iter().map(|part| part.node);
        Some(Condition::Compare(comparison, nodes.next()?, nodes.next()?))
    }

    /// Brings parts to a type in which they can be compared.
    pub(super) fn comparable(&mut self, parts: Vec<Typed>) -> Option<(Vec<Typed>, Type)> {
        self.alike(parts, "the values that are compared")
    }

    /// Returns the type in which two parts are compared.
    pub(super) fn comparison_type(&mut self, parts: &[Typed]) -> Option<Type> {
        let [left, right] = parts else { return None };
        match left.data_type.common(right.data_type) {
            Some(common) => Some(common),
            None if is_text_constant(&right.node) => Some(left.data_type),
            None if is_text_constant(&left.node) => Some(right.data_type),
            None => {
                let reason = format!(
                    "the values that are compared do not fit together: {} and {}",
                    left.data_type, right.data_type
                );
                let span = right.span.clone();
                self.flaw(&span, reason, "write CAST(.. AS ..) around one of them")
            }
        }
    }

    /// Refuses to ask which of two texts comes first where they are numbers or dates, or may be: as texts 9 comes after
    /// 10.
    fn check_order(&mut self, parts: &[Typed]) -> Option<()> {
        let is_text = |part: &Typed| part.data_type.family() == Family::Text;
        let is_open = |part: &Typed| part.data_type == Type::Untyped;
        if !parts.iter().all(|part| is_text(part) || is_open(part)) || !parts.iter().any(is_open) {
            return Some(());
        }
        let whole = parts.first()?.span.start..parts.last()?.span.end;
        if parts.iter().all(is_open) {
            return self.flaw(
                &whole,
                "nothing says whether these are numbers, dates or texts, and as texts 9 comes after 10",
                "say it of one of them: CAST(.. AS decimal(18,2)), CAST(.. AS date) or CAST(.. AS varchar(100))",
            );
        }
        let constants = parts.iter().filter_map(|part| {
            let Node::Constant(Datum::Text(text)) = &part.node else { return None };
            Some((text.clone(), part.span.clone()))
        });
        let misleading: Vec<(Span, &str)> = constants
            .filter(|(text, _)| text.bytes().any(|byte| byte.is_ascii_digit()))
            .filter_map(|(text, span)| {
                if literal::read(&text, Type::Number).is_ok() {
                    return Some((span, "write the number without quotes"));
                }
                let is_date = literal::read(&text, Type::DateTime2 { scale: 7 }).is_ok();
                is_date.then_some((span, "write CAST(.. AS date) around the path"))
            })
            .collect();
        match misleading.into_iter().next() {
            Some((span, suggestion)) => self.flaw(
                &span,
                "a text of digits is compared character by character, so that 9 comes after 10",
                suggestion,
            ),
            None => Some(()),
        }
    }

    fn like(
        &mut self,
        value: &Syntax,
        pattern: &Syntax,
        escape: Option<&Syntax>,
    ) -> Option<Condition> {
        let place = pattern.span.clone();
        let (value, pattern) = (self.text(value), self.text(pattern));
        let escape = match escape {
            Some(escape) => Some(self.text(escape)?),
            None => None,
        };
        let (value, pattern) = (value?.node, pattern?.node);
        let constant_escape = match &escape {
            None => Some(None),
            Some(Typed { node: Node::Constant(Datum::Text(text)), span, .. }) => {
                let Some(character) = only_character(text) else {
                    let span = span.clone();
                    return self.flaw(
                        &span,
                        "an ESCAPE is one character",
                        "write one, such as '!'",
                    );
                };
                Some(Some(character))
            }
            Some(_) => None,
        };
        if let (Node::Constant(Datum::Text(pattern)), Some(escape)) = (&pattern, constant_escape) {
            if pattern.len() > PATTERN_BYTES_MAX {
                let reason = Fault::Pattern.to_string();
                return self.flaw(&place, reason, "write a shorter one");
            }
            return Some(Condition::Like(value, Pattern::new(pattern, escape)));
        }
        Some(Condition::LikeComputed(value, pattern, escape.map(|escape| escape.node)))
    }
}

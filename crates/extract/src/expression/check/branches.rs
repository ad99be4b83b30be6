//! CASE, COALESCE and the like: one of several values.

use super::super::Span;
use super::super::node::{Condition, Conversion, Node};
use super::super::syntax::{Failure, Syntax};
use super::super::types::Type;
use super::{Checker, Typed};

impl Checker<'_, '_> {
    pub(super) fn case(
        &mut self,
        subject: Option<&Syntax>,
        branches: &[(Syntax, Syntax)],
        otherwise: Option<&Syntax>,
        span: Span,
    ) -> Option<Typed> {
        let values: Vec<&Syntax> = branches.iter().map(|(_, then)| then).chain(otherwise).collect();
        let results = self.results(&values, "the branches of the CASE", &span);
        if let Some(subject) = subject {
            let whens: Vec<&Syntax> =
                [subject].into_iter().chain(branches.iter().map(|(when, _)| when)).collect();
            let whens = self.values(&whens);
            let (mut whens, _) = self.comparable(whens?)?;
            let (mut results, data_type) = results?;
            let otherwise = otherwise.is_some().then(|| results.pop()).flatten();
            let subject = Box::new(whens.remove(0).node);
            let nodes = |parts: Vec<Typed>| parts.into_iter().map(|part| part.node);
            let branches = nodes(whens).zip(nodes(results)).collect();
            let otherwise = otherwise.map(|part| Box::new(part.node));
            return Some(Typed {
                node: Node::Switch { subject, branches, otherwise },
                data_type,
                span,
            });
        }
        let conditions: Vec<Option<Condition>> =
            branches.iter().map(|(when, _)| self.condition(when)).collect();
        let conditions: Option<Vec<Condition>> = conditions.into_iter().collect();
        let (mut results, data_type) = results?;
        let otherwise = otherwise.is_some().then(|| results.pop()).flatten();
        let results = results.into_iter().map(|part| part.node);
        let branches = conditions?.into_iter().zip(results).collect();
        let node = Node::Case(branches, otherwise.map(|part| Box::new(part.node)));
        Some(Typed { node, data_type, span })
    }

    /// Types several parts, all of them before it gives up.
    pub(in super::super) fn values(&mut self, parts: &[&Syntax]) -> Option<Vec<Typed>> {
        let parts: Vec<Option<Typed>> = parts.iter().map(|part| self.value(part)).collect();
        parts.into_iter().collect()
    }

    /// Types values of which one is the result.
    fn results(
        &mut self,
        values: &[&Syntax],
        what: &str,
        span: &Span,
    ) -> Option<(Vec<Typed>, Type)> {
        let parts = self.values(values)?;
        let (parts, data_type) = self.alike(parts, what)?;
        if data_type == Type::Null {
            let reason = format!("{what} are all NULL");
            return self.flaw(span, reason, "give one of them a value");
        }
        Some((parts, data_type))
    }

    pub(in super::super) fn coalesce(&mut self, values: &[Syntax], span: Span) -> Option<Typed> {
        let values: Vec<&Syntax> = values.iter().collect();
        let (parts, data_type) = self.results(&values, "the arguments of COALESCE", &span)?;
        let node = Node::Coalesce(parts.into_iter().map(|part| part.node).collect());
        Some(Typed { node, data_type, span })
    }

    /// `IIF(condition, yes, no)`.
    pub(in super::super) fn iif(&mut self, arguments: &[Syntax], span: Span) -> Option<Typed> {
        let [condition, yes, no] = arguments else { return None };
        let condition = self.condition(condition);
        let (parts, data_type) = self.results(&[yes, no], "the values of the IIF", &span)?;
        let mut nodes = parts.into_iter().map(|part| part.node);
        let (yes, no) = (nodes.next()?, nodes.next()?);
        let node = Node::Case(vec![(condition?, yes)], Some(Box::new(no)));
        Some(Typed { node, data_type, span })
    }

    /// `NULLIF(value, other)` has the type of its value, however the two are compared.
    pub(in super::super) fn null_if(&mut self, arguments: &[Syntax], span: Span) -> Option<Typed> {
        let [value, other] = arguments else { return None };
        let mut parts = self.values(&[value, other])?;
        if parts[0].data_type == Type::Null {
            return self.flaw(
                &span,
                "the first argument of NULLIF is NULL",
                "write a value or a path",
            );
        }
        let (own, common) = {
            let types = [parts[0].data_type, parts[1].data_type];
            let own = types[0];
            (own, self.comparison_type(&parts)?)
        };
        let other = parts.pop()?;
        let value = parts.pop()?;
        let is_same = own == common || (own == Type::Untyped && common == Type::Text);
        let to = common.into();
        let comparable =
            (!is_same).then_some(Conversion { from: own, to, failure: Failure::Raised });
        let other = if common == Type::Untyped { other } else { self.converted(other, common)? };
        let node =
            Node::NullIf { value: Box::new(value.node), comparable, other: Box::new(other.node) };
        Some(Typed { node, data_type: own, span })
    }
}

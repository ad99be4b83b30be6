//! Decides how the element that a mapping of a row reads stands to the row's own.

use super::Compiler;
use crate::contract::{Rule, RuleKind};
use crate::layout::RecordKind;

/// Where an element is, seen from the element that a row is made of.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    Own,
    /// Within it.
    Within(RecordKind),
    /// Around it.
    Around(RecordKind),
    /// The contact around it.
    AroundContact,
    /// Within an element that is around both.
    Beside {
        around: RecordKind,
        kind: RecordKind,
    },
    /// It is there once in the document, as far as the contract can tell.
    OfDocument,
    /// Beside it within a contact, whose elements nothing tells apart.
    Unclear,
}

impl Compiler<'_, '_> {
    pub(super) fn place(&mut self, rule: &Rule, path: &[String]) -> Place {
        let own = &rule.child_path;
        if path == own.as_slice() {
            return Place::Own;
        }
        if path.starts_with(own) {
            return Place::Within(self.values(rule, path));
        }
        let n_common = path.iter().zip(own).take_while(|(name, other)| name == other).count();
        let (common, contract) = (&path[..n_common], self.contract);
        let is_rule = |other: &&Rule| other.kind != RuleKind::Contact && other.child_path == common;
        let above = contract.rules.iter().find(is_rule);
        let contact = contract.contact_rule().filter(|contact| rule.is_below(&contact.child_path));
        if let Some(contact) = contact {
            let is_around = n_common == path.len();
            return match above {
                _ if is_around && contact.child_path == common => Place::AroundContact,
                Some(above) if is_around => Place::Around(self.records(above)),
                Some(above) => {
                    let around = self.records(above);
                    Place::Beside { around, kind: self.values(above, path) }
                }
                None if n_common >= contact.child_path.len() => Place::Unclear,
                None => Place::OfDocument,
            };
        }
        // There is one application, and so one of everything that it is in.
        if contract.application_path.starts_with(common) {
            return Place::OfDocument;
        }
        let around = match above {
            Some(above) => self.records(above),
            None => self.elements(common),
        };
        if n_common == path.len() {
            return Place::Around(around);
        }
        Place::Beside { around, kind: self.elements(path) }
    }
}

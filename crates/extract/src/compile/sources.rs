//! Decides where the value of a mapping comes from.

use super::Compiler;
use crate::contract::{Mapping, Rule, RuleKind, Step};
use crate::layout::NameMatch;
use crate::program::{LastContact, LastPart, Source};

/// What the rows of a table are made of.
#[derive(Debug, Clone, Copy)]
pub(super) enum RowOf<'c> {
    Application,
    Contact,
    /// Each element of a rule.
    Element(&'c Rule),
}

impl Compiler<'_, '_> {
    pub(super) fn source(&mut self, mapping: &Mapping, row_of: RowOf<'_>) -> Source {
        if let Some(source) = self.last_contact(mapping, &mapping.attribute) {
            return source;
        }
        let contract = self.contract;
        let contact = contract.contact_rule().map(|rule| rule.element().to_owned());
        match row_of {
            RowOf::Contact => {
                if mapping.has(&Step::CurrentAddress)
                    && let Some(rule) =
                        contract.rules.iter().find(|rule| rule.kind == RuleKind::Address)
                {
                    return Source::CurrentAddress(self.layout.slot(
                        rule.element(),
                        &mapping.attribute,
                        NameMatch::Exact,
                    ));
                }
                if let Some(contact) = contact.filter(|contact| mapping.path.contains(contact)) {
                    return Source::Own(self.layout.slot(
                        &contact,
                        &mapping.attribute,
                        NameMatch::AnyCase,
                    ));
                }
                let is_application = mapping.path == contract.application_path;
                self.path_source(
                    mapping,
                    if is_application { NameMatch::Exact } else { NameMatch::AnyCase },
                )
            }
            RowOf::Element(rule) => self.element_source(mapping, rule),
            RowOf::Application => self.path_source(mapping, NameMatch::AnyCase),
        }
    }

    /// Reads the row's own element, one within or around it, or another.
    fn element_source(&mut self, mapping: &Mapping, rule: &Rule) -> Source {
        let attribute = &mapping.attribute;
        let is_own = rule.kind != RuleKind::Row || mapping.path == rule.child_path;
        if is_own {
            return Source::Own(self.layout.slot(rule.element(), attribute, NameMatch::AnyCase));
        }
        let contract = self.contract;
        if mapping.path.len() > rule.child_path.len() && mapping.path.starts_with(&rule.child_path)
        {
            let kind = self.values(rule, &mapping.path);
            let slot = self.layout.slot(mapping.element(), attribute, NameMatch::AnyCase);
            return Source::Within(kind, slot);
        }
        let around = contract
            .rules
            .iter()
            .find(|other| other.child_path == mapping.path && rule.is_below(&other.child_path));
        let Some(around) = around else { return self.path_source(mapping, NameMatch::AnyCase) };
        let slot = self.layout.slot(around.element(), attribute, NameMatch::AnyCase);
        if around.kind == RuleKind::Contact {
            Source::AroundContact(slot)
        } else {
            Source::Around(self.records(around), slot)
        }
    }

    /// Reads the last element at the mapping's path.
    pub(super) fn path_source(&mut self, mapping: &Mapping, matching: NameMatch) -> Source {
        let node = self.layout.node(&mapping.path);
        Source::Path(node, self.layout.slot(mapping.element(), &mapping.attribute, matching))
    }

    /// Reads another attribute of the element that a mapping of the application reads.
    pub(super) fn source_beside(&mut self, mapping: &Mapping, attribute: &str) -> Source {
        if let Some(source) = self.last_contact(mapping, attribute) {
            return source;
        }
        let node = self.layout.node(&mapping.path);
        Source::Path(node, self.layout.slot(mapping.element(), attribute, NameMatch::AnyCase))
    }

    /// Reads an attribute of the contact that a mapping names; `None` if it names none.
    fn last_contact(&mut self, mapping: &Mapping, attribute: &str) -> Option<Source> {
        let kinds = [
            (Step::LastValidPrimary, 0, true),
            (Step::LastValidSecondary, 1, true),
            (Step::LastSecondary, 1, false),
        ];
        let (_, role, needs_id) = kinds.into_iter().find(|(step, ..)| mapping.has(step))?;
        let contact = self.contract.contact_rule()?.element().to_owned();
        let element = mapping.element();
        let part = (element != contact && mapping.path.contains(&contact)).then(|| LastPart {
            kind: self.part_kind(element),
            slot: self.layout.slot(element, attribute, NameMatch::Exact),
            chosen_by: self.layout.slot(element, &mapping.attribute, NameMatch::Exact),
        });
        let own = self.layout.slot(&contact, attribute, NameMatch::Exact);
        let search = role == 0 && mapping.has(&Step::AddHistory);
        Some(Source::LastContact(LastContact { role, needs_id, part, own, search }))
    }
}

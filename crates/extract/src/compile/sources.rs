//! Decides where the value of a mapping comes from.

use super::Compiler;
use super::places::Place;
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

    /// Reads the row's own element, or one whose place is told from there.
    fn element_source(&mut self, mapping: &Mapping, rule: &Rule) -> Source {
        let attribute = &mapping.attribute;
        let element = mapping.element();
        if rule.kind != RuleKind::Row {
            return Source::Own(self.layout.slot(rule.element(), attribute, NameMatch::AnyCase));
        }
        let place = self.place(rule, &mapping.path);
        let slot = self.layout.slot(element, attribute, NameMatch::AnyCase);
        match place {
            Place::Own => Source::Own(slot),
            Place::Within(kind) => Source::Within(kind, slot),
            Place::Around(kind) => Source::Around(kind, slot),
            Place::AroundContact => Source::AroundContact(slot),
            Place::Beside { around, kind } => Source::Beside { around, kind, slot },
            Place::OfDocument => self.path_source(mapping, NameMatch::AnyCase),
            Place::Unclear => {
                let reason = format!(
                    "`/{}` is beside the elements of the row, in a contact: which of them is meant is not clear",
                    mapping.path.join("/")
                );
                let suggestion = "read it in a table of its own, or from the contact, the row or what is within the row";
                self.problems.add(format!("{}.xml_path", mapping.at), reason, suggestion);
                Source::Own(slot)
            }
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

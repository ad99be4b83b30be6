//! Decides where the value of a mapping comes from.

use super::Compiler;
use crate::contract::{Mapping, Step};
use crate::layout::NameMatch;
use crate::program::{LastContact, Source};

/// What the rows of a table are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RowOf<'c> {
    Application,
    Contact,
    /// An element that belongs to a contact, by its name.
    Part(&'c str),
}

impl Compiler<'_, '_> {
    pub(super) fn source(&mut self, mapping: &Mapping, row_of: RowOf<'_>) -> Source {
        if mapping.has(&Step::LastValidPrimary) {
            return self.last_contact(mapping, 0, true);
        }
        if mapping.has(&Step::LastValidSecondary) {
            return self.last_contact(mapping, 1, true);
        }
        if mapping.has(&Step::LastSecondary) {
            return self.last_contact(mapping, 1, false);
        }
        let contract = self.contract;
        let contact = contract.contact_rule().map(|rule| rule.element().to_owned());
        match row_of {
            RowOf::Contact => {
                if mapping.has(&Step::CurrentAddress)
                    && let Some(rule) = contract
                        .rules
                        .iter()
                        .find(|rule| rule.kind == crate::contract::RuleKind::Address)
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
            RowOf::Part(element) => {
                Source::Own(self.layout.slot(element, &mapping.attribute, NameMatch::AnyCase))
            }
            RowOf::Application => self.path_source(mapping, NameMatch::AnyCase),
        }
    }

    /// Reads the last element at the mapping's path.
    pub(super) fn path_source(&mut self, mapping: &Mapping, matching: NameMatch) -> Source {
        let node = self.layout.node(&mapping.path);
        Source::Path(node, self.layout.slot(mapping.element(), &mapping.attribute, matching))
    }

    fn last_contact(&mut self, mapping: &Mapping, role: usize, needs_id: bool) -> Source {
        let Some(contact) = self.contract.contact_rule().map(|rule| rule.element().to_owned())
        else {
            return self.path_source(mapping, NameMatch::AnyCase);
        };
        let element = mapping.element();
        let part = (element != contact && mapping.path.contains(&contact)).then(|| {
            (
                self.part_kind(element),
                self.layout.slot(element, &mapping.attribute, NameMatch::Exact),
            )
        });
        let own = self.layout.slot(&contact, &mapping.attribute, NameMatch::Exact);
        let search = role == 0 && mapping.has(&Step::AddHistory);
        Source::LastContact(LastContact { role, needs_id, part, own, search })
    }
}

//! Compiles the filter rules.

use super::Compiler;
use crate::contract::{Rule, RuleKind};
use crate::layout::{NameMatch, Role, SlotIx};
use crate::program::{AddressKind, ContactFilter};

/// A contact without any of these columns is nobody.
const MEANINGFUL_COLUMNS: [&str; 4] = ["birth_date", "first_name", "last_name", "ssn"];

impl Compiler<'_, '_> {
    /// Compiles the rule for contacts and numbers what belongs to them.
    pub(super) fn contact_filter(&mut self) -> Option<ContactFilter> {
        let contract = self.contract;
        let rule = contract.contact_rule()?;
        let element = rule.element();
        let (role, roles) = rule.choice.as_ref()?;
        self.layout.role(element, Role::Contact);
        let id_attribute = self.contact_id_attribute(rule)?;
        let table = contract.table_of(rule).map(|relationship| relationship.child_table.as_str());
        let mut meaningful = Vec::new();
        for column in MEANINGFUL_COLUMNS {
            let mapped = contract.mappings.iter().find(|mapping| {
                Some(mapping.table.as_str()) == table
                    && mapping.column == column
                    && mapping.path == rule.child_path
            });
            let attribute = mapped.map_or(column, |mapping| mapping.attribute.as_str());
            meaningful.push(self.layout.slot(element, attribute, NameMatch::Exact));
        }
        let addresses =
            contract.rules.iter().find(|rule| rule.kind == RuleKind::Address).and_then(|rule| {
                let (type_attribute, types) = rule.choice.as_ref()?;
                Some(AddressKind {
                    kind: self.part_kind(rule.element()),
                    type_slot: self.layout.slot(rule.element(), type_attribute, NameMatch::Exact),
                    preferred: types.first()?.clone(),
                })
            });
        Some(ContactFilter {
            role: self.layout.slot(element, role, NameMatch::Exact),
            roles: roles.clone(),
            id: self.layout.slot(element, &id_attribute, NameMatch::Exact),
            filled: self.exact_slots(element, &rule.filled),
            meaningful,
            addresses,
        })
    }

    pub(super) fn exact_slots(
        &mut self,
        element: &str,
        attributes: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Vec<SlotIx> {
        let mut slot = |attribute: &str| self.layout.slot(element, attribute, NameMatch::Exact);
        attributes.into_iter().map(|attribute| slot(attribute.as_ref())).collect()
    }

    /// Finds the attribute that identifies a contact: the one that the key column of its table is mapped from.
    fn contact_id_attribute(&self, rule: &Rule) -> Option<String> {
        let key = self.contract.table_of(rule).and_then(|relationship| {
            let table = relationship.child_table.as_str();
            let key = self.contact_key(table)?;
            self.contract
                .mappings
                .iter()
                .find(|mapping| mapping.table == table && mapping.column == key)
        });
        key.map(|mapping| mapping.attribute.clone()).or_else(|| rule.filled.first().cloned())
    }

    /// The key column of the table of contacts.
    pub(super) fn contact_key(&self, table: &str) -> Option<&str> {
        self.contract.key_of(table).or_else(|| {
            let inserted = self.contract.mappings.iter().find(|mapping| {
                mapping.table == table
                    && mapping.steps.contains(&crate::contract::Step::IdentityInsert)
            });
            inserted.map(|mapping| mapping.column.as_str())
        })
    }

    /// Numbers the elements of a name, which belong to contacts.
    pub(super) fn part_kind(&mut self, element: &str) -> u8 {
        if let Some(kind) = self.part_kinds.get(element) {
            return *kind;
        }
        let kind = u8::try_from(self.part_kinds.len()).unwrap_or_else(|_| {
            self.problems.add(
                "mappings",
                "more than 255 different elements of contacts are read",
                "read fewer",
            );
            u8::MAX
        });
        self.part_kinds.insert(element.to_owned(), kind);
        self.layout.role(element, Role::Part(kind));
        kind
    }
}

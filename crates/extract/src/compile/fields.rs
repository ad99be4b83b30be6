//! Decides where the fields of an expression may be.

use super::Compiler;
use super::sources::RowOf;
use crate::contract::{Mapping, Rule, RuleKind};
use crate::expr::{self, Parsed};
use crate::layout::NameMatch;
use crate::program::{CalculationProgram, FieldSource};

impl Compiler<'_, '_> {
    /// Parses the expression of a mapping and finds its fields.
    pub(super) fn calculation(
        &mut self,
        mapping: &Mapping,
        row_of: RowOf<'_>,
    ) -> Option<CalculationProgram> {
        let text = mapping.expression.as_deref()?;
        let Parsed { expr, fields } = match expr::parse(text, self.expression_depth) {
            Ok(parsed) => parsed,
            Err(err) => {
                let suggestion = "correct the expression; the position counts from 1";
                self.problems.add(
                    format!("{}.expression", mapping.at),
                    err.to_string(),
                    suggestion,
                );
                return None;
            }
        };
        let fields = fields.iter().map(|name| self.field_sources(name, row_of)).collect();
        Some(CalculationProgram { expr, fields })
    }

    fn field_sources(&mut self, name: &str, row_of: RowOf<'_>) -> Vec<FieldSource> {
        let contact = self.contract.contact_rule().map(|rule| rule.element().to_owned());
        let mut sources = Vec::new();
        match row_of {
            RowOf::Element(rule) => {
                if let Some(sources) = self.element_field(name, rule) {
                    return sources;
                }
            }
            RowOf::Contact => {
                if let Some(contact) = &contact
                    && let attribute = name.strip_prefix("contact.").unwrap_or(name)
                    && !attribute.contains('.')
                {
                    sources.push(FieldSource::Own(self.layout.slot(
                        contact,
                        attribute,
                        NameMatch::AnyCase,
                    )));
                }
            }
            RowOf::Application => {}
        }
        match name.split_once('.') {
            None => {
                sources.push(FieldSource::Anywhere(self.layout.field(None, name)));
                sources.extend(self.primary_contact(contact.as_deref(), name));
                if self.is_app_key(name) {
                    sources.push(FieldSource::AppId);
                }
            }
            Some((element, attribute)) => {
                sources.push(FieldSource::Anywhere(self.layout.field(Some(element), attribute)));
                if element.eq_ignore_ascii_case("application") {
                    let application =
                        self.contract.application_path.last().cloned().unwrap_or_default();
                    sources.push(FieldSource::Anywhere(
                        self.layout.field(Some(&application), attribute),
                    ));
                }
                if element.eq_ignore_ascii_case("contact") {
                    sources.extend(self.primary_contact(contact.as_deref(), attribute));
                }
            }
        }
        sources
    }

    /// Finds a field of rows that are elements; `None` if it is one of the whole document.
    fn element_field(&mut self, name: &str, rule: &Rule) -> Option<Vec<FieldSource>> {
        let contract = self.contract;
        let mut own = |element: &str, attribute: &str| {
            FieldSource::Own(self.layout.slot(element, attribute, NameMatch::AnyCase))
        };
        let Some((element, attribute)) = name.split_once('.') else {
            let mut sources = vec![own(rule.element(), name)];
            if self.is_contact_key(name) {
                sources.push(FieldSource::ContactId);
            }
            if rule.kind == RuleKind::Row && self.is_app_key(name) {
                sources.push(FieldSource::AppId);
            }
            return Some(sources);
        };
        if rule.kind != RuleKind::Row {
            return Some(Vec::new());
        }
        if element.eq_ignore_ascii_case(rule.element()) {
            return Some(vec![own(rule.element(), attribute)]);
        }
        let mut paths = contract.mappings.iter().map(|mapping| &mapping.path);
        let within = paths.find(|path| {
            path.len() > rule.child_path.len()
                && path.starts_with(&rule.child_path)
                && path.last().is_some_and(|name| name.eq_ignore_ascii_case(element))
        });
        if let Some(path) = within {
            let name = path.last().map_or("", String::as_str);
            let slot = self.layout.slot(name, attribute, NameMatch::AnyCase);
            return Some(vec![FieldSource::Within(self.values(rule, path), slot)]);
        }
        let around = contract.rules.iter().find(|other| {
            other.kind != RuleKind::Contact
                && other.element().eq_ignore_ascii_case(element)
                && rule.is_below(&other.child_path)
        });
        if let Some(around) = around {
            let slot = self.layout.slot(around.element(), attribute, NameMatch::AnyCase);
            return Some(vec![FieldSource::Around(self.records(around), slot)]);
        }
        let contact = contract.contact_rule().filter(|other| rule.is_below(&other.child_path))?;
        let is_contact =
            [contact.element(), "contact"].iter().any(|name| element.eq_ignore_ascii_case(name));
        is_contact.then(|| {
            let slot = self.layout.slot(contact.element(), attribute, NameMatch::AnyCase);
            vec![FieldSource::AroundContact(slot)]
        })
    }

    fn primary_contact(&mut self, contact: Option<&str>, attribute: &str) -> Option<FieldSource> {
        let contact = contact?;
        Some(FieldSource::PrimaryContact(self.layout.slot(contact, attribute, NameMatch::AnyCase)))
    }

    fn is_app_key(&self, name: &str) -> bool {
        let key = self.contract.root_table().and_then(|root| self.contract.key_of(root));
        key.is_some_and(|key| key.eq_ignore_ascii_case(name))
    }

    fn is_contact_key(&self, name: &str) -> bool {
        let table = self.contract.contact_rule().and_then(|rule| self.contract.table_of(rule));
        let key = table.and_then(|relationship| self.contact_key(&relationship.child_table));
        key.is_some_and(|key| key.eq_ignore_ascii_case(name))
    }
}

//! Decides where the fields of an expression may be.

use super::Compiler;
use super::places::Place;
use super::sources::RowOf;
use crate::contract::{Mapping, Rule, RuleKind};
use crate::expr::{self, Parsed};
use crate::layout::{NameMatch, SlotIx, TEXT};
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
        let sources: Vec<Vec<FieldSource>> =
            fields.iter().map(|name| self.known_field(mapping, name, row_of)).collect();
        Some(CalculationProgram { expr, fields: sources, names: fields })
    }

    /// Finds a field, and notes where two elements may be meant by it.
    fn known_field(
        &mut self,
        mapping: &Mapping,
        name: &str,
        row_of: RowOf<'_>,
    ) -> Vec<FieldSource> {
        self.unclear = None;
        let sources = self.field_sources(name, row_of);
        if let Some((first, second)) = self.unclear.take() {
            let reason =
                format!("the field `{name}` may be the text of `/{first}` or of `/{second}`");
            let suggestion = "name the element around it, too, like `Parent.Child`";
            self.problems.add(format!("{}.expression", mapping.at), reason, suggestion);
        }
        sources
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
                sources.extend(self.text_field(name, row_of));
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
                sources.extend(self.text_field(name, row_of));
            }
        }
        sources
    }

    /// Finds a field of rows that are elements; `None` if it is one of the whole document.
    fn element_field(&mut self, name: &str, rule: &Rule) -> Option<Vec<FieldSource>> {
        let own = |compiler: &mut Self, attribute: &str| {
            FieldSource::Own(compiler.layout.slot(rule.element(), attribute, NameMatch::AnyCase))
        };
        let Some((element, attribute)) = name.split_once('.') else {
            let mut sources = vec![own(self, name)];
            if self.is_contact_key(name) {
                sources.push(FieldSource::ContactId);
            }
            if rule.kind == RuleKind::Row && self.is_app_key(name) {
                sources.push(FieldSource::AppId);
            }
            if rule.kind == RuleKind::Row {
                sources.extend(self.text_field(name, RowOf::Element(rule)));
            }
            return Some(sources);
        };
        if rule.kind != RuleKind::Row {
            return Some(Vec::new());
        }
        let mut sources = Vec::new();
        if element.eq_ignore_ascii_case(rule.element()) {
            sources.push(own(self, attribute));
        } else if let Some(path) = self.path_of_field(element, rule) {
            let slot = |compiler: &mut Self, attribute: &str| {
                let name = path.last().map_or("", String::as_str);
                compiler.layout.slot(name, attribute, NameMatch::AnyCase)
            };
            let place = self.place(rule, &path);
            let slot_of_attribute = slot(self, attribute);
            sources.extend(at_place(place, slot_of_attribute));
            if attribute.eq_ignore_ascii_case("text") {
                let slot_of_text = slot(self, TEXT);
                sources.extend(at_place(place, slot_of_text));
            }
        } else if let Some(contact) = self.contract.contact_rule()
            && rule.is_below(&contact.child_path)
            && [contact.element(), "contact"].iter().any(|name| element.eq_ignore_ascii_case(name))
        {
            let slot = self.layout.slot(contact.element(), attribute, NameMatch::AnyCase);
            sources.push(FieldSource::AroundContact(slot));
        }
        sources.extend(self.text_field(name, RowOf::Element(rule)));
        (!sources.is_empty()).then_some(sources)
    }

    /// Finds the path of the elements of a name that a row can read: one within its own before one around or beside it.
    /// What is there once in the document is a field of the whole document.
    fn path_of_field(&self, element: &str, rule: &Rule) -> Option<Vec<String>> {
        let contract = self.contract;
        let is_it = |path: &&Vec<String>| {
            path.last().is_some_and(|name| name.eq_ignore_ascii_case(element))
        };
        let mapped = || contract.mappings.iter().map(|mapping| &mapping.path).filter(is_it);
        let within = mapped()
            .find(|path| path.len() > rule.child_path.len() && path.starts_with(&rule.child_path));
        let around = || {
            let others = contract.rules.iter().filter(|other| other.kind != RuleKind::Contact);
            let mut around = others.filter(|other| rule.is_below(&other.child_path));
            around.find(|other| other.element().eq_ignore_ascii_case(element))
        };
        let n_common = |path: &[String]| {
            path.iter().zip(&rule.child_path).take_while(|(name, other)| name == other).count()
        };
        let beside = || {
            mapped().find(|path| !contract.application_path.starts_with(&path[..n_common(path)]))
        };
        let path = within.or_else(|| around().map(|rule| &rule.child_path)).or_else(beside);
        path.cloned()
    }

    /// Finds a field that is the text of elements: of those whose text a mapping reads, by the end of their path.
    pub(super) fn text_field(&mut self, name: &str, row_of: RowOf<'_>) -> Option<FieldSource> {
        let names: Vec<&str> = name.split('.').collect();
        let fits = |path: &[String]| {
            let mut ends = path.iter().rev().zip(names.iter().rev());
            path.len() >= names.len()
                && ends.all(|(name, wanted)| name.eq_ignore_ascii_case(wanted))
        };
        let mappings = self.contract.mappings.iter().filter(|mapping| mapping.attribute == TEXT);
        let mut paths: Vec<&[String]> =
            mappings.map(|mapping| mapping.path.as_slice()).filter(|path| fits(path)).collect();
        paths.sort_unstable();
        paths.dedup();
        if let RowOf::Element(rule) = row_of {
            // Of its own before those of others.
            if paths.iter().any(|path| path.starts_with(&rule.child_path)) {
                paths.retain(|path| path.starts_with(&rule.child_path));
            }
        }
        let [path] = paths[..] else {
            if let [first, second, ..] = paths[..] {
                self.unclear = Some((first.join("/"), second.join("/")));
            }
            return None;
        };
        let (path, element) = (path.to_vec(), path.last().map_or("", String::as_str));
        let slot = self.layout.slot(element, TEXT, NameMatch::Exact);
        match row_of {
            RowOf::Element(rule) => match self.place(rule, &path) {
                Place::OfDocument => Some(FieldSource::Path(self.layout.node(&path), slot)),
                place @ (Place::Own
                | Place::Within(_)
                | Place::Around(_)
                | Place::AroundContact
                | Place::Beside { .. }
                | Place::Unclear) => at_place(place, slot),
            },
            RowOf::Application | RowOf::Contact => {
                Some(FieldSource::Path(self.layout.node(&path), slot))
            }
        }
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

/// A field of an element whose place is told from the row's own.
fn at_place(place: Place, slot: SlotIx) -> Option<FieldSource> {
    match place {
        Place::Own => Some(FieldSource::Own(slot)),
        Place::Within(kind) => Some(FieldSource::Within(kind, slot)),
        Place::Around(kind) => Some(FieldSource::Around(kind, slot)),
        Place::AroundContact => Some(FieldSource::AroundContact(slot)),
        Place::Beside { around, kind } => Some(FieldSource::Beside { around, kind, slot }),
        Place::OfDocument | Place::Unclear => None,
    }
}

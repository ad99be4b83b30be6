//! Where the values of mappings come from, as paths.

use super::Rewriter;
use super::columns::RowOf;
use super::conditions::{filled, step_to};
use super::toml::{inline, list, quote};
use crate::contract::{Mapping, Rule, RuleKind, Step};
use crate::layout::TEXT;

/// A path, or one of several of which the first with a value counts.
#[derive(Debug, Clone)]
pub(super) struct Alternative {
    pub(super) path: String,
    pub(super) when: Option<String>,
}

impl Alternative {
    fn of(path: String) -> Self {
        Self { path, when: None }
    }

    /// Says that there is something, with or without a value.
    pub(super) fn exists(&self) -> String {
        match &self.when {
            None => self.path.clone(),
            Some(when) => format!("({when} and {})", self.path),
        }
    }
}

/// Where a value comes from.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) alternatives: Vec<Alternative>,
    /// Attributes count as they are written alone.
    pub(super) is_exact: bool,
    pub(super) pick: Option<&'static str>,
    pub(super) is_text: bool,
}

impl Source {
    fn of(path: String, attribute: &str) -> Self {
        Self {
            alternatives: vec![Alternative::of(path)],
            is_exact: false,
            pick: None,
            is_text: attribute == TEXT,
        }
    }

    /// The value of `from`.
    pub(super) fn from(&self) -> String {
        if let [Alternative { path, when: None }] = self.alternatives.as_slice() {
            return quote(path);
        }
        list(&self.each())
    }

    /// The alternatives, each as it is written.
    pub(super) fn each(&self) -> Vec<String> {
        self.alternatives
            .iter()
            .map(|one| match &one.when {
                None => quote(&one.path),
                Some(when) => inline(&[
                    format!("when = {}", quote(when)),
                    format!("from = {}", quote(&one.path)),
                ]),
            })
            .collect()
    }

    /// The one path that it is, for conditions.
    pub(super) fn only(&self) -> Option<&str> {
        let [Alternative { path, when: None }] = self.alternatives.as_slice() else { return None };
        Some(path)
    }
}

impl Rewriter<'_, '_> {
    pub(super) fn source(
        &mut self,
        mapping: &Mapping,
        attribute: &str,
        row_of: RowOf<'_>,
    ) -> Source {
        if let Some(source) = self.last_contact(mapping, attribute) {
            return source;
        }
        let step = step_to(attribute);
        match row_of {
            RowOf::Contact(contact) => {
                if mapping.has(&Step::CurrentAddress)
                    && let Some(source) = self.current_address(attribute)
                {
                    return source;
                }
                if mapping.path.iter().any(|name| name == contact.element()) {
                    return Source::of(step, attribute);
                }
                let mut source = self.at_path(mapping, attribute);
                source.is_exact = mapping.path == self.contract.application_path;
                source
            }
            RowOf::Element(rule) if rule.kind != RuleKind::Row => Source::of(step, attribute),
            RowOf::Element(rule) => self.beside_row(mapping, attribute, rule),
            RowOf::Application => self.at_path(mapping, attribute),
        }
    }

    fn at_path(&mut self, mapping: &Mapping, attribute: &str) -> Source {
        let element = self.element_at(&mapping.path);
        Source::of(format!("{element}/{}", step_to(attribute)), attribute)
    }

    /// The current address of the row's contact: the last one of the first type.
    fn current_address(&mut self, attribute: &str) -> Option<Source> {
        let contract = self.contract;
        let rule = contract.rules.iter().find(|rule| rule.kind == RuleKind::Address)?;
        let (kind, types) = rule.choice.as_ref()?;
        let is_current = self.is_word(rule, kind, types.first()?);
        let path = format!("{}[{is_current}][last()]/{}", rule.element(), step_to(attribute));
        Some(Source { is_exact: true, ..Source::of(path, attribute) })
    }

    /// What mappings read of the last contact of a role.
    fn last_contact(&mut self, mapping: &Mapping, attribute: &str) -> Option<Source> {
        let kinds = [
            (Step::LastValidPrimary, 0, true),
            (Step::LastValidSecondary, 1, true),
            (Step::LastSecondary, 1, false),
        ];
        let (_, role, needs_id) = kinds.into_iter().find(|(step, ..)| mapping.has(step))?;
        let contract = self.contract;
        let contact = contract.contact_rule()?;
        let all = self.contacts_of_role(contact, role, needs_id)?;
        let step = step_to(attribute);
        let searches = role == 0 && mapping.has(&Step::AddHistory);
        let part = mapping.element();
        let is_part =
            part != contact.element() && mapping.path.iter().any(|name| name == contact.element());
        let name = all.trim_start_matches('$').to_owned();
        let last = self.name_path(&format!("{name}_last"), format!("({all})[last()]"));
        let from = if searches { &all } else { &last };
        let chosen_by = filled(&mapping.attribute);
        let address = contract.rules.iter().find(|rule| rule.kind == RuleKind::Address);
        let preferred = address.filter(|rule| is_part && rule.element() == part).and_then(|rule| {
            let (kind, types) = rule.choice.as_ref()?;
            Some(self.is_word(rule, kind, types.first()?))
        });
        let ways: Vec<(String, String)> = match preferred {
            Some(is_current) => vec![
                (String::new(), format!("{part}[{is_current}][{chosen_by}][1]/{step}")),
                (format!("{part}[{is_current}]"), format!("{part}[{chosen_by}][1]/{step}")),
                (part.to_owned(), step.clone()),
            ],
            None if is_part => vec![
                (String::new(), format!("{part}[last()]/{step}")),
                (part.to_owned(), step.clone()),
            ],
            None => vec![(String::new(), step.clone())],
        };
        let mut source = Source { is_exact: true, ..Source::of(String::new(), attribute) };
        if searches {
            // The last contact that says something, whatever part of it says it.
            let paths: Vec<String> = ways
                .iter()
                .map(|(unless, path)| match unless.as_str() {
                    "" => format!("{from}/{path}"),
                    unless => format!("{from}[not({unless})]/{path}"),
                })
                .collect();
            source.alternatives = vec![Alternative::of(paths.join(" | "))];
            source.pick = Some("last");
        } else {
            let alternative = |(unless, path): &(String, String)| Alternative {
                path: format!("{from}/{path}"),
                when: (!unless.is_empty()).then(|| format!("not({from}/{unless})")),
            };
            source.alternatives = ways.iter().map(alternative).collect();
        }
        Some(source)
    }

    /// All contacts of a role: those that spell it like the contract, and if there is none of them, all others.
    fn contacts_of_role(&mut self, rule: &Rule, role: usize, needs_id: bool) -> Option<String> {
        let (attribute, roles) = rule.choice.as_ref()?;
        let role = roles.get(role)?;
        let element = rule.element();
        let id = if needs_id {
            let id = self.contact_id(rule)?;
            format!("[{}]", filled(&id))
        } else {
            String::new()
        };
        let text = super::conditions::literal(role)?;
        let exact = format!("//{element}[@{attribute} = {text}]{id}");
        let others = format!("//{element}[{}]{id}", self.is_word(rule, attribute, role));
        let suffix = if needs_id { "" } else { "_any" };
        Some(self.name_path(
            &format!("{element}_{role}{suffix}"),
            format!("{exact} | {others}[not({exact})]"),
        ))
    }
}

//! Conditions of the path language.

use super::Rewriter;
use crate::contract::{Mapping, Rule};
use crate::layout::TEXT;

/// The step to an attribute, or to the text right in an element.
pub(super) fn step_to(attribute: &str) -> String {
    if attribute == TEXT { TEXT.to_owned() } else { format!("@{attribute}") }
}

/// Writes a text of the path language, which has no way to write both kinds of quotes.
pub(super) fn literal(text: &str) -> Option<String> {
    match (text.contains('\''), text.contains('"')) {
        (false, _) => Some(format!("'{text}'")),
        (true, false) => Some(format!("\"{text}\"")),
        (true, true) => None,
    }
}

/// Says that an attribute is not blank.
pub(super) fn filled(attribute: &str) -> String {
    format!("normalize-space({})", step_to(attribute))
}

/// Joins conditions of which one has to hold.
pub(super) fn any_of(conditions: &[String]) -> String {
    match conditions {
        [one] => one.clone(),
        _ => format!("({})", conditions.join(" or ")),
    }
}

impl Rewriter<'_, '_> {
    /// Says that an attribute is a word, whatever its case and the blanks around it.
    pub(super) fn is_word(&mut self, rule: &Rule, attribute: &str, word: &str) -> String {
        let text = literal(&word.to_lowercase()).unwrap_or_else(|| {
            let reason = "a value has both kinds of quotes, which paths cannot write";
            self.problems.add(&rule.at, reason, "take one kind out");
            String::new()
        });
        format!("lower-case(normalize-space({})) = {text}", step_to(attribute))
    }

    /// Says what the rule wants of an element.
    pub(super) fn wanted_by(&mut self, rule: &Rule) -> Vec<String> {
        let mut conditions = Vec::new();
        if let Some((attribute, values)) = &rule.choice {
            let words: Vec<String> =
                values.iter().map(|value| self.is_word(rule, attribute, value)).collect();
            conditions.push(any_of(&words));
        }
        conditions.extend(rule.filled.iter().map(|attribute| filled(attribute)));
        conditions
    }

    /// The last element at a path, as format 1 reads it.
    pub(super) fn element_at(&mut self, path: &[String]) -> String {
        let whole = format!("/{}", path.join("/"));
        let id = self.contract.app_id_mapping().map(|mapping: &Mapping| mapping.path.as_slice());
        // Of these there is one, or the document is refused.
        let is_one = path.len() == 1
            || path == self.contract.application_path.as_slice()
            || Some(path) == id;
        if path.len() == 1 {
            return whole;
        }
        let name = path.last().map_or("root", String::as_str);
        self.name_path(name, if is_one { whole } else { format!("({whole})[last()]") })
    }
}

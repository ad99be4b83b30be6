//! Reads which elements make rows and which table hangs off which.

use serde_json::Value as Json;

use super::json::{Object, Reader, join};
use crate::contract::spelling::{
    FILTERING_KEYS, KEEPS, RELATIONSHIP_KEYS, RULE_KEYS, RULE_KINDS, check_keys, suggest,
};
use crate::contract::{Keep, Relationship, Rule, RuleKind};

/// An attribute and the values that it may have, by rank.
type Choice = (String, Vec<String>);

impl Reader<'_> {
    pub(super) fn rules(&mut self, root: &Object) -> Vec<Rule> {
        let Some(Json::Object(filtering)) = root.get("element_filtering") else {
            let suggestion =
                "add { \"filter_rules\": [..] } with a rule for contacts and one for addresses";
            self.problems.add("element_filtering", "`element_filtering` is missing", suggestion);
            return Vec::new();
        };
        check_keys(filtering, "element_filtering", FILTERING_KEYS, self.problems);
        self.each(filtering, "element_filtering", "filter_rules", Self::rule)
            .into_iter()
            .flatten()
            .collect()
    }

    fn rule(&mut self, object: &Object, at: String) -> Option<Rule> {
        check_keys(object, &at, RULE_KEYS, self.problems);
        let kind = self.rule_kind(object, &at);
        let child_path = self.path(object, &at, "xml_child_path");
        let (filled, choice) = self.required_attributes(object, &at, kind)?;
        let key = self.optional_texts(object, &at, "key");
        let keep = self.word(object, &at, "keep", KEEPS);
        let kind = kind?;
        let needless = |present: bool| present && kind != RuleKind::Row;
        for (name, present) in [("key", !key.is_empty()), ("keep", keep.is_some())] {
            if needless(present) {
                let reason = format!("`{name}` is for rules of type `row`");
                self.problems.add(join(&at, name), reason, "remove it");
            }
        }
        if kind == RuleKind::Row && keep.is_some() && key.is_empty() {
            let reason = "`keep` says nothing without a key";
            self.problems.add(join(&at, "keep"), reason, "add `key`, or remove it");
        }
        let keep = keep.unwrap_or(Keep::First);
        Some(Rule { at, kind, child_path, filled, choice, key, keep })
    }

    fn rule_kind(&mut self, object: &Object, at: &str) -> Option<RuleKind> {
        let text = self.text(object, at, "element_type");
        let found = RULE_KINDS.iter().find(|(word, _)| *word == text);
        if found.is_none() && !text.is_empty() {
            let otherwise = "write contact, address, employment or row";
            let suggestion = suggest(&text, RULE_KINDS.iter().map(|(word, _)| *word), otherwise);
            let reason = format!("`{text}` is no element type");
            self.problems.add(join(at, "element_type"), reason, suggestion);
        }
        found.map(|(_, kind)| *kind)
    }

    /// Reads which attributes an element must have: filled ones, and one with its values by rank.
    fn required_attributes(
        &mut self,
        object: &Object,
        at: &str,
        kind: Option<RuleKind>,
    ) -> Option<(Vec<String>, Option<Choice>)> {
        let at = join(at, "required_attributes");
        let (mut filled, mut choice) = (Vec::new(), None);
        let attributes = match object.get("required_attributes") {
            Some(Json::Object(attributes)) => attributes,
            None | Some(Json::Null) if kind.is_none_or(|kind| kind == RuleKind::Row) => {
                return Some((filled, choice));
            }
            _ => {
                let reason = "`required_attributes` is missing";
                self.problems.add(at, reason, "add { attribute: true or [values] }");
                return None;
            }
        };
        for (name, wanted) in attributes {
            match wanted {
                Json::Bool(true) => filled.push(name.clone()),
                Json::Bool(false) => {}
                Json::Array(values) if choice.is_none() => {
                    let texts = values.iter().map(|value| value.as_str().map(str::trim));
                    if texts.clone().any(|text| text.is_none()) {
                        let reason = "not a list of texts";
                        self.problems.add(join(&at, name), reason, "write each value in quotes");
                    }
                    let texts = texts.flatten().map(str::to_owned).collect();
                    choice = Some((name.clone(), texts));
                }
                Json::Array(_) => {
                    let reason = "two attributes with a list of values";
                    let suggestion = "leave one list, which is also the ranking";
                    self.problems.add(join(&at, name), reason, suggestion);
                }
                Json::Null | Json::Number(_) | Json::String(_) | Json::Object(_) => {
                    let reason = "neither true nor a list";
                    self.problems.add(join(&at, name), reason, "write true or [values]");
                }
            }
        }
        Some((filled, choice))
    }

    pub(super) fn relationship(&mut self, object: &Object, at: String) -> Relationship {
        check_keys(object, &at, RELATIONSHIP_KEYS, self.problems);
        Relationship {
            parent_table: self.text(object, &at, "parent_table"),
            child_table: self.text(object, &at, "child_table"),
            foreign_key: self.foreign_key(object, &at),
            child_path: self.path(object, &at, "xml_child_path"),
            at,
        }
    }

    /// Reads the column, or the columns, that tie a table to its parent.
    fn foreign_key(&mut self, object: &Object, at: &str) -> Vec<String> {
        let key = "foreign_key_column";
        if !matches!(object.get(key), Some(Json::Array(_))) {
            return vec![self.text(object, at, key)];
        }
        let columns = self.texts(object, at, key);
        if columns.is_empty() {
            self.problems.add(join(at, key), format!("`{key}` is empty"), "name a column");
        }
        columns
    }
}

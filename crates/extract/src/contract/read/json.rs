//! Reads texts, flags, lists and the like, and notes where they are not what they should be.

use serde_json::{Map, Value as Json};

use crate::contract::Scalar;
use crate::contract::spelling::suggest;
use crate::problem::Problems;

pub(super) type Object = Map<String, Json>;

pub(super) struct Reader<'p> {
    pub(super) problems: &'p mut Problems,
}

/// Names a key of an object that is somewhere in the contract.
pub(super) fn join(at: &str, key: &str) -> String {
    if at.is_empty() { key.to_owned() } else { format!("{at}.{key}") }
}

impl Reader<'_> {
    pub(super) fn optional_text(&mut self, object: &Object, at: &str, key: &str) -> Option<String> {
        match object.get(key) {
            None | Some(Json::Null) => None,
            Some(Json::String(text)) if text.trim().is_empty() => None,
            Some(Json::String(text)) => {
                let text = text.trim();
                // Line breaks in an expression are its layout.
                if key != "expression" {
                    self.check_printable(text, &join(at, key));
                }
                Some(text.to_owned())
            }
            Some(_) => {
                self.problems.add(join(at, key), "not a text", format!("write `{key}` in quotes"));
                None
            }
        }
    }

    /// Names become T-SQL and are shown: a line break would end a line of either, and `GO` on the next one a batch.
    pub(super) fn check_printable(&mut self, name: &str, at: &str) {
        if name.chars().any(|char| char.is_control() || matches!(char, '\u{2028}' | '\u{2029}')) {
            let reason =
                format!("the name {name:?} holds a line break or another control character");
            self.problems.add(at, reason, "remove it");
        }
    }

    pub(super) fn text(&mut self, object: &Object, at: &str, key: &str) -> String {
        if matches!(object.get(key), None | Some(Json::Null)) {
            self.problems.add(join(at, key), format!("`{key}` is missing"), format!("add `{key}`"));
            return String::new();
        }
        if matches!(object.get(key), Some(Json::String(text)) if text.trim().is_empty()) {
            self.problems.add(
                join(at, key),
                format!("`{key}` is empty"),
                format!("fill in `{key}`"),
            );
        }
        self.optional_text(object, at, key).unwrap_or_default()
    }

    pub(super) fn path(&mut self, object: &Object, at: &str, key: &str) -> Vec<String> {
        let text = self.text(object, at, key);
        let path: Vec<String> =
            text.trim_start_matches('/').split('/').map(|name| name.trim().to_owned()).collect();
        if !text.is_empty() && path.iter().any(String::is_empty) {
            let reason = "a path of elements has no empty names";
            self.problems.add(
                join(at, key),
                reason,
                "write it like `/Root/Child`, without an attribute",
            );
        }
        path
    }

    pub(super) fn flag(
        &mut self,
        object: &Object,
        at: &str,
        key: &str,
        default: Option<bool>,
    ) -> bool {
        match (object.get(key), default) {
            (Some(Json::Bool(flag)), _) => *flag,
            (None | Some(Json::Null), Some(default)) => default,
            (None | Some(Json::Null), None) => {
                self.problems.add(
                    join(at, key),
                    format!("`{key}` is missing"),
                    format!("add `{key}`: true or false"),
                );
                false
            }
            (Some(_), _) => {
                self.problems.add(
                    join(at, key),
                    "neither true nor false",
                    "write true or false, without quotes",
                );
                false
            }
        }
    }

    /// Lists the items of an array that must be there.
    pub(super) fn items<'j>(&mut self, object: &'j Object, at: &str, key: &str) -> &'j [Json] {
        match object.get(key) {
            Some(Json::Array(items)) => items,
            None => {
                self.problems.add(
                    join(at, key),
                    format!("`{key}` is missing"),
                    format!("add `{key}`: [..]"),
                );
                &[]
            }
            Some(_) => {
                self.problems.add(join(at, key), "not a list", format!("write `{key}`: [..]"));
                &[]
            }
        }
    }

    /// Lists the names in an array that must be there.
    pub(super) fn texts(&mut self, object: &Object, at: &str, key: &str) -> Vec<String> {
        let mut texts = Vec::new();
        for (item_ix, item) in self.items(object, at, key).iter().enumerate() {
            match item.as_str().map(str::trim) {
                Some(text) if !text.is_empty() => {
                    self.check_printable(text, &format!("{}[{item_ix}]", join(at, key)));
                    texts.push(text.to_owned());
                }
                Some(_) | None => self.problems.add(
                    format!("{}[{item_ix}]", join(at, key)),
                    "not a name",
                    "write a name in quotes",
                ),
            }
        }
        texts
    }

    /// Lists the names in an array that may be left out.
    pub(super) fn optional_texts(&mut self, object: &Object, at: &str, key: &str) -> Vec<String> {
        match object.get(key) {
            None | Some(Json::Null) => Vec::new(),
            Some(_) => self.texts(object, at, key),
        }
    }

    /// Reads one of a few words, which must be written as they are.
    pub(super) fn word<T: Copy>(
        &mut self,
        object: &Object,
        at: &str,
        key: &str,
        words: &[(&str, T)],
    ) -> Option<T> {
        let json = object.get(key).filter(|json| !json.is_null())?;
        let text = json.as_str().unwrap_or_default();
        let found = words.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let otherwise = format!("write one of {}", all.join(", "));
            let suggestion = suggest(text, all.iter().copied(), &otherwise);
            let reason = match json {
                Json::String(text) => format!("there is no `{text}` for `{key}`"),
                Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => {
                    "not a text".to_owned()
                }
            };
            self.problems.add(join(at, key), reason, suggestion);
        }
        found.map(|(_, meant)| *meant)
    }

    /// Returns an object that may be left out.
    pub(super) fn optional_object<'j>(
        &mut self,
        object: &'j Object,
        at: &str,
        key: &str,
    ) -> Option<&'j Object> {
        match object.get(key) {
            None | Some(Json::Null) => None,
            Some(Json::Object(inner)) => Some(inner),
            Some(_) => {
                self.problems.add(
                    join(at, key),
                    "not an object",
                    format!("write `{key}`: {{ .. }}"),
                );
                None
            }
        }
    }

    pub(super) fn each<T>(
        &mut self,
        object: &Object,
        at: &str,
        key: &str,
        read: fn(&mut Self, &Object, String) -> T,
    ) -> Vec<T> {
        let mut all = Vec::new();
        for (item_ix, item) in self.items(object, at, key).iter().enumerate() {
            let item_at = format!("{}[{item_ix}]", join(at, key));
            match item.as_object() {
                Some(item) => all.push(read(self, item, item_at)),
                None => self.problems.add(item_at, "not an object", "write { .. }"),
            }
        }
        all
    }

    pub(super) fn scalar(&mut self, json: Option<&Json>, at: &str) -> Option<Scalar> {
        match json {
            None | Some(Json::Null) => None,
            Some(Json::String(text)) => Some(Scalar::Text(text.clone())),
            Some(Json::Number(number)) => Some(Scalar::Number(number.to_string())),
            Some(Json::Bool(flag)) => Some(Scalar::Flag(*flag)),
            Some(Json::Array(_) | Json::Object(_)) => {
                self.problems.add(at, "neither a text nor a number", "write one value");
                None
            }
        }
    }
}

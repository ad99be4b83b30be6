//! Reads the values of a file as what they have to be; what is wrong is noted and reading goes on.

use super::super::contract::Placed;
use super::super::item::{At, Entry, Item, What};
use crate::meant;
use crate::problem::Problems;

/// The keys and values of a table that have not been read yet.
#[derive(Debug)]
pub(super) struct Fields {
    entries: Vec<Entry>,
    pub(super) at: At,
    /// What the table is, as `table.po_line`; empty for the contract.
    pub(super) label: String,
}

impl Fields {
    /// Takes the value of a key out.
    pub(super) fn take(&mut self, key: &str) -> Option<Item> {
        let place = self.entries.iter().position(|entry| entry.key == key)?;
        Some(self.entries.remove(place).item)
    }

    /// Takes all that is left.
    pub(super) fn take_all(&mut self) -> Vec<Entry> {
        std::mem::take(&mut self.entries)
    }

    /// What the value of a key is.
    pub(super) fn label_of(&self, key: &str) -> String {
        if self.label.is_empty() { key.to_owned() } else { format!("{}.{key}", self.label) }
    }
}

#[derive(Debug)]
pub(super) struct Reader<'p> {
    pub(super) problems: &'p mut Problems,
}

impl Reader<'_> {
    pub(super) fn add(
        &mut self,
        at: At,
        label: &str,
        reason: impl Into<String>,
        suggestion: impl Into<String>,
    ) {
        self.problems.add(at.show(label, None), reason, suggestion);
    }

    fn wrong(&mut self, item: &Item, label: &str, wanted: &str) {
        let reason = format!("{} is due here, not {}", wanted, item.what.describe());
        self.add(item.at, label, reason, format!("write {wanted}"));
    }

    /// Reads a table.
    pub(super) fn fields(&mut self, item: Item, label: &str) -> Option<Fields> {
        match item.what {
            What::Table(entries) => Some(Fields { entries, at: item.at, label: label.to_owned() }),
            What::Text(_)
            | What::Number(_)
            | What::Flag(_)
            | What::List(_)
            | What::Date
            | What::Null => {
                self.wrong(&item, label, "a table");
                None
            }
        }
    }

    /// Notes the keys that nothing has read. Remarks begin with `_`; `$schema` names the schema of the file.
    pub(super) fn finish(&mut self, fields: Fields, known: &[&str]) {
        for entry in fields.entries {
            if entry.key.starts_with(['_', '$']) {
                continue;
            }
            let label = if fields.label.is_empty() {
                entry.key.clone()
            } else {
                format!("{}.{}", fields.label, entry.key)
            };
            let reason = format!("there is no key `{}` here", entry.key);
            self.add(entry.at, &label, reason, meant::suggest(&entry.key, known, "this table"));
        }
    }

    pub(super) fn text(&mut self, item: Item, label: &str) -> Option<Placed> {
        match item.what {
            What::Text(text) if !text.trim().is_empty() => {
                Some(Placed { text, at: item.at, label: label.to_owned() })
            }
            What::Text(_) => {
                self.add(item.at, label, "the text is empty", "write one, or leave the key out");
                None
            }
            What::Number(_)
            | What::Flag(_)
            | What::List(_)
            | What::Table(_)
            | What::Date
            | What::Null => {
                self.wrong(&item, label, "a text");
                None
            }
        }
    }

    pub(super) fn optional_text(&mut self, fields: &mut Fields, key: &str) -> Option<Placed> {
        let label = fields.label_of(key);
        let item = fields.take(key)?;
        self.text(item, &label)
    }

    pub(super) fn needed_text(&mut self, fields: &mut Fields, key: &str) -> Option<Placed> {
        let label = fields.label_of(key);
        match fields.take(key) {
            Some(item) => self.text(item, &label),
            None => {
                self.add(fields.at, &label, format!("`{key}` is missing"), "add it");
                None
            }
        }
    }

    /// Reads a text, or a list of texts.
    pub(super) fn texts(&mut self, item: Item, label: &str) -> Vec<Placed> {
        match item.what {
            What::List(items) => {
                let mut texts = Vec::new();
                for (place, item) in items.into_iter().enumerate() {
                    texts.extend(self.text(item, &format!("{label}[{place}]")));
                }
                texts
            }
            What::Text(_) => self.text(item, label).into_iter().collect(),
            What::Number(_) | What::Flag(_) | What::Table(_) | What::Date | What::Null => {
                self.wrong(&item, label, "a text or a list of texts");
                Vec::new()
            }
        }
    }

    pub(super) fn optional_texts(&mut self, fields: &mut Fields, key: &str) -> Vec<Placed> {
        let label = fields.label_of(key);
        match fields.take(key) {
            Some(item) => self.texts(item, &label),
            None => Vec::new(),
        }
    }

    pub(super) fn flag(&mut self, fields: &mut Fields, key: &str) -> Option<bool> {
        let label = fields.label_of(key);
        let item = fields.take(key)?;
        if let What::Flag(flag) = item.what {
            return Some(flag);
        }
        self.wrong(&item, &label, "true or false");
        None
    }

    /// Reads a text, a number, true or false, as text.
    pub(super) fn scalar(&mut self, item: Item, label: &str) -> Option<Placed> {
        let text = match &item.what {
            What::Text(text) | What::Number(text) => text.clone(),
            What::Flag(flag) => flag.to_string(),
            What::List(_) | What::Table(_) | What::Date | What::Null => {
                self.wrong(&item, label, "a text, a number, true or false");
                return None;
            }
        };
        Some(Placed { text, at: item.at, label: label.to_owned() })
    }

    /// Reads one of several words.
    pub(super) fn word<T: Copy>(
        &mut self,
        fields: &mut Fields,
        key: &str,
        words: &[(&str, T)],
    ) -> Option<T> {
        let placed = self.optional_text(fields, key)?;
        let known = words.iter().find(|(word, _)| *word == placed.text);
        if known.is_none() {
            let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let reason = format!("`{}` is none of the words for `{key}`", placed.text);
            let suggestion = meant::suggest(&placed.text, &names, "it");
            self.add(placed.at, &placed.label, reason, suggestion);
        }
        known.map(|(_, value)| *value)
    }
}

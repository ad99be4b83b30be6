//! Reads a contract of format 2 from the items of its file; what is wrong is noted and reading goes on.

mod column;
mod fields;
#[cfg(test)]
mod schema;

use super::contract::{Amount, Contract, Keep, NeedRule, Needs, Placed, TableRule};
use super::item::{Item, What};
use crate::codes::{Case, ConversionTable, Unknown};
use crate::contract::LOG_TABLE;
use crate::problem::Problems;
use crate::reading::{Reading, Word};
use fields::{Fields, Reader};

const ROOT_KEYS: &[&str] = &[
    "format",
    "source",
    "target",
    "document",
    "namespaces",
    "let",
    "reading",
    "codes",
    "ignore",
    "table",
];
const SOURCE_KEYS: &[&str] = &["table", "id", "document", "applications"];
const TARGET_KEYS: &[&str] = &["schema", "id", "identity"];
const DOCUMENT_KEYS: &[&str] = &["id"];
const CODES_KEYS: &[&str] = &["map", "unknown", "default", "any_case"];
const TABLE_KEYS: &[&str] = &[
    "name",
    "rows",
    "parent",
    "parent_key",
    "key",
    "keep",
    "prefer",
    "when",
    "needs",
    "columns",
    "each",
];
const KEEPS: &[(&str, Keep)] = &[("first", Keep::First), ("last", Keep::Last)];

/// The column of the application's id where the contract names none.
const USUAL_ID: &str = "app_id";

/// Reads a contract; `None` if there is hardly one.
pub(super) fn read(file: Item, problems: &mut Problems) -> Option<Contract> {
    let mut reader = Reader { problems };
    let mut root = reader.fields(file, "")?;
    if !reader.format(&mut root) {
        return None;
    }
    let source = reader.part(
        &mut root,
        "source",
        "name the table of the documents: [source] table = \"..\"",
    );
    let (source, applications) = source.map_or_else(Default::default, |part| reader.source(part));
    let target = reader.optional_part(&mut root, "target");
    let (target_schema, target_id, is_identity) = reader.target(target);
    let document_id = reader.optional_part(&mut root, "document").and_then(|mut part| {
        let id = reader.needed_text(&mut part, "id");
        reader.finish(part, DOCUMENT_KEYS);
        id
    });
    let namespaces = reader.namespaces(&mut root);
    let lets = reader.lets(&mut root);
    let mut reading = Reading::default();
    reader.reading(&mut root, &mut reading);
    let codes = reader.all_codes(&mut root);
    let ignored = reader.optional_texts(&mut root, "ignore");
    let tables = reader.tables(&mut root, &reading);
    reader.finish(root, ROOT_KEYS);
    Some(Contract {
        source,
        applications,
        target_schema,
        target_id,
        is_identity,
        document_id,
        namespaces,
        lets,
        codes,
        tables,
        ignored,
    })
}

impl Reader<'_> {
    fn format(&mut self, root: &mut Fields) -> bool {
        let (found, at) = match root.take("format") {
            Some(item) => {
                let at = item.at;
                (self.scalar(item, "format").map(|placed| placed.text), at)
            }
            None => (None, root.at),
        };
        if found.as_deref() == Some("2") {
            return true;
        }
        let reason = match found {
            Some(other) => format!("there is no format `{other}` of contracts in TOML"),
            None => "the contract does not say of which format it is".to_owned(),
        };
        self.add(
            at,
            "format",
            reason,
            "write `format = 2`; contracts of format 1 are JSON without it",
        );
        false
    }

    fn part(&mut self, root: &mut Fields, key: &str, way: &str) -> Option<Fields> {
        let found = self.optional_part(root, key);
        if found.is_none() {
            self.add(root.at, key, format!("there is no `[{key}]`"), way);
        }
        found
    }

    fn optional_part(&mut self, root: &mut Fields, key: &str) -> Option<Fields> {
        let item = root.take(key)?;
        let label = root.label_of(key);
        self.fields(item, &label)
    }

    fn source(&mut self, mut part: Fields) -> ((String, String, String), Option<String>) {
        let text = |placed: Option<Placed>| placed.map(|placed| placed.text).unwrap_or_default();
        let table = text(self.needed_text(&mut part, "table"));
        let document = text(self.needed_text(&mut part, "document"));
        let id = self.optional_text(&mut part, "id");
        let id = id.map_or_else(|| USUAL_ID.to_owned(), |placed| placed.text);
        let applications = self.optional_text(&mut part, "applications").map(|placed| placed.text);
        self.finish(part, SOURCE_KEYS);
        ((table, id, document), applications)
    }

    fn target(&mut self, part: Option<Fields>) -> (String, String, bool) {
        let Some(mut part) = part else { return ("dbo".to_owned(), USUAL_ID.to_owned(), false) };
        let schema = self.optional_text(&mut part, "schema");
        let id = self.optional_text(&mut part, "id");
        let is_identity = self.flag(&mut part, "identity").unwrap_or_default();
        self.finish(part, TARGET_KEYS);
        let or = |placed: Option<Placed>, usual: &str| {
            placed.map_or_else(|| usual.to_owned(), |placed| placed.text)
        };
        (or(schema, "dbo"), or(id, USUAL_ID), is_identity)
    }

    fn namespaces(&mut self, root: &mut Fields) -> Vec<(Placed, Vec<String>)> {
        let Some(mut part) = self.optional_part(root, "namespaces") else { return Vec::new() };
        let mut found = Vec::new();
        for entry in part.take_all() {
            let label = part.label_of(&entry.key);
            if !crate::document::is_name(&entry.key) || matches!(&*entry.key, "xml" | "xmlns") {
                let reason = format!("`{}` can be no prefix", entry.key);
                self.add(
                    entry.at,
                    &label,
                    reason,
                    "take letters and digits, beginning with a letter",
                );
                continue;
            }
            let uris = self.texts(entry.item, &label).into_iter().map(|uri| uri.text).collect();
            found.push((Placed { text: entry.key, at: entry.at, label }, uris));
        }
        found
    }

    fn lets(&mut self, root: &mut Fields) -> Vec<(String, Placed)> {
        let Some(mut part) = self.optional_part(root, "let") else { return Vec::new() };
        let mut found = Vec::new();
        for entry in part.take_all() {
            let label = part.label_of(&entry.key);
            if let Some(text) = self.text(entry.item, &label) {
                found.push((entry.key, text));
            }
        }
        found
    }

    /// Reads how values are read, over what is known already.
    fn reading(&mut self, fields: &mut Fields, reading: &mut Reading) {
        let Some(mut part) = self.optional_part(fields, "reading") else { return };
        for entry in part.take_all() {
            let label = part.label_of(&entry.key);
            let is_list = matches!(entry.item.what, What::List(_));
            let texts = if is_list { self.texts(entry.item.clone(), &label) } else { Vec::new() };
            let word = match &entry.item.what {
                What::Text(text) | What::Number(text) => Word::Text(text),
                What::Flag(flag) => Word::Flag(*flag),
                What::List(_) => {
                    Word::Texts(texts.iter().map(|placed| placed.text.as_str()).collect())
                }
                What::Table(_) | What::Date | What::Null => Word::Texts(Vec::new()),
            };
            if let Err(way) = reading.set(&entry.key, &word) {
                let is_known = Reading::KEYS.contains(&entry.key.as_str());
                let reason = if is_known {
                    format!("this is nothing for `{}`", entry.key)
                } else {
                    format!("there is no key `{}` here", entry.key)
                };
                self.add(entry.item.at, &label, reason, way);
            }
        }
    }

    fn all_codes(&mut self, root: &mut Fields) -> Vec<(String, ConversionTable)> {
        let Some(mut part) = self.optional_part(root, "codes") else { return Vec::new() };
        let mut found = Vec::new();
        for entry in part.take_all() {
            let label = part.label_of(&entry.key);
            let Some(fields) = self.fields(entry.item, &label) else { continue };
            if let Some(table) = self.codes(fields) {
                found.push((entry.key, table));
            }
        }
        found
    }

    fn codes(&mut self, mut part: Fields) -> Option<ConversionTable> {
        let (at, label) = (part.at, part.label.clone());
        let mut entries = Vec::new();
        match part.take("map") {
            Some(item) => {
                let map = part.label_of("map");
                for entry in self.fields(item, &map)?.take_all() {
                    let label = format!("{map}.{}", entry.key);
                    if let Some(value) = self.scalar(entry.item, &label) {
                        entries.push((entry.key, value.text));
                    }
                }
            }
            None => self.add(at, &label, "`map` is missing", "write `map = { code = value, .. }`"),
        }
        let unknown = self.optional_text(&mut part, "unknown");
        let default_label = part.label_of("default");
        let default = part.take("default").and_then(|item| self.scalar(item, &default_label));
        let case = match self.flag(&mut part, "any_case") {
            Some(true) => Case::Any,
            Some(false) | None => Case::Matters,
        };
        self.finish(part, CODES_KEYS);
        let word = unknown.as_ref().map(|placed| placed.text.as_str());
        let unknown = Unknown::from_words(word, default.as_ref().map(|it| it.text.as_str()));
        match unknown.and_then(|unknown| ConversionTable::new(entries, unknown, case)) {
            Ok(table) => Some(table),
            Err(way) => {
                self.add(at, &label, "the conversion table is not complete", way);
                None
            }
        }
    }

    fn tables(&mut self, root: &mut Fields, reading: &Reading) -> Vec<TableRule> {
        let item = root.take("table");
        let items = match item.map(|item| (item.at, item.what)) {
            Some((_, What::List(items))) if !items.is_empty() => items,
            Some((at, _)) => {
                self.add(at, "table", "the tables are no list", "begin each with `[[table]]`");
                return Vec::new();
            }
            None => {
                self.add(root.at, "table", "there is no table", "add one: [[table]] name = \"..\"");
                return Vec::new();
            }
        };
        let mut tables = Vec::new();
        for (place, item) in items.into_iter().enumerate() {
            let label = format!("table[{place}]");
            if let Some(fields) = self.fields(item, &label) {
                tables.extend(self.table(fields, reading));
            }
        }
        tables
    }

    fn table(&mut self, mut part: Fields, reading: &Reading) -> Option<TableRule> {
        let name = self.needed_text(&mut part, "name");
        if let Some(name) = &name {
            part.label = format!("table.{}", name.text);
        }
        if let Some(name) = name.as_ref().filter(|name| name.text == LOG_TABLE) {
            let reason = format!("`{LOG_TABLE}` is written by the product itself");
            self.add(name.at, &name.label, reason, "leave the table out");
        }
        let rows = self.optional_texts(&mut part, "rows");
        if rows.is_empty() {
            let label = part.label_of("rows");
            let way = "write the path of the elements that are rows: rows = \"/root/..\"";
            self.add(part.at, &label, "`rows` is missing", way);
        }
        let parent = self.optional_text(&mut part, "parent");
        let parent_key = self.optional_texts(&mut part, "parent_key");
        let key = self.optional_texts(&mut part, "key");
        let keep = self.word(&mut part, "keep", KEEPS);
        let prefer = self.optional_texts(&mut part, "prefer");
        let when = self.optional_text(&mut part, "when");
        let needs = self.needs(&mut part);
        let each_label = part.label_of("each");
        let each = part.take("each");
        let (columns, each) = match (self.optional_part(&mut part, "columns"), each) {
            (columns, Some(each)) => self.each(columns, each, &each_label, reading),
            (Some(columns), None) => (self.columns(columns, reading), Vec::new()),
            (None, None) => (Vec::new(), Vec::new()),
        };
        self.finish(part, TABLE_KEYS);
        Some(TableRule {
            name: name?,
            rows,
            parent,
            parent_key,
            key,
            keep,
            prefer,
            when,
            needs,
            columns,
            each,
        })
    }

    /// Reads which columns make a row.
    fn needs(&mut self, part: &mut Fields) -> Needs {
        let label = part.label_of("needs");
        match part.take("needs") {
            None => Needs::Nothing,
            Some(item) if matches!(item.what, What::Flag(true)) => Needs::Any,
            Some(item) if matches!(item.what, What::Flag(_)) => Needs::Nothing,
            Some(item) => {
                let columns = self.texts(item, &label).into_iter();
                Needs::Columns(columns.map(need).collect())
            }
        }
    }
}

/// Reads a column that makes a row: `name`, `name <> 0` or `name > 0`.
fn need(mut placed: Placed) -> NeedRule {
    let mut amount = Amount::Any;
    for (end, meant) in [("<> 0", Amount::NotZero), ("> 0", Amount::Positive)] {
        if let Some(name) = placed.text.strip_suffix(end).filter(|_| amount == Amount::Any) {
            (placed.text, amount) = (name.trim_end().to_owned(), meant);
        }
    }
    NeedRule { name: placed, amount }
}

//! Reads what fills a column.

use super::super::contract::{ColumnRule, From, OnError, Origin, Placed};
use super::super::item::{Entry, Item, What};
use super::super::types;
use super::KEEPS;
use super::fields::{Fields, Reader};
use crate::reading::Reading;

/// The keys that say where a value comes from; each column has one of them.
const FROM_KEYS: [&str; 6] = ["from", "all", "value", "position", "enclosing", "expr"];

/// The keys of an alternative.
pub(super) const ORIGIN_KEYS: &[&str] =
    &["from", "all", "value", "when", "join", "pick", "negate_if", "negate_where"];

/// The keys of a column.
pub(super) const COLUMN_KEYS: &[&str] = &[
    "from",
    "all",
    "value",
    "position",
    "enclosing",
    "expr",
    "when",
    "join",
    "pick",
    "negate_if",
    "negate_where",
    "squeeze",
    "digits",
    "codes",
    "type",
    "reading",
    "default",
    "required",
    "on_error",
    "identity",
];

const ON_ERRORS: &[(&str, OnError)] =
    &[("default", OnError::Default), ("null", OnError::Null), ("fail", OnError::Fail)];

/// Alternatives inside each other.
const DEPTH_MAX: usize = 8;

impl Reader<'_> {
    pub(super) fn columns(&mut self, mut part: Fields, reading: &Reading) -> Vec<ColumnRule> {
        let mut columns = Vec::new();
        for entry in part.take_all() {
            columns.extend(self.column(entry, &part.label, reading, None));
        }
        columns
    }

    /// Reads the columns of a table whose elements give several rows each: what an entry says of a column goes over
    /// what `columns` says. Returns the columns of all entries, and those of each.
    pub(super) fn each(
        &mut self,
        common: Option<Fields>,
        each: Item,
        label: &str,
        reading: &Reading,
    ) -> (Vec<ColumnRule>, Vec<Vec<ColumnRule>>) {
        let What::List(items) = each.what else {
            self.add(each.at, label, "the rows are no list", "write each = [{ .. }, { .. }]");
            return (Vec::new(), Vec::new());
        };
        let (common, common_label) = match common {
            Some(mut part) => (part.take_all(), part.label),
            None => (Vec::new(), label.to_owned()),
        };
        let mut all: Vec<ColumnRule> = Vec::new();
        let mut variants = Vec::new();
        for (place, item) in items.into_iter().enumerate() {
            let label = format!("{label}[{place}]");
            let Some(mut own) = self.fields(item, &label) else { continue };
            let mut rules = Vec::new();
            for entry in &common {
                let own = own.take(&entry.key);
                let item = match own {
                    Some(item) => merged(entry.item.clone(), item),
                    None => entry.item.clone(),
                };
                // A column that an entry does not fill has its default.
                let nothing = (!says_from(&item)).then(|| bare(From::Alternatives(Vec::new())));
                let entry = Entry { key: entry.key.clone(), at: entry.at, item };
                rules.extend(self.column(entry, &common_label, reading, nothing));
            }
            for entry in own.take_all() {
                rules.extend(self.column(entry, &label, reading, None));
            }
            for rule in &rules {
                match all.iter().find(|known| known.name.text == rule.name.text) {
                    None => all.push(rule.clone()),
                    Some(known) if known.data_type != rule.data_type => {
                        let way = "state it once, in `columns`";
                        let name = &rule.name;
                        self.add(name.at, &name.label, "another entry has another type", way);
                    }
                    Some(_) => {}
                }
            }
            variants.push(rules);
        }
        (all, variants)
    }

    /// Reads a column; what gives its value may be known already.
    fn column(
        &mut self,
        entry: Entry,
        table: &str,
        reading: &Reading,
        given: Option<Origin>,
    ) -> Option<ColumnRule> {
        let label = format!("{table}.{}", entry.key);
        let name = Placed { text: entry.key, at: entry.at, label: label.clone() };
        let mut reading = reading.clone();
        if let What::Text(_) = entry.item.what {
            let from = From::Path(self.text(entry.item, &label)?);
            return Some(plain(name, from, reading));
        }
        let mut part = self.fields(entry.item, &label)?;
        let origin = given.or_else(|| self.origin(&mut part, 0));
        let squeeze = self.flag(&mut part, "squeeze").unwrap_or_default();
        let digits = self.flag(&mut part, "digits").unwrap_or_default();
        let codes = self.optional_text(&mut part, "codes");
        let data_type = self.optional_text(&mut part, "type").and_then(|text| {
            types::parse(&text.text)
                .map_err(|way| {
                    let reason = format!("`{}` is no type", text.text);
                    self.add(text.at, &text.label, reason, way);
                })
                .ok()
        });
        self.reading(&mut part, &mut reading);
        let default_label = part.label_of("default");
        let default = part.take("default").and_then(|item| self.scalar(item, &default_label));
        let required = self.flag(&mut part, "required");
        let on_error = self.word(&mut part, "on_error", ON_ERRORS).unwrap_or(OnError::Default);
        let identity = self.flag(&mut part, "identity").unwrap_or_default();
        self.finish(part, COLUMN_KEYS);
        Some(ColumnRule {
            name,
            origin: origin?,
            squeeze,
            digits,
            codes,
            data_type,
            reading,
            default,
            required,
            on_error,
            identity,
        })
    }

    /// Reads where a value comes from.
    fn origin(&mut self, part: &mut Fields, depth: usize) -> Option<Origin> {
        let from = self.from(part, depth);
        let when = self.optional_text(part, "when");
        let join_label = part.label_of("join");
        // An empty text may stand between values, too.
        let join = part.take("join").and_then(|item| self.scalar(item, &join_label));
        let join = join.map(|placed| placed.text);
        let pick = self.word(part, "pick", KEEPS);
        let negate_if = self.optional_text(part, "negate_if");
        let negate_where = self.optional_text(part, "negate_where");
        let origin = Origin { from: from?, when, join, pick, negate_if, negate_where };
        self.check_origin(&origin, part);
        Some(origin)
    }

    fn check_origin(&mut self, origin: &Origin, part: &Fields) {
        let mut refuse = |key: &str, reason: &str, way: &str| {
            let label = part.label_of(key);
            self.add(part.at, &label, reason, way);
        };
        let has_nodes = matches!(origin.from, From::Path(_) | From::Alternatives(_));
        let is_all = matches!(origin.from, From::All(_));
        let is_joined = origin.join.is_some();
        if is_all && !is_joined {
            let way = "say what stands between them: join = \"; \"";
            refuse("join", "`all` takes many values for one column", way);
        } else if is_joined && origin.pick.is_some() {
            let reason = "`join` takes all values and `pick` one";
            refuse("pick", reason, "leave one of them out");
        } else if (is_joined && !has_nodes && !is_all)
            || ((origin.pick.is_some() || origin.negate_where.is_some()) && !has_nodes)
        {
            let reason = "`join`, `pick` and `negate_where` are for paths";
            refuse("from", reason, "leave them out, or take `from`");
        }
        if origin.negate_if.is_some() && origin.negate_where.is_some() {
            refuse(
                "negate_if",
                "`negate_if` and `negate_where` both change the sign",
                "leave one of them out",
            );
        }
    }

    fn from(&mut self, part: &mut Fields, depth: usize) -> Option<From> {
        let mut found: Vec<(&str, Item)> = Vec::new();
        for key in FROM_KEYS {
            found.extend(part.take(key).map(|item| (key, item)));
        }
        if found.len() != 1 {
            let keys: Vec<String> = FROM_KEYS.iter().map(|key| format!("`{key}`")).collect();
            let (reason, way) = if found.is_empty() {
                (
                    "nothing says where the value comes from".to_owned(),
                    format!("write one of {}", keys.join(", ")),
                )
            } else {
                let names: Vec<String> = found.iter().map(|(key, _)| format!("`{key}`")).collect();
                (
                    format!("{} are both there", names.join(" and ")),
                    "leave all but one of them out".to_owned(),
                )
            };
            self.add(part.at, &part.label.clone(), reason, way);
            return None;
        }
        let (key, item) = found.pop()?;
        let label = part.label_of(key);
        match key {
            "from" => self.paths(item, &label, depth),
            "all" => Some(From::All(self.texts(item, &label))),
            "value" => self.scalar(item, &label).map(|placed| From::Constant(placed.text)),
            "enclosing" => self.text(item, &label).map(From::Enclosing),
            "expr" => self.text(item, &label).map(From::Expression),
            _ if matches!(item.what, What::Flag(true)) => Some(From::Position(None)),
            _ if matches!(item.what, What::Text(_)) => {
                self.text(item, &label).map(|path| From::Position(Some(path)))
            }
            _ => {
                let way = "write `true`, or the path of the element within which rows are counted";
                self.add(item.at, &label, "this is no position", way);
                None
            }
        }
    }

    /// Reads a path, or a list of alternatives.
    fn paths(&mut self, item: Item, label: &str, depth: usize) -> Option<From> {
        let at = item.at;
        let What::List(items) = item.what else { return self.text(item, label).map(From::Path) };
        if depth >= DEPTH_MAX || items.is_empty() {
            self.add(at, label, "the list is empty or too deep", "write the paths");
            return None;
        }
        let mut alternatives = Vec::new();
        for (place, item) in items.into_iter().enumerate() {
            let label = format!("{label}[{place}]");
            if let What::Table(_) = item.what {
                let mut part = self.fields(item, &label)?;
                alternatives.extend(self.origin(&mut part, depth + 1));
                self.finish(part, ORIGIN_KEYS);
            } else if let Some(text) = self.text(item, &label) {
                alternatives.push(bare(From::Path(text)));
            }
        }
        Some(From::Alternatives(alternatives))
    }
}

/// What an entry says of a column, over what all entries have in common.
fn merged(common: Item, own: Item) -> Item {
    let mut keys = fields_of(common);
    let at = own.at;
    let own = fields_of(own);
    if own.iter().any(|entry| FROM_KEYS.contains(&entry.key.as_str())) {
        keys.retain(|entry| !FROM_KEYS.contains(&entry.key.as_str()));
    }
    for entry in own {
        keys.retain(|known| known.key != entry.key);
        keys.push(entry);
    }
    Item { at, what: What::Table(keys) }
}

/// Says whether a column says where its value comes from.
fn says_from(item: &Item) -> bool {
    let What::Table(entries) = &item.what else { return true };
    entries.iter().any(|entry| FROM_KEYS.contains(&entry.key.as_str()))
}

fn fields_of(item: Item) -> Vec<Entry> {
    let at = item.at;
    match item.what {
        What::Table(entries) => entries,
        what @ (What::Text(_)
        | What::Number(_)
        | What::Flag(_)
        | What::List(_)
        | What::Date
        | What::Null) => {
            vec![Entry { key: "from".to_owned(), at, item: Item { at, what } }]
        }
    }
}

/// A value and nothing beside it.
fn bare(from: From) -> Origin {
    Origin { from, when: None, join: None, pick: None, negate_if: None, negate_where: None }
}

fn plain(name: Placed, from: From, reading: Reading) -> ColumnRule {
    ColumnRule {
        name,
        origin: bare(from),
        squeeze: false,
        digits: false,
        codes: None,
        data_type: None,
        reading,
        default: None,
        required: None,
        on_error: OnError::Default,
        identity: false,
    }
}

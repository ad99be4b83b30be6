//! The file of a contract as values with their places, whether it is TOML or JSON.

mod json;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::plan::FileKind;
use crate::problem::Problems;

/// A value and its place in the file.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) at: At,
    pub(super) what: What,
}

/// A value of a file.
#[derive(Debug, Clone)]
pub(super) enum What {
    Text(String),
    /// A number as written.
    Number(String),
    Flag(bool),
    List(Vec<Item>),
    Table(Vec<Entry>),
    /// A date of TOML.
    Date,
    Null,
}

/// A key and its value.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) at: At,
    pub(super) item: Item,
}

/// A place in a file, where the format tells it: line and column, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct At {
    line: usize,
    column: usize,
    /// How many characters are before the text itself: its quote.
    quote: usize,
}

impl At {
    /// Shows a part of a contract with its place in the file, `offset` bytes into its text.
    pub(super) fn show(self, label: &str, offset: Option<usize>) -> String {
        let inside = offset.map(|offset| offset + self.quote);
        match (self.line, inside) {
            (0, None | Some(0)) => label.to_owned(),
            (0, Some(inside)) => format!("{label}, character {}", inside + 1),
            (line, _) => {
                let column = self.column + inside.unwrap_or_default();
                format!("line {line}, column {column}: {label}")
            }
        }
    }
}

impl What {
    /// What kind of value it is, for messages.
    pub(super) fn describe(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Number(_) => "a number",
            Self::Flag(_) => "true or false",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
            Self::Date => "a date",
            Self::Null => "null",
        }
    }
}

/// Says whether the text of a JSON contract says that it is of format 2, or of a later one.
pub(crate) fn says_format_2(text: &str) -> bool {
    #[derive(serde::Deserialize)]
    struct Head {
        format: Option<serde::de::IgnoredAny>,
    }
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    serde_json::from_str::<Head>(text).is_ok_and(|head| head.format.is_some())
}

/// Reads a file; `None` if it is none of its kind, which is noted.
pub(super) fn parse(text: &str, kind: FileKind, problems: &mut Problems) -> Option<Item> {
    // Editors of Windows begin files with it.
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    match kind {
        FileKind::Toml => parse_toml(text, problems),
        FileKind::Json => parse_json(text, problems),
    }
}

fn parse_json(text: &str, problems: &mut Problems) -> Option<Item> {
    if let Err(err) = serde_json::from_str::<serde::de::IgnoredAny>(text) {
        let at = At { line: err.line(), column: err.column(), quote: 0 };
        let reason = format!("the contract is no JSON: {err}");
        problems.add(at.show("file", None), reason, "correct the JSON");
        return None;
    }
    Some(json::read(text, &Lines::of(text), problems))
}

fn parse_toml(text: &str, problems: &mut Problems) -> Option<Item> {
    let lines = Lines::of(text);
    let (table, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        let whole = At { line: 1, column: 1, quote: 0 };
        return Some(Item { at: whole, what: lines.table(text, table.into_inner()) });
    }
    for err in errors {
        let start = err.span().map_or(0, |span| span.start);
        let reason = format!("the contract is no TOML: {}", err.message());
        let suggestion = "correct the TOML; https://toml.io shows how it is written";
        problems.add(lines.at(text, start).show("file", None), reason, suggestion);
    }
    None
}

/// Where the lines of a text begin.
struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    fn of(text: &str) -> Self {
        let after = text.match_indices('\n').map(|(at, _)| at + 1);
        Self { starts: std::iter::once(0).chain(after).collect() }
    }

    fn at(&self, text: &str, offset: usize) -> At {
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts[line - 1];
        let column = text.get(start..offset).map_or(0, |before| before.chars().count()) + 1;
        let rest = text.get(offset..).unwrap_or_default();
        let quote = ["\"\"\"", "'''", "\"", "'"].iter().find(|quote| rest.starts_with(**quote));
        At { line, column, quote: quote.map_or(0, |quote| quote.len()) }
    }

    fn table(&self, text: &str, table: DeTable<'_>) -> What {
        let mut entries: Vec<(usize, Entry)> = Vec::new();
        for (key, value) in table {
            let start = key.span().start;
            let at = At { quote: 0, ..self.at(text, start) };
            let key = key.into_inner().into_owned();
            entries.push((start, Entry { key, at, item: self.item(text, value) }));
        }
        // In the order of the file.
        entries.sort_by_key(|(start, _)| *start);
        What::Table(entries.into_iter().map(|(_, entry)| entry).collect())
    }

    fn item(&self, text: &str, value: Spanned<DeValue<'_>>) -> Item {
        let at = self.at(text, value.span().start);
        let what = match value.into_inner() {
            DeValue::String(text) => What::Text(text.into_owned()),
            DeValue::Integer(number) => What::Number(number.as_str().replace('_', "")),
            DeValue::Float(number) => What::Number(number.as_str().replace('_', "")),
            DeValue::Boolean(flag) => What::Flag(flag),
            DeValue::Datetime(_) => What::Date,
            DeValue::Array(items) => {
                What::List(items.into_iter().map(|item| self.item(text, item)).collect())
            }
            DeValue::Table(table) => self.table(text, table),
        };
        Item { at, what }
    }
}

//! The settings file: TOML, one key for each setting.

use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Place, Problem};

/// A key of the file with its value, as texts that the setting's own reader takes.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) line: usize,
    pub(super) values: Vec<String>,
}

/// Reads a file, and all that is wrong with its form. No line is repeated in a message: one may hold a password.
pub(super) fn read(path: &Path) -> (Vec<Entry>, Vec<Problem>) {
    match std::fs::read_to_string(path) {
        Ok(text) => parse(path, text.strip_prefix('\u{feff}').unwrap_or(&text)),
        Err(err) => {
            let place = Place::File(path.to_owned());
            let message = format!("cannot read the settings file: {err}");
            (Vec::new(), vec![Problem { place, message }])
        }
    }
}

fn parse(path: &Path, text: &str) -> (Vec<Entry>, Vec<Problem>) {
    let (table, errors) = DeTable::parse_recoverable(text);
    let place = |line| Place::Line { path: path.to_owned(), line };
    let mut problems: Vec<Problem> = errors
        .iter()
        .map(|err| {
            let line = err.span().map_or(1, |span| line_of(text, span.start));
            Problem { place: place(line), message: without_values(err.message()) }
        })
        .collect();
    // After the first error of a line, the others follow from it.
    problems.dedup_by(|second, first| second.place == first.place);
    // What is left of a file with such an error may not be what was written: `a = 1 2` would set `a`.
    if !problems.is_empty() {
        return (Vec::new(), problems);
    }
    let mut entries = Vec::new();
    for (key, value) in table.get_ref() {
        let line = line_of(text, key.span().start);
        let key = key.get_ref().to_string();
        match texts(value) {
            Ok(values) => entries.push(Entry { key, line, values }),
            Err(expected) => {
                let place = Place::Key { path: path.to_owned(), line, key };
                problems.push(Problem { place, message: expected.to_owned() });
            }
        }
    }
    entries.sort_by_key(|entry| entry.line);
    (entries, problems)
}

/// The line of a byte, from 1.
fn line_of(text: &str, offset: usize) -> usize {
    text.get(..offset).map_or(1, |before| before.matches('\n').count() + 1)
}

/// The message of the TOML reader on one line, without what it may quote of a value.
fn without_values(message: &str) -> String {
    let mut message = message.replace('\n', ", ");
    // What it quotes of keys and types stands in backquotes, values in double quotes.
    if let (Some(from), Some(to)) = (message.find('"'), message.rfind('"'))
        && from < to
    {
        message.replace_range(from..=to, "...");
    }
    if message.contains("escape") {
        message.push_str("; write a value with backslashes in single quotes");
    }
    message
}

/// A value as the texts that a flag would have: a list has one for each of its elements.
fn texts(value: &Spanned<DeValue<'_>>) -> Result<Vec<String>, &'static str> {
    match value.get_ref() {
        DeValue::Array(elements) if elements.is_empty() => {
            Err("the list is empty; take the key out, or give it a value")
        }
        DeValue::Array(elements) => elements.iter().map(text).collect(),
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Boolean(_)
        | DeValue::Float(_)
        | DeValue::Datetime(_)
        | DeValue::Table(_) => text(value).map(|text| vec![text]),
    }
}

fn text(value: &Spanned<DeValue<'_>>) -> Result<String, &'static str> {
    const EXPECTED: &str = "must be a text in quotes, a whole number, or a list of these";
    match value.get_ref() {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Integer(number) => {
            let number = i128::from_str_radix(number.as_str(), number.radix());
            number.map(|number| number.to_string()).map_err(|_| EXPECTED)
        }
        DeValue::Boolean(is_true) => Ok(is_true.to_string()),
        DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => {
            Err(EXPECTED)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        let (_, problems) = parse(Path::new("a.toml"), text);
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn values_become_the_texts_of_flags() {
        let text =
            "slots = 0x10\ndatabase = 'Server=sql\\LOANS'\nlimits = ['depth=3', \"a=b\"]\nx = true";
        let (entries, problems) = parse(Path::new("a.toml"), text);
        assert_eq!(problems, []);
        let found: Vec<(&str, usize, Vec<&str>)> = entries
            .iter()
            .map(|entry| {
                let values = entry.values.iter().map(String::as_str).collect();
                (entry.key.as_str(), entry.line, values)
            })
            .collect();
        assert_eq!(
            found,
            [
                ("slots", 1, vec!["16"]),
                ("database", 2, vec!["Server=sql\\LOANS"]),
                ("limits", 3, vec!["depth=3", "a=b"]),
                ("x", 4, vec!["true"]),
            ]
        );
    }

    #[test]
    fn errors_of_form_show_their_line_and_no_value() {
        for (text, parts) in [
            (
                "slots = 1\ndatabase = \"Server=sql\\LOANS;Password=SECRETX\"",
                ["line 2", "single quotes"],
            ),
            ("database = Server=sql;Password=SECRETX", ["line 1", ": "]),
            ("database = 'Password=SECRETX", ["line 1", ": "]),
            ("\n\nslots = 1.5 # SECRETX", ["line 3: `slots`", "whole number"]),
            ("[database]\ntext = 'SECRETX'", ["line 1: `database`", "a text in quotes"]),
            ("limits = []", ["`limits`", "the list is empty"]),
            ("limits = [[1]]", ["`limits`", "whole number"]),
        ] {
            let found = problems(text).join("\n");
            assert!(parts.iter().all(|part| found.contains(part)), "{text}: {found}");
            assert!(
                found.starts_with("a.toml, line") && !found.contains("SECRETX"),
                "{text}: {found}"
            );
        }
    }

    #[test]
    fn all_errors_of_form_are_found_at_once() {
        assert_eq!(problems("slots = 1.5\nlimits = []\nname = 'a'").len(), 2);
        assert_eq!(problems("slots = = 1\nname = 'a'\nlimits = ]").len(), 2);
    }

    #[test]
    fn a_missing_file_is_named() {
        let (_, problems) = read(Path::new("no-such.toml"));
        assert!(problems[0].to_string().starts_with("no-such.toml: cannot read the settings file"));
    }
}

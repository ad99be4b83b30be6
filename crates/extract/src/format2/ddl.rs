//! Reads the types of columns from `CREATE TABLE` statements, for those who map without a database.

use std::collections::BTreeMap;

use super::types;
use crate::table::DataType;

/// What a script says of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Described {
    pub(crate) data_type: DataType,
    /// It may be NULL, or has a default.
    pub(crate) is_optional: bool,
}

/// The columns of a script by table and name, in small letters.
pub(crate) type Columns = BTreeMap<(String, String), Described>;

/// Reads the columns of all tables that a script creates. The error names what could not be read.
pub(crate) fn columns(script: &str) -> Result<Columns, String> {
    let words = words(script);
    let mut columns = Columns::new();
    let is =
        |place: usize, word: &str| words.get(place).is_some_and(|it| it.eq_ignore_ascii_case(word));
    let mut at = 0;
    while at < words.len() {
        if !(is(at, "create") && is(at + 1, "table")) {
            at += 1;
            continue;
        }
        let mut name = String::new();
        at += 2;
        while at < words.len() && words[at] != "(" {
            if words[at] != "." {
                name = plain(&words[at]);
            }
            at += 1;
        }
        let (definitions, after) = definitions(&words, at + 1);
        at = after;
        for definition in definitions {
            column(&name, definition, &mut columns)?;
        }
    }
    if columns.is_empty() {
        return Err("there is no CREATE TABLE in the script".to_owned());
    }
    Ok(columns)
}

fn column(table: &str, words: &[String], columns: &mut Columns) -> Result<(), String> {
    const NO_COLUMNS: [&str; 7] =
        ["constraint", "primary", "foreign", "unique", "check", "index", "period"];
    let Some(first) = words.first() else { return Ok(()) };
    if NO_COLUMNS.contains(&first.to_lowercase().as_str()) {
        return Ok(());
    }
    let name = plain(first);
    let has = |word: &str| words.iter().any(|it| it.eq_ignore_ascii_case(word));
    if words.get(1).is_none_or(|word| word.eq_ignore_ascii_case("as")) {
        // It is computed.
        return Ok(());
    }
    let mut written = plain(&words[1]);
    if words.get(2).is_some_and(|word| word == "(") {
        written.extend(words[2..].iter().take_while(|word| *word != ")").map(String::as_str));
        written.push(')');
    }
    let data_type = types::parse(&written)
        .map_err(|way| format!("`{table}.{name}` has the type `{written}`: {way}"))?;
    let is_null = words
        .windows(2)
        .any(|pair| pair[0].eq_ignore_ascii_case("not") && pair[1].eq_ignore_ascii_case("null"));
    let described =
        Described { data_type, is_optional: !is_null || has("default") || has("identity") };
    columns.insert((table.to_lowercase(), name.to_lowercase()), described);
    Ok(())
}

/// Splits what is within the brackets of a table at its commas; returns where it ends, too.
fn definitions(words: &[String], start: usize) -> (Vec<&[String]>, usize) {
    let mut found = Vec::new();
    let (mut depth, mut from, mut at) = (0_usize, start, start);
    while at < words.len() {
        match words[at].as_str() {
            "(" => depth += 1,
            ")" if depth == 0 => break,
            ")" => depth -= 1,
            "," if depth == 0 => {
                found.push(&words[from..at]);
                from = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    let end = at.min(words.len());
    found.push(&words[from.min(end)..end]);
    (found, end)
}

/// A name without its brackets or quotes.
fn plain(name: &str) -> String {
    name.trim_matches(['[', ']', '"']).to_owned()
}

/// Splits a script into words and signs, comments left out.
fn words(script: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = script;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("--") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(end) = [('[', ']'), ('"', '"'), ('\'', '\'')]
            .iter()
            .find(|(open, _)| *open == first)
            .map(|(_, close)| *close)
        {
            let length = rest[1..].find(end).map_or(rest.len(), |at| at + 2);
            words.push(rest[..length].to_owned());
            length
        } else if first.is_alphanumeric() || matches!(first, '_' | '#' | '@' | '$') {
            let is_part = |it: char| it.is_alphanumeric() || matches!(it, '_' | '#' | '@' | '$');
            let length = rest.find(|it| !is_part(it)).unwrap_or(rest.len());
            words.push(rest[..length].to_owned());
            length
        } else {
            if !first.is_whitespace() {
                words.push(first.to_string());
            }
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    words
}

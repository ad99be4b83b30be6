//! Texts that are too long for their columns.

use xmlx_extract::{Application, Row, Table, Value};

use crate::catalog::{Catalog, CatalogColumn, Room};

/// A column of text that takes no more than so much.
#[derive(Clone, Debug)]
pub(crate) struct TextLimit {
    column: usize,
    /// `table.column`.
    pub(crate) place: String,
    room: Room,
}

impl TextLimit {
    /// Whether a row has a text that is too long. Blanks at the end are cut off without an error.
    pub(crate) fn is_exceeded(&self, row: &Row) -> bool {
        match &row[self.column] {
            Value::Text(text) => {
                let text = text.trim_end_matches(' ');
                self.room.fit(text).len() < text.len()
            }
            Value::Null
            | Value::Bit(_)
            | Value::Int(_)
            | Value::Decimal(_)
            | Value::Float(_)
            | Value::Date(_)
            | Value::DateTime(_)
            | Value::DateTimeOffset(_) => false,
        }
    }
}

/// The columns of a table that take no more than so much, as far as that is known exactly.
pub(crate) fn text_limits(table: &Table, catalog: &Catalog) -> Vec<TextLimit> {
    let limits = table.columns.iter().enumerate().filter_map(|(i, column)| {
        let room = catalog.column(&table.name, &column.name).and_then(CatalogColumn::exact_room)?;
        Some(TextLimit { column: i, place: format!("{}.{}", table.name, column.name), room })
    });
    limits.collect()
}

/// The first column that a text of the application is too long for.
pub(super) fn first_too_long<'a>(
    limits: &'a [Vec<TextLimit>],
    application: &Application,
) -> Option<&'a str> {
    let tables = limits.iter().zip(&application.tables);
    let mut exceeded = tables.flat_map(|(limits, rows)| {
        rows.iter().flat_map(move |row| limits.iter().filter(move |limit| limit.is_exceeded(row)))
    });
    exceeded.next().map(|limit| limit.place.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_column_that_a_text_is_too_long_for_is_found() {
        let limit = |column, place: &str, room| TextLimit { column, place: place.to_owned(), room };
        let limits = [
            vec![limit(1, "a.name", Room::Units(3))],
            vec![limit(0, "b.code", Room::Bytes(2)), limit(1, "b.word", Room::Units(5))],
        ];
        let text = |text: &str| Value::Text(text.to_owned());
        let check = |name: &str, code: &str, word: Value, expected: Option<&str>| {
            let row = |values: [Value; 2]| vec![Box::from(values)];
            let tables = vec![row([Value::Int(1), text(name)]), row([text(code), word])];
            let application =
                Application { app_id: 1, tables, warnings: Vec::new(), defaults: Vec::new() };
            assert_eq!(first_too_long(&limits, &application), expected);
        };
        check("abc", "de", text("fghij"), None);
        check("abcd", "de", text("fghij"), Some("a.name"));
        check("abc", "\u{e9}f", text("fghij"), Some("b.code"));
        check("abc   ", "de", Value::Null, None);
        check("abc", "de", text("fghijk"), Some("b.word"));
    }
}

//! The values of keys, as the database tells them apart and as it is asked for them.

use xmlx_extract::{Row, Table, Value};

use crate::catalog::{Catalog, CatalogColumn};
use crate::encode::ColumnCodec;

/// Stands between the values of a key: no value of a document has it.
const BETWEEN: char = '\u{1f}';

/// A column of a key by its place in a row, and how its values are told apart.
#[derive(Clone, Debug)]
pub(super) struct KeyColumn {
    pub(super) at: usize,
    pub(super) codec: ColumnCodec,
    /// Whether texts that differ in case alone are one.
    folds_case: bool,
    has_default: bool,
}

/// `table (column, column)`.
pub(super) fn place<'a>(table: &str, columns: impl Iterator<Item = &'a str>) -> String {
    format!("{table} ({})", columns.collect::<Vec<_>>().join(", "))
}

pub(super) fn columns_of(place: &str) -> &str {
    place.split_once(" (").map_or("", |(_, columns)| columns.trim_end_matches(')'))
}

/// The columns of a key; `None` where the contract does not fill all of them.
pub(super) fn key_columns(
    table: &Table,
    catalog: &Catalog,
    columns: &[String],
) -> Option<Vec<KeyColumn>> {
    let columns = columns.iter().map(|name| {
        let at = table.columns.iter().position(|own| own.name.eq_ignore_ascii_case(name))?;
        let known: &CatalogColumn = catalog.column(&table.name, name)?;
        let collation = known.collation.as_deref().unwrap_or_default().to_uppercase();
        Some(KeyColumn {
            at,
            codec: ColumnCodec::new(known),
            folds_case: collation.contains("_CI"),
            has_default: known.default.is_some(),
        })
    });
    columns.collect()
}

/// Whether a smaller key is part of a larger one.
pub(super) fn is_within(smaller: &[String], larger: &[String]) -> bool {
    let has = |column: &String| larger.iter().any(|other| other.eq_ignore_ascii_case(column));
    smaller.len() < larger.len() && smaller.iter().all(has)
}

/// The values of a key as JSON, for the database; `None` where one is NULL: a foreign key does not look at it.
pub(super) fn json(columns: &[KeyColumn], row: &Row) -> Option<String> {
    let mut out = String::new();
    for column in columns {
        let value = &row[column.at];
        if value.is_null() {
            return None;
        }
        if !out.is_empty() {
            out.push(',');
        }
        column.codec.write(value, &mut out);
    }
    Some(out)
}

/// The values of a key as they are told apart; `None` where the database puts a default.
pub(super) fn folded(columns: &[KeyColumn], row: &Row) -> Option<String> {
    let mut out = String::new();
    for column in columns {
        let value = &row[column.at];
        if value.is_null() && column.has_default {
            return None;
        }
        match value {
            Value::Text(text) if column.folds_case => {
                out += &text.trim_end_matches(' ').to_lowercase();
            }
            Value::Text(text) => out += text.trim_end_matches(' '),
            Value::Null
            | Value::Bit(_)
            | Value::Int(_)
            | Value::Decimal(_)
            | Value::Float(_)
            | Value::Date(_)
            | Value::DateTime(_)
            | Value::DateTimeOffset(_) => column.codec.write(value, &mut out),
        }
        out.push(BETWEEN);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(folds_case: bool, has_default: bool) -> Vec<KeyColumn> {
        let column = |at, type_name| KeyColumn {
            at,
            codec: ColumnCodec::new(&CatalogColumn::of_type(type_name, 0, 0)),
            folds_case,
            has_default,
        };
        vec![column(0, "int"), column(1, "nvarchar")]
    }

    fn row(number: i64, text: &str) -> Row {
        Box::from([Value::Int(number), Value::Text(text.to_owned())])
    }

    #[test]
    fn texts_are_told_apart_as_their_collation_does() {
        let insensitive = key(true, false);
        assert_eq!(folded(&insensitive, &row(1, "Abc  ")), folded(&insensitive, &row(1, "aBC")));
        assert_ne!(folded(&insensitive, &row(1, "abc")), folded(&insensitive, &row(2, "abc")));
        let sensitive = key(false, false);
        assert_ne!(folded(&sensitive, &row(1, "Abc")), folded(&sensitive, &row(1, "abc")));
        assert_eq!(folded(&sensitive, &row(1, "abc ")), folded(&sensitive, &row(1, "abc")));
        // What stands in one column is not taken for what stands in the next.
        let two = [&sensitive[1..], &sensitive[1..]].concat();
        assert_eq!(folded(&two, &row(1, "abc")).map(|key| key.matches(BETWEEN).count()), Some(2));
    }

    #[test]
    fn a_key_with_null_is_compared_and_not_looked_up() {
        let null: Row = Box::from([Value::Int(1), Value::Null]);
        assert_eq!(json(&key(true, false), &null), None);
        assert_eq!(folded(&key(true, false), &null), folded(&key(true, false), &null.clone()));
        assert_eq!(folded(&key(true, true), &null), None, "the database puts a default");
        assert_eq!(json(&key(true, false), &row(7, "a\"b")).as_deref(), Some(r#"7,"a\"b""#));
    }

    #[test]
    fn places_name_their_columns() {
        let place = place("person", ["con_id", "role"].into_iter());
        assert_eq!(place, "person (con_id, role)");
        assert_eq!(columns_of(&place), "con_id, role");
        let names =
            |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert!(is_within(&names(&["A"]), &names(&["a", "b"])));
        assert!(!is_within(&names(&["a"]), &names(&["a"])));
    }
}

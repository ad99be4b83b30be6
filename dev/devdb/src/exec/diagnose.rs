//! From what SQLite says of a broken constraint to what SQL Server would: the number, the constraint, the value.

use rusqlite::Connection;

use crate::broken::{Broken, bare, broken};
use crate::catalog::table::{KeyKind, quoted};
use crate::catalog::{DATABASE, ForeignKey, Key, Table};
use crate::error::SqlError;
use crate::value::convert;
use crate::value::datum::Datum;

/// An error of an `UPDATE` or a `DELETE`.
pub(crate) fn change(
    db: &Connection,
    table: &Table,
    verb: &str,
    err: &rusqlite::Error,
) -> SqlError {
    match broken(err) {
        Some(Broken::Unique(key)) => duplicate(table, &key, None),
        Some(Broken::NotNull(column)) => null(table, &column, verb),
        Some(Broken::Foreign) => referenced(db, table, verb),
        Some(Broken::Check(name)) => check(table, verb, &name),
        None => SqlError::from_sqlite(err),
    }
}

/// An error of an `INSERT` of one row, whose columns are `written` and values `row`.
pub(crate) fn insert(
    db: &Connection,
    table: &Table,
    written: &[usize],
    row: &[Datum<'_>],
    err: &rusqlite::Error,
) -> SqlError {
    let value = |column: usize| written.iter().position(|idx| *idx == column).map(|at| &row[at]);
    match broken(err) {
        Some(Broken::Unique(key)) => {
            let shown = |idx: usize| {
                value(idx).map_or_else(|| "<NULL>".to_owned(), |value| show(table, idx, value))
            };
            duplicate(table, &key, Some(&shown))
        }
        Some(Broken::NotNull(column)) => null(table, &column, "INSERT"),
        Some(Broken::Foreign) => {
            let key = table.foreign_keys.iter().find(|key| is_orphan(db, key, &value));
            conflict(
                "INSERT",
                "FOREIGN KEY",
                key.map(|key| (key, key.parent.as_str(), key.parent_columns.as_slice())),
            )
        }
        Some(Broken::Check(name)) => check(table, "INSERT", &name),
        None => SqlError::from_sqlite(err),
    }
}

/// 547 of a CHECK.
fn check(table: &Table, verb: &str, name: &str) -> SqlError {
    let object = table.sqlite_name();
    let text = format!(
        "The {verb} statement conflicted with the CHECK constraint \"{name}\". The conflict occurred in database \"{DATABASE}\", table \"{object}\"."
    );
    SqlError::new(547, text)
}

/// The key that SQLite speaks of.
fn key_of<'t>(table: &'t Table, said: &str) -> Option<&'t Key> {
    if let Some(index) = said.strip_prefix("index '").and_then(|it| it.strip_suffix('\'')) {
        let index = index.replace("''", "'");
        return table.keys.iter().find(|key| table.null_index(key) == index);
    }
    let columns: Vec<&str> = said.split(", ").map(bare).collect();
    table.keys.iter().find(|key| {
        let mut names = key.columns.iter().map(|idx| table.columns[*idx].name.as_str());
        key.columns.len() == columns.len()
            && names.all(|name| columns.iter().any(|column| column.eq_ignore_ascii_case(name)))
    })
}

fn show(table: &Table, column: usize, value: &Datum<'_>) -> String {
    if value.is_null() {
        return "<NULL>".to_owned();
    }
    convert::render(value.borrow(), table.columns[column].ty)
        .map_or_else(|_| "...".to_owned(), std::borrow::Cow::into_owned)
}

/// 2627 or 2601.
fn duplicate(table: &Table, said: &str, shown: Option<&dyn Fn(usize) -> String>) -> SqlError {
    let object = table.sqlite_name();
    let key = key_of(table, said);
    let value = match (key, shown) {
        (Some(key), Some(shown)) => {
            let values: Vec<String> = key.columns.iter().map(|idx| shown(*idx)).collect();
            format!(" The duplicate key value is ({}).", values.join(", "))
        }
        (Some(_) | None, _) => String::new(),
    };
    let name = key.map_or("", |key| key.name.as_str());
    let kind = match key.map(|key| &key.kind) {
        Some(KeyKind::Index) => {
            let text = format!(
                "Cannot insert duplicate key row in object '{object}' with unique index '{name}'.{value}"
            );
            return SqlError::new(2601, text).with_class(14);
        }
        Some(KeyKind::Unique) => "UNIQUE KEY",
        Some(KeyKind::Primary) | None => "PRIMARY KEY",
    };
    let text = format!(
        "Violation of {kind} constraint '{name}'. Cannot insert duplicate key in object '{object}'.{value}"
    );
    SqlError::new(2627, text).with_class(14)
}

/// 515.
pub(crate) fn null(table: &Table, column: &str, verb: &str) -> SqlError {
    let object = table.sqlite_name();
    let text = format!(
        "Cannot insert the value NULL into column '{column}', table '{DATABASE}.{object}'; column does not allow nulls. {verb} fails."
    );
    SqlError::new(515, text).with_state(2)
}

/// Whether a row's values have no parent under this key.
fn is_orphan<'v, 'd: 'v>(
    db: &Connection,
    key: &ForeignKey,
    value: &dyn Fn(usize) -> Option<&'v Datum<'d>>,
) -> bool {
    let values: Option<Vec<&Datum<'_>>> =
        key.columns.iter().map(|idx| value(*idx).filter(|value| !value.is_null())).collect();
    let Some(values) = values else { return false };
    let conditions: Vec<String> = (1..)
        .zip(&key.parent_columns)
        .map(|(n, column): (usize, _)| format!("{} = ?{n}", quoted(column)))
        .collect();
    let sql = format!("SELECT 1 FROM {} WHERE {}", quoted(&key.parent), conditions.join(" AND "));
    let found = db
        .prepare(&sql)
        .and_then(|mut statement| statement.exists(rusqlite::params_from_iter(values)));
    !found.unwrap_or(true)
}

/// An `UPDATE` or `DELETE` that leaves orphans, or an `UPDATE` that makes one: SQLite does not say which.
fn referenced(db: &Connection, table: &Table, verb: &str) -> SqlError {
    let Ok(catalog) = crate::catalog::store::load(db) else {
        return conflict(verb, "REFERENCE", None);
    };
    let own = table.sqlite_name();
    let child = catalog.tables.values().find_map(|child| {
        let key = child
            .foreign_keys
            .iter()
            .find(|key| !key.cascades && key.parent.eq_ignore_ascii_case(&own))?;
        Some((child, key))
    });
    match (verb, child, table.foreign_keys.first()) {
        ("UPDATE", None, Some(key)) => conflict(
            verb,
            "FOREIGN KEY",
            Some((key, key.parent.as_str(), key.parent_columns.as_slice())),
        ),
        (_, Some((child, key)), _) => {
            let columns: Vec<String> =
                key.columns.iter().map(|idx| child.columns[*idx].name.clone()).collect();
            conflict(verb, "REFERENCE", Some((key, &child.sqlite_name(), &columns)))
        }
        (_, None, _) => conflict(verb, "REFERENCE", None),
    }
}

/// 547.
fn conflict(verb: &str, kind: &str, key: Option<(&ForeignKey, &str, &[String])>) -> SqlError {
    let text = match key {
        None => format!(
            "The {verb} statement conflicted with a {kind} constraint in database \"{DATABASE}\"."
        ),
        Some((key, table, columns)) => {
            let column = match columns {
                [only] => format!(", column '{only}'"),
                _ => String::new(),
            };
            let name = &key.name;
            format!(
                "The {verb} statement conflicted with the {kind} constraint \"{name}\". The conflict occurred in database \"{DATABASE}\", table \"{table}\"{column}."
            )
        }
    };
    SqlError::new(547, text)
}

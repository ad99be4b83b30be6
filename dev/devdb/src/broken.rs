//! Which kind of constraint SQLite says is broken.

use rusqlite::ffi;

/// A kind of constraint.
pub(crate) enum Broken {
    /// The key: its columns, or `index` and a name.
    Unique(String),
    NotNull(String),
    Foreign,
    /// The constraint's name.
    Check(String),
}

/// Reads the error; `None` where it is about something else.
pub(crate) fn broken(err: &rusqlite::Error) -> Option<Broken> {
    let rusqlite::Error::SqliteFailure(failure, Some(message)) = err else { return None };
    let named = |prefix: &str| message.strip_prefix(prefix);
    match failure.extended_code {
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => Some(Broken::Foreign),
        ffi::SQLITE_CONSTRAINT_CHECK => {
            named("CHECK constraint failed: ").map(|name| Broken::Check(name.to_owned()))
        }
        ffi::SQLITE_CONSTRAINT_NOTNULL => named("NOT NULL constraint failed: ")
            .map(|column| Broken::NotNull(bare(column).to_owned())),
        ffi::SQLITE_CONSTRAINT_PRIMARYKEY
        | ffi::SQLITE_CONSTRAINT_UNIQUE
        | ffi::SQLITE_CONSTRAINT_ROWID => {
            named("UNIQUE constraint failed: ").map(|key| Broken::Unique(key.to_owned()))
        }
        _ => None,
    }
}

/// The last part of a name.
pub(crate) fn bare(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

//! The server's logins besides the configured user. All databases share them; they are kept in the one that is always
//! there. Passwords lie there as they are: devdb guards nothing that matters.

use std::collections::BTreeMap;
use std::sync::Mutex;

use rusqlite::{Connection, params};

use crate::catalog::principals::unknown;
use crate::error::{SqlError, SqlResult};
use crate::sync;

/// Passwords by name in lower case, as they were last committed.
pub(crate) struct Logins {
    passwords: Mutex<BTreeMap<String, String>>,
}

impl Logins {
    /// Reads what a database keeps.
    pub(crate) fn load(db: &Connection) -> SqlResult<Self> {
        db.execute_batch(
            "CREATE TABLE IF NOT EXISTS \"devdb.login\" (name TEXT PRIMARY KEY, password TEXT NOT NULL)",
        )?;
        Ok(Self { passwords: Mutex::new(read(db)?) })
    }

    /// Reads them anew after a change.
    pub(crate) fn renew(&self, db: &Connection) -> SqlResult<()> {
        *sync::lock(&self.passwords) = read(db)?;
        Ok(())
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        sync::lock(&self.passwords).contains_key(&name.to_lowercase())
    }

    pub(crate) fn lets_in(&self, name: &str, password: &str) -> bool {
        sync::lock(&self.passwords).get(&name.to_lowercase()).is_some_and(|known| known == password)
    }
}

fn read(db: &Connection) -> SqlResult<BTreeMap<String, String>> {
    let mut statement = db.prepare("SELECT name, password FROM \"devdb.login\"")?;
    let all = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(all.collect::<Result<_, _>>()?)
}

/// Makes a login; 15025 where the name is taken.
pub(crate) fn create(db: &Connection, name: &str, password: &str) -> SqlResult<()> {
    let sql = "INSERT OR IGNORE INTO \"devdb.login\" VALUES (?1, ?2)";
    if db.execute(sql, params![name.to_lowercase(), password])? == 0 {
        return Err(taken(name));
    }
    Ok(())
}

/// Drops a login; 15151 where there is none. Its users stay, and nobody logs in as them any more.
pub(crate) fn drop(db: &Connection, name: &str) -> SqlResult<()> {
    let sql = "DELETE FROM \"devdb.login\" WHERE name = ?1";
    if db.execute(sql, [name.to_lowercase()])? == 0 {
        return Err(unknown("drop", "login", name));
    }
    Ok(())
}

/// 15025.
pub(crate) fn taken(name: &str) -> SqlError {
    SqlError::new(15025, format!("The server principal '{name}' already exists."))
}

//! Identity values: handed out once, rolled back or not, and remembered in the database.

use std::collections::BTreeMap;
use std::sync::Mutex;

use rusqlite::{Connection, OptionalExtension, params};

use crate::error::SqlResult;
use crate::sync;

/// The last value of each table, by object id.
#[derive(Default)]
pub(crate) struct Identities {
    last: Mutex<BTreeMap<i64, i64>>,
}

impl Identities {
    /// The last value given; `None` where there was none yet. The caller holds the writer's lock.
    pub(crate) fn last(&self, db: &Connection, object_id: i64) -> SqlResult<Option<i64>> {
        let mut last = sync::lock(&self.last);
        if let Some(value) = last.get(&object_id) {
            return Ok(Some(*value));
        }
        let mut statement =
            db.prepare_cached("SELECT last FROM \"devdb.identity\" WHERE object_id = ?1")?;
        let kept: Option<i64> = statement.query_row([object_id], |row| row.get(0)).optional()?;
        if let Some(value) = kept {
            last.insert(object_id, value);
        }
        Ok(kept)
    }

    /// Remembers the last value given.
    pub(crate) fn set(&self, db: &Connection, object_id: i64, value: i64) -> SqlResult<()> {
        sync::lock(&self.last).insert(object_id, value);
        let mut statement =
            db.prepare_cached("INSERT OR REPLACE INTO \"devdb.identity\" VALUES (?1, ?2)")?;
        statement.execute(params![object_id, value])?;
        Ok(())
    }
}

//! Statements that a client has prepared, by handle, for as long as its session lasts.

use std::collections::BTreeMap;

use crate::error::{SqlError, SqlResult};
use crate::sql::ast::Declared;

/// A session with more prepared statements has forgotten to unprepare them.
const PREPARED_MAX: usize = 1000;

/// A statement's text and its parameters as declared.
pub(crate) type Prepared = (String, Vec<Declared>);

#[derive(Debug, Default)]
pub(crate) struct Handles {
    latest: i32,
    by_handle: BTreeMap<i32, Prepared>,
}

impl Handles {
    /// Keeps a statement under a new handle.
    pub(crate) fn keep(&mut self, prepared: Prepared) -> SqlResult<i32> {
        if self.by_handle.len() >= PREPARED_MAX {
            return Err(SqlError::new(
                701,
                "There is insufficient system memory to run this query.",
            ));
        }
        self.latest += 1;
        self.by_handle.insert(self.latest, prepared);
        Ok(self.latest)
    }

    pub(crate) fn get(&self, handle: i32) -> SqlResult<Prepared> {
        self.by_handle.get(&handle).cloned().ok_or_else(|| missing(handle))
    }

    pub(crate) fn forget(&mut self, handle: i32) -> SqlResult<()> {
        self.by_handle.remove(&handle).map(drop).ok_or_else(|| missing(handle))
    }
}

fn missing(handle: i32) -> SqlError {
    SqlError::new(8179, format!("Could not find prepared statement with handle {handle}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_are_new_each_time_and_known_until_forgotten() {
        let mut handles = Handles::default();
        let first = handles.keep(("a".to_owned(), Vec::new())).expect("room");
        let second = handles.keep(("b".to_owned(), Vec::new())).expect("room");
        assert_ne!(first, second);
        assert_eq!(handles.get(second).expect("kept").0, "b");
        handles.forget(first).expect("kept");
        for found in [handles.get(first).map(drop), handles.forget(first)] {
            assert_eq!(found.expect_err("forgotten").number, 8179);
        }
        while handles.keep((String::new(), Vec::new())).is_ok() {}
        assert_eq!(handles.by_handle.len(), PREPARED_MAX);
    }
}

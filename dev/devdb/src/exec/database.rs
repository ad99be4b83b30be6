//! The files: where the database lies, and how a connection to it is opened.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rusqlite::Connection;

use crate::clock;
use crate::error::Error;
use crate::exec::functions;
use crate::like::Like;

/// Where the data is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Storage {
    /// Gone when the server stops.
    Memory,
    /// In this file, which is made where there is none.
    File(PathBuf),
}

/// Statements kept prepared: the product has fewer, generated ones included.
const STATEMENTS_MAX: usize = 512;
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

static MADE: AtomicU64 = AtomicU64::new(0);

/// Where the database lies; a private one is removed with this.
pub(crate) struct Place {
    file: PathBuf,
    private: Option<PathBuf>,
    like: Like,
}

impl Place {
    /// A file of the user's, or one in a new folder for temporary files: SQLite reads snapshots beside a writer
    /// only from files, so what is to be in memory is a file that nothing is synced to.
    pub(crate) fn new(storage: &Storage, like: Like) -> Result<Self, Error> {
        match storage {
            Storage::File(file) => Ok(Self { file: file.clone(), private: None, like }),
            Storage::Memory => {
                let n = MADE.fetch_add(1, Ordering::Relaxed);
                let name = format!("devdb-{}-{n}-{:x}", std::process::id(), clock::utc_ticks());
                let folder = std::env::temp_dir().join(name);
                std::fs::create_dir(&folder)
                    .map_err(|err| Error::Open(format!("`{}`: {err}", folder.display())))?;
                Ok(Self { file: folder.join("data.sqlite"), private: Some(folder), like })
            }
        }
    }

    /// Opens a connection.
    pub(crate) fn connect(&self) -> Result<Connection, rusqlite::Error> {
        let synchronous = if self.private.is_some() { "OFF" } else { "NORMAL" };
        open(&self.file, synchronous, self.like)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(folder) = &self.private {
            // What cannot be removed is left to whoever cleans the temporary files.
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

fn open(file: &Path, synchronous: &str, like: Like) -> Result<Connection, rusqlite::Error> {
    let db = Connection::open(file)?;
    db.busy_timeout(BUSY_TIMEOUT)?;
    db.execute_batch(&format!(
        "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = {synchronous}; PRAGMA foreign_keys = ON;
         PRAGMA temp_store = MEMORY; PRAGMA cache_size = -32768; PRAGMA mmap_size = 1073741824;
         PRAGMA wal_autocheckpoint = 4000;"
    ))?;
    db.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    functions::register(&db, like)?;
    Ok(db)
}

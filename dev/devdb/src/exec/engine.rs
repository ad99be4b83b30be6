//! What all sessions share: the database, its writer and readers, the catalog, the parsed batches.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use rusqlite::Connection;

use crate::catalog::{Catalog, store};
use crate::error::{Error, SqlError, SqlResult};
use crate::exec::compiled::Compiled;
use crate::exec::database::Place;
use crate::exec::database::Storage;
use crate::exec::identity::Identities;
use crate::exec::logins::Logins;
use crate::exec::writer::Writer;
use crate::like::Like;
use crate::locks::Ledger;
use crate::sql;
use crate::sql::ast::Declared;
use crate::sync;

/// Readers kept open while nobody uses them.
const IDLE_READERS_MAX: usize = 8;
/// Batches kept parsed; past that all are forgotten, which costs the product's few hundred a millisecond each.
const BATCHES_MAX: usize = 1024;
/// Declarations of one text kept: clients declare a parameter by the width of its value.
const DECLARATIONS_MAX: usize = 32;
/// A longer text is one of a kind and not kept.
const BATCH_BYTES_MAX: usize = 64 << 10;
/// SQL Server's descriptors look like this.
const FIRST_DESCRIPTOR: u64 = 0x34_0000_0001;

type Batches = BTreeMap<String, Vec<Arc<Compiled>>>;

pub(crate) struct Engine {
    pub(crate) like: Like,
    pub(crate) writer: Writer,
    pub(crate) identities: Identities,
    pub(crate) locks: Ledger,
    /// How often each error was answered, by its number.
    errors: Mutex<BTreeMap<i32, u64>>,
    /// The server's, not this database's.
    pub(crate) logins: Arc<Logins>,
    readers: Mutex<Vec<Connection>>,
    catalog: Mutex<Arc<Catalog>>,
    batches: Mutex<Batches>,
    next_descriptor: AtomicU64,
    is_stopping: AtomicBool,
    // Dropped last: connections are closed before their files are removed.
    place: Place,
}

impl Engine {
    pub(crate) fn open(storage: &Storage, like: Like) -> Result<Self, Error> {
        let place = Place::new(storage, like)?;
        let open = |err: SqlError| Error::Open(err.message);
        let connection = place.connect().map_err(|err| Error::Open(err.to_string()))?;
        store::create(&connection).map_err(open)?;
        let catalog = store::load(&connection).map_err(open)?;
        let logins = Arc::new(Logins::load(&connection).map_err(open)?);
        Ok(Self {
            like,
            writer: Writer::new(connection),
            identities: Identities::default(),
            locks: Ledger::default(),
            errors: Mutex::default(),
            logins,
            readers: Mutex::new(Vec::new()),
            catalog: Mutex::new(Arc::new(catalog)),
            batches: Mutex::new(BTreeMap::new()),
            next_descriptor: AtomicU64::new(FIRST_DESCRIPTOR),
            is_stopping: AtomicBool::new(false),
            place,
        })
    }

    /// A new database of the same server.
    pub(crate) fn beside(&self) -> Result<Self, Error> {
        Ok(Self { logins: Arc::clone(&self.logins), ..Self::open(&Storage::Memory, self.like)? })
    }

    /// Records that a statement was answered with this error.
    pub(crate) fn count_error(&self, number: i32) {
        *sync::lock(&self.errors).entry(number).or_default() += 1;
    }

    /// How often statements were answered with this error.
    pub(crate) fn n_errors(&self, number: i32) -> u64 {
        sync::lock(&self.errors).get(&number).copied().unwrap_or(0)
    }

    /// The parsed batch of a text with parameters declared so.
    pub(crate) fn parse(&self, text: &str, params: Vec<Declared>) -> SqlResult<Arc<Compiled>> {
        if let Some(kept) = sync::lock(&self.batches).get(text)
            && let Some(batch) = kept.iter().find(|kept| kept.batch.params == params)
        {
            return Ok(Arc::clone(batch));
        }
        let batch = Arc::new(Compiled::new(sql::parse(text, params)?));
        if text.len() <= BATCH_BYTES_MAX {
            let mut batches = sync::lock(&self.batches);
            if batches.len() >= BATCHES_MAX {
                batches.clear();
            }
            let kept = batches.entry(text.to_owned()).or_default();
            kept.truncate(DECLARATIONS_MAX - 1);
            kept.insert(0, Arc::clone(&batch));
        }
        Ok(batch)
    }

    /// The catalog as it was last committed.
    pub(crate) fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&sync::lock(&self.catalog))
    }

    pub(crate) fn set_catalog(&self, catalog: Arc<Catalog>) {
        *sync::lock(&self.catalog) = catalog;
    }

    /// A connection to read with, from a snapshot of what is committed.
    pub(crate) fn reader(&self) -> SqlResult<Reader<'_>> {
        let idle = sync::lock(&self.readers).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.place.connect()?,
        };
        Ok(Reader { engine: self, connection: Some(connection) })
    }

    pub(crate) fn next_descriptor(&self) -> u64 {
        self.next_descriptor.fetch_add(1, Ordering::Relaxed)
    }

    /// Ends all waits; sessions end with their connections.
    pub(crate) fn stop(&self) {
        self.is_stopping.store(true, Ordering::SeqCst);
        self.writer.stop();
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::SeqCst)
    }
}

/// A reading connection on loan.
pub(crate) struct Reader<'e> {
    engine: &'e Engine,
    connection: Option<Connection>,
}

impl Deref for Reader<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection.as_ref().expect("taken in drop alone")
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        let mut idle = sync::lock(&self.engine.readers);
        if idle.len() < IDLE_READERS_MAX {
            idle.extend(self.connection.take());
        }
    }
}

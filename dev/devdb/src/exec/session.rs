//! One client's session: its transaction, its settings, and how statements reach the database.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;

use crate::catalog::access::Access;
use crate::catalog::{Catalog, Table, store};
use crate::clock;
use crate::error::{SqlError, SqlResult};
use crate::exec::compiled::Compiled;
use crate::exec::engine::Engine;
use crate::exec::prepared::Handles;
use crate::like::Like;
use crate::locks::{Holding, Touched, Verb};
use crate::plan::Bind;
use crate::sql::ast::Declared;
use crate::value::datum::{Datum, Owned};
use crate::wire::tokens::{self, Transaction};

/// How often a session that was told to wait looks whether its client is still there.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// What `SET` changes; a batch run by `sp_executesql` leaves it as it found it.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) xact_abort: bool,
    pub(crate) no_count: bool,
    /// `None` waits for as long as it takes.
    pub(crate) lock_timeout: Option<Duration>,
    /// The table (`schema.name` in lower case) whose identity column takes values.
    pub(crate) identity_insert: Option<String>,
}

impl Settings {
    fn initial() -> Self {
        Self { xact_abort: false, no_count: false, lock_timeout: None, identity_insert: None }
    }
}

pub(crate) struct Session {
    pub(crate) engine: Arc<Engine>,
    pub(crate) database: String,
    /// Who logged in; `None` is the configured user.
    pub(crate) login: Option<String>,
    pub(crate) settings: Settings,
    pub(crate) row_count: i64,
    /// How deep transactions are nested; only the outermost one is real.
    pub(crate) tran_count: i64,
    /// The transaction can only be rolled back.
    pub(crate) is_doomed: bool,
    /// The error that a CATCH block is about.
    pub(crate) caught: Option<SqlError>,
    pub(crate) prepared: Handles,
    descriptor: u64,
    /// The writing connection while this session holds the lock.
    writer: Option<Connection>,
    /// What the transaction has locked, by SQL Server's rules.
    holding: Option<Holding>,
    /// The catalog as this session's transaction has changed it.
    changed_catalog: Option<Arc<Catalog>>,
    is_hung_up: Box<dyn Fn() -> bool + Send>,
}

/// What values are bound from.
pub(crate) struct Env<'a> {
    pub(crate) params: &'a [Owned],
    row_count: i64,
    tran_count: i64,
    is_doomed: bool,
    caught: Option<&'a SqlError>,
    now: i64,
    database: String,
    like: Like,
}

impl Env<'_> {
    /// The value of a bind that is neither a document nor a cell.
    pub(crate) fn value(&self, bind: &Bind) -> Datum<'_> {
        match bind {
            Bind::Param(idx) => self.params.get(*idx).map_or(Datum::Null, Datum::borrow),
            Bind::RowCount => Datum::Int(self.row_count),
            Bind::TranCount => Datum::Int(self.tran_count),
            Bind::XactState => Datum::Int(match (self.tran_count, self.is_doomed) {
                (0, _) => 0,
                (_, true) => -1,
                (_, false) => 1,
            }),
            Bind::ErrorNumber => {
                self.caught.map_or(Datum::Null, |err| Datum::Int(err.number.into()))
            }
            Bind::ErrorMessage => {
                self.caught.map_or(Datum::Null, |err| Datum::text(err.message.as_str()))
            }
            Bind::Now => Datum::Int(self.now),
            Bind::Database => Datum::text(self.database.as_str()),
            Bind::Babelfish => self.like.babelfish().map_or(Datum::Null, Datum::Int),
            Bind::Json { .. } | Bind::Cell(_) => Datum::Null,
        }
    }
}

impl Session {
    pub(crate) fn new(
        engine: Arc<Engine>,
        (database, login): (String, Option<String>),
        is_hung_up: Box<dyn Fn() -> bool + Send>,
    ) -> Self {
        Self {
            engine,
            database,
            login,
            settings: Settings::initial(),
            row_count: 0,
            tran_count: 0,
            is_doomed: false,
            caught: None,
            prepared: Handles::default(),
            descriptor: 0,
            writer: None,
            holding: None,
            changed_catalog: None,
            is_hung_up,
        }
    }

    /// The descriptor that a request has to come with.
    pub(crate) fn descriptor(&self) -> u64 {
        self.descriptor
    }

    pub(crate) fn parse(&self, text: &str, params: Vec<Declared>) -> SqlResult<Arc<Compiled>> {
        self.engine.parse(text, params)
    }

    /// Waits, for ever where there is no time given; whether the client went away meanwhile.
    pub(crate) fn wait(&self, time: Option<Duration>) -> bool {
        let started = clock::now();
        loop {
            let left = time.map_or(POLL_INTERVAL, |time| {
                time.saturating_sub(clock::now().duration_since(started))
            });
            if left.is_zero() {
                return false;
            }
            std::thread::sleep(left.min(POLL_INTERVAL));
            if self.engine.is_stopping() || (self.is_hung_up)() {
                return true;
            }
        }
    }

    /// Tables as this session sees them.
    pub(crate) fn catalog(&self) -> Arc<Catalog> {
        self.changed_catalog.clone().unwrap_or_else(|| self.engine.catalog())
    }

    /// What the session may do with it; 916 where its login has no user there any more.
    pub(crate) fn access<'c>(&'c self, catalog: &'c Catalog) -> SqlResult<Access<'c>> {
        Access::of(catalog, &self.database, self.login.as_deref())
    }

    pub(crate) fn env<'a>(&'a self, params: &'a [Owned]) -> Env<'a> {
        Env {
            params,
            row_count: self.row_count,
            tran_count: self.tran_count,
            is_doomed: self.is_doomed,
            caught: self.caught.as_ref(),
            now: clock::utc_ticks(),
            database: self.database.clone(),
            like: self.engine.like,
        }
    }

    /// Back to how a new session is.
    pub(crate) fn reset(&mut self, out: &mut Vec<u8>) {
        self.abandon(out);
        self.settings = Settings::initial();
        self.row_count = 0;
    }

    /// Rolls back what is open.
    pub(crate) fn abandon(&mut self, out: &mut Vec<u8>) {
        if self.tran_count > 0 {
            self.end_transaction();
            self.close_descriptor(out, Transaction::RolledBack);
        }
    }

    /// A batch that could not be parsed has failed: with XACT_ABORT a transaction goes with it.
    pub(crate) fn note_failure(&mut self, out: &mut Vec<u8>) {
        if self.settings.xact_abort {
            self.abandon(out);
        }
    }

    pub(crate) fn open_descriptor(&mut self, out: &mut Vec<u8>) {
        self.descriptor = self.engine.next_descriptor();
        tokens::put_transaction(out, Transaction::Begun(self.descriptor));
    }

    pub(crate) fn close_descriptor(&mut self, out: &mut Vec<u8>, ended: fn(u64) -> Transaction) {
        tokens::put_transaction(out, ended(self.descriptor));
        self.descriptor = 0;
    }

    /// Rolls back without telling the client.
    pub(crate) fn end_transaction(&mut self) {
        self.tran_count = 0;
        self.is_doomed = false;
        self.changed_catalog = None;
        if let Some(db) = self.writer.take() {
            roll_back(&db);
            self.count_locks(false);
            self.engine.writer.release(db);
        }
    }

    /// Commits what the transaction wrote, if anything.
    pub(crate) fn commit_writes(&mut self) -> SqlResult<()> {
        let Some(db) = self.writer.take() else { return Ok(()) };
        let committed = db.execute_batch("COMMIT");
        if committed.is_err() {
            roll_back(&db);
            self.changed_catalog = None;
        } else if let Some(catalog) = self.changed_catalog.take() {
            self.engine.set_catalog(catalog);
        }
        self.count_locks(committed.is_ok());
        self.engine.writer.release(db);
        committed.map_err(Into::into)
    }

    /// Runs what only reads: in the transaction where it has written, else from a snapshot.
    pub(crate) fn read<T>(&self, work: impl FnOnce(&Connection) -> SqlResult<T>) -> SqlResult<T> {
        match &self.writer {
            Some(db) => work(db),
            None => work(&*self.engine.reader()?),
        }
    }

    /// Runs what writes: all of it or nothing stays, and outside a transaction it is committed at once.
    pub(crate) fn write<T>(
        &mut self,
        work: impl FnOnce(&mut Self, &Connection) -> SqlResult<T>,
    ) -> SqlResult<T> {
        let db = match self.writer.take() {
            Some(db) => db,
            None => {
                let asked = clock::now();
                let db =
                    self.engine.writer.acquire(self.settings.lock_timeout, &*self.is_hung_up)?;
                if let Err(err) = db.execute_batch("BEGIN IMMEDIATE") {
                    self.engine.writer.release(db);
                    return Err(err.into());
                }
                self.holding = Some(Holding::new(asked));
                db
            }
        };
        let is_own = self.tran_count == 0;
        // With XACT_ABORT an error takes the whole transaction with it; without, the statement alone.
        let has_savepoint = !is_own && !self.settings.xact_abort;
        let result =
            match if has_savepoint { db.execute_batch("SAVEPOINT statement") } else { Ok(()) } {
                Ok(()) => work(self, &db),
                Err(err) => Err(err.into()),
            };
        if has_savepoint {
            let undo = if result.is_err() {
                "ROLLBACK TO statement; RELEASE statement"
            } else {
                "RELEASE statement"
            };
            // Where SQLite has rolled back everything, there is no savepoint left to go back to.
            let _ = db.execute_batch(undo);
        }
        self.writer = Some(db);
        if is_own {
            match &result {
                Ok(_) => self.commit_writes()?,
                Err(_) => self.end_transaction(),
            }
        }
        result
    }

    /// The transaction's connection, once it has written.
    pub(crate) fn writer(&self) -> Option<&Connection> {
        self.writer.as_ref()
    }

    /// Notes what a statement has locked.
    pub(crate) fn note_locks(&mut self, verb: Verb, table: &Table, touched: Touched) {
        if let Some(holding) = &mut self.holding {
            holding.record(verb, table, touched);
        }
    }

    /// The transaction's locks go with it.
    fn count_locks(&mut self, is_committed: bool) {
        if let Some(holding) = self.holding.take() {
            self.engine.locks.record(holding, is_committed);
        }
    }

    /// Reads the catalog anew after a change of it.
    pub(crate) fn catalog_changed(&mut self, db: &Connection) -> SqlResult<()> {
        self.changed_catalog = Some(Arc::new(store::load(db)?));
        Ok(())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.end_transaction();
    }
}

fn roll_back(db: &Connection) {
    if !db.is_autocommit()
        && let Err(err) = db.execute_batch("ROLLBACK")
    {
        tracing::error!(%err, "a rollback failed");
    }
}

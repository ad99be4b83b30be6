//! Connections and their pool.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::AtomicI32;
use std::time::Duration;

use deadpool::managed::{self, Metrics, Object, Pool, RecycleError, RecycleResult};
use tiberius::{ColumnType, ToSql};
use tokio::sync::OnceCell;
use xmlx_domain::{ErrorClass, UnknownWord};
use xmlx_extract::Limits;

use crate::connection_string::{Address, ConnectError};
use crate::dial::{Dialer, TdsClient};
use crate::error::outlives;
use crate::trust::trust;
use crate::{Error, ServerFindings, statements};

/// A connection that does not answer within this time is dead.
const PROBE_TIMEOUT: Duration = Duration::from_secs(10);
/// A statement that is answered later is given up, its connection dropped: the server is gone, or cut off.
const PATIENCE: Duration = Duration::from_secs(60);
/// The same for statements that may look through whole tables: counts, the verification, and the next applications that
/// wait, where many ids are decided already.
const LONG_PATIENCE: Duration = Duration::from_secs(3600);
/// A server that writes fewer bytes a second than this, with indexes and triggers, is taken for gone. Without the size,
/// a large application would be sent again and again and never be decided.
const BYTES_PER_SECOND_MIN: usize = 64 << 10;
/// A connection that was used within this time is not probed before it is used again.
const TRUSTED_FOR: Duration = Duration::from_secs(10);
/// Waiting for a free connection longer than this is an error.
const POOL_TIMEOUT: Duration = Duration::from_secs(30);

/// How to reach the database.
#[derive(Clone)]
pub struct StoreConfig {
    /// An ADO.NET connection string.
    pub connection_string: String,
    /// A file of CA certificates that are trusted beside the system's.
    pub ca: Option<PathBuf>,
    /// Whether a read-only copy will do.
    pub access: Access,
    /// Shown in the server's session list: `xmlx/<role>/<session>`.
    pub application_name: String,
    /// The most connections at once.
    pub connections_max: usize,
    /// What contracts are compiled with that the database holds.
    pub limits: Limits,
}

/// What a store's connections are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reading and writing: the target, and everything of our own.
    ReadWrite,
    /// Reading documents alone: a readable secondary will do.
    ReadOnly,
}

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pool: Pool<Manager>,
    limits: Limits,
    /// What the server was found to do, once it could be asked.
    pub(crate) findings: Arc<OnceCell<ServerFindings>>,
    /// The newest version of the control tables that was seen: they never become older.
    pub(crate) schema_seen: Arc<AtomicI32>,
}

/// One connection, held for several statements in a row.
pub struct Connection {
    object: Option<Object<Manager>>,
    store: Store,
}

struct Manager {
    dialer: Dialer,
}

/// A connection that is logged in.
struct Session {
    client: TdsClient,
    /// Probes so far. Each has a number of its own, so that no late answer to an earlier one passes for its answer.
    probes: i64,
    /// Something may have been left behind: it is probed before it is used again.
    is_doubtful: bool,
}

impl fmt::Debug for StoreConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreConfig")
            .field("application_name", &self.application_name)
            .field("connections_max", &self.connections_max)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("pool", &self.pool.status()).finish()
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("open", &self.object.is_some()).finish()
    }
}

impl Store {
    /// A store whose connections are made when they are needed.
    ///
    /// # Errors
    /// Where the connection string or the CA's file cannot be used.
    pub fn new(config: &StoreConfig) -> Result<Self, ConnectError> {
        let mut address =
            usable_address(&config.connection_string, config.ca.as_deref(), config.access)?;
        address.config.application_name(&config.application_name);
        address.config.command_timeout(Some(LONG_PATIENCE));
        let pool = Pool::builder(Manager { dialer: Dialer::new(address, config.access) })
            .max_size(config.connections_max)
            .wait_timeout(Some(POOL_TIMEOUT))
            .runtime(deadpool::Runtime::Tokio1)
            .build()
            .map_err(|err| ConnectError(err.to_string()))?;
        let (findings, schema_seen) = (Arc::default(), Arc::default());
        Ok(Self { pool, limits: config.limits, findings, schema_seen })
    }

    /// What contracts are compiled with.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Finds out whether the database lets us in. `Some`: it does not answer now, and may do so later.
    ///
    /// # Errors
    /// [`Error::Login`] and [`Error::Tls`]: waiting is useless.
    pub async fn enter(&self) -> Result<Option<Error>, Error> {
        match self.checkout().await {
            Ok(_) => Ok(None),
            Err(err) if err.class() == ErrorClass::Fatal => Err(err),
            Err(err) => Ok(Some(err)),
        }
    }

    /// A connection for several statements in a row.
    #[must_use]
    pub fn connection(&self) -> Connection {
        Connection { object: None, store: self.clone() }
    }

    /// Runs one statement on any connection.
    pub(crate) async fn run(&self, sql: &str, params: &[&dyn ToSql]) -> Result<Vec<Row>, Error> {
        self.connection().run(sql, params).await
    }

    /// Runs one statement that may read whole tables.
    pub(crate) async fn run_long(
        &self,
        sql: &str,
        params: &[&dyn ToSql],
    ) -> Result<Vec<Row>, Error> {
        self.connection().run_long(sql, params).await
    }

    /// Runs a batch that may not travel as sp_executesql (DDL that has to be alone).
    pub(crate) async fn run_batch(&self, sql: &str) -> Result<(), Error> {
        let mut lent = Lent::new(self.checkout().await?);
        // What a batch sets stays set behind it, unlike what sp_executesql sets.
        lent.session().is_doubtful = true;
        let answer = Box::pin(simple(lent.client(), sql)).await;
        lent.settle(Ok(answer)).1
    }

    /// Runs a batch that leaves a transaction open, until the answer is dropped: its connection is closed then, and the
    /// server rolls it back.
    pub(crate) async fn hold(&self, sql: &str) -> Result<HeldOpen, Error> {
        let mut lent = Lent::new(self.checkout().await?);
        within(PATIENCE, sql, Box::pin(simple(lent.client(), sql))).await??;
        Ok(HeldOpen { _lent: lent })
    }

    async fn checkout(&self) -> Result<Object<Manager>, Error> {
        Box::pin(self.pool.get()).await.map_err(|err| match err {
            managed::PoolError::Backend(err) => err,
            err @ (managed::PoolError::Timeout(_)
            | managed::PoolError::Closed
            | managed::PoolError::NoRuntimeSpecified
            | managed::PoolError::PostCreateHook(_)) => Error::Connect(err.to_string()),
        })
    }
}

/// Whether a connection string and the CA's file can be used, as far as that can be said without the server.
///
/// # Errors
/// As [`Store::new`].
pub fn check_connection(
    connection_string: &str,
    ca: Option<&Path>,
    access: Access,
) -> Result<(), ConnectError> {
    usable_address(connection_string, ca, access).map(drop)
}

fn usable_address(
    connection_string: &str,
    ca: Option<&Path>,
    access: Access,
) -> Result<Address, ConnectError> {
    let mut address = Address::parse(connection_string)?;
    if address.read_only && access == Access::ReadWrite {
        return Err(ConnectError(
            "`ApplicationIntent=ReadOnly` leads to a copy that nothing can be written to; take it out".to_owned(),
        ));
    }
    trust(&mut address, ca)?;
    Ok(address)
}

pub(crate) type Row = tiberius::Row;

impl Connection {
    /// Runs one statement. After a refusal the connection is kept, and proves that it is sound before it is used
    /// again; after any other error it is dropped, as what it still holds unread must never answer another question.
    pub(crate) async fn run(
        &mut self,
        sql: &str,
        params: &[&dyn ToSql],
    ) -> Result<Vec<Row>, Error> {
        self.run_within(PATIENCE, sql, params).await
    }

    /// The same for a statement that may read whole tables.
    pub(crate) async fn run_long(
        &mut self,
        sql: &str,
        params: &[&dyn ToSql],
    ) -> Result<Vec<Row>, Error> {
        self.run_within(LONG_PATIENCE, sql, params).await
    }

    /// Runs one statement that sends so many bytes to be written: the more, the longer it may take.
    pub(crate) async fn run_sized(
        &mut self,
        n_bytes: usize,
        sql: &str,
        params: &[&dyn ToSql],
    ) -> Result<Vec<Row>, Error> {
        self.run_within(patience(n_bytes), sql, params).await
    }

    /// The type of the first column that a query without parameters answers with.
    pub(crate) async fn first_column(&mut self, sql: &str) -> Result<ColumnType, Error> {
        let mut lent = self.lend().await?;
        let answer = within(PATIENCE, sql, Box::pin(first_column(lent.client(), sql))).await;
        let (kept, found) = lent.settle(answer);
        self.object = kept;
        found?.ok_or_else(|| Error::Shape {
            statement: "first_column",
            detail: "no column".to_owned(),
        })
    }

    async fn run_within(
        &mut self,
        patience: Duration,
        sql: &str,
        params: &[&dyn ToSql],
    ) -> Result<Vec<Row>, Error> {
        let mut lent = self.lend().await?;
        let answer = within(patience, sql, Box::pin(query(lent.client(), sql, params))).await;
        let (kept, rows) = lent.settle(answer);
        self.object = kept;
        rows
    }

    /// The connection that is held, if it is still sound, or one of the pool's.
    async fn lend(&mut self) -> Result<Lent, Error> {
        if let Some(object) = self.object.take() {
            let mut lent = Lent::new(object);
            if !lent.session().is_doubtful || lent.session().probe().await.is_ok() {
                return Ok(lent);
            }
        }
        Ok(Lent::new(self.store.checkout().await?))
    }
}

/// A connection whose transaction is open.
pub(crate) struct HeldOpen {
    _lent: Lent,
}

/// A connection with a statement under way. Unless it is given back, it leaves the pool for good: after an error that
/// does not leave it as it was, and also where the caller stopped waiting for the answer.
struct Lent(Option<Object<Manager>>);

impl Lent {
    fn new(object: Object<Manager>) -> Self {
        Self(Some(object))
    }

    fn session(&mut self) -> &mut Session {
        self.0.as_mut().expect("it is there until it is given back")
    }

    fn client(&mut self) -> &mut TdsClient {
        &mut self.session().client
    }

    /// Takes the answer, and keeps the connection where the server has answered.
    ///
    /// The driver reports a refusal when the whole message is read, the tokens behind the error with it: nothing is
    /// unread then, and it knows whether a transaction was begun or ended. What it does not know is whether one is
    /// still open and what else was left behind; the probe finds that out.
    fn settle<T>(
        mut self,
        answer: Result<tiberius::Result<T>, Error>,
    ) -> (Option<Object<Manager>>, Result<T, Error>) {
        match answer {
            Ok(Ok(found)) => (self.0.take(), Ok(found)),
            Ok(Err(err)) => {
                self.session().is_doubtful = true;
                (if outlives(&err) { self.0.take() } else { None }, Err(err.into()))
            }
            Err(err) => (None, Err(err)),
        }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(object) = self.0.take() {
            drop(Object::take(object));
        }
    }
}

async fn query(
    client: &mut TdsClient,
    sql: &str,
    params: &[&dyn ToSql],
) -> tiberius::Result<Vec<Row>> {
    let results = client.query(sql, params).await?.into_results().await?;
    Ok(results.into_iter().flatten().collect())
}

async fn first_column(client: &mut TdsClient, sql: &str) -> tiberius::Result<Option<ColumnType>> {
    let mut stream = client.query(sql, &[]).await?;
    let columns = stream.columns().await?;
    let found = columns.and_then(|it| it.first()).map(tiberius::Column::column_type);
    stream.into_results().await?;
    Ok(found)
}

/// The answer to a statement, if it comes in time. The work is large, and boxed before it comes here.
async fn within<T>(
    patience: Duration,
    sql: &str,
    work: impl Future<Output = tiberius::Result<T>>,
) -> Result<tiberius::Result<T>, Error> {
    tokio::time::timeout(patience, work).await.map_err(|_| unanswered(patience, sql))
}

/// Says which statement it was by its first words, which hold no values.
fn unanswered(patience: Duration, sql: &str) -> Error {
    const CHARS: usize = 120;
    let line =
        sql.lines().find(|it| !it.starts_with("--") && !it.starts_with("SET ")).unwrap_or(sql);
    let start: String = line.chars().take(CHARS).collect();
    Error::Unanswered(format!("no answer within {patience:?} to `{start}`"))
}

async fn simple(client: &mut TdsClient, sql: &str) -> tiberius::Result<()> {
    client.simple_query(sql).await?.into_results().await?;
    Ok(())
}

impl Session {
    /// Sets what every statement relies on, and finds out whether the connection is sound: it answers this very
    /// question, and no transaction is open. Not as sp_executesql, which would take the settings back.
    async fn probe(&mut self) -> Result<(), Error> {
        const IT: &str = "session";
        self.probes += 1;
        let sql = statements::SESSION.replace("@P1", &self.probes.to_string());
        let work = Box::pin(async {
            let results = self.client.simple_query(sql).await?.into_results().await?;
            Ok(results.into_iter().flatten().collect::<Vec<Row>>())
        });
        let rows = within(PROBE_TIMEOUT, statements::SESSION, work).await??;
        let row = only(&rows, IT)?;
        let unsound = |detail: &str| Error::Lost(detail.to_owned());
        if column::<i64>(row, "nonce", IT)? != self.probes {
            return Err(unsound("its answers are off by one"));
        }
        if column::<i32>(row, "transactions", IT)? != 0 {
            return Err(unsound("a transaction was left open"));
        }
        self.is_doubtful = false;
        Ok(())
    }
}

impl managed::Manager for Manager {
    type Type = Session;
    type Error = Error;

    async fn create(&self) -> Result<Session, Error> {
        let client = Box::pin(self.dialer.connect()).await?;
        let mut session = Session { client, probes: 0, is_doubtful: true };
        session.probe().await?;
        Ok(session)
    }

    /// Every statement ends its own transaction; what is left to find out is whether the connection still lives and,
    /// where something was refused on it, whether it is sound.
    async fn recycle(&self, session: &mut Session, metrics: &Metrics) -> RecycleResult<Error> {
        if metrics.last_used() < TRUSTED_FOR && !session.is_doubtful {
            return Ok(());
        }
        session.probe().await.map_err(RecycleError::Backend)
    }
}

fn patience(n_bytes: usize) -> Duration {
    let more = u64::try_from(n_bytes / BYTES_PER_SECOND_MIN).unwrap_or(u64::MAX);
    PATIENCE.saturating_add(Duration::from_secs(more)).min(LONG_PATIENCE)
}

/// The row of an answer that always has one.
pub(crate) fn only<'r>(rows: &'r [Row], statement: &'static str) -> Result<&'r Row, Error> {
    rows.first().ok_or_else(|| Error::Shape { statement, detail: "no row".to_owned() })
}

/// Reads one column; what is NULL or of another type is a [`Error::Shape`].
pub(crate) fn column<'r, T: tiberius::FromSql<'r>>(
    row: &'r Row,
    name: &str,
    statement: &'static str,
) -> Result<T, Error> {
    optional(row, name, statement)?
        .ok_or_else(|| Error::Shape { statement, detail: format!("`{name}` is NULL") })
}

/// Reads one column that may be NULL.
pub(crate) fn optional<'r, T: tiberius::FromSql<'r>>(
    row: &'r Row,
    name: &str,
    statement: &'static str,
) -> Result<Option<T>, Error> {
    row.try_get(name).map_err(|err| Error::Shape { statement, detail: format!("`{name}`: {err}") })
}

/// Reads one text column.
pub(crate) fn text(row: &Row, name: &str, statement: &'static str) -> Result<String, Error> {
    column::<&str>(row, name, statement).map(ToOwned::to_owned)
}

/// Reads one column that holds a word of a closed set; any other text is an error that names it.
pub(crate) fn word<T: FromStr<Err = UnknownWord>>(
    row: &Row,
    name: &str,
    statement: &'static str,
) -> Result<T, Error> {
    let given: &str = column(row, name, statement)?;
    given.parse().map_err(|err| Error::Shape { statement, detail: format!("`{name}`: {err}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_fits_the_work() {
        assert_eq!(patience(0), PATIENCE);
        assert_eq!(patience(1 << 20), Duration::from_secs(76));
        assert_eq!(patience(64 << 20), Duration::from_secs(60 + 1024));
        assert_eq!(patience(usize::MAX), LONG_PATIENCE);
    }
}

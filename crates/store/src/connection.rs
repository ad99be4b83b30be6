//! Connections and their pool.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use deadpool::managed::{self, Metrics, Object, Pool, RecycleError, RecycleResult};
use tiberius::{ColumnType, ToSql};
use xmlx_extract::Limits;

use crate::connection_string::{Address, ConnectError};
use crate::dial::{Dialer, TdsClient};
use crate::trust::trust;
use crate::{Class, Error};

/// A pooled connection that does not answer within this time is dead.
const PROBE_TIMEOUT: Duration = Duration::from_secs(10);
/// A statement that is answered later is given up, its connection dropped: the server is gone, or cut off.
const PATIENCE: Duration = Duration::from_secs(60);
/// The same for statements that read whole tables: counts, and the verification.
const LONG_PATIENCE: Duration = Duration::from_secs(3600);
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
}

/// One connection, held for several statements in a row.
pub struct Connection {
    object: Option<Object<Manager>>,
    store: Store,
}

struct Manager {
    dialer: Dialer,
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
        Ok(Self { pool, limits: config.limits })
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
            Err(err) if err.class() == Class::Fatal => Err(err),
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
        self.connection().run_within(LONG_PATIENCE, sql, params).await
    }

    /// Runs a batch that may not travel as sp_executesql (DDL that has to be alone).
    pub(crate) async fn run_batch(&self, sql: &str) -> Result<(), Error> {
        let mut lent = Lent::new(self.checkout().await?);
        Box::pin(simple(lent.client(), sql)).await?;
        drop(lent.give_back());
        Ok(())
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
    /// Runs one statement. After an error the connection is dropped, whatever the error was: what it
    /// still holds unread must never answer another question.
    pub(crate) async fn run(
        &mut self,
        sql: &str,
        params: &[&dyn ToSql],
    ) -> Result<Vec<Row>, Error> {
        self.run_within(PATIENCE, sql, params).await
    }

    /// The type of the first column that a query without parameters answers with.
    pub(crate) async fn first_column(&mut self, sql: &str) -> Result<ColumnType, Error> {
        let mut lent = self.lend().await?;
        let found = within(PATIENCE, sql, Box::pin(first_column(lent.client(), sql))).await?;
        self.object = Some(lent.give_back());
        found.ok_or_else(|| Error::Shape {
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
        let rows = within(patience, sql, Box::pin(query(lent.client(), sql, params))).await?;
        self.object = Some(lent.give_back());
        Ok(rows)
    }

    /// The connection that is held, or one of the pool's.
    async fn lend(&mut self) -> Result<Lent, Error> {
        let object = match self.object.take() {
            Some(it) => it,
            None => self.store.checkout().await?,
        };
        Ok(Lent::new(object))
    }
}

/// A connection with a statement under way. Unless it is given back, it leaves the pool for good:
/// after an error, and also where the caller stopped waiting for the answer.
struct Lent(Option<Object<Manager>>);

impl Lent {
    fn new(object: Object<Manager>) -> Self {
        Self(Some(object))
    }

    fn client(&mut self) -> &mut TdsClient {
        self.0.as_mut().expect("it is there until it is given back")
    }

    fn give_back(mut self) -> Object<Manager> {
        self.0.take().expect("it is there until it is given back")
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

/// What a statement comes to, if it is answered in time. The work is large, and boxed before it comes here.
async fn within<T>(
    patience: Duration,
    sql: &str,
    work: impl Future<Output = tiberius::Result<T>>,
) -> Result<T, Error> {
    let answer = tokio::time::timeout(patience, work).await;
    Ok(answer.map_err(|_| unanswered(patience, sql))??)
}

/// Says which statement it was by its first words, which hold no values.
fn unanswered(patience: Duration, sql: &str) -> Error {
    const CHARS: usize = 120;
    let line =
        sql.lines().find(|it| !it.starts_with("--") && !it.starts_with("SET ")).unwrap_or(sql);
    let start: String = line.chars().take(CHARS).collect();
    Error::Lost(format!("no answer within {patience:?} to `{start}`"))
}

async fn simple(client: &mut TdsClient, sql: &str) -> tiberius::Result<()> {
    client.simple_query(sql).await?.into_results().await?;
    Ok(())
}

impl managed::Manager for Manager {
    type Type = TdsClient;
    type Error = Error;

    async fn create(&self) -> Result<TdsClient, Error> {
        Box::pin(self.dialer.connect()).await
    }

    /// Every statement sets its own options and ends its own transaction, and a connection that
    /// saw an error never comes back here; what is left to find out is whether it still lives.
    async fn recycle(&self, client: &mut TdsClient, metrics: &Metrics) -> RecycleResult<Error> {
        if metrics.last_used() < TRUSTED_FOR {
            return Ok(());
        }
        let nonce = i64::try_from(metrics.recycle_count).unwrap_or(0);
        let rows = tokio::time::timeout(
            PROBE_TIMEOUT,
            query(client, "SELECT CAST(@P1 AS bigint) AS [nonce]", &[&nonce]),
        )
        .await
        .map_err(|_| RecycleError::message("no answer"))?
        .map_err(|err| RecycleError::Backend(err.into()))?;
        let echoed = rows.first().and_then(|it| it.try_get::<i64, _>(0).ok().flatten());
        if echoed == Some(nonce) {
            Ok(())
        } else {
            Err(RecycleError::message("answers are off by one"))
        }
    }
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

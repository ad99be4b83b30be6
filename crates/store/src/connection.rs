//! Connections and their pool.

use std::time::Duration;

use deadpool::managed::{self, Metrics, Object, Pool, RecycleError, RecycleResult};
use tiberius::{Client, Config, ToSql};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt as _};

use crate::Error;

/// A server that does not accept within this time is treated as absent.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A statement that is answered later is given up, its connection dropped: the server is gone, or cut off.
const PATIENCE: Duration = Duration::from_secs(60);
/// The same for statements that read whole tables: counts, and the verification.
const LONG_PATIENCE: Duration = Duration::from_secs(3600);
/// A connection that was used within this time is not probed before it is used again.
const TRUSTED_FOR: Duration = Duration::from_secs(10);
/// Waiting for a free connection longer than this is an error.
const POOL_TIMEOUT: Duration = Duration::from_secs(30);

/// Its futures are large: they are boxed where they are awaited, or every caller's stack would carry them.
type TdsClient = Client<Compat<TcpStream>>;

/// How to reach the database.
#[derive(Clone, Debug)]
pub struct StoreConfig {
    /// An ADO.NET connection string.
    pub connection_string: String,
    /// Shown in the server's session list: `xmlx/<role>/<session>`.
    pub application_name: String,
    /// The most connections at once.
    pub connections_max: usize,
}

/// A connection string that cannot be used. Does not repeat the string: it holds a password.
#[derive(Debug, thiserror::Error)]
#[error("the connection string cannot be used: {0}")]
pub struct ConnectError(String);

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pool: Pool<Manager>,
}

/// One connection, held for several statements in a row.
pub struct Connection {
    object: Option<Object<Manager>>,
    store: Store,
}

struct Manager {
    config: Config,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("pool", &self.pool.status()).finish()
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("open", &self.object.is_some()).finish()
    }
}

impl Store {
    /// A store whose connections are made when they are needed.
    ///
    /// # Errors
    /// Where the connection string cannot be read.
    pub fn new(config: &StoreConfig) -> Result<Self, ConnectError> {
        let mut tds = Config::from_ado_string(&config.connection_string)
            .map_err(|err| ConnectError(err.to_string()))?;
        tds.application_name(&config.application_name);
        tds.command_timeout(Some(LONG_PATIENCE));
        let pool = Pool::builder(Manager { config: tds })
            .max_size(config.connections_max)
            .wait_timeout(Some(POOL_TIMEOUT))
            .runtime(deadpool::Runtime::Tokio1)
            .build()
            .map_err(|err| ConnectError(err.to_string()))?;
        Ok(Self { pool })
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
            // A server that fails over or recovers refuses logins in many ways; all of them pass.
            managed::PoolError::Backend(err) => Error::Connect(err.to_string()),
            err @ (managed::PoolError::Timeout(_)
            | managed::PoolError::Closed
            | managed::PoolError::NoRuntimeSpecified
            | managed::PoolError::PostCreateHook(_)) => Error::Connect(err.to_string()),
        })
    }
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

    async fn run_within(
        &mut self,
        patience: Duration,
        sql: &str,
        params: &[&dyn ToSql],
    ) -> Result<Vec<Row>, Error> {
        let object = match self.object.take() {
            Some(it) => it,
            None => self.store.checkout().await?,
        };
        let mut lent = Lent::new(object);
        let answer =
            tokio::time::timeout(patience, Box::pin(query(lent.client(), sql, params))).await;
        let rows = answer.map_err(|_| Error::Lost(format!("no answer within {patience:?}")))??;
        self.object = Some(lent.give_back());
        Ok(rows)
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

async fn simple(client: &mut TdsClient, sql: &str) -> tiberius::Result<()> {
    client.simple_query(sql).await?.into_results().await?;
    Ok(())
}

impl managed::Manager for Manager {
    type Type = TdsClient;
    type Error = Error;

    async fn create(&self) -> Result<TdsClient, Error> {
        tokio::time::timeout(CONNECT_TIMEOUT, Box::pin(connect(self.config.clone())))
            .await
            .map_err(|_| Error::Connect(format!("no answer within {CONNECT_TIMEOUT:?}")))?
    }

    /// Every statement sets its own options and ends its own transaction, and a connection that
    /// saw an error never comes back here; what is left to find out is whether it still lives.
    async fn recycle(&self, client: &mut TdsClient, metrics: &Metrics) -> RecycleResult<Error> {
        if metrics.last_used() < TRUSTED_FOR {
            return Ok(());
        }
        let nonce = i64::try_from(metrics.recycle_count).unwrap_or(0);
        let rows = tokio::time::timeout(
            CONNECT_TIMEOUT,
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

/// Connects, following one redirection (listeners and gateways route).
async fn connect(config: Config) -> Result<TdsClient, Error> {
    match Box::pin(connect_once(config.clone())).await {
        Err(tiberius::error::Error::Routing { host, port }) => {
            let mut routed = config;
            routed.host(&host);
            routed.port(port);
            Box::pin(connect_once(routed)).await.map_err(Into::into)
        }
        Ok(client) => Ok(client),
        Err(err @ tiberius::error::Error::Server(_)) => Err(err.into()),
        Err(err) => Err(Error::Connect(err.to_string())),
    }
}

async fn connect_once(config: Config) -> tiberius::Result<TdsClient> {
    let tcp = TcpStream::connect(config.get_addr()).await?;
    tcp.set_nodelay(true)?;
    Box::pin(Client::connect(config, tcp.compat_write())).await
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

//! A server, its clients, and the statements of the product.

use std::path::Path;

use anyhow::Context;
use futures_util::TryStreamExt;
use tiberius::{Client, Config, QueryItem, Row, ToSql};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt};
use xmlx_devdb::{Faults, Like, Options, Server, Storage, Tls};

pub(crate) type Db = Client<Compat<TcpStream>>;

pub(crate) fn options() -> Options {
    Options {
        listen: "127.0.0.1:0".parse().expect("an address"),
        data: Storage::Memory,
        user: "xmlx".to_owned(),
        password: "Secret;1".trim_end_matches(";1").to_owned(),
        tls: Tls::Off,
        faults: Faults::none(),
        like: Like::SqlServer,
    }
}

pub(crate) fn server() -> Server {
    Server::start(options()).expect("a server on a free port")
}

pub(crate) async fn connect(server: &Server) -> anyhow::Result<Db> {
    connect_with(&server.connection_string()).await
}

/// A connection of a client that calls itself so.
pub(crate) async fn connect_as(server: &Server, application: &str) -> anyhow::Result<Db> {
    let mut config = Config::from_ado_string(&server.connection_string())?;
    config.application_name(application);
    connect_to(config).await
}

pub(crate) async fn connect_with(text: &str) -> anyhow::Result<Db> {
    connect_to(Config::from_ado_string(text)?).await
}

async fn connect_to(config: Config) -> anyhow::Result<Db> {
    let socket = TcpStream::connect(config.get_addr()).await?;
    socket.set_nodelay(true)?;
    Ok(Box::pin(Client::connect(config, socket.compat_write())).await?)
}

/// The batches of a script, split at `GO`.
pub(crate) fn batches(script: &str) -> Vec<String> {
    let mut batches = vec![String::new()];
    for line in script.lines() {
        if line.trim().eq_ignore_ascii_case("go") {
            batches.push(String::new());
        } else {
            let batch = batches.last_mut().expect("never empty");
            batch.push_str(line);
            batch.push('\n');
        }
    }
    batches.retain(|batch| !batch.trim().is_empty());
    batches
}

/// A file of the workspace.
pub(crate) fn script(path: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    std::fs::read_to_string(&file).unwrap_or_else(|err| panic!("{}: {err}", file.display()))
}

pub(crate) async fn run_script(db: &mut Db, text: &str) -> anyhow::Result<()> {
    for batch in batches(text) {
        run(db, &batch).await.with_context(|| batch.clone())?;
    }
    Ok(())
}

/// Runs a batch without parameters; the rows it answers with.
pub(crate) async fn run(db: &mut Db, sql: &str) -> anyhow::Result<Vec<Row>> {
    Ok(db.simple_query(sql).await?.into_results().await?.into_iter().flatten().collect())
}

/// Runs a batch with parameters; the rows it answers with.
pub(crate) async fn query(
    db: &mut Db,
    sql: &str,
    params: &[&dyn ToSql],
) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    let mut stream = db.query(sql, params).await?;
    while let Some(item) = stream.try_next().await? {
        if let QueryItem::Row(row) = item {
            rows.push(row);
        }
    }
    Ok(rows)
}

/// The first column of the only row, as `bigint`.
pub(crate) async fn number(db: &mut Db, sql: &str) -> i64 {
    let rows = run(db, sql).await.unwrap_or_else(|err| panic!("{sql}: {err:#}"));
    rows[0].try_get::<i64, _>(0).unwrap_or_else(|err| panic!("{sql}: {err}")).expect("not NULL")
}

/// The number of the error; 0 where there was none.
pub(crate) fn code<T>(result: &anyhow::Result<T>) -> u32 {
    match result {
        Ok(_) => 0,
        Err(err) => match err.downcast_ref::<tiberius::error::Error>() {
            Some(tiberius::error::Error::Server(token)) => token.code(),
            _ => panic!("not an error of the server: {err:#}"),
        },
    }
}

/// The message of the error.
pub(crate) fn message<T>(result: &anyhow::Result<T>) -> String {
    match result {
        Ok(_) => String::new(),
        Err(err) => match err.downcast_ref::<tiberius::error::Error>() {
            Some(tiberius::error::Error::Server(token)) => token.message().to_owned(),
            _ => format!("{err:#}"),
        },
    }
}

/// A server with the control schema and the sample's tables.
pub(crate) async fn prepared() -> (Server, Db) {
    let server = server();
    let mut db = connect(&server).await.expect("a login");
    prepare(&mut db).await.expect("the schemas");
    (server, db)
}

pub(crate) async fn prepare(db: &mut Db) -> anyhow::Result<()> {
    for version in ["001_control", "002_range_state", "003_control"] {
        run_script(db, &script(&format!("crates/store/sql/{version}.sql"))).await?;
    }
    run_script(db, &script("dev/samples/sql/source.sql")).await?;
    run_script(db, &script("dev/samples/sql/target.sql")).await
}

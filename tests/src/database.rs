//! The database under test: devdb, on a real wire, with a plan of faults.

use std::net::{IpAddr, Ipv4Addr};

use tempfile::TempDir;
use tiberius::{Client, Config};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt as _};
use xmlx_devdb::{Faults, Options, Server, Storage, Tls};
use xmlx_proto::Release;
use xmlx_samples::{Line, Synth};
use xmlx_store::{Access, Document, SCHEMA_VERSION, Store, StoreConfig};

/// Documents in one statement.
const CHUNK: usize = 200;

/// A database with the control tables and both samples' tables.
#[derive(Debug)]
pub struct Database {
    /// `None` while it is being restarted.
    server: Option<Server>,
    store: Store,
    options: Options,
    _folder: TempDir,
}

impl Database {
    /// Starts one on this host alone.
    pub async fn start(tls: Tls) -> Self {
        Self::start_at(Ipv4Addr::LOCALHOST.into(), tls).await
    }

    /// Starts one that listens at `host`, on a port of its own.
    pub async fn start_at(host: IpAddr, tls: Tls) -> Self {
        Self::start_with(host, tls, Release::Current).await
    }

    /// Starts one with the control tables of a release.
    pub async fn start_with(host: IpAddr, tls: Tls, release: Release) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let options = Options {
            listen: (host, 0).into(),
            data: Storage::File(folder.path().join("data.sqlite")),
            user: "sa".to_owned(),
            password: "secret".to_owned(),
            tls,
            faults: Faults::none(),
        };
        let server = Server::start(options.clone()).expect("devdb starts");
        let options = Options { listen: server.addr(), ..options };
        let store = Store::new(&StoreConfig {
            connection_string: server.connection_string(),
            ca: None,
            access: Access::ReadWrite,
            application_name: "xmlx/tests".to_owned(),
            connections_max: 2,
            limits: xmlx_extract::Limits::default(),
        });
        let store = store.expect("devdb's own connection string");
        let version = release.schema(SCHEMA_VERSION);
        store.migrate_to(version).await.expect("the control schema");
        store.run_script(xmlx_samples::target_sql()).await.expect("the target schema");
        store.run_script(xmlx_samples::source_sql()).await.expect("the source tables");
        Self { server: Some(server), store, options, _folder: folder }
    }

    /// Stops the server, lets `meanwhile` happen, and starts it again where it was.
    pub async fn restart(&mut self, meanwhile: impl AsyncFnOnce()) {
        self.server.take().expect("it runs").stop();
        meanwhile().await;
        self.server = Some(Server::start(self.options.clone()).expect("devdb starts again"));
    }

    fn server(&self) -> &Server {
        self.server.as_ref().expect("it runs, except within `restart`")
    }

    /// The product's own way to it.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> std::net::SocketAddr {
        self.server().addr()
    }

    /// How to reach it.
    #[must_use]
    pub fn connection_string(&self) -> String {
        self.server().connection_string()
    }

    /// Its certificate, as PEM.
    #[must_use]
    pub fn certificate(&self) -> &str {
        self.server().certificate().expect("a database with TLS")
    }

    /// The store that the tests themselves use.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// What is to go wrong.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        self.server().faults()
    }

    /// Cuts every connection.
    pub fn drop_connections(&self) {
        self.server().drop_connections();
    }

    /// Loads generated applications of one line: `n` of them, by ascending id.
    pub async fn fill(&self, synth: &Synth, line: Line, n: usize) {
        let plan =
            xmlx_extract::Plan::from_json(xmlx_samples::contract(line)).expect("a sample contract");
        let samples = (0..).map(|i| synth.application(i)).filter(|it| it.line == line).take(n);
        let documents: Vec<Document> =
            samples.map(|it| Document { app_id: it.app_id, xml: it.xml }).collect();
        for chunk in documents.chunks(CHUNK) {
            self.store.load(&plan, chunk).await.expect("documents load");
        }
    }

    /// Runs a batch.
    pub async fn run(&self, sql: &str) {
        self.connect().await.simple_query(sql).await.expect(sql).into_results().await.expect(sql);
    }

    /// One number.
    pub async fn count(&self, sql: &str) -> i64 {
        let rows = self.column(sql).await;
        *rows.first().unwrap_or_else(|| panic!("no row: {sql}"))
    }

    /// The first column of every row; it has to be a bigint.
    pub async fn column(&self, sql: &str) -> Vec<i64> {
        let mut client = self.connect().await;
        let rows = client.simple_query(sql).await.expect(sql).into_first_result().await.expect(sql);
        rows.iter().map(|it| it.try_get(0).expect(sql).expect("not NULL")).collect()
    }

    /// Every row; its columns have to be text.
    pub async fn texts(&self, sql: &str) -> Vec<Vec<String>> {
        let mut client = self.connect().await;
        let rows = client.simple_query(sql).await.expect(sql).into_first_result().await.expect(sql);
        let text = |row: &tiberius::Row, i| {
            let it: Option<&str> = row.try_get(i).expect(sql);
            it.unwrap_or_default().to_owned()
        };
        rows.iter().map(|row| (0..row.len()).map(|i| text(row, i)).collect()).collect()
    }

    /// Boxed: the driver's futures are large.
    async fn connect(&self) -> Client<Compat<TcpStream>> {
        let config =
            Config::from_ado_string(&self.connection_string()).expect("devdb's own string");
        let tcp = TcpStream::connect(config.get_addr()).await.expect("devdb listens");
        Box::pin(Client::connect(config, tcp.compat_write())).await.expect("devdb lets us in")
    }
}

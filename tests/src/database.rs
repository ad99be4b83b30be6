//! The database under test: devdb, on a real wire, with a plan of faults; or a server that is named.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;
use tiberius::{Client, Config, ToSql};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt as _};
use xmlx_devdb::{Faults, Like, Locked, Options, Server, Storage, Tls};
use xmlx_proto::Release;
use xmlx_samples::{Line, Synth};
use xmlx_store::{Access, Document, SCHEMA_VERSION, Store, StoreConfig};

use crate::skipped::SERVER;

/// Documents in one statement.
const CHUNK: usize = 200;

/// The password of all users that tests make; servers ask for several kinds of characters.
const PASSWORD: &str = "Grant3d-And-N0-More";

/// What a test that forgot to skip is told.
const DEVDB_ALONE: &str = "only devdb can do this: begin the test with `skips_on_server`";

/// Databases made by this process.
static MADE: AtomicU32 = AtomicU32::new(0);

/// A database with the control tables and both samples' tables.
#[derive(Debug)]
pub struct Database {
    server: At,
    store: Store,
}

/// Where it lies.
#[derive(Debug)]
enum At {
    /// In a server of its own.
    Devdb(Devdb),
    /// On the server that was named; made for one test and dropped behind it.
    Given(Given),
}

#[derive(Debug)]
struct Devdb {
    /// `None` while it is being restarted.
    server: Option<Server>,
    options: Options,
    _folder: TempDir,
}

#[derive(Debug)]
struct Given {
    master: String,
    name: String,
    connection_string: String,
    logins: Mutex<Vec<String>>,
}

/// A transaction that is open, with its locks.
#[derive(Debug)]
pub struct Held {
    client: Client<Compat<TcpStream>>,
}

impl Held {
    /// Rolls it back.
    pub async fn release(mut self) {
        let rollback = "ROLLBACK";
        self.client
            .simple_query(rollback)
            .await
            .expect(rollback)
            .into_results()
            .await
            .expect(rollback);
    }
}

impl Given {
    async fn create(server: &str) -> Self {
        let n = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("xmlx_test_{}_{n}", std::process::id());
        let given = Self {
            master: in_database(server, "master"),
            connection_string: in_database(server, &name),
            name,
            logins: Mutex::default(),
        };
        given.on_master(&format!("CREATE DATABASE [{}]", given.name)).await;
        given
    }

    /// A login for one of the database's users; it is dropped behind the database.
    fn login(&self, user: &str) -> String {
        let login = format!("{}_{user}", self.name);
        self.logins.lock().expect("no holder panics").push(login.clone());
        login
    }

    async fn on_master(&self, sql: &str) {
        let store = store(&self.master);
        store.run_script(sql).await.unwrap_or_else(|err| panic!("{sql}: {err}"));
    }
}

impl Drop for Given {
    fn drop(&mut self) {
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                let name = &self.name;
                runtime.expect("a runtime of one thread").block_on(async {
                    self.on_master(&format!(
                        "ALTER DATABASE [{name}] SET SINGLE_USER WITH ROLLBACK IMMEDIATE\nGO\nDROP DATABASE [{name}]"
                    ))
                    .await;
                    let logins = std::mem::take(&mut *self.logins.lock().expect("no holder panics"));
                    for login in logins {
                        self.on_master(&format!("DROP LOGIN [{login}]")).await;
                    }
                });
            });
        });
    }
}

/// The texts of every row of an answer, asked for at another address; what is NULL is empty.
pub async fn texts_at(connection_string: &str, sql: &str) -> Vec<Vec<String>> {
    texts_of(connect(connection_string).await, sql).await
}

async fn texts_of(mut client: Client<Compat<TcpStream>>, sql: &str) -> Vec<Vec<String>> {
    let rows = client.simple_query(sql).await.expect(sql).into_first_result().await.expect(sql);
    let text = |row: &tiberius::Row, i| {
        let it: Option<&str> = row.try_get(i).expect(sql);
        it.unwrap_or_default().to_owned()
    };
    rows.iter().map(|row| (0..row.len()).map(|i| text(row, i)).collect()).collect()
}

/// The connection string with another database. Values with `;` are not understood here.
fn in_database(connection_string: &str, name: &str) -> String {
    format!("{};Database={name}", without(connection_string, &["database", "initial catalog"]))
}

fn without(connection_string: &str, keys: &[&str]) -> String {
    let is_kept = |part: &&str| {
        let key = part.split('=').next().unwrap_or_default().trim().to_lowercase();
        !keys.contains(&key.as_str())
    };
    let kept: Vec<&str> = connection_string.split(';').filter(is_kept).collect();
    kept.join(";")
}

fn store(connection_string: &str) -> Store {
    let store = Store::new(&StoreConfig {
        connection_string: connection_string.to_owned(),
        ca: None,
        access: Access::ReadWrite,
        application_name: "xmlx/tests".to_owned(),
        connections_max: 2,
        limits: xmlx_extract::Limits::default(),
    });
    store.unwrap_or_else(|err| panic!("{SERVER}: {err}"))
}

impl Devdb {
    fn start(host: IpAddr, tls: Tls) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let options = Options {
            listen: (host, 0).into(),
            data: Storage::File(folder.path().join("data.sqlite")),
            user: "sa".to_owned(),
            password: "secret".to_owned(),
            tls,
            faults: Faults::none(),
            like: Like::SqlServer,
        };
        let server = Server::start(options.clone()).expect("devdb starts");
        let options = Options { listen: server.addr(), ..options };
        Self { server: Some(server), options, _folder: folder }
    }

    fn server(&self) -> &Server {
        self.server.as_ref().expect("it runs, except within `restart`")
    }
}

impl Database {
    /// Makes one: on the server that `XMLX_TEST_SQLSERVER` names, or in a devdb on this host alone.
    pub async fn start(tls: Tls) -> Self {
        Self::start_with(Ipv4Addr::LOCALHOST.into(), tls, Release::Current).await
    }

    /// Starts a devdb that listens at `host`, on a port of its own.
    pub async fn start_at(host: IpAddr, tls: Tls) -> Self {
        Self::prepare(At::Devdb(Devdb::start(host, tls)), SCHEMA_VERSION).await
    }

    /// Makes one with the control tables of a release.
    pub async fn start_with(host: IpAddr, tls: Tls, release: Release) -> Self {
        Self::prepare(At::start(host, tls).await, release.schema(SCHEMA_VERSION)).await
    }

    /// Makes one that `init` has not seen yet: it has the samples' tables alone.
    pub async fn start_without_control_tables() -> Self {
        Self::prepare(At::start(Ipv4Addr::LOCALHOST.into(), Tls::Off).await, 0).await
    }

    async fn prepare(server: At, version: i32) -> Self {
        let database = Self { store: store(&server.connection_string()), server };
        database.store.migrate_to(version).await.expect("the control schema");
        database.store.run_script(xmlx_samples::target_sql()).await.expect("the target schema");
        database.store.run_script(xmlx_samples::source_sql()).await.expect("the source tables");
        database
    }

    /// Stops the server, lets `meanwhile` happen, and starts it again where it was.
    pub async fn restart(&mut self, meanwhile: impl AsyncFnOnce()) {
        let At::Devdb(devdb) = &mut self.server else { panic!("{DEVDB_ALONE}") };
        devdb.server.take().expect("it runs").stop();
        meanwhile().await;
        devdb.server = Some(Server::start(devdb.options.clone()).expect("devdb starts again"));
    }

    /// devdb itself, for what only devdb can do.
    fn devdb(&self) -> &Server {
        let At::Devdb(devdb) = &self.server else { panic!("{DEVDB_ALONE}") };
        devdb.server()
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> std::net::SocketAddr {
        self.devdb().addr()
    }

    /// How to reach it.
    #[must_use]
    pub fn connection_string(&self) -> String {
        self.server.connection_string()
    }

    /// Makes a login and its user, which may do nothing yet; how to reach the database as that user.
    pub async fn add_user(&self, name: &str) -> String {
        let login = match &self.server {
            At::Devdb(_) => name.to_owned(),
            At::Given(it) => it.login(name),
        };
        let sql = format!(
            "CREATE LOGIN [{login}] WITH PASSWORD = N'{PASSWORD}'\nGO\nCREATE USER [{name}] FOR LOGIN [{login}]"
        );
        self.store.run_script(&sql).await.unwrap_or_else(|err| panic!("{sql}: {err}"));
        let kept =
            without(&self.connection_string(), &["user id", "uid", "user", "password", "pwd"]);
        format!("{kept};User Id={login};Password={PASSWORD}")
    }

    /// Runs a batch as whoever the connection string names; the number of its error, 0 for none.
    pub async fn attempt(&self, connection_string: &str, sql: &str) -> u32 {
        let mut client = connect(connection_string).await;
        let done = match client.simple_query(sql).await {
            Ok(stream) => stream.into_results().await.map(drop),
            Err(err) => Err(err),
        };
        match done {
            Ok(()) => 0,
            Err(tiberius::error::Error::Server(token)) => token.code(),
            Err(err) => panic!("{sql}: {err}"),
        }
    }

    /// Its certificate, as PEM.
    #[must_use]
    pub fn certificate(&self) -> &str {
        self.devdb().certificate().expect("a database with TLS")
    }

    /// The store that the tests themselves use.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// What is to go wrong.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        self.devdb().faults()
    }

    /// How often somebody was let in.
    #[must_use]
    pub fn n_logins(&self) -> u64 {
        self.devdb().n_logins()
    }

    /// Whether it is a devdb, which keeps a record of what it does.
    #[must_use]
    pub fn is_devdb(&self) -> bool {
        matches!(self.server, At::Devdb(_))
    }

    /// How often a statement was answered with this error.
    #[must_use]
    pub fn n_errors(&self, number: i32) -> u64 {
        self.devdb().n_errors(number)
    }

    /// What transactions have locked, by SQL Server's rules.
    #[must_use]
    pub fn locks(&self) -> Vec<Locked> {
        self.devdb().locks()
    }

    /// Cuts every connection.
    pub fn drop_connections(&self) {
        self.devdb().drop_connections();
    }

    /// Loads generated applications of one line: `n` of them, by ascending id.
    pub async fn fill(&self, synth: &Synth, line: Line, n: usize) {
        let plan =
            xmlx_extract::Plan::from_json(xmlx_samples::contract(line)).expect("a sample contract");
        let samples =
            (0..).map(|i| synth.application(i)).filter(|sample| sample.line == line).take(n);
        let documents: Vec<Document> =
            samples.map(|sample| Document { app_id: sample.app_id, xml: sample.xml }).collect();
        for chunk in documents.chunks(CHUNK) {
            self.store.load(&plan, chunk).await.expect("documents load");
        }
    }

    /// Runs a batch.
    pub async fn run(&self, sql: &str) {
        self.connect().await.simple_query(sql).await.expect(sql).into_results().await.expect(sql);
    }

    /// How many rows a batch answers with.
    pub async fn n_rows(&self, sql: &str) -> usize {
        let mut client = self.connect().await;
        let sets = client.simple_query(sql).await.expect(sql).into_results().await.expect(sql);
        sets.iter().map(Vec::len).sum()
    }

    /// Runs a statement with parameters.
    pub async fn execute(&self, sql: &str, params: &[&dyn ToSql]) {
        self.connect().await.execute(sql, params).await.expect(sql);
    }

    /// Runs a batch in a transaction that stays open.
    pub async fn hold(&self, sql: &str) -> Held {
        let sql = format!("BEGIN TRAN; {sql}");
        let mut client = self.connect().await;
        client.simple_query(&sql).await.expect(&sql).into_results().await.expect(&sql);
        Held { client }
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
        rows.iter().map(|row| row.try_get(0).expect(sql).expect("not NULL")).collect()
    }

    /// Every row; its columns have to be text.
    pub async fn texts(&self, sql: &str) -> Vec<Vec<String>> {
        texts_of(self.connect().await, sql).await
    }

    async fn connect(&self) -> Client<Compat<TcpStream>> {
        connect(&self.connection_string()).await
    }
}

/// Boxed: the driver's futures are large.
async fn connect(connection_string: &str) -> Client<Compat<TcpStream>> {
    let config = Config::from_ado_string(connection_string).expect("an ADO.NET string");
    let tcp = TcpStream::connect(config.get_addr()).await.expect("the database listens");
    Box::pin(Client::connect(config, tcp.compat_write())).await.expect("it lets us in")
}

impl At {
    async fn start(host: IpAddr, tls: Tls) -> Self {
        match std::env::var(SERVER) {
            Ok(server) => Self::Given(Given::create(&server).await),
            Err(_) => Self::Devdb(Devdb::start(host, tls)),
        }
    }

    fn connection_string(&self) -> String {
        match self {
            Self::Devdb(devdb) => devdb.server().connection_string(),
            Self::Given(it) => it.connection_string.clone(),
        }
    }
}

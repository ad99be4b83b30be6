//! A cluster of real processes around one database.

mod logs;
mod monitoring;
mod waits;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use xmlx_devdb::Tls;
use xmlx_proto::Release;
use xmlx_proto::v1 as pb;
use xmlx_proto::v1::cluster_service_client::ClusterServiceClient;
use xmlx_samples::{Line, Options, Synth};

use crate::certificates::Certificates;
use crate::database::Database;
use crate::netns::Host;
use crate::process::{Output, Process, Signal, binary};

pub use logs::Logs;
pub use monitoring::{Monitoring, Numbers};

/// What a test waits for has to happen within this time.
const DEADLINE: Duration = Duration::from_secs(45);

/// What to start.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    /// Coordinators.
    pub coordinators: usize,
    /// Workers, named `w1`, `w2`, ...
    pub workers: usize,
    /// Card applications in the source, from id 1001 on.
    pub apps: usize,
    /// So many of 1,000 are broken.
    pub broken_permille: u32,
    /// Most applications in one commit.
    pub group_apps: u32,
    /// How connections are encrypted.
    pub tls: Tls,
    /// Which release everything is of.
    pub release: Release,
    /// Where database and coordinators listen.
    pub host: IpAddr,
    /// How the programs speak with each other; always with TLS where they are on several hosts.
    pub wire: Wire,
    /// How long coordinators wait for others.
    pub waits: Waits,
    /// What every program logs.
    pub logs: Logs,
    /// More flags for every coordinator.
    pub coordinator_flags: &'static [&'static str],
    /// More flags for every worker.
    pub worker_flags: &'static [&'static str],
    /// Whether the programs answer monitoring.
    pub monitoring: Monitoring,
}

/// How the programs of a cluster speak with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// Without TLS, on this host alone: the quick way.
    Plain,
    /// With certificates of a CA of the cluster's own.
    Tls,
}

/// How long coordinators wait for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waits {
    /// Short, so that tests are: safety does not rest on them.
    Short,
    /// As users have them.
    Default,
}

/// Where a worker runs and how it reaches the rest.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// How it reaches the database.
    pub connection_string: &'a str,
    /// How it reaches the coordinators; separated by commas.
    pub coordinators: &'a str,
    /// Its host; `None`: this one.
    pub host: Option<&'a Host>,
}

/// The processes, their database and their folder.
#[derive(Debug)]
pub struct Cluster {
    /// Coordinators with their URLs.
    pub coordinators: Vec<(String, Process)>,
    /// Workers.
    pub workers: Vec<Process>,
    setup: Setup,
    /// The CA of a cluster with TLS.
    pub certificates: Option<Certificates>,
    folder: TempDir,
    /// Coordinators and workers that were ever started.
    started: usize,
    hired: usize,
    /// Where programs answer monitoring, by their names: `c1`, `w1`, ...
    monitored: BTreeMap<String, SocketAddr>,
    /// The database; dropped behind everything that is connected to it.
    pub db: Database,
}

impl Setup {
    /// One coordinator, one worker, `apps` sound applications.
    #[must_use]
    pub const fn small(apps: usize) -> Self {
        Self {
            coordinators: 1,
            workers: 1,
            apps,
            broken_permille: 0,
            group_apps: 20,
            tls: Tls::Off,
            release: Release::Current,
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            wire: Wire::Plain,
            waits: Waits::Short,
            logs: Logs::Default,
            coordinator_flags: &[],
            worker_flags: &[],
            monitoring: Monitoring::Off,
        }
    }
}

impl Cluster {
    /// Starts everything; returns once a coordinator leads and all workers are known, unless no
    /// coordinator was wanted.
    pub async fn start(setup: Setup) -> Self {
        Self::start_on(Database::start_with(setup.host, setup.tls, setup.release).await, setup)
            .await
    }

    /// The same on a database that is there already.
    pub async fn start_on(db: Database, setup: Setup) -> Self {
        let synth = Synth::new(Options {
            seed: 7,
            first_id: 1001,
            broken_permille: setup.broken_permille,
            padding_bytes: 0,
        });
        db.fill(&synth, Line::Card, setup.apps).await;
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (line, contract) in xmlx_samples::contracts() {
            std::fs::write(folder.path().join(format!("{}.json", line.name())), contract)
                .expect("the contract can be written");
        }
        let is_secured = setup.wire == Wire::Tls || !setup.host.is_loopback();
        let certificates = is_secured.then(|| Certificates::create(&folder.path().join("ca")));
        let mut it = Self {
            db,
            coordinators: Vec::new(),
            workers: Vec::new(),
            setup,
            certificates,
            folder,
            started: 0,
            hired: 0,
            monitored: BTreeMap::new(),
        };
        for _ in 0..setup.coordinators {
            it.add_coordinator();
        }
        for _ in 0..setup.workers {
            it.add_worker();
        }
        if setup.coordinators > 0 {
            it.wait_complete().await;
        }
        it
    }

    /// Starts one more coordinator.
    pub fn add_coordinator(&mut self) {
        self.add_coordinator_at(&self.db.connection_string());
    }

    /// Starts one more coordinator that reaches the database in another way.
    pub fn add_coordinator_at(&mut self, connection_string: &str) {
        self.add_coordinator_with(&[("XMLX_DATABASE", connection_string)]);
    }

    /// Starts one more coordinator with this environment.
    pub fn add_coordinator_with(&mut self, environment: &[(&str, &str)]) {
        let address = self.free_address();
        let process = self.coordinator(address, environment);
        let scheme = if self.certificates.is_some() { "https" } else { "http" };
        self.coordinators.push((format!("{scheme}://{address}"), process));
    }

    fn free_address(&self) -> SocketAddr {
        let listener = TcpListener::bind((self.listening_host(), 0));
        listener.and_then(|listener| listener.local_addr()).expect("a free port")
    }

    /// Where coordinators listen. Between the moment when a free port is found and the one when a coordinator listens
    /// there, or while it is restarted, another process could take the port. At an address of this process's own none
    /// does: the whole of 127.0.0.0/8 is this host.
    fn listening_host(&self) -> IpAddr {
        if self.setup.host != IpAddr::V4(Ipv4Addr::LOCALHOST) {
            return self.setup.host;
        }
        let [_, high, middle, low] = std::process::id().to_be_bytes();
        // Process ids have 22 bits; 127.0.x.y is left to everybody else.
        Ipv4Addr::new(127, 64 + high, middle, low.max(1)).into()
    }

    /// Starts a coordinator again, where it was.
    pub fn restart_coordinator(&mut self, i: usize) {
        let (_, address) = self.coordinators[i].0.split_once("://").expect("a URL");
        let address = address.parse().expect("the address it was started with");
        if self.coordinators[i].1.runs() {
            self.coordinators[i].1.kill();
        }
        let connection_string = self.db.connection_string();
        let environment = [("XMLX_DATABASE", connection_string.as_str())];
        self.coordinators[i].1 = self.coordinator(address, &environment);
    }

    fn coordinator(&mut self, listen: SocketAddr, environment: &[(&str, &str)]) -> Process {
        let mut command = Command::new(binary("xmlx-coordinator"));
        command
            .envs(environment.iter().copied())
            .envs(self.setup.logs.variables())
            .args(["--listen", &listen.to_string()])
            .args(release_flags(self.setup.release))
            .args(self.setup.coordinator_flags);
        if let Some(certificates) = &self.certificates {
            let host = listen.ip().to_string();
            command.envs(certificates.issue("coordinator", &host, &["--host", &host]));
        }
        if self.setup.waits == Waits::Short {
            command.args(["--heartbeat", "100ms", "--lost-after", "2s"]).args([
                "--leader-ttl",
                "2s",
                "--reattach-grace",
                "3s",
            ]);
        }
        self.started += 1;
        let name = format!("c{}", self.started);
        self.monitor(&name, &mut command);
        Process::start(&name, command, self.folder.path())
    }

    /// Starts one more worker.
    pub fn add_worker(&mut self) {
        self.add_worker_at(&self.db.connection_string());
    }

    /// Starts one more worker that reaches the database in another way.
    pub fn add_worker_at(&mut self, connection_string: &str) {
        self.add_worker_with(&[("XMLX_DATABASE", connection_string)]);
    }

    /// Starts one more worker with this environment.
    pub fn add_worker_with(&mut self, environment: &[(&str, &str)]) {
        let coordinators = self.urls();
        self.hire(Command::new(binary("xmlx-worker")), environment, &coordinators);
    }

    /// Starts one more worker at another place.
    pub fn add_worker_in(&mut self, place: Place<'_>) {
        let program = binary("xmlx-worker");
        let command = match place.host {
            Some(host) => host.command(&program),
            None => Command::new(program),
        };
        let environment = [("XMLX_DATABASE", place.connection_string)];
        self.hire(command, &environment, place.coordinators);
    }

    fn hire(&mut self, mut command: Command, environment: &[(&str, &str)], coordinators: &str) {
        self.hired += 1;
        let name = format!("w{}", self.hired);
        command
            .envs(environment.iter().copied())
            .envs(self.setup.logs.variables())
            .args(["--name", &name, "--slots", "2", "--coordinators", coordinators])
            .args(["--group-apps", &self.setup.group_apps.to_string()])
            .args(release_flags(self.setup.release))
            .args(self.setup.worker_flags);
        if let Some(certificates) = &self.certificates {
            command.envs(certificates.issue("worker", &name, &[]));
        }
        self.monitor(&name, &mut command);
        self.workers.push(Process::start(&name, command, self.folder.path()));
    }

    /// Whatever is started from now on is of this release.
    pub fn upgrade(&mut self) {
        self.setup.release = Release::Current;
    }

    /// Ends the coordinator that was started first as an operator does, and starts one in its place.
    pub async fn replace_coordinator(&mut self) {
        let (_, old) = &mut self.coordinators[0];
        old.signal(Signal::SIGTERM);
        assert_eq!(old.exit_code().await, 0);
        self.restart_coordinator(0);
        self.coordinators.rotate_left(1);
    }

    /// Ends the worker that was started first as an operator does, and starts one in its place.
    pub async fn replace_worker(&mut self) {
        let mut old = self.workers.remove(0);
        old.signal(Signal::SIGTERM);
        assert_eq!(old.exit_code().await, 0);
        self.add_worker();
    }

    /// Ends every worker as an operator does: they finish what they have in hand, and afterwards none is left that could
    /// still commit.
    pub async fn dismiss_workers(&mut self) {
        for worker in &self.workers {
            worker.signal(Signal::SIGTERM);
        }
        for mut worker in std::mem::take(&mut self.workers) {
            assert_eq!(worker.exit_code().await, 0, "{}", worker.name);
        }
    }

    /// Whether this coordinator answers, and not as the leader. The client would go on to the leader, so it is not used.
    pub async fn stands_by(&self, coordinator: usize) -> bool {
        let url = self.coordinators[coordinator].0.clone();
        let answer = async {
            let mut service = ClusterServiceClient::connect(url).await.ok()?;
            let status = service.status(pb::StatusRequest::default()).await.ok()?;
            Some(!status.into_inner().answered_by_leader)
        };
        tokio::time::timeout(DEADLINE, answer).await.ok().flatten() == Some(true)
    }

    /// Where the coordinators listen, separated by commas.
    #[must_use]
    pub fn urls(&self) -> String {
        let urls: Vec<&str> = self.coordinators.iter().map(|(url, _)| url.as_str()).collect();
        urls.join(",")
    }

    /// Writes a file that client commands find.
    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).expect("the file can be written");
    }

    /// Runs a client command.
    #[must_use]
    pub fn client(&self, args: &[&str]) -> Output {
        self.client_as(&self.db.connection_string(), args)
    }

    /// Runs a client command that reaches the database in another way.
    #[must_use]
    pub fn client_as(&self, connection_string: &str, args: &[&str]) -> Output {
        let mut command = self.client_command(connection_string, args);
        if !self.coordinators.is_empty() {
            command.args(["--coordinators", &self.urls()]);
        }
        Output::of(command)
    }

    /// Runs a client command that knows of one coordinator alone.
    #[must_use]
    pub fn client_at(&self, coordinator: usize, args: &[&str]) -> Output {
        let mut command = self.client_command(&self.db.connection_string(), args);
        command.args(["--coordinators", &self.coordinators[coordinator].0]);
        Output::of(command)
    }

    fn client_command(&self, connection_string: &str, args: &[&str]) -> Command {
        let mut command = Command::new(binary("xmlx-client"));
        command.current_dir(self.folder.path()).env("XMLX_DATABASE", connection_string).args(args);
        command.envs(self.setup.logs.variables());
        if let Some(certificates) = &self.certificates {
            command.envs(certificates.issue("client", "tester", &[]));
        }
        command
    }

    /// Runs a client command as the holder of a certificate.
    #[must_use]
    pub fn client_with(&self, variables: &[(&'static str, PathBuf)], args: &[&str]) -> Output {
        let mut command = self.client_command(&self.db.connection_string(), args);
        command.args(["--coordinators", &self.urls()]).envs(variables.iter().cloned());
        Output::of(command)
    }

    /// Where client commands run, and find their files.
    #[must_use]
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Starts a client command and does not wait for its end.
    #[must_use]
    pub fn start_client(&self, args: &[&str]) -> Process {
        let mut command = self.client_command(&self.db.connection_string(), args);
        command.args(["--coordinators", &self.urls()]);
        Process::start(&format!("client-{}", args.join("-")), command, self.folder.path())
    }

    /// The cluster's status as the client prints it.
    #[must_use]
    pub fn status(&self) -> Value {
        self.client(&["status", "-o", "json"]).expect(0).json()
    }

    /// One job of the status.
    #[must_use]
    pub fn job(&self, job: i64) -> Value {
        let status = self.status();
        let jobs = status["jobs"].as_array().expect("jobs");
        jobs.iter()
            .find(|shown| shown["job"] == job)
            .unwrap_or_else(|| panic!("no job {job} in {status}"))
            .clone()
    }

    /// Submits the card contract; the job's id.
    #[must_use]
    pub fn submit(&self, args: &[&str]) -> i64 {
        let all: Vec<&str> = ["submit", "-o", "json", "--contract", "card.json"]
            .into_iter()
            .chain(args.iter().copied())
            .collect();
        let printed = self.client(&all).expect(0).json();
        printed["job"]["job"].as_i64().expect("a job id")
    }

    /// The coordinator that leads.
    pub fn leader(&mut self) -> &mut Process {
        let address = self.status()["leader"]["address"].as_str().expect("a leader").to_owned();
        let found = self.coordinators.iter_mut().find(|(url, _)| *url == address);
        &mut found.expect("the leader is one of ours").1
    }

    /// The latest term, by the database.
    pub async fn term(&self) -> i64 {
        self.db.count("SELECT [term] FROM [xmlx].[leader]").await
    }

    /// Rows in processing_log.
    pub async fn logged(&self) -> i64 {
        self.db.count("SELECT COUNT_BIG(*) FROM [sample].[processing_log]").await
    }

    /// Applications with more than one log row.
    pub async fn repeated(&self) -> i64 {
        let sql = "SELECT COUNT_BIG(*) AS [n] FROM (SELECT [app_id] FROM [sample].[processing_log] GROUP BY [app_id] HAVING COUNT_BIG(*) > 1) AS t";
        self.db.count(sql).await
    }

    /// Puts rows with the keys of these applications into the target: the database will refuse them.
    pub async fn occupy(&self, app_ids: &[i64]) {
        for chunk in app_ids.chunks(500) {
            let ids: Vec<String> = chunk.iter().map(ToString::to_string).collect();
            let sql = format!(
                "SET IDENTITY_INSERT [sample].[submission] ON;
                 INSERT INTO [sample].[submission] ([app_id], [line_enum]) SELECT c.[app_id], (SELECT MIN([enum_id]) FROM [sample].[lookup]) AS [line]
                 FROM [sample].[card_application] AS c WHERE c.[app_id] IN ({});
                 SET IDENTITY_INSERT [sample].[submission] OFF;",
                ids.join(", ")
            );
            self.db.run(&sql).await;
        }
    }

    /// Takes these rows out again: a failure that has rows would be a finding of `verify`.
    pub async fn vacate(&self, app_ids: &[i64]) {
        for chunk in app_ids.chunks(500) {
            let ids: Vec<String> = chunk.iter().map(ToString::to_string).collect();
            let ids = ids.join(", ");
            self.db
                .run(&format!("DELETE FROM [sample].[submission] WHERE [app_id] IN ({ids})"))
                .await;
        }
    }
}

fn release_flags(release: Release) -> &'static [&'static str] {
    match release {
        Release::Current => &[],
        Release::Previous => &["--test-previous-release"],
    }
}

//! What a service manager hears of the programs, and what a container asks them.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;
use xmlx_tests::{Cluster, Output, Setup, Signal, Wire, binary};

/// What is waited for comes within this time.
const DEADLINE: Duration = Duration::from_secs(45);

/// With two messages a second at most, more than the deadline.
const MESSAGES_MAX: usize = 200;

/// No program is started with the rest.
const ALONE: Setup = Setup { coordinators: 0, workers: 0, ..Setup::small(20) };

/// Listens as a service manager does.
struct Manager {
    socket: UnixDatagram,
    address: String,
    heard: Vec<String>,
    _folder: TempDir,
}

impl Manager {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
        let address = path.to_str().unwrap().to_owned();
        Self { socket, address, heard: Vec::new(), _folder: folder }
    }

    /// What a program is started with; its watchdog waits for two seconds.
    fn environment<'a>(&'a self, connection_string: &'a str) -> [(&'static str, &'a str); 3] {
        [
            ("XMLX_DATABASE", connection_string),
            ("NOTIFY_SOCKET", &self.address),
            ("WATCHDOG_USEC", "2000000"),
        ]
    }

    /// Reads until this message has come, or if it has come already.
    fn wait_for(&mut self, message: &str) {
        self.wait_for_times(message, 1);
    }

    /// Reads until this message has come so often.
    fn wait_for_times(&mut self, message: &str, times: usize) {
        let mut buffer = [0; 4096];
        while self.heard.iter().filter(|heard| *heard == message).count() < times {
            // A watchdog's messages go on for ever.
            assert!(self.heard.len() < MESSAGES_MAX, "`{message}`: only {:?}", self.heard);
            let n = self.socket.recv(&mut buffer).unwrap_or_else(|err| {
                panic!("`{message}` does not come ({err}), but {:?}", self.heard)
            });
            self.heard.push(String::from_utf8_lossy(&buffer[..n]).into_owned());
        }
    }

    /// Where this message stands among those that came.
    fn position(&self, message: &str) -> Option<usize> {
        self.heard.iter().position(|heard| heard == message)
    }
}

/// Both programs say when they do what they were started for, that they live, and when they are about to end.
#[tokio::test(flavor = "multi_thread")]
async fn programs_say_when_they_serve_that_they_live_and_when_they_end() {
    let mut cluster = Cluster::start(ALONE).await;
    let (mut of_coordinator, mut of_worker) = (Manager::new(), Manager::new());
    let database = cluster.db.connection_string();
    cluster.add_coordinator_with(&of_coordinator.environment(&database));
    of_coordinator.wait_for("READY=1");
    // It can be reached from this moment on.
    let _ = cluster.client(&["status"]).expect(0);
    of_coordinator.wait_for("STATUS=leading");
    cluster.add_worker_with(&of_worker.environment(&database));
    of_worker.wait_for("READY=1");
    let joined = format!("STATUS=joined {}", cluster.urls());
    assert!(of_worker.position(&joined).is_some(), "{:?}", of_worker.heard);
    // It works from this moment on.
    let workers = cluster.client(&["workers", "-o", "json"]).expect(0).json();
    assert_eq!(workers.as_array().map(Vec::len), Some(1), "{workers}");
    for manager in [&mut of_coordinator, &mut of_worker] {
        manager.wait_for_times("WATCHDOG=1", 3);
    }
    let job = cluster.submit(&[]);
    cluster.wait_done(job).await;
    cluster.workers[0].signal(Signal::SIGTERM);
    of_worker.wait_for("STOPPING=1");
    assert_eq!(cluster.workers[0].exit_code().await, 0);
    let (_, coordinator) = &mut cluster.coordinators[0];
    coordinator.signal(Signal::SIGTERM);
    of_coordinator.wait_for("STOPPING=1");
    assert_eq!(coordinator.exit_code().await, 0);
}

/// A worker that finds no coordinator is not ready, and lives; one that an operator drains says that it ends.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_is_ready_once_it_has_joined() {
    let mut cluster = Cluster::start(Setup { coordinators: 1, ..ALONE }).await;
    cluster.coordinators[0].1.kill();
    let mut manager = Manager::new();
    let database = cluster.db.connection_string();
    cluster.add_worker_with(&manager.environment(&database));
    manager.wait_for("STATUS=no coordinator leads; trying again until one does");
    manager.wait_for_times("WATCHDOG=1", 2);
    assert_eq!(manager.position("READY=1"), None, "{:?}", manager.heard);
    cluster.restart_coordinator(0);
    manager.wait_for("READY=1");
    cluster.wait_complete().await;
    let _ = cluster.client(&["drain", "w1"]).expect(0);
    manager.wait_for("STOPPING=1");
    assert_eq!(cluster.workers[0].exit_code().await, 0);
}

/// A coordinator whose leadership loop waits for nobody goes on beating without control tables, and says what it waits
/// for.
#[tokio::test(flavor = "multi_thread")]
async fn a_coordinator_without_control_tables_lives_and_says_so() {
    let mut cluster = Cluster::start(ALONE).await;
    cluster.db.run("DROP TABLE [xmlx].[schema_version]").await;
    let mut manager = Manager::new();
    let database = cluster.db.connection_string();
    cluster.add_coordinator_with(&manager.environment(&database));
    manager.wait_for("READY=1");
    manager.wait_for_times("WATCHDOG=1", 2);
    let waits = manager.heard.iter().any(|heard| heard.starts_with("STATUS=waiting: "));
    assert!(waits, "{:?}", manager.heard);
}

/// Asks the coordinator at `address` with the settings that a coordinator has.
fn health(cluster: &Cluster, address: &str, variables: &[(&'static str, PathBuf)]) -> Output {
    let mut command = Command::new(binary("xmlx-coordinator"));
    command.env("XMLX_DATABASE", cluster.db.connection_string());
    command.envs(variables.iter().cloned()).args(["--health", "--listen", address]);
    Output::of(command)
}

/// With the settings of a coordinator one hears whether it serves, with TLS and without; another program at its port is
/// not taken for it.
#[tokio::test(flavor = "multi_thread")]
async fn health_is_asked_with_the_settings_of_the_coordinator() {
    for wire in [Wire::Plain, Wire::Tls] {
        let setup = Setup { coordinators: 2, wire, ..ALONE };
        let mut cluster = Cluster::start(setup).await;
        let certificates = cluster.certificates.clone();
        let addresses: Vec<String> = (cluster.coordinators.iter())
            .map(|(url, _)| url.split_once("://").unwrap().1.to_owned())
            .collect();
        let own = |address: &str| match &certificates {
            Some(certificates) => {
                let host = address.rsplit_once(':').unwrap().0;
                certificates.of(&format!("coordinator-{host}"))
            }
            None => Vec::new(),
        };
        for address in &addresses {
            let healthy = health(&cluster, address, &own(address)).expect(0);
            assert_eq!((healthy.stdout.as_str(), healthy.stderr.as_str()), ("", ""));
        }
        if let Some(certificates) = &certificates {
            let other = certificates.issue("coordinator", "other", &["--host", "other.example"]);
            let refused = health(&cluster, &addresses[0], &other).expect(1);
            assert!(refused.stderr.contains("invalid peer certificate"), "{refused:?}");
        }
        cluster.coordinators[0].1.kill();
        let gone = health(&cluster, &addresses[0], &own(&addresses[0])).expect(1);
        assert!(gone.stderr.contains(&format!("{}` does not answer", addresses[0])), "{gone:?}");
        let _ = health(&cluster, &addresses[1], &own(&addresses[1])).expect(0);
    }
}

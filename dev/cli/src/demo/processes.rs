//! The demo's processes: this program in its internal roles.

use std::collections::BTreeMap;
use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use xmlx_runtime::Secret;

use crate::secured::Secured;

/// The database says where it listens within this time, or it does not work.
const START_TIMEOUT: Duration = Duration::from_secs(20);
/// At the end processes get so long to go by themselves.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// Everything that was started. Processes die with it.
#[derive(Debug)]
pub(crate) struct Processes {
    logs: TempDir,
    secured: Secured,
    database: Secret,
    /// Coordinators by URL.
    coordinators: BTreeMap<String, Child>,
    /// Workers by name.
    workers: BTreeMap<String, Child>,
    devdb: Child,
}

impl Processes {
    /// The database alone, which accepts connections once this returns.
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let logs = tempfile::Builder::new().prefix("xmlx-demo-").tempdir()?;
        let (devdb, database) = start_devdb(logs.path()).await?;
        let secured = Secured::new(&logs.path().join("ca"), &[Ipv4Addr::LOCALHOST.into()])?;
        let (coordinators, workers) = (BTreeMap::new(), BTreeMap::new());
        Ok(Self { logs, secured, database, coordinators, workers, devdb })
    }

    /// Coordinators and workers, for tables that are there.
    pub(crate) fn join(
        &mut self,
        n_coordinators: usize,
        n_workers: u32,
        group_apps: u64,
    ) -> anyhow::Result<()> {
        for i in 1..=n_coordinators {
            let address = free_address()?;
            let flags = self.secured.of_coordinator();
            let mut args = vec!["coordinator", "--listen", &address];
            args.extend(flags.iter().map(String::as_str));
            let child =
                spawn(self.logs.path(), &format!("coordinator-{i}"), &self.database, &args)?;
            self.coordinators.insert(format!("https://{address}"), child);
        }
        let urls = self.coordinator_urls().join(",");
        let group_apps = group_apps.to_string();
        for i in 1..=n_workers {
            let name = format!("worker-{i}");
            let flags = self.secured.of_worker();
            let mut args = vec![
                "worker",
                "--name",
                &name,
                "--slots",
                "2",
                "--group-apps",
                &group_apps,
                "--coordinators",
                &urls,
            ];
            args.extend(flags.iter().map(String::as_str));
            let child = spawn(self.logs.path(), &name, &self.database, &args)?;
            self.workers.insert(name, child);
        }
        Ok(())
    }

    /// Fails where one of them has ended by itself.
    pub(crate) fn check(&mut self) -> anyhow::Result<()> {
        let named = self.coordinators.iter_mut().chain(&mut self.workers);
        for (name, child) in named {
            if let Some(status) = child.try_wait()? {
                bail!(
                    "`{name}` ended at once ({status}); see the logs in `{}`",
                    self.logs.path().display()
                );
            }
        }
        Ok(())
    }

    pub(crate) fn database(&self) -> &Secret {
        &self.database
    }

    pub(crate) fn secured(&self) -> &Secured {
        &self.secured
    }

    pub(crate) fn logs(&self) -> &Path {
        self.logs.path()
    }

    /// Leaves the logs behind for whoever has to look at them.
    pub(crate) fn keep_logs(&mut self) {
        self.logs.disable_cleanup(true);
    }

    pub(crate) fn coordinator_urls(&self) -> Vec<String> {
        self.coordinators.keys().cloned().collect()
    }

    /// SIGKILL; `false` where there is no such process.
    pub(crate) async fn kill_worker(&mut self, name: &str) -> anyhow::Result<bool> {
        kill(self.workers.get_mut(name)).await
    }

    /// SIGKILL; `false` where there is no such process.
    pub(crate) async fn kill_coordinator(&mut self, url: &str) -> anyhow::Result<bool> {
        kill(self.coordinators.get_mut(url)).await
    }

    /// Ends everything, workers first, the database last.
    pub(crate) async fn stop(mut self) {
        let rest = self.workers.values_mut().chain(self.coordinators.values_mut());
        for child in rest.chain([&mut self.devdb]) {
            drop(child.stdin.take());
            if tokio::time::timeout(STOP_TIMEOUT, child.wait()).await.is_err() {
                drop(child.kill().await);
            }
        }
    }
}

async fn kill(child: Option<&mut Child>) -> anyhow::Result<bool> {
    let Some(child) = child else { return Ok(false) };
    if child.try_wait()?.is_some() {
        return Ok(false);
    }
    child.kill().await?;
    Ok(true)
}

async fn start_devdb(logs: &Path) -> anyhow::Result<(Child, Secret)> {
    let mut devdb = command(logs, "devdb", &["devdb"])?
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start the database process")?;
    let stdout = devdb.stdout.take().context("the database process has no output")?;
    let mut lines = BufReader::new(stdout).lines();
    let first = tokio::time::timeout(START_TIMEOUT, lines.next_line()).await;
    let line = first.context("the database did not start in time")??;
    let line = line.context("the database process ended at once; see its log")?;
    Ok((devdb, Secret::new(line)))
}

/// The connection string travels in the environment: command lines are public on a host.
fn spawn(logs: &Path, name: &str, database: &Secret, args: &[&str]) -> anyhow::Result<Child> {
    command(logs, name, args)?
        .env("XMLX_DATABASE", database.reveal())
        // The user's own, if there is one, is for another database.
        .env_remove("XMLX_DATABASE_FILE")
        .stdout(Stdio::null())
        .spawn()
        .with_context(|| format!("cannot start {name}"))
}

fn command(logs: &Path, name: &str, args: &[&str]) -> anyhow::Result<Command> {
    let path: PathBuf = logs.join(format!("{name}.log"));
    let log = File::create(&path).with_context(|| format!("cannot write `{}`", path.display()))?;
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("internal").args(args).stdin(Stdio::piped()).stderr(log).kill_on_drop(true);
    Ok(command)
}

/// A port that was free a moment ago.
fn free_address() -> anyhow::Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

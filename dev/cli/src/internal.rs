//! Roles that `demo` runs as processes of their own. They end when their standard input does, so
//! that nothing outlives the demo, however it ends.

use std::ffi::OsString;
use std::io::Read as _;

use anyhow::Context as _;
use xmlx_client::output::{self, Answer};
use xmlx_devdb::{Faults, Like, Options, Server, Storage, Tls};
use xmlx_runtime::{Environment, ServiceManager, Settings, Shutdown, load_settings_from};

use crate::cli::{DevDb, Role};

/// The only user of the embedded database, and its password: it listens on loopback for demos.
pub(crate) const DEVDB_USER: &str = "sa";
pub(crate) const DEVDB_PASSWORD: &str = "xmlx-devdb";

pub(crate) async fn run(role: Role) -> anyhow::Result<Answer> {
    let shutdown = Shutdown::on_signals()?;
    match role {
        Role::Devdb(args) => {
            at_end_of_input({
                let shutdown = shutdown.clone();
                move || shutdown.drain.cancel()
            });
            devdb(args, shutdown).await?;
        }
        Role::Coordinator { args } => {
            at_end_of_input(|| std::process::exit(0));
            let config = settings::<xmlx_coordinator::Args>("xmlx-coordinator", args)?;
            xmlx_runtime::init_telemetry(config.log_format, "info");
            xmlx_coordinator::run(config, shutdown, ServiceManager::default()).await?;
        }
        Role::Worker { args } => {
            at_end_of_input(|| std::process::exit(0));
            let config = settings::<xmlx_worker::Args>("xmlx-worker", args)?;
            xmlx_runtime::init_telemetry(config.log_format, "info");
            xmlx_worker::run(config, shutdown, ServiceManager::default()).await?;
        }
    }
    Ok(Answer::Yes)
}

/// The settings of a role. Of the environment only the connection string counts: the user's own settings are those of
/// another cluster.
fn settings<S: Settings>(name: &str, args: Vec<OsString>) -> anyhow::Result<S::Config> {
    let argv = std::iter::once(name.into()).chain(args).collect();
    let variables = std::env::vars_os().filter(|(name, _)| name == "XMLX_DATABASE");
    Ok(load_settings_from::<S>(argv, &Environment::new(variables))?.config)
}

fn at_end_of_input(act: impl FnOnce() + Send + 'static) {
    std::thread::spawn(move || {
        let mut rest = Vec::new();
        drop(std::io::stdin().lock().read_to_end(&mut rest));
        act();
    });
}

/// Prints the connection string once connections are accepted.
async fn devdb(args: DevDb, shutdown: Shutdown) -> anyhow::Result<()> {
    xmlx_runtime::init_telemetry(xmlx_runtime::LogFormat::Text, "info");
    let faults = Faults::none();
    for text in &args.fault {
        faults.add(text.parse().map_err(|err| anyhow::anyhow!("`--fault {text}`: {err}"))?);
    }
    let server = Server::start(Options {
        listen: args.listen,
        data: args.data.map_or(Storage::Memory, Storage::File),
        user: DEVDB_USER.to_owned(),
        password: DEVDB_PASSWORD.to_owned(),
        tls: Tls::SelfSigned,
        faults,
        like: Like::SqlServer,
    })
    .context("cannot start the embedded database")?;
    output::line(&server.connection_string())?;
    shutdown.drain.cancelled().await;
    server.stop();
    Ok(())
}

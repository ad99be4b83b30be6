//! Roles that `demo` runs as processes of their own. They end when their standard input does, so
//! that nothing outlives the demo, however it ends.

use std::io::Read as _;

use anyhow::Context as _;
use xmlx_devdb::{Faults, Options, Server, Storage, Tls};
use xmlx_runtime::Shutdown;

use crate::cli::{DevDb, Role};
use crate::output::{self, Answer};

/// The only user of the embedded database, and its password: it listens on loopback for demos.
pub(crate) const DEVDB_USER: &str = "sa";
pub(crate) const DEVDB_PASSWORD: &str = "xmlx-devdb";

pub(crate) async fn run(role: Role) -> anyhow::Result<Answer> {
    std::thread::spawn(|| {
        let mut rest = Vec::new();
        drop(std::io::stdin().lock().read_to_end(&mut rest));
        std::process::exit(0);
    });
    match role {
        Role::Devdb(args) => devdb(args).await?,
        Role::Coordinator(args) => {
            let config = args.config()?;
            xmlx_runtime::init_telemetry(config.log_format, "info");
            xmlx_coordinator::run(config, Shutdown::on_signals()?).await?;
        }
        Role::Worker(args) => {
            let config = args.config()?;
            xmlx_runtime::init_telemetry(config.log_format, "info");
            xmlx_worker::run(config, Shutdown::on_signals()?).await?;
        }
    }
    Ok(Answer::Yes)
}

/// Prints the connection string once connections are accepted.
async fn devdb(args: DevDb) -> anyhow::Result<()> {
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
        faults: faults.clone(),
    })
    .context("cannot start the embedded database")?;
    output::line(&server.connection_string())?;
    Shutdown::on_signals()?.drain.cancelled().await;
    for fired in faults.fired() {
        output::line(&format!("fired {fired:?}"))?;
    }
    server.stop();
    Ok(())
}

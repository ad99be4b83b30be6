//! `up`: database, coordinator and worker in one process, for trying things out.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use anyhow::Context as _;
use tokio::task::JoinHandle;
use xmlx_client::Cluster;
use xmlx_client::commands::store_at;
use xmlx_client::output::{self, Answer};
use xmlx_devdb::{Faults, Like, Options, Server, Storage, Tls};
use xmlx_runtime::{
    Environment, LogFormat, Secret, ServiceManager, Settings, Shutdown, load_settings_from,
};

use crate::cli::Up;
use crate::demo::samples;
use crate::internal::{DEVDB_PASSWORD, DEVDB_USER};
use crate::ready;
use crate::secured::Secured;

/// Seed of the samples that `--samples` makes.
const SEED: u64 = 1;

pub(crate) async fn run(args: Up) -> anyhow::Result<Answer> {
    xmlx_runtime::init_telemetry(LogFormat::Text, "info");
    xmlx_runtime::raise_open_files();
    let server = Server::start(Options {
        listen: args.database_listen,
        data: args.data.clone().map_or(Storage::Memory, Storage::File),
        user: DEVDB_USER.to_owned(),
        password: DEVDB_PASSWORD.to_owned(),
        tls: Tls::SelfSigned,
        faults: Faults::none(),
        like: Like::SqlServer,
    })
    .context("cannot start the embedded database")?;
    let database = Secret::new(server.connection_string());
    let store = store_at(&database, None)?;
    store.migrate().await?;
    if let Some(n) = args.samples {
        samples::create(&store).await?;
        samples::fill(&store, n, SEED, &mut |_| ()).await?;
    }
    let connection_string = database.reveal();
    let folder = tempfile::Builder::new().prefix("xmlx-up-").tempdir()?;
    // Nobody dials the address that stands for all of them.
    let listen_ip = args.listen.ip();
    let local = IpAddr::from(Ipv4Addr::LOCALHOST);
    let host = if listen_ip.is_unspecified() { local } else { listen_ip };
    let secured = Secured::new(folder.path(), &[host, local])?;
    let url = format!("https://{}", SocketAddr::new(host, args.listen.port()));
    let listen = args.listen.to_string();
    let coordinator =
        ["up", "--database", connection_string, "--listen", &listen, "--advertise", &url];
    let coordinator = settings::<xmlx_coordinator::Args>(&coordinator, &secured.of_coordinator())?;
    let slots = args.slots.to_string();
    let worker = ["up", "--database", connection_string, "--coordinators", &url, "--name", "up"];
    let worker = [&worker[..], &["--slots", &slots]].concat();
    let worker = settings::<xmlx_worker::Args>(&worker, &secured.of_worker())?;
    let shutdown = Shutdown::on_signals()?;
    // Two roles in one process are no service.
    let nobody = ServiceManager::default();
    let coordinator =
        tokio::spawn(xmlx_coordinator::run(coordinator, shutdown.clone(), nobody.clone()));
    let worker = tokio::spawn(xmlx_worker::run(worker, shutdown.clone(), nobody));
    let tell = async {
        let cluster = Cluster::new(vec![url.clone()], secured.proof()?);
        ready::wait(&cluster, std::slice::from_ref(&url), 1, || Ok(())).await?;
        output::note(&format!("database     {connection_string}"));
        output::note(&format!("coordinator  {url}"));
        output::note(&format!("client       {}", secured.variables(&url)));
        output::note("Ctrl-C ends it");
        std::future::pending::<anyhow::Result<()>>().await
    };
    let flags = secured.of_worker().join(" ");
    tokio::select! {
        ended = serve(coordinator, worker, &shutdown, &flags, &url) => ended?,
        Err(err) = tell => return Err(err),
    }
    server.stop();
    Ok(Answer::Yes)
}

/// The environment does not count: the user's own settings are those of another cluster.
fn settings<S: Settings>(argv: &[&str], more: &[String]) -> anyhow::Result<S::Config> {
    let argv = argv.iter().map(Into::into).chain(more.iter().map(Into::into)).collect();
    Ok(load_settings_from::<S>(argv, &Environment::default())?.config)
}

type Running = JoinHandle<anyhow::Result<()>>;

/// Until somebody ends it. A worker that an operator drains ends alone: whoever uses the database and the coordinator
/// goes on.
async fn serve(
    mut coordinator: Running,
    mut worker: Running,
    shutdown: &Shutdown,
    flags: &str,
    url: &str,
) -> anyhow::Result<()> {
    tokio::select! {
        ended = &mut coordinator => {
            ended??;
            worker.await?
        }
        ended = &mut worker => {
            ended??;
            if !shutdown.drain.is_cancelled() {
                output::note(&format!(
                    "the worker `up` has been drained; the database and the coordinator go on without it. Another one: `xmlx-worker --coordinators {url} {flags}` with the database above in XMLX_DATABASE"
                ));
            }
            coordinator.await?
        }
    }
}

//! The listening process.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::LazyLock;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tonic::transport::Server;
use tracing::{info, warn};
use xmlx_proto::v1::access_service_server::AccessServiceServer;
use xmlx_proto::v1::cluster_service_server::ClusterServiceServer;
use xmlx_proto::v1::job_service_server::JobServiceServer;
use xmlx_proto::v1::worker_service_server::WorkerServiceServer;
use xmlx_proto::{DESCRIPTORS, MESSAGE_BYTES_MAX};
use xmlx_runtime::{Refused, ServiceManager, Shutdown};
use xmlx_store::{Access, Error, Store, StoreConfig};
use xmlx_tls::{Acceptor, Wake};

use crate::access::Guard;
use crate::access_service::AccessApi;
use crate::calls::Calls;
use crate::cluster_service::ClusterApi;
use crate::counted::Counted;
use crate::engine::Stores;
use crate::job_service::JobApi;
use crate::lanes::Lanes;
use crate::leadership::{self, GivenUp, Identity};
use crate::metrics::METRICS;
use crate::role::RoleReader;
use crate::worker_service::WorkerApi;
use crate::{Config, incoming, role};

/// A worker's message: a heartbeat has a line for each lease.
const WORKER_BYTES_MAX: usize = 1024 * 1024;
/// Calls that one connection may have under way.
const STREAMS_MAX: u32 = 256;
/// One renews the leadership, one carries the engine's saves, one is spare.
const SAVE_CONNECTIONS: usize = 3;
/// Connections that have not ended so long after a drain are cut.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// Runs a coordinator until `shutdown`; tells `manager` how it is.
///
/// # Errors
/// Where the address cannot be bound, the connection string cannot be read, the database refuses the login, or
/// the control tables are too new.
pub fn run(
    config: Config,
    shutdown: Shutdown,
    manager: ServiceManager,
) -> Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send>> {
    // In a box, so that it is compiled in this crate, once, and not again in each program that awaits it.
    Box::pin(serve(config, shutdown, manager))
}

async fn serve(config: Config, shutdown: Shutdown, manager: ServiceManager) -> anyhow::Result<()> {
    let holder = uuid::Uuid::new_v4().to_string();
    // Renewals and saves never wait behind somebody's long question.
    let saves = connect(&config, &holder, SAVE_CONNECTIONS)?;
    let store = connect(&config, &holder, config.connections_max)?;
    let lanes = Lanes::new(config.connections_max);
    if let Some(err) = saves.enter().await.map_err(refusal)? {
        warn!(%err, "the database does not answer; waiting for it");
    }
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("cannot listen on `{}`", config.listen))?;
    let bound = listener.local_addr()?;
    let scheme = if config.security.credentials.is_some() { "https" } else { "http" };
    let address = config.advertise.clone().unwrap_or_else(|| format!("{scheme}://{bound}"));
    config.security.follow(Wake::FilesAndHangup);
    info!(%address, "listening");
    let (role_writer, role_reader) = role::channel(manager.clone());
    expose_metrics(&config, role_reader.clone()).await?;
    let identity = Identity { holder, address };
    let leading = tokio::spawn(leadership::run(
        Stores { saves, looks: store.clone(), lanes: lanes.clone() },
        config.clone(),
        identity,
        role_writer,
        shutdown.drain.clone(),
    ));
    let worker_api = WorkerApi::new(role_reader.clone(), config.release);
    let counted = Counted::new(role_reader.clone(), store.clone());
    let job_api = JobApi::new(role_reader.clone(), store.clone(), lanes, counted.clone());
    let (guard_store, access_api) = (store.clone(), AccessApi::new(store.clone()));
    let cluster_api = ClusterApi::new(role_reader, store, &config, counted);
    let (health, health_service) = tonic_health::server::health_reporter();
    health.set_serving::<JobServiceServer<JobApi>>().await;
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(DESCRIPTORS)
        .build_v1()?;
    let served = Server::builder()
        .http2_keepalive_interval(Some(Duration::from_secs(10)))
        .max_concurrent_streams(Some(STREAMS_MAX))
        .layer(Guard::new(&config.security, config.roles.clone(), &guard_store))
        .layer(Calls::new())
        .add_service(health_service)
        .add_service(reflection)
        .add_service(
            WorkerServiceServer::new(worker_api).max_decoding_message_size(WORKER_BYTES_MAX),
        )
        .add_service(JobServiceServer::new(job_api).max_decoding_message_size(MESSAGE_BYTES_MAX))
        .add_service(ClusterServiceServer::new(cluster_api))
        .add_service(AccessServiceServer::new(access_api))
        .serve_with_incoming_shutdown(
            incoming::connections(listener, Acceptor::new(&config.security)),
            shutdown.drain.clone().cancelled_owned(),
        );
    manager.ready();
    tokio::select! {
        outcome = served => outcome.context("the server failed")?,
        () = give_up(&shutdown, &manager) => (),
    }
    manager.stopping();
    leading.await.context("the leadership task failed")?.map_err(given_up)?;
    info!(address = %SocketAddr::to_string(&bound), "stopped");
    Ok(())
}

/// Answers monitoring, where the operator wants that.
async fn expose_metrics(config: &Config, role: RoleReader) -> anyhow::Result<()> {
    LazyLock::force(&METRICS);
    let Some(address) = config.metrics_listen else { return Ok(()) };
    let security = config.security.clone();
    let version = env!("CARGO_PKG_VERSION");
    xmlx_metrics::expose(address, version, move || role.ready(), move || security.expires_at())
        .await
        .with_context(|| format!("cannot listen on `{address}`, which `metrics_listen` has"))
}

/// The database, by connections that name this coordinator.
fn connect(config: &Config, holder: &str, connections_max: usize) -> anyhow::Result<Store> {
    Ok(Store::new(&StoreConfig {
        connection_string: config.database.reveal().to_owned(),
        ca: config.database_ca.clone(),
        access: Access::ReadWrite,
        application_name: format!("xmlx/coordinator/{holder}"),
        connections_max,
        limits: config.document_limits,
    })?)
}

/// When connections are cut that a drain has not ended.
async fn give_up(shutdown: &Shutdown, manager: &ServiceManager) {
    shutdown.drain.cancelled().await;
    manager.stopping();
    tokio::select! {
        () = tokio::time::sleep(DRAIN_TIMEOUT) => (),
        () = shutdown.abort.cancelled() => (),
    }
}

fn given_up(it: GivenUp) -> anyhow::Error {
    match it {
        GivenUp::Refused(err) => refusal(err),
        GivenUp::TooOld(reason) => Refused(reason).into(),
    }
}

/// Starting again is no good where it is the login that is refused.
fn refusal(err: Error) -> anyhow::Error {
    if err.is_refused_login() { Refused(err.to_string()).into() } else { err.into() }
}

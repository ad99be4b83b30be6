//! The process: pipelines on one runtime, the session on a thread of its own.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use xmlx_domain::{SessionId, leases_max};
use xmlx_proto::Release;
use xmlx_runtime::{Refused, Secret, ServiceManager, Shutdown};
use xmlx_store::{
    Access, ConnectError, Error, Fit, SCHEMA_VERSION, SchemaVersion, Store, StoreConfig,
};
use xmlx_tls::{Dialer, Wake};

use crate::board::Board;
use crate::dispatcher::Dispatcher;
use crate::gate::Gate;
use crate::jobs::Jobs;
use crate::metrics::METRICS;
use crate::pipeline::{self, Room, Shop};
use crate::{Config, session};

/// Orders and reports that may wait; the coordinator never has more than a few leases under way.
const CHANNEL: usize = 1024;
/// Connections beside two per slot (one fetches, one commits).
const SPARE_CONNECTIONS: usize = 2;

/// Nothing depends on the answer at once: a database that does not answer now is met again when there is work to do.
const SCHEMA_TIMEOUT: Duration = Duration::from_secs(5);

/// Ends a worker that is too old for the control tables before it takes any work.
async fn refuse_newer_tables(store: &Store, release: Release) -> Result<(), Refused> {
    let made_for = release.schema(SCHEMA_VERSION);
    let schema = match tokio::time::timeout(SCHEMA_TIMEOUT, store.schema_version()).await {
        Ok(Ok(schema)) => schema,
        Ok(Err(err)) => {
            warn!(%err, "the version of the control tables cannot be read now");
            return Ok(());
        }
        Err(_) => {
            warn!("the database does not say the version of the control tables now");
            return Ok(());
        }
    };
    too_new(schema, made_for).map_or(Ok(()), Err)
}

/// Why this worker cannot work with the control tables, if it cannot. Older ones are worked with: whoever leads upgrades
/// them.
fn too_new(schema: SchemaVersion, made_for: i32) -> Option<Refused> {
    match schema.fit(made_for) {
        Fit::TooNew => {
            Some(Refused(format!("{}; upgrade this worker", schema.too_new_for(made_for))))
        }
        Fit::Missing | Fit::Older | Fit::Fits => None,
    }
}

/// Runs a worker until `shutdown` or until a coordinator drains it; tells `manager` how it is.
///
/// # Errors
/// Where the connection string cannot be read, the database refuses the login (at the start or later), or a thread
/// cannot be started.
pub fn run(
    config: Config,
    shutdown: Shutdown,
    manager: ServiceManager,
) -> Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send>> {
    // In a box, so that it is compiled in this crate, once, and not again in each program that awaits it.
    Box::pin(work(config, shutdown, manager))
}

async fn work(config: Config, shutdown: Shutdown, manager: ServiceManager) -> anyhow::Result<()> {
    pipeline::hush_panics();
    config.security.follow(Wake::FilesAndHangup);
    let session_id = SessionId(uuid::Uuid::new_v4().to_string());
    info!(name = config.name, session = %session_id, slots = config.slots, "worker starts");
    expose_metrics(&config).await?;
    let (store, copy) = stores(&config, &session_id)?;
    // Whoever is refused must not join: it would take ranges and give them back.
    for store in std::iter::once(&store).chain(&copy) {
        if let Some(err) = enter(store).await.map_err(|err| refusal(&err))? {
            warn!(%err, "the database does not answer; waiting for it");
        }
    }
    refuse_newer_tables(&store, config.release).await?;
    let board = Arc::new(Board::new(leases_max(config.slots)));
    let gate = Arc::new(Gate::new(config.slots));
    let (orders_in, orders_out) = mpsc::channel(CHANNEL);
    let (reports_in, reports_out) = mpsc::channel(CHANNEL);
    let over = CancellationToken::new();
    // Heartbeats alone say nothing of the slots, which are on another runtime.
    let (of_session, of_dispatcher) = (manager.part(), manager.part());
    let session = session::Session {
        id: session_id.clone(),
        dialer: Dialer::new(&config.security),
        config: config.clone(),
        board: Arc::clone(&board),
        gate: Arc::clone(&gate),
        orders: orders_in,
        manager: manager.clone(),
        pulse: of_session,
    };
    let thread = session::spawn(session, reports_out, over.clone())?;
    // An order to drain ends this worker, not whatever else runs in its process.
    let drain = shutdown.drain.child_token();
    let shop = Arc::new(Shop {
        room: Room::new(config.slots, config.group_bytes),
        config,
        jobs: Jobs::new(store.clone(), copy.clone()),
        store,
        copy,
        board,
        gate,
        session: session_id,
        trial: Mutex::new(()),
        drain: drain.clone(),
        expelled: OnceLock::new(),
    });
    let measured = Arc::clone(&shop);
    xmlx_metrics::register(|numbers| {
        numbers.asked("documents_in_memory_bytes", "Bytes of documents that the worker holds", {
            move || i64::try_from(measured.room.in_use()).ok()
        });
    });
    let dispatcher = Dispatcher::new(Arc::clone(&shop), reports_in, of_dispatcher);
    let give_up = async {
        drain.cancelled().await;
        manager.stopping();
        tokio::select! {
            () = tokio::time::sleep(shop.config.drain_deadline) => warn!("the drain took too long; leaving the rest to the next owner"),
            () = shutdown.abort.cancelled() => (),
        }
    };
    tokio::select! {
        () = dispatcher.run(orders_out) => (),
        () = give_up => (),
    }
    manager.stopping();
    // The dispatcher's end of the channel is gone: the session sends what is left to send and ends.
    over.cancel();
    joined(thread).await?;
    info!("worker stopped");
    shop.expelled.get().map_or(Ok(()), |err| Err(refusal(err)))
}

/// Answers monitoring, where the operator wants that.
async fn expose_metrics(config: &Config) -> anyhow::Result<()> {
    METRICS.slots.set(i64::from(config.slots));
    let Some(address) = config.metrics_listen else { return Ok(()) };
    let security = config.security.clone();
    let version = env!("CARGO_PKG_VERSION");
    xmlx_metrics::expose(address, version, || METRICS.ready(), move || security.expires_at())
        .await
        .with_context(|| format!("cannot listen on `{address}`, which `metrics_listen` has"))
}

/// Waits for the session's thread to end.
async fn joined(thread: std::thread::JoinHandle<()>) -> anyhow::Result<()> {
    let ended = tokio::task::spawn_blocking(move || thread.join()).await?;
    ended.map_err(|_| anyhow::anyhow!("the session thread panicked"))
}

/// The database, and the copy that documents are read from, if there is one.
fn stores(config: &Config, session: &SessionId) -> Result<(Store, Option<Store>), ConnectError> {
    let slots = usize::try_from(config.slots).unwrap_or(1);
    let connect = |secret: &Secret, access, connections_max| {
        Store::new(&StoreConfig {
            connection_string: secret.reveal().to_owned(),
            ca: config.database_ca.clone(),
            access,
            application_name: format!("xmlx/worker/{session}"),
            connections_max,
            limits: config.limits,
        })
    };
    let store = connect(&config.database, Access::ReadWrite, 2 * slots + SPARE_CONNECTIONS)?;
    let copy = config.source_database.as_ref();
    let copy = copy
        .map(|secret| connect(secret, Access::ReadOnly, slots + SPARE_CONNECTIONS))
        .transpose()?;
    Ok((store, copy))
}

/// Finds out whether the database lets this worker in, and does what the results depend on. `Some`: not now.
async fn enter(store: &Store) -> Result<Option<Error>, Error> {
    if let Some(err) = store.enter().await? {
        return Ok(Some(err));
    }
    match store.require_fit_server().await {
        Ok(findings) => {
            for finding in &findings.unnamed {
                warn!("{finding}: applications that the database refuses are found by trial");
            }
            Ok(None)
        }
        Err(err) if err.is_refused_entry() => Err(err),
        // It is asked again before the first job.
        Err(err) => Ok(Some(err)),
    }
}

/// Starting again is no good where it is the login that is refused, or the server that does not do.
fn refusal(err: &Error) -> anyhow::Error {
    let message = err.to_string();
    let is_for_good = err.is_refused_login() || matches!(err, Error::Unfit(_));
    if is_for_good { Refused(message).into() } else { anyhow::Error::msg(message) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_refused_login_is_for_the_operator_alone() {
        let login = |number| Error::Login {
            server: "s".to_owned(),
            database: "d".to_owned(),
            login: "u".to_owned(),
            number,
        };
        assert!(refusal(&login(18456)).is::<Refused>());
        assert!(!refusal(&login(4060)).is::<Refused>());
        let tls = Error::Tls { server: "s".to_owned(), reason: "expired".to_owned() };
        assert!(!refusal(&tls).is::<Refused>());
        assert!(refusal(&Error::Unfit("it garbles text".to_owned())).is::<Refused>());
    }

    #[test]
    fn only_tables_that_are_too_new_are_refused() {
        for (version, compatible_from, refused) in [
            (0, 0, false),
            (2, 1, false),
            (3, 1, false),
            (98, 1, false),
            (98, 3, false),
            (99, 4, true),
        ] {
            let schema = SchemaVersion { version, compatible_from };
            let found = too_new(schema, 3);
            assert_eq!(found.is_some(), refused, "{schema:?}");
            assert!(found.is_none_or(|refusal| refusal.0.ends_with("; upgrade this worker")));
        }
    }
}

//! Winning, keeping and giving up the leadership.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use xmlx_proto::Release;
use xmlx_runtime::{AbortOnPanic, Clock};
use xmlx_store::{Error, Fit, Leadership, NO_CONTROL_TABLES, SCHEMA_VERSION, Store};

use crate::Config;
use crate::engine::{self, Handle, Stores};
use crate::metrics::METRICS;
use crate::role::{Role, RoleWriter};

/// How often a standby looks whether the leadership is free: workers are back with a leader well within
/// a second after one has resigned.
const POLL: Duration = Duration::from_millis(250);
/// The same where it could not lead, or could not read the row.
const POLL_UNFIT: Duration = Duration::from_secs(1);
/// A database that has said nothing for so long is asked anew, on another connection. Well below the watchdog's time:
/// starting this program again would not help.
const STAND_BY_TIMEOUT: Duration = Duration::from_secs(30);

/// A database that does not take the resignation in this time will see the lease run out.
const RESIGN_TIMEOUT: Duration = Duration::from_secs(2);

/// Who this coordinator is.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) holder: String,
    pub(crate) address: String,
}

/// Why a coordinator cannot go on.
#[derive(Debug)]
pub(crate) enum GivenUp {
    /// The database does not let it in.
    Refused(Error),
    /// It is too old for the control tables.
    TooOld(String),
}

/// Stands by and leads in turn until `drain`.
///
/// # Errors
/// Where this coordinator can do nothing for good: `drain` is cancelled then.
pub(crate) async fn run(
    stores: Stores,
    config: Config,
    identity: Identity,
    role: RoleWriter,
    drain: CancellationToken,
) -> Result<(), GivenUp> {
    while !drain.is_cancelled() {
        role.pulse().beat();
        let asked = stand_by(&stores.saves, &config, &identity, &role);
        let Ok(stand) = tokio::time::timeout(STAND_BY_TIMEOUT, asked).await else {
            warn!("the database does not answer; asking it again");
            continue;
        };
        match stand {
            Ok(Stand::Won(leadership)) => {
                if let Err(err) = lead(&stores, &config, leadership, &role, &drain).await {
                    drain.cancel();
                    return Err(GivenUp::Refused(err));
                }
            }
            Ok(Stand::Waits) => pause(POLL, &drain).await,
            Ok(Stand::Unfit) => pause(POLL_UNFIT, &drain).await,
            Ok(Stand::TooOld(reason)) => {
                drain.cancel();
                return Err(GivenUp::TooOld(reason));
            }
            Err(err) if err.is_refused_entry() => {
                drain.cancel();
                return Err(GivenUp::Refused(err));
            }
            Err(err) => {
                warn!(%err, "cannot read the leader row");
                pause(POLL_UNFIT, &drain).await;
            }
        }
    }
    Ok(())
}

/// What came of reading the leader row.
#[derive(Debug)]
enum Stand {
    /// This one leads from now on.
    Won(Leadership),
    /// Another one leads, or was faster.
    Waits,
    /// There are no control tables yet.
    Unfit,
    /// This build is too old for them.
    TooOld(String),
}

async fn pause(length: Duration, drain: &CancellationToken) {
    tokio::select! {
        () = tokio::time::sleep(length) => (),
        () = drain.cancelled() => (),
    }
}

/// Reads the leader row once; takes the leadership where it is free.
async fn stand_by(
    store: &Store,
    config: &Config,
    identity: &Identity,
    role: &RoleWriter,
) -> Result<Stand, Error> {
    let schema = store.schema_version().await?;
    let made_for = config.release.schema(SCHEMA_VERSION);
    match schema.fit(made_for) {
        Fit::Fits | Fit::Older => (),
        Fit::Missing => {
            // Once: it is looked for each second.
            if !role.is_unfit() {
                warn!(
                    "{NO_CONTROL_TABLES}; or this login may not see them: run what `xmlx-client grants` prints"
                );
            }
            role.set(Role::Unfit { reason: NO_CONTROL_TABLES });
            return Ok(Stand::Unfit);
        }
        Fit::TooNew => {
            let reason = schema.too_new_for(made_for);
            return Ok(Stand::TooOld(format!("{reason}; upgrade this coordinator")));
        }
    }
    let row = store.leader().await?;
    if !row.alive {
        let won = store
            .acquire_leadership(&identity.holder, &identity.address, config.leader_ttl)
            .await?;
        return Ok(won.map_or(Stand::Waits, Stand::Won));
    }
    let leader_address = Some(row.address).filter(|it| !it.is_empty() && *it != identity.address);
    role.set(Role::Standby { leader_address });
    Ok(Stand::Waits)
}

/// Brings older control tables up to this build: by the leader alone, and only by adding to them, so that
/// older programs go on. Without the right to do so it works with what is there.
async fn migrate(store: &Store, release: Release) {
    let version = release.schema(SCHEMA_VERSION);
    let migrated = async {
        if store.schema_version().await?.fit(version) == Fit::Older {
            store.migrate_to(version).await?;
            info!(version, "the control tables are those of this build now");
        }
        Ok::<_, Error>(())
    };
    if let Err(err) = migrated.await {
        warn!(version, %err, "cannot bring the control tables up to this build; run `xmlx-client init`");
    }
}

/// Leads until `drain`, or until it cannot; an error: the database does not let it in any more.
async fn lead(
    stores: &Stores,
    config: &Config,
    leadership: Leadership,
    role: &RoleWriter,
    drain: &CancellationToken,
) -> Result<(), Error> {
    let (store, term) = (&stores.saves, leadership.term);
    info!(%term, "leading");
    METRICS.won();
    let _guard = AbortOnPanic::new("engine");
    let end = drain.child_token();
    let renewal =
        tokio::spawn(renew(store.clone(), leadership.clone(), config.leader_ttl, end.clone()));
    tokio::select! {
        () = role.pulse().during(migrate(store, config.release)) => (),
        () = end.cancelled() => (),
    }
    let (handle, inbox) = Handle::channel(term);
    let engine = engine::run(
        stores.clone(),
        config,
        leadership.clone(),
        handle.clone(),
        inbox,
        end.clone(),
        role.pulse(),
    );
    role.set(Role::Leading { engine: handle });
    // A statement that hangs must not keep a leader that is none any more: the connection is dropped
    // with it, and what it may still do the term refuses.
    let outcome = tokio::select! {
        outcome = engine => outcome,
        () = end.cancelled() => Ok(()),
    };
    role.set(Role::Standby { leader_address: None });
    METRICS.ended();
    end.cancel();
    if let Err(err) = renewal.await {
        warn!(%err, "the renewal task failed");
    }
    if let Err(err) = &outcome {
        warn!(%term, %err, "no longer leading");
    }
    // Where another one leads by now, this changes nothing.
    match tokio::time::timeout(RESIGN_TIMEOUT, store.resign_leadership(&leadership)).await {
        Ok(Ok(())) => info!(%term, "resigned"),
        Ok(Err(err)) => warn!(%term, %err, "could not resign; the lease will run out"),
        Err(_) => warn!(%term, "resigning takes too long; the lease will run out"),
    }
    match outcome {
        Err(err) if err.is_refused_entry() => Err(err),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// How often a lease of that length is renewed: two renewals may fail before it runs out.
pub(crate) fn renewal(ttl: Duration) -> Duration {
    ttl / 3
}

/// Prolongs the lease; ends everything once it is lost or could not be prolonged in time.
async fn renew(store: Store, leadership: Leadership, ttl: Duration, end: CancellationToken) {
    let clock = Clock::start();
    let mut renewed_at = clock.now();
    loop {
        tokio::select! {
            () = tokio::time::sleep(renewal(ttl)) => (),
            () = end.cancelled() => return,
        }
        let asked_at = clock.now();
        let outcome =
            tokio::time::timeout(renewal(ttl), store.renew_leadership(&leadership, ttl)).await;
        match outcome {
            Ok(Ok(())) => renewed_at = asked_at,
            Ok(Err(err @ Error::Deposed)) => {
                warn!(term = %leadership.term, %err, "the leadership is lost");
                end.cancel();
                return;
            }
            Ok(Err(err)) => warn!(term = %leadership.term, %err, "cannot renew the leadership"),
            Err(_) => warn!(term = %leadership.term, "renewing the leadership takes too long"),
        }
        if clock.now().saturating_sub(renewed_at) > ttl {
            warn!(term = %leadership.term, "the leadership could not be renewed in time");
            end.cancel();
            return;
        }
    }
}

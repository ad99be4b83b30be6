//! The engine: one task that owns the lease table and carries out what it asks for.
//!
//! Everything that can wake it is in [`Command`]. Saves are carried out in order and before what
//! follows them; after a failed save the rest is dropped and the truth is read again.

mod act;
mod command;
mod jobs;
mod look;
mod notes;
mod obey;
mod sessions;
mod throttle;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tracing::warn;
use xmlx_lease::{Action, Event, JobId, LeaseTable, SessionId, Timestamp};
use xmlx_runtime::Clock;
use xmlx_store::{Error, Leadership, Mode, Store};

use crate::{Config, convert};

pub(crate) use command::{Command, Handle, Hello, MoveJob, WorkerInfo};
use look::Sources;
pub(crate) use notes::Notes;
use sessions::Sessions;
use throttle::Throttle;

/// How often time is told to the table.
const TICK: Duration = Duration::from_millis(250);
/// How often a `follow` job looks for new applications.
const FOLLOW: Duration = Duration::from_secs(2);
/// Ranges in one answer: a job may have hundreds of thousands.
const PAGE_RANGES: i64 = 5_000;
/// After a failed save the database is asked again so often.
const RELOAD_PAUSE: Duration = Duration::from_millis(300);

/// The database, twice: what the leader writes must not wait behind what somebody asks.
#[derive(Clone, Debug)]
pub(crate) struct Stores {
    /// For the leader's own row and the engine.
    pub(crate) saves: Store,
    /// For clients and for looking into sources.
    pub(crate) looks: Store,
}

pub(crate) struct Engine {
    store: Store,
    looks: Store,
    sources: Sources,
    leadership: Leadership,
    heartbeat: Duration,
    lost_after: Duration,
    table: LeaseTable,
    sessions: Sessions,
    modes: BTreeMap<JobId, Mode>,
    throttle: Throttle,
    /// Jobs whose applications are being counted, and `follow` jobs whose sources are being looked at.
    counting: BTreeSet<JobId>,
    following: BTreeSet<JobId>,
    /// Where the sources of `follow` jobs ended at the latest look.
    seen: BTreeMap<JobId, i64>,
    /// When sessions of an earlier leader that have not come back are noted as lost; then `None`.
    strays_at: Option<Duration>,
    clock: Clock,
    /// For tasks that report back.
    handle: Handle,
    end: CancellationToken,
}

/// Runs until `end` (then `Ok`) or until another coordinator leads.
pub(crate) async fn run(
    stores: Stores,
    config: &Config,
    leadership: Leadership,
    handle: Handle,
    mut inbox: mpsc::Receiver<Command>,
    end: CancellationToken,
) -> Result<(), Error> {
    let clock = Clock::start();
    let mut engine = Engine {
        table: LeaseTable::new(config.limits, Timestamp(clock.millis())),
        store: stores.saves,
        looks: stores.looks,
        sources: Sources::default(),
        counting: BTreeSet::new(),
        following: BTreeSet::new(),
        seen: BTreeMap::new(),
        sessions: Sessions::new(handle.term()),
        leadership,
        heartbeat: config.heartbeat,
        lost_after: config.limits.lost_after,
        modes: BTreeMap::new(),
        throttle: Throttle { configured: config.commits_max, ordered: None },
        strays_at: Some(clock.now() + config.limits.reattach_grace),
        clock,
        handle,
        end: end.clone(),
    };
    engine.reload().await?;
    let mut tick = tokio::time::interval(TICK);
    let mut follow = tokio::time::interval(FOLLOW);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    follow.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        // Biased: heartbeats that wait are heard before time passes judgement on them.
        tokio::select! {
            biased;
            () = end.cancelled() => return Ok(()),
            command = inbox.recv() => match command {
                Some(command) => {
                    let outcome = engine.obey(command).await;
                    engine.settle(outcome).await?;
                }
                None => return Ok(()),
            },
            _ = tick.tick() => {
                let outcome = engine.tick().await;
                engine.settle(outcome).await?;
            }
            _ = follow.tick() => engine.look_for_new(),
        }
    }
}

/// Whether trying again cannot help: another one leads, or the database lets this process in no more.
fn ends_leadership(err: &Error) -> bool {
    matches!(err, Error::Deposed) || err.is_refused_entry()
}

impl Engine {
    /// Applies an event and carries out its actions. After an error the table is ahead of the
    /// database: the caller hands it to [`Engine::settle`] before anything else happens.
    async fn apply(&mut self, event: Event) -> Result<(), Error> {
        let now = Timestamp(self.clock.millis());
        for action in self.table.apply(event, now) {
            self.act(action).await?;
        }
        Ok(())
    }

    async fn tick(&mut self) -> Result<(), Error> {
        self.apply(Event::Ticked).await?;
        self.end_strays().await
    }

    /// Makes table and database agree again after an error, however long it takes.
    async fn settle(&mut self, outcome: Result<(), Error>) -> Result<(), Error> {
        match outcome {
            Ok(()) => Ok(()),
            Err(err) if ends_leadership(&err) => Err(err),
            Err(err) => {
                warn!(%err, "a change was not saved; reading the tables again");
                self.reload().await
            }
        }
    }

    /// Reads every job of which something is left, until it works or the leadership ends. What
    /// returns `Ok` has also carried out what the jobs' states demand of their leases.
    async fn reload(&mut self) -> Result<(), Error> {
        loop {
            match self.try_reload().await {
                Err(err) if ends_leadership(&err) => return Err(err),
                Ok(()) => return Ok(()),
                Err(err) => warn!(%err, "cannot make the table agree with the database"),
            }
            tokio::select! {
                () = tokio::time::sleep(RELOAD_PAUSE) => (),
                () = self.end.cancelled() => return Err(Error::Deposed),
            }
        }
    }

    async fn try_reload(&mut self) -> Result<(), Error> {
        self.throttle.ordered = self.store.leader().await?.commits_max;
        for job in self.store.jobs().await? {
            let open = matches!(job.state.as_str(), "running" | "paused");
            let held = job.ranges.1 > 0;
            if open || held || self.table.is_open(JobId(job.job_id)) {
                self.load(&job).await?;
            }
        }
        Ok(())
    }

    /// Sessions that were open when an earlier leader died and have not come back are lost. Their
    /// leases are the table's business; this is for whoever reads the table of sessions.
    async fn end_strays(&mut self) -> Result<(), Error> {
        if self.strays_at.is_none_or(|it| self.clock.now() < it) {
            return Ok(());
        }
        self.strays_at = None;
        let sessions = match self.store.sessions().await {
            Ok(it) => it,
            Err(err) => {
                warn!(%err, "cannot read the sessions");
                return Ok(());
            }
        };
        for session in sessions.into_iter().map(|it| SessionId(it.session_id)) {
            if !self.table.knows(&session) {
                self.act(Action::EndSession { session, reason: "lost" }).await?;
            }
        }
        Ok(())
    }

    /// Takes one job into the table as the database has it.
    async fn load(&mut self, job: &xmlx_store::JobRow) -> Result<(), Error> {
        let mut snapshot = convert::snapshot(job, self.store.last_range(job.job_id).await?);
        let mut after = 0;
        loop {
            let page = self.store.open_ranges(job.job_id, after, PAGE_RANGES).await?;
            let Some(last) = page.last() else { break };
            after = last.range_id;
            snapshot.ranges.extend(page.iter().map(convert::range));
        }
        let id = JobId(job.job_id);
        self.modes.insert(id, job.mode);
        self.apply(Event::JobLoaded(snapshot)).await?;
        if job.total.is_none() {
            self.count(id, job.scope);
        }
        Ok(())
    }
}

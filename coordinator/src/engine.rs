//! The engine: one task that owns the lease table and carries out what it asks for.
//!
//! Everything that can wake it is in [`Command`]. Saves are carried out in order and before what
//! follows them; after a failed save the rest that concerns the same job is dropped, and the job is read again.
//! It decides and saves, and reads nothing once it has begun: what has to be read is read by tasks, which report back.

mod act;
mod budget;
mod command;
mod dispatch;
mod follow;
mod jobs;
mod notes;
mod prune;
mod rate;
mod reading;
mod sessions;
mod source;
mod throttle;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tracing::warn;
use xmlx_domain::{JobId, Mode};
use xmlx_lease::budget::Schedule;
use xmlx_lease::follow::Follow;
use xmlx_lease::throttle::Throttle;
use xmlx_lease::{Event, LeaseTable, Timestamp};
use xmlx_runtime::{Clock, Pulse};
use xmlx_store::{Error, Leadership, Store};

use crate::lanes::Lanes;
use crate::metrics::{METRICS, Sight};
use crate::{Config, convert};

pub(crate) use budget::{BudgetRead, resume_order};
pub(crate) use command::{
    Command, Handle, Heartbeat, Hello, JobOrder, Moved, PruneOrder, PruneWhat, ToWorker,
    WorkerInfo, WorkerState,
};
pub(crate) use notes::Notes;
use reading::Barrier;
use sessions::Sessions;
use source::Sources;

/// Interval of the lease table's `Ticked` event.
const TICK: Duration = Duration::from_millis(250);
/// A job of which nothing moves for so long says what it waits for.
const SHOWN_AFTER: Duration = Duration::from_secs(5);
/// How often a `follow` job looks for new applications.
const FOLLOW: Duration = Duration::from_secs(2);
/// How often it is seen which jobs' budgets are to be looked at.
const BUDGETS: Duration = Duration::from_millis(50);

/// The database, twice: what the leader writes must not wait behind what somebody asks.
#[derive(Clone, Debug)]
pub(crate) struct Stores {
    /// For the leader's own row and the engine.
    pub(crate) saves: Store,
    /// For clients and for looking into sources.
    pub(crate) looks: Store,
    /// How many of them each kind of read may take.
    pub(crate) lanes: Lanes,
}

pub(crate) struct Engine {
    store: Store,
    looks: Store,
    lanes: Lanes,
    sources: Sources,
    leadership: Leadership,
    heartbeat: Duration,
    lost_after: Duration,
    table: LeaseTable,
    sessions: Sessions,
    modes: BTreeMap<JobId, Mode>,
    throttle: Throttle,
    budgets: Schedule,
    /// Jobs whose applications are being counted, and `follow` jobs whose sources are being looked at.
    counting: BTreeSet<JobId>,
    following: BTreeSet<JobId>,
    /// Jobs that are being read again, and how often they have been doubted since that began.
    doubts: BTreeMap<JobId, u32>,
    barriers: Vec<Barrier>,
    /// Jobs whose ranges are all done and that are looked through once more, and since when.
    checking: BTreeMap<JobId, Duration>,
    /// How far looking at the sources of `follow` jobs has come.
    follows: BTreeMap<JobId, Follow>,
    /// When sessions of an earlier leader that have not come back are noted as lost; then `None`.
    strays_at: Option<Duration>,
    clock: Clock,
    /// For tasks that report back.
    handle: Handle,
    end: CancellationToken,
}

/// Runs until `end` (then `Ok`) or until another coordinator leads; `pulse` beats as long as it goes round.
pub(crate) async fn run(
    stores: Stores,
    config: &Config,
    leadership: Leadership,
    handle: Handle,
    mut inbox: mpsc::Receiver<Command>,
    end: CancellationToken,
    pulse: &Pulse,
) -> Result<(), Error> {
    let clock = Clock::start();
    let mut engine = Engine {
        table: LeaseTable::new(config.limits, Timestamp(clock.millis())),
        store: stores.saves,
        looks: stores.looks,
        lanes: stores.lanes,
        sources: Sources::default(),
        counting: BTreeSet::new(),
        following: BTreeSet::new(),
        doubts: BTreeMap::new(),
        barriers: Vec::new(),
        checking: BTreeMap::new(),
        follows: BTreeMap::new(),
        sessions: Sessions::default(),
        leadership,
        heartbeat: config.heartbeat,
        lost_after: config.limits.lost_after,
        modes: BTreeMap::new(),
        budgets: Schedule::default(),
        throttle: Throttle { configured: config.commits_max, ordered: None },
        strays_at: Some(clock.now() + config.limits.reattach_grace),
        clock,
        handle,
        end: end.clone(),
    };
    // However much there is to read: whoever cannot renew the leadership meanwhile ends this.
    pulse.during(engine.begin()).await?;
    let mut tick = tokio::time::interval(TICK);
    let mut follow = tokio::time::interval(FOLLOW);
    let mut budgets = tokio::time::interval(BUDGETS);
    budgets.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    follow.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        pulse.beat();
        // Biased: heartbeats that wait are heard before time passes judgement on them.
        tokio::select! {
            biased;
            () = end.cancelled() => return Ok(()),
            command = inbox.recv() => match command {
                Some(command) => engine.handle(command).await?,
                None => return Ok(()),
            },
            _ = tick.tick() => engine.tick().await?,
            _ = budgets.tick() => engine.read_budgets(),
            _ = follow.tick() => engine.search_sources(),
        }
    }
}

/// Whether trying again cannot help: another one leads, or the database lets this process in no more.
fn ends_leadership(err: &Error) -> bool {
    matches!(err, Error::Deposed) || err.is_refused_entry()
}

impl Engine {
    /// Applies an event and carries out its actions. Jobs of which something could not be saved are doubted; an error
    /// ends the leadership.
    async fn apply(&mut self, event: Event) -> Result<(), Error> {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            let now = Timestamp(self.clock.millis());
            let mut doubted = BTreeSet::new();
            for action in self.table.apply(event, now) {
                let job = action.job();
                if job.is_some_and(|it| doubted.contains(&it)) {
                    continue;
                }
                match self.act(action).await {
                    Ok(()) => (),
                    Err(err) if ends_leadership(&err) => return Err(err),
                    Err(err) => {
                        warn!(job = job.map(|it| it.0), %err, "a change was not saved");
                        doubted.extend(job);
                    }
                }
            }
            for job in doubted {
                self.read_again(job);
                events.push_back(Event::JobDoubted { job });
            }
        }
        Ok(())
    }

    async fn tick(&mut self) -> Result<(), Error> {
        self.apply(Event::Ticked).await?;
        self.note_what_stands();
        self.measure();
        if self.strays_at.is_some_and(|it| self.clock.now() >= it) {
            self.strays_at = None;
            self.find_strays();
        }
        Ok(())
    }

    /// Keeps what this leader sees for whoever monitors it.
    fn measure(&self) {
        let now = self.clock.millis();
        METRICS.see(&Sight {
            workers: self.sessions.infos(&self.table, now, self.heartbeat),
            jobs: self.modes.keys().filter_map(|job| self.table.state(*job)).collect(),
            waiting: self.handle.notes().n_jobs(),
        });
    }

    /// Says what jobs wait for that make no progress.
    fn note_what_stands(&self) {
        let now = self.clock.now();
        let table = self.table.standing(SHOWN_AFTER, Timestamp(self.clock.millis()));
        let checks = self.checking.iter().map(|(&job, &since)| (job, now.saturating_sub(since)));
        let checks = checks.filter(|(_, so_long)| *so_long >= SHOWN_AFTER);
        let standing = table.map(|(job, what, so_long)| (job, notes::wait_text(what, so_long)));
        let checking = checks.map(|(job, so_long)| (job, notes::check_text(so_long)));
        let late = self.follows.iter().filter(|(_, follow)| follow.late() > 0);
        let late = late.map(|(&job, follow)| (job, notes::late_text(follow.late())));
        self.handle.notes().stand(standing.chain(checking).chain(late).collect());
    }

    /// Sessions that were open when an earlier leader died and have not come back are lost. Their
    /// leases are the table's business; this is for whoever reads the table of sessions.
    fn find_strays(&self) {
        let (handle, store) = (self.handle.clone(), self.looks.clone());
        tokio::spawn(async move {
            match store.sessions().await {
                Ok(sessions) => {
                    let sessions = sessions.into_iter().map(|session| session.session_id).collect();
                    handle.send(Command::Strays { sessions }).await;
                }
                Err(err) => warn!(%err, "cannot read the sessions"),
            }
        });
    }
}

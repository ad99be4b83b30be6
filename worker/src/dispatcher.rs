//! Leases into slots: carries out what [`Slots`] decides. What is granted is worked on or waits for a free slot.

mod slots;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use tracing::{error, info, warn};
use xmlx_domain::{ErrorClass, JobId, Lease, LeaseKey, Progress};
use xmlx_runtime::{Clock, Pulse};

use crate::dispatcher::slots::{Action, Event, Slots};
use crate::metrics::{LeaseEnd, METRICS};
use crate::pipeline::{self, Outcome, Shop};

/// How often a dispatcher that waits shows that it is alive.
const PULSE: Duration = Duration::from_secs(1);

/// What a coordinator orders.
#[derive(Debug)]
pub(crate) enum Order {
    /// Work on this.
    Grant(Lease),
    /// Drop it.
    Revoke(LeaseKey),
    /// It ends at `at` now.
    Split { key: LeaseKey, at: i64 },
    /// Take nothing new, finish what is in hand.
    Drain,
}

/// What a coordinator is told.
#[derive(Debug)]
pub(crate) enum Report {
    /// Can take so many more leases.
    Credits(u32),
    /// A range is done.
    Done { lease: Lease, apps: u64, elapsed_ms: u64 },
    /// Nothing more is committed under the lease.
    Released { lease: Lease, committed_through: i64, class: Option<ErrorClass>, reason: String },
    /// Something that concerns the whole job.
    Trouble { job: JobId, class: ErrorClass, reason: String },
    /// The last word.
    Goodbye,
}

/// A pipeline that has ended.
struct Ended {
    lease: Lease,
    outcome: Outcome,
    elapsed: Duration,
}

pub(crate) struct Dispatcher {
    shop: Arc<Shop>,
    clock: Clock,
    reports: mpsc::Sender<Report>,
    slots: Slots,
    running: JoinSet<Ended>,
    pulse: Pulse,
}

impl std::fmt::Debug for Dispatcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dispatcher").field("slots", &self.slots).finish_non_exhaustive()
    }
}

impl Dispatcher {
    /// `pulse` beats as long as it goes round.
    pub(crate) fn new(shop: Arc<Shop>, reports: mpsc::Sender<Report>, pulse: Pulse) -> Self {
        let slots = Slots::new(shop.config.slots);
        Self { shop, clock: Clock::start(), reports, slots, running: JoinSet::new(), pulse }
    }

    /// Works until drained.
    pub(crate) async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        let drain = self.shop.drain.clone();
        let mut orders_may_come = true;
        let mut alive = tokio::time::interval(PULSE);
        alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.act(Action::ReportCredits).await;
        while !self.slots.has_ended() {
            let event = tokio::select! {
                order = orders.recv(), if orders_may_come => match order {
                    Some(order) => Event::Ordered(order),
                    None => {
                        orders_may_come = false;
                        Event::DrainRequested
                    }
                },
                Some(ended) = self.running.join_next() => {
                    self.ended(ended.expect("pipelines do not panic"))
                }
                _ = alive.tick() => {
                    self.pulse.beat();
                    continue;
                }
                () = drain.cancelled(), if !self.slots.is_draining() => Event::DrainRequested,
            };
            for action in self.slots.apply(event) {
                self.act(action).await;
            }
        }
    }

    fn ended(&self, ended: Ended) -> Event {
        let Ended { lease, outcome, elapsed } = ended;
        log(&lease, &outcome, elapsed);
        METRICS.leases_ended.of(LeaseEnd::of(&outcome)).inc();
        let progress = self.shop.board.drop_lease(lease.key);
        let progress = progress.unwrap_or_else(|| Progress::none(lease));
        Event::Ended { progress: Progress { lease, ..progress }, outcome, elapsed }
    }

    async fn act(&mut self, action: Action) {
        match action {
            Action::Hold(lease) => self.shop.board.hold(lease),
            Action::Start(lease) => self.start(lease),
            Action::Revoke(key) => self.shop.board.revoke(key),
            Action::Cut { key, at } => self.shop.board.cut(key, at),
            Action::Drop(key) => drop(self.shop.board.drop_lease(key)),
            Action::Report(report) => self.report(report).await,
            Action::ReportCredits => self.report(Report::Credits(self.shop.board.credits())).await,
            Action::Drain => {
                info!("draining");
                self.shop.board.close();
                self.shop.drain.cancel();
            }
            // Only the first one counts.
            Action::Expel(err) => drop(self.shop.expelled.set(err)),
        }
    }

    fn start(&mut self, lease: Lease) {
        let (shop, clock) = (Arc::clone(&self.shop), self.clock);
        let revoked = shop.board.revocation(lease.key);
        self.running.spawn(async move {
            let started = clock.now();
            let outcome = Box::pin(pipeline::work(&shop, &lease, revoked)).await;
            Ended { lease, outcome, elapsed: clock.now().saturating_sub(started) }
        });
    }

    /// Where the session has ended, nobody is left to be told.
    async fn report(&self, report: Report) {
        drop(self.reports.send(report).await);
    }
}

fn log(lease: &Lease, outcome: &Outcome, elapsed: Duration) {
    let LeaseKey { job, range, epoch } = lease.key;
    match outcome {
        Outcome::Done => {
            info!(%job, %range, %epoch, elapsed_ms = elapsed.as_millis(), "range done");
        }
        Outcome::Gone => info!(%job, %range, %epoch, "the lease has moved on"),
        Outcome::Drained => info!(%job, %range, %epoch, "the range is given back"),
        Outcome::Expelled(err) => {
            error!(%job, %range, %err, "the worker cannot continue; draining");
        }
        Outcome::Stuck { class, reason } => {
            warn!(%job, %range, ?class, reason, "the range is given back");
        }
    }
}

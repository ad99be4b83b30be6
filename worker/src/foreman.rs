//! Leases into slots: what is granted is worked off or waits for a free slot.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};
use xmlx_domain::{ErrorClass, JobId, Lease, LeaseKey, Progress};
use xmlx_runtime::Clock;

use crate::pipeline::{self, Outcome, Shop};

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

struct Finished {
    lease: Lease,
    outcome: Outcome,
    elapsed_ms: u64,
}

pub(crate) struct Foreman {
    shop: Arc<Shop>,
    clock: Clock,
    reports: mpsc::Sender<Report>,
    waiting: VecDeque<(Lease, CancellationToken)>,
    running: JoinSet<Finished>,
}

impl std::fmt::Debug for Foreman {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Foreman").field("waiting", &self.waiting.len()).finish_non_exhaustive()
    }
}

impl Foreman {
    pub(crate) fn new(shop: Arc<Shop>, reports: mpsc::Sender<Report>) -> Self {
        Self {
            shop,
            clock: Clock::start(),
            reports,
            waiting: VecDeque::new(),
            running: JoinSet::new(),
        }
    }

    /// Works until drained.
    pub(crate) async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        let drain = self.shop.drain.clone();
        self.report_credits().await;
        while !drain.is_cancelled() {
            tokio::select! {
                order = orders.recv() => match order {
                    Some(order) => self.obey(order).await,
                    None => break,
                },
                Some(finished) = self.running.join_next() => {
                    self.finish(finished.expect("pipelines do not panic")).await;
                }
                () = drain.cancelled() => (),
            }
        }
        self.wind_up().await;
    }

    async fn obey(&mut self, order: Order) {
        match order {
            Order::Grant(lease) => {
                if let Some(revoked) = self.shop.board.take(lease) {
                    self.waiting.push_back((lease, revoked));
                    self.fill();
                    self.report_credits().await;
                }
            }
            Order::Revoke(key) => {
                self.shop.board.revoke(key);
                if let Some(i) = self.waiting.iter().position(|(it, _)| it.key == key) {
                    self.waiting.remove(i);
                    self.shop.board.drop_lease(key);
                    self.report_credits().await;
                }
            }
            Order::Split { key, at } => self.shop.board.cut(key, at),
            Order::Drain => {
                info!("draining by order");
                self.shop.drain.cancel();
            }
        }
    }

    fn fill(&mut self) {
        let slots = usize::try_from(self.shop.config.slots).unwrap_or(1);
        while self.running.len() < slots {
            let Some((lease, revoked)) = self.waiting.pop_front() else { return };
            let (shop, clock) = (Arc::clone(&self.shop), self.clock);
            self.running.spawn(async move {
                let started = clock.now();
                let outcome = Box::pin(pipeline::work(&shop, &lease, revoked)).await;
                let elapsed = clock.now().saturating_sub(started).as_millis();
                Finished { lease, outcome, elapsed_ms: u64::try_from(elapsed).unwrap_or(u64::MAX) }
            });
        }
    }

    async fn finish(&mut self, it: Finished) {
        let Finished { lease, outcome, elapsed_ms } = it;
        let progress = self.shop.board.drop_lease(lease.key);
        let Progress { committed_through, apps, .. } =
            progress.unwrap_or_else(|| Progress::none(lease));
        let LeaseKey { job, range, epoch } = lease.key;
        match outcome {
            Outcome::Done => {
                info!(%job, %range, %epoch, elapsed_ms, "range done");
                self.report(Report::Done { lease, apps, elapsed_ms }).await;
            }
            Outcome::Gone => {
                info!(%job, %range, %epoch, "the lease has moved on");
                self.release(lease, committed_through, Some(ErrorClass::Fenced), String::new())
                    .await;
            }
            Outcome::Drained => self.release(lease, committed_through, None, String::new()).await,
            Outcome::Expelled(err) => {
                error!(%job, %range, %err, "this worker can go on no more; draining");
                self.release(lease, committed_through, Some(ErrorClass::Transient), String::new())
                    .await;
                // Only the first one counts.
                let _ = self.shop.expelled.set(err);
                self.shop.drain.cancel();
            }
            Outcome::Stuck { class, reason } => {
                warn!(%job, %range, ?class, reason, "the range is given back");
                if matches!(
                    class,
                    ErrorClass::Capacity
                        | ErrorClass::Fatal
                        | ErrorClass::Data
                        | ErrorClass::Unclear
                ) {
                    let reason = reason.clone();
                    self.report(Report::Trouble { job, class, reason }).await;
                }
                self.release(lease, committed_through, Some(class), reason).await;
            }
        }
        if !self.shop.drain.is_cancelled() {
            self.fill();
            self.report_credits().await;
        }
    }

    /// Releases what waits, lets what runs finish its group, says goodbye.
    async fn wind_up(&mut self) {
        self.shop.board.close();
        self.report_credits().await;
        while let Some((lease, _)) = self.waiting.pop_front() {
            self.shop.board.drop_lease(lease.key);
            let committed_through = lease.scope.lo.saturating_sub(1);
            self.release(lease, committed_through, None, String::new()).await;
        }
        while let Some(finished) = self.running.join_next().await {
            self.finish(finished.expect("pipelines do not panic")).await;
        }
        self.report(Report::Goodbye).await;
    }

    async fn release(
        &self,
        lease: Lease,
        committed_through: i64,
        class: Option<ErrorClass>,
        reason: String,
    ) {
        self.report(Report::Released { lease, committed_through, class, reason }).await;
    }

    async fn report_credits(&self) {
        self.report(Report::Credits(self.shop.board.credits())).await;
    }

    async fn report(&self, report: Report) {
        drop(self.reports.send(report).await);
    }
}

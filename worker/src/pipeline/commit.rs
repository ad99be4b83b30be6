//! Third stage: groups into the database, under the lease's epoch.

use std::ops::Range;
use std::sync::Once;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use xmlx_domain::{ErrorClass, Lease};
use xmlx_report::{Gathered, Outcome as Counted, Rehearsal, Report};
use xmlx_runtime::Clock;
use xmlx_store::{
    Committed, Connection, Decided, EXTRAS_SINCE, Error, FINDINGS_MAX, FINDINGS_OF_A_LEASE_MAX,
    Group, HeldLease, OpenRange, REPORTS_SINCE, Refusals,
};

use super::cover::{Sights, Watch};
use super::parts::{Blame, Parts, Refused, Step};
use super::reconcile::Reconciliation;
use super::rehearse::{Kept, Rehearsed};
use super::retry::{persist, tries_of_a_commit};
use super::{Batch, Outcome, Shop};
use crate::jobs::Job;
use crate::metrics::{METRICS, Step as StepOf};

/// Said once in the life of the process.
static NOT_COUNTED: Once = Once::new();

/// The stage's state: what it commits with, and where the range ends by now.
#[derive(Debug)]
pub(super) struct Committer<'a> {
    shop: &'a Shop,
    held_lease: HeldLease,
    job: &'a Job,
    stop: &'a CancellationToken,
    connection: Connection,
    range: OpenRange,
    /// What the lease has committed, in numbers.
    gathered: Gathered,
    /// The same once the commit under way is in.
    gathered_next: Gathered,
    /// What a rehearsal has found.
    rehearsed: Option<Rehearsed>,
    /// What is seen of the documents beside their rows.
    watch: Watch,
    /// What the lease has compared, where the job is a reconciliation.
    reconciliation: Reconciliation,
    parts: Parts,
    /// Applications that failed for an error which is not known to be their own, until one behind them gets through.
    held: Vec<Decided>,
    /// The last error of theirs.
    held_for: String,
    /// Commits of the job by this process when the lease began.
    commits_before: u64,
}

/// Commits groups until none comes: whatever has been extracted is committed, after a drain as well, so that nobody
/// has to extract it again.
pub(super) async fn run<'a>(
    shop: &'a Shop,
    lease: &'a Lease,
    job: &'a Job,
    range: OpenRange,
    stop: &'a CancellationToken,
    mut batches: mpsc::Receiver<Batch>,
) -> Result<Committer<'a>, Outcome> {
    if range.schema < EXTRAS_SINCE {
        NOT_COUNTED.call_once(|| {
            warn!(
                version = range.schema,
                "the control tables are older than this build and have no place for warnings: they are not counted until a coordinator of this build leads, or `xmlx-client init` is run"
            );
        });
    }
    let rehearsed = match &job.rehearser {
        Some(rehearser) => {
            let counting = persist!(stop, shop.store.count_findings(lease.key.job));
            let left = FINDINGS_MAX - counting.map_err(Outcome::from)?;
            Some(Rehearsed::new(rehearser, left.clamp(0, FINDINGS_OF_A_LEASE_MAX)))
        }
        None => None,
    };
    let mut committer = Committer {
        shop,
        held_lease: shop.held(lease),
        job,
        stop,
        connection: shop.store.connection(),
        range,
        gathered: Gathered::default(),
        gathered_next: Gathered::default(),
        rehearsed,
        watch: Watch::begin(job.mode),
        reconciliation: Reconciliation::begin(shop, lease, job).await?,
        parts: Parts::new(shop.config.group_rows, job.refused_share()),
        held: Vec::new(),
        held_for: String::new(),
        commits_before: job.n_commits(),
    };
    while let Some(batch) = batches.recv().await {
        let mut decided = batch.decided;
        committer.watch.take_in(batch.seen);
        committer.rehearse(&mut decided).await?;
        committer.group(decided).await?;
        // Only a suspect is waited for.
        let _ = batch.committed.send(());
    }
    Ok(committer)
}

impl Committer<'_> {
    /// Finds out what the database would refuse of a group, where nothing of it is sent.
    async fn rehearse(&mut self, group: &mut [Decided]) -> Result<(), Outcome> {
        let (Some(rehearser), Some(rehearsed)) = (&self.job.rehearser, &mut self.rehearsed) else {
            return Ok(());
        };
        let verdicts = persist!(self.stop, rehearser.foresee(&mut self.connection, group));
        rehearsed.take_in(group, verdicts.map_err(Outcome::from)?);
        Ok(())
    }

    /// Commits a group, in several parts where it has many rows. Where the database refuses it, the guilty applications
    /// are looked for; these fail, and their neighbours are unharmed.
    async fn group(&mut self, batch: Vec<Decided>) -> Result<(), Outcome> {
        let mut group = std::mem::take(&mut self.held);
        self.parts.begin(group.len());
        group.extend(batch);
        loop {
            // What lies behind a cut belongs to somebody else.
            group.truncate(group.partition_point(|app| app.app_id() < self.range.scope.hi));
            let Some(step) = self.parts.next(&group) else { break };
            match step {
                Step::Search(part) => self.search(&mut group, part).await?,
                Step::Commit(part) => self.commit(&mut group, part).await?,
            }
        }
        self.held = group.split_off(self.parts.n_done().min(group.len()));
        Ok(())
    }

    /// Commits a part of a group.
    async fn commit(&mut self, group: &mut [Decided], part: Range<usize>) -> Result<(), Outcome> {
        match self.part(&group[part.clone()]).await {
            Ok(Committed::Now | Committed::Before) => {
                self.record(&group[part.clone()]);
                self.parts.committed(&part);
                self.job.set_refused_share(self.parts.share());
                Ok(())
            }
            Ok(Committed::Cut { hi }) => {
                info!(range = %self.held_lease.key.range, hi, "the range was cut");
                self.range.scope.hi = hi;
                Ok(())
            }
            Ok(Committed::DecidedElsewhere { app_ids }) => {
                info!(
                    range = %self.held_lease.key.range,
                    first_app_id = app_ids.first(),
                    n_apps = app_ids.len(),
                    "somebody else has decided them meanwhile; they are left as they are"
                );
                for app in &mut group[part] {
                    let app_id = app.app_id();
                    if app_ids.contains(&app_id) {
                        *app = Decided::Elsewhere { app_id };
                    }
                }
                Ok(())
            }
            Ok(Committed::Gone) => Err(Outcome::Gone),
            // Nothing of an application is written that the database could refuse.
            Err(err) if !self.job.mode.writes() && !err.is_unanswered() => Err(err.into()),
            Err(err) => {
                let refused = self.refused(&part, &err);
                self.sentence(group, refused, err)
            }
        }
    }

    /// Records the applications of a part that the database refuses as failed, where it can say at once which they are.
    async fn search(&mut self, group: &mut [Decided], part: Range<usize>) -> Result<(), Outcome> {
        let n_rows = group[part.clone()].iter().map(|app| app.rows() + 1).sum();
        let searched = Group::of(self.range, &group[part.clone()]);
        let (commit, lease) = (&self.job.commit, &self.held_lease);
        let (gate, connection) = (&self.shop.gate, &mut self.connection);
        let found = persist!(self.stop, tries_of_a_commit, async {
            let pass = gate.enter().await;
            let outcome = commit.find_refused(connection, lease, searched).await;
            // How long a search takes says nothing of how long commits take; that it is refused for a lock does.
            if outcome.is_err() {
                pass.note(&outcome, n_rows);
            }
            outcome
        });
        let Refusals { tried, refused } = match found {
            Ok(Some(found)) => found,
            Ok(None) => {
                self.parts.not_searched(&part);
                return Ok(());
            }
            Err(err) => {
                let refused = self.refused(&part, &err);
                return self.sentence(group, refused, err);
            }
        };
        let n_refused = refused.len();
        for (place, err) in refused {
            self.fail(&mut group[part.start + place], &err);
        }
        let of_those_tried = &group[part.start..part.start + tried];
        let n_through = of_those_tried.iter().filter(|app| matches!(app, Decided::Rows(_))).count();
        self.parts.searched(&part, tried, n_refused, n_through);
        Ok(())
    }

    /// Turns an application that the database refuses into one that failed.
    fn fail(&mut self, app: &mut Decided, err: &Error) {
        let (app_id, reason) = (app.app_id(), self.job.commit.refusal(app, err));
        warn!(app_id, %reason, "the database refuses the application");
        self.held_for = err.to_string();
        *app = Decided::Failed { app_id, reason };
    }

    /// What follows from an error of a commit; `None`: it says nothing of the applications.
    fn refused(&mut self, part: &Range<usize>, err: &Error) -> Option<Refused> {
        match err.class() {
            ErrorClass::Data => Some(self.parts.refused(part, Blame::Application)),
            ErrorClass::Unclear => Some(self.parts.refused(part, Blame::Unproven)),
            // A smaller one may be answered in time.
            ErrorClass::Ambiguous if err.is_unanswered() && self.parts.slowed(part) => {
                Some(Refused::Divided)
            }
            ErrorClass::Ambiguous
            | ErrorClass::Fenced
            | ErrorClass::Transient
            | ErrorClass::Capacity
            | ErrorClass::Fatal => None,
        }
    }

    /// Records the application that a refusal leads to as failed, or ends the lease's work.
    fn sentence(
        &mut self,
        group: &mut [Decided],
        refused: Option<Refused>,
        err: Error,
    ) -> Result<(), Outcome> {
        match refused {
            Some(Refused::Divided) => Ok(()),
            Some(Refused::Guilty(i)) if group[i].rows() > 0 => {
                self.fail(&mut group[i], &err);
                Ok(())
            }
            None if err.is_unanswered() => Err(too_slow(&err)),
            Some(Refused::Guilty(_) | Refused::Hopeless) | None => Err(err.into()),
        }
    }

    /// One commit, repeated while the trouble passes or its answer was lost.
    async fn part(&mut self, decided: &[Decided]) -> Result<Committed, Error> {
        let Kept { rehearsal, findings, keys } = match (&self.job.rehearser, &mut self.rehearsed) {
            (Some(rehearser), Some(rehearsed)) => rehearsed.keep(rehearser, decided),
            (None, _) | (_, None) => Kept::default(),
        };
        let found = match &self.job.comparison {
            Some(comparison) => Some(persist!(
                self.stop,
                self.reconciliation.compare(comparison, &mut self.connection, decided)
            )?),
            None => None,
        };
        let report = match &found {
            Some(found) => found.report.clone(),
            None => self.report(decided, rehearsal),
        };
        let group = Group {
            report: &report,
            findings: found.as_ref().map_or(&findings, |found| &found.findings),
            keys: &keys,
            ..Group::of(self.range, decided)
        };
        let (commit, lease) = (&self.job.commit, &self.held_lease);
        let (gate, connection) = (&self.shop.gate, &mut self.connection);
        let rows = decided.iter().map(|app| app.rows() + 1).sum();
        let outcome = persist!(self.stop, tries_of_a_commit, async {
            let asked = Clock::start();
            let pass = gate.enter().await;
            METRICS.commit_wait.observe(asked.now().as_secs_f64());
            let outcome =
                METRICS.timed(StepOf::Commit, commit.commit(connection, lease, group)).await;
            pass.note(&outcome, rows);
            outcome
        });
        if let (Ok(Committed::Now | Committed::Before), Some(found)) = (&outcome, found) {
            self.reconciliation = found.next;
        }
        outcome
    }

    /// What the lease will have committed with these applications, in numbers.
    fn report(&mut self, decided: &[Decided], rehearsal: Option<Rehearsal>) -> String {
        if self.range.schema < REPORTS_SINCE {
            return String::new();
        }
        let outcomes = decided.iter().filter_map(|app| match app {
            Decided::Rows(application) => Some(Counted::Rows(application)),
            Decided::Failed { .. } => Some(Counted::Failed),
            Decided::Elsewhere { .. } => None,
        });
        let counter = &self.job.counter;
        self.gathered_next.clone_from(&self.gathered);
        self.gathered_next.merge(&counter.count(outcomes));
        let Sights { coverage, changes } = self.watch.keep(decided);
        Report { rehearsal, coverage, changes, ..counter.report(&self.gathered_next) }.to_json()
    }

    /// Keeps what a commit that took effect has changed.
    fn record(&mut self, decided: &[Decided]) {
        let Some(last) = decided.last() else { return };
        METRICS.count(decided, self.job.mode);
        self.range.committed_through = last.app_id();
        self.gathered = std::mem::take(&mut self.gathered_next);
        if let Some(rehearsed) = &mut self.rehearsed {
            rehearsed.record();
        }
        self.watch.record();
        let n_apps = decided.iter().filter(|app| !matches!(app, Decided::Elsewhere { .. })).count();
        self.shop.board.committed(self.held_lease.key, last.app_id(), n_apps);
        if decided.iter().any(|app| app.rows() > 0) {
            self.job.note_commit();
        }
    }

    /// Closes the range where the fetch has ended; where it was cut in the meantime, at its new end. What lies behind
    /// `fetched_to` nobody has fetched: should the range reach further (a database that has gone back in time over a
    /// cut), the lease is given back.
    pub(super) async fn complete(mut self, fetched_to: i64) -> Outcome {
        self.range.scope.hi = self.range.scope.hi.min(fetched_to);
        if let Err(outcome) = self.settle_held().await {
            return outcome;
        }
        let (lease, stop) = (&self.held_lease, self.stop);
        loop {
            let OpenRange { scope, committed_through, .. } = self.range;
            let closed = persist!(stop, lease.complete(&mut self.connection, self.range));
            match closed {
                Ok(()) => return Outcome::Done,
                Err(Error::Fenced) => (),
                Err(err) => return err.into(),
            }
            match lease.open(&mut self.connection).await {
                Ok(Some(range))
                    if range.scope.hi < scope.hi
                        && range.committed_through == committed_through =>
                {
                    self.range = range;
                }
                Ok(_) => return Outcome::Gone,
                Err(err) => return err.into(),
            }
        }
    }

    /// At the end of a range nothing follows that could show whether others get through: what this process has
    /// committed for the job since the lease began shows it as well.
    async fn settle_held(&mut self) -> Result<(), Outcome> {
        let held = std::mem::take(&mut self.held);
        if held.is_empty() {
            return Ok(());
        }
        if self.job.n_commits() == self.commits_before {
            return Err(Outcome::Stuck {
                class: ErrorClass::Unclear,
                reason: format!(
                    "{}; nothing else of the job has got through, so that it may not be the application {}",
                    self.held_for,
                    held[0].app_id()
                ),
            });
        }
        match self.part(&held).await {
            Ok(Committed::Now | Committed::Before) => {
                self.record(&held);
                Ok(())
            }
            // The next owner takes them again.
            Ok(Committed::Cut { .. } | Committed::DecidedElsewhere { .. } | Committed::Gone) => {
                Err(Outcome::Gone)
            }
            Err(err) => Err(err.into()),
        }
    }
}

/// The commit of a single application is not answered in time, again and again: only an operator can help.
fn too_slow(err: &Error) -> Outcome {
    Outcome::Stuck {
        class: ErrorClass::Capacity,
        reason: format!(
            "{err}, though it writes the rows of one application: look for what it waits for in sys.dm_exec_requests"
        ),
    }
}

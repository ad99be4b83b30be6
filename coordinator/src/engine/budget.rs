//! Budgets, carried out: read in tasks beside the engine, and the job paused where `xmlx_lease::budget` says so.

use std::time::Duration;

use tracing::{info, warn};
use xmlx_domain::{JobId, JobState};
use xmlx_lease::budget::{Account, Reading, Spent, Tally, Watched};
use xmlx_lease::life;
use xmlx_store::{Error, Store};

use super::command::{Command, JobOrder};
use super::{Engine, ends_leadership};

/// How many columns a reason names.
const COLUMNS_SHOWN: usize = 3;

impl Engine {
    /// Reads the budgets of the running jobs that are due, in tasks beside the engine.
    pub(super) fn read_budgets(&mut self) {
        let now = self.clock.now();
        let running =
            self.modes.keys().filter(|job| self.table.state(**job) == Some(JobState::Running));
        for job in self.budgets.take_due(running.copied(), now) {
            let (handle, store, clock) = (self.handle.clone(), self.looks.clone(), self.clock);
            tokio::spawn(async move {
                let asked_at = clock.now();
                let read = read(&store, job).await;
                let took = clock.now().saturating_sub(asked_at);
                handle.send(Command::Accounted { job, read, took }).await;
            });
        }
    }

    /// Pauses the job where its budget is used up; what more there is to say follows when it is known.
    pub(super) async fn accounted(
        &mut self,
        job: JobId,
        read: Result<BudgetRead, Error>,
        took: Duration,
    ) -> Result<(), Error> {
        let reading = match &read {
            Ok(BudgetRead { account: Some(account), .. }) => Reading::Decided(account.now.decided),
            Ok(BudgetRead { account: None, .. }) => Reading::Unlimited,
            Err(err) => {
                warn!(%job, %err, "cannot read what the job has of its budget; trying again");
                Reading::Failed
            }
        };
        self.budgets.read(job, reading, took, self.clock.now());
        let Ok(BudgetRead { account: Some(account), thresholds }) = read else { return Ok(()) };
        let had = account.had();
        let spent = account.pauses_for();
        let reason = match (spent, account.pauses_for_column(&thresholds)) {
            (Some(spent), _) => spent.reason(job, had, ""),
            (None, Some(exceeded)) => exceeded.reason(job),
            (None, None) => return Ok(()),
        };
        let Some(pause) = life::over_budget(self.table.state(job), &reason) else { return Ok(()) };
        match self.persist_move(job, &pause, None).await {
            Ok(true) => {
                if let Some(spent) = spent {
                    self.explain(job, spent, had, reason);
                }
            }
            // It has moved meanwhile.
            Ok(false) => (),
            Err(err) if ends_leadership(&err) => return Err(err),
            Err(err) => warn!(%job, %err, "cannot pause the job; trying again"),
        }
        Ok(())
    }

    /// Finds out what happened most, beside the engine: the log may be long.
    fn explain(&self, job: JobId, spent: Spent, had: Tally, before: String) {
        let (handle, store) = (self.handle.clone(), self.looks.clone());
        let lanes = self.lanes.clone();
        tokio::spawn(async move {
            let _turn = lanes.whole.enter(format!("finding out why job {job} is paused")).await;
            let details = match spent {
                Spent::Failures(_) => failures(&store, job).await,
                Spent::Warnings(_) => warnings(&store, job).await,
            };
            match details {
                Ok(details) => {
                    let after = spent.reason(job, had, &details);
                    handle.send(Command::Explained { job, before, after }).await;
                }
                Err(err) => warn!(%job, %err, "cannot see what most of them have in common"),
            }
        });
    }

    pub(super) async fn explained(
        &self,
        job: JobId,
        before: &str,
        after: &str,
    ) -> Result<(), Error> {
        match self.store.set_job_reason(&self.leadership, job, (before, after)).await {
            Err(err) if ends_leadership(&err) => Err(err),
            Err(err) => {
                warn!(%job, %err, "cannot note what most of them have in common");
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// What a job that is resumed has used up begins anew.
    pub(super) async fn renew_budget(
        &mut self,
        job: JobId,
        spent: Option<Tally>,
        exceeded: &[Watched],
    ) -> Result<(), Error> {
        if let Some(now) = spent {
            info!(%job, decided = now.decided, "the budget begins anew");
            self.store.renew_budget(&self.leadership, job, now).await?;
        }
        if !exceeded.is_empty() {
            info!(%job, n_thresholds = exceeded.len(), "thresholds of columns begin anew");
            self.store.renew_thresholds(&self.leadership, job, exceeded).await?;
        }
        Ok(())
    }
}

/// What has been read of a job's limits.
#[derive(Debug)]
pub(crate) struct BudgetRead {
    /// `None`: it was submitted to a release that had no budgets.
    account: Option<Account>,
    thresholds: Vec<Watched>,
}

async fn read(store: &Store, job: JobId) -> Result<BudgetRead, Error> {
    let account = store.account(job).await?;
    let thresholds = if account.is_some() { store.watched(job).await? } else { Vec::new() };
    Ok(BudgetRead { account, thresholds })
}

/// The order to resume a job, with what it has used up by now: a job that is resumed then gets it once more.
pub(crate) async fn resume_order(store: &Store, job: JobId) -> Result<JobOrder, Error> {
    let BudgetRead { account, mut thresholds } = read(store, job).await?;
    thresholds.retain(Watched::is_exceeded);
    let spent = account.filter(|account| account.spent().is_some()).map(|account| account.now);
    Ok(JobOrder::Resume { spent, exceeded: thresholds })
}

/// The stages of the job's failures, and the most frequent reason.
async fn failures(store: &Store, job: JobId) -> Result<String, Error> {
    let (plan, _) = store.job_plan(job).await?;
    let Some(row) = store.job(job).await? else { return Ok(String::new()) };
    let (stages, top) = store.common_failures(&plan, &row).await?;
    let stages: Vec<String> =
        stages.iter().map(|stage| format!("{} {}", stage.stage, stage.count)).collect();
    let top = top.map(|(reason, n)| format!("; most often ({n}): {reason}")).unwrap_or_default();
    Ok(format!(": {}{top}", stages.join(", ")))
}

/// The columns with the most warnings.
async fn warnings(store: &Store, job: JobId) -> Result<String, Error> {
    let rows = store.warnings(job).await?;
    let shown = rows.iter().take(COLUMNS_SHOWN);
    let shown: Vec<String> = shown
        .map(|row| format!("`{}.{}` {} in {}", row.table, row.column, row.kind, row.applications))
        .collect();
    Ok(format!(", most often {}", shown.join(", ")))
}

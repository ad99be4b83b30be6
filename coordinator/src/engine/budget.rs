//! Budgets, carried out: read in tasks beside the engine, and the job paused where `xmlx_lease::budget` says so.

use std::time::Duration;

use tracing::{info, warn};
use xmlx_domain::{JobId, JobState};
use xmlx_lease::budget::{Account, Reading, Spent, Tally};
use xmlx_lease::life;
use xmlx_store::{Error, Store};

use super::command::Command;
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
                let account = store.account(job).await;
                let took = clock.now().saturating_sub(asked_at);
                handle.send(Command::Accounted { job, account, took }).await;
            });
        }
    }

    /// Pauses the job where its budget is used up; what more there is to say follows when it is known.
    pub(super) async fn accounted(
        &mut self,
        job: JobId,
        account: Result<Option<Account>, Error>,
        took: Duration,
    ) -> Result<(), Error> {
        let reading = match &account {
            Ok(Some(account)) => Reading::Decided(account.now.decided),
            Ok(None) => Reading::Unlimited,
            Err(err) => {
                warn!(%job, %err, "cannot read what the job has of its budget; trying again");
                Reading::Failed
            }
        };
        self.budgets.read(job, reading, took, self.clock.now());
        let Ok(Some(account)) = account else { return Ok(()) };
        let Some(spent) = account.pauses_for() else { return Ok(()) };
        let had = account.had();
        let reason = spent.reason(job, had, "");
        let Some(pause) = life::over_budget(self.table.state(job), &reason) else { return Ok(()) };
        match self.persist_move(job, &pause).await {
            Ok(true) => self.explain(job, spent, had, reason),
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

    pub(super) async fn renew_budget(&mut self, job: JobId, now: Tally) -> Result<(), Error> {
        info!(%job, decided = now.decided, "the budget begins anew");
        self.store.renew_budget(&self.leadership, job, now).await
    }
}

/// What a job has by now, where its budget is used up: a job that is resumed then gets it once more.
pub(crate) async fn spent_by_now(store: &Store, job: JobId) -> Result<Option<Tally>, Error> {
    let account = store.account(job).await?;
    Ok(account.filter(|account| account.spent().is_some()).map(|account| account.now))
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

//! Budgets: a job that has more failures or warnings than it may have pauses, and says why.
//!
//! What a job has is read from the tables, where the commits count it. So a job exceeds its budget by no more than what
//! the cluster decides between two looks and until the pause has revoked every lease.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tracing::{info, warn};
use xmlx_domain::{JobId, JobState};
use xmlx_store::{Account, Error, Limit, Store, Tally};

use super::command::Command;
use super::{Engine, ends_leadership};

/// How often a job is looked at, and how often while it is young: a cause that makes everything fail shows at once, and
/// a fast cluster writes thousands of failures in a second.
const LOOK: Duration = Duration::from_secs(1);
const LOOK_YOUNG: Duration = Duration::from_millis(100);
/// A job is young until so many applications are decided.
const YOUNG: i64 = 2_000;
/// No look comes sooner than so many times as long as the one before took: adding up a job of many ranges must not keep
/// the database busy.
const LOOK_PAUSES: u32 = 50;
/// Where the database does not answer, the job is looked at again after so long.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// A share counts once so many applications are decided; a job of fewer just ends.
const DECIDED_MIN: i64 = 100;
/// How many columns a reason names.
const COLUMNS_SHOWN: usize = 3;

/// When which job is looked at.
#[derive(Debug, Default)]
pub(super) struct Looks {
    under_way: BTreeSet<JobId>,
    due: BTreeMap<JobId, Duration>,
    /// Jobs without a budget: they were submitted to a release that had none.
    unlimited: BTreeSet<JobId>,
}

/// What is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spent {
    Failures(Limit),
    Warnings(Limit),
}

/// Which budget is used up, of what has come since the job was last resumed for that.
fn spent(account: &Account) -> Option<(Spent, Tally)> {
    let had = account.now.since(account.before);
    let exceeds = |limit: &Limit, n| limit.is_exceeded(n, had.decided, DECIDED_MIN);
    let failures = Some(account.budget.max_failures).filter(|it| exceeds(it, had.failed));
    let warnings = account.budget.max_warnings.filter(|it| exceeds(it, had.warned));
    let spent = failures.map(Spent::Failures).or(warnings.map(Spent::Warnings))?;
    Some((spent, had))
}

impl Spent {
    /// Why the job is paused: what, what it was, and the way out. `details` come in between.
    fn reason(self, job: JobId, had: Tally, details: &str) -> String {
        let (n, what, limit, flag, list) = match self {
            Self::Failures(limit) => (had.failed, "failed", limit, "--max-failures", "failures"),
            Self::Warnings(limit) => {
                (had.warned, "have warnings", limit, "--max-warnings", "warnings")
            }
        };
        let decided = had.decided;
        format!(
            "{n} of {decided} applications {what}, more than `{flag} {limit}` allows{details}; `xmlx-client {list} {job}` lists them, `xmlx-client resume {job}` goes on and counts anew"
        )
    }
}

impl Engine {
    /// Looks at the running jobs that are due, in tasks beside the engine.
    pub(super) fn look_at_budgets(&mut self) {
        let now = self.clock.now();
        let due = |job: &JobId, looks: &Looks| {
            !looks.under_way.contains(job)
                && !looks.unlimited.contains(job)
                && looks.due.get(job).is_none_or(|it| *it <= now)
        };
        let running =
            self.modes.keys().filter(|job| self.table.state(**job) == Some(JobState::Running));
        let jobs: Vec<JobId> = running.filter(|job| due(job, &self.budgets)).copied().collect();
        for job in jobs {
            self.budgets.under_way.insert(job);
            let (handle, store, clock) = (self.handle.clone(), self.looks.clone(), self.clock);
            tokio::spawn(async move {
                let asked_at = clock.now();
                let account = store.account(job).await;
                let took = clock.now().saturating_sub(asked_at);
                handle.tell(Command::Accounted { job, account, took }).await;
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
        self.budgets.under_way.remove(&job);
        let is_young = matches!(&account, Ok(Some(it)) if it.now.decided < YOUNG);
        let pause = if is_young { LOOK_YOUNG } else { LOOK };
        self.budgets.due.insert(job, self.clock.now() + pause.max(took * LOOK_PAUSES));
        let account = match account {
            Ok(Some(account)) => account,
            Ok(None) => {
                self.budgets.unlimited.insert(job);
                return Ok(());
            }
            Err(err) => {
                self.budgets.due.insert(job, self.clock.now() + LOOK_AGAIN);
                warn!(%job, %err, "cannot see what the job has of its budget; looking again");
                return Ok(());
            }
        };
        // Where nothing is left to do there is nothing to stop.
        let is_at_its_end = account.total.is_some_and(|total| account.now.decided >= total);
        let Some((spent, had)) = spent(&account).filter(|_| !is_at_its_end) else { return Ok(()) };
        if self.table.state(job) != Some(JobState::Running) {
            return Ok(());
        }
        let reason = spent.reason(job, had, "");
        let pause = (JobState::Running, JobState::Paused);
        match self.persist_move(job, pause, &reason).await {
            Ok(true) => self.explain(job, spent, had, reason),
            // It has moved meanwhile.
            Ok(false) => (),
            Err(err) if ends_leadership(&err) => return Err(err),
            Err(err) => warn!(%job, %err, "cannot pause the job; looking again"),
        }
        Ok(())
    }

    /// Looks what happened most, beside the engine: the log may be long.
    fn explain(&self, job: JobId, spent: Spent, had: Tally, before: String) {
        let (handle, store) = (self.handle.clone(), self.looks.clone());
        let lanes = self.lanes.clone();
        tokio::spawn(async move {
            let _turn = lanes.whole.enter(format!("looking why job {job} is paused")).await;
            let details = match spent {
                Spent::Failures(_) => failures(&store, job).await,
                Spent::Warnings(_) => warnings(&store, job).await,
            };
            match details {
                Ok(details) => {
                    let after = spent.reason(job, had, &details);
                    handle.tell(Command::Explained { job, before, after }).await;
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
    Ok(account.filter(|it| spent(it).is_some()).map(|it| it.now))
}

/// The stages of the job's failures, and the most frequent reason.
async fn failures(store: &Store, job: JobId) -> Result<String, Error> {
    let (plan, _) = store.job_plan(job).await?;
    let Some(row) = store.job(job).await? else { return Ok(String::new()) };
    let (stages, top) = store.common_failures(&plan, &row).await?;
    let stages: Vec<String> =
        stages.iter().map(|it| format!("{} {}", it.stage, it.count)).collect();
    let top = top.map(|(reason, n)| format!("; most often ({n}): {reason}")).unwrap_or_default();
    Ok(format!(": {}{top}", stages.join(", ")))
}

/// The columns with the most warnings.
async fn warnings(store: &Store, job: JobId) -> Result<String, Error> {
    let rows = store.warnings(job).await?;
    let shown = rows.iter().take(COLUMNS_SHOWN);
    let shown: Vec<String> = shown
        .map(|it| format!("`{}.{}` {} in {}", it.table, it.column, it.kind, it.applications))
        .collect();
    Ok(format!(", most often {}", shown.join(", ")))
}

#[cfg(test)]
mod tests {
    use xmlx_store::Budget;

    use super::*;

    fn tally(decided: i64, failed: i64, warned: i64) -> Tally {
        Tally { decided, failed, warned }
    }

    #[test]
    fn a_budget_is_used_up_since_the_job_was_resumed() {
        let max_warnings = Some(Limit::Number(7));
        let budget = Budget { max_failures: Limit::HALF, max_warnings };
        let of = |before, now| {
            let account = Account { budget, total: None, before, now };
            spent(&account).map(|(it, _)| it)
        };
        let none = Tally::default();
        assert_eq!(of(none, tally(99, 99, 0)), None, "too few to tell");
        assert_eq!(of(none, tally(100, 51, 0)), Some(Spent::Failures(Limit::HALF)));
        assert_eq!(of(tally(100, 51, 0), tally(199, 150, 0)), None, "99 since then");
        assert_eq!(
            of(tally(100, 51, 0), tally(200, 102, 0)),
            Some(Spent::Failures(Limit::HALF)),
            "51 of 100 since then"
        );
        assert_eq!(of(none, tally(20, 0, 8)), Some(Spent::Warnings(Limit::Number(7))));
        assert_eq!(of(tally(20, 0, 8), tally(90, 0, 15)), None);
        assert_eq!(of(tally(20, 0, 8), tally(91, 0, 16)), Some(Spent::Warnings(Limit::Number(7))));
    }

    #[test]
    fn a_reason_names_the_way_out() {
        let spent = Spent::Failures(Limit::HALF);
        let details = ": mapping 70, validation 4; most often (65): mapping: no `ID`";
        assert_eq!(
            spent.reason(JobId(3), tally(120, 74, 0), details),
            "74 of 120 applications failed, more than `--max-failures 50%` allows: mapping 70, validation 4; most often (65): mapping: no `ID`; `xmlx-client failures 3` lists them, `xmlx-client resume 3` goes on and counts anew"
        );
    }
}

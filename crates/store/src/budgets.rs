//! Budgets: how many failures and warnings a job may have before it pauses, and how many it has.

use std::collections::BTreeMap;

use xmlx_domain::JobId;
use xmlx_lease::budget::{Account, Budget, Limit, Tally};

use crate::connection::{Row, column, optional};
use crate::schema::EXTRAS_SINCE;
use crate::{Error, Leadership, Store, statements};

/// What is shown of a job's warnings and budget.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Warned {
    /// Applications with warnings.
    pub applications: i64,
    /// Warnings.
    pub warnings: i64,
    /// `None`: submitted to a release that had none.
    pub budget: Option<Budget>,
}

impl Store {
    /// A job's budget, and what it has of it. `None`: it has no budget.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn account(&self, job_id: JobId) -> Result<Option<Account>, Error> {
        const IT: &str = "job_account";
        if !self.has_schema(EXTRAS_SINCE).await? {
            return Ok(None);
        }
        let rows = self.run(statements::JOB_ACCOUNT, &[&job_id.0]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let (ok, failed): (i64, i64) =
            (column(row, "done_ok", IT)?, column(row, "done_failed", IT)?);
        let Some(budget) = budget(row, IT)? else { return Ok(None) };
        Ok(Some(Account {
            budget,
            total: optional(row, "total", IT)?,
            before: Tally {
                decided: column(row, "decided_before", IT)?,
                failed: column(row, "failed_before", IT)?,
                warned: column(row, "warned_before", IT)?,
            },
            now: Tally { decided: ok + failed, failed, warned: column(row, "warned", IT)? },
        }))
    }

    /// A job's budget begins again: what it has by now does not count.
    ///
    /// # Errors
    /// [`Error::Deposed`].
    pub async fn renew_budget(
        &self,
        leader: &Leadership,
        job_id: JobId,
        now: Tally,
    ) -> Result<(), Error> {
        let params: [&dyn tiberius::ToSql; 6] =
            [&leader.term.0, &job_id.0, &now.decided, &now.failed, &now.warned, &leader.holder];
        self.run(statements::JOB_BUDGET_RENEW, &params).await?;
        Ok(())
    }

    /// Warnings and budgets of all jobs, or of one. Empty where the control tables have no place for them yet.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn warned(&self, job_id: Option<JobId>) -> Result<BTreeMap<JobId, Warned>, Error> {
        const IT: &str = "jobs_warned";
        let mut all: BTreeMap<JobId, Warned> = BTreeMap::new();
        if !self.has_schema(EXTRAS_SINCE).await? {
            return Ok(all);
        }
        for row in &self.run(statements::JOBS_WARNED, &[&job_id.map_or(0, |job| job.0)]).await? {
            let warned = Warned {
                applications: column(row, "applications", IT)?,
                warnings: column(row, "warnings", IT)?,
                budget: budget(row, IT)?,
            };
            all.insert(JobId(column(row, "job_id", IT)?), warned);
        }
        Ok(all)
    }
}

/// `None`: the job was submitted to a release that had no budgets.
fn budget(row: &Row, statement: &'static str) -> Result<Option<Budget>, Error> {
    let limit = |name| {
        let given = optional::<&str>(row, name, statement)?.unwrap_or_default();
        let read = (!given.is_empty()).then(|| given.parse::<Limit>()).transpose();
        read.map_err(|err| Error::Shape { statement, detail: err.to_string() })
    };
    let Some(max_failures) = limit("max_failures")? else { return Ok(None) };
    Ok(Some(Budget { max_failures, max_warnings: limit("max_warnings")? }))
}

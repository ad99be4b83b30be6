//! The history of one application: each row that the log has of it, and whose it is.

use xmlx_domain::{Epoch, JobId, RangeId};
use xmlx_extract::Plan;

use crate::connection::{Row, column, optional, text};
use crate::{Error, Store, name, statements};

/// A row of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its id in the log.
    pub log_id: i64,
    /// `success`, `failed`, or another tool's word.
    pub status: String,
    /// Why it failed; empty where it did not.
    pub reason: String,
    /// Who wrote it.
    pub session_id: String,
    /// ISO 8601, UTC.
    pub at: String,
    /// The job and lease that it was written under; `None`: another tool's, or of a job whose records were pruned.
    pub owner: Option<RunOwner>,
}

/// What a row of the log was written under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunOwner {
    /// The job.
    pub job_id: JobId,
    /// SHA-256 of its contract's text.
    pub contract_hash: String,
    /// The worker's name.
    pub worker: String,
    /// The range.
    pub range_id: RangeId,
    /// Under which epoch the worker held it.
    pub epoch: Epoch,
}

/// The statement that reads the log, for checks from outside.
#[must_use]
pub fn runs_statement(plan: &Plan) -> String {
    let log = name::table(plan.target_schema(), "processing_log");
    format!(
        "SELECT TOP (@P3) CAST(l.[log_id] AS bigint) AS [log_id], CAST(l.[status] AS nvarchar(400)) AS [status], CAST(l.[failure_reason] AS nvarchar(max)) AS [failure_reason], CAST(l.[session_id] AS nvarchar(400)) AS [session_id], CONVERT(nvarchar(30), l.[processing_time], 126) AS [at] \
         FROM {log} AS l WHERE l.[app_id] = @P1 AND l.[log_id] < @P2 ORDER BY l.[log_id] DESC"
    )
}

impl Store {
    /// The rows that the log of a contract has of an application, the latest first: those below `before`, at most
    /// `n_max`. Each costs a question of its own, so that pages should be small.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn runs(
        &self,
        plan: &Plan,
        app_id: i64,
        before: i64,
        n_max: i64,
    ) -> Result<Vec<Run>, Error> {
        const IT: &str = "runs";
        let rows = self.run_long(&runs_statement(plan), &[&app_id, &before, &n_max]).await?;
        let mut runs = Vec::with_capacity(rows.len());
        for row in &rows {
            let or_empty = |name| {
                optional::<&str>(row, name, IT).map(|text| text.unwrap_or_default().to_owned())
            };
            let (log_id, session_id) = (column(row, "log_id", IT)?, or_empty("session_id")?);
            runs.push(Run {
                log_id,
                status: or_empty("status")?,
                reason: or_empty("failure_reason")?,
                at: text(row, "at", IT)?,
                owner: self.run_owner(&session_id, app_id, log_id).await?,
                session_id,
            });
        }
        Ok(runs)
    }

    async fn run_owner(
        &self,
        session_id: &str,
        app_id: i64,
        log_id: i64,
    ) -> Result<Option<RunOwner>, Error> {
        let params: [&dyn tiberius::ToSql; 3] = [&session_id, &app_id, &log_id];
        let rows = self.run_long(statements::RUN_OWNER, &params).await?;
        rows.first().map(owner).transpose()
    }
}

fn owner(row: &Row) -> Result<RunOwner, Error> {
    const IT: &str = "run_owner";
    Ok(RunOwner {
        job_id: JobId(column(row, "job_id", IT)?),
        contract_hash: text(row, "contract_hash", IT)?,
        worker: text(row, "worker", IT)?,
        range_id: RangeId(column(row, "range_id", IT)?),
        epoch: Epoch(column(row, "epoch", IT)?),
    })
}

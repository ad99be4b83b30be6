//! Taking away what nobody needs any more of the control tables: jobs that ended long ago, with everything of theirs, and
//! sessions that ended before any job that stays. In batches, each a transaction of its own that few wait for.

use xmlx_domain::JobId;

use crate::connection::column;
use crate::schema::{EXTRAS_SINCE, FINDINGS_SINCE, REPORTS_SINCE, SELECTION_SINCE};
use crate::source::count;
use crate::{Error, Leadership, Store, statements};

/// Rows of one table in one transaction: below the number at which SQL Server locks the whole table instead.
const BATCH_ROWS: i64 = 2_000;
/// Jobs that are found at once.
const JOBS_MAX: i64 = 10_000;

/// A job that may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prunable {
    /// Its id.
    pub job_id: JobId,
    /// How many ranges it has.
    pub ranges: i64,
    /// How many entries its history has.
    pub entries: i64,
}

impl Store {
    /// The jobs that ended longer than `seconds` ago and that nothing needs any more, the oldest first.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn prunable_jobs(&self, seconds: i32) -> Result<Vec<Prunable>, Error> {
        const IT: &str = "prune_find";
        let rows = self.run_long(statements::PRUNE_FIND, &[&seconds, &JOBS_MAX]).await?;
        let found = |row| {
            Ok(Prunable {
                job_id: JobId(column(row, "job_id", IT)?),
                ranges: column(row, "ranges", IT)?,
                entries: column(row, "entries", IT)?,
            })
        };
        rows.iter().map(found).collect()
    }

    /// How many sessions that ended longer than `seconds` ago could go once these jobs have.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn prunable_sessions(&self, seconds: i32, gone: &[Prunable]) -> Result<i64, Error> {
        let ids: Vec<i64> = gone.iter().map(|job| job.job_id.0).collect();
        let ids = serde_json::to_string(&ids).expect("numbers are always JSON");
        let rows = self.run_long(statements::PRUNE_SESSIONS_FIND, &[&seconds, &ids]).await?;
        count(&rows, "prune_sessions_find")
    }

    /// Takes the next batch of a job; whether anything is left of it.
    ///
    /// # Errors
    /// [`Error::Conflict`] where it has not ended; [`Error::Deposed`].
    pub async fn prune_job(&self, leader: &Leadership, job_id: JobId) -> Result<bool, Error> {
        let params: [&dyn tiberius::ToSql; 4] =
            [&leader.term.0, &job_id.0, &BATCH_ROWS, &leader.holder];
        // Each version of the tables has added some that hold more of a job.
        for (since, name, statement) in [
            (EXTRAS_SINCE, "prune_extras", statements::PRUNE_EXTRAS),
            (REPORTS_SINCE, "prune_reports", statements::PRUNE_REPORTS),
            (FINDINGS_SINCE, "prune_findings", statements::PRUNE_FINDINGS),
            (SELECTION_SINCE, "prune_selection", statements::PRUNE_SELECTION),
        ] {
            if self.has_schema(since).await?
                && count(&self.run(statement, &params).await?, name)? > 0
            {
                return Ok(true);
            }
        }
        Ok(count(&self.run(statements::PRUNE_JOB, &params).await?, "prune_job")? > 0)
    }

    /// Takes the next batch of the sessions that ended longer than `seconds` ago and that no job needs.
    ///
    /// # Errors
    /// [`Error::Deposed`].
    pub async fn prune_sessions(&self, leader: &Leadership, seconds: i32) -> Result<(), Error> {
        let params: [&dyn tiberius::ToSql; 4] =
            [&leader.term.0, &leader.holder, &seconds, &BATCH_ROWS];
        self.run(statements::PRUNE_SESSIONS, &params).await?;
        Ok(())
    }
}

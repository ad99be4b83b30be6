//! Jobs.

mod contract;
mod follow;

use xmlx_domain::{Extent, JobId, JobState, Mode, Scope, Selection, Taking};
use xmlx_extract::Plan;
use xmlx_lease::budget::{Budget, Threshold};
use xmlx_lease::overlap::Grows;

use crate::audit::Record;
use crate::catalog::Room;
use crate::connection::{column, only, optional, text, word};
use crate::schema::EXTRAS_SINCE;
use crate::{Chosen, Error, Leadership, Part, Source, Store, statements, thresholds};

/// The room of `xmlx.job.reason`.
const REASON: Room = Room::Units(1000);

/// What stands for "any job" in statements that may be about one.
const ANY_JOB: i64 = 0;

/// A job to be submitted.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// Its id: one more than the highest.
    pub job_id: JobId,
    /// Makes a repeated submit find this job.
    pub submit_key: String,
    /// For people.
    pub name: String,
    /// SHA-256 of the contract's text.
    pub contract_hash: String,
    /// The contract's text.
    pub contract: String,
    /// Which applications it takes.
    pub mode: Mode,
    /// What it takes of these.
    pub chosen: Chosen,
    /// The higher, the sooner it is served.
    pub priority: i32,
    /// Its ids.
    pub scope: Scope,
    /// The highest `log_id` at submission.
    pub log_watermark: i64,
    /// What it may have before it pauses; left out where the control tables have no place for it yet.
    pub budget: Budget,
    /// What its columns may have before it pauses; none where the control tables have no place for them.
    pub thresholds: Vec<Threshold>,
    /// Where its scope grows, if it follows.
    pub grows: Grows,
}

/// A job as the database has it, with what its ranges add up to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRow {
    /// Its id.
    pub job_id: JobId,
    /// What a repeated submit is recognised by.
    pub submit_key: String,
    /// For people.
    pub name: String,
    /// SHA-256 of the contract's text.
    pub contract_hash: String,
    /// Which applications it takes.
    pub mode: Mode,
    /// What it takes of these.
    pub selection: Selection,
    /// The higher, the sooner it is served.
    pub priority: i32,
    /// Its ids.
    pub scope: Scope,
    /// How it stands.
    pub state: JobState,
    /// Why it is in this state; may be empty.
    pub reason: String,
    /// Applications that waited at submission or came later, where counted; once it is done, those it decided.
    pub total: Option<i64>,
    /// The highest `log_id` at submission.
    pub log_watermark: i64,
    /// The highest `log_id` when it had ended.
    pub log_end: Option<i64>,
    /// Applications that succeeded.
    pub done_ok: i64,
    /// Applications that failed.
    pub done_failed: i64,
    /// Rows written to target tables.
    pub rows_written: i64,
    /// Ranges by state: pending, leased, done.
    pub ranges: (i64, i64, i64),
    /// How often a lease was taken away.
    pub revoked: i64,
    /// ISO 8601, UTC.
    pub created_at: String,
    /// ISO 8601, UTC; empty while it runs.
    pub finished_at: String,
}

impl JobRow {
    /// How long it took from its submission to its end, by the database's clock; `None` where it has not ended.
    #[must_use]
    pub fn took(&self) -> Option<std::time::Duration> {
        let at = |text: &str| text.parse::<chrono::NaiveDateTime>().ok();
        let (from, to) = (at(&self.created_at)?, at(&self.finished_at)?);
        (to - from).to_std().ok()
    }

    /// The source of the job, whose contract is `plan`.
    #[must_use]
    pub fn source(&self, plan: &Plan) -> Source {
        self.source_as(plan, self.mode)
    }

    /// The same as a job of another mode would have it.
    pub(crate) fn source_as(&self, plan: &Plan, mode: Mode) -> Source {
        let part = Part { selection: self.selection, job: self.job_id };
        Source::of_part(plan, mode, self.log_watermark, part)
    }
}

/// What a leader has to know of a job that has not ended, without its ranges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenJob {
    /// Its id.
    pub job_id: JobId,
    /// Which applications it takes.
    pub mode: Mode,
    /// All of these, or a part.
    pub extent: Extent,
    /// The higher, the sooner it is served.
    pub priority: i32,
    /// Its ids.
    pub scope: Scope,
    /// How it stands; it may have ended though somebody still holds a range.
    pub state: JobState,
    /// Applications that waited at submission, where counted.
    pub total: Option<i64>,
    /// Applications that are decided.
    pub decided: i64,
}

/// Whether what the ranges of jobs add up to is wanted. Without row versions it takes the rows that commits hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counting {
    /// All of [`JobRow`].
    Counted,
    /// Counts of ranges and leases are 0.
    Uncounted,
}

/// Which jobs are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobsWanted<'a> {
    /// This one.
    One(JobId),
    /// Those below an id, or all of them; at most so many.
    Before(Option<JobId>, i64),
    /// Those that a new job with this key has to stand beside: those that have not ended, those whose log's end has not
    /// been noted, and the one with the same key. Only those below an id, or all of them.
    Beside(&'a str, Option<JobId>),
}

impl Store {
    /// Submits a job; it starts as one pending range.
    ///
    /// # Errors
    /// 2627 where the id or the key exists already; [`Error::Deposed`].
    pub async fn insert_job(&self, leader: &Leadership, job: &NewJob) -> Result<(), Error> {
        self.insert_job_recorded(leader, job, None).await
    }

    /// The same, with the record of it in the same transaction.
    ///
    /// # Errors
    /// As [`Store::insert_job`].
    pub async fn insert_job_recorded(
        &self,
        leader: &Leadership,
        job: &NewJob,
        record: Option<&Record>,
    ) -> Result<(), Error> {
        let taking = Taking { mode: job.mode, extent: job.chosen.selection().extent() }.to_string();
        let (millionths, n_listed, listed) = job.chosen.columns();
        let has_place = self.has_schema(EXTRAS_SINCE).await?;
        let budget = if has_place { job.budget.columns() } else { <(String, String)>::default() };
        let encoded_thresholds = thresholds::encoded(&job.thresholds);
        let params: [&dyn tiberius::ToSql; 18] = [
            &leader.term.0,
            &job.job_id.0,
            &job.submit_key,
            &job.name,
            &job.contract_hash,
            &job.contract,
            &taking,
            &job.scope.lo,
            &job.scope.hi,
            &job.log_watermark,
            &job.priority,
            &leader.holder,
            &budget.0,
            &budget.1,
            &encoded_thresholds,
            &millionths,
            &n_listed,
            &listed,
        ];
        self.run_recorded(statements::JOB_INSERT, &params, record).await?;
        Ok(())
    }

    /// A page of all jobs, the newest first: those below the id `before` where one is given, at most `n_max`.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn jobs_before(
        &self,
        before: Option<JobId>,
        n_max: i64,
    ) -> Result<Vec<JobRow>, Error> {
        self.select_jobs(Counting::Counted, JobsWanted::Before(before, n_max)).await
    }

    /// One job.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn job(&self, job_id: JobId) -> Result<Option<JobRow>, Error> {
        let found = self.select_jobs(Counting::Counted, JobsWanted::One(job_id)).await?;
        Ok(found.into_iter().next())
    }

    /// Some jobs, the newest first.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn select_jobs(
        &self,
        counting: Counting,
        wanted: JobsWanted<'_>,
    ) -> Result<Vec<JobRow>, Error> {
        let sql = match counting {
            Counting::Counted => statements::JOBS,
            Counting::Uncounted => statements::JOBS_UNCOUNTED,
        };
        let (n_max, before, job_id, submit_key) = match wanted {
            JobsWanted::One(job) => (1, None, job.0, ""),
            JobsWanted::Before(before, n_max) => (n_max, before, ANY_JOB, ""),
            JobsWanted::Beside(submit_key, before) => (i64::MAX, before, ANY_JOB, submit_key),
        };
        let before = before.map_or(i64::MAX, |job| job.0);
        let params: [&dyn tiberius::ToSql; 4] = [&n_max, &before, &job_id, &submit_key];
        let rows = self.run(sql, &params).await.map_err(Error::of_control_tables)?;
        let jobs = rows.iter().map(job).collect::<Result<_, Error>>()?;
        self.add_selections(jobs).await
    }

    /// How many jobs there are, and the highest id that one has; 0 where there is none.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn count_jobs(&self) -> Result<(i64, JobId), Error> {
        const IT: &str = "jobs_count";
        let rows = self.run(statements::JOBS_COUNT, &[]).await?;
        let row = only(&rows, IT)?;
        Ok((column(row, "n", IT)?, JobId(column(row, "newest", IT)?)))
    }

    /// The jobs that have not ended, or of which somebody still holds a range, by id.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn open_jobs(&self) -> Result<Vec<OpenJob>, Error> {
        self.jobs_open(None).await
    }

    /// One of [`Self::open_jobs`].
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn open_job(&self, job_id: JobId) -> Result<Option<OpenJob>, Error> {
        Ok(self.jobs_open(Some(job_id)).await?.into_iter().next())
    }

    async fn jobs_open(&self, job_id: Option<JobId>) -> Result<Vec<OpenJob>, Error> {
        const IT: &str = "jobs_open";
        let job_id = job_id.map_or(ANY_JOB, |job| job.0);
        let rows = self.run(statements::JOBS_OPEN, &[&job_id]).await;
        let open = |row| {
            let Taking { mode, extent } = word(row, "mode", IT)?;
            Ok(OpenJob {
                job_id: JobId(column(row, "job_id", IT)?),
                mode,
                extent,
                priority: column(row, "priority", IT)?,
                scope: Scope { lo: column(row, "scope_lo", IT)?, hi: column(row, "scope_hi", IT)? },
                state: word(row, "state", IT)?,
                total: optional(row, "total", IT)?,
                decided: column::<i64>(row, "done_ok", IT)?
                    + column::<i64>(row, "done_failed", IT)?,
            })
        };
        rows.map_err(Error::of_control_tables)?.iter().map(open).collect()
    }

    /// Moves a job from one state to another.
    ///
    /// # Errors
    /// [`Error::Conflict`] where it is not in state `from`; [`Error::Deposed`].
    pub async fn move_job(
        &self,
        leader: &Leadership,
        job_id: JobId,
        (from, to): (JobState, JobState),
        reason: &str,
    ) -> Result<(), Error> {
        self.move_job_recorded(leader, job_id, (from, to), reason, None).await
    }

    /// The same, with the record of who wished it in the same transaction.
    ///
    /// # Errors
    /// As [`Store::move_job`].
    pub async fn move_job_recorded(
        &self,
        leader: &Leadership,
        job_id: JobId,
        (from, to): (JobState, JobState),
        reason: &str,
        record: Option<&Record>,
    ) -> Result<(), Error> {
        let (from, to) = (from.as_str(), to.as_str());
        let reason = REASON.fit(reason);
        let params: [&dyn tiberius::ToSql; 6] =
            [&leader.term.0, &job_id.0, &from, &to, &reason, &leader.holder];
        self.run_recorded(statements::JOB_STATE, &params, record).await?;
        Ok(())
    }

    /// Says more of why a job is paused, where it is still so for the reason `before`.
    ///
    /// # Errors
    /// [`Error::Deposed`].
    pub async fn set_job_reason(
        &self,
        leader: &Leadership,
        job_id: JobId,
        (before, after): (&str, &str),
    ) -> Result<(), Error> {
        let (before, after) = (REASON.fit(before), REASON.fit(after));
        self.run(
            statements::JOB_REASON,
            &[&leader.term.0, &job_id.0, &before, &after, &leader.holder],
        )
        .await?;
        Ok(())
    }

    /// Notes how many applications of the scope waited at the submission. Nothing changes where the scope is another
    /// one by now, or the job has ended.
    ///
    /// # Errors
    /// [`Error::Deposed`].
    pub async fn set_job_total(
        &self,
        leader: &Leadership,
        job_id: JobId,
        scope: Scope,
        total: i64,
    ) -> Result<(), Error> {
        let params: [&dyn tiberius::ToSql; 6] =
            [&leader.term.0, &job_id.0, &total, &scope.lo, &scope.hi, &leader.holder];
        self.run(statements::JOB_TOTAL, &params).await?;
        Ok(())
    }

    /// Notes the highest `log_id` once nothing is committed for the job any more; the first note counts.
    ///
    /// # Errors
    /// [`Error::Deposed`].
    pub async fn set_job_log_end(
        &self,
        leader: &Leadership,
        job_id: JobId,
        log_end: i64,
    ) -> Result<(), Error> {
        self.run(statements::JOB_LOG_END, &[&leader.term.0, &job_id.0, &log_end, &leader.holder])
            .await?;
        Ok(())
    }

    /// The scope of a job that runs and whose total is counted: what is added to a total must not be counted as well.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn scope_that_may_grow(&self, job_id: JobId) -> Result<Option<Scope>, Error> {
        const IT: &str = "job_scope";
        let rows = self.run(statements::JOB_SCOPE, &[&job_id.0]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let total: Option<i64> = optional(row, "total", IT)?;
        let may_grow = word::<JobState>(row, "state", IT)? == JobState::Running && total.is_some();
        let scope = Scope { lo: column(row, "scope_lo", IT)?, hi: column(row, "scope_hi", IT)? };
        Ok(may_grow.then_some(scope))
    }

    /// The ids that a job works on.
    ///
    /// # Errors
    /// [`Error::Shape`] where there is no such job; see [`Error`].
    pub async fn job_scope(&self, job_id: JobId) -> Result<Scope, Error> {
        const IT: &str = "job_scope";
        let row = self.run(statements::JOB_SCOPE, &[&job_id.0]).await?;
        let row = only(&row, IT)?;
        Ok(Scope { lo: column(row, "scope_lo", IT)?, hi: column(row, "scope_hi", IT)? })
    }
}

/// What a job takes of its scope is in another table.
fn job(row: &crate::connection::Row) -> Result<(JobRow, Extent), Error> {
    const IT: &str = "jobs";
    let finished_at: Option<&str> = optional(row, "finished_at", IT)?;
    let Taking { mode, extent } = word(row, "mode", IT)?;
    let job = JobRow {
        job_id: JobId(column(row, "job_id", IT)?),
        submit_key: text(row, "submit_key", IT)?,
        name: text(row, "name", IT)?,
        contract_hash: text(row, "contract_hash", IT)?,
        mode,
        selection: Selection::All,
        priority: column(row, "priority", IT)?,
        scope: Scope { lo: column(row, "scope_lo", IT)?, hi: column(row, "scope_hi", IT)? },
        state: word(row, "state", IT)?,
        reason: text(row, "reason", IT)?,
        total: optional(row, "total", IT)?,
        log_watermark: column(row, "log_watermark", IT)?,
        log_end: optional(row, "log_end", IT)?,
        done_ok: column(row, "done_ok", IT)?,
        done_failed: column(row, "done_failed", IT)?,
        rows_written: column(row, "rows_written", IT)?,
        ranges: (column(row, "pending", IT)?, column(row, "leased", IT)?, column(row, "done", IT)?),
        revoked: column(row, "revoked", IT)?,
        created_at: text(row, "created_at", IT)?,
        finished_at: finished_at.unwrap_or_default().to_owned(),
    };
    Ok((job, extent))
}

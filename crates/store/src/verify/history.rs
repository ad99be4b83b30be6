//! The history of a job, read in pages and replayed, and what workers logged held against it.

use xmlx_domain::{Epoch, JobId, RangeId, RangeSnapshot, Scope, SessionId, Term};
use xmlx_extract::Plan;
use xmlx_lease::history::{Entry, Replay, Rule};

use super::sql::Statements;
use super::{Check, check};
use crate::catalog::Catalog;
use crate::connection::{Row, column, optional, text, word};
use crate::{Error, JobRow, RangeRow, Source, Store, statements};

/// Rows in one page: memory stays bounded however long a history is.
const PAGE_ROWS: i64 = 5_000;
/// A job that moves on while it is read is read further so many times.
const CATCH_UP_MAX: u32 = 10;

impl Store {
    /// Replays a job's history and compares it with the tables and the log. Exact for a job at rest;
    /// of one that is under way, commits of the very moment may seem to have no owner.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn verify_history(&self, plan: &Plan, job_id: JobId) -> Result<Vec<Check>, Error> {
        let mut replay = Replay::default();
        let (job, newest_log_id) = self.replay_to_the_end(&mut replay, plan, job_id).await?;
        let source = job.source(plan);
        let decisions = self.decisions(&mut replay, plan, &source, &job, newest_log_id).await?;
        // What a job only reads stays undecided behind its cursors.
        let passed = match job.mode.writes() {
            true => source.passed(self, job.scope, job_id).await?,
            false => 0,
        };
        let mut checks: Vec<Check> = Rule::ALL
            .into_iter()
            .map(|rule| {
                let (violations, first) = replay.findings().of(rule);
                let seen = match rule {
                    Rule::Decisions => format!("{decisions} rows of the log"),
                    Rule::Tiling
                    | Rule::Order
                    | Rule::Owners
                    | Rule::Epochs
                    | Rule::Terms
                    | Rule::Cursors
                    | Rule::AfterDone
                    | Rule::Barrier
                    | Rule::JobMoves
                    | Rule::Tables => format!("{} entries", replay.entries()),
                };
                let detail = if violations == 0 { seen } else { first.to_owned() };
                check(rule.name(), violations, detail)
            })
            .collect();
        checks.push(check(
            "history: no cursor passed an undecided application",
            passed,
            "applications of the scope".to_owned(),
        ));
        Ok(checks)
    }

    /// The job and the highest `log_id` as of the last entry.
    async fn replay_to_the_end(
        &self,
        replay: &mut Replay,
        plan: &Plan,
        job_id: JobId,
    ) -> Result<(JobRow, i64), Error> {
        let mut last = self.replay_after(replay, job_id, 0).await?;
        for round in 0.. {
            let job = self.job(job_id).await?;
            let job = job.ok_or_else(|| shape(format!("no job {job_id}")))?;
            let source = job.source(plan);
            let newest_log_id = source.newest_log_id(self).await?;
            let rows = self.ranges(job_id).await?;
            let newest = self.replay_after(replay, job_id, last).await?;
            if newest == last || round == CATCH_UP_MAX {
                let ranges: Vec<RangeSnapshot> = rows.iter().map(RangeRow::snapshot).collect();
                replay.finish(job.state, job.scope, &ranges);
                return Ok((job, newest_log_id));
            }
            last = newest;
        }
        unreachable!("the loop has no end of its own")
    }

    /// Replays what follows the entry `last`; the last entry now.
    async fn replay_after(
        &self,
        replay: &mut Replay,
        job_id: JobId,
        mut last: i64,
    ) -> Result<i64, Error> {
        loop {
            let rows =
                self.run_long(statements::RANGE_HISTORY, &[&job_id.0, &last, &PAGE_ROWS]).await?;
            for row in &rows {
                let entry = entry(row)?;
                last = entry.history_id;
                replay.push(&entry);
            }
            if rows.is_empty() {
                return Ok(last);
            }
        }
    }

    /// Holds every row that a worker logged for the job against the leases; how many there were.
    async fn decisions(
        &self,
        replay: &mut Replay,
        plan: &Plan,
        source: &Source,
        job: &JobRow,
        newest_log_id: i64,
    ) -> Result<u64, Error> {
        const IT: &str = "by_workers";
        let sql = Statements::new(plan, source, &Catalog::default()).by_workers;
        let end = job.log_end.unwrap_or(i64::MAX).min(newest_log_id);
        let (mut last, mut n) = (job.log_watermark, 0);
        loop {
            let params: [&dyn tiberius::ToSql; 6] =
                [&job.scope.lo, &job.scope.hi, &last, &PAGE_ROWS, &end, &job.log_watermark];
            let rows = self.run_long(&sql, &params).await?;
            for row in &rows {
                last = column(row, "log_id", IT)?;
                let session = SessionId(text(row, "session_id", IT)?);
                replay.decision(last, column(row, "app_id", IT)?, &session);
                n += 1;
            }
            if rows.is_empty() {
                return Ok(n);
            }
        }
    }
}

fn entry(row: &Row) -> Result<Entry, Error> {
    const IT: &str = "range_history";
    let owner: Option<&str> = optional(row, "session_id", IT)?;
    Ok(Entry {
        history_id: column(row, "history_id", IT)?,
        range: RangeId(column(row, "range_id", IT)?),
        event: word(row, "event", IT)?,
        scope: Scope { lo: column(row, "lo", IT)?, hi: column(row, "hi", IT)? },
        epoch: Epoch(column(row, "epoch", IT)?),
        term: Term(column(row, "term", IT)?),
        owner: owner.map(|session| SessionId(session.to_owned())),
        committed_through: column(row, "committed_through", IT)?,
    })
}

fn shape(detail: String) -> Error {
    Error::Shape { statement: "range_history", detail }
}

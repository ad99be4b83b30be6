//! Whether a job did what it promised: the same queries at its end and at any later time.

mod history;
mod sql;

use xmlx_domain::{JobState, LogReason, Mode, RangeState, Scope};
use xmlx_extract::Plan;
use xmlx_report::Rehearsal;

use crate::catalog::Catalog;
use crate::connection::{Row, column, optional, text};
use crate::source::count;
use crate::{Error, JobRow, RangeRow, Source, Store};
use sql::{Finding, Statements};

/// One thing that has to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Its name.
    pub name: &'static str,
    /// How many rows contradict it; 0: it holds.
    pub violations: i64,
    /// What was looked at.
    pub detail: String,
}

/// Failures of one stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageCount {
    /// `validation`, `mapping`, ...
    pub stage: String,
    /// How many.
    pub count: i64,
}

/// A failed application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The log row's id.
    pub log_id: i64,
    /// Its id.
    pub app_id: i64,
    /// `stage: reason`.
    pub reason: String,
    /// Whose log row it is.
    pub session_id: String,
    /// ISO 8601, UTC.
    pub at: String,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// Every check.
    pub checks: Vec<Check>,
    /// Failures of the job by stage.
    pub stages: Vec<StageCount>,
    /// Documents of the scope that belong to no application of this product line.
    pub left_out: i64,
    /// Applications that wait, while the job has not ended and something is left to do.
    pub waiting: Option<i64>,
}

impl Verification {
    /// Whether every check holds and nothing is left to do.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.waiting.is_none() && self.checks.iter().all(|it| it.violations == 0)
    }
}

/// Every statement of the verification with what it is for, for checks from outside.
#[must_use]
pub fn verification_statements(
    plan: &Plan,
    source: &Source,
    catalog: &Catalog,
) -> Vec<(String, String)> {
    let statements = Statements::new(plan, source, catalog);
    statements.all().into_iter().map(|(name, sql)| (name, sql.to_owned())).collect()
}

/// How many applications wait and have rows all the same, and the first of them; `None` where there is no table to look in.
pub(crate) fn there_already(plan: &Plan, source: &Source) -> Option<[String; 2]> {
    let sql = Statements::new(plan, source, &Catalog::default());
    sql.there_already.map(|finding| [finding.count, finding.ids])
}

impl Store {
    /// Verifies a job against the tables.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn verify(&self, plan: &Plan, job: &JobRow) -> Result<Verification, Error> {
        let source = job.source(plan);
        let catalog = self.catalog(plan.target_schema()).await?;
        let sql = Statements::new(plan, &source, &catalog);
        let ranges = self.ranges(job.job_id).await?;
        if !job.mode.writes() {
            return self.verify_reading(&source, &sql, job, &ranges).await;
        }
        let open = ranges.iter().filter(|range| range.state != RangeState::Done).count();
        let waiting = source.waiting(self, job.scope, job.job_id).await?;
        let waiting_yet = (job.state.is_open() && (open > 0 || waiting > 0)).then_some(waiting);
        let mut checks = vec![tiling(job.scope, &ranges)];
        if job.state == JobState::Done {
            let detail = format!("{} ranges", ranges.len());
            checks.push(check("all ranges are done", in_i64(open), detail));
        }
        checks.push(self.lost(&source, &sql, job, waiting).await?);
        let detail = "applications with two decisions of this job";
        checks.push(self.find("no application is repeated", detail, &sql.repeated, job).await?);
        for (name, finding) in [
            ("every success has its rows", &sql.without_rows),
            ("no failure has rows", &sql.with_rows),
        ] {
            if let Some(finding) = finding {
                checks.push(self.find(name, "looked up in the first table", finding, job).await?);
            }
        }
        checks.extend(self.sums(&sql, job).await?);
        if waiting_yet.is_none() {
            checks.extend(self.warning_sums(job.job_id).await?);
        }
        let stages = self.stages(&sql, job).await?;
        let left_out = source.left_out(self, job.scope).await?;
        Ok(Verification { checks, stages, left_out, waiting: waiting_yet })
    }

    /// A job that only reads: its ranges have gone over its scope, and it has written nothing.
    async fn verify_reading(
        &self,
        source: &Source,
        sql: &Statements,
        job: &JobRow,
        ranges: &[RangeRow],
    ) -> Result<Verification, Error> {
        let open = ranges.iter().filter(|range| range.state != RangeState::Done).count();
        let mut checks = vec![tiling(job.scope, ranges)];
        let submitted = source.submitted(self, job.scope).await?;
        let read = job.done_ok + job.done_failed;
        if job.state == JobState::Done {
            // Documents that came later are none of its work: their number tells no more than how many there are.
            let detail = format!(
                "{} ranges; {read} applications were read, {submitted} are there by now",
                ranges.len()
            );
            checks.push(check("all ranges are done", in_i64(open), detail));
        }
        let detail = format!("{} rows counted as written", job.rows_written);
        checks.push(check("no row was written", job.rows_written, detail));
        let n =
            count(&self.run_of_job(&sql.unaccounted.count, job, job.job_id.0).await?, "verify")?;
        let mut detail = "rows of the log by its workers that no job accounts for".to_owned();
        if n > 0 {
            let rows = self.run_of_job(&sql.unaccounted.ids, job, job.job_id.0).await?;
            detail = with_ids(&detail, &rows)?;
        }
        checks.push(check("no application was decided", n, detail));
        let waiting = job.state.is_open().then_some((submitted - read).max(0));
        let left_out = source.left_out(self, job.scope).await?;
        Ok(Verification {
            checks,
            stages: Vec::new(),
            left_out,
            waiting: waiting.filter(|n| open > 0 || *n > 0),
        })
    }

    /// What waits in a job that goes on, or that was ended before its time, is not lost, unless a cursor has passed it.
    async fn lost(
        &self,
        source: &Source,
        sql: &Statements,
        job: &JobRow,
        waiting: i64,
    ) -> Result<Check, Error> {
        let (n, third, ids, mut detail) = if job.state == JobState::Done {
            let detail = "applications of the scope without a decision";
            (waiting, job.job_id.0, &sql.waiting_ids, detail.to_owned())
        } else {
            let passed = source.passed(self, job.scope, job.job_id).await?;
            let detail = "applications without a decision that a cursor has passed";
            (passed, job.job_id.0, &sql.passed_ids, detail.to_owned())
        };
        if matches!(job.state.as_str(), "cancelled" | "failed") && waiting > n {
            detail = format!("{detail}; the job was {} before it took {}", job.state, waiting - n);
        }
        if n > 0 {
            let params: [&dyn tiberius::ToSql; 4] =
                [&job.scope.lo, &job.scope.hi, &third, &job.log_watermark];
            detail = with_ids(&detail, &self.run_long(ids, &params).await?)?;
        }
        Ok(check("no application is lost", n, detail))
    }

    /// Counts what contradicts a check, and names the first of it.
    async fn find(
        &self,
        name: &'static str,
        detail: &str,
        finding: &Finding,
        job: &JobRow,
    ) -> Result<Check, Error> {
        let n = self.count_of_job(&finding.count, job).await?;
        if n == 0 {
            return Ok(check(name, n, detail.to_owned()));
        }
        let rows = self.run_of_job(&finding.ids, job, 0).await?;
        Ok(check(name, n, with_ids(detail, &rows)?))
    }

    /// Failures of the job by stage, the commonest first.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn failures_by_stage(
        &self,
        plan: &Plan,
        job: &JobRow,
    ) -> Result<Vec<StageCount>, Error> {
        if job.mode == Mode::Rehearse {
            return Ok(stages_of(&self.rehearsal(job.job_id).await?));
        }
        let source = job.source(plan);
        self.stages(&Statements::new(plan, &source, &Catalog::default()), job).await
    }

    /// A page of the failures of the job, the latest first: those below the row `before` of the log, at most `n_max`.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn failures(
        &self,
        plan: &Plan,
        job: &JobRow,
        before: i64,
        n_max: i64,
    ) -> Result<Vec<Failure>, Error> {
        const IT: &str = "failures";
        if job.mode == Mode::Rehearse {
            return self.rehearsed_failures(job.job_id, before, n_max).await;
        }
        let source = job.source(plan);
        let sql = Statements::new(plan, &source, &Catalog::default());
        let end = job.log_end.unwrap_or(i64::MAX).min(before - 1);
        let job = JobRow { log_end: Some(end), ..job.clone() };
        let rows = self.run_of_job(&sql.failures, &job, n_max).await?;
        let mut failures = Vec::with_capacity(rows.len());
        for row in &rows {
            let or_empty =
                |name| optional::<&str>(row, name, IT).map(|it| it.unwrap_or_default().to_owned());
            failures.push(Failure {
                log_id: column(row, "log_id", IT)?,
                app_id: column(row, "app_id", IT)?,
                reason: or_empty("failure_reason")?,
                session_id: or_empty("session_id")?,
                at: text(row, "at", IT)?,
            });
        }
        Ok(failures)
    }

    /// Failures of the job by stage, the commonest first, and the most frequent reason with how often it occurs.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn common_failures(
        &self,
        plan: &Plan,
        job: &JobRow,
    ) -> Result<(Vec<StageCount>, Option<(String, i64)>), Error> {
        const IT: &str = "commonest";
        if job.mode == Mode::Rehearse {
            let found = self.rehearsal(job.job_id).await?;
            let first = found.failures.iter().max_by_key(|failures| failures.applications);
            let commonest = first.map(|failures| {
                let reason =
                    format!("{}{}{}", failures.stage, LogReason::SEPARATOR, failures.reason);
                (reason, i64::try_from(failures.applications).unwrap_or(i64::MAX))
            });
            return Ok((stages_of(&found), commonest));
        }
        let source = job.source(plan);
        let sql = Statements::new(plan, &source, &Catalog::default());
        let rows = self.run_of_job(&sql.commonest, job, 0).await?;
        let commonest = match rows.first() {
            Some(row) => {
                let reason: Option<&str> = optional(row, "reason", IT)?;
                Some((reason.unwrap_or_default().to_owned(), column(row, "n", IT)?))
            }
            None => None,
        };
        Ok((self.stages(&sql, job).await?, commonest))
    }

    async fn stages(&self, sql: &Statements, job: &JobRow) -> Result<Vec<StageCount>, Error> {
        const IT: &str = "stages";
        let rows = self.run_of_job(&sql.stages, job, 0).await?;
        let mut stages = Vec::with_capacity(rows.len());
        for row in &rows {
            let stage: Option<&str> = optional(row, "stage", IT)?;
            let stage = stage.unwrap_or("unknown").to_owned();
            stages.push(StageCount { stage, count: column(row, "n", IT)? });
        }
        if job.mode.replaces() {
            for row in &self.run_of_job(&sql.kept_stages, job, job.job_id.0).await? {
                let stage: Option<&str> = optional(row, "stage", IT)?;
                let stage = format!("{}, old rows kept", stage.unwrap_or("unknown"));
                stages.push(StageCount { stage, count: column(row, "n", IT)? });
            }
        }
        Ok(stages)
    }

    /// The ranges' counters equal what log and tables say.
    async fn sums(&self, sql: &Statements, job: &JobRow) -> Result<Vec<Check>, Error> {
        let job_id = job.job_id.0;
        let ok =
            count(&self.run_of_job(&sql.logged_success, job, job_id).await?, "logged_success")?;
        let failed =
            count(&self.run_of_job(&sql.logged_failed, job, job_id).await?, "logged_failed")?;
        let kept = if job.mode.replaces() {
            count(&self.run_of_job(&sql.kept, job, job_id).await?, "kept")?
        } else {
            0
        };
        let equal = |name, counted: i64, found: i64| {
            check(name, (counted - found).abs(), format!("{counted} counted, {found} found"))
        };
        let mut failures =
            equal("failures counted equal failures logged", job.done_failed, failed + kept);
        if kept > 0 {
            failures.detail = format!("{}, of which {kept} kept their rows", failures.detail);
        }
        Ok(vec![
            equal("successes counted equal successes logged", job.done_ok, ok),
            failures,
            self.rows_of_job(sql, job).await?,
        ])
    }

    /// The rows of applications that a later job has written again are that job's.
    async fn rows_of_job(&self, sql: &Statements, job: &JobRow) -> Result<Check, Error> {
        let name = "rows counted equal rows in the tables";
        let counted = job.rows_written;
        let replaced = self.count_of_job(&sql.replaced, job).await?;
        if replaced > 0 {
            let detail = format!(
                "{counted} counted; not compared, since a later job has written {replaced} of the applications again"
            );
            return Ok(check(name, 0, detail));
        }
        let mut rows = 0;
        for sql in &sql.rows {
            rows += self.count_of_job(sql, job).await?;
        }
        Ok(check(name, (counted - rows).abs(), format!("{counted} counted, {rows} found")))
    }

    async fn count_of_job(&self, sql: &str, job: &JobRow) -> Result<i64, Error> {
        count(&self.run_of_job(sql, job, 0).await?, "verify")
    }

    /// Runs a statement over a job's log rows; `fourth` is its fourth parameter, where it has one.
    async fn run_of_job(&self, sql: &str, job: &JobRow, fourth: i64) -> Result<Vec<Row>, Error> {
        let log_end = job.log_end.unwrap_or(i64::MAX);
        let watermark = job.log_watermark;
        let params: [&dyn tiberius::ToSql; 6] =
            [&job.scope.lo, &job.scope.hi, &watermark, &fourth, &log_end, &watermark];
        self.run_long(sql, &params).await
    }
}

/// Failures of a rehearsal by stage, the commonest first.
fn stages_of(found: &Rehearsal) -> Vec<StageCount> {
    let mut stages: Vec<StageCount> = Vec::new();
    for failures in &found.failures {
        let count = i64::try_from(failures.applications).unwrap_or(i64::MAX);
        match stages.iter_mut().find(|known| known.stage == failures.stage) {
            Some(known) => known.count += count,
            None => stages.push(StageCount { stage: failures.stage.clone(), count }),
        }
    }
    stages.sort_by_key(|known| std::cmp::Reverse(known.count));
    stages
}

/// What was looked at, and the first ids that contradict it.
fn with_ids(detail: &str, rows: &[Row]) -> Result<String, Error> {
    let ids = rows.iter().map(|row| column::<i64>(row, "app_id", "verify"));
    let ids: Vec<String> =
        ids.map(|id| id.map(|id| id.to_string())).collect::<Result<_, Error>>()?;
    Ok(format!("{detail}; the first: {}", ids.join(", ")))
}

/// The ranges tile the scope: each begins where the one before ends.
fn tiling(scope: Scope, ranges: &[RangeRow]) -> Check {
    let mut gaps = 0;
    let mut next = scope.lo;
    for range in ranges {
        if range.scope.lo != next || range.scope.hi < range.scope.lo {
            gaps += 1;
        }
        next = range.scope.hi;
    }
    if next != scope.hi {
        gaps += 1;
    }
    check("ranges tile the scope", in_i64(gaps), format!("[{}, {})", scope.lo, scope.hi))
}

pub(crate) fn check(name: &'static str, violations: i64, detail: String) -> Check {
    Check { name, violations, detail }
}

fn in_i64(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use xmlx_domain::{Epoch, RangeId};

    use super::*;

    fn range(lo: i64, hi: i64) -> RangeRow {
        RangeRow {
            range_id: RangeId(lo),
            scope: Scope { lo, hi },
            state: RangeState::Done,
            epoch: Epoch(1),
            owner: None,
            committed_through: hi - 1,
            done_ok: 0,
            done_failed: 0,
            rows_written: 0,
        }
    }

    #[test]
    fn gaps_and_overlaps_are_found() {
        let scope = Scope { lo: 1, hi: 10 };
        let violations = |ranges: &[RangeRow]| tiling(scope, ranges).violations;
        assert_eq!(violations(&[range(1, 5), range(5, 10)]), 0);
        assert_eq!(violations(&[range(1, 5), range(6, 10)]), 1);
        assert_eq!(violations(&[range(1, 6), range(5, 10)]), 1);
        assert_eq!(violations(&[range(1, 5)]), 1);
        assert_eq!(violations(&[]), 1);
    }
}

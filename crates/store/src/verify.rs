//! Whether a job did what it promised: the same queries at its end and at any later time.

use xmlx_extract::Plan;

use crate::connection::{column, optional, text};
use crate::source::count;
use crate::{Error, JobRow, RangeRow, Scope, Source, Store, name};

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
}

impl Verification {
    /// Whether every check holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.checks.iter().all(|it| it.violations == 0)
    }
}

impl Store {
    /// Verifies a job against the tables.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn verify(&self, plan: &Plan, job: &JobRow) -> Result<Verification, Error> {
        let source = Source::new(plan, job.mode, job.log_watermark);
        let ranges = self.ranges(job.job_id).await?;
        let mut checks = vec![tiling(job.scope, &ranges)];
        let open = ranges.iter().filter(|it| it.state != "done").count();
        checks.push(check("all ranges are done", open, format!("{} ranges", ranges.len())));
        let undecided = source.waiting(self, job.scope).await?;
        checks.push(Check {
            name: "no application is lost",
            violations: undecided,
            detail: "applications of the scope without a decision".to_owned(),
        });
        checks.push(self.repeated(&source, job).await?);
        checks.extend(self.rows_match_log(plan, &source, job).await?);
        checks.extend(self.sums_match(&source, job).await?);
        let stages = self.failure_stages(&source, job).await?;
        let left_out = source.left_out(self, job.scope).await?;
        Ok(Verification { checks, stages, left_out })
    }

    /// Failures of the job by stage, the commonest first.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn failure_stages(
        &self,
        source: &Source,
        job: &JobRow,
    ) -> Result<Vec<StageCount>, Error> {
        const IT: &str = "failure_stages";
        let stage = "LEFT(l.[failure_reason], CHARINDEX(':', l.[failure_reason] + ':') - 1)";
        let sql = format!(
            "SELECT {stage} AS [stage], COUNT_BIG(*) AS [n] FROM {log} AS l WHERE {of_job} AND l.[status] = 'failed' GROUP BY {stage} ORDER BY [n] DESC",
            log = source.log,
            of_job = source.log_of_job
        );
        let rows = self.run(&sql, &[&job.scope.lo, &job.scope.hi, &job.log_watermark]).await?;
        let mut stages = Vec::with_capacity(rows.len());
        for row in &rows {
            let stage: Option<&str> = optional(row, "stage", IT)?;
            stages.push(StageCount {
                stage: stage.unwrap_or("unknown").to_owned(),
                count: column(row, "n", IT)?,
            });
        }
        Ok(stages)
    }

    /// The latest failures of the job, at most `n_max`.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn failures(
        &self,
        source: &Source,
        job: &JobRow,
        n_max: i64,
    ) -> Result<Vec<Failure>, Error> {
        const IT: &str = "failures";
        let sql = format!(
            "SELECT TOP (@P4) CAST(l.[app_id] AS bigint) AS [app_id], l.[failure_reason], l.[session_id], CONVERT(varchar(30), l.[processing_time], 126) AS [at] \
             FROM {log} AS l WHERE {of_job} AND l.[status] = 'failed' ORDER BY l.[log_id] DESC",
            log = source.log,
            of_job = source.log_of_job
        );
        let params: [&dyn tiberius::ToSql; 4] =
            [&job.scope.lo, &job.scope.hi, &job.log_watermark, &n_max];
        let rows = self.run(&sql, &params).await?;
        let mut failures = Vec::with_capacity(rows.len());
        for row in &rows {
            let or_empty =
                |name| optional::<&str>(row, name, IT).map(|it| it.unwrap_or_default().to_owned());
            failures.push(Failure {
                app_id: column(row, "app_id", IT)?,
                reason: or_empty("failure_reason")?,
                session_id: or_empty("session_id")?,
                at: text(row, "at", IT)?,
            });
        }
        Ok(failures)
    }

    async fn repeated(&self, source: &Source, job: &JobRow) -> Result<Check, Error> {
        let sql = format!(
            "SELECT COUNT_BIG(*) AS [n] FROM (SELECT l.[app_id] FROM {log} AS l WHERE {of_job} GROUP BY l.[app_id] HAVING COUNT_BIG(*) > 1) AS t",
            log = source.log,
            of_job = source.log_of_job
        );
        let violations = self.count_of_job(&sql, job).await?;
        Ok(Check {
            name: "no application is repeated",
            violations,
            detail: "applications with two decisions of this job".to_owned(),
        })
    }

    /// `success` if and only if all rows are there, `failed` if and only if none.
    async fn rows_match_log(
        &self,
        plan: &Plan,
        source: &Source,
        job: &JobRow,
    ) -> Result<Vec<Check>, Error> {
        let has_app_id = |it: &&xmlx_extract::Table| {
            it.columns.iter().any(|column| column.name.eq_ignore_ascii_case("app_id"))
        };
        let Some(root) = plan.tables().iter().find(has_app_id) else { return Ok(Vec::new()) };
        let root = name::table(plan.target_schema(), &root.name);
        let exists = format!("EXISTS (SELECT 1 FROM {root} AS b WHERE b.[app_id] = l.[app_id])");
        let (log, of_job) = (&source.log, &source.log_of_job);
        let without = format!(
            "SELECT COUNT_BIG(*) AS [n] FROM {log} AS l WHERE {of_job} AND l.[status] = 'success' AND NOT {exists}"
        );
        let with = format!(
            "SELECT COUNT_BIG(*) AS [n] FROM {log} AS l WHERE {of_job} AND l.[status] = 'failed' AND {exists} \
             AND NOT EXISTS (SELECT 1 FROM {log} AS k WHERE k.[app_id] = l.[app_id] AND k.[status] = 'success')"
        );
        Ok(vec![
            Check {
                name: "every success has its rows",
                violations: self.count_of_job(&without, job).await?,
                detail: format!("looked up in {root}"),
            },
            Check {
                name: "no failure has rows",
                violations: self.count_of_job(&with, job).await?,
                detail: format!("looked up in {root}"),
            },
        ])
    }

    /// The ranges' counters equal what the log says.
    async fn sums_match(&self, source: &Source, job: &JobRow) -> Result<Vec<Check>, Error> {
        let mut checks = Vec::new();
        for (name, status, sum) in [
            ("successes counted equal successes logged", "success", job.done_ok),
            ("failures counted equal failures logged", "failed", job.done_failed),
        ] {
            let sql = format!(
                "SELECT COUNT_BIG(*) AS [n] FROM {log} AS l WHERE {of_job} AND l.[status] = '{status}' \
                 AND l.[session_id] IN (SELECT h.[session_id] FROM [xmlx].[range_history] AS h WHERE h.[job_id] = @P4)",
                log = source.log,
                of_job = source.log_of_job
            );
            let params: [&dyn tiberius::ToSql; 4] =
                [&job.scope.lo, &job.scope.hi, &job.log_watermark, &job.job_id];
            let logged = count(&self.run(&sql, &params).await?, "sums_match")?;
            checks.push(Check {
                name,
                violations: (logged - sum).abs(),
                detail: format!("{sum} counted, {logged} logged"),
            });
        }
        Ok(checks)
    }

    async fn count_of_job(&self, sql: &str, job: &JobRow) -> Result<i64, Error> {
        count(&self.run(sql, &[&job.scope.lo, &job.scope.hi, &job.log_watermark]).await?, "verify")
    }
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
    check("ranges tile the scope", gaps, format!("[{}, {})", scope.lo, scope.hi))
}

fn check(name: &'static str, violations: usize, detail: String) -> Check {
    Check { name, violations: i64::try_from(violations).unwrap_or(i64::MAX), detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(lo: i64, hi: i64) -> RangeRow {
        RangeRow {
            range_id: lo,
            scope: Scope { lo, hi },
            state: "done".to_owned(),
            epoch: 1,
            owner_session: None,
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

//! The statements of the verification. Parameters 1 to 3 are the job's bounds and log watermark, 5 is
//! where its log ends.

use xmlx_extract::{Plan, Table};

use crate::{Source, name};

/// The statements for one job's contract.
#[derive(Clone, Debug)]
pub(crate) struct Statements {
    pub(crate) stages: String,
    /// Parameter 4: how many.
    pub(crate) failures: String,
    pub(crate) repeated: String,
    /// Successes without a row in the root table; `None` where no table has an `app_id`.
    pub(crate) without_rows: Option<String>,
    /// Failures with one.
    pub(crate) with_rows: Option<String>,
    /// Rows of the job's successes, one statement per table.
    pub(crate) rows: Vec<String>,
    /// Parameter 4: the job.
    pub(crate) logged_success: String,
    /// Parameter 4: the job.
    pub(crate) logged_failed: String,
    /// Rows of the log that a worker wrote, from parameter 3 on. Parameter 4: how many.
    pub(crate) by_workers: String,
}

impl Statements {
    pub(crate) fn new(plan: &Plan, source: &Source) -> Self {
        let (log, of_job) = (&source.log, &source.log_of_job);
        let stage = "LEFT(l.[failure_reason], CHARINDEX(':', l.[failure_reason] + ':') - 1)";
        let root = plan.tables().iter().find(|it| has(it, "app_id"));
        let exists = root.map(|it| {
            let table = name::table(plan.target_schema(), &it.name);
            format!("EXISTS (SELECT 1 FROM {table} AS b WHERE b.[app_id] = l.[app_id])")
        });
        let logged = |status: &str| {
            format!(
                "SELECT COUNT_BIG(*) AS [n] FROM {log} AS l WHERE {of_job} AND l.[status] = '{status}' \
                 AND l.[session_id] IN (SELECT h.[session_id] FROM [xmlx].[range_history] AS h WHERE h.[job_id] = @P4)"
            )
        };
        Self {
            stages: format!(
                "SELECT {stage} AS [stage], COUNT_BIG(*) AS [n] FROM {log} AS l WHERE {of_job} AND l.[status] = 'failed' GROUP BY {stage} ORDER BY [n] DESC"
            ),
            failures: format!(
                "SELECT TOP (@P4) CAST(l.[app_id] AS bigint) AS [app_id], l.[failure_reason], l.[session_id], CONVERT(varchar(30), l.[processing_time], 126) AS [at] \
                 FROM {log} AS l WHERE {of_job} AND l.[status] = 'failed' ORDER BY l.[log_id] DESC"
            ),
            repeated: format!(
                "SELECT COUNT_BIG(*) AS [n] FROM (SELECT l.[app_id] FROM {log} AS l WHERE {of_job} GROUP BY l.[app_id] HAVING COUNT_BIG(*) > 1) AS t"
            ),
            without_rows: exists.as_ref().map(|exists| {
                format!("SELECT COUNT_BIG(*) AS [n] FROM {log} AS l WHERE {of_job} AND l.[status] = 'success' AND NOT {exists}")
            }),
            with_rows: exists.as_ref().map(|exists| {
                format!(
                    "SELECT COUNT_BIG(*) AS [n] FROM {log} AS l WHERE {of_job} AND l.[status] = 'failed' AND {exists} \
                     AND NOT EXISTS (SELECT 1 FROM {log} AS k WHERE k.[app_id] = l.[app_id] AND k.[status] = 'success')"
                )
            }),
            rows: plan.tables().iter().map(|it| rows(plan, source, it)).collect(),
            logged_success: logged("success"),
            logged_failed: logged("failed"),
            by_workers: format!(
                "SELECT TOP (@P4) CAST(l.[log_id] AS bigint) AS [log_id], CAST(l.[app_id] AS bigint) AS [app_id], l.[session_id] FROM {log} AS l \
                 WHERE {of_job} AND l.[session_id] IN (SELECT s.[session_id] FROM [xmlx].[worker_session] AS s) ORDER BY l.[log_id]"
            ),
        }
    }

    /// All of them, each with what it is for.
    pub(crate) fn all(&self) -> Vec<(String, &str)> {
        let fixed = [
            ("stages", Some(&self.stages)),
            ("failures", Some(&self.failures)),
            ("repeated", Some(&self.repeated)),
            ("without_rows", self.without_rows.as_ref()),
            ("with_rows", self.with_rows.as_ref()),
            ("logged_success", Some(&self.logged_success)),
            ("logged_failed", Some(&self.logged_failed)),
            ("by_workers", Some(&self.by_workers)),
        ];
        let fixed =
            fixed.into_iter().filter_map(|(name, it)| Some((name.to_owned(), it?.as_str())));
        let rows = self.rows.iter().enumerate().map(|(i, it)| (format!("rows_{i}"), it.as_str()));
        fixed.chain(rows).collect()
    }
}

/// Rows of one table that belong to successes of the job. A table without `app_id` hangs on one that
/// has it, by that one's own key.
fn rows(plan: &Plan, source: &Source, table: &Table) -> String {
    let target = name::table(plan.target_schema(), &table.name);
    let success = |row: &str| {
        format!(
            "EXISTS (SELECT 1 FROM {} AS l WHERE l.[app_id] = {row}.[app_id] AND {} AND l.[status] = 'success')",
            source.log, source.log_of_job
        )
    };
    if has(table, "app_id") {
        return format!("SELECT COUNT_BIG(*) AS [n] FROM {target} AS t WHERE {}", success("t"));
    }
    let parent = plan.tables().iter().filter(|it| has(it, "app_id")).find_map(|it| {
        let key = it.columns.iter().find(|key| key.identity && has(table, &key.name))?;
        Some((name::table(plan.target_schema(), &it.name), name::quoted(&key.name)))
    });
    let belongs = parent.map_or_else(
        || "1 = 0".to_owned(),
        |(parent, key)| {
            format!(
                "EXISTS (SELECT 1 FROM {parent} AS p WHERE p.{key} = t.{key} AND {})",
                success("p")
            )
        },
    );
    format!("SELECT COUNT_BIG(*) AS [n] FROM {target} AS t WHERE {belongs}")
}

fn has(table: &Table, column: &str) -> bool {
    table.columns.iter().any(|it| it.name.eq_ignore_ascii_case(column))
}

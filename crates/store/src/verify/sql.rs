//! The statements of the verification. Parameters 1 to 3 are the job's bounds and log watermark, 5 is
//! where its log ends.

use xmlx_domain::Mode;
use xmlx_extract::{Plan, Table};

use crate::catalog::Catalog;
use crate::selection::words;
use crate::source::OF_A_WORKER;
use crate::{Source, name};

/// Ids of a finding that are named.
const IDS_MAX: usize = 10;

/// Rows that contradict a check: how many, and the ids of the first.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) count: String,
    pub(crate) ids: String,
}

impl Finding {
    /// `rows`: what stands behind `FROM`; `id`: what has the application's id there.
    pub(crate) fn new(id: &str, rows: &str) -> Self {
        Self {
            count: format!("SELECT COUNT_BIG(*) AS [n] FROM {rows}"),
            ids: format!(
                "SELECT TOP ({IDS_MAX}) CAST({id} AS bigint) AS [app_id] FROM {rows} ORDER BY {id}"
            ),
        }
    }
}

/// The statements for one job's contract.
#[derive(Clone, Debug)]
pub(crate) struct Statements {
    /// Successes of the job whose application a later job has written again.
    pub(crate) replaced: String,
    /// Applications that kept their rows when they were to be replaced. Parameter 4: the job.
    pub(crate) kept: String,
    /// The same by the stage at which they failed. Parameter 4: the job.
    pub(crate) kept_stages: String,
    pub(crate) stages: String,
    /// Parameter 4: how many.
    pub(crate) failures: String,
    /// The most frequent reason.
    pub(crate) commonest: String,
    pub(crate) repeated: Finding,
    /// Applications that wait. Parameter 3: the job; 4: its log watermark.
    pub(crate) waiting_ids: String,
    /// The same, where a cursor has passed them. Parameter 3: the job; 4: its log watermark.
    pub(crate) passed_ids: String,
    /// Successes without a row in the root table; `None` where there is none.
    pub(crate) without_rows: Option<Finding>,
    /// Failures with one.
    pub(crate) with_rows: Option<Finding>,
    /// Rows of the job's successes, one statement per table.
    pub(crate) rows: Vec<String>,
    /// Parameter 4: the job.
    pub(crate) logged_success: String,
    /// Parameter 4: the job.
    pub(crate) logged_failed: String,
    /// Rows of the log that a worker wrote, from parameter 3 on. Parameter 4: how many.
    pub(crate) by_workers: String,
    /// Rows of the log that an owner of one of the job's ranges wrote, and that no job accounts for which writes. Every
    /// row of a target table comes with one of the log, in one transaction. Parameter 4: the job.
    pub(crate) unaccounted: Finding,
    /// Applications that wait though the root table has rows of theirs. Parameter 4: the job's log watermark.
    pub(crate) there_already: Option<Finding>,
}

impl Statements {
    /// `catalog` may be empty for those that do not go through the tables.
    pub(crate) fn new(plan: &Plan, source: &Source, catalog: &Catalog) -> Self {
        let (log, of_job) = (&source.log, &source.log_of_job);
        let tables = Tables { plan, source, catalog };
        let stage = "CAST(LEFT(l.[failure_reason], CHARINDEX(':', l.[failure_reason] + ':') - 1) AS nvarchar(400))";
        let reason = "CAST(l.[failure_reason] AS nvarchar(400))";
        let exists = has_rows(plan, "l.[app_id]");
        let logged = |status: &str| {
            format!(
                "SELECT COUNT_BIG(*) AS [n] FROM {log} AS l WHERE {of_job} AND l.[status] = '{status}' \
                 AND l.[session_id] IN (SELECT h.[session_id] COLLATE DATABASE_DEFAULT FROM [xmlx].[range_history] AS h WHERE h.[job_id] = @P4)"
            )
        };
        // A later job has written the application again, perhaps to other tables, and answers for its rows.
        let replaced = format!(
            "EXISTS (SELECT 1 FROM {log} AS k WHERE k.[app_id] = l.[app_id] AND k.[log_id] > l.[log_id] AND k.[status] = 'success')"
        );
        Self {
            replaced: format!(
                "SELECT COUNT_BIG(*) AS [n] FROM {log} AS l WHERE {of_job} AND l.[status] = 'success' AND {replaced}"
            ),
            kept: "SELECT COUNT_BIG(*) AS [n] FROM [xmlx].[finding] AS f WHERE f.[job_id] = @P4 AND f.[kind] = 'kept_old'".to_owned(),
            kept_stages: kept_by_stage(),
            stages: format!(
                "SELECT {stage} AS [stage], COUNT_BIG(*) AS [n] FROM {log} AS l WHERE {of_job} AND l.[status] = 'failed' GROUP BY {stage} ORDER BY [n] DESC"
            ),
            failures: format!(
                "SELECT TOP (@P4) CAST(l.[log_id] AS bigint) AS [log_id], CAST(l.[app_id] AS bigint) AS [app_id], CAST(l.[failure_reason] AS nvarchar(max)) AS [failure_reason], CAST(l.[session_id] AS nvarchar(400)) AS [session_id], CONVERT(nvarchar(30), l.[processing_time], 126) AS [at] \
                 FROM {log} AS l WHERE {of_job} AND l.[status] = 'failed' ORDER BY l.[log_id] DESC"
            ),
            commonest: format!(
                "SELECT TOP (1) {reason} AS [reason], COUNT_BIG(*) AS [n] FROM {log} AS l WHERE {of_job} AND l.[status] = 'failed' GROUP BY {reason} ORDER BY [n] DESC"
            ),
            repeated: Finding::new(
                "t.[app_id]",
                &format!(
                    "(SELECT l.[app_id] FROM {log} AS l WHERE {of_job} GROUP BY l.[app_id] HAVING COUNT_BIG(*) > 1) AS t"
                ),
            ),
            waiting_ids: Finding::new(&source.id, &source.waiting_rows()).ids,
            passed_ids: Finding::new(&source.id, &source.passed_rows()).ids,
            without_rows: exists.as_ref().map(|exists| {
                let rows = format!(
                    "{log} AS l WHERE {of_job} AND l.[status] = 'success' AND NOT {exists} AND NOT {replaced}"
                );
                Finding::new("l.[app_id]", &rows)
            }),
            with_rows: exists.as_ref().map(|exists| {
                let rows = format!(
                    "{log} AS l WHERE {of_job} AND l.[status] = 'failed' AND {exists} \
                     AND NOT EXISTS (SELECT 1 FROM {log} AS k WHERE k.[app_id] = l.[app_id] AND k.[status] = 'success')"
                );
                Finding::new("l.[app_id]", &rows)
            }),
            rows: each_table(plan).into_iter().map(|it| tables.rows(it)).collect(),
            logged_success: logged("success"),
            logged_failed: logged("failed"),
            by_workers: format!(
                "SELECT TOP (@P4) CAST(l.[log_id] AS bigint) AS [log_id], CAST(l.[app_id] AS bigint) AS [app_id], CAST(l.[session_id] AS nvarchar(400)) AS [session_id] FROM {log} AS l \
                 WHERE {of_job} AND {OF_A_WORKER} ORDER BY l.[log_id]"
            ),
            there_already: has_rows(plan, &source.id).map(|exists| {
                Finding::new(&source.id, &format!("{} AND {exists}", source.waiting_rows()))
            }),
            unaccounted: Finding::new("l.[app_id]", &unaccounted(log)),
        }
    }

    /// All of them, each with what it is for.
    pub(crate) fn all(&self) -> Vec<(String, &str)> {
        let fixed = [
            ("replaced", Some(&self.replaced)),
            ("kept", Some(&self.kept)),
            ("kept_stages", Some(&self.kept_stages)),
            ("stages", Some(&self.stages)),
            ("failures", Some(&self.failures)),
            ("commonest", Some(&self.commonest)),
            ("repeated", Some(&self.repeated.count)),
            ("repeated_ids", Some(&self.repeated.ids)),
            ("waiting_ids", Some(&self.waiting_ids)),
            ("passed_ids", Some(&self.passed_ids)),
            ("without_rows", self.without_rows.as_ref().map(|it| &it.count)),
            ("without_rows_ids", self.without_rows.as_ref().map(|it| &it.ids)),
            ("with_rows", self.with_rows.as_ref().map(|it| &it.count)),
            ("with_rows_ids", self.with_rows.as_ref().map(|it| &it.ids)),
            ("logged_success", Some(&self.logged_success)),
            ("logged_failed", Some(&self.logged_failed)),
            ("by_workers", Some(&self.by_workers)),
            ("there_already", self.there_already.as_ref().map(|it| &it.count)),
            ("there_already_ids", self.there_already.as_ref().map(|it| &it.ids)),
            ("unaccounted", Some(&self.unaccounted.count)),
            ("unaccounted_ids", Some(&self.unaccounted.ids)),
        ];
        let fixed =
            fixed.into_iter().filter_map(|(name, it)| Some((name.to_owned(), it?.as_str())));
        let rows = self.rows.iter().enumerate().map(|(i, it)| (format!("rows_{i}"), it.as_str()));
        fixed.chain(rows).collect()
    }
}

/// What the statements over one table are made of.
struct Tables<'a> {
    plan: &'a Plan,
    source: &'a Source,
    catalog: &'a Catalog,
}

impl Tables<'_> {
    /// Rows of one table that belong to successes of the job. A table without the application's id hangs on one that has
    /// it, or on one that hangs on such a one, by the columns that the two have in common.
    fn rows(&self, table: &Table) -> String {
        let target = name::table(self.plan.target_schema(), &table.name);
        let belongs = self.belongs(table, 0);
        format!("SELECT COUNT_BIG(*) AS [n] FROM {target} AS t0 WHERE {belongs}")
    }

    /// The condition on row `t` and its depth that it belongs to a success of the job.
    fn belongs(&self, table: &Table, depth: usize) -> String {
        let plan = self.plan;
        if let Some(key) = key(plan)
            && table.columns.iter().any(|it| name::quoted(&it.name).eq_ignore_ascii_case(&key))
        {
            let source = self.source;
            return format!(
                "EXISTS (SELECT 1 FROM {} AS l WHERE l.[app_id] = t{depth}.{key} AND {} AND l.[status] = 'success' AND {OF_A_WORKER})",
                source.log, source.log_of_job
            );
        }
        let parent = table.parent.as_ref();
        let above = parent.and_then(|it| plan.tables().iter().find(|known| known.name == it.table));
        let (Some(parent), Some(above)) = (parent, above) else { return "1 = 0".to_owned() };
        let up = depth + 1;
        let tied = parent.columns.iter().map(|it| {
            let (column, collate) = (name::quoted(it), self.collate(&above.name, &table.name, it));
            format!("t{up}.{column} = t{depth}.{column}{collate} AND ")
        });
        format!(
            "EXISTS (SELECT 1 FROM {} AS t{up} WHERE {}{})",
            name::table(plan.target_schema(), &above.name),
            tied.collect::<String>(),
            self.belongs(above, up)
        )
    }

    /// Where the two tables' columns have different collations, the upper one's tells its rows apart.
    fn collate(&self, above: &str, below: &str, column: &str) -> String {
        let of = |table| self.catalog.column(table, column)?.collation.as_deref();
        match (of(above), of(below)) {
            (Some(above), Some(below)) if above != below => name::collate(above),
            (Some(_) | None, _) => String::new(),
        }
    }
}

/// Parameter 4: the job.
fn kept_by_stage() -> String {
    let stage = "CAST(LEFT(f.[reason], CHARINDEX(':', f.[reason] + ':') - 1) AS nvarchar(400))";
    format!(
        "SELECT {stage} AS [stage], COUNT_BIG(*) AS [n] FROM [xmlx].[finding] AS f WHERE f.[job_id] = @P4 AND f.[kind] = 'kept_old' GROUP BY {stage} ORDER BY [n] DESC"
    )
}

fn unaccounted(log: &str) -> String {
    let reading: Vec<Mode> = Mode::ALL.iter().copied().filter(|mode| !mode.writes()).collect();
    let owned = "h.[session_id] = CAST(l.[session_id] AS varchar(36)) COLLATE DATABASE_DEFAULT AND h.[lo] <= l.[app_id] AND h.[hi] > l.[app_id]";
    format!(
        "{log} AS l WHERE l.[app_id] >= @P1 AND l.[app_id] < @P2 AND l.[log_id] > @P3 AND l.[log_id] <= @P5 \
         AND EXISTS (SELECT 1 FROM [xmlx].[range_history] AS h WHERE h.[job_id] = @P4 AND {owned}) \
         AND NOT EXISTS (SELECT 1 FROM [xmlx].[range_history] AS h JOIN [xmlx].[job] AS j ON j.[job_id] = h.[job_id] WHERE j.[mode] NOT IN ({}) AND {owned})",
        words(&reading)
    )
}

/// The tables of the applications themselves: one for each of the contracts.
fn roots(plan: &Plan) -> Vec<&Table> {
    each_table(plan).into_iter().filter(|it| it.parent.is_none()).collect()
}

/// Whether one of them has a row of an application; `id`: what has its id.
fn has_rows(plan: &Plan, id: &str) -> Option<String> {
    let key = key(plan)?;
    let is_in = |it: &&Table| {
        let table = name::table(plan.target_schema(), &it.name);
        format!("EXISTS (SELECT 1 FROM {table} AS b WHERE b.{key} = {id})")
    };
    let roots: Vec<String> = roots(plan).iter().map(is_in).collect();
    Some(format!("({})", roots.join(" OR ")))
}

/// The key of these tables, which is the application's id; it has one name in all contracts of a job.
fn key(plan: &Plan) -> Option<String> {
    Some(name::quoted(&roots(plan).first()?.columns.first()?.name))
}

/// The tables, each once, though several contracts may fill it.
fn each_table(plan: &Plan) -> Vec<&Table> {
    let mut tables: Vec<&Table> = Vec::new();
    for table in plan.tables() {
        if !tables.iter().any(|it| it.name == table.name) {
            tables.push(table);
        }
    }
    tables
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Source;

    /// The example of docs/contract-1.md whose rows are nested two deep, tied by `vin` alone.
    fn plan() -> Plan {
        let text = include_str!("../../../../docs/contract-1.md");
        let start = text.rfind("```json\n").expect("an example") + "```json\n".len();
        let contract = &text[start..start + text[start..].find("\n```").expect("its end")];
        let tied = contract.replace("[\"order_no\", \"vehicle_no\"]", "\"vin\"");
        Plan::from_json(&tied).unwrap_or_else(|err| panic!("{err}"))
    }

    #[test]
    fn rows_are_counted_by_what_they_hang_off() {
        let plan = plan();
        let source = Source::new(&plan, Mode::Once, 0);
        let statements = Statements::new(&plan, &source, &Catalog::default());
        let log = |row: &str| {
            format!(
                "EXISTS (SELECT 1 FROM {} AS l WHERE l.[app_id] = {row}.[order_no] AND {} AND l.[status] = 'success' AND {OF_A_WORKER})",
                source.log, source.log_of_job
            )
        };
        let count = |table: &str, condition: &str| {
            format!("SELECT COUNT_BIG(*) AS [n] FROM [fleet].[{table}] AS t0 WHERE {condition}")
        };
        assert_eq!(statements.rows[0], count("fleet", &log("t0")));
        assert_eq!(statements.rows[1], count("vehicle", &log("t0")));
        let nested = format!(
            "EXISTS (SELECT 1 FROM [fleet].[vehicle] AS t1 WHERE t1.[vin] = t0.[vin] AND {})",
            log("t1")
        );
        assert_eq!(statements.rows[2], count("vehicle_option", &nested));
        let without = statements.without_rows.expect("there is a root table");
        assert!(without.count.contains("AS b WHERE b.[order_no] = l.[app_id]"), "{without:?}");
    }
}

//! The source of a job: which applications wait.

use xmlx_domain::{IDS_MAX, IDS_MIN, JobId, Mode, Scope};
use xmlx_extract::Plan;

use crate::connection::{Row, column, only, optional};
use crate::selection::words;
use crate::{Error, Part, Store, name};

/// Applications that wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The lowest id.
    pub first: i64,
    /// The highest id.
    pub last: i64,
    /// How many there are from the one to the other.
    pub count: i64,
}

/// The statements that read one job's source.
#[derive(Clone, Debug)]
pub struct Source {
    /// Which of the source's rows `x` wait, from `FROM` on. Parameters 1, 2 and 4: bounds and log watermark.
    pub(crate) from: String,
    /// The column of the application's id there, `x.[..]`: the contract names it.
    pub(crate) id: String,
    boundary: String,
    waiting: String,
    submitted: String,
    documents: String,
    passed: String,
    bounds: String,
    pub(crate) rows_up: String,
    pub(crate) rows_down: String,
    left_out: String,
    newest_log_id: String,
    /// The quoted `processing_log`.
    pub(crate) log: String,
    /// Which rows `l` of the log are decisions of the job: ids of its scope and product line, written
    /// since its submission and before its end. Parameters 1 to 3: bounds and log watermark, or a later row of the log;
    /// 5: log end; 6: log watermark.
    pub(crate) log_of_job: String,
    pub(crate) log_watermark: i64,
    /// A row of the log above this `log_id` is a decision that a commit of the job must not repeat: any row, or, where
    /// failed applications are tried again, one that came after the submission.
    pub(crate) decided_above: i64,
    /// What takes applications out that a job has left as they were. Parameter 3: the job.
    not_kept: String,
    mode: Mode,
}

impl Source {
    /// The source of `plan`. `log_watermark`: the highest `log_id` when the job was submitted.
    #[must_use]
    pub fn new(plan: &Plan, mode: Mode, log_watermark: i64) -> Self {
        Self::of_part(plan, mode, log_watermark, Part::ALL)
    }

    /// The same of a job that takes a part of its scope.
    #[must_use]
    pub fn of_part(plan: &Plan, mode: Mode, log_watermark: i64, part: Part) -> Self {
        let schema = plan.target_schema();
        let source = plan.source();
        let table = name::table(schema, &source.table);
        let document = name::quoted(&source.column);
        let id = name::quoted(&source.id);
        let log = name::table(schema, "processing_log");
        let scope = format!("x.{id} >= @P1 AND x.{id} < @P2 AND x.{document} IS NOT NULL");
        let of_line = |row: &str| {
            let is_in = |table: &String| {
                let application = name::application_table(table);
                format!("EXISTS (SELECT 1 FROM {application} AS a WHERE a.{id} = {row})")
            };
            let lines: Vec<String> = source.application_tables.iter().map(is_in).collect();
            match lines.as_slice() {
                [] => None,
                [line] => Some(line.clone()),
                _ => Some(format!("({})", lines.join(" OR "))),
            }
        };
        let and_of_line =
            |row: &str| of_line(row).map_or_else(String::new, |it| format!(" AND {it}"));
        let (taken, log_taken) = (part.condition(&format!("x.{id}")), part.condition("l.[app_id]"));
        let own = format!("x.{id}");
        let in_line = and_of_line(own.as_str()) + &taken;
        let (waits, waited) = (waits(mode, plan, &log, &own), waited(mode, plan, &log, &own));
        let not_kept = if mode.replaces() { not_kept(&own) } else { String::new() };
        let submitted = format!(
            "SELECT COUNT_BIG(*) AS [n] FROM {table} AS x WHERE {scope}{in_line} AND {waited}"
        );
        let from = format!("FROM {table} AS x WHERE {scope}{in_line} AND {waits}");
        let decided = decided_in(mode, &log);
        let outside = of_line(&own).map_or_else(|| "1 = 0".to_owned(), |it| format!("NOT {it}"));
        Self {
            boundary: format!(
                "SELECT MIN(t.[app_id]) AS [first], MAX(t.[app_id]) AS [last], COUNT_BIG(*) AS [n] FROM (SELECT TOP (@P3) CAST(x.{id} AS bigint) AS [app_id] {from} ORDER BY x.{id}) AS t"
            ),
            waiting: format!("SELECT COUNT_BIG(*) AS [n] {from}{not_kept}"),
            submitted,
            documents: format!(
                "SELECT COUNT_BIG(*) AS [n] FROM {table} AS x WHERE {scope}{in_line}"
            ),
            passed: format!("SELECT COUNT_BIG(*) AS [n] {from}{not_kept}{}", passed(&own)),
            bounds: format!(
                "SELECT CAST(MIN(x.{id}) AS bigint) AS [lo], CAST(MAX(x.{id}) AS bigint) AS [hi] FROM {table} AS x"
            ),
            rows_up: rows(&table, &id, ""),
            rows_down: rows(&table, &id, " DESC"),
            left_out: format!(
                "SELECT COUNT_BIG(*) AS [n] FROM {table} AS x WHERE {scope} AND {outside}{taken}"
            ),
            newest_log_id: format!(
                "SELECT COALESCE(CAST(MAX([log_id]) AS bigint), 0) AS [n] FROM {log}"
            ),
            from,
            id: own,
            log,
            log_of_job: format!(
                "l.[app_id] >= @P1 AND l.[app_id] < @P2 AND l.[log_id] > @P3 AND l.[log_id] <= @P5{}{log_taken} AND {}",
                and_of_line("l.[app_id]"),
                decided
            ),
            log_watermark,
            decided_above: match mode {
                Mode::Once | Mode::Follow => i64::MIN,
                // Nothing is written, so that nothing is repeated.
                Mode::Rehearse | Mode::Reconcile | Mode::Cover | Mode::Diff => i64::MAX,
                Mode::Retry | Mode::Replace | Mode::ReplaceAll => log_watermark,
            },
            not_kept,
            mode,
        }
    }

    /// Which applications the job takes.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Which rows `x` wait: what stands behind `FROM`. Parameter 3: the job.
    pub(crate) fn waiting_rows(&self) -> String {
        let rows = self.from.strip_prefix("FROM ").expect("it begins so");
        format!("{rows}{}", self.not_kept)
    }

    /// The same, where a cursor of the job has passed them.
    pub(crate) fn passed_rows(&self) -> String {
        format!("{}{}", self.waiting_rows(), passed(&self.id))
    }

    /// The statements, each with what it is for, for checks from outside.
    #[must_use]
    pub fn statements(&self) -> Vec<(&'static str, &str)> {
        vec![
            ("boundary", self.boundary.as_str()),
            ("waiting", self.waiting.as_str()),
            ("submitted", self.submitted.as_str()),
            ("documents", self.documents.as_str()),
            ("passed", self.passed.as_str()),
            ("bounds", self.bounds.as_str()),
            ("rows_up", self.rows_up.as_str()),
            ("rows_down", self.rows_down.as_str()),
            ("left_out", self.left_out.as_str()),
            ("newest_log_id", self.newest_log_id.as_str()),
        ]
    }

    /// The first `n` waiting applications of the scope, or all where fewer wait. `None` where none waits.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn boundary(
        &self,
        store: &Store,
        scope: Scope,
        n: i64,
    ) -> Result<Option<Waiting>, Error> {
        const IT: &str = "boundary";
        let params: [&dyn tiberius::ToSql; 4] = [&scope.lo, &scope.hi, &n, &self.log_watermark];
        let rows = store.run_long(&self.boundary, &params).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let Some(first) = optional(row, "first", IT)? else { return Ok(None) };
        Ok(Some(Waiting { first, last: column(row, "last", IT)?, count: column(row, "n", IT)? }))
    }

    /// How many applications of the scope wait for a job. Those that it has left as they were wait no longer.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn waiting(&self, store: &Store, scope: Scope, job: JobId) -> Result<i64, Error> {
        let params: [&dyn tiberius::ToSql; 4] = [&scope.lo, &scope.hi, &job.0, &self.log_watermark];
        count(&store.run_long(&self.waiting, &params).await?, "waiting")
    }

    /// How many applications of the scope waited when the job was submitted, by the documents that there are now: what
    /// is decided while they are counted changes nothing.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn submitted(&self, store: &Store, scope: Scope) -> Result<i64, Error> {
        let n_unused = 0_i64;
        let params: [&dyn tiberius::ToSql; 4] =
            [&scope.lo, &scope.hi, &n_unused, &self.log_watermark];
        count(&store.run_long(&self.submitted, &params).await?, "submitted")
    }

    /// How many applications of the product line the scope has, decided or not.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn documents(&self, store: &Store, scope: Scope) -> Result<i64, Error> {
        count(&store.run_long(&self.documents, &[&scope.lo, &scope.hi]).await?, "documents")
    }

    /// How many applications of the scope wait although a cursor of the job says that they are decided.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn passed(&self, store: &Store, scope: Scope, job: JobId) -> Result<i64, Error> {
        let params: [&dyn tiberius::ToSql; 4] = [&scope.lo, &scope.hi, &job.0, &self.log_watermark];
        count(&store.run_long(&self.passed, &params).await?, "passed")
    }

    /// How many documents of the scope belong to no application of this product line.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn left_out(&self, store: &Store, scope: Scope) -> Result<i64, Error> {
        count(&store.run_long(&self.left_out, &[&scope.lo, &scope.hi]).await?, "left_out")
    }

    /// All ids of the source table; `None` where it is empty.
    ///
    /// # Errors
    /// [`Error::Shape`] where an id is the lowest or the highest that there can be; see [`Error`].
    pub async fn bounds(&self, store: &Store) -> Result<Option<Scope>, Error> {
        let Some((first, last)) = self.ids(store).await? else { return Ok(None) };
        match (first, last.checked_add(1)) {
            (IDS_MIN.., Some(hi)) => Ok(Some(Scope { lo: first, hi })),
            _ => Err(Error::Shape {
                statement: "bounds",
                detail: format!(
                    "the source has ids from {first} to {last}; a job takes those from {IDS_MIN} to {IDS_MAX}"
                ),
            }),
        }
    }

    /// The lowest and the highest id of the source table; `None` where it is empty.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn ids(&self, store: &Store) -> Result<Option<(i64, i64)>, Error> {
        let rows = store.run_long(&self.bounds, &[]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let (lo, hi) =
            (optional::<i64>(row, "lo", "bounds")?, optional::<i64>(row, "hi", "bounds")?);
        Ok(lo.zip(hi))
    }

    /// The highest `log_id` there is.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn newest_log_id(&self, store: &Store) -> Result<i64, Error> {
        count(&store.run(&self.newest_log_id, &[]).await?, "newest_log_id")
    }
}

/// Which rows `x` of the source a cursor of the job has passed. Parameter 3: the job.
fn passed(id: &str) -> String {
    format!(
        " AND EXISTS (SELECT 1 FROM [xmlx].[range] AS r WHERE r.[job_id] = @P3 AND r.[lo] <= {id} AND r.[committed_through] >= {id})"
    )
}

/// Which rows `x` of the source a job has not tried in vain to replace. Parameter 3: the job.
fn not_kept(id: &str) -> String {
    format!(
        " AND NOT EXISTS (SELECT 1 FROM [xmlx].[finding] AS f WHERE f.[job_id] = @P3 AND f.[app_id] = {id} AND f.[kind] = 'kept_old')"
    )
}

/// The first rows of the source from one end of a scope, whatever they hold. Parameters 1 to 3: bounds and how many.
fn rows(table: &str, id: &str, order: &str) -> String {
    format!(
        "SELECT MIN(t.[app_id]) AS [first], MAX(t.[app_id]) AS [last], COUNT_BIG(*) AS [n] FROM (SELECT TOP (@P3) CAST(x.{id} AS bigint) AS [app_id] FROM {table} AS x \
         WHERE x.{id} >= @P1 AND x.{id} < @P2 ORDER BY x.{id}{order}) AS t"
    )
}

/// Which rows `x` of the source wait for a job of this mode. Parameter 4: the job's log watermark. What a job reads waits
/// as of its submission, whatever is decided meanwhile: its cursors alone say how far it has come.
fn waits(mode: Mode, plan: &Plan, log: &str, id: &str) -> String {
    match mode {
        Mode::Once | Mode::Follow => {
            format!("NOT EXISTS (SELECT 1 FROM {log} AS l WHERE l.[app_id] = {id})")
        }
        Mode::Retry => format!(
            "(SELECT TOP (1) l.[status] FROM {log} AS l WHERE l.[app_id] = {id} ORDER BY l.[log_id] DESC) = 'failed' \
             AND (SELECT MAX(l.[log_id]) FROM {log} AS l WHERE l.[app_id] = {id}) <= @P4"
        ),
        Mode::Replace => {
            format!("{} AND {}", latest_before(log, id), written_otherwise(plan, log, id))
        }
        Mode::ReplaceAll => latest_before(log, id),
        Mode::Rehearse | Mode::Reconcile | Mode::Cover | Mode::Diff => waited(mode, plan, log, id),
    }
}

/// The same by the log as it was at the submission, however far the job has come by now.
fn waited(mode: Mode, plan: &Plan, log: &str, id: &str) -> String {
    let of_app = format!("l.[app_id] = {id} AND l.[log_id] <= @P4");
    let latest_is = |status: &str| {
        format!(
            "(SELECT TOP (1) l.[status] FROM {log} AS l WHERE {of_app} ORDER BY l.[log_id] DESC) = '{status}'"
        )
    };
    match mode {
        Mode::Once | Mode::Follow | Mode::Rehearse => {
            format!("NOT EXISTS (SELECT 1 FROM {log} AS l WHERE {of_app})")
        }
        Mode::Retry => latest_is("failed"),
        Mode::Reconcile => latest_is("success"),
        Mode::Cover | Mode::Diff => "1 = 1".to_owned(),
        Mode::Replace => format!(
            "EXISTS (SELECT 1 FROM {log} AS l WHERE {of_app}) AND {}",
            written_otherwise(plan, log, id)
        ),
        Mode::ReplaceAll => format!("EXISTS (SELECT 1 FROM {log} AS l WHERE {of_app})"),
    }
}

/// Whether row `x` of the source has rows in the log, none of them later than the submission.
fn latest_before(log: &str, id: &str) -> String {
    format!("(SELECT MAX(l.[log_id]) FROM {log} AS l WHERE l.[app_id] = {id}) <= @P4")
}

/// Whether row `x` of the source was not written last, as of the submission, by a job with the same contract. Its latest
/// row of the log is of the job that had it to decide then: a `retry` or `replace` what had a row before, the others what
/// had none; none of one kind runs beside another of it.
fn written_otherwise(plan: &Plan, log: &str, id: &str) -> String {
    // The hash is made of digits alone.
    let hash = plan.hash();
    let undecided = words(&[Mode::Once, Mode::Follow]);
    let decided = words(&[Mode::Retry, Mode::Replace, Mode::ReplaceAll]);
    format!(
        "NOT EXISTS (SELECT 1 FROM {log} AS l JOIN [xmlx].[job] AS r ON r.[scope_lo] <= l.[app_id] AND r.[scope_hi] > l.[app_id] \
         WHERE l.[app_id] = {id} AND l.[status] = 'success' AND {OF_A_WORKER} \
         AND l.[log_id] = (SELECT MAX(n.[log_id]) FROM {log} AS n WHERE n.[app_id] = {id} AND n.[log_id] <= @P4) \
         AND r.[contract_hash] = '{hash}' AND r.[log_watermark] < l.[log_id] AND COALESCE(r.[log_end], l.[log_id]) >= l.[log_id] \
         AND (r.[mode] IN ({undecided}) AND NOT EXISTS (SELECT 1 FROM {log} AS k WHERE k.[app_id] = {id} AND k.[log_id] < l.[log_id]) \
         OR r.[mode] IN ({decided}) AND EXISTS (SELECT 1 FROM {log} AS k WHERE k.[app_id] = {id} AND k.[log_id] <= r.[log_watermark])))"
    )
}

/// Rows `l` of the log that a worker wrote: another tool may log applications of the same scope at the same time.
pub(crate) const OF_A_WORKER: &str = "l.[session_id] IN (SELECT s.[session_id] COLLATE DATABASE_DEFAULT FROM [xmlx].[worker_session] AS s)";

/// Which rows `l` of the log are of a job of this mode, and not of one that runs beside it: a `retry` decides what had
/// failed before its submission, a `replace` what had any row, the others what had no row yet. Parameter 6: the job's log
/// watermark.
fn decided_in(mode: Mode, log: &str) -> String {
    let had_a_row = |watermark: &str, which: &str| {
        format!(
            "EXISTS (SELECT 1 FROM {log} AS k WHERE k.[app_id] = l.[app_id] AND k.[log_id] <= {watermark}{which})"
        )
    };
    let had_failed = |watermark: &str| had_a_row(watermark, " AND k.[status] = 'failed'");
    let beside = |mode: Mode, took: String| {
        let mode = words(&[mode]);
        format!(
            "NOT EXISTS (SELECT 1 FROM [xmlx].[job] AS r WHERE r.[mode] IN ({mode}) AND r.[scope_lo] <= l.[app_id] AND r.[scope_hi] > l.[app_id] \
             AND r.[log_watermark] < l.[log_id] AND COALESCE(r.[log_end], l.[log_id]) >= l.[log_id] AND {took})"
        )
    };
    match mode {
        Mode::Retry => had_failed("@P6"),
        Mode::Replace | Mode::ReplaceAll => had_a_row("@P6", ""),
        Mode::Once | Mode::Follow => [
            beside(Mode::Retry, had_failed("r.[log_watermark]")),
            beside(Mode::Replace, had_a_row("r.[log_watermark]", "")),
            beside(Mode::ReplaceAll, had_a_row("r.[log_watermark]", "")),
        ]
        .join(" AND "),
        Mode::Rehearse | Mode::Reconcile | Mode::Cover | Mode::Diff => "1 = 0".to_owned(),
    }
}

/// Whether two jobs could decide the same applications: one log, one source, and not two different
/// product lines.
#[must_use]
pub fn same_applications(a: &Plan, b: &Plan) -> bool {
    let named = |plan: &Plan, table: &str| name::table(plan.target_schema(), table).to_lowercase();
    let lines = |plan: &Plan| -> Vec<String> {
        let tables = plan.source().application_tables.iter();
        tables.map(|table| name::application_table(table).to_lowercase()).collect()
    };
    let same_log = named(a, "processing_log") == named(b, "processing_log");
    let same_source = named(a, &a.source().table) == named(b, &b.source().table);
    let (a, b) = (lines(a), lines(b));
    let same_line = a.is_empty() || b.is_empty() || a.iter().any(|it| b.contains(it));
    (same_log || same_source) && same_line
}

pub(crate) fn count(rows: &[Row], statement: &'static str) -> Result<i64, Error> {
    column(only(rows, statement)?, "n", statement)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(application_table: &str) -> Plan {
        let contract = serde_json::json!({
            "xml_root_element": "Doc", "xml_application_path": "/Doc",
            "source_table": "staging", "source_column": "body", "target_schema": "migration",
            "source_application_table": application_table,
            "table_insertion_order": ["app", "item"],
            "element_filtering": {
                "filter_rules": [{ "element_type": "row", "xml_child_path": "/Doc/item" }]
            },
            "relationships": [{
                "parent_table": "app", "child_table": "item", "foreign_key_column": "app_id",
                "xml_child_path": "/Doc/item"
            }],
            "mappings": [
                { "xml_path": "/Doc", "xml_attribute": "id", "target_table": "app",
                  "target_column": "app_id", "data_type": "int", "nullable": false },
                { "xml_path": "/Doc/item", "xml_attribute": "n", "target_table": "item",
                  "target_column": "n", "data_type": "int" }
            ]
        });
        Plan::from_json(&contract.to_string()).expect("a contract")
    }

    /// Contracts of the reference name the table without a schema and mean `dbo`; everything else of theirs is in the
    /// target schema.
    #[test]
    fn a_contract_of_the_reference_finds_its_tables() {
        for (named, expected) in [
            ("application", "[dbo].[application]"),
            ("migration.application", "[migration].[application]"),
        ] {
            let plan = plan(named);
            let from = Source::new(&plan, Mode::Once, 0).from;
            assert!(from.contains(&format!("FROM {expected} AS a ")), "{from}");
            assert!(from.starts_with("FROM [migration].[staging] AS x "), "{from}");
            assert!(from.contains("FROM [migration].[processing_log] AS l "), "{from}");
            let load = crate::load_statement(&plan);
            assert!(load.contains(&format!("INSERT INTO {expected} ([app_id])")), "{load}");
            let granted = crate::Role::Worker.grants(Some(&plan));
            assert!(granted.iter().any(|grant| grant.securable == expected), "{granted:?}");
        }
        let (a, b) = (plan("application"), plan("dbo.Application"));
        assert!(same_applications(&a, &b));
        assert!(!same_applications(&a, &plan("migration.application")));
    }

    /// The log and the findings call the id `app_id`, whatever the source calls it.
    #[test]
    fn the_source_s_id_has_the_name_of_the_contract() {
        let contract = "format = 2\nsource = { table = 'dbo.inbox', id = 'order no', document = 'body', applications = 'dbo.orders' }\n\
                        target = { schema = 'shop' }\n[[table]]\nname = 'o'\nrows = '/o'\ncolumns = { n = '@n' }\n";
        let plan = Plan::from_json(contract).expect("a contract");
        for mode in Mode::ALL {
            let source = Source::new(&plan, *mode, 0);
            let checks = crate::verification_statements(&plan, &source, &crate::Catalog::default());
            let own = source.statements().into_iter().map(|(_, sql)| sql.to_owned());
            for sql in own.chain(checks.into_iter().map(|(_, sql)| sql)) {
                assert!(
                    !sql.contains("x.[app_id]") && !sql.contains("a.[app_id]"),
                    "{mode}: {sql}"
                );
            }
        }
        let replace = crate::replace_statement(&plan);
        assert!(replace.contains("OUTPUT inserted.[order no] AS [app_id]"), "{replace}");
        assert!(replace.contains("WHERE [order no] = i.[xmlx_id]"), "{replace}");
    }
}

//! Warnings, counted with the commit of the applications that they are about.
//!
//! Counts are kept by range, so that commits of different owners never wait for each other's rows: by column and kind in
//! `xmlx.warning`, and what they add up to in `xmlx.range_warning`, which is quickly read.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use xmlx_domain::JobId;
use xmlx_extract::{Application, Plan};

use crate::catalog::Room;
use crate::commit::{Decided, WarningParams};
use crate::connection::{column, only, text};
use crate::schema::EXTRAS_SINCE;
use crate::verify::{Check, check};
use crate::{Error, Store, encode, statements};

/// The room of the names in `xmlx.warning`.
const TABLE: Room = Room::Units(257);
const COLUMN: Room = Room::Units(128);

/// Warnings of one column and kind of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WarningRow {
    /// The target table.
    pub table: String,
    /// Its column; empty where a warning is about a row as a whole.
    pub column: String,
    /// What happened to the values.
    pub kind: String,
    /// Applications that have at least one of them.
    pub applications: i64,
    /// How many there are.
    pub warnings: i64,
    /// A few of these applications, in order.
    pub app_ids: Vec<i64>,
}

/// The names that warnings of one contract are counted by.
#[derive(Clone, Debug)]
pub(crate) struct WarningNames(Vec<(String, Vec<String>)>);

/// What warnings are counted by. Several contracts of one job may write one table's name in several ways; the
/// database may take them for one, and two rows for one key would break the commit.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    table: String,
    column: String,
    kind: &'static str,
}

/// The warnings of one group.
#[derive(Debug)]
pub(crate) struct EncodedWarnings {
    /// By column and kind, as JSON.
    pub(crate) rows: String,
    /// Applications that have some.
    pub(crate) applications: i64,
    /// How many there are.
    pub(crate) warnings: i64,
}

#[derive(Debug, Default)]
struct Count<'a> {
    /// The names as they are shown.
    names: (&'a str, &'a str),
    applications: i64,
    warnings: i64,
    first: i64,
    last: i64,
}

impl<'a> Count<'a> {
    /// One more of this application, whose warnings all come in a row.
    fn add(&mut self, names: (&'a str, &'a str), app_id: i64) {
        if self.applications == 0 {
            self.names = names;
            self.first = app_id;
        }
        if self.applications == 0 || self.last != app_id {
            self.applications += 1;
            self.last = app_id;
        }
        self.warnings += 1;
    }
}

impl WarningNames {
    pub(crate) fn new(plan: &Plan) -> Self {
        let names = plan.tables().iter().map(|table| {
            let columns = table.columns.iter().map(|it| COLUMN.fit(&it.name).to_owned());
            (TABLE.fit(&table.name).to_owned(), columns.collect())
        });
        Self(names.collect())
    }

    /// The warnings of a group as the commit's statements take them; `None` where there are none.
    pub(crate) fn encode(&self, decided: &[Decided]) -> Option<EncodedWarnings> {
        let mut counts = BTreeMap::new();
        let (mut applications, mut warnings) = (0, 0);
        for app in decided {
            match app {
                Decided::Rows(app) if !app.warnings.is_empty() => {
                    applications += 1;
                    warnings += i64::try_from(app.warnings.len()).unwrap_or(i64::MAX);
                    self.count(app, &mut counts);
                }
                // What is not written has lost nothing on its way.
                Decided::Rows(_) | Decided::Failed { .. } | Decided::Elsewhere { .. } => (),
            }
        }
        if applications == 0 {
            return None;
        }
        let mut out = String::new();
        for (key, it) in &counts {
            let (table, column) = it.names;
            let row = (table, column, key.kind, it.applications, it.warnings, it.first, it.last);
            out.push(if out.is_empty() { '[' } else { ',' });
            out += &serde_json::to_string(&row).expect("numbers and strings are always JSON");
        }
        encode::close(&mut out);
        Some(EncodedWarnings { rows: out, applications, warnings })
    }

    fn count<'a>(&'a self, app: &Application, counts: &mut BTreeMap<Key, Count<'a>>) {
        for warning in &app.warnings {
            let (table, columns) = &self.0[warning.table];
            let column = warning.column.map_or("", |it| columns[it].as_str());
            let key = Key {
                table: table.to_lowercase(),
                column: column.to_lowercase(),
                kind: warning.kind.as_str(),
            };
            counts.entry(key).or_default().add((table, column), app.app_id);
        }
    }
}

/// The statements that count, after the fence: who holds the range's row is alone with its warnings, so that nothing
/// can come between an update and the insert behind it.
pub(crate) fn count(text: &mut String, params: &WarningParams) {
    let WarningParams { job, range, rows, applications, warnings } = params;
    let rows = format!(
        "FROM OPENJSON({rows}) WITH ([in_table] nvarchar(257) '$[0]', [in_column] nvarchar(128) '$[1]', [of_kind] varchar(30) '$[2]', \
         [more_applications] bigint '$[3]', [more_warnings] bigint '$[4]', [first] bigint '$[5]', [last] bigint '$[6]') AS j"
    );
    write!(
        text,
        "UPDATE [xmlx].[range_warning] SET [applications] = [applications] + {applications}, [warnings] = [warnings] + {warnings} WHERE [job_id] = {job} AND [range_id] = {range};\n\
         IF @@ROWCOUNT = 0 INSERT INTO [xmlx].[range_warning] ([job_id], [range_id], [applications], [warnings]) VALUES ({job}, {range}, {applications}, {warnings});\n\
         UPDATE [xmlx].[warning] SET [applications] = [applications] + j.[more_applications], [warnings] = [warnings] + j.[more_warnings], [last_app_id] = j.[last]\n\
         {rows}\n\
         WHERE [job_id] = {job} AND [range_id] = {range} AND [table_name] = j.[in_table] AND [column_name] = j.[in_column] AND [kind] = j.[of_kind] OPTION (LOOP JOIN);\n\
         INSERT INTO [xmlx].[warning] ([job_id], [range_id], [table_name], [column_name], [kind], [applications], [warnings], [first_app_id], [last_app_id])\n\
         SELECT {job}, {range}, j.[in_table], j.[in_column], j.[of_kind], j.[more_applications], j.[more_warnings], j.[first], j.[last]\n\
         {rows}\n\
         WHERE NOT EXISTS (SELECT 1 FROM [xmlx].[warning] AS w WHERE w.[job_id] = {job} AND w.[range_id] = {range} \
         AND w.[table_name] = j.[in_table] AND w.[column_name] = j.[in_column] AND w.[kind] = j.[of_kind]) OPTION (LOOP JOIN);\n"
    )
    .expect("writing to a string does not fail");
}

impl Store {
    /// The warnings of a job by column and kind, the most frequent first. Empty where the control tables have no place
    /// for them yet.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn warnings(&self, job_id: JobId) -> Result<Vec<WarningRow>, Error> {
        if !self.has_schema(EXTRAS_SINCE).await? {
            return Ok(Vec::new());
        }
        let rows = self.run(statements::WARNINGS, &[&job_id.0]).await?;
        rows.iter().map(warning).collect()
    }

    /// Whether what is kept by column adds up to what is shown of the job.
    pub(crate) async fn warning_sums(&self, job_id: JobId) -> Result<Option<Check>, Error> {
        const IT: &str = "job_warning_sums";
        if !self.has_schema(EXTRAS_SINCE).await? {
            return Ok(None);
        }
        let rows = self.run(statements::JOB_WARNING_SUMS, &[&job_id.0]).await?;
        let row = only(&rows, IT)?;
        let sum = |name| column::<i64>(row, name, IT);
        let (by_column, warnings) = (sum("by_column")?, sum("warnings")?);
        let applications = sum("applications")?;
        let violations = (by_column - warnings).abs() + sum("ranges_with_too_many")?;
        let detail = format!(
            "{warnings} in {applications} applications are shown, {by_column} are kept by column"
        );
        Ok(Some(check("warnings kept add up to those shown", violations, detail)))
    }
}

fn warning(row: &crate::connection::Row) -> Result<WarningRow, Error> {
    const IT: &str = "warnings";
    let mut app_ids = Vec::new();
    // The first and the last application of two of its ranges: a few that are far apart.
    for name in ["first_of_all", "first_of_last", "last_of_first", "last_of_all"] {
        app_ids.push(column(row, name, IT)?);
    }
    app_ids.sort_unstable();
    app_ids.dedup();
    Ok(WarningRow {
        table: text(row, "table_name", IT)?,
        column: text(row, "column_name", IT)?,
        kind: text(row, "kind", IT)?,
        applications: column(row, "applications", IT)?,
        warnings: column(row, "warnings", IT)?,
        app_ids,
    })
}

#[cfg(test)]
mod tests {
    use xmlx_extract::{Warning, WarningKind};

    use xmlx_domain::{LogReason, Stage};

    use super::*;

    fn app(app_id: i64, warnings: &[(usize, Option<usize>, WarningKind)]) -> Decided {
        let warning = |&(table, column, kind)| Warning { table, column, kind };
        let warnings = warnings.iter().map(warning).collect();
        Decided::Rows(Application { app_id, tables: Vec::new(), warnings, defaults: Vec::new() })
    }

    #[test]
    fn a_group_is_counted_by_column_and_kind() {
        let columns = |names: [&str; 2]| names.map(str::to_owned).to_vec();
        let names = WarningNames(vec![
            ("loan".to_owned(), columns(["a", "b"])),
            ("LOAN".to_owned(), columns(["A", "c"])),
        ]);
        let (cut, odd) = (WarningKind::Cut, WarningKind::RowLeftOut);
        let group = [
            app(5, &[(0, Some(0), cut), (0, None, odd), (0, Some(0), cut)]),
            app(6, &[]),
            Decided::Failed { app_id: 7, reason: LogReason::new(Stage::Mapping, "x") },
            app(8, &[(1, Some(0), cut), (1, Some(1), cut)]),
        ];
        let found = names.encode(&group).expect("there are some");
        assert_eq!((found.applications, found.warnings), (2, 5));
        assert_eq!(
            found.rows.trim_end(),
            // The database may take `loan.a` and `LOAN.A` for one.
            r#"[["loan","","row_left_out",1,1,5,5],["loan","a","cut",2,3,5,8],["LOAN","c","cut",1,1,8,8]]"#
        );
        assert!(names.encode(&group[1..3]).is_none());
    }

    #[test]
    fn every_kind_has_room() {
        assert!(WarningKind::ALL.iter().all(|it| it.as_str().len() <= 30));
    }
}

//! The text of the commit's statements.

use std::fmt::Write as _;

use super::params::{
    self, CURSOR, DECIDED_ABOVE, EPOCH, JOB, LAST, LOG, N_FAILED, N_OK, N_ROWS, RANGE, RANGE_END,
    RANGE_START, SESSION,
};
use crate::catalog::CatalogColumn;
use crate::encode::ColumnCodec;
use crate::{Removals, error, name, warnings};

/// Digits of the length that stands before the rows of each application in a search.
pub(super) const LENGTH_DIGITS: usize = 10;

/// What the statements are made of.
#[derive(Debug)]
pub(super) struct Names<'a> {
    /// The log, as it is written in a statement.
    pub(super) log: String,
    /// The type of its `app_id`: a comparison with another type may not find its index.
    pub(super) id_type: String,
    /// Parents before their children.
    pub(super) tables: Vec<TargetTable<'a>>,
    /// Whether the job writes to the target at all.
    pub(super) writes: bool,
    /// What is deleted before, where applications are replaced.
    pub(super) removals: Option<&'a Removals>,
}

/// The parts of a commit. A group has those that it has something for, in this order, and pays for no other.
#[derive(Clone, Debug)]
pub(super) struct Parts {
    /// The fence, the rows and the log; of a job that writes nothing, the fence alone.
    pub(super) group: String,
    pub(super) warnings: String,
    pub(super) report: String,
    pub(super) findings: String,
    pub(super) keys: String,
}

pub(super) const END: &str = "COMMIT;\n";

/// A table that rows go to.
#[derive(Debug)]
pub(super) struct TargetTable<'a> {
    /// As it is written in a statement.
    pub(super) name: String,
    pub(super) columns: Vec<&'a CatalogColumn>,
    pub(super) codecs: Vec<ColumnCodec>,
    /// Whether the contract fills the table's IDENTITY column.
    pub(super) gives_identity: bool,
}

impl Names<'_> {
    /// The parts of the commit.
    pub(super) fn commit(&self) -> Parts {
        let n_tables = self.tables.len();
        let mut group = self.fence();
        if self.writes {
            group += &self.decided_before();
            if let Some(removals) = self.removals {
                let ids = |ty: &str| {
                    format!(
                        "OPENJSON({LOG}) WITH ([app_id] {ty} '$[0]', [status] nvarchar(max) '$[1]')"
                    )
                };
                let condition = format!(" WHERE j.[status] = N'success' AND {}", self.has_rows());
                group.push_str(&removals.deletes(&ids, &condition));
            }
            for (i, table) in self.tables.iter().enumerate() {
                group.push_str(&table.insert(&params::table(i)));
            }
            if self.removals.is_some() {
                group.push_str(&self.note_kept());
            }
            group.push_str(&self.insert_log());
        }
        let mut warnings = String::new();
        warnings::count(&mut warnings, &params::warnings(n_tables));
        Parts {
            group,
            warnings,
            report: report(&params::report(n_tables)),
            findings: findings(&params::findings(n_tables)),
            keys: keys(&params::keys(n_tables)),
        }
    }

    /// The search for the applications of a group that the database refuses: each is tried behind a savepoint of its
    /// own, so that one round trip finds all of them, and in the end everything is rolled back.
    ///
    /// XACT_ABORT is off while they are tried, since with it any error would end the transaction. What CATCH does not
    /// get (a table that is gone, a cancelled request) leaves the transaction open then: the connection is closed after
    /// any error that it has not proved itself sound after.
    /// A class of errors that no application is to blame for ends the search, and so does an error that dooms the
    /// transaction (conversions, triggers): XACT_STATE() is not 1 from there on.
    pub(super) fn search(&self) -> String {
        let [rows, n_applications] = params::search();
        let header = LENGTH_DIGITS + self.tables.len();
        let n_tables = self.tables.len();
        let inserts: String =
            self.tables.iter().enumerate().map(|(i, table)| table.insert_where_filled(i)).collect();
        // Behind the rows of an application stands its id, if it has rows.
        let ids = |ty: &str| format!("OPENJSON(@app, '$[{n_tables}]') WITH ([app_id] {ty} '$')");
        let condition = format!(" WHERE {}", self.has_rows());
        let deletes =
            self.removals.map_or_else(String::new, |found| found.deletes(&ids, &condition));
        let identities = self.tables.iter().filter(|table| table.gives_identity);
        let identities_off: String =
            identities.map(|table| format!("SET IDENTITY_INSERT {} OFF;\n", table.name)).collect();
        let fence = self.fence() + &self.decided_before();
        let is_of_the_application = error::is_data("ERROR_NUMBER()");
        format!(
            "SET NOCOUNT ON;\n\
             {fence}\
             SET XACT_ABORT OFF;\n\
             DECLARE @n int = 0, @at int = 1, @length int, @filled nvarchar(4000), @app nvarchar(max);\n\
             WHILE @n < {n_applications} AND XACT_STATE() = 1\n\
             BEGIN\n\
             SET @length = CAST(SUBSTRING({rows}, @at, {LENGTH_DIGITS}) AS int);\n\
             SET @filled = SUBSTRING({rows}, @at + {LENGTH_DIGITS}, {n_tables});\n\
             SET @app = SUBSTRING({rows}, @at + {header}, @length);\n\
             SET @at = @at + {header} + @length;\n\
             SAVE TRAN [application];\n\
             BEGIN TRY\n\
             {deletes}\
             {inserts}\
             END TRY\n\
             BEGIN CATCH\n\
             SELECT @n AS [n], ERROR_NUMBER() AS [number], ERROR_MESSAGE() AS [message];\n\
             IF XACT_STATE() = 1 AND {is_of_the_application} ROLLBACK TRAN [application];\n\
             ELSE IF XACT_STATE() <> 0 ROLLBACK TRAN;\n\
             {identities_off}\
             END CATCH;\n\
             SET @n = @n + 1;\n\
             END;\n\
             IF XACT_STATE() <> 0 ROLLBACK TRAN;\n\
             SELECT @n AS [n], CAST(NULL AS int) AS [number], CAST(NULL AS nvarchar(4000)) AS [message];\n"
        )
    }

    /// Which ids of a group the log has. Its parameters are ids as JSON, and the `log_id` above which a row counts.
    pub(super) fn decided(&self) -> String {
        let Self { log, id_type, .. } = self;
        format!(
            "SET LOCK_TIMEOUT 5000;\nSELECT DISTINCT CAST(l.[app_id] AS bigint) AS [app_id] FROM OPENJSON(@P1) WITH ([app_id] {id_type} '$') AS j \
             INNER LOOP JOIN {log} AS l ON l.[app_id] = j.[app_id] WHERE l.[log_id] > @P2"
        )
    }

    /// The fence is a write and comes first: the owner of a lease that has moved on does no work, under any isolation
    /// level. The cursor has to be where the owner left it: a database that has gone back in time (a forced failover, a
    /// restore) refuses its next group too, or what lies between would be passed over.
    fn fence(&self) -> String {
        format!(
            "SET XACT_ABORT ON;\n\
             SET LOCK_TIMEOUT 5000;\n\
             BEGIN TRAN;\n\
             UPDATE [xmlx].[range] SET [committed_through] = {LAST}, [done_ok] = [done_ok] + {N_OK}, [done_failed] = [done_failed] + {N_FAILED}, [rows_written] = [rows_written] + {N_ROWS}\n\
             WHERE [job_id] = {JOB} AND [range_id] = {RANGE} AND [epoch] = {EPOCH} AND [owner_session] = {SESSION} AND [state] = 'leased' AND [committed_through] = {CURSOR} AND {LAST} < [hi];\n\
             IF @@ROWCOUNT <> 1 THROW 51001, N'fenced', 1;\n"
        )
    }

    /// Behind the fence the group is refused where the log has a row of one of its applications: another tool, or another job,
    /// may have decided it since it was fetched. Under READ_COMMITTED_SNAPSHOT a plain read would see the log as it was;
    /// UPDLOCK reads what is committed now and waits for what is about to be, and HOLDLOCK keeps other writers from
    /// adding such a row before this transaction ends. The loop takes locks on the keys of these applications alone.
    fn decided_before(&self) -> String {
        let Self { log, id_type, .. } = self;
        format!(
            "IF EXISTS (SELECT 1 FROM OPENJSON({LOG}) WITH ([app_id] {id_type} '$[0]') AS j INNER LOOP JOIN {log} AS l WITH (UPDLOCK, HOLDLOCK) \
             ON l.[app_id] = j.[app_id] WHERE l.[log_id] > {DECIDED_ABOVE}) THROW 51004, N'decided elsewhere', 1;\n"
        )
    }

    /// Whether application `j` has rows of ours: what stands under the id of one that never succeeded is somebody else's.
    fn has_rows(&self) -> String {
        let log = &self.log;
        format!(
            "EXISTS (SELECT 1 FROM {log} AS l WHERE l.[app_id] = j.[app_id] AND l.[status] = 'success')"
        )
    }

    /// An application that fails while it is replaced keeps the rows that it has, so the log, where `failed` says that
    /// there are none, gets no row for it: that it was tried is a finding of the job.
    fn note_kept(&self) -> String {
        let (id_type, has_rows) = (&self.id_type, self.has_rows());
        format!(
            "INSERT INTO [xmlx].[finding] ([job_id], [range_id], [app_id], [n], [kind], [table_name], [column_name], [reason]) \
             SELECT {JOB}, {RANGE}, j.[app_id], 1, 'kept_old', N'', N'', j.[reason] FROM OPENJSON({LOG}) \
             WITH ([app_id] {id_type} '$[0]', [status] nvarchar(max) '$[1]', [reason] nvarchar(max) '$[2]') AS j \
             WHERE j.[status] = N'failed' AND {has_rows} OPTION (LOOP JOIN);\n"
        )
    }

    fn insert_log(&self) -> String {
        let Self { log, id_type, .. } = self;
        let (id_type, condition) = match self.removals {
            None => ("bigint", String::new()),
            Some(_) => (
                id_type.as_str(),
                format!("WHERE j.[status] = N'success' OR NOT {} ", self.has_rows()),
            ),
        };
        format!(
            "INSERT INTO {log} ([app_id], [status], [failure_reason], [session_id], [app_id_start], [app_id_end]) \
             SELECT j.[app_id], j.[status], j.[reason], {SESSION}, {RANGE_START}, {RANGE_END} FROM OPENJSON({LOG}) \
             WITH ([app_id] {id_type} '$[0]', [status] nvarchar(max) '$[1]', [reason] nvarchar(max) '$[2]') AS j {condition}OPTION (LOOP JOIN);\n"
        )
    }
}

/// Writes the lease's report anew. Who holds the range's row is alone with it.
fn report(report: &str) -> String {
    format!(
        "UPDATE [xmlx].[range_report] SET [report] = {report} WHERE [job_id] = {JOB} AND [range_id] = {RANGE} AND [epoch] = {EPOCH};\n\
         IF @@ROWCOUNT = 0 INSERT INTO [xmlx].[range_report] ([job_id], [range_id], [epoch], [report]) VALUES ({JOB}, {RANGE}, {EPOCH}, {report});\n"
    )
}

/// Adds what was found of the group's applications.
fn findings(findings: &str) -> String {
    format!(
        "INSERT INTO [xmlx].[finding] ([job_id], [range_id], [app_id], [n], [kind], [table_name], [column_name], [reason])\n\
         SELECT {JOB}, {RANGE}, j.[app_id], j.[n], j.[kind], j.[in_table], j.[in_column], j.[reason] FROM OPENJSON({findings}) \
         WITH ([app_id] bigint '$[0]', [n] int '$[1]', [kind] varchar(40) '$[2]', [in_table] nvarchar(257) '$[3]', [in_column] nvarchar(128) '$[4]', [reason] nvarchar(1000) '$[5]') AS j OPTION (LOOP JOIN);\n"
    )
}

/// Adds the keys that the group's applications have.
fn keys(keys: &str) -> String {
    format!(
        "INSERT INTO [xmlx].[rehearsed_key] ([job_id], [key_no], [key_hash], [app_id]) SELECT {JOB}, j.[key_no], j.[key_hash], j.[app_id] FROM OPENJSON({keys}) \
         WITH ([app_id] bigint '$[0]', [key_no] int '$[1]', [key_hash] bigint '$[2]') AS j OPTION (LOOP JOIN);\n"
    )
}

impl TargetTable<'_> {
    /// Inserts the rows of a JSON document (a parameter, or a variable and a path).
    ///
    /// Foreign keys are checked row by row (LOOP JOIN): a plan that was made while the parents' table was small would
    /// scan it, and wait for the rows of every other commit under way.
    fn insert(&self, document: &str) -> String {
        let target = &self.name;
        let columns = || self.columns.iter().zip(&self.codecs);
        let names: Vec<String> = columns().map(|(column, _)| name::quoted(&column.name)).collect();
        let values: Vec<String> = columns()
            .zip(&names)
            .map(|((column, codec), name)| match &column.default {
                Some(default) => {
                    format!("COALESCE(j.{name}, CONVERT({}, {default}))", codec.sql_type)
                }
                None => format!("j.{name}"),
            })
            .collect();
        let schema: Vec<String> = names
            .iter()
            .zip(&self.codecs)
            .enumerate()
            .map(|(i, (name, codec))| format!("{name} {} '$[{i}]'", codec.sql_type))
            .collect();
        let mut text = String::new();
        let mut push = |line: std::fmt::Arguments<'_>| {
            text.write_fmt(line).expect("writing to a string does not fail");
        };
        if self.gives_identity {
            push(format_args!("SET IDENTITY_INSERT {target} ON;\n"));
        }
        push(format_args!(
            "INSERT INTO {target} ({}) SELECT {} FROM OPENJSON({document}) WITH ({}) AS j OPTION (LOOP JOIN);\n",
            names.join(", "),
            values.join(", "),
            schema.join(", ")
        ));
        if self.gives_identity {
            push(format_args!("SET IDENTITY_INSERT {target} OFF;\n"));
        }
        text
    }

    /// The same for the application at hand in a search, unless it has no rows for this table: most applications have
    /// none for some tables, and an INSERT without rows costs nearly as much as one with a few.
    fn insert_where_filled(&self, i: usize) -> String {
        let insert = self.insert(&format!("@app, '$[{i}]'"));
        format!("IF SUBSTRING(@filled, {}, 1) = N'1'\nBEGIN\n{insert}END;\n", i + 1)
    }
}

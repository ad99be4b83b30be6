//! The commit: a group of applications, their log and the range's cursor, in one round trip.

use std::fmt::Write as _;

use tiberius::ToSql;
use xmlx_domain::LogReason;
use xmlx_extract::{Application, Plan, Table};

use crate::catalog::{Catalog, CatalogColumn, Room};
use crate::connection::column;
use crate::encode::{self, ColumnCodec};
use crate::schema::EXTRAS_SINCE;
use crate::warnings::{self, WarningNames};
use crate::{Connection, Error, HeldLease, OpenRange, Source, name};

/// Parameters before those of the tables.
const FIRST_TABLE_PARAM: usize = 14;

/// What became of one application.
#[derive(Clone, Debug)]
pub enum Decided {
    /// Its rows.
    Rows(Application),
    /// Why it has none.
    Failed {
        /// The source row's id.
        app_id: i64,
        /// Goes to `failure_reason`.
        reason: LogReason,
    },
    /// Nothing: another tool or job has decided it since it was fetched. Nothing is written for it, and the cursor
    /// passes it.
    Elsewhere {
        /// The source row's id.
        app_id: i64,
    },
}

impl Decided {
    /// The application's id.
    #[must_use]
    pub fn app_id(&self) -> i64 {
        match self {
            Self::Rows(application) => application.app_id,
            Self::Failed { app_id, .. } | Self::Elsewhere { app_id } => *app_id,
        }
    }

    /// Rows for target tables.
    #[must_use]
    pub fn rows(&self) -> usize {
        match self {
            Self::Rows(application) => application.tables.iter().map(Vec::len).sum(),
            Self::Failed { .. } | Self::Elsewhere { .. } => 0,
        }
    }
}

/// Consecutive applications of one range that are committed together, in `app_id` order.
#[derive(Clone, Copy, Debug)]
pub struct Group<'a> {
    /// The range as its owner knows it: its bounds, for the log, and the cursor that the group follows on.
    pub range: OpenRange,
    /// Not empty.
    pub decided: &'a [Decided],
}

/// How a commit ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Committed {
    /// It took effect now.
    Now,
    /// It had taken effect before: an earlier answer was lost.
    Before,
    /// The range ends at `hi` now; what lies behind belongs to somebody else.
    Cut {
        /// One past the last id.
        hi: i64,
    },
    /// Nothing was written: these applications of the group have a row in the log already. The group goes through
    /// without them ([`Decided::Elsewhere`]).
    DecidedElsewhere {
        /// Their ids.
        app_ids: Vec<i64>,
    },
    /// The lease is gone.
    Gone,
}

/// The commit statement of one job. Its text is the same for every group, so that the server keeps one plan.
#[derive(Clone, Debug)]
pub struct CommitPlan {
    text: String,
    /// The same for a group with warnings.
    text_with_warnings: String,
    warnings: WarningNames,
    /// Which of a group's ids the log has already.
    decided: String,
    decided_above: i64,
    codecs: Vec<Vec<ColumnCodec>>,
    /// What `failure_reason` takes; `None`: any text.
    reason: Option<Room>,
}

impl CommitPlan {
    /// Builds the statement for `plan`, the target's `catalog` and what the job's `source` takes for a decision.
    ///
    /// # Errors
    /// [`Error::Mismatch`] with every point on which they disagree.
    pub fn new(plan: &Plan, catalog: &Catalog, source: &Source) -> Result<Self, Error> {
        let found = catalog.check(plan);
        if !found.is_empty() {
            let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
            return Err(Error::Mismatch(lines.join("\n")));
        }
        let log_table = name::table(plan.target_schema(), "processing_log");
        // The id's own type: a comparison with another one may not find its index.
        let id_type = catalog
            .column("processing_log", "app_id")
            .map_or("bigint".to_owned(), |column| ColumnCodec::new(column).sql_type);
        let mut text = fence();
        refuse_decided(&mut text, &log_table, &id_type);
        let mut codecs = Vec::with_capacity(plan.tables().len());
        for (i, table) in plan.tables().iter().enumerate() {
            let columns: Vec<&CatalogColumn> = table
                .columns
                .iter()
                .map(|it| catalog.column(&table.name, &it.name).expect("the check found it"))
                .collect();
            let table_codecs: Vec<ColumnCodec> =
                columns.iter().map(|it| ColumnCodec::new(it)).collect();
            let target = name::table(plan.target_schema(), &table.name);
            insert(&mut text, &target, table, &columns, &table_codecs, FIRST_TABLE_PARAM + i);
            codecs.push(table_codecs);
        }
        log(&mut text, &log_table);
        let mut text_with_warnings = text.clone();
        warnings::count(&mut text_with_warnings, FIRST_TABLE_PARAM + codecs.len());
        for text in [&mut text, &mut text_with_warnings] {
            text.push_str("COMMIT;\n");
        }
        let reason =
            catalog.column("processing_log", "failure_reason").and_then(CatalogColumn::room);
        Ok(Self {
            text,
            text_with_warnings,
            warnings: WarningNames::new(plan),
            decided: decided(&log_table, &id_type),
            decided_above: source.decided_above,
            codecs,
            reason,
        })
    }

    /// The statement's text, for checks from outside: of a group without warnings, and of one with some.
    #[must_use]
    pub fn texts(&self) -> [&str; 2] {
        [&self.text, &self.text_with_warnings]
    }

    /// The statement that tells which ids of a group are decided already, for checks from outside. Its parameters: ids
    /// as JSON, and the `log_id` above which a row counts.
    #[must_use]
    pub fn decided_statement(&self) -> &str {
        &self.decided
    }

    /// Commits a group under a lease. Safe to repeat: the cursor tells.
    ///
    /// # Errors
    /// See [`Error`]; after [`Error::Lost`] it is unknown whether it took effect, and repeating finds out.
    pub async fn commit(
        &self,
        connection: &mut Connection,
        lease: &HeldLease,
        group: Group<'_>,
    ) -> Result<Committed, Error> {
        let Some(last) = group.decided.last() else { return Ok(Committed::Now) };
        let last = last.app_id();
        let encoded = self.encode(group.decided);
        let (scope, cursor) = (group.range.scope, group.range.committed_through);
        let end = scope.hi - 1;
        let mut params: Vec<&dyn ToSql> = vec![
            &last,
            &encoded.n_ok,
            &encoded.n_failed,
            &encoded.n_rows,
            &lease.key.job.0,
            &lease.key.range.0,
            &lease.key.epoch.0,
            &lease.session.0,
            &cursor,
            &encoded.log,
            &scope.lo,
            &end,
            &self.decided_above,
        ];
        params.extend(encoded.tables.iter().map(|it| it as &dyn ToSql));
        // A group without warnings pays nothing for them.
        let has_place = group.range.schema >= EXTRAS_SINCE;
        let warnings = has_place.then(|| self.warnings.encode(group.decided)).flatten();
        let text = match &warnings {
            Some(it) => {
                params.extend([&it.rows as &dyn ToSql, &it.applications, &it.warnings]);
                &self.text_with_warnings
            }
            None => &self.text,
        };
        match connection.run_sized(encoded.n_bytes(), text, &params).await {
            Ok(_) => Ok(Committed::Now),
            Err(Error::Fenced) => look(connection, lease, cursor, last).await,
            Err(Error::DecidedElsewhere) => self.decided_elsewhere(connection, group.decided).await,
            Err(err) => Err(err),
        }
    }

    /// Which applications of a refused group have been decided by somebody else.
    async fn decided_elsewhere(
        &self,
        connection: &mut Connection,
        group: &[Decided],
    ) -> Result<Committed, Error> {
        let ids: Vec<i64> = group.iter().map(Decided::app_id).collect();
        let ids = serde_json::to_string(&ids).expect("numbers are always JSON");
        let rows = connection.run(&self.decided, &[&ids, &self.decided_above]).await?;
        let app_ids: Vec<i64> =
            rows.iter().map(|row| column(row, "app_id", "decided")).collect::<Result<_, _>>()?;
        // Whoever wrote the row has taken it back.
        if app_ids.is_empty() {
            Err(Error::DecidedElsewhere)
        } else {
            Ok(Committed::DecidedElsewhere { app_ids })
        }
    }

    fn encode(&self, decided: &[Decided]) -> Encoded {
        let mut it =
            Encoded { tables: vec![String::new(); self.codecs.len()], ..Encoded::default() };
        for app in decided {
            match app {
                Decided::Rows(app) => {
                    for ((codecs, rows), out) in
                        self.codecs.iter().zip(&app.tables).zip(&mut it.tables)
                    {
                        for row in rows {
                            encode::push_row(codecs, row, out);
                            it.n_rows += 1;
                        }
                    }
                    encode::push_log(app.app_id, "success", None, &mut it.log);
                    it.n_ok += 1;
                }
                Decided::Failed { app_id, reason } => {
                    let reason = reason.to_string();
                    let reason = self.reason.map_or(reason.as_str(), |room| room.fit(&reason));
                    encode::push_log(*app_id, "failed", Some(reason), &mut it.log);
                    it.n_failed += 1;
                }
                Decided::Elsewhere { .. } => (),
            }
        }
        it.tables.iter_mut().for_each(encode::close);
        encode::close(&mut it.log);
        it
    }
}

#[derive(Debug, Default)]
struct Encoded {
    tables: Vec<String>,
    log: String,
    n_ok: i64,
    n_failed: i64,
    n_rows: i64,
}

impl Encoded {
    fn n_bytes(&self) -> usize {
        self.log.len() + self.tables.iter().map(String::len).sum::<usize>()
    }
}

/// The fence is a write and comes first: a zombie does no work, under any isolation level. The cursor has to be where
/// the owner left it: a database that has gone back in time (a forced failover, a restore) refuses its next group too,
/// or what lies between would be passed over.
fn fence() -> String {
    "SET XACT_ABORT ON;\n\
     SET LOCK_TIMEOUT 5000;\n\
     BEGIN TRAN;\n\
     UPDATE [xmlx].[range] SET [committed_through] = @P1, [done_ok] = [done_ok] + @P2, [done_failed] = [done_failed] + @P3, [rows_written] = [rows_written] + @P4\n\
     WHERE [job_id] = @P5 AND [range_id] = @P6 AND [epoch] = @P7 AND [owner_session] = @P8 AND [state] = 'leased' AND [committed_through] = @P9 AND @P1 < [hi];\n\
     IF @@ROWCOUNT <> 1 THROW 51001, N'fenced', 1;\n"
        .to_owned()
}

/// Refuses the group where the log has a row of one of its applications: another tool, or another job, may have decided
/// it since it was fetched. Under READ_COMMITTED_SNAPSHOT a plain read would see the log as it was; UPDLOCK reads what
/// is committed now and waits for what is about to be, and HOLDLOCK keeps other writers from adding such a row before
/// this transaction ends. The loop takes locks on the keys of these applications alone.
fn refuse_decided(text: &mut String, log: &str, id_type: &str) {
    writeln!(
        text,
        "IF EXISTS (SELECT 1 FROM OPENJSON(@P10) WITH ([app_id] {id_type} '$[0]') AS j INNER LOOP JOIN {log} AS l WITH (UPDLOCK, HOLDLOCK) \
         ON l.[app_id] = j.[app_id] WHERE l.[log_id] > @P13) THROW 51004, N'decided elsewhere', 1;"
    )
    .expect("writing to a string does not fail");
}

/// Which ids of a group the log has.
fn decided(log: &str, id_type: &str) -> String {
    format!(
        "SET LOCK_TIMEOUT 5000;\nSELECT DISTINCT CAST(l.[app_id] AS bigint) AS [app_id] FROM OPENJSON(@P1) WITH ([app_id] {id_type} '$') AS j \
         INNER LOOP JOIN {log} AS l ON l.[app_id] = j.[app_id] WHERE l.[log_id] > @P2"
    )
}

/// Foreign keys are checked row by row: a plan that was made while the parents' table was small would scan it, and
/// wait for the rows of every other commit under way.
fn insert(
    text: &mut String,
    target: &str,
    table: &Table,
    columns: &[&CatalogColumn],
    codecs: &[ColumnCodec],
    param: usize,
) {
    let names: Vec<String> = columns.iter().map(|it| name::quoted(&it.name)).collect();
    let values: Vec<String> = columns
        .iter()
        .zip(&names)
        .zip(codecs)
        .map(|((column, name), codec)| match &column.default {
            Some(default) => format!("COALESCE(j.{name}, CONVERT({}, {default}))", codec.sql_type),
            None => format!("j.{name}"),
        })
        .collect();
    let schema: Vec<String> = names
        .iter()
        .zip(codecs)
        .enumerate()
        .map(|(i, (name, codec))| format!("{name} {} '$[{i}]'", codec.sql_type))
        .collect();
    let identity = columns.iter().zip(&table.columns).any(|(it, _)| it.identity);
    let mut push = |line: std::fmt::Arguments<'_>| {
        text.write_fmt(line).expect("writing to a string does not fail");
    };
    if identity {
        push(format_args!("SET IDENTITY_INSERT {target} ON;\n"));
    }
    push(format_args!(
        "INSERT INTO {target} ({}) SELECT {} FROM OPENJSON(@P{param}) WITH ({}) AS j OPTION (LOOP JOIN);\n",
        names.join(", "),
        values.join(", "),
        schema.join(", ")
    ));
    if identity {
        push(format_args!("SET IDENTITY_INSERT {target} OFF;\n"));
    }
}

fn log(text: &mut String, log: &str) {
    writeln!(
        text,
        "INSERT INTO {log} ([app_id], [status], [failure_reason], [session_id], [app_id_start], [app_id_end]) \
         SELECT j.[app_id], j.[status], j.[reason], @P8, @P11, @P12 FROM OPENJSON(@P10) \
         WITH ([app_id] bigint '$[0]', [status] nvarchar(max) '$[1]', [reason] nvarchar(max) '$[2]') AS j OPTION (LOOP JOIN);"
    )
    .expect("writing to a string does not fail");
}

/// Why the fence refused.
async fn look(
    connection: &mut Connection,
    lease: &HeldLease,
    cursor: i64,
    last: i64,
) -> Result<Committed, Error> {
    let Some(range) = lease.open(connection).await? else { return Ok(Committed::Gone) };
    // Under this epoch nobody else commits: it was this group, or a larger one that it is a part of.
    if range.committed_through >= last {
        Ok(Committed::Before)
    } else if range.committed_through == cursor && range.scope.hi <= last {
        Ok(Committed::Cut { hi: range.scope.hi })
    } else {
        Ok(Committed::Gone)
    }
}

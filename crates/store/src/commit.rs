//! The commit: a group of applications, their log and the range's cursor, in one round trip.

mod limits;
mod params;
mod refused;
mod sql;

pub(crate) use limits::{TextLimit, text_limits};
pub(crate) use params::WarningParams;
pub use refused::Refusals;

use std::sync::Arc;

use limits::first_too_long;
use params::Values;
use refused::Searchable;
use sql::{Names, Parts, TargetTable};
use tiberius::ToSql;
use xmlx_domain::{LogReason, Stage};
use xmlx_extract::{Application, Plan};

use crate::catalog::{Catalog, CatalogColumn, Room};
use crate::connection::column;
use crate::encode::{self, ColumnCodec};
use crate::finding::{self, Finding};
use crate::forecast::{self, SharedKey};
use crate::schema::{EXTRAS_SINCE, FINDINGS_SINCE, REPORTS_SINCE};
use crate::warnings::WarningNames;
use crate::{Connection, Error, HeldLease, OpenRange, Removals, Source, name};

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
    /// What the lease has committed once this group is in, as JSON. Empty: no report is kept.
    pub report: &'a str,
    /// What was found of these applications, in their order.
    pub findings: &'a [Finding],
    /// The keys of these applications that no other may have, where they are kept: a rehearsal's.
    pub keys: &'a [SharedKey],
}

impl<'a> Group<'a> {
    /// A group of which nothing else is kept.
    #[must_use]
    pub fn of(range: OpenRange, decided: &'a [Decided]) -> Self {
        Self { range, decided, report: "", findings: &[], keys: &[] }
    }
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
    parts: Parts,
    /// Whether the job writes to the target at all.
    writes: bool,
    /// Which applications of a group the database refuses.
    search: String,
    searchable: Arc<Searchable>,
    warnings: WarningNames,
    /// Which of a group's ids the log has already.
    decided: String,
    decided_above: i64,
    codecs: Vec<Vec<ColumnCodec>>,
    /// By table: the columns of text that have a limit, by their place in a row, with their name.
    limits: Vec<Vec<TextLimit>>,
    /// What `failure_reason` takes; `None`: any text.
    reason: Option<Room>,
}

impl CommitPlan {
    /// Builds the statement for `plan`, the target's `catalog` and what the job's `source` takes for a decision.
    ///
    /// # Errors
    /// [`Error::Mismatch`] with every point on which they disagree.
    pub fn new(plan: &Plan, catalog: &Catalog, source: &Source) -> Result<Self, Error> {
        Self::of(plan, catalog, source, None)
    }

    /// The same for a job that replaces applications: it deletes their rows, too. An application that fails keeps the
    /// rows that it has; it gets no row in the log then, but a finding of the job.
    ///
    /// # Errors
    /// As [`CommitPlan::new`].
    pub fn replacing(
        plan: &Plan,
        catalog: &Catalog,
        source: &Source,
        removals: &Removals,
    ) -> Result<Self, Error> {
        Self::of(plan, catalog, source, Some(removals))
    }

    fn of(
        plan: &Plan,
        catalog: &Catalog,
        source: &Source,
        removals: Option<&Removals>,
    ) -> Result<Self, Error> {
        let found = catalog.check(plan);
        if !found.is_empty() {
            let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
            return Err(Error::Mismatch(lines.join("\n")));
        }
        let id_type = catalog
            .column("processing_log", "app_id")
            .map_or("bigint".to_owned(), |column| ColumnCodec::new(column).sql_type);
        let tables = plan.tables().iter().map(|table| {
            let columns = table.columns.iter().map(|column| {
                catalog.column(&table.name, &column.name).expect("the check found it")
            });
            let columns: Vec<&CatalogColumn> = columns.collect();
            let identity = columns.iter().zip(&table.columns).any(|(column, _)| column.identity);
            TargetTable {
                name: name::table(plan.target_schema(), &table.name),
                codecs: columns.iter().map(|column| ColumnCodec::new(column)).collect(),
                columns,
                gives_identity: identity,
            }
        });
        let names = Names {
            log: name::table(plan.target_schema(), "processing_log"),
            id_type,
            tables: tables.collect(),
            writes: source.mode().writes(),
            removals,
        };
        let limits = plan.tables().iter().map(|table| text_limits(table, catalog)).collect();
        let reason =
            catalog.column("processing_log", "failure_reason").and_then(CatalogColumn::room);
        Ok(Self {
            parts: names.commit(),
            writes: names.writes,
            search: names.search(),
            searchable: Arc::new(Searchable::new()),
            warnings: WarningNames::new(plan),
            decided: names.decided(),
            decided_above: source.decided_above,
            limits,
            codecs: names.tables.into_iter().map(|table| table.codecs).collect(),
            reason,
        })
    }

    /// Every statement with a name and its parameters in a comment, for checks from outside.
    #[must_use]
    pub fn statements(&self) -> Vec<(&'static str, String)> {
        let tables = vec!["nvarchar(max)"; self.codecs.len()];
        let declared = params::declared(&[&tables[..], &params::OPTIONAL].concat());
        let Parts { group, warnings, report, findings, keys } = &self.parts;
        // Each mixture of parts is a text of its own.
        let commit = |parts: &[&String]| {
            let parts = parts.iter().map(|part| part.as_str());
            let parts: String = parts.chain([sql::END]).collect();
            format!("{declared}{parts}")
        };
        vec![
            ("commit", commit(&[group])),
            ("commit_warnings", commit(&[group, warnings])),
            ("commit_report", commit(&[group, report])),
            ("commit_findings", commit(&[group, findings])),
            ("commit_warnings_report", commit(&[group, warnings, report])),
            ("commit_warnings_findings", commit(&[group, warnings, findings])),
            ("commit_report_findings", commit(&[group, report, findings])),
            ("commit_with_all", commit(&[group, warnings, report, findings, keys])),
            ("find_refused", refused::declared() + &self.search),
            ("decided", format!("-- params: @P1 nvarchar(max), @P2 bigint\n{};\n", self.decided)),
        ]
    }

    /// What the log says of an application that the database refused. SQL Server up to 2017 does not name the column
    /// that a text is too long for (8152); it is the first one whose limit a text of the application exceeds.
    #[must_use]
    pub fn refusal(&self, refused: &Decided, err: &Error) -> LogReason {
        let stage = match err.number() {
            Some(515 | 547 | 2601 | 2627) => Stage::Constraint,
            _ => Stage::Database,
        };
        if err.number() == Some(TOO_LONG_SOMEWHERE)
            && let Decided::Rows(application) = refused
            && let Some(place) = first_too_long(&self.limits, application)
        {
            return LogReason::new(stage, format!("{err}: `{place}`"));
        }
        LogReason::new(stage, err.to_string())
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
        match self.send(connection, lease, group).await {
            Ok(()) => Ok(Committed::Now),
            Err(Error::Fenced) => {
                why_fenced(connection, lease, group.range.committed_through, last.app_id()).await
            }
            Err(Error::DecidedElsewhere) => self.decided_elsewhere(connection, group.decided).await,
            Err(err) => Err(err),
        }
    }

    /// The same plan with control tables of another schema.
    pub(crate) fn moved_to(mut self, schema: &str) -> Self {
        let place = format!("{}.", name::quoted(schema));
        let Parts { group, warnings, report, findings, keys } = &mut self.parts;
        for text in [group, warnings, report, findings, keys, &mut self.search] {
            *text = text.replace("[xmlx].", &place);
        }
        self
    }

    /// Sends the statement for a group that is not empty, and does not look at why it is refused.
    pub(crate) async fn send(
        &self,
        connection: &mut Connection,
        lease: &HeldLease,
        group: Group<'_>,
    ) -> Result<(), Error> {
        let Some(last) = group.decided.last().map(Decided::app_id) else { return Ok(()) };
        let schema = group.range.schema;
        let encoded = self.encode(group.decided);
        let warnings = (schema >= EXTRAS_SINCE).then(|| self.warnings.encode(group.decided));
        let warnings = warnings.flatten();
        // Not made longer, since it is kept as it is: a server may have two plans, for short and for long ones.
        let report = Some(group.report).filter(|it| !it.is_empty() && schema >= REPORTS_SINCE);
        let findings = Some(group.findings).filter(|it| !it.is_empty() && schema >= FINDINGS_SINCE);
        let findings = findings.map(finding::encode);
        let keys = Some(group.keys).filter(|it| !it.is_empty() && schema >= FINDINGS_SINCE);
        let keys = keys.map(forecast::encode);
        let values = self.values(lease, &group, last, &encoded);
        let mut params = values.in_order();
        params.extend(encoded.tables.iter().map(|rows| rows as &dyn ToSql));
        let (rows, applications, n_warnings) = match &warnings {
            Some(counted) => (counted.rows.as_str(), counted.applications, counted.warnings),
            None => ("", 0, 0),
        };
        // An empty text rather than NULL, which would travel without a type.
        let report_text = report.unwrap_or_default();
        let findings_text = findings.as_deref().unwrap_or_default();
        let keys_text = keys.as_deref().unwrap_or_default();
        params.extend([
            &rows as &dyn ToSql,
            &applications,
            &n_warnings,
            &report_text,
            &findings_text,
            &keys_text,
        ]);
        let parts = [
            Some(&self.parts.group),
            warnings.as_ref().map(|_| &self.parts.warnings),
            report.map(|_| &self.parts.report),
            findings.as_ref().map(|_| &self.parts.findings),
            keys.as_ref().map(|_| &self.parts.keys),
        ];
        let parts = parts.into_iter().flatten().map(String::as_str);
        let text: String = parts.chain([sql::END]).collect();
        let n_bytes = encoded.n_bytes() + report.map_or(0, str::len);
        connection.run_sized(n_bytes, &text, &params).await.map(drop)
    }

    /// The parameters that all forms of the statement begin with.
    fn values<'a>(
        &self,
        lease: &'a HeldLease,
        group: &Group<'_>,
        last: i64,
        encoded: &'a Encoded,
    ) -> Values<'a> {
        let OpenRange { scope, committed_through, .. } = group.range;
        Values {
            last,
            n_ok: encoded.n_ok,
            n_failed: encoded.n_failed,
            n_rows: encoded.n_rows,
            lease,
            cursor: committed_through,
            log: &encoded.log,
            range_start: scope.lo,
            range_end: scope.hi - 1,
            decided_above: self.decided_above,
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
        let mut encoded =
            Encoded { tables: vec![String::new(); self.codecs.len()], ..Encoded::default() };
        for app in decided {
            match app {
                Decided::Rows(_) if !self.writes => encoded.n_ok += 1,
                Decided::Failed { .. } if !self.writes => encoded.n_failed += 1,
                Decided::Rows(app) => {
                    for ((codecs, rows), out) in
                        self.codecs.iter().zip(&app.tables).zip(&mut encoded.tables)
                    {
                        for row in rows {
                            encode::push_row(codecs, row, out);
                            encoded.n_rows += 1;
                        }
                    }
                    encode::push_log(app.app_id, "success", None, &mut encoded.log);
                    encoded.n_ok += 1;
                }
                Decided::Failed { app_id, reason } => {
                    let reason = reason.to_string();
                    let reason = self.reason.map_or(reason.as_str(), |room| room.fit(&reason));
                    encode::push_log(*app_id, "failed", Some(reason), &mut encoded.log);
                    encoded.n_failed += 1;
                }
                Decided::Elsewhere { .. } => (),
            }
        }
        encoded.tables.iter_mut().for_each(encode::close);
        encode::close(&mut encoded.log);
        encoded
    }
}

/// "String or binary data would be truncated", without the table and the column.
const TOO_LONG_SOMEWHERE: u32 = 8152;

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

/// Why the fence refused.
async fn why_fenced(
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

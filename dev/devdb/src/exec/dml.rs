//! Running plans: values bound, rows sent, changes counted.

use rusqlite::{CachedStatement, Connection};

use crate::error::{SqlError, SqlResult};
use crate::exec::session::{Env, Session};
use crate::exec::{diagnose, json_rows};
use crate::locks::{Touched, Verb};
use crate::plan::{Bind, Change, Plan, Query};
use crate::value::datum::{Datum, Owned};
use crate::wire::tokens::{self, ROW};
use crate::wire::values;

impl Session {
    /// Runs a statement's plan, appends its rows to `out`, and says how many it read or changed.
    pub(crate) fn execute(
        &mut self,
        plan: &Plan,
        params: &[Owned],
        out: &mut Vec<u8>,
    ) -> SqlResult<u64> {
        match plan {
            Plan::Query(query) => {
                let env = self.env(params);
                self.read(|db| send(db, query, &env, out))
            }
            Plan::Change(change) => self.write(|session, db| {
                let env = session.env(params);
                let n_rows = run_change(db, change, &env, out)?;
                let verb = if change.is_delete { Verb::Delete } else { Verb::Update };
                let touched =
                    Touched { rows: n_rows, bytes: 0, locks_per_row: change.locks_per_row };
                session.note_locks(verb, &change.table, touched);
                Ok(n_rows)
            }),
            Plan::Insert(insert) => {
                self.write(|session, db| session.insert(db, insert, params, out))
            }
        }
    }

    /// The values of an `IF` or `THROW`.
    pub(crate) fn single_row(&mut self, plan: &Plan, params: &[Owned]) -> SqlResult<Vec<Owned>> {
        let Plan::Query(query) = plan else { return Ok(Vec::new()) };
        let env = self.env(params);
        self.read(|db| first_row(db, query, &env))
    }
}

/// Binds all values of a query but cells.
pub(crate) fn bind(
    statement: &mut CachedStatement<'_>,
    query: &Query,
    env: &Env<'_>,
) -> SqlResult<()> {
    for (idx, bind) in query.binds.iter().enumerate() {
        if let Bind::Json { document, columns } = bind {
            let rows = json_rows::normalised(document, columns, env)?;
            statement.raw_bind_parameter(idx + 1, rows)?;
        } else {
            statement.raw_bind_parameter(idx + 1, env.value(bind))?;
        }
    }
    Ok(())
}

/// The first row of a query, owned; empty where there is none.
pub(crate) fn first_row(db: &Connection, query: &Query, env: &Env<'_>) -> SqlResult<Vec<Owned>> {
    if query.sql.is_empty() {
        return Ok(Vec::new());
    }
    let mut statement = db.prepare_cached(&query.sql)?;
    bind(&mut statement, query, env)?;
    let n_columns = statement.column_count();
    let mut rows = statement.raw_query();
    let Some(row) = rows.next()? else { return Ok(Vec::new()) };
    (0..n_columns).map(|idx| Ok(Datum::from_sqlite(row.get_ref(idx)?)?.into_owned())).collect()
}

/// Sends all rows of a query.
fn send(db: &Connection, query: &Query, env: &Env<'_>, out: &mut Vec<u8>) -> SqlResult<u64> {
    let mut statement = db.prepare_cached(&query.sql)?;
    bind(&mut statement, query, env)?;
    tokens::put_columns(out, &query.columns);
    let mut rows = statement.raw_query();
    let mut n_rows = 0;
    while let Some(row) = rows.next()? {
        out.push(ROW);
        for (idx, column) in query.columns.iter().enumerate() {
            values::put(out, column.ty, &Datum::from_sqlite(row.get_ref(idx)?)?);
        }
        n_rows += 1;
    }
    Ok(n_rows)
}

fn run_change(
    db: &Connection,
    change: &Change,
    env: &Env<'_>,
    out: &mut Vec<u8>,
) -> SqlResult<u64> {
    let verb = if change.is_delete { "DELETE" } else { "UPDATE" };
    let explain = |err: rusqlite::Error| diagnose::change(db, &change.table, verb, &err);
    let mut statement = db.prepare_cached(&change.query.sql)?;
    bind(&mut statement, &change.query, env)?;
    if change.query.columns.is_empty() {
        let n_rows = statement.raw_execute().map_err(explain)?;
        return u64::try_from(n_rows).map_err(|_| SqlError::new(8115, "too many rows"));
    }
    tokens::put_columns(out, &change.query.columns);
    let mut rows = statement.raw_query();
    let mut n_rows = 0;
    while let Some(row) = rows.next().map_err(explain)? {
        out.push(ROW);
        for (idx, column) in change.query.columns.iter().enumerate() {
            values::put(out, column.ty, &Datum::from_sqlite(row.get_ref(idx)?)?);
        }
        n_rows += 1;
    }
    Ok(n_rows)
}

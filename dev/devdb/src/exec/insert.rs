//! Inserting rows: values brought to their columns' types, checked, numbered, and put into SQLite one by one.

use std::rc::Rc;

use rusqlite::{CachedStatement, Connection};

use crate::catalog::stored;
use crate::error::{SqlError, SqlResult};
use crate::exec::dml::{bind, first_row};
use crate::exec::session::{Env, Session};
use crate::exec::{diagnose, json, json_rows};
use crate::locks::{self, Touched, Verb};
use crate::plan::{Bind, Insert, JsonItem, JsonSource, Query, RowSource};
use crate::value::convert;
use crate::value::datum::{Datum, Owned};
use crate::value::sqltype::SqlType;
use crate::wire::tokens::{self, ROW};
use crate::wire::values;

/// The rows of one `INSERT` on their way.
struct Inserting<'a> {
    db: &'a Connection,
    plan: &'a Insert,
    table: String,
    statement: CachedStatement<'a>,
    defaults: Rc<[Owned]>,
    /// The last identity value, where the table has such a column.
    identity: Option<i64>,
    n_rows: u64,
    /// What the rows take on SQL Server's pages.
    bytes: u64,
    out: &'a mut Vec<u8>,
}

impl Session {
    /// Runs an `INSERT`; how many rows it put in.
    pub(crate) fn insert(
        &mut self,
        db: &Connection,
        plan: &Insert,
        params: &[Owned],
        out: &mut Vec<u8>,
    ) -> SqlResult<u64> {
        self.check_identity(plan)?;
        let env = self.env(params);
        let has_identity = plan.made_identity.or(plan.given_identity).is_some();
        let identity = if has_identity {
            self.engine.identities.last(db, plan.table.object_id)?
        } else {
            None
        };
        if !plan.output.is_empty() {
            let columns: Vec<_> = plan.output.iter().map(|(column, _)| column.clone()).collect();
            tokens::put_columns(out, &columns);
        }
        let mut inserting = Inserting {
            db,
            plan,
            table: plan.table.sqlite_name(),
            statement: db.prepare_cached(&plan.sql)?,
            defaults: Rc::new([]),
            identity,
            n_rows: 0,
            bytes: 0,
            out,
        };
        inserting.defaults = inserting.default_values(&env)?;
        match &plan.rows {
            RowSource::Defaults => inserting.row(&[], &[])?,
            RowSource::Query { query, types } => inserting.query_rows(query, types, &env)?,
            RowSource::Json(source) => inserting.json_rows(source, &env)?,
        }
        if let Some(last) =
            inserting.identity.filter(|last| has_identity && identity != Some(*last))
        {
            self.engine.identities.set(db, plan.table.object_id, last)?;
        }
        let (rows, bytes) = (inserting.n_rows, inserting.bytes);
        let touched = Touched { rows, bytes, locks_per_row: locks::per_row(&plan.table) };
        self.note_locks(Verb::Insert, &plan.table, touched);
        Ok(rows)
    }

    /// 544 and 545.
    fn check_identity(&self, plan: &Insert) -> SqlResult<()> {
        let key = plan.table.sqlite_name().to_lowercase();
        let is_on = self.settings.identity_insert.as_deref() == Some(key.as_str());
        let name = &plan.table.name;
        if plan.given_identity.is_some() && !is_on {
            let text = format!(
                "Cannot insert explicit value for identity column in table '{name}' when IDENTITY_INSERT is set to OFF."
            );
            return Err(SqlError::new(544, text));
        }
        if plan.made_identity.is_some() && is_on {
            let text = format!(
                "Explicit value must be specified for identity column in table '{name}' either when IDENTITY_INSERT is set to ON or when a replication user is inserting into a NOT FOR REPLICATION identity column."
            );
            return Err(SqlError::new(545, text));
        }
        Ok(())
    }
}

impl<'a> Inserting<'a> {
    /// A value on its way into a column: 515, 2628, and what conversions raise.
    fn assigned<'v>(
        &self,
        value: Datum<'v>,
        from: SqlType,
        column_idx: usize,
    ) -> SqlResult<Datum<'v>> {
        let column = &self.plan.table.columns[column_idx];
        if value.is_null() {
            if column.is_nullable {
                return Ok(value);
            }
            return Err(diagnose::null(&self.plan.table, &column.name, "INSERT"));
        }
        convert::assign(value, from, column.ty, &self.table, &column.name)
    }

    fn default_values(&self, env: &Env<'_>) -> SqlResult<Rc<[Owned]>> {
        let row = first_row(self.db, &self.plan.defaults, env)?;
        let columns = self.plan.defaults.columns.iter().zip(&self.plan.defaulted);
        row.into_iter()
            .zip(columns)
            .map(|(value, (column, idx))| self.assigned(value, column.ty, *idx))
            .collect()
    }

    /// Puts a row in; `values` are those of the plan's targets.
    fn row(&mut self, values: &[Datum<'_>], types: &[SqlType]) -> SqlResult<()> {
        let plan = self.plan;
        let defaults = Rc::clone(&self.defaults);
        let mut row: Vec<Datum<'_>> = Vec::with_capacity(plan.written.len());
        for ((value, from), idx) in values.iter().zip(types).zip(&plan.targets) {
            row.push(self.assigned(value.borrow(), *from, *idx)?);
        }
        row.extend(defaults.iter().map(Datum::borrow));
        if let Some(idx) = plan.made_identity {
            let (seed, increment) =
                plan.table.columns[idx].identity.expect("it is the identity column");
            let next = self.identity.map_or(Some(seed), |last| last.checked_add(increment));
            let next = next.ok_or_else(|| convert::arithmetic(SqlType::BigInt, SqlType::BigInt))?;
            row.push(convert::cast(Datum::Int(next), SqlType::BigInt, plan.table.columns[idx].ty)?);
            self.identity = Some(next);
        }
        self.check_left_out()?;
        for (place, value) in (1usize..).zip(&row) {
            self.statement.raw_bind_parameter(place, value)?;
        }
        let put = self.statement.raw_execute();
        put.map_err(|err| diagnose::insert(self.db, &plan.table, &plan.written, &row, &err))?;
        self.note_given(&row);
        self.n_rows += 1;
        self.bytes +=
            plan.fixed_row_bytes + stored::variable_row_bytes(&plan.table, &plan.written, &row);
        self.put_output(&row);
        Ok(())
    }

    /// 515 for a column that is left out, has no default and takes no NULL.
    fn check_left_out(&self) -> SqlResult<()> {
        if self.n_rows > 0 {
            return Ok(());
        }
        for (idx, column) in self.plan.table.columns.iter().enumerate() {
            if !column.is_nullable && column.computed.is_none() && !self.plan.written.contains(&idx)
            {
                return Err(diagnose::null(&self.plan.table, &column.name, "INSERT"));
            }
        }
        Ok(())
    }

    /// An identity value given beyond the last one becomes the last one.
    fn note_given(&mut self, row: &[Datum<'_>]) {
        let Some(idx) = self.plan.given_identity else { return };
        let (_, increment) =
            self.plan.table.columns[idx].identity.expect("it is the identity column");
        let at =
            self.plan.written.iter().position(|written| *written == idx).expect("it is a target");
        if let Datum::Int(value) = row[at] {
            let is_beyond = |last: i64| if increment < 0 { value < last } else { value > last };
            if self.identity.is_none_or(is_beyond) {
                self.identity = Some(value);
            }
        }
    }

    fn put_output(&mut self, row: &[Datum<'_>]) {
        if self.plan.output.is_empty() {
            return;
        }
        self.out.push(ROW);
        for (column, idx) in &self.plan.output {
            let at = self.plan.written.iter().position(|written| written == idx);
            values::put(self.out, column.ty, at.map_or(&Datum::Null, |at| &row[at]));
        }
    }

    /// Rows of a query: all are read before the first one is put in.
    fn query_rows(
        &mut self,
        query: &Query,
        types: &[Vec<SqlType>],
        env: &Env<'_>,
    ) -> SqlResult<()> {
        let mut collected: Vec<Vec<Owned>> = Vec::new();
        {
            let mut statement = self.db.prepare_cached(&query.sql)?;
            bind(&mut statement, query, env)?;
            let n_columns = query.columns.len();
            let mut rows = statement.raw_query();
            while let Some(row) = rows.next()? {
                let values = (0..n_columns)
                    .map(|idx| Ok(Datum::from_sqlite(row.get_ref(idx)?)?.into_owned()));
                collected.push(values.collect::<SqlResult<_>>()?);
            }
        }
        for (idx, values) in collected.iter().enumerate() {
            self.row(values, types.get(idx).unwrap_or(&types[0]))?;
        }
        Ok(())
    }

    fn json_rows(&mut self, source: &JsonSource, env: &Env<'_>) -> SqlResult<()> {
        let Some(text) = json_rows::document(&source.document, env) else { return Ok(()) };
        let parsed = json::parse(text)?;
        let elements = json_rows::elements(&parsed, &source.document.path);
        // Which rows are wanted is decided before the first one is put in.
        let wanted = match &source.filter {
            None => None,
            Some(filter) => Some(self.wanted(elements, source, filter, env)?),
        };
        let constants = first_row(self.db, &source.constants, env)?;
        let constant_type = |idx: usize| source.constants.columns[idx].ty;
        let mut types = vec![SqlType::Null; source.items.len()];
        for (idx, element) in elements.iter().enumerate() {
            if wanted.as_ref().is_some_and(|wanted| !wanted[idx]) {
                continue;
            }
            let mut values: Vec<Datum<'_>> = Vec::with_capacity(source.items.len());
            for (item, ty) in source.items.iter().zip(&mut types) {
                let (value, from) = match *item {
                    JsonItem::Constant(idx) => (constants[idx].borrow(), constant_type(idx)),
                    JsonItem::Cell(cell) => {
                        let column = &source.columns[cell];
                        (json_rows::cell(element, column)?, column.ty)
                    }
                    JsonItem::CellOr { cell, constant } => {
                        let column = &source.columns[cell];
                        let value = json_rows::cell(element, column)?;
                        if value.is_null() {
                            (constants[constant].borrow(), constant_type(constant))
                        } else {
                            (value, column.ty)
                        }
                    }
                };
                *ty = from;
                values.push(value);
            }
            self.row(&values, &types)?;
        }
        Ok(())
    }

    /// For each element, whether the filter takes it.
    fn wanted(
        &self,
        elements: &[json::Json<'_>],
        source: &JsonSource,
        filter: &Query,
        env: &Env<'_>,
    ) -> SqlResult<Vec<bool>> {
        let mut statement = self.db.prepare_cached(&filter.sql)?;
        let mut wanted = Vec::with_capacity(elements.len());
        for element in elements {
            bind(&mut statement, filter, env)?;
            for (idx, bind) in filter.binds.iter().enumerate() {
                if let Bind::Cell(cell) = bind {
                    statement.raw_bind_parameter(
                        idx + 1,
                        json_rows::cell(element, &source.columns[*cell])?,
                    )?;
                }
            }
            let mut rows = statement.raw_query();
            wanted.push(rows.next()?.is_some());
        }
        Ok(wanted)
    }
}

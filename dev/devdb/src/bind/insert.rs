//! `INSERT`: which columns get which values, and from where the rows come.

use std::sync::Arc;

use crate::bind::binder::Binder;
use crate::bind::{change, expr, json, query};
use crate::catalog::Table;
use crate::catalog::access::Access;
use crate::catalog::stored;
use crate::catalog::table::quoted;
use crate::error::{SqlError, SqlResult};
use crate::plan::{Insert, Query, RowSource};
use crate::sql::ast::Declared;
use crate::sql::ast::{self, Expr, Rows};
use crate::sql::permission::Permission;
use crate::wire::tokens::Column;

/// The plan of an `INSERT`.
pub(crate) fn insert(
    access: &Access<'_>,
    params: &[Declared],
    insert: &ast::Insert,
) -> SqlResult<Insert> {
    let table = Arc::clone(access.catalog.table(&insert.table)?);
    if table.is_system {
        return Err(change::system_table());
    }
    access.require(Permission::Insert, &table)?;
    let targets = targets(&table, insert)?;
    let rows = row_source(access, params, insert, &table, &targets)?;
    let identity = table.identity_column();
    let given_identity = identity.filter(|idx| targets.contains(idx));
    let made_identity = identity.filter(|idx| !targets.contains(idx));
    let is_left_out =
        |idx: &usize| !targets.contains(idx) && table.columns[*idx].computed.is_none();
    let defaulted: Vec<usize> = (0..table.columns.len())
        .filter(|idx| is_left_out(idx) && table.columns[*idx].default.is_some())
        .collect();
    let mut written = targets.clone();
    written.extend_from_slice(&defaulted);
    written.extend(made_identity);
    let names: Vec<String> = written.iter().map(|idx| quoted(&table.columns[*idx].name)).collect();
    let places: Vec<String> = (1..=written.len()).map(|n| format!("?{n}")).collect();
    let sql = if written.is_empty() {
        format!("INSERT INTO {} DEFAULT VALUES", quoted(&table.sqlite_name()))
    } else {
        let name = quoted(&table.sqlite_name());
        format!("INSERT INTO {name} ({}) VALUES ({})", names.join(", "), places.join(", "))
    };
    let defaults = default_values(access, &table, &defaulted)?;
    let output = change::output_columns(access, &table, &insert.output)?
        .into_iter()
        .map(|(idx, name)| (Column { name, ty: table.columns[idx].ty }, idx))
        .collect();
    Ok(Insert {
        fixed_row_bytes: stored::fixed_row_bytes(&table),
        table,
        targets,
        rows,
        defaulted,
        defaults,
        sql,
        written,
        made_identity,
        given_identity,
        output,
    })
}

fn targets(table: &Table, insert: &ast::Insert) -> SqlResult<Vec<usize>> {
    if matches!(insert.rows, Rows::Defaults) {
        return Ok(Vec::new());
    }
    let Some(names) = &insert.columns else {
        let is_given = |idx: &usize| {
            table.columns[*idx].identity.is_none() && table.columns[*idx].computed.is_none()
        };
        return Ok((0..table.columns.len()).filter(is_given).collect());
    };
    let mut targets = Vec::with_capacity(names.len());
    for name in names {
        let idx = table.column(name)?;
        if targets.contains(&idx) {
            let text = format!(
                "The column name '{name}' is specified more than once in the SET clause or column list of an INSERT. A column cannot be assigned more than one value in the same clause. Modify the clause to make sure that a column is updated only once. If this statement updates or inserts columns into a view, column aliasing can conceal the duplication in your code."
            );
            return Err(SqlError::new(264, text));
        }
        if table.columns[idx].computed.is_some() {
            return Err(change::computed_column(name));
        }
        targets.push(idx);
    }
    Ok(targets)
}

fn row_source(
    access: &Access<'_>,
    params: &[Declared],
    insert: &ast::Insert,
    table: &Table,
    targets: &[usize],
) -> SqlResult<RowSource> {
    let mut binder = Binder::new(access, params);
    match &insert.rows {
        Rows::Defaults => Ok(RowSource::Defaults),
        Rows::Values(rows) => values(&mut binder, rows, table, targets),
        Rows::Query(of) => {
            let source = match json::rows(&binder, params, of)? {
                Some(source) => RowSource::Json(source),
                None => {
                    let query = query::top_level(&mut binder, of)?;
                    let types = vec![query.columns.iter().map(|column| column.ty).collect()];
                    RowSource::Query { query, types }
                }
            };
            let n_values = match &source {
                RowSource::Json(source) => source.items.len(),
                RowSource::Query { query, .. } => query.columns.len(),
                RowSource::Defaults => 0,
            };
            match n_values.cmp(&targets.len()) {
                std::cmp::Ordering::Equal => Ok(source),
                std::cmp::Ordering::Less => Err(SqlError::new(120, "The select list for the INSERT statement contains fewer items than the insert list. The number of SELECT values must match the number of INSERT columns.").with_class(15)),
                std::cmp::Ordering::Greater => Err(SqlError::new(121, "The select list for the INSERT statement contains more items than the insert list. The number of SELECT values must match the number of INSERT columns.").with_class(15)),
            }
        }
    }
}

fn values(
    binder: &mut Binder<'_>,
    rows: &[Vec<Option<Expr>>],
    table: &Table,
    targets: &[usize],
) -> SqlResult<RowSource> {
    let mut parts = Vec::with_capacity(rows.len());
    let mut types = Vec::with_capacity(rows.len());
    for row in rows {
        if row.len() != targets.len() {
            return Err(mismatch(row.len() < targets.len()));
        }
        let mut sql = Vec::with_capacity(row.len());
        let mut row_types = Vec::with_capacity(row.len());
        for (value, target) in row.iter().zip(targets) {
            let default =
                || table.columns[*target].default.as_ref().map(|default| default.expr.as_ref());
            let bound = match value.as_ref().or_else(default) {
                Some(value) => expr::expr(binder, value)?,
                None => expr::expr(binder, &Expr::Null)?,
            };
            sql.push(bound.sql);
            row_types.push(bound.ty);
        }
        parts.push(format!("({})", sql.join(", ")));
        types.push(row_types);
    }
    let columns = types[0].iter().map(|ty| Column { name: String::new(), ty: *ty }).collect();
    let query = binder.finish(format!("VALUES {}", parts.join(", ")), columns);
    Ok(RowSource::Query { query, types })
}

fn mismatch(is_fewer: bool) -> SqlError {
    let (number, text) = if is_fewer {
        (
            109,
            "There are more columns in the INSERT statement than values specified in the VALUES clause. The number of values in the VALUES clause must match the number of columns specified in the INSERT statement.",
        )
    } else {
        (
            110,
            "There are fewer columns in the INSERT statement than values specified in the VALUES clause. The number of values in the VALUES clause must match the number of columns specified in the INSERT statement.",
        )
    };
    SqlError::new(number, text).with_class(15)
}

/// The values of the columns left out, the same for every row.
fn default_values(access: &Access<'_>, table: &Table, defaulted: &[usize]) -> SqlResult<Query> {
    let mut binder = Binder::new(access, &[]);
    let mut parts = Vec::with_capacity(defaulted.len());
    let mut columns = Vec::with_capacity(defaulted.len());
    for idx in defaulted {
        let default = table.columns[*idx]
            .default
            .as_ref()
            .expect("only columns with a default are asked for");
        let bound = expr::expr(&mut binder, &default.expr)?;
        parts.push(bound.sql);
        columns.push(Column { name: String::new(), ty: bound.ty });
    }
    let sql = if parts.is_empty() { String::new() } else { format!("SELECT {}", parts.join(", ")) };
    Ok(binder.finish(sql, columns))
}

//! `UPDATE` and `DELETE`: one statement of SQLite's each.

use std::sync::Arc;

use crate::bind::binder::{Binder, ScopeSource, refused, table_source};
use crate::bind::{expr, pred, source as sources, values};
use crate::catalog::access::Access;
use crate::catalog::table::{KeyKind, quoted};
use crate::error::{SqlError, SqlResult};
use crate::locks;
use crate::plan::Change;
use crate::sql::ast::{Delete, Expr, From, Item, ObjectName, Pred, Source, Update};
use crate::sql::permission::Permission;
use crate::wire::tokens::Column;

pub(crate) fn update(binder: &mut Binder<'_>, update: &Update) -> SqlResult<Change> {
    let (table, source) = target(binder, &update.table, Permission::Update)?;
    let from = match &update.from {
        Some(from) => format!(" FROM {}", sources::from(binder, from)?),
        None => String::new(),
    };
    let mut parts = Vec::with_capacity(update.assignments.len());
    let mut changed = Vec::with_capacity(update.assignments.len());
    for (name, value) in &update.assignments {
        let idx = table.column(name)?;
        let column = &table.columns[idx];
        if column.computed.is_some() {
            return Err(computed_column(name));
        }
        if column.identity.is_some() {
            return Err(SqlError::new(8102, format!("Cannot update identity column '{name}'.")));
        }
        let bound = expr::expr(binder, value)?;
        changed.push(idx);
        parts.push(format!("{} = {}", quoted(&column.name), values::assigned(&bound, &table, idx)));
    }
    let filter = filter(binder, update.filter.as_ref())?;
    let (returning, columns) = output(binder.access, &table, &update.output)?;
    let name = quoted(&table.sqlite_name());
    let sql =
        format!("UPDATE {name} AS {source} SET {}{from}{filter}{returning}", parts.join(", "));
    let locks_per_row = locks::per_changed_row(&table, &changed);
    Ok(Change { query: binder.finish(sql, columns), table, is_delete: false, locks_per_row })
}

pub(crate) fn delete(binder: &mut Binder<'_>, delete: &Delete) -> SqlResult<Change> {
    if let Some(from) = &delete.from {
        return delete_joined(binder, delete, from);
    }
    let (table, source) = target(binder, &delete.table, Permission::Delete)?;
    let filter = filter(binder, delete.filter.as_ref())?;
    let sql = format!("DELETE FROM {} AS {source}{filter}", quoted(&table.sqlite_name()));
    let locks_per_row = locks::per_row(&table);
    Ok(Change { query: binder.finish(sql, Vec::new()), table, is_delete: true, locks_per_row })
}

/// Rows that a join finds, which SQLite takes by their key.
fn delete_joined(binder: &mut Binder<'_>, delete: &Delete, from: &From) -> SqlResult<Change> {
    let alias = &delete.table.name;
    let is_it = |source: &&Source| match source {
        Source::Table { alias: Some(called), .. } => called.eq_ignore_ascii_case(alias),
        Source::Table { alias: None, .. } | Source::Derived { .. } | Source::Json { .. } => false,
    };
    let joined = from.joins.iter().map(|join| &join.source);
    let found = std::iter::once(&from.first).chain(joined).find(is_it);
    // The same statement without an alias would go over the whole table.
    let Some(Source::Table { name, .. }) = found.filter(|_| delete.table.schema.is_none()) else {
        return Err(refused(alias));
    };
    let table = Arc::clone(binder.catalog.table(name)?);
    if table.is_system {
        return Err(system_table());
    }
    binder.access.require(Permission::Delete, &table)?;
    binder.push_scope(Vec::new());
    let sources = sources::from(binder, from)?;
    let filter = filter(binder, delete.filter.as_ref())?;
    let key = table.keys.iter().find(|key| key.kind == KeyKind::Primary);
    let mut columns = Vec::new();
    for idx in key.map(|key| key.columns.as_slice()).unwrap_or_default() {
        let name = &table.columns[*idx].name;
        columns.push((quoted(name), binder.resolve(Some(alias), name, 0)?.sql));
    }
    if columns.is_empty() {
        let any = binder.resolve(Some(alias), &table.columns[0].name, 0)?.sql;
        let source = any.split_once('.').map_or("", |(source, _)| source);
        columns.push(("rowid".to_owned(), format!("{source}.rowid")));
    }
    let (own, found): (Vec<String>, Vec<String>) = columns.into_iter().unzip();
    let sql = format!(
        "DELETE FROM {} WHERE ({}) IN (SELECT {} FROM {sources}{filter})",
        quoted(&table.sqlite_name()),
        own.join(", "),
        found.join(", ")
    );
    let locks_per_row = locks::per_row(&table);
    Ok(Change { query: binder.finish(sql, Vec::new()), table, is_delete: true, locks_per_row })
}

fn target(
    binder: &mut Binder<'_>,
    name: &ObjectName,
    permission: Permission,
) -> SqlResult<(Arc<crate::catalog::Table>, String)> {
    let table = Arc::clone(binder.catalog.table(name)?);
    if table.is_system {
        return Err(system_table());
    }
    binder.access.require(permission, &table)?;
    let source = binder.next_source();
    let columns = table_source(&table, &table.name, &source);
    let target = Some(Arc::clone(&table));
    binder.push_scope(vec![ScopeSource { target, ..columns }]);
    Ok((table, source))
}

fn filter(binder: &mut Binder<'_>, filter: Option<&Pred>) -> SqlResult<String> {
    match filter {
        Some(filter) => Ok(format!(" WHERE {}", pred::pred(binder, filter)?)),
        None => Ok(String::new()),
    }
}

/// `OUTPUT inserted.x`: SQLite's `RETURNING`, which knows columns by their bare names.
fn output(
    access: &Access<'_>,
    table: &crate::catalog::Table,
    items: &[Item],
) -> SqlResult<(String, Vec<Column>)> {
    let mut names = Vec::with_capacity(items.len());
    let mut columns = Vec::with_capacity(items.len());
    for (idx, name) in output_columns(access, table, items)? {
        let column = &table.columns[idx];
        names.push(quoted(&column.name));
        columns.push(Column { name, ty: column.ty });
    }
    let sql =
        if names.is_empty() { String::new() } else { format!(" RETURNING {}", names.join(", ")) };
    Ok((sql, columns))
}

/// Which columns an `OUTPUT` asks for, and what it calls them.
pub(crate) fn output_columns(
    access: &Access<'_>,
    table: &crate::catalog::Table,
    items: &[Item],
) -> SqlResult<Vec<(usize, String)>> {
    if !items.is_empty() {
        access.require(Permission::Select, table)?;
    }
    let mut columns = Vec::with_capacity(items.len());
    for item in items {
        let Item::Expr { expr: Expr::Column { name, .. }, alias } = item else {
            return Err(refused("OUTPUT"));
        };
        columns.push((table.column(name)?, alias.clone().unwrap_or_else(|| name.clone())));
    }
    Ok(columns)
}

/// 271.
pub(crate) fn computed_column(name: &str) -> SqlError {
    let text = format!(
        "The column \"{name}\" cannot be modified because it is either a computed column or is the result of a UNION operator."
    );
    SqlError::new(271, text)
}

/// 259.
pub(crate) fn system_table() -> SqlError {
    SqlError::new(259, "Ad hoc updates to system catalogs are not allowed.")
}

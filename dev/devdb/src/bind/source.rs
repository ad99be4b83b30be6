//! What a query reads from: tables, derived tables, documents, and their joins.

use crate::bind::binder::{Binder, Reach, ScopeColumn, ScopeSource, table_source};
use crate::bind::{json, pred, query};
use crate::error::SqlResult;
use crate::sql::ast::{From, Source};
use crate::sql::permission::Permission;

/// Binds the sources into the innermost scope; the text behind `FROM`.
pub(crate) fn from(binder: &mut Binder<'_>, from: &From) -> SqlResult<String> {
    let mut sql = source(binder, &from.first)?;
    for join in &from.joins {
        let joined = source(binder, &join.source)?;
        let on = pred::pred(binder, &join.on)?;
        let kind = if join.is_left { "LEFT JOIN" } else { "JOIN" };
        sql.push_str(&format!(" {kind} {joined} ON {on}"));
    }
    Ok(sql)
}

fn source(binder: &mut Binder<'_>, of: &Source) -> SqlResult<String> {
    match of {
        Source::Table { name, alias } => {
            let table = binder.catalog.table(name)?;
            binder.access.require(Permission::Select, table)?;
            let source = binder.next_source();
            let called = alias.as_ref().unwrap_or(&table.name);
            binder.add_source(table_source(table, called, &source));
            Ok(format!("{} AS {source}", binder.access.source(table)))
        }
        Source::Derived { query: of, alias } => {
            let bound = query::derived(binder, of)?;
            let source = binder.next_source();
            let labelled = bound.columns.into_iter().zip(bound.labels);
            let columns = labelled.enumerate().map(|(idx, (column, label))| ScopeColumn {
                name: column.name,
                ty: column.ty,
                collation: label.collation(),
                reach: Reach::Sql(format!("{source}.c{idx}")),
            });
            let alias = alias.clone();
            binder.add_source(ScopeSource { alias, columns: columns.collect(), target: None });
            Ok(format!("({}) AS {source}", bound.sql))
        }
        Source::Json { document, path, columns, alias } => {
            json::source(binder, (document, path), columns, alias)
        }
    }
}

//! From the tree to plans: finds names in the catalog, tells types, and writes SQLite's SQL.

mod aggregate;
mod binder;
mod call;
mod change;
mod collate;
mod expr;
mod insert;
mod json;
mod operator;
mod pred;
mod query;
mod source;
mod values;

use crate::catalog::access::Access;
use crate::catalog::{Catalog, Table};
use crate::error::SqlResult;
use crate::plan::{Plan, Query};
use crate::sql::ast::Declared;
use crate::sql::ast::{Expr, Node, Pred, Stmt};
use crate::value::collation::Collation;
use crate::value::sqltype::SqlType;

pub(crate) use collate::no_text;
pub(crate) use values::is_same_value;

use binder::Binder;

/// The plan of a statement that has one.
pub(crate) fn plan(
    access: &Access<'_>,
    params: &[Declared],
    node: &Node,
) -> SqlResult<Option<Plan>> {
    let mut binder = Binder::new(access, params);
    let plan = match &node.stmt {
        Stmt::Select(query) => Plan::Query(query::top_level(&mut binder, query)?),
        Stmt::If { condition, .. } | Stmt::While { condition, .. } => {
            Plan::Query(condition_query(&mut binder, condition)?)
        }
        Stmt::Assign { variable, value } => {
            let ty = params[*variable].ty;
            let bound = expr::cast(expr::expr(&mut binder, value)?, ty);
            let columns = vec![crate::wire::tokens::Column { name: String::new(), ty }];
            Plan::Query(binder.finish(format!("SELECT {}", bound.sql), columns))
        }
        Stmt::Throw { number, message, state } => {
            Plan::Query(values_query(&mut binder, &[number, message, state])?)
        }
        Stmt::Update(update) => Plan::Change(change::update(&mut binder, update)?),
        Stmt::Delete(delete) => Plan::Change(change::delete(&mut binder, delete)?),
        Stmt::Insert(insert) => Plan::Insert(Box::new(insert::insert(access, params, insert)?)),
        Stmt::Block(_) | Stmt::Try { .. } | Stmt::Set(_) => return Ok(None),
        Stmt::Begin | Stmt::Commit | Stmt::Rollback | Stmt::Save(_) | Stmt::RollbackTo(_) => {
            return Ok(None);
        }
        Stmt::CreateSchema(_)
        | Stmt::CreateTable(_)
        | Stmt::CreateIndex(_)
        | Stmt::DropTable { .. }
        | Stmt::DropSchema(_)
        | Stmt::Principal(_) => return Ok(None),
    };
    Ok(Some(plan))
}

fn condition_query(binder: &mut Binder<'_>, condition: &Pred) -> SqlResult<Query> {
    let sql = pred::pred(binder, condition)?;
    Ok(binder.finish(format!("SELECT CASE WHEN {sql} THEN 1 ELSE 0 END"), Vec::new()))
}

/// A query of values that read no row.
fn values_query(binder: &mut Binder<'_>, exprs: &[&Expr]) -> SqlResult<Query> {
    let mut parts = Vec::with_capacity(exprs.len());
    let mut columns = Vec::with_capacity(exprs.len());
    for expr in exprs {
        let bound = expr::expr(binder, expr)?;
        parts.push(bound.sql);
        columns.push(crate::wire::tokens::Column { name: String::new(), ty: bound.ty });
    }
    Ok(binder.finish(format!("SELECT {}", parts.join(", ")), columns))
}

/// The condition of a CHECK over the columns of its table, in SQLite's SQL.
pub(crate) fn check(table: &Table, condition: &Pred) -> SqlResult<String> {
    let catalog = Catalog::empty();
    let access = Access::everything(&catalog);
    let mut binder = Binder::new(&access, &[]);
    binder.push_table_columns(table);
    let sql = pred::pred(&mut binder, condition)?;
    if !binder.finish(String::new(), Vec::new()).binds.is_empty() {
        return Err(binder::refused("CHECK"));
    }
    Ok(sql)
}

/// A computed column's expression over the columns of its table that come before it: SQLite's SQL, its type, and
/// what it is compared by where it is text.
pub(crate) fn computed(table: &Table, expr: &Expr) -> SqlResult<(String, SqlType, Collation)> {
    let catalog = Catalog::empty();
    let access = Access::everything(&catalog);
    let mut binder = Binder::new(&access, &[]);
    binder.push_table_columns(table);
    let bound = expr::expr(&mut binder, expr)?;
    if !binder.finish(String::new(), Vec::new()).binds.is_empty() {
        return Err(binder::refused("AS"));
    }
    Ok((bound.sql, bound.ty, bound.label.collation()))
}

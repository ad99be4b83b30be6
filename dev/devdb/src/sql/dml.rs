//! `INSERT`, `UPDATE`, `DELETE`.

use crate::error::SqlResult;
use crate::sql::ast::{Delete, Expr, Insert, Item, Rows, Update};
use crate::sql::expr::{expr, pred};
use crate::sql::parser::Parser;
use crate::sql::query;

/// Rows of one `VALUES`, as many as SQL Server takes.
const ROWS_MAX: usize = 1000;

pub(crate) fn insert(p: &mut Parser<'_>) -> SqlResult<Insert> {
    p.expect_word("insert")?;
    p.eat_word("into");
    let table = p.object_name()?;
    let columns =
        if p.is_symbol(0, "(") && !p.is_word(1, "select") { Some(p.name_list()?) } else { None };
    let output = output(p)?;
    let rows = if p.eat_word("values") {
        Rows::Values(values(p)?)
    } else if p.eat_word("default") {
        p.expect_word("values")?;
        Rows::Defaults
    } else if query::begins(p.token()) {
        let rows = query::query(p)?;
        query::hint(p)?;
        Rows::Query(Box::new(rows))
    } else {
        return Err(p.unexpected());
    };
    Ok(Insert { table, columns, output, rows })
}

fn values(p: &mut Parser<'_>) -> SqlResult<Vec<Vec<Option<Expr>>>> {
    let mut rows = Vec::new();
    loop {
        if rows.len() >= ROWS_MAX {
            return Err(p.unexpected());
        }
        p.expect("(")?;
        let mut row = vec![value(p)?];
        while p.eat(",") {
            row.push(value(p)?);
        }
        p.expect(")")?;
        rows.push(row);
        if !p.eat(",") {
            return Ok(rows);
        }
    }
}

fn value(p: &mut Parser<'_>) -> SqlResult<Option<Expr>> {
    if p.eat_word("default") { Ok(None) } else { expr(p).map(Some) }
}

/// `OUTPUT inserted.a, ...`; nothing but `inserted` is understood.
fn output(p: &mut Parser<'_>) -> SqlResult<Vec<Item>> {
    if !p.eat_word("output") {
        return Ok(Vec::new());
    }
    let mut items = Vec::new();
    loop {
        let refused = p.unexpected();
        if !p.eat_word("inserted") {
            return Err(refused);
        }
        p.expect(".")?;
        let line = p.line();
        let name = p.name()?;
        let alias = if p.eat_word("as") { Some(p.name()?) } else { None };
        items.push(Item::Expr { expr: Expr::Column { qualifier: None, name, line }, alias });
        if !p.eat(",") {
            return Ok(items);
        }
    }
}

pub(crate) fn update(p: &mut Parser<'_>) -> SqlResult<Update> {
    p.expect_word("update")?;
    let table = p.object_name()?;
    p.expect_word("set")?;
    let mut assignments = Vec::new();
    loop {
        let column = p.name()?;
        p.expect("=")?;
        assignments.push((column, expr(p)?));
        if !p.eat(",") {
            break;
        }
    }
    let output = output(p)?;
    let from = if p.eat_word("from") { Some(query::from(p)?) } else { None };
    let filter = if p.eat_word("where") { Some(pred(p)?) } else { None };
    query::hint(p)?;
    Ok(Update { table, assignments, output, from, filter })
}

pub(crate) fn delete(p: &mut Parser<'_>) -> SqlResult<Delete> {
    p.expect_word("delete")?;
    p.eat_word("from");
    let table = p.object_name()?;
    let from = if p.eat_word("from") { Some(query::from(p)?) } else { None };
    let filter = if p.eat_word("where") { Some(pred(p)?) } else { None };
    Ok(Delete { table, from, filter })
}

//! `SELECT`.

use crate::bind::binder::{Binder, Bound, Reach, refused};
use crate::bind::collate::Label;
use crate::bind::expr::{expr, implicit};
use crate::bind::{pred, source};
use crate::error::{SqlError, SqlResult};
use crate::plan;
use crate::sql::ast::{Expr, Item, Query};
use crate::value::sqltype::SqlType;
use crate::wire::tokens::Column;

/// A query in SQLite's SQL, with its columns.
pub(crate) struct BoundQuery {
    pub(crate) sql: String,
    pub(crate) columns: Vec<Column>,
    /// What each column is compared by.
    pub(crate) labels: Vec<Label>,
}

/// What the values of a query are used for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    /// They are sent or stored.
    Rows,
    /// They are compared further out, and carry their collation there.
    Nested,
}

/// A statement's query.
pub(crate) fn top_level(binder: &mut Binder<'_>, query: &Query) -> SqlResult<plan::Query> {
    let bound = bind(binder, query, Use::Rows)?;
    Ok(binder.finish(bound.sql, bound.columns))
}

/// A query in a `FROM`.
pub(crate) fn derived(binder: &mut Binder<'_>, query: &Query) -> SqlResult<BoundQuery> {
    // A derived table does not see the sources beside it; here it would only find more names than it may use.
    bind(binder, query, Use::Nested)
}

/// A query behind `EXISTS`.
pub(crate) fn existence(binder: &mut Binder<'_>, query: &Query) -> SqlResult<String> {
    Ok(bind(binder, query, Use::Rows)?.sql)
}

/// A query that stands for a value: of one column, and certainly of one row.
pub(crate) fn scalar(binder: &mut Binder<'_>, query: &Query) -> SqlResult<Bound> {
    let is_top_one = matches!(&query.top, Some(Expr::Number(digits)) if digits == "1");
    let is_total = query.group.is_empty()
        && query.items.iter().any(|item| match item {
            Item::Expr { expr, .. } => is_aggregate(expr),
            Item::Star(_) => false,
        });
    if !is_top_one && !is_total && query.from.is_some() {
        // SQL Server would raise 512 where there are more rows; SQLite would take the first one.
        return Err(refused("SELECT"));
    }
    let bound = bind(binder, query, Use::Nested)?;
    let [column] = &bound.columns[..] else { return Err(one_column()) };
    Ok(Bound::value(format!("({})", bound.sql), column.ty).labelled(bound.labels[0]))
}

/// A query behind `IN`: its values are brought to the type they are compared in with `other`.
pub(crate) fn single_column(
    binder: &mut Binder<'_>,
    query: &Query,
    other: SqlType,
) -> SqlResult<Bound> {
    let bound = bind(binder, query, Use::Nested)?;
    let [column] = &bound.columns[..] else { return Err(one_column()) };
    let ty = column.ty.common(other);
    let inner = Bound::value("c0".to_owned(), column.ty);
    let converted = implicit(&inner, ty);
    let sql = if converted == "c0" {
        bound.sql
    } else {
        format!("SELECT {converted} FROM ({})", bound.sql)
    };
    Ok(Bound::value(sql, ty).labelled(bound.labels[0]))
}

fn one_column() -> SqlError {
    SqlError::new(
        116,
        "Only one expression can be specified in the select list when the subquery is not introduced with EXISTS.",
    )
}

fn is_aggregate(expr: &Expr) -> bool {
    match expr {
        Expr::Aggregate { .. } => true,
        Expr::Negate(inner)
        | Expr::Collate { expr: inner, .. }
        | Expr::Cast { expr: inner, .. }
        | Expr::Convert { expr: inner, .. } => is_aggregate(inner),
        Expr::Arith { left, right, .. } => is_aggregate(left) || is_aggregate(right),
        Expr::Call { args, .. } => args.iter().any(is_aggregate),
        Expr::DateAdd { n, moment, .. } => is_aggregate(n) || is_aggregate(moment),
        Expr::DateDiff { from, to, .. } => is_aggregate(from) || is_aggregate(to),
        Expr::Case { whens, otherwise } => {
            whens.iter().any(|(_, value)| is_aggregate(value))
                || otherwise.as_deref().is_some_and(is_aggregate)
        }
        Expr::Null | Expr::Number(_) | Expr::Text { .. } | Expr::Param(_) | Expr::RowCount => false,
        Expr::XactState | Expr::ErrorNumber | Expr::ErrorMessage => false,
        Expr::TranCount | Expr::Version | Expr::Column { .. } | Expr::Subquery(_) => false,
    }
}

fn bind(binder: &mut Binder<'_>, query: &Query, used: Use) -> SqlResult<BoundQuery> {
    binder.push_scope(Vec::new());
    let bound = bind_in_scope(binder, query, used);
    binder.pop_scope();
    bound
}

fn bind_in_scope(binder: &mut Binder<'_>, query: &Query, used: Use) -> SqlResult<BoundQuery> {
    let from = query.from.as_ref().map(|from| source::from(binder, from)).transpose()?;
    let filter = query.filter.as_ref().map(|filter| pred::pred(binder, filter)).transpose()?;
    let mut items = Vec::new();
    for item in &query.items {
        bind_item(binder, item, &mut items)?;
    }
    let collates = used == Use::Nested || query.is_distinct;
    let list: Vec<String> = items
        .iter()
        .enumerate()
        .map(|(idx, (_, bound))| {
            format!("{} AS c{idx}", if collates { bound.collated() } else { bound.sql.clone() })
        })
        .collect();
    let mut sql =
        format!("SELECT {}{}", if query.is_distinct { "DISTINCT " } else { "" }, list.join(", "));
    if let Some(from) = from {
        sql.push_str(&format!(" FROM {from}"));
    }
    if let Some(filter) = filter {
        sql.push_str(&format!(" WHERE {filter}"));
    }
    if !query.group.is_empty() {
        let mut keys = Vec::with_capacity(query.group.len());
        for key in &query.group {
            keys.push(expr(binder, key)?.collated());
        }
        sql.push_str(&format!(" GROUP BY {}", keys.join(", ")));
    }
    if let Some(having) = &query.having {
        let having = pred::pred(binder, having)?;
        sql.push_str(&format!(" HAVING {having}"));
    }
    order_by(binder, query, &items, &mut sql)?;
    if let Some(top) = &query.top {
        let top = expr(binder, top)?;
        let n = implicit(&top, SqlType::BigInt);
        sql.push_str(&format!(" LIMIT ts_top({n})"));
    }
    let labels = items.iter().map(|(_, bound)| bound.label).collect();
    let columns = items.into_iter().map(|(name, bound)| Column { name, ty: bound.ty }).collect();
    Ok(BoundQuery { sql, columns, labels })
}

fn bind_item(
    binder: &mut Binder<'_>,
    item: &Item,
    items: &mut Vec<(String, Bound)>,
) -> SqlResult<()> {
    let qualifier = match item {
        Item::Expr { expr: of, alias } => {
            let bound = expr(binder, of)?;
            let name = match (alias, of) {
                (Some(alias), _) => alias.clone(),
                (None, Expr::Column { name, .. }) => name.clone(),
                (None, _) => String::new(),
            };
            items.push((name, bound));
            return Ok(());
        }
        Item::Star(qualifier) => qualifier,
    };
    let sources = binder.innermost().iter();
    let chosen = sources.filter(|s| {
        qualifier.as_ref().is_none_or(|qualifier| s.alias.eq_ignore_ascii_case(qualifier))
    });
    let before = items.len();
    for column in chosen.flat_map(|source| &source.columns) {
        let Reach::Sql(sql) = &column.reach else { return Err(refused("*")) };
        items.push((
            column.name.clone(),
            Bound {
                sql: sql.clone(),
                ty: column.ty,
                is_column: true,
                label: Label::Implicit(column.collation),
            },
        ));
    }
    if items.len() == before { Err(refused("*")) } else { Ok(()) }
}

/// Keys that are names of the select list stand for its values; others are expressions over the sources.
fn order_by(
    binder: &mut Binder<'_>,
    query: &Query,
    items: &[(String, Bound)],
    sql: &mut String,
) -> SqlResult<()> {
    let mut keys = Vec::with_capacity(query.order.len());
    for (key, goes_down) in &query.order {
        let item = if let Expr::Column { qualifier: None, name, .. } = key {
            items.iter().position(|(item, _)| item.eq_ignore_ascii_case(name))
        } else if let Expr::Number(digits) = key {
            digits.parse::<usize>().ok().and_then(|n| n.checked_sub(1))
        } else {
            None
        };
        let key = match item.and_then(|idx| items.get(idx).map(|(_, bound)| (idx, bound))) {
            Some((idx, bound)) if bound.ty.is_text() => {
                format!("c{idx} COLLATE {}", bound.label.collation().sqlite())
            }
            Some((idx, _)) => format!("c{idx}"),
            None => expr(binder, key)?.collated(),
        };
        keys.push(format!("{key}{}", if *goes_down { " DESC" } else { "" }));
    }
    if !keys.is_empty() {
        sql.push_str(&format!(" ORDER BY {}", keys.join(", ")));
    }
    Ok(())
}

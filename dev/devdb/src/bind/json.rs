//! `OPENJSON ... WITH` as a source, and the rows of an `INSERT` that can be taken straight from the document.

use std::sync::Arc;

use crate::bind::binder::{Binder, Reach, ScopeColumn, ScopeSource, refused};
use crate::bind::{expr, pred};
use crate::error::SqlResult;
use crate::plan::{Bind, Document, JsonItem, JsonSource, JsonText};
use crate::sql::ast::{Declared, Expr, Func, Item, JsonColumn, Query, Source, Step};
use crate::value::collation::Collation;
use crate::value::sqltype::SqlType;
use crate::wire::tokens::Column;

/// Where the document comes from: a parameter or a literal.
pub(crate) fn document(of: &Expr, path: &[Step]) -> SqlResult<Document> {
    let text = if let Expr::Param(idx) = of {
        JsonText::Param(*idx)
    } else if let Expr::Text { text, .. } = of {
        JsonText::Literal(text.clone())
    } else {
        return Err(refused("OPENJSON"));
    };
    Ok(Document { text, path: path.to_vec() })
}

/// The document as a table of SQLite's: its rows are brought to the columns' types before they are handed over.
pub(crate) fn source(
    binder: &mut Binder<'_>,
    (of, path): (&Expr, &[Step]),
    columns: &Arc<Vec<JsonColumn>>,
    alias: &str,
) -> SqlResult<String> {
    let bind = Bind::Json { document: document(of, path)?, columns: Arc::clone(columns) };
    let (placeholder, name) = (binder.placeholder(bind), binder.next_source());
    let parts: Vec<String> =
        columns.iter().enumerate().map(|(idx, column)| cell(idx, column.ty)).collect();
    let scope_columns = columns.iter().enumerate().map(|(idx, column)| ScopeColumn {
        name: column.name.clone(),
        ty: column.ty,
        collation: Collation::default(),
        reach: Reach::Sql(format!("{name}.c{idx}")),
    });
    let alias = alias.to_owned();
    binder.add_source(ScopeSource { alias, columns: scope_columns.collect(), target: None });
    Ok(format!("(SELECT {} FROM json_each({placeholder})) AS {name}", parts.join(", ")))
}

fn cell(idx: usize, ty: SqlType) -> String {
    let name = Collation::default().sqlite();
    let collate = if ty.is_text() { format!(" COLLATE {name}") } else { String::new() };
    format!("(value ->> '$[{idx}]'){collate} AS c{idx}")
}

/// The rows of `INSERT ... SELECT` over one document alone, where every value is a cell, a constant, or the one
/// where the other is NULL. `None` where the query asks for more.
pub(crate) fn rows(
    template: &Binder<'_>,
    params: &[Declared],
    query: &Query,
) -> SqlResult<Option<JsonSource>> {
    let Some(from) = &query.from else { return Ok(None) };
    let Source::Json { document: of, path, columns, alias } = &from.first else {
        return Ok(None);
    };
    let is_plain = from.joins.is_empty() && query.top.is_none() && !query.is_distinct;
    if !is_plain || !query.group.is_empty() || query.having.is_some() || !query.order.is_empty() {
        return Ok(None);
    }
    let mut constants = Constants {
        binder: Binder::new(template.access, params),
        sql: Vec::new(),
        columns: Vec::new(),
    };
    let mut items = Vec::with_capacity(query.items.len());
    for item in &query.items {
        let Item::Expr { expr, .. } = item else { return Ok(None) };
        let Some(item) = classify(&mut constants, columns, alias, expr) else { return Ok(None) };
        items.push(item);
    }
    let mut filter = None;
    if let Some(condition) = &query.filter {
        let mut binder = Binder::new(template.access, params);
        binder.push_scope(vec![cells(columns, alias)]);
        let sql = pred::pred(&mut binder, condition)?;
        filter = Some(binder.finish(format!("SELECT 1 WHERE {sql}"), Vec::new()));
    }
    Ok(Some(JsonSource {
        document: document(of, path)?,
        columns: Arc::clone(columns),
        items,
        constants: constants.finish(),
        filter,
    }))
}

struct Constants<'c> {
    binder: Binder<'c>,
    sql: Vec<String>,
    columns: Vec<Column>,
}

impl Constants<'_> {
    /// Adds an expression that reads no row; `None` where it reads one.
    fn add(&mut self, of: &Expr) -> Option<usize> {
        let bound = expr::expr(&mut self.binder, of).ok()?;
        self.sql.push(bound.sql);
        self.columns.push(Column { name: String::new(), ty: bound.ty });
        Some(self.sql.len() - 1)
    }

    fn finish(mut self) -> crate::plan::Query {
        let sql = if self.sql.is_empty() {
            String::new()
        } else {
            format!("SELECT {}", self.sql.join(", "))
        };
        self.binder.finish(sql, self.columns)
    }
}

fn cells(columns: &[JsonColumn], alias: &str) -> ScopeSource {
    let columns = columns.iter().enumerate().map(|(idx, column)| ScopeColumn {
        name: column.name.clone(),
        ty: column.ty,
        collation: Collation::default(),
        reach: Reach::Cell(idx),
    });
    ScopeSource { alias: alias.to_owned(), columns: columns.collect(), target: None }
}

fn classify(
    constants: &mut Constants<'_>,
    columns: &[JsonColumn],
    alias: &str,
    of: &Expr,
) -> Option<JsonItem> {
    let cell = |of: &Expr| -> Option<usize> {
        let Expr::Column { qualifier, name, .. } = of else { return None };
        if qualifier.as_ref().is_some_and(|qualifier| !qualifier.eq_ignore_ascii_case(alias)) {
            return None;
        }
        columns.iter().position(|column| column.name.eq_ignore_ascii_case(name))
    };
    if let Some(idx) = cell(of) {
        return Some(JsonItem::Cell(idx));
    }
    if let Expr::Call { func: Func::Coalesce | Func::IsNull, args } = of
        && let [first, second] = &args[..]
        && let Some(cell) = cell(first)
    {
        return Some(JsonItem::CellOr { cell, constant: constants.add(second)? });
    }
    constants.add(of).map(JsonItem::Constant)
}

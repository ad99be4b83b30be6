//! What is known while a statement is bound: the sources in scope, and the values to bind.

use std::sync::Arc;

use crate::bind::collate::Label;
use crate::catalog::access::Access;
use crate::catalog::table::invalid_column;
use crate::catalog::{Catalog, Table};
use crate::error::{SqlError, SqlResult};
use crate::plan::{Bind, Query};
use crate::sql::ast::Declared;
use crate::sql::permission::Permission;
use crate::value::collation::Collation;
use crate::value::sqltype::SqlType;
use crate::wire::tokens::Column;

/// An expression in SQLite's SQL.
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    pub(crate) sql: String,
    pub(crate) ty: SqlType,
    /// Whether it is a column, which carries its collation with it in SQLite.
    pub(crate) is_column: bool,
    /// Of no consequence where it is no text.
    pub(crate) label: Label,
}

impl Bound {
    pub(crate) fn value(sql: String, ty: SqlType) -> Self {
        Self { sql, ty, is_column: false, label: Label::Coercible }
    }

    /// The same as text that is made of texts with this label.
    pub(crate) fn labelled(self, label: Label) -> Self {
        Self { label, ..self }
    }

    /// The expression as it is compared, grouped and sorted by.
    pub(crate) fn collated(&self) -> String {
        if self.ty.is_text() && !self.is_column {
            format!("({}) COLLATE {}", self.sql, self.label.collation().sqlite())
        } else {
            self.sql.clone()
        }
    }
}

/// A column of a source.
pub(crate) struct ScopeColumn {
    pub(crate) name: String,
    pub(crate) ty: SqlType,
    pub(crate) collation: Collation,
    pub(crate) reach: Reach,
}

/// How SQLite reaches a column.
#[derive(Clone)]
pub(crate) enum Reach {
    Sql(String),
    /// A column of the JSON row at hand: a value to bind.
    Cell(usize),
}

/// Something in a `FROM`.
pub(crate) struct ScopeSource {
    /// What it is called in the statement.
    pub(crate) alias: String,
    pub(crate) columns: Vec<ScopeColumn>,
    /// What is changed: whoever reads a column of it has to be allowed to.
    pub(crate) target: Option<Arc<Table>>,
}

pub(crate) struct Binder<'c> {
    pub(crate) access: &'c Access<'c>,
    pub(crate) catalog: &'c Catalog,
    params: &'c [Declared],
    binds: Vec<Bind>,
    scopes: Vec<Vec<ScopeSource>>,
    n_sources: usize,
}

impl<'c> Binder<'c> {
    pub(crate) fn new(access: &'c Access<'c>, params: &'c [Declared]) -> Self {
        Self {
            access,
            catalog: access.catalog,
            params,
            binds: Vec::new(),
            scopes: Vec::new(),
            n_sources: 0,
        }
    }

    /// The plan of `sql`, which what was bound so far belongs to.
    pub(crate) fn finish(&mut self, sql: String, columns: Vec<Column>) -> Query {
        Query { sql, binds: std::mem::take(&mut self.binds), columns }
    }

    /// The placeholder of a value; the same value has one.
    pub(crate) fn placeholder(&mut self, bind: Bind) -> String {
        let idx = self.binds.iter().position(|bound| *bound == bind).unwrap_or_else(|| {
            self.binds.push(bind);
            self.binds.len() - 1
        });
        format!("?{}", idx + 1)
    }

    pub(crate) fn param(&mut self, idx: usize) -> Bound {
        let ty = self.params[idx].ty;
        Bound::value(self.placeholder(Bind::Param(idx)), ty)
    }

    /// A name of SQLite's for the next source.
    pub(crate) fn next_source(&mut self) -> String {
        self.n_sources += 1;
        format!("s{}", self.n_sources)
    }

    pub(crate) fn push_scope(&mut self, sources: Vec<ScopeSource>) {
        self.scopes.push(sources);
    }

    pub(crate) fn pop_scope(&mut self) -> Vec<ScopeSource> {
        self.scopes.pop().expect("every pop has its push")
    }

    /// Adds a source to the innermost scope.
    pub(crate) fn add_source(&mut self, source: ScopeSource) {
        self.scopes.last_mut().expect("a scope was pushed").push(source);
    }

    pub(crate) fn innermost(&self) -> &[ScopeSource] {
        self.scopes.last().map_or(&[], Vec::as_slice)
    }

    /// A scope of a table's columns by their bare names.
    pub(crate) fn push_table_columns(&mut self, table: &Table) {
        self.push_scope(vec![table_source(table, &table.name, "")]);
    }

    /// Finds a column from the innermost scope outwards.
    pub(crate) fn resolve(
        &mut self,
        qualifier: Option<&str>,
        name: &str,
        line: u32,
    ) -> SqlResult<Bound> {
        for scope in self.scopes.iter().rev() {
            let mut found = scope
                .iter()
                .filter(|source| {
                    qualifier.is_none_or(|qualifier| source.alias.eq_ignore_ascii_case(qualifier))
                })
                .flat_map(|source| source.columns.iter().map(move |column| (source, column)))
                .filter(|(_, column)| column.name.eq_ignore_ascii_case(name));
            let Some((source, column)) = found.next() else { continue };
            if found.next().is_some() {
                return Err(
                    SqlError::new(209, format!("Ambiguous column name '{name}'.")).at_line(line)
                );
            }
            if let Some(table) = &source.target {
                self.access.require(Permission::Select, table)?;
            }
            let (ty, label) = (column.ty, Label::Implicit(column.collation));
            return Ok(match column.reach.clone() {
                Reach::Sql(sql) => Bound { sql, ty, is_column: true, label },
                Reach::Cell(idx) => {
                    Bound::value(self.placeholder(Bind::Cell(idx)), ty).labelled(label)
                }
            });
        }
        let Some(qualifier) = qualifier else { return Err(invalid_column(name).at_line(line)) };
        let is_known =
            self.scopes.iter().flatten().any(|source| source.alias.eq_ignore_ascii_case(qualifier));
        if is_known {
            return Err(invalid_column(name).at_line(line));
        }
        let text = format!("The multi-part identifier \"{qualifier}.{name}\" could not be bound.");
        Err(SqlError::new(4104, text).at_line(line))
    }
}

/// A table's columns, reached through `prefix` (a source of SQLite's, or nothing).
pub(crate) fn table_source(table: &Table, alias: &str, prefix: &str) -> ScopeSource {
    let dot = if prefix.is_empty() { "" } else { "." };
    let columns = table.columns.iter().map(|column| ScopeColumn {
        name: column.name.clone(),
        ty: column.ty,
        collation: column.collation,
        reach: Reach::Sql(format!("{prefix}{dot}{}", crate::catalog::table::quoted(&column.name))),
    });
    ScopeSource { alias: alias.to_owned(), columns: columns.collect(), target: None }
}

/// 102 for what the parser takes and the dialect does not.
pub(crate) fn refused(near: &str) -> SqlError {
    SqlError::new(102, format!("Incorrect syntax near '{near}'. (devdb: not in its dialect.)"))
        .with_class(15)
}

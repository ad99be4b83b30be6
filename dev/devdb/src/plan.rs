//! What a statement comes to once names are found and types are known: SQLite's SQL and what to bind to it.

use std::sync::Arc;

use crate::catalog::Table;
use crate::sql::ast::{JsonColumn, Step};
use crate::value::sqltype::SqlType;
use crate::wire::tokens::Column;

/// A value that is only known when the statement runs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Bind {
    /// A declared parameter.
    Param(usize),
    RowCount,
    TranCount,
    XactState,
    ErrorNumber,
    ErrorMessage,
    /// The time of the statement, in ticks.
    Now,
    Database,
    /// `SERVERPROPERTY('Babelfish')`.
    Babelfish,
    /// A JSON document brought to rows of the columns' types, as an array of arrays.
    Json {
        document: Document,
        columns: Arc<Vec<JsonColumn>>,
    },
    /// A column of the JSON row at hand.
    Cell(usize),
}

/// Where the rows of a JSON document are.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Document {
    pub(crate) text: JsonText,
    /// From the document's root.
    pub(crate) path: Vec<Step>,
}

/// Where a JSON document comes from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum JsonText {
    Param(usize),
    Literal(String),
}

#[derive(Debug)]
pub(crate) enum Plan {
    /// A query that answers with rows, or an `IF`'s or `THROW`'s values.
    Query(Query),
    Change(Change),
    Insert(Box<Insert>),
}

/// A query of SQLite's.
#[derive(Debug)]
pub(crate) struct Query {
    pub(crate) sql: String,
    pub(crate) binds: Vec<Bind>,
    pub(crate) columns: Vec<Column>,
}

/// An `UPDATE` or a `DELETE`.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) query: Query,
    pub(crate) table: Arc<Table>,
    pub(crate) is_delete: bool,
    /// Row locks for each row.
    pub(crate) locks_per_row: u64,
}

#[derive(Debug)]
pub(crate) struct Insert {
    pub(crate) table: Arc<Table>,
    /// Indexes of the table's columns that the rows give values for.
    pub(crate) targets: Vec<usize>,
    pub(crate) rows: RowSource,
    /// Columns that take their default, and which value of `defaults` it is.
    pub(crate) defaulted: Vec<usize>,
    pub(crate) defaults: Query,
    /// The statement that puts one row into SQLite: one placeholder for each of `written`.
    pub(crate) sql: String,
    /// Indexes of the columns written, in the order of the placeholders: targets, defaulted ones, the identity.
    pub(crate) written: Vec<usize>,
    /// The identity column where its value is made here.
    pub(crate) made_identity: Option<usize>,
    /// The identity column where the statement gives its values.
    pub(crate) given_identity: Option<usize>,
    /// What every row takes on SQL Server's pages.
    pub(crate) fixed_row_bytes: u64,
    /// What `OUTPUT` answers with.
    pub(crate) output: Vec<(Column, usize)>,
}

#[derive(Debug)]
pub(crate) enum RowSource {
    /// No values but defaults.
    Defaults,
    /// Rows of a query; the types are those of each row, or of all where there is one entry.
    Query {
        query: Query,
        types: Vec<Vec<SqlType>>,
    },
    Json(JsonSource),
}

/// Rows straight from a JSON document.
#[derive(Debug)]
pub(crate) struct JsonSource {
    pub(crate) document: Document,
    pub(crate) columns: Arc<Vec<JsonColumn>>,
    pub(crate) items: Vec<JsonItem>,
    /// Values that are the same for every row.
    pub(crate) constants: Query,
    /// Answers with a row where the JSON row at hand is wanted.
    pub(crate) filter: Option<Query>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum JsonItem {
    Cell(usize),
    /// A constant, by its index.
    Constant(usize),
    /// A cell, or a constant where it is NULL.
    CellOr {
        cell: usize,
        constant: usize,
    },
}

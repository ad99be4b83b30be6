//! A contract of format 2, compiled: names are places and texts of paths are paths.

use std::sync::OnceLock;

use super::contract::{Amount, Keep, OnError};
use crate::codes::ConversionTable;
use crate::coverage::Asks;
use crate::document::Interest;
use crate::expression::Expression;
use crate::narrow::TextUnit;
use crate::reading::Reading;
use crate::table::DataType;
use crate::value::Value;
use crate::xpath::{Expr, Path};

/// How documents of a contract become rows.
#[derive(Debug)]
pub(crate) struct Program {
    /// What of a document is kept.
    pub(super) interest: Interest,
    /// The namespaces of the contract.
    pub(super) uris: Vec<String>,
    /// Where the document has the application's id; else it is that of the source row.
    pub(super) app_id: Option<Expr>,
    /// Parallel to the tables of the plan.
    pub(super) tables: Vec<TableProgram>,
    pub(super) codes: Vec<ConversionTable>,
    /// Their names, for people.
    pub(super) code_names: Vec<String>,
    /// Who reads what, and what nobody reads on purpose.
    pub(crate) asks: Asks,
}

impl Program {
    /// The namespaces of the contract, by number.
    pub(crate) fn uris(&self) -> &[String] {
        &self.uris
    }
}

/// How the rows of a table are made.
#[derive(Debug)]
pub(super) struct TableProgram {
    pub(super) rows: Vec<Path>,
    /// The paths of the rows as written, for messages.
    pub(super) written: String,
    pub(super) when: Option<Expr>,
    /// What the rows take from the row around them, if the parent has a key of its own.
    pub(super) parent: Option<Inherited>,
    pub(super) keep: Option<KeepRule>,
    /// For each row that an element gives, how its columns are filled; there is one at least.
    pub(super) variants: Vec<Vec<Cell>>,
    pub(super) needs: Vec<Need>,
    /// The column that gets the application's id, where there is one.
    pub(super) id: Option<usize>,
    /// The columns that tell its rows apart, the application's id first; alone it tells a single row.
    pub(super) key: Vec<usize>,
    pub(super) has_own_key: bool,
}

impl Program {
    /// The paths of the rows of the first table, as written.
    pub(crate) fn first_rows(&self) -> &str {
        self.tables.first().map_or("", |table| table.written.as_str())
    }

    /// The local names of the elements that documents of the contract have to have, as far as the one path of the first
    /// table says.
    pub(crate) fn row_names(&self) -> Vec<&str> {
        let written = self.first_rows();
        let plain = written.split(['[', '(', '|']).next().unwrap_or_default();
        let names = plain.split('/').map(|step| step.rsplit(':').next().unwrap_or(step).trim());
        names.filter(|name| crate::document::is_name(name)).collect()
    }
}

impl TableProgram {
    /// All cells, of each of the rows that an element gives.
    pub(super) fn cells(&self) -> impl Iterator<Item = &Cell> {
        self.variants.iter().flatten()
    }
}

/// A column that makes a row.
#[derive(Debug)]
pub(super) struct Need {
    pub(super) column: usize,
    pub(super) amount: Amount,
}

/// The key of the parent, which rows begin with.
#[derive(Debug)]
pub(super) struct Inherited {
    /// The place of the parent.
    pub(super) table: usize,
    /// Columns of the row and what they are in the parent.
    pub(super) columns: Vec<(usize, usize)>,
}

/// Which of several rows with one key stays.
#[derive(Debug)]
pub(super) struct KeepRule {
    pub(super) keep: Keep,
    pub(super) key: Vec<usize>,
    pub(super) prefer: Vec<Expr>,
}

/// How a column is filled.
#[derive(Debug)]
pub(super) struct Cell {
    pub(super) column: usize,
    /// The paths and expressions that it reads, as written, for people.
    pub(super) written: Vec<String>,
    pub(super) origin: Origin,
    pub(super) squeeze: bool,
    pub(super) digits: bool,
    pub(super) codes: Option<usize>,
    pub(super) data_type: DataType,
    /// The contract says the type; else it is that of the database.
    pub(super) is_stated: bool,
    pub(super) text_unit: TextUnit,
    pub(super) reading: Reading,
    pub(super) default: Option<String>,
    /// The default as a value of the column, once it has been needed.
    pub(super) default_value: OnceLock<Option<Value>>,
    /// `None`: the database says.
    pub(super) required: Option<bool>,
    pub(super) is_nullable: bool,
    pub(super) on_error: OnError,
}

/// Where a value comes from, and what makes one of several.
#[derive(Debug)]
pub(super) struct Origin {
    pub(super) from: From,
    pub(super) when: Option<Expr>,
    pub(super) join: Option<String>,
    pub(super) pick: Option<Keep>,
    pub(super) negate_if: Option<Expr>,
    pub(super) negate_where: Option<Expr>,
}

/// Where a value comes from.
#[derive(Debug)]
pub(super) enum From {
    Path(Expr),
    Alternatives(Vec<Origin>),
    All(Vec<Expr>),
    Constant(String),
    /// Which of the rows it is: of the document, or of those within the same element.
    Position(Option<Vec<Path>>),
    /// A column of the row around it.
    Enclosing {
        table: usize,
        column: usize,
    },
    Expression {
        expression: Box<Expression>,
        slots: Vec<Expr>,
        /// The paths of the slots as written.
        names: Vec<String>,
    },
}

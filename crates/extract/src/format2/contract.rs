//! A contract of format 2 as it is written, read but not yet compiled.

use super::item::At;
use crate::codes::ConversionTable;
use crate::reading::Reading;
use crate::table::DataType;

/// A contract.
#[derive(Debug)]
pub(super) struct Contract {
    /// The table of the documents, its column with the id, and its column with the document.
    pub(super) source: (String, String, String),
    /// A table whose ids mark which rows of the source are of this contract.
    pub(super) applications: Option<String>,
    pub(super) target_schema: String,
    /// The column of every table that gets the application's id.
    pub(super) target_id: String,
    /// Whether the id of the first table is an identity, which gets the application's id.
    pub(super) is_identity: bool,
    /// Where the document itself has the application's id.
    pub(super) document_id: Option<Placed>,
    pub(super) namespaces: Vec<(Placed, Vec<String>)>,
    pub(super) lets: Vec<(String, Placed)>,
    pub(super) codes: Vec<(String, ConversionTable)>,
    pub(super) tables: Vec<TableRule>,
    /// Paths that nobody reads, on purpose.
    pub(super) ignored: Vec<Placed>,
}

/// A text of the contract that means something, and its place.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    pub(super) text: String,
    pub(super) at: At,
    /// What it is, as `table.po_line.columns.amount`.
    pub(super) label: String,
}

/// What the rows of a table are.
#[derive(Debug)]
pub(super) struct TableRule {
    pub(super) name: Placed,
    pub(super) rows: Vec<Placed>,
    pub(super) parent: Option<Placed>,
    /// Which columns of the parent's key rows begin with; without it all of them, the application's id first.
    pub(super) parent_key: Vec<Placed>,
    pub(super) key: Vec<Placed>,
    pub(super) keep: Option<Keep>,
    pub(super) prefer: Vec<Placed>,
    pub(super) when: Option<Placed>,
    pub(super) needs: Needs,
    pub(super) columns: Vec<ColumnRule>,
    /// For each of the rows that an element gives, what fills the columns; none where that is one.
    pub(super) each: Vec<Vec<ColumnRule>>,
}

/// What a row needs to be one.
#[derive(Debug)]
pub(super) enum Needs {
    Nothing,
    /// A value of the document in any column.
    Any,
    /// A value of the document in one of these.
    Columns(Vec<NeedRule>),
}

/// A column that makes a row.
#[derive(Debug)]
pub(super) struct NeedRule {
    pub(super) name: Placed,
    pub(super) amount: Amount,
}

/// How much a value has to be to make a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Amount {
    Any,
    NotZero,
    Positive,
}

/// Which of several rows with one key stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    First,
    Last,
}

/// What fills a column.
#[derive(Debug, Clone)]
pub(super) struct ColumnRule {
    pub(super) name: Placed,
    pub(super) origin: Origin,
    pub(super) squeeze: bool,
    pub(super) digits: bool,
    pub(super) codes: Option<Placed>,
    pub(super) data_type: Option<DataType>,
    pub(super) reading: Reading,
    pub(super) default: Option<Placed>,
    pub(super) required: Option<bool>,
    pub(super) on_error: OnError,
    pub(super) identity: bool,
}

/// What becomes of a text that is no value of its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnError {
    /// The default stands for it, or there is no value.
    Default,
    /// There is no value, whatever the default is.
    Null,
    Fail,
}

/// Where a value comes from, and what makes one of several.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    pub(super) from: From,
    pub(super) when: Option<Placed>,
    pub(super) join: Option<String>,
    pub(super) pick: Option<Keep>,
    pub(super) negate_if: Option<Placed>,
    pub(super) negate_where: Option<Placed>,
}

/// Where a value comes from.
#[derive(Debug, Clone)]
pub(super) enum From {
    Path(Placed),
    /// The first that has a value; of none the column has its default.
    Alternatives(Vec<Origin>),
    /// The values of all of these.
    All(Vec<Placed>),
    Constant(String),
    /// Which of the rows it is: of the document, or of those within the same element of a path.
    Position(Option<Placed>),
    /// A column of the row around it: table and column.
    Enclosing(Placed),
    Expression(Placed),
}

//! Explains how a document becomes rows: what each row is made of and what hangs off it, for each column what was read
//! and where, what was done with it step by step, and which elements are no rows, and why.
//!
//! The mapping itself tells it ([`record`]), so that an explanation cannot say anything else than what is loaded.

mod assemble;
mod places;
mod record;
mod recorder;
#[cfg(test)]
mod tests;
mod words;

use serde::Serialize;

pub(crate) use crate::document::Spot;
pub(crate) use record::{
    Detail, Event, Gives, ParentRow, Reads, Record, RowFrom, Seen, Silent, StepKind, Why,
};

use crate::meant;
use crate::plan::Plan;
use crate::rejection::Rejection;
use recorder::Recorder;

/// What an explanation is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The table or the column; everything without one.
    pub part: Option<Part>,
    /// Rows and left-out elements of each table before the first that is shown.
    pub skip: usize,
    /// How many of each table are shown at most.
    pub rows_max: usize,
    /// Whether values of the document are in it.
    pub values: Values,
}

/// A table or a column of a contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The name of the table.
    pub table: String,
    /// The name of the column.
    pub column: Option<String>,
}

/// Whether values of the document are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Values {
    /// No value is in the explanation.
    Hidden,
    /// They are, each cut after some hundred characters.
    Shown,
}

/// How a document becomes rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The application's id, as far as it is known.
    pub app_id: Option<i64>,
    /// Why the document gives no rows, if it gives none.
    pub failure: Option<Failure>,
    /// The tables of the contract that the document is of, in the order of insertion.
    pub tables: Vec<TableTrace>,
}

/// Why a document gives no rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The stage, as the log has it.
    pub stage: String,
    /// The reason, as the log has it.
    pub reason: String,
}

/// How the rows of a table are made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableTrace {
    /// The table.
    pub table: String,
    /// How many rows it gets from the document, or got before the document failed.
    pub rows: u64,
    /// How many elements or mappings are no row although they might have been one.
    pub left_out: u64,
    /// Some of the rows.
    pub row_traces: Vec<RowTrace>,
    /// Some of what is left out.
    pub left_out_traces: Vec<LeftOut>,
}

/// How a row is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RowTrace {
    /// Which of the rows of the table it is, from 1; none where the document failed while it was made.
    pub row: Option<u64>,
    /// The element that it is made of; none where it is made of the document as a whole.
    pub element: Option<Place>,
    /// The mapping of the contract that it is made of, as `mappings[3]`, where it is made of one.
    pub mapping: Option<String>,
    /// The row that it hangs off, where that is another than the application's.
    pub parent: Option<RowName>,
    /// Its columns.
    pub cells: Vec<CellTrace>,
}

/// A row by its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RowName {
    /// The table.
    pub table: String,
    /// Which of its rows, from 1.
    pub row: u64,
}

/// A place in a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The elements around it and its name, as the document writes them.
    pub path: String,
    /// The line, from 1.
    pub line: u64,
    /// The character in the line, from 1.
    pub column: u64,
}

/// How a value is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CellTrace {
    /// The column.
    pub column: String,
    /// The type that the contract gives it.
    pub data_type: String,
    /// Where in a contract of format 1 it is mapped, as `mappings[3]`.
    pub mapping: Option<String>,
    /// The paths and expressions that it reads, as the contract writes them.
    pub reads: Vec<String>,
    /// What was done, one after the other.
    pub steps: Vec<StepTrace>,
    /// What came of it.
    pub result: CellResult,
    /// The value that goes to the database, if values are shown and there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// What came of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CellResult {
    /// A value.
    Value,
    /// The default of the contract.
    Default,
    /// No value: NULL, or the default of the database.
    Null,
    /// The document failed before there was any.
    None,
}

/// Something that was done on the way to a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepTrace {
    /// Its kind, a word for programs.
    pub step: String,
    /// It in words, such as ``code table `status` ``.
    pub what: String,
    /// What it gives: `nothing`, `empty`, `text`, `number`, `flag` or `date`.
    pub gives: String,
    /// Where in the document it was read.
    pub at: Option<Place>,
    /// What was lost in it, as words for programs.
    pub warnings: Vec<String>,
    /// What it gives, if values are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// Something that might have been a row and is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// The element.
    pub element: Option<Place>,
    /// The mapping of the contract.
    pub mapping: Option<String>,
    /// Why, a word for programs.
    pub reason: String,
    /// Why, in words.
    pub meaning: String,
    /// The element that is a row in its place.
    pub instead: Option<Place>,
    /// The row that is there in its place.
    pub instead_row: Option<u64>,
}

impl Plan {
    /// Finds a table or column by `TABLE` or `TABLE.COLUMN`, whatever its case.
    ///
    /// # Errors
    ///
    /// Returns what there is instead.
    pub fn part(&self, name: &str) -> Result<Part, String> {
        let (table_name, column) = match name.split_once('.') {
            Some((table, column)) => (table, Some(column)),
            None => (name, None),
        };
        let is_it = |known: &str, name: &str| known.eq_ignore_ascii_case(name);
        let mut tables = self.tables().iter().filter(|table| is_it(&table.name, table_name));
        let Some(table) = tables.next() else {
            let names: Vec<&str> = self.tables().iter().map(|table| &*table.name).collect();
            let way = meant::suggest(table_name, &names, "the contract");
            return Err(format!("the contract has no table `{table_name}`; {way}"));
        };
        let Some(name) = column else {
            return Ok(Part { table: table.name.clone(), column: None });
        };
        let columns = || std::iter::once(table).chain(tables).flat_map(|table| &table.columns);
        let columns: Vec<&str> = columns().map(|column| &*column.name).collect();
        match columns.iter().find(|column| is_it(column, name)) {
            Some(column) => {
                Ok(Part { table: table.name.clone(), column: Some((*column).to_owned()) })
            }
            None => {
                let way = meant::suggest(name, &columns, "it");
                Err(format!("`{}` has no column `{name}`; {way}", table.name))
            }
        }
    }

    /// Maps one document and explains how. `expected` is the id of the source row. It takes several times as long as
    /// [`Plan::map`].
    pub fn explain(&self, xml: &str, expected: Option<i64>, asked: &Asked) -> Explanation {
        let recorder = Recorder::new(xml, asked, self.tables());
        let mapped = self.map_recorded(xml, expected, &recorder);
        let fitted = mapped.clone().and_then(|application| self.fit(application));
        recorder.into_recorded().assemble(self, asked, (mapped.as_ref(), fitted.as_ref()))
    }

    /// Explains a document whose encoding is not known, as [`Plan::map_bytes`] maps it.
    pub fn explain_bytes(&self, bytes: &[u8], expected: Option<i64>, asked: &Asked) -> Explanation {
        let sized = self.limits().check_document(bytes.len()).map_err(|err| err.to_string());
        let text = sized.and_then(|()| crate::text_of(bytes).map_err(|err| err.to_string()));
        match text {
            Ok(text) => self.explain(&text, expected, asked),
            Err(reason) => Explanation::undecoded(&reason, expected),
        }
    }
}

impl Explanation {
    /// Explains a document that is no text.
    pub fn undecoded(reason: &str, expected: Option<i64>) -> Self {
        let (stage, reason) = (xmlx_domain::Stage::Validation, reason.to_owned());
        Self::failed(&Rejection { stage, reason, app_id: expected })
    }

    fn failed(rejection: &Rejection) -> Self {
        Self { app_id: rejection.app_id, failure: Some(Failure::of(rejection)), tables: Vec::new() }
    }
}

impl Failure {
    fn of(rejection: &Rejection) -> Self {
        Self { stage: rejection.stage.to_string(), reason: rejection.reason.clone() }
    }
}

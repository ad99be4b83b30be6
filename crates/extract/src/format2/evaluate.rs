//! Makes the rows of one document by a contract of format 2.

mod cell;
mod origin;
mod rows;

use std::cell::{Cell, RefCell};

use xmlx_domain::Stage;

use super::Program;
use crate::convert::{Conversion, convert_number};
use crate::decimal::Decimal;
use crate::document::{DOCUMENT, ElementNo, NodeNo, Tree};
use crate::evaluate::Refused;
use crate::explain::{Event, Record};
use crate::limits::{Limits, Over};
use crate::rejection::Rejection;
use crate::search::{Context, Search};
use crate::table::{Application, Defaulted, Table};
use crate::value::{Row, Value};
use crate::warning::Warning;
use xmlx_domain::WarningKind;

/// The longest name of an element in a message.
const NAME_CHARS_MAX: usize = 64;

/// Why an application cannot be mapped: names the column.
type Fault = String;

/// Maps one document.
pub(crate) fn map<R: Record>(
    program: &Program,
    tables: &[Table],
    document: (&str, Option<i64>),
    limits: &Limits,
    recorder: &R,
) -> Result<Application, Rejection> {
    map_line(program, tables, document, limits, recorder).map_err(|refused| refused.rejection)
}

/// Maps one document, and says where it is of another contract: its root element is none of this one's, or the first
/// table has no row in it.
pub(crate) fn map_line<R: Record>(
    program: &Program,
    tables: &[Table],
    (xml, expected): (&str, Option<i64>),
    limits: &Limits,
    recorder: &R,
) -> Result<Application, Refused> {
    let refuse = |stage, reason, app_id: Option<i64>, other_line| Refused {
        rejection: Rejection { stage, reason, app_id },
        other_line,
    };
    let reject = |stage, reason| refuse(stage, reason, expected, false);
    let tree = recorder
        .read_tree(xml, &program.interest, &program.uris, limits)
        .map_err(|flaw| reject(Stage::Validation, flaw.to_string()))?;
    check_root(&tree).map_err(|reason| refuse(Stage::Validation, reason, expected, true))?;
    let search = Search::new(&tree, limits.value_bytes);
    let app_id = app_id(program, &search, expected).map_err(|reason| {
        // A document of another contract has its id elsewhere.
        let document = Context::of(NodeNo::element(DOCUMENT));
        let first = program.tables.first();
        let has_row = first.is_some_and(|it| !search.nodes(&it.rows, document).is_empty());
        refuse(Stage::Validation, reason, expected, !has_row)
    })?;
    let mut evaluation = Evaluation {
        recorder,
        program,
        tables,
        search,
        app_id,
        made: Vec::with_capacity(tables.len()),
        warnings: RefCell::default(),
        was_unreadable: Cell::new(false),
        defaults: RefCell::default(),
    };
    for table in 0..tables.len() {
        recorder.note(|| Event::Table);
        evaluation.table(table).map_err(|refusal| {
            refuse(refusal.stage, refusal.reason, Some(app_id), refusal.is_of_other_kind)
        })?;
    }
    let Evaluation { made, warnings, defaults, search, .. } = evaluation;
    if search.is_over() {
        let over = Over { limit: "value_bytes", max: limits.value_bytes };
        return Err(refuse(Stage::Mapping, over.to_string(), Some(app_id), false));
    }
    let tables = made.into_iter().map(|made| made.rows).collect();
    let (warnings, defaults) = (warnings.into_inner(), defaults.into_inner());
    Ok(Application { app_id, tables, warnings, defaults })
}

/// Refuses a document with a root element that no path of the contract begins with.
fn check_root(tree: &Tree<'_>) -> Result<(), String> {
    let (name, is_known) = tree.root();
    if is_known {
        return Ok(());
    }
    let name: String = name.chars().take(NAME_CHARS_MAX).collect();
    Err(format!(
        "the root element is `{name}`, with which no path of the contract begins, at least not in its namespace"
    ))
}

/// The id of the application: that of the source row, which the document has to repeat where the contract says where.
fn app_id<'a>(
    program: &'a Program,
    search: &Search<'a, '_>,
    expected: Option<i64>,
) -> Result<i64, String> {
    let Some(path) = &program.app_id else {
        return expected.ok_or_else(|| {
            "the application's id is that of the source row, and none was given; `map` takes it from `--app-id` or the file's name".to_owned()
        });
    };
    let text = search.text(path, Context::of(NodeNo::element(DOCUMENT)));
    let text = text.trim();
    if text.is_empty() {
        return Err("there is no application id at the path of `document.id`".to_owned());
    }
    let id = text.parse::<i64>().ok().filter(|id| *id > 0 && !text.starts_with('+'));
    let id = id.ok_or("the application id at `document.id` is no positive integer")?;
    match expected {
        Some(expected) if expected != id => Err(format!(
            "the document is of application {id}, its row is of application {expected}"
        )),
        Some(_) | None => Ok(id),
    }
}

/// Why a document gives no rows.
#[derive(Debug)]
struct Refusal {
    stage: Stage,
    reason: String,
    /// The document is of another contract.
    is_of_other_kind: bool,
}

impl From<Fault> for Refusal {
    fn from(reason: Fault) -> Self {
        Self { stage: Stage::Mapping, reason, is_of_other_kind: false }
    }
}

/// The rows of a table.
#[derive(Debug, Default)]
struct Made {
    /// The elements that were meant to be rows, in document order.
    elements: Vec<ElementNo>,
    /// For each of them the next one around it.
    outer: Vec<Option<usize>>,
    /// For each of them its row; `None` where it was left out or is still to come.
    row_of: Vec<Option<usize>>,
    rows: Vec<Row>,
}

/// The making of the rows of one document.
#[derive(Debug)]
struct Evaluation<'a, 'x, R> {
    recorder: &'a R,
    program: &'a Program,
    tables: &'a [Table],
    search: Search<'a, 'x>,
    app_id: i64,
    made: Vec<Made>,
    warnings: RefCell<Vec<Warning>>,
    /// Whether the text of the cell in hand was no value of its type.
    was_unreadable: Cell<bool>,
    /// Cells in which the contract's default stands.
    defaults: RefCell<Vec<Defaulted>>,
}

impl<'a, 'x: 'a, R: Record> Evaluation<'a, 'x, R> {
    fn name(&self, table: usize, column: usize) -> String {
        let table = &self.tables[table];
        format!("{}.{}", table.name, table.columns[column].name)
    }

    fn warn(&self, table: usize, column: Option<usize>, kind: WarningKind) {
        self.recorder.note(|| Event::Warned(kind));
        self.warnings.borrow_mut().push(Warning { table, column, kind });
    }

    fn check_count(&self) -> Result<(), Fault> {
        if self.search.is_over() {
            return Err(Over { limit: "value_bytes", max: self.search.looked_max() }.to_string());
        }
        Ok(())
    }
}

/// A whole number as a value of a column.
fn whole(number: i64, data_type: crate::table::DataType) -> Option<Value> {
    match convert_number(Decimal::from(number).into(), data_type) {
        Conversion::Value(value, _) => Some(value),
        Conversion::Unreadable | Conversion::OutOfRange | Conversion::OffsetRefused => None,
    }
}

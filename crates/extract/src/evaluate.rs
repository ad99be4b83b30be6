//! Makes the rows of one document.

mod admission;
mod cell;
mod contacts;
mod groups;
mod key_values;
mod rows;
mod scope;
mod sources;

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};

use xmlx_domain::Stage;

use crate::document::{Document, ElementIx};
use crate::explain::{Detail, Event, Reads, Record, RowFrom, Seen, Spot, StepKind, Why};
use crate::layout::{RecordKind, SlotIx};
use crate::limits::{LOOK_BYTES, Limits, Over};
use crate::program::{self, LastContact, Program, SingleProgram, TableProgram};
use crate::rejection::Rejection;
use crate::table::{Application, Defaulted, Table};
use crate::value::{Row, Value};
use crate::warning::Warning;
use crate::work;
use cell::{Origin, Outcome};
use contacts::KeptContact;
use scope::Scope;
use sources::Found;
use xmlx_domain::WarningKind;

/// Why a document gives no rows.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) rejection: Rejection,
    /// It is of another contract, as its root or its application element says.
    pub(crate) other_line: bool,
}

/// Maps one document.
pub(crate) fn evaluate<R: Record>(
    program: &Program,
    tables: &[Table],
    (xml, expected): (&str, Option<i64>),
    limits: &Limits,
    recorder: &R,
) -> Result<Application, Refused> {
    let reject = |stage, reason, app_id: Option<i64>| Refused {
        rejection: Rejection { stage, reason, app_id: app_id.or(expected) },
        other_line: false,
    };
    let document =
        recorder.read(xml, &program.application.root, &program.layout, limits).map_err(|flaw| {
            Refused {
                other_line: flaw.other_root,
                ..reject(Stage::Validation, flaw.to_string(), None)
            }
        })?;
    let app_id = admission::admit(program, &document, expected).map_err(|refusal| Refused {
        other_line: refusal.other_line,
        ..reject(Stage::Validation, refusal.reason, refusal.app_id)
    })?;
    let kept = contacts::keep(program, &document, recorder);
    let primary = kept.iter().min_by_key(|kept| (kept.rank != 0, kept.contact));
    let mut evaluation = Evaluation {
        recorder,
        program,
        tables,
        document: &document,
        app_id,
        kept: &kept,
        kept_places: contacts::places(&kept, document.contacts.len()),
        contact_ids: vec![None; kept.len()],
        row_of: vec![None; document.records.len()],
        left_out: vec![false; document.records.len()],
        primary: primary.map(|kept| document.contacts[kept.contact]),
        last_contacts: RefCell::default(),
        beside: RefCell::default(),
        several: Cell::new(Several::default()),
        warned: BTreeSet::new(),
        value_bytes: Cell::new(0),
        value_bytes_max: limits.value_bytes,
        warnings: Vec::new(),
        defaults: Vec::new(),
    };
    let rows =
        evaluation.all_rows().map_err(|reason| reject(Stage::Mapping, reason, Some(app_id)))?;
    let Evaluation { warnings, defaults, .. } = evaluation;
    Ok(Application { app_id, tables: rows, warnings, defaults })
}

/// Why an application cannot be mapped: names the column.
type Fault = String;

/// The place of a row that is still being made.
const NO_ROW: u32 = u32::MAX;

/// What the last contact of a role has for a mapping.
type LastText<'a, 'x> = (&'a LastContact, Option<Cow<'x, str>>);

/// What is around several rows, and the kind of the elements within it and the place in them that they all read.
type Beside = (usize, RecordKind, SlotIx);

/// Whether there were several different values where one is wanted.
#[derive(Debug, Clone, Copy, Default)]
struct Several {
    /// In what the mapping reads.
    in_source: bool,
    /// In a field of its expression.
    in_field: bool,
    /// What was read is not of the row alone: it is the same for others.
    is_shared: bool,
}

/// The making of the rows of one document.
struct Evaluation<'a, 'x, R> {
    recorder: &'a R,
    program: &'a Program,
    tables: &'a [Table],
    document: &'a Document<'x>,
    app_id: i64,
    kept: &'a [KeptContact<'x>],
    /// For each contact of the document its place among those that are kept.
    kept_places: Vec<Option<usize>>,
    /// The ids that the kept contacts got, once their rows are made.
    contact_ids: Vec<Option<i64>>,
    /// For each record of the document its row, once its table is made.
    row_of: Vec<Option<usize>>,
    /// The records that were meant to be rows, as far as the contract's filters go, and are none.
    left_out: Vec<bool>,
    /// The contact that expressions read outside of contacts.
    primary: Option<ElementIx>,
    /// What rows of contacts read of the last contact of a role.
    last_contacts: RefCell<Vec<LastText<'a, 'x>>>,
    /// What rows read beside them.
    beside: RefCell<HashMap<Beside, Found<'x>>>,
    /// Whether the cell in hand had several values to choose from.
    several: Cell<Several>,
    /// Tables and columns of which it has been said that one value of the document stands for several.
    warned: BTreeSet<(usize, usize)>,
    /// What [`Limits::value_bytes`] bounds.
    value_bytes: Cell<usize>,
    value_bytes_max: usize,
    warnings: Vec<Warning>,
    /// Cells in which the contract's default stands. Those of the row in hand have no place yet: [`NO_ROW`].
    defaults: Vec<Defaulted>,
}

impl<'a, 'x: 'a, R: Record> Evaluation<'a, 'x, R> {
    fn all_rows(&mut self) -> Result<Vec<Vec<Row>>, Fault> {
        let mut all = Vec::with_capacity(self.tables.len());
        let program: &'a Program = self.program;
        for (table_ix, program) in program.tables.iter().enumerate() {
            self.recorder.note(|| Event::Table);
            all.push(match program {
                TableProgram::Single(single) => self.single(table_ix, single)?,
                TableProgram::Contacts(contacts) => self.contacts(table_ix, contacts)?,
                TableProgram::Rows(rows) => self.rows(table_ix, rows, &all)?,
                TableProgram::KeyValue(key_values) => self.key_values(table_ix, key_values)?,
                TableProgram::Groups(groups) => self.groups(table_ix, groups)?,
            });
        }
        Ok(all)
    }

    /// Makes the row of a table that has one, if anything is known of it.
    fn single(&mut self, table_ix: usize, program: &'a SingleProgram) -> Result<Vec<Row>, Fault> {
        self.recorder.note(|| Event::Row { from: RowFrom::Document, parent: None });
        let mut row = self.begun_row(table_ix);
        let mut known = program.always;
        let mut missing = None;
        for cell in &program.cells {
            let outcome = self.told_cell(table_ix, cell, Scope::APPLICATION)?;
            known |= outcome.origin == Origin::Data;
            if outcome.is_missing(cell) {
                missing.get_or_insert(cell.column);
            }
            row[cell.column] = outcome.value;
        }
        self.settle_defaults(table_ix, known.then_some(0));
        match missing {
            _ if !known => {
                self.recorder.note(|| Event::Dropped(Why::NoValue));
                Ok(Vec::new())
            }
            Some(column) => Err(self.missing(table_ix, column)),
            None => {
                self.recorder.note(|| Event::Made(0));
                Ok(vec![row])
            }
        }
    }

    /// Makes a cell, and tells where one value was taken of several.
    fn told_cell(
        &mut self,
        table_ix: usize,
        cell: &'a program::Cell,
        scope: Scope,
    ) -> Result<Outcome, Fault> {
        self.several.set(Several::default());
        let reads = Reads::Mapping(&cell.written);
        self.recorder.note(|| Event::Cell { column: cell.column, reads });
        let outcome = self.cell(table_ix, cell, scope)?;
        if outcome.is_default {
            self.tell_step(StepKind::Default, Seen::Value(&outcome.value));
            self.note_default(table_ix, cell.column);
        }
        let several = self.several.get();
        // Of a calculated value its mapping reads nothing.
        let has_several =
            if cell.calculation.is_some() { several.in_field } else { several.in_source };
        if has_several {
            self.tell_several(table_ix, cell.column, scope, several);
        }
        Ok(outcome)
    }

    /// Tells that one value was taken of several: of what many rows share once.
    #[cold]
    fn tell_several(&mut self, table_ix: usize, column: usize, scope: Scope, several: Several) {
        let is_of_many = several.is_shared && scope.element.is_some();
        if !is_of_many || self.warned.insert((table_ix, column)) {
            self.warn(table_ix, column, WarningKind::SeveralValues);
        }
    }

    /// Returns the text of an attribute, or of the element, and counts it.
    fn text(&self, element: ElementIx, slot: SlotIx) -> Option<Cow<'x, str>> {
        let raw = self.document.raw(element, slot).map_or(0, str::len);
        let text = self.document.text(element, slot);
        self.count(raw.max(text.as_deref().map_or(0, str::len)));
        self.recorder.note(|| {
            let value = self.document.raw(element, slot);
            Event::Look { spot: Spot::Slots(element), value, text: text.as_deref() }
        });
        text
    }

    /// Returns the raw value of an attribute and counts it.
    fn raw(&self, element: ElementIx, slot: SlotIx) -> Option<&'x str> {
        let raw = self.document.raw(element, slot);
        self.count(raw.map_or(0, str::len));
        raw
    }

    /// Counts a look at a value of so many bytes.
    fn count(&self, n_bytes: usize) {
        work::note(n_bytes + 1);
        self.value_bytes.set(self.value_bytes.get().saturating_add(n_bytes + LOOK_BYTES));
    }

    /// Refuses a document whose rows take too many looks at its values.
    fn check_count(&self) -> Result<(), Fault> {
        if self.value_bytes.get() <= self.value_bytes_max {
            return Ok(());
        }
        Err(Over { limit: "value_bytes", max: self.value_bytes_max }.to_string())
    }

    /// Tells what was done on the way to the value of a cell.
    fn tell_step(&self, kind: StepKind, gives: Seen<'_>) {
        self.recorder.note(|| Event::Step { kind, detail: Detail::None, at: None, gives });
    }

    /// Begins the row of a table whose first column is the application's id.
    fn begun_row(&self, table_ix: usize) -> Row {
        let mut row = self.empty_row(table_ix);
        row[0] = Value::Int(self.app_id);
        self.tell_key(0, StepKind::AppId, Detail::None, &row[0]);
        row
    }

    /// Tells what the product itself fills a column with.
    fn tell_key(&self, column: usize, kind: StepKind, detail: Detail<'_>, value: &Value) {
        self.recorder.note(|| Event::Cell { column, reads: Reads::Nothing });
        let gives = Seen::value(value);
        self.recorder.note(|| Event::Step { kind, detail, at: None, gives });
    }

    fn empty_row(&self, table_ix: usize) -> Row {
        vec![Value::Null; self.tables[table_ix].columns.len()].into_boxed_slice()
    }

    /// Names a column that must have a value and has none.
    fn missing(&self, table_ix: usize, column: usize) -> Fault {
        format!(
            "`{}` must have a value and has neither one nor a default",
            self.name(table_ix, column)
        )
    }

    fn name(&self, table_ix: usize, column: usize) -> String {
        let table = &self.tables[table_ix];
        format!("{}.{}", table.name, table.columns[column].name)
    }

    /// Notes that the contract's default stands in a cell of the row in hand.
    fn note_default(&mut self, table_ix: usize, column: usize) {
        let cell = Defaulted::new(table_ix, 0, column);
        self.defaults.push(Defaulted { row: NO_ROW, ..cell });
    }

    /// Gives the defaults of the row in hand its place, where it takes the place of those of an earlier row; without a
    /// place they go with the row.
    fn settle_defaults(&mut self, table_ix: usize, place: Option<usize>) {
        let n_before = self.defaults.partition_point(|cell| cell.row != NO_ROW);
        let Some(place) = place else {
            self.defaults.truncate(n_before);
            return;
        };
        let Defaulted { table, row, .. } = Defaulted::new(table_ix, place, 0);
        let (settled, _) = self.defaults.split_at(n_before);
        // Rows mostly come one after the other and replace none.
        if settled.last().is_some_and(|last| (last.table, last.row) >= (table, row)) {
            self.defaults.retain(|cell| (cell.table, cell.row) != (table, row));
        }
        self.defaults.iter_mut().rev().take_while(|cell| cell.row == NO_ROW).for_each(|cell| {
            cell.row = row;
        });
    }

    /// Tells that an element which was meant to be a row of a table is none.
    fn tell_left_out(&mut self, table: usize) {
        let kind = WarningKind::RowLeftOut;
        self.warnings.push(Warning { table, column: None, kind });
    }

    fn warn(&mut self, table: usize, column: usize, kind: WarningKind) {
        self.recorder.note(|| Event::Warned(kind));
        self.warnings.push(Warning { table, column: Some(column), kind });
    }
}

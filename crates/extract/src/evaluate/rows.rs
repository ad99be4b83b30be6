//! Makes the rows of tables whose rows are elements: addresses, employments, and all that `row` rules name.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write as _;

use super::cell::Origin;
use super::sources::same_word;
use super::{Evaluation, Fault, Scope};
use crate::contract::Keep;
use crate::convert::{Conversion, convert_number};
use crate::decimal::Decimal;
use crate::document;
use crate::explain::{Detail, Event, ParentRow, Record, RowFrom, Spot, StepKind, Why};
use crate::program::{Needed, RowParent, RowsProgram, TableProgram, Worth};
use crate::table::DataType;
use crate::value::{Row, Value};

/// Which element a row was made of.
struct Maker {
    record: usize,
    /// The place of its value in the rule's list.
    rank: usize,
}

impl<'a, 'x: 'a, R: Record> Evaluation<'a, 'x, R> {
    /// Makes a row of each element of a kind whose parent has one. `done` are the rows of the tables before.
    pub(super) fn rows(
        &mut self,
        table_ix: usize,
        program: &'a RowsProgram,
        done: &[Vec<Row>],
    ) -> Result<Vec<Row>, Fault> {
        let mut rows: Vec<Row> = Vec::new();
        let mut makers: Vec<Maker> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        let (mut n_before, mut parent_before) = (0, None);
        for (parent, record) in self.elements(program) {
            if parent_before != Some(parent) {
                (parent_before, n_before) = (Some(parent), rows.len());
                // A new map: clearing one costs its capacity, for each parent.
                places = HashMap::new();
            }
            let element = self.document.records[record].element;
            let Some(rank) = self.rank(program, record) else {
                self.recorder.note(|| Event::Passed(Spot::Record(record), Why::Filter));
                continue;
            };
            let contact = self.document.records[record].contact();
            let kept = contact.and_then(|contact| self.kept_places[contact]);
            let scope = Scope { element: Some(element), kept, record: Some(record) };
            self.recorder.note(|| Event::Row {
                from: RowFrom::Element(Spot::Record(record)),
                parent: self.parent_row(program, parent),
            });
            let keys = self.keys(program, parent, done);
            let Some(mut row) = self.row(table_ix, program, scope, keys)? else {
                self.recorder.note(|| Event::Dropped(Why::NoValue));
                self.left_out[record] = true;
                self.settle_defaults(table_ix, None);
                continue;
            };
            let place = if program.key.is_empty() {
                rows.len()
            } else {
                *places.entry(key_of(&row, &program.key)).or_insert(rows.len())
            };
            for (column, data_type) in &program.numbers {
                row[*column] = self.number(table_ix, *column, *data_type, place - n_before + 1)?;
                self.tell_key(*column, StepKind::Position, Detail::None, &row[*column]);
            }
            let maker = Maker { record, rank };
            let stays =
                place == rows.len() || counts_before(program.keep, rank, makers[place].rank);
            self.settle_defaults(table_ix, stays.then_some(place));
            self.recorder.note(|| match stays {
                true => Event::Made(place),
                false => Event::Dropped(Why::SameKeyAsRow(place)),
            });
            if place == rows.len() {
                rows.push(row);
                makers.push(maker);
            } else if stays {
                self.left_out[makers[place].record] = true;
                (rows[place], makers[place]) = (row, maker);
            } else {
                self.left_out[record] = true;
            }
        }
        self.tell_orphans(table_ix, program);
        for (place, maker) in makers.iter().enumerate() {
            self.row_of[maker.record] = Some(place);
        }
        Ok(rows)
    }

    /// Tells of the elements that go with a parent which is no row although the filters let it through: because nothing
    /// in it has a value, or because another has its key.
    fn tell_orphans(&mut self, table_ix: usize, program: &RowsProgram) {
        let RowParent::Rows { kind, .. } = &program.parent else { return };
        if !self.left_out.contains(&true) {
            return;
        }
        for record in 0..self.document.records.len() {
            let is_orphan = self.document.records[record].kind == program.kind
                && self.document.around(record, *kind).is_some_and(|above| self.left_out[above])
                && self.rank(program, record).is_some();
            if is_orphan {
                self.left_out[record] = true;
                self.tell_left_out(table_ix);
            }
        }
    }

    /// Lists the elements whose parent has a row, those of one parent together, in the order of the parents.
    fn elements(&self, program: &RowsProgram) -> Vec<(usize, usize)> {
        let records = self.document.records.iter().enumerate();
        let of_kind = records.filter(|(_, record)| record.kind == program.kind);
        let mut elements: Vec<(usize, usize)> = of_kind
            .filter_map(|(record_ix, record)| {
                let parent = self.parent_of(program, record_ix, record);
                if parent.is_none() {
                    self.recorder.note(|| Event::Passed(Spot::Record(record_ix), Why::NoParent));
                }
                Some((parent?, record_ix))
            })
            .collect();
        elements.sort_by_key(|(parent, _)| *parent);
        elements
    }

    /// The row that an element hangs off, if it has one.
    fn parent_of(
        &self,
        program: &RowsProgram,
        record_ix: usize,
        record: &document::Record,
    ) -> Option<usize> {
        match &program.parent {
            RowParent::Application => Some(0),
            RowParent::Contact => {
                let kept = self.kept_places[record.contact()?]?;
                self.contact_ids[kept].map(|_| kept)
            }
            RowParent::Rows { kind, .. } => self.row_of[self.document.around(record_ix, *kind)?],
        }
    }

    /// Says whether an element has what it must have, by the rank of its value.
    fn rank(&self, program: &RowsProgram, record: usize) -> Option<usize> {
        let is_filled =
            |needed: &Needed| self.needed(needed, record).is_some_and(|text| !text.is_empty());
        if !program.filled.iter().all(is_filled) {
            return None;
        }
        let Some(choice) = &program.choice else { return Some(0) };
        let text = self.needed(&choice.needed, record)?;
        let rank = choice.values.iter().position(|known| same_word(known, &text))?;
        Some(if choice.ranks { rank } else { 0 })
    }

    /// Reads what an element must have: an attribute, or else the text of a child.
    fn needed(&self, needed: &Needed, record: usize) -> Option<Cow<'x, str>> {
        let element = self.document.records[record].element;
        self.text(element, needed.slot).or_else(|| {
            let (kind, slot) = needed.child?;
            self.last_within(Some(record), kind, slot).text
        })
    }

    /// The row that those of an element hang off.
    fn parent_row(&self, program: &RowsProgram, parent: usize) -> Option<ParentRow> {
        match &program.parent {
            RowParent::Application => None,
            RowParent::Contact => Some(ParentRow::Contact(self.kept[parent].contact)),
            RowParent::Rows { table, .. } => Some(ParentRow::Row { table: *table, row: parent }),
        }
    }

    /// Tells where the first columns of a row come from.
    fn tell_keys(&self, program: &RowsProgram, row: &Row, n_keys: usize) {
        if !R::HEARS {
            return;
        }
        for column in 0..n_keys {
            let (kind, detail) = match &program.parent {
                RowParent::Application => (StepKind::AppId, Detail::None),
                RowParent::Contact => (StepKind::Parent, Detail::None),
                RowParent::Rows { table, columns, .. } => {
                    let detail = Detail::Column { table: *table, column: columns[column] };
                    (StepKind::Parent, detail)
                }
            };
            self.tell_key(column, kind, detail, &row[column]);
        }
    }

    /// The values of the first columns, which are those of the parent.
    fn keys(&self, program: &RowsProgram, parent: usize, done: &[Vec<Row>]) -> Vec<Value> {
        match &program.parent {
            RowParent::Application => vec![Value::Int(self.app_id)],
            RowParent::Contact => vec![self.contact_ids[parent].map_or(Value::Null, Value::Int)],
            RowParent::Rows { table, columns, .. } => {
                columns.iter().map(|column| done[*table][parent][*column].clone()).collect()
            }
        }
    }

    /// Makes one row, if the element is worth it.
    fn row(
        &mut self,
        table_ix: usize,
        program: &'a RowsProgram,
        scope: Scope,
        keys: Vec<Value>,
    ) -> Result<Option<Row>, Fault> {
        let mut row = self.empty_row(table_ix);
        let n_keys = keys.len();
        for (column, key) in keys.into_iter().enumerate() {
            row[column] = key;
        }
        self.tell_keys(program, &row, n_keys);
        let mut missing = None;
        // A row is made for what says something, and not of defaults that the contract does not count alone.
        let mut has_data = false;
        let mut known = match &program.worth {
            Worth::Data { .. } => false,
            Worth::Stated { slots, .. } => slots.iter().any(|slot| {
                let text = scope.element.and_then(|element| self.text(element, *slot));
                text.is_some_and(|text| !text.is_empty())
            }),
        };
        for cell in &program.cells {
            let outcome = self.told_cell(table_ix, cell, scope)?;
            match &program.worth {
                Worth::Data { columns } => {
                    has_data |= outcome.origin == Origin::Data && columns.contains(&cell.column);
                    known = has_data;
                }
                Worth::Stated { columns, besides, .. } => {
                    let says_something = says_something(&outcome.value);
                    known |= columns.contains(&cell.column) && says_something;
                    has_data |= says_something
                        && Some(cell.column) != *besides
                        && (outcome.origin == Origin::Data || !cell.exclude_default);
                }
            }
            if outcome.is_missing(cell) {
                missing.get_or_insert(cell.column);
            }
            row[cell.column] = outcome.value;
        }
        let is_worth_it = (known && has_data)
            || (matches!(program.worth, Worth::Data { .. }) && self.has_rows(program, scope));
        match missing {
            _ if !is_worth_it => Ok(None),
            Some(column) => Err(self.missing(table_ix, column)),
            None => Ok(Some(row)),
        }
    }

    /// Says whether elements that the filters let through hang off the one that a row is made of: without it they would
    /// be lost.
    fn has_rows(&self, program: &RowsProgram, scope: Scope) -> bool {
        let Some(record) = scope.record else { return false };
        let tables = self.program.tables.iter();
        let hang_off = tables.filter_map(|table| match table {
            TableProgram::Rows(rows) => match &rows.parent {
                RowParent::Rows { kind, .. } if *kind == program.kind => Some(rows),
                RowParent::Rows { .. } | RowParent::Application | RowParent::Contact => None,
            },
            TableProgram::Single(_)
            | TableProgram::Contacts(_)
            | TableProgram::KeyValue(_)
            | TableProgram::Groups(_) => None,
        });
        let hang_off: Vec<&RowsProgram> = hang_off.map(|rows| &**rows).collect();
        if hang_off.is_empty() {
            return false;
        }
        let mut within = (record + 1..).zip(self.document.records_within(record));
        within.any(|(place, other)| {
            hang_off.iter().any(|rows| {
                rows.kind == other.kind
                    && self.document.around(place, program.kind) == Some(record)
                    && self.rank(rows, place).is_some()
            })
        })
    }

    fn number(
        &self,
        table_ix: usize,
        column: usize,
        data_type: DataType,
        number: usize,
    ) -> Result<Value, Fault> {
        let number = i64::try_from(number).unwrap_or(i64::MAX);
        match convert_number(Decimal::from(number).into(), data_type) {
            Conversion::Value(value, _) => Ok(value),
            Conversion::Unreadable | Conversion::OutOfRange | Conversion::OffsetRefused => {
                Err(self.out_of_range(table_ix, column, data_type))
            }
        }
    }
}

/// Writes the columns of a key one after the other, so that no two keys are written alike.
fn key_of(row: &Row, columns: &[usize]) -> String {
    let mut key = String::new();
    for column in columns {
        let written = match &row[*column] {
            Value::Text(text) => write!(key, "{}:{text};", text.len()),
            Value::Int(int) => write!(key, "{int};"),
            other @ (Value::Null
            | Value::Bit(_)
            | Value::Decimal(_)
            | Value::Float(_)
            | Value::Date(_)
            | Value::DateTime(_)
            | Value::DateTimeOffset(_)) => write!(key, "{other:?};"),
        };
        written.expect("writing to a string cannot fail");
    }
    key
}

/// Says whether a row counts instead of an earlier one with its key.
fn counts_before(keep: Keep, rank: usize, earlier: usize) -> bool {
    match keep {
        Keep::First => rank < earlier,
        Keep::Last => rank <= earlier,
    }
}

/// Says whether a value is one: a zero is none.
fn says_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bit(bit) => *bit,
        Value::Int(int) => *int != 0,
        Value::Decimal(decimal) => !decimal.is_zero(),
        Value::Float(float) => *float != 0.0,
        Value::Text(_) | Value::Date(_) | Value::DateTime(_) | Value::DateTimeOffset(_) => true,
    }
}

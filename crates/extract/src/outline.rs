//! What a contract says of a table beside its columns: what tells its rows apart, and which values the contract
//! itself puts there.

use std::collections::{BTreeMap, BTreeSet};

use crate::program::{Cell, CellStep, Entry, EntryPart, Program, RowsProgram, TableProgram};
use crate::table::Table;
use crate::value::Value;

/// The outline of a table. Columns are places in [`Table::columns`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outline {
    /// The columns that tell rows apart; empty where the contract does not say.
    pub key: Vec<usize>,
    /// Whole numbers and texts that do not come from documents: values of enums, defaults, numbers of groups,
    /// names of key/value rows. As text.
    pub fixed: BTreeMap<usize, BTreeSet<String>>,
}

pub(crate) fn outlines(program: &Program, tables: &[Table]) -> Vec<Outline> {
    let outlines = program.tables.iter().zip(tables);
    outlines.map(|(how, table)| outline(program, how, table)).collect()
}

fn outline(program: &Program, how: &TableProgram, table: &Table) -> Outline {
    let mut fixed = Fixed { program, values: BTreeMap::new() };
    let key = match how {
        TableProgram::Single(single) => {
            single.cells.iter().for_each(|cell| fixed.cell(cell, cell.column));
            vec![0]
        }
        TableProgram::Contacts(contacts) => {
            contacts.cells.iter().for_each(|cell| fixed.cell(cell, cell.column));
            vec![0]
        }
        TableProgram::Rows(rows) => {
            rows.cells.iter().for_each(|cell| fixed.cell(cell, cell.column));
            key_of_rows(rows, table)
        }
        TableProgram::KeyValue(key_values) => {
            key_values.entries.iter().for_each(|entry| fixed.entry(entry));
            with_parent(table, &key_values.key_columns)
        }
        TableProgram::Groups(groups) => {
            for group in groups {
                group
                    .cells
                    .iter()
                    .for_each(|ordered| fixed.cell(&ordered.cell, ordered.cell.column));
                for (column, value) in group.fills.iter().chain([&group.number]) {
                    fixed.value(*column, value);
                }
            }
            vec![0, 1]
        }
    };
    Outline { key, fixed: fixed.values }
}

/// A number tells the rows of one parent apart where the contract names no key.
fn key_of_rows(rows: &RowsProgram, table: &Table) -> Vec<usize> {
    if !rows.key.is_empty() {
        return with_parent(table, &rows.key);
    }
    let numbers: Vec<usize> = rows.numbers.iter().map(|(column, _)| *column).take(1).collect();
    with_parent(table, &numbers)
}

/// The key of the parent, which a row begins with, and what tells the parent's rows apart; nothing where nothing does.
fn with_parent(table: &Table, columns: &[usize]) -> Vec<usize> {
    if columns.is_empty() {
        return Vec::new();
    }
    let n_parent = table.parent.as_ref().map_or(1, |parent| parent.columns.len());
    (0..n_parent).chain(columns.iter().copied().filter(|column| *column >= n_parent)).collect()
}

struct Fixed<'p> {
    program: &'p Program,
    values: BTreeMap<usize, BTreeSet<String>>,
}

impl Fixed<'_> {
    /// What a cell can come to without the document, for a column.
    fn cell(&mut self, cell: &Cell, column: usize) {
        if let Some(default) = &cell.default {
            self.value(column, default);
        }
        for step in &cell.steps {
            if let CellStep::Enum(table) = step {
                let table = &self.program.enums[*table];
                for value in table.exact.clone().into_values().chain(table.default.clone()) {
                    self.value(column, &value);
                }
            }
        }
    }

    fn entry(&mut self, entry: &Entry) {
        for (column, part) in &entry.parts {
            match part {
                EntryPart::Literal(literal) => self.value(*column, literal),
                EntryPart::Value => self.cell(&entry.cell, *column),
                EntryPart::Text(_) => {}
            }
        }
    }

    fn value(&mut self, column: usize, value: &Value) {
        let text = match value {
            Value::Int(number) => number.to_string(),
            Value::Text(text) => text.clone(),
            Value::Null
            | Value::Bit(_)
            | Value::Decimal(_)
            | Value::Float(_)
            | Value::Date(_)
            | Value::DateTime(_)
            | Value::DateTimeOffset(_) => return,
        };
        self.values.entry(column).or_default().insert(text);
    }
}

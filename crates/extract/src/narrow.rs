//! Fits a plan to the columns that the database has, where they hold less than the contract's types say, so that what
//! they cannot hold fails or is warned of here and is not altered there in silence.

use xmlx_domain::{Stage, WarningKind};

use crate::held::{Fit, Held};
use crate::lines::LineProgram;
use crate::plan::{Body, Plan};
use crate::program::{Cell, TableProgram};
use crate::rejection::Rejection;
use crate::table::{Application, DataType, Table};
use crate::warning::Warning;

/// What a column of the database holds, as far as it matters to the mapping.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stored {
    /// Numbers, dates or times.
    Held(Held),
    /// Text, whose length counts in a unit.
    Text(TextUnit),
}

/// What the length of a column of text counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextUnit {
    /// Units of UTF-16, as `nvarchar` does; a `varchar` with one byte for each character comes to the same.
    Utf16,
    /// Bytes of UTF-8.
    Utf8,
    /// Bytes of a code page that has two for characters beyond ASCII.
    DoubleByte,
}

impl Plan {
    /// Fits the plan to the database, of whose columns the function is asked by table and column: what a column cannot
    /// hold fails its application from now on, and what it rounds is a warning. Whether the two go together at all is
    /// not looked at.
    pub fn narrow(&mut self, stored: impl Fn(&str, &str) -> Option<Stored>) {
        let found: Vec<Vec<Option<Stored>>> = self
            .tables
            .iter()
            .map(|table| {
                table.columns.iter().map(|column| stored(&table.name, &column.name)).collect()
            })
            .collect();
        for (table, found) in self.tables.iter_mut().zip(&found) {
            for (column, found) in table.columns.iter_mut().zip(found) {
                if let Some(Stored::Held(held)) = found {
                    column.data_type = held.read_as(column.data_type);
                }
            }
        }
        match &mut self.body {
            Body::Lines(lines) => {
                for line in lines {
                    let found = &found[line.tables.clone()];
                    let tables = match &mut line.program {
                        LineProgram::Mappings(program) => &mut program.tables,
                        LineProgram::Paths(program) => {
                            program.each_cell(|(table, column), data_type, text_unit| {
                                take(found[table][column], data_type, text_unit);
                            });
                            continue;
                        }
                    };
                    for (program, found) in tables.iter_mut().zip(found) {
                        for cell in cells(program) {
                            take(found[cell.column], &mut cell.data_type, &mut cell.text_unit);
                        }
                    }
                }
            }
            Body::Paths(program) => program.each_cell(|(table, column), data_type, text_unit| {
                take(found[table][column], data_type, text_unit);
            }),
        }
        self.held =
            self.tables.iter().zip(found).map(|(table, found)| held(table, &found)).collect();
    }

    /// Makes a last look at rows: whatever made a value, its column has to hold it.
    pub(crate) fn fit(&self, mut application: Application) -> Result<Application, Rejection> {
        for (table, (columns, rows)) in self.held.iter().zip(&mut application.tables).enumerate() {
            for (column, held) in columns {
                for row in rows.iter_mut() {
                    let fitted = held.fit(&row[*column]);
                    match fitted {
                        Fit::Whole => continue,
                        Fit::Rounded(value) => row[*column] = value,
                        Fit::RoundedThere => {}
                        Fit::Outside => {
                            let Table { name, columns, .. } = &self.tables[table];
                            let column = &columns[*column].name;
                            let reason =
                                format!("the value of `{name}.{column}` is outside of {held}");
                            let app_id = Some(application.app_id);
                            return Err(Rejection { stage: Stage::Mapping, reason, app_id });
                        }
                    }
                    let (column, kind) = (Some(*column), WarningKind::Rounded);
                    application.warnings.push(Warning { table, column, kind });
                }
            }
        }
        Ok(application)
    }
}

/// The columns that do not hold every value that the contract may have for them.
fn held(table: &Table, found: &[Option<Stored>]) -> Vec<(usize, Held)> {
    let columns = table.columns.iter().zip(found).enumerate();
    let narrow = columns.filter_map(|(place, (column, stored))| match stored {
        Some(Stored::Held(held)) if !held.takes_all(column.data_type) => Some((place, *held)),
        Some(Stored::Held(_) | Stored::Text(_)) | None => None,
    });
    narrow.collect()
}

fn take(stored: Option<Stored>, data_type: &mut DataType, text_unit: &mut TextUnit) {
    match stored {
        Some(Stored::Held(held)) => *data_type = held.read_as(*data_type),
        Some(Stored::Text(unit)) => *text_unit = unit,
        None => {}
    }
}

fn cells(program: &mut TableProgram) -> Vec<&mut Cell> {
    match program {
        TableProgram::Single(single) => single.cells.iter_mut().collect(),
        TableProgram::Contacts(contacts) => contacts.cells.iter_mut().collect(),
        TableProgram::Rows(rows) => rows.cells.iter_mut().collect(),
        TableProgram::KeyValue(rows) => {
            rows.entries.iter_mut().map(|entry| &mut entry.cell).collect()
        }
        TableProgram::Groups(groups) => {
            let cells = groups.iter_mut().flat_map(|group| &mut group.cells);
            cells.map(|cell| &mut cell.cell).collect()
        }
    }
}

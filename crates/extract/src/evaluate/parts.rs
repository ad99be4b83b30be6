//! Makes the rows of what belongs to contacts: addresses, employments.

use super::cell::Origin;
use super::sources::same_word;
use super::{Evaluation, Fault, Scope};
use crate::program::PartsProgram;
use crate::value::{Row, Value};

impl<'a, 'x: 'a> Evaluation<'a, 'x> {
    /// Makes a row of each child of a kept contact whose type is in the contract. The first row of a key wins.
    pub(super) fn parts(
        &mut self,
        table_ix: usize,
        program: &'a PartsProgram,
        contact_ids: &[Option<i64>],
    ) -> Result<Vec<Row>, Fault> {
        let mut rows: Vec<Row> = Vec::new();
        for (kept_ix, id) in contact_ids.iter().enumerate() {
            let Some(id) = id else { continue };
            let contact = self.kept[kept_ix].contact;
            let n_before = rows.len();
            for part in &self.document.parts {
                if part.contact != contact || part.kind != program.kind || !part.direct {
                    continue;
                }
                let type_text = self.document.text(part.element, program.type_slot);
                if !type_text
                    .is_some_and(|text| program.types.iter().any(|known| same_word(known, &text)))
                {
                    continue;
                }
                let scope = Scope { element: Some(part.element), kept: Some(kept_ix) };
                let Some(row) = self.part(table_ix, program, scope, *id)? else { continue };
                let same_key = |other: &Row| {
                    program.type_column.is_some_and(|column| other[column] == row[column])
                };
                if !rows[n_before..].iter().any(same_key) {
                    rows.push(row);
                }
            }
        }
        Ok(rows)
    }

    fn part(
        &mut self,
        table_ix: usize,
        program: &'a PartsProgram,
        scope: Scope,
        id: i64,
    ) -> Result<Option<Row>, Fault> {
        let mut row = self.empty_row(table_ix);
        row[0] = Value::Int(id);
        let mut missing = None;
        // A row is made for what says something, and not of defaults that the contract does not count alone.
        let mut has_data = false;
        let mut known = program.meaningful_slots.iter().any(|slot| {
            let text = scope.element.and_then(|element| self.document.text(element, *slot));
            text.is_some_and(|text| !text.is_empty())
        });
        for cell in &program.cells {
            let outcome = self.cell(table_ix, cell, scope)?;
            let says_something = says_something(&outcome.value);
            known |= program.meaningful_columns.contains(&cell.column) && says_something;
            has_data |= says_something
                && Some(cell.column) != program.type_column
                && (outcome.origin == Origin::Data || !cell.exclude_default);
            if outcome.is_missing(cell) {
                missing.get_or_insert(cell.column);
            }
            row[cell.column] = outcome.value;
        }
        match missing {
            _ if !(known && has_data) => Ok(None),
            Some(column) => Err(self.missing(table_ix, column)),
            None => Ok(Some(row)),
        }
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
        Value::Text(_) | Value::Date(_) | Value::DateTime(_) => true,
    }
}

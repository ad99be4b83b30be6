//! Makes the rows that several mappings make together: warranties, collaterals.

use super::{Evaluation, Fault, Scope};
use crate::decimal::Decimal;
use crate::number;
use crate::program::{Counts, GroupCell, GroupProgram};
use crate::value::{Row, Value};

impl<'a, 'x: 'a> Evaluation<'a, 'x> {
    /// Makes a row of each group that has a value which counts.
    pub(super) fn groups(
        &mut self,
        table_ix: usize,
        groups: &'a [GroupProgram],
    ) -> Result<Vec<Row>, Fault> {
        let mut rows = Vec::new();
        for group in groups {
            if group.cells.iter().any(|cell| self.counts(cell)) {
                let row = self.group(table_ix, group)?;
                self.settle_defaults(table_ix, Some(rows.len()));
                rows.push(row);
            }
        }
        Ok(rows)
    }

    /// Says whether a value makes a row.
    fn counts(&self, cell: &'a GroupCell) -> bool {
        let text = match cell.counts {
            Counts::Never => return false,
            Counts::NotBlank | Counts::Positive => {
                self.fetch(&cell.cell.source, Scope::APPLICATION)
            }
        };
        let Some(text) = text.filter(|text| !text.is_empty()) else { return false };
        cell.counts == Counts::NotBlank
            || number::read(&text).number().is_some_and(|number| number.rounded() > Decimal::ZERO)
    }

    fn group(&mut self, table_ix: usize, group: &'a GroupProgram) -> Result<Row, Fault> {
        let mut row = self.empty_row(table_ix);
        row[0] = Value::Int(self.app_id);
        let (number_column, number) = &group.number;
        row[*number_column] = number.clone();
        for (column, value) in &group.fills {
            row[*column] = value.clone();
        }
        for GroupCell { cell, .. } in &group.cells {
            let outcome = self.told_cell(table_ix, cell, Scope::APPLICATION)?;
            row[cell.column] = match &cell.default {
                Some(default) if outcome.value.is_null() => {
                    self.note_default(table_ix, cell.column);
                    default.clone()
                }
                Some(_) | None => outcome.value,
            };
            if group.strict && row[cell.column].is_null() && !cell.nullable {
                return Err(self.missing(table_ix, cell.column));
            }
        }
        Ok(row)
    }
}

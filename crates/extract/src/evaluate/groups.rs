//! Makes the rows that several mappings make together: warranties, collaterals.

use super::{Evaluation, Fault, Scope};
use crate::decimal::Decimal;
use crate::explain::{Detail, Event, Record, RowFrom, Seen, StepKind, Why};
use crate::number;
use crate::program::{Counts, GroupCell, GroupProgram};
use crate::value::Row;

impl<'a, 'x: 'a, R: Record> Evaluation<'a, 'x, R> {
    /// Makes a row of each group that has a value which counts.
    pub(super) fn groups(
        &mut self,
        table_ix: usize,
        groups: &'a [GroupProgram],
    ) -> Result<Vec<Row>, Fault> {
        let mut rows = Vec::new();
        for group in groups {
            if let Some(first) = group.cells.first() {
                let from = RowFrom::Mapping(&first.cell.written);
                self.recorder.note(|| Event::Row { from, parent: None });
            }
            if group.cells.iter().any(|cell| self.counts(cell)) {
                let row = self.group(table_ix, group)?;
                self.settle_defaults(table_ix, Some(rows.len()));
                self.recorder.note(|| Event::Made(rows.len()));
                rows.push(row);
            } else {
                self.recorder.note(|| Event::Dropped(Why::NoValue));
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
        let mut row = self.begun_row(table_ix);
        let (number_column, number) = &group.number;
        row[*number_column] = number.clone();
        self.tell_key(*number_column, StepKind::Position, Detail::None, number);
        for (column, value) in &group.fills {
            row[*column] = value.clone();
            self.tell_key(*column, StepKind::Constant, Detail::None, value);
        }
        for GroupCell { cell, .. } in &group.cells {
            let outcome = self.told_cell(table_ix, cell, Scope::APPLICATION)?;
            row[cell.column] = match &cell.default {
                Some(default) if outcome.value.is_null() => {
                    self.note_default(table_ix, cell.column);
                    self.tell_step(StepKind::Default, Seen::Value(default));
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

//! Makes the rows of tables in which each mapping is a row.

use super::cell::Outcome;
use super::sources::says_nothing;
use super::{Evaluation, Fault, Scope, Several};
use crate::contract::When;
use crate::explain::{Detail, Event, Reads, Record, RowFrom, StepKind, Why};
use crate::number;
use crate::program::{Entry, EntryPart, KeyValueProgram, Source};
use crate::value::{Row, Value};
use xmlx_domain::WarningKind;

/// What a flag has to say to be set.
const YES: [&str; 5] = ["y", "yes", "true", "t", "1"];

impl<'a, 'x: 'a, R: Record> Evaluation<'a, 'x, R> {
    /// Makes a row of each mapping whose value makes one. The last row of a key wins.
    pub(super) fn key_values(
        &mut self,
        table_ix: usize,
        program: &'a KeyValueProgram,
    ) -> Result<Vec<Row>, Fault> {
        let mut rows: Vec<Row> = Vec::new();
        for entry in &program.entries {
            let from = RowFrom::Mapping(&entry.cell.written);
            self.recorder.note(|| Event::Row { from, parent: None });
            let Some(row) = self.entry(table_ix, entry)? else {
                self.recorder.note(|| Event::Dropped(Why::NoValue));
                continue;
            };
            let same_key = |other: &Row| {
                !program.key_columns.is_empty()
                    && program.key_columns.iter().all(|column| other[*column] == row[*column])
            };
            let same = rows.iter().position(same_key);
            self.settle_defaults(table_ix, Some(same.unwrap_or(rows.len())));
            self.recorder.note(|| Event::Made(same.unwrap_or(rows.len())));
            match same {
                Some(place) => rows[place] = row,
                None => rows.push(row),
            }
        }
        Ok(rows)
    }

    fn entry(&mut self, table_ix: usize, entry: &'a Entry) -> Result<Option<Row>, Fault> {
        let Outcome { value, is_default, .. } =
            self.told_cell(table_ix, &entry.cell, Scope::APPLICATION)?;
        // The value stands where the parts say.
        self.settle_defaults(table_ix, None);
        if !makes_row(entry.when, &value) {
            return Ok(None);
        }
        let mut row = self.begun_row(table_ix);
        for (column, part) in &entry.parts {
            row[*column] = match part {
                EntryPart::Literal(literal) => {
                    self.tell_key(*column, StepKind::Constant, Detail::None, literal);
                    literal.clone()
                }
                EntryPart::Value => {
                    if is_default {
                        self.note_default(table_ix, *column);
                    }
                    self.tell_key(*column, StepKind::Entry, Detail::None, &value);
                    value.clone()
                }
                EntryPart::Text(source) => self.entry_text(table_ix, *column, source),
            };
        }
        let columns = &self.tables[table_ix].columns;
        let is_missing =
            |(place, value): &(usize, &Value)| value.is_null() && !columns[*place].nullable;
        match row.iter().enumerate().find(is_missing) {
            Some((column, _)) => Err(self.missing(table_ix, column)),
            None => Ok(Some(row)),
        }
    }

    /// Reads text that stands beside the value of an entry.
    fn entry_text(&mut self, table_ix: usize, column: usize, source: &'a Source) -> Value {
        self.several.set(Several::default());
        self.recorder.note(|| Event::Cell { column, reads: Reads::Nothing });
        let text = self.fetch(source, Scope::APPLICATION);
        self.recorder.note(|| Event::Fetched(text.as_deref()));
        if self.several.get().in_source {
            self.warn(table_ix, column, WarningKind::SeveralValues);
        }
        match text {
            Some(text) if !text.is_empty() => Value::Text(text.into_owned()),
            Some(_) | None => Value::Null,
        }
    }
}

/// Says whether a value is one that makes a row.
fn makes_row(when: When, value: &Value) -> bool {
    match when {
        When::Always => true,
        When::Filled => !value.is_null(),
        When::Known => match value {
            Value::Text(text) => !says_nothing(text),
            Value::Null => false,
            Value::Bit(_)
            | Value::Int(_)
            | Value::Decimal(_)
            | Value::Float(_)
            | Value::Date(_)
            | Value::DateTime(_)
            | Value::DateTimeOffset(_) => true,
        },
        When::Number => match value {
            Value::Int(_) | Value::Decimal(_) | Value::Float(_) => true,
            Value::Text(text) => number::read(text).number().is_some(),
            Value::Null
            | Value::Bit(_)
            | Value::Date(_)
            | Value::DateTime(_)
            | Value::DateTimeOffset(_) => false,
        },
        When::True => match value {
            Value::Text(text) => YES.iter().any(|yes| text.eq_ignore_ascii_case(yes)),
            Value::Bit(bit) => *bit,
            Value::Int(int) => *int == 1,
            Value::Null
            | Value::Decimal(_)
            | Value::Float(_)
            | Value::Date(_)
            | Value::DateTime(_)
            | Value::DateTimeOffset(_) => false,
        },
    }
}

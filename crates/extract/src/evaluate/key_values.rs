//! Makes the rows of tables in which each mapping is a row.

use super::sources::says_nothing;
use super::{Evaluation, Fault, Scope};
use crate::convert::{Conversion, NumberStyle, convert};
use crate::program::{Entry, EntryKind, KeyValueProgram};
use crate::table::DataType;
use crate::value::{Row, Value};

/// What an indicator has to say to be one.
const YES: [&str; 5] = ["y", "yes", "true", "t", "1"];

impl Evaluation<'_, '_> {
    /// Makes a row of each mapping that has a value. The last row of a key wins.
    pub(super) fn key_values(
        &mut self,
        table_ix: usize,
        program: &KeyValueProgram,
    ) -> Result<Vec<Row>, Fault> {
        let mut rows: Vec<Row> = Vec::new();
        for entry in &program.entries {
            let Some(row) = self.entry(table_ix, entry)? else { continue };
            let same_key = |other: &Row| {
                program.key_columns.iter().all(|column| other[*column] == row[*column])
            };
            match rows.iter().position(same_key) {
                Some(place) => rows[place] = row,
                None => rows.push(row),
            }
        }
        Ok(rows)
    }

    fn entry(&mut self, table_ix: usize, entry: &Entry) -> Result<Option<Row>, Fault> {
        let Some(text) =
            self.fetch(&entry.source, Scope::APPLICATION).filter(|text| !text.is_empty())
        else {
            return Ok(None);
        };
        let app_id = Value::Int(self.app_id);
        let text_of =
            |text: &str| if text.is_empty() { Value::Null } else { Value::Text(text.to_owned()) };
        Ok(match &entry.kind {
            EntryKind::Score { identifier, data_type } => self
                .score(table_ix, &text, *data_type)?
                .map(|score| Box::from([app_id, Value::Text(identifier.clone()), score])),
            EntryKind::Indicator { name } => {
                YES.iter().any(|yes| text.eq_ignore_ascii_case(yes)).then(|| {
                    Box::from([app_id, Value::Text(name.clone()), Value::Text("1".to_owned())])
                })
            }
            EntryKind::History { name, source } => (!says_nothing(&text)).then(|| {
                Box::from([
                    app_id,
                    Value::Text(name.clone()),
                    Value::Text(source.clone()),
                    text_of(&text),
                ])
            }),
            EntryKind::ReportLookup { name, key } => {
                Some(Box::from([app_id, Value::Text(name.clone()), text_of(&text), text_of(key)]))
            }
            EntryKind::PolicyException { number, notes } => {
                let notes = notes.as_ref().and_then(|notes| self.fetch(notes, Scope::APPLICATION));
                let notes = notes.map_or(Value::Null, |notes| text_of(&notes));
                Some(Box::from([app_id, Value::Int(*number), text_of(&text), notes]))
            }
        })
    }

    fn score(
        &mut self,
        table_ix: usize,
        text: &str,
        data_type: DataType,
    ) -> Result<Option<Value>, Fault> {
        const SCORE_COLUMN: usize = 2;
        match convert(text, data_type, NumberStyle::Whole) {
            Conversion::Value(value) => Ok(Some(value)),
            Conversion::Unreadable => {
                self.warn(table_ix, SCORE_COLUMN, format!("the value is no {data_type}"));
                Ok(None)
            }
            Conversion::OutOfRange => Err(self.out_of_range(table_ix, SCORE_COLUMN, data_type)),
        }
    }
}

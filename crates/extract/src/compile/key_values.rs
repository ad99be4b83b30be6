//! Compiles tables in which each mapping is a row.

use super::Compiler;
use super::sources::RowOf;
use crate::contract::{Mapping, Step};
use crate::program::{Entry, EntryKind, KeyValueProgram, Source, TableProgram};
use crate::table::{Column, DataType};

/// The columns of these tables, which no mapping names; the application's id comes first.
const SCORE_COLUMNS: [&str; 2] = ["score_identifier", "score"];
const INDICATOR_COLUMNS: [&str; 2] = ["indicator", "value"];
const HISTORY_COLUMNS: [&str; 3] = ["name", "source", "value"];
const REPORT_COLUMNS: [&str; 3] = ["name", "value", "source_report_key"];
const POLICY_COLUMNS: [&str; 3] = ["policy_exception_type_enum", "reason_code", "notes"];

impl Compiler<'_, '_> {
    pub(super) fn key_values(
        &mut self,
        name: &str,
        mappings: &[&Mapping],
    ) -> Option<(Vec<Column>, TableProgram)> {
        let mut entries = Vec::new();
        let mut shape = None;
        let notes = self.policy_notes(mappings);
        for mapping in mappings {
            let step = mapping.steps.iter().find(|step| step.makes_rows_alone())?;
            let Some(kind) = entry_kind(step, mapping, notes.as_ref()) else { continue };
            let same = *shape.get_or_insert(std::mem::discriminant(&kind))
                == std::mem::discriminant(&kind);
            if !same {
                let reason = format!("the other mappings of `{name}` make rows in another way");
                self.problems.add(
                    format!("{}.mapping_type", mapping.at),
                    reason,
                    "use a table of its own",
                );
                return None;
            }
            let source = self.source(mapping, RowOf::Application);
            entries.push(Entry { kind, source });
        }
        let Some(first) = entries.first() else {
            let reason = format!("nothing makes rows of `{name}`");
            self.problems.add("mappings", reason, "add a mapping like `policy_exceptions(630)`");
            return None;
        };
        let (columns, key_columns) = self.key_value_columns(&first.kind);
        Some((columns, TableProgram::KeyValue(KeyValueProgram { entries, key_columns })))
    }

    fn policy_notes(&mut self, mappings: &[&Mapping]) -> Option<Source> {
        let mapping = mappings.iter().find(|mapping| mapping.has(&Step::PolicyException(None)))?;
        Some(self.source(mapping, RowOf::Application))
    }

    fn key_value_columns(&self, kind: &EntryKind) -> (Vec<Column>, Vec<usize>) {
        let text = DataType::Text { chars_max: None };
        let (names, types, n_keys): (&[&str], Vec<DataType>, usize) = match kind {
            EntryKind::Score { data_type, .. } => (&SCORE_COLUMNS, vec![text, *data_type], 1),
            EntryKind::Indicator { .. } => (&INDICATOR_COLUMNS, vec![text; 2], 1),
            EntryKind::History { .. } => (&HISTORY_COLUMNS, vec![text; 3], 2),
            EntryKind::ReportLookup { .. } => (&REPORT_COLUMNS, vec![text; 3], 1),
            EntryKind::PolicyException { .. } => {
                (&POLICY_COLUMNS, vec![DataType::SmallInt, text, text], 1)
            }
        };
        let mut columns = vec![self.app_id_column(false)];
        for (place, (name, data_type)) in names.iter().zip(types).enumerate() {
            let nullable = place >= n_keys;
            columns.push(Column { name: (*name).to_owned(), data_type, nullable, identity: false });
        }
        (columns, (1..=n_keys).collect())
    }
}

/// The kind of row that a step makes; `None` for what only adds to other rows.
fn entry_kind(step: &Step, mapping: &Mapping, notes: Option<&Source>) -> Option<EntryKind> {
    let name = format!("[{}]", mapping.attribute);
    match step {
        Step::AddScore(identifier) => {
            Some(EntryKind::Score { identifier: identifier.clone(), data_type: mapping.data_type })
        }
        Step::AddIndicator(name) => Some(EntryKind::Indicator { name: name.clone() }),
        Step::AddHistory => {
            Some(EntryKind::History { name, source: format!("[{}]", mapping.element()) })
        }
        Step::AddReportLookup(key) => {
            Some(EntryKind::ReportLookup { name: mapping.attribute.clone(), key: key.clone() })
        }
        Step::PolicyException(Some(number)) => {
            Some(EntryKind::PolicyException { number: *number, notes: notes.cloned() })
        }
        Step::PolicyException(None)
        | Step::Warranty(_)
        | Step::Collateral(_)
        | Step::Enum
        | Step::CharToBit
        | Step::BooleanToBit
        | Step::NumbersOnly
        | Step::IdentityInsert
        | Step::LastValidPrimary
        | Step::LastValidSecondary
        | Step::LastSecondary
        | Step::CurrentAddress
        | Step::Calculated
        | Step::NowIfNull
        | Step::Convert => None,
    }
}

//! Compiles tables whose rows several mappings make together.

use std::collections::BTreeMap;

use super::Compiler;
use super::sources::RowOf;
use super::tables::column_of;
use crate::contract::{Mapping, Step};
use crate::program::{Cell, Counts, GroupCell, GroupProgram, TableProgram};
use crate::table::{Column, DataType};
use crate::value::Value;

/// How the rows of groups look and when there are any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct GroupKind<'c> {
    /// The column that numbers the groups.
    number_column: &'c str,
    /// Whether a missing value without a default is an error rather than left to the database.
    strict: bool,
    /// A column whose zero makes no row.
    positive: Option<&'static str>,
}

impl<'c> GroupKind<'c> {
    /// The kind of groups that a step makes. Two of them are fixed by the reference.
    pub(super) fn of(step: &'c Step) -> Option<Self> {
        if let Step::RowGroup(number_column, _) = step {
            return Some(Self { number_column, strict: true, positive: None });
        }
        if let Step::Collateral(_) = step {
            let positive = Some("wholesale_value");
            return Some(Self { number_column: "sort_order", strict: true, positive });
        }
        let is_warranty = matches!(step, Step::Warranty(_));
        let number_column = "warranty_type_enum";
        is_warranty.then_some(Self { number_column, strict: false, positive: None })
    }
}

impl Compiler<'_, '_> {
    pub(super) fn groups(
        &mut self,
        mappings: &[&Mapping],
        kind: GroupKind<'_>,
    ) -> (Vec<Column>, TableProgram) {
        let number = Column {
            name: kind.number_column.to_owned(),
            data_type: DataType::SmallInt,
            nullable: false,
            identity: false,
        };
        let mut columns = vec![self.app_id_column(false), number];
        let mut groups: BTreeMap<i64, GroupProgram> = BTreeMap::new();
        let mut fills: Vec<(usize, Value)> = Vec::new();
        for mapping in mappings {
            let number = mapping.steps.iter().find_map(Step::group);
            let number = number.expect("the mapping makes a row of a group");
            self.check_group(mapping, number, kind);
            let known = columns.iter().position(|column| column.name == mapping.column);
            let is_general = mapping.steps.iter().any(|step| matches!(step, Step::RowGroup(..)));
            if is_general && known == Some(0) {
                let reason = format!("`{}` is filled by the group itself", mapping.column);
                let suggestion = "name another column than the application's id";
                self.problems.add(format!("{}.target_column", mapping.at), reason, suggestion);
            }
            let column = known.unwrap_or_else(|| {
                columns.push(column_of(mapping));
                columns.len() - 1
            });
            let cell = self.cell(mapping, column, RowOf::Application);
            if let Some(default) = &cell.default
                && !fills.iter().any(|(filled, _)| *filled == column)
            {
                fills.push((column, default.clone()));
            }
            let counts = if cell.data_type == DataType::Bit || mapping.has(&Step::Calculated) {
                Counts::Never
            } else if kind.positive == Some(mapping.column.as_str()) {
                Counts::Positive
            } else {
                Counts::NotBlank
            };
            let group = groups.entry(number).or_insert_with(|| GroupProgram {
                number: (1, Value::Int(number)),
                cells: Vec::new(),
                fills: Vec::new(),
                strict: kind.strict,
            });
            group.cells.push(GroupCell { cell: ungrouped(cell), counts });
        }
        for group in groups.values_mut() {
            let mapped: Vec<usize> = group.cells.iter().map(|cell| cell.cell.column).collect();
            group.fills =
                fills.iter().filter(|(column, _)| !mapped.contains(column)).cloned().collect();
        }
        (columns, TableProgram::Groups(groups.into_values().collect()))
    }

    fn check_group(&mut self, mapping: &Mapping, number: i64, kind: GroupKind<'_>) {
        if !mapping.steps.iter().any(|step| matches!(step, Step::RowGroup(..))) {
            return;
        }
        if i16::try_from(number).is_err() {
            let reason = format!("`{number}` is outside of smallint");
            self.problems.add(format!("{}.mapping_type", mapping.at), reason, "number them from 1");
        }
        if mapping.column == kind.number_column {
            let reason = format!("`{}` is the number of the row", mapping.column);
            self.problems.add(format!("{}.target_column", mapping.at), reason, "remove it");
        }
    }
}

/// Takes from a cell what rows of groups do not have: text is not cut, and defaults come last.
fn ungrouped(mut cell: Cell) -> Cell {
    cell.units_max = None;
    cell.default_if_blank = false;
    cell
}

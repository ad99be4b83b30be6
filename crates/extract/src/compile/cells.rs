//! Compiles mappings that fill a column.

use super::Compiler;
use super::sources::RowOf;
use crate::contract::{Mapping, Step};
use crate::layout::TEXT;
use crate::narrow::TextUnit;
use crate::program::{Cell, CellStep, Source, Written};
use crate::table::DataType;

impl Compiler<'_, '_> {
    /// Compiles a mapping whose value goes to a column of its row.
    pub(super) fn cell(&mut self, mapping: &Mapping, column: usize, row_of: RowOf<'_>) -> Cell {
        let source = self.source(mapping, row_of);
        let calculates = mapping.has(&Step::Calculated);
        let calculation = if calculates { self.calculation(mapping, row_of) } else { None };
        let mut steps = Vec::new();
        for step in &mapping.steps {
            steps.extend(self.cell_step(step, mapping));
        }
        let default = mapping.default.as_ref().and_then(|scalar| {
            let blank = scalar.as_text().is_empty();
            (!blank)
                .then(|| {
                    self.typed(scalar, mapping.data_type, &format!("{}.default_value", mapping.at))
                })
                .flatten()
        });
        Cell {
            column,
            written: written(mapping),
            source,
            steps,
            calculation,
            data_type: mapping.data_type,
            units_max: mapping.data_type.units_max(),
            text_unit: TextUnit::Utf16,
            nullable: mapping.nullable,
            default_if_blank: mapping
                .default
                .as_ref()
                .is_some_and(crate::contract::Scalar::is_truthy),
            default,
            exclude_default: mapping.exclude_default,
        }
    }

    /// Compiles a value that is its source and nothing more.
    pub(super) fn bare_cell(
        mapping: &Mapping,
        source: Source,
        column: usize,
        data_type: DataType,
    ) -> Cell {
        Cell {
            column,
            written: written(mapping),
            source,
            steps: vec![CellStep::Convert],
            calculation: None,
            data_type,
            units_max: data_type.units_max(),
            text_unit: TextUnit::Utf16,
            nullable: true,
            default: None,
            default_if_blank: false,
            exclude_default: false,
        }
    }

    fn cell_step(&mut self, step: &Step, mapping: &Mapping) -> Option<CellStep> {
        match step {
            Step::Enum => Some(CellStep::Enum(self.enum_table(mapping))),
            Step::CharToBit => Some(CellStep::CharToBit),
            Step::BooleanToBit => Some(CellStep::BooleanToBit),
            Step::NumbersOnly => Some(CellStep::NumbersOnly),
            Step::LastValidPrimary
            | Step::LastValidSecondary
            | Step::LastSecondary
            | Step::CurrentAddress => Some(CellStep::Fetched),
            Step::Calculated => Some(CellStep::Calculate),
            Step::NowIfNull => Some(CellStep::NowIfNull),
            Step::IdentityInsert | Step::Convert => Some(CellStep::Convert),
            Step::AddScore(_)
            | Step::AddIndicator(_)
            | Step::AddHistory
            | Step::AddReportLookup(_)
            | Step::PolicyException(_)
            | Step::Warranty(_)
            | Step::Collateral(_)
            | Step::AddRow
            | Step::RowGroup(..)
            | Step::RowNumber => None,
        }
    }
}

/// What a mapping reads, as the contract has it.
pub(super) fn written(mapping: &Mapping) -> Written {
    let path = mapping.path.join("/");
    let reads = match &mapping.expression {
        Some(expression) if mapping.has(&Step::Calculated) => expression.clone(),
        Some(_) | None if mapping.attribute == TEXT => format!("/{path}"),
        Some(_) | None => format!("/{path}/@{}", mapping.attribute),
    };
    Written { at: mapping.at.as_str().into(), reads: reads.into() }
}

//! What columns come to: shares of values, NULLs and defaults, and codes that no conversion knows.

use serde::Serialize;
use xmlx_domain::WarningKind;

use crate::plan::Plan;
use crate::table::Application;

/// What a column came to in some applications. A column of the key, which every row has, is one like any other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ColumnUse {
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
    /// Rows of the table.
    pub rows: u64,
    /// Rows with a value.
    pub values: u64,
    /// Rows with NULL.
    pub nulls: u64,
    /// Rows in which the default of the contract stands; these are values, too.
    pub defaults: u64,
    /// Codes that no conversion knows.
    pub unknown_codes: u64,
}

/// Counts what the columns of a plan come to.
#[derive(Debug, Clone)]
pub struct ColumnCounter {
    /// By table of the plan, then by column.
    columns: Vec<Vec<ColumnUse>>,
}

impl ColumnCounter {
    /// Counts nothing yet.
    pub fn new(plan: &Plan) -> Self {
        let columns = plan.tables().iter().map(|table| {
            let columns = table.columns.iter().map(|column| ColumnUse {
                table: table.name.clone(),
                column: column.name.clone(),
                rows: 0,
                values: 0,
                nulls: 0,
                defaults: 0,
                unknown_codes: 0,
            });
            columns.collect()
        });
        Self { columns: columns.collect() }
    }

    /// Counts an application of the same plan.
    pub fn add(&mut self, application: &Application) {
        for (columns, rows) in self.columns.iter_mut().zip(&application.tables) {
            for row in rows {
                for (column, value) in columns.iter_mut().zip(row) {
                    column.rows += 1;
                    column.nulls += u64::from(value.is_null());
                    column.values += u64::from(!value.is_null());
                }
            }
        }
        for default in &application.defaults {
            self.columns[default.table as usize][default.column as usize].defaults += 1;
        }
        for warning in &application.warnings {
            if warning.kind == WarningKind::UnknownCode
                && let Some(column) = warning.column
            {
                self.columns[warning.table][column].unknown_codes += 1;
            }
        }
    }

    /// The columns of all tables; of tables that several contracts of a set fill, those of all together.
    pub fn columns(&self) -> Vec<ColumnUse> {
        let mut columns: Vec<ColumnUse> = Vec::new();
        for own in self.columns.iter().flatten() {
            let known = columns
                .iter_mut()
                .find(|known| (&known.table, &known.column) == (&own.table, &own.column));
            match known {
                Some(known) => {
                    known.rows += own.rows;
                    known.values += own.values;
                    known.nulls += own.nulls;
                    known.defaults += own.defaults;
                    known.unknown_codes += own.unknown_codes;
                }
                None => columns.push(own.clone()),
            }
        }
        columns
    }
}

//! Fits a compiled contract to the columns that there are: their types, and what they hold.

use std::collections::{BTreeMap, BTreeSet};

use super::Program;
use super::ddl;
use super::program::{Cell, From, Origin};
use crate::Outline;
use crate::expression::Expression;
use crate::lines::LineProgram;
use crate::narrow::TextUnit;
use crate::plan::{Body, Plan};
use crate::table::{DataType, Table};

/// What a database says of a column, as far as a contract of format 2 asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// The type as T-SQL writes it: `nvarchar(30)`, `decimal(18,5)`.
    pub sql_type: String,
    /// Whether a row needs no value for the column: it may be NULL, has a default or numbers itself.
    pub is_optional: bool,
}

impl Plan {
    /// Gives the columns whose type the contract does not state the types of the database, of whose columns the function
    /// is asked by table and column. Contracts of format 1 state all types.
    ///
    /// # Errors
    ///
    /// Returns what does not go together, one sentence for each column.
    pub fn take_types(
        &mut self,
        described: impl Fn(&str, &str) -> Option<Described>,
    ) -> Result<(), Vec<String>> {
        let mut problems = Vec::new();
        let known = |table: &str, column: &str| {
            let described = described(table, column)?;
            // What cannot be read from a document is for the check of the catalog to say.
            let data_type = super::types::parse(&described.sql_type).ok()?;
            Some(ddl::Described { data_type, is_optional: described.is_optional })
        };
        for (program, tables) in self.path_programs() {
            program.take(tables, &known, &mut problems);
        }
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }

    /// The same with the types of a script of `CREATE TABLE` statements, for those who map without a database.
    ///
    /// # Errors
    ///
    /// Returns what does not go together, or why the script cannot be read.
    pub fn take_types_of_script(&mut self, script: &str) -> Result<(), Vec<String>> {
        if self.path_programs().is_empty() {
            return Ok(());
        }
        let columns = ddl::columns(script).map_err(|reason| vec![reason])?;
        let mut problems = Vec::new();
        let known = |table: &str, column: &str| {
            columns.get(&(table.to_lowercase(), column.to_lowercase())).copied()
        };
        for (program, tables) in self.path_programs() {
            for table in tables.iter() {
                for column in &table.columns {
                    if known(&table.name, &column.name).is_none() {
                        let (table, column) = (&table.name, &column.name);
                        problems.push(format!("the script has no column `{table}.{column}`"));
                    }
                }
            }
            program.take(tables, &known, &mut problems);
        }
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }

    /// Lists the columns whose type neither the contract nor a database has said: they are texts of any length.
    pub fn untyped_columns(&self) -> Vec<String> {
        let programs: Vec<(&Program, &[Table])> = match &self.body {
            Body::Paths(program) => vec![(&**program, self.tables.as_slice())],
            Body::Lines(lines) => lines
                .iter()
                .filter_map(|line| match &line.program {
                    LineProgram::Mappings(_) => None,
                    LineProgram::Paths(program) => {
                        Some((&**program, &self.tables[line.tables.clone()]))
                    }
                })
                .collect(),
        };
        let mut untyped = Vec::new();
        for (program, tables) in programs {
            for (program, table) in program.tables.iter().zip(tables) {
                for cell in program.cells().filter(|cell| !cell.is_stated) {
                    let name = format!("{}.{}", table.name, table.columns[cell.column].name);
                    if !untyped.contains(&name) {
                        untyped.push(name);
                    }
                }
            }
        }
        untyped
    }
}

impl Program {
    /// Says whether the application's id is that of the source row alone.
    pub(crate) fn id_is_of_source(&self) -> bool {
        self.app_id.is_none()
    }

    fn take(
        &mut self,
        tables: &mut [Table],
        known: &dyn Fn(&str, &str) -> Option<ddl::Described>,
        problems: &mut Vec<String>,
    ) {
        for (program, table) in self.tables.iter_mut().zip(tables) {
            for (place, column) in table.columns.iter_mut().enumerate() {
                let Some(described) = known(&table.name, &column.name) else { continue };
                let cells = program.variants.iter_mut().flatten();
                let mut is_filled = false;
                for cell in cells.filter(|cell| cell.column == place) {
                    is_filled = true;
                    if !cell.is_stated {
                        cell.data_type = described.data_type;
                        column.data_type = described.data_type;
                        cell.is_stated = true;
                        if let From::Expression { expression, .. } = &cell.origin.from {
                            problems.extend(misfit(
                                expression,
                                &table.name,
                                &column.name,
                                cell.data_type,
                            ));
                        }
                    }
                    cell.is_nullable = !cell.required.unwrap_or(!described.is_optional);
                    column.nullable = cell.is_nullable;
                }
                if !is_filled {
                    column.data_type = described.data_type;
                }
            }
        }
    }

    /// Visits every cell with the places of its table and column: the type it is read as, and what its length counts.
    pub(crate) fn each_cell(
        &mut self,
        mut visit: impl FnMut((usize, usize), &mut DataType, &mut TextUnit),
    ) {
        for (table, program) in self.tables.iter_mut().enumerate() {
            for cell in program.variants.iter_mut().flatten() {
                visit((table, cell.column), &mut cell.data_type, &mut cell.text_unit);
            }
        }
    }

    /// Says of each table what tells its rows apart and which values are the contract's own.
    pub(crate) fn outlines(&self) -> Vec<Outline> {
        let outlines = self.tables.iter().map(|table| {
            // Rows of a parent without a key of its own may be any number.
            let has_key = table.has_own_key || table.parent.is_some();
            let mut fixed = BTreeMap::new();
            table.cells().for_each(|cell| constants(cell, &mut fixed));
            Outline { key: if has_key { table.key.clone() } else { Vec::new() }, fixed }
        });
        let mut outlines: Vec<Outline> = outlines.collect();
        if let (Some(first), Some(table)) = (outlines.first_mut(), self.tables.first()) {
            first.key.clone_from(&table.key);
        }
        outlines
    }
}

fn misfit(
    expression: &Expression,
    table: &str,
    column: &str,
    data_type: DataType,
) -> Option<String> {
    let flaw = expression.fit(data_type).err()?;
    Some(format!("`{table}.{column}`: {}; {}", flaw.reason, flaw.suggestion))
}

/// Collects the values of a cell that are the contract's own.
fn constants(cell: &Cell, fixed: &mut BTreeMap<usize, BTreeSet<String>>) {
    fn of(origin: &Origin, found: &mut BTreeSet<String>) {
        match &origin.from {
            From::Constant(text) => {
                found.insert(text.clone());
            }
            From::Alternatives(list) => list.iter().for_each(|origin| of(origin, found)),
            From::Path(_)
            | From::All(_)
            | From::Position(_)
            | From::Enclosing { .. }
            | From::Expression { .. } => {}
        }
    }
    let mut found = BTreeSet::new();
    if cell.codes.is_none() {
        of(&cell.origin, &mut found);
    }
    found.extend(cell.default.clone());
    if !found.is_empty() {
        fixed.entry(cell.column).or_default().extend(found);
    }
}

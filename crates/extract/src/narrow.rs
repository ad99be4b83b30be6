//! Fits a plan to the columns that the database has, where they hold less than the contract's types say, so that what
//! they cannot hold fails or is warned of here and is not altered there in silence.

use crate::lines::LineProgram;
use crate::plan::{Body, Plan};
use crate::program::{Cell, TableProgram};
use crate::table::DataType;

/// What a column of the database holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// Numbers, flags or dates of a type.
    Type(DataType),
    /// Text, whose length counts in a unit.
    Text(TextUnit),
}

/// What the length of a column of text counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextUnit {
    /// Units of UTF-16, as `nvarchar` does; a `varchar` with one byte for each character comes to the same.
    Utf16,
    /// Bytes of UTF-8.
    Utf8,
    /// Bytes of a code page that has two for characters beyond ASCII.
    DoubleByte,
}

impl Plan {
    /// Fits the plan to the database, of whose columns the function is asked by table and column. Only what a column
    /// holds less than the contract says is taken over; whether the two go together at all is not looked at.
    pub fn narrow(&mut self, stored: impl Fn(&str, &str) -> Option<Stored>) {
        for (program, tables) in self.path_programs() {
            program.narrow(tables, &stored);
        }
        let Body::Lines(lines) = &mut self.body else { return };
        for line in lines {
            let program = match &mut line.program {
                LineProgram::Mappings(program) => program,
                LineProgram::Paths(_) => continue,
            };
            let tables = self.tables[line.tables.clone()].iter_mut();
            for (table, program) in tables.zip(&mut program.tables) {
                let found: Vec<_> =
                    table.columns.iter().map(|column| stored(&table.name, &column.name)).collect();
                for (column, found) in table.columns.iter_mut().zip(&found) {
                    if let Some(Stored::Type(stored)) = found {
                        column.data_type = narrower(column.data_type, *stored);
                    }
                }
                for cell in cells(program) {
                    match found[cell.column] {
                        Some(Stored::Type(stored)) => {
                            cell.data_type = narrower(cell.data_type, stored);
                        }
                        Some(Stored::Text(unit)) => cell.text_unit = unit,
                        None => {}
                    }
                }
            }
        }
    }
}

fn cells(program: &mut TableProgram) -> Vec<&mut Cell> {
    match program {
        TableProgram::Single(single) => single.cells.iter_mut().collect(),
        TableProgram::Contacts(contacts) => contacts.cells.iter_mut().collect(),
        TableProgram::Rows(rows) => rows.cells.iter_mut().collect(),
        TableProgram::KeyValue(rows) => {
            rows.entries.iter_mut().map(|entry| &mut entry.cell).collect()
        }
        TableProgram::Groups(groups) => {
            let cells = groups.iter_mut().flat_map(|group| &mut group.cells);
            cells.map(|cell| &mut cell.cell).collect()
        }
    }
}

/// The type whose values both hold, where there is one; else that of the contract.
pub(crate) fn narrower(contract: DataType, stored: DataType) -> DataType {
    const INTEGERS: [DataType; 4] =
        [DataType::TinyInt, DataType::SmallInt, DataType::Int, DataType::BigInt];
    let rank = |wanted| INTEGERS.iter().position(|known| *known == wanted);
    if let (Some(ours), Some(theirs)) = (rank(contract), rank(stored)) {
        return INTEGERS[ours.min(theirs)];
    }
    match (contract, stored) {
        (
            DataType::Decimal { precision, scale },
            DataType::Decimal { precision: their_precision, scale: their_scale },
        ) => {
            let whole = (precision - scale).min(their_precision.saturating_sub(their_scale));
            let scale = scale.min(their_scale);
            DataType::Decimal { precision: whole + scale, scale }
        }
        (
            DataType::DateTime | DataType::SmallDateTime,
            DataType::Date | DataType::SmallDateTime | DataType::DateTimeOffset,
        ) => stored,
        _ => contract,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_narrower_type_counts() {
        use DataType::{BigInt, Bit, Date, DateTime, DateTimeOffset, Int, SmallDateTime, TinyInt};
        let decimal = |precision, scale| DataType::Decimal { precision, scale };
        for (contract, stored, expected) in [
            (Int, TinyInt, TinyInt),
            (TinyInt, BigInt, TinyInt),
            (decimal(38, 2), decimal(8, 5), decimal(5, 2)),
            (decimal(38, 4), decimal(9, 2), decimal(9, 2)),
            (decimal(38, 2), decimal(38, 2), decimal(38, 2)),
            (decimal(38, 2), Int, decimal(38, 2)),
            (DateTime, Date, Date),
            (DateTime, SmallDateTime, SmallDateTime),
            (DateTime, DateTimeOffset, DateTimeOffset),
            (Date, DateTimeOffset, Date),
            (Bit, Int, Bit),
        ] {
            assert_eq!(narrower(contract, stored), expected, "{contract} in {stored}");
        }
    }
}

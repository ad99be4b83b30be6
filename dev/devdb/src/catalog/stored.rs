//! How many bytes a row takes on a page of SQL Server's, by its documented row format.

use crate::catalog::Table;
use crate::catalog::system::facets;
use crate::value::datum::Datum;
use crate::value::sqltype::SqlType;

/// Status bits, the length of the fixed part, the number of columns, and the row's slot on the page.
const OVERHEAD: u64 = 2 + 2 + 2 + 2;
/// The number of columns of variable length, and the end of each.
const VARIABLE_COUNT: u64 = 2;
const VARIABLE_END: u64 = 2;

/// The bytes that every row of `table` takes, whatever its values.
pub(crate) fn fixed_row_bytes(table: &Table) -> u64 {
    let columns = count(table.columns.len());
    let bits = count(table.columns.iter().filter(|column| column.ty == SqlType::Bit).count());
    let fixed: u64 = table.columns.iter().map(|column| fixed_bytes(column.ty)).sum();
    let n_variable = count(table.columns.iter().filter(|column| is_variable(column.ty)).count());
    let ends = if n_variable == 0 { 0 } else { VARIABLE_COUNT + VARIABLE_END * n_variable };
    OVERHEAD + columns.div_ceil(8) + bits.div_ceil(8) + fixed + ends
}

/// The bytes that a row takes beyond these; `values` are those of the columns `written`, the others are NULL.
pub(crate) fn variable_row_bytes(table: &Table, written: &[usize], values: &[Datum<'_>]) -> u64 {
    let given = written.iter().zip(values);
    given.map(|(idx, value)| variable_bytes(table.columns[*idx].ty, value)).sum()
}

fn is_variable(ty: SqlType) -> bool {
    matches!(ty, SqlType::VarChar(_) | SqlType::NVarChar(_) | SqlType::VarBinary(_))
}

/// What every row has for the column, NULL or not; bits share bytes.
fn fixed_bytes(ty: SqlType) -> u64 {
    let (len, ..) = facets(ty);
    if is_variable(ty) || ty == SqlType::Bit { 0 } else { u64::try_from(len).unwrap_or(0) }
}

fn variable_bytes(ty: SqlType, value: &Datum<'_>) -> u64 {
    if !is_variable(ty) {
        return 0;
    }
    match value {
        Datum::Text(text) if ty.is_unicode() => count(text.encode_utf16().count()) * 2,
        Datum::Text(text) => count(text.chars().count()),
        Datum::Bytes(bytes) => count(bytes.len()),
        Datum::Null | Datum::Int(_) | Datum::Real(_) => 0,
    }
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Catalog, build};
    use crate::sql;

    #[test]
    fn rows_take_their_columns_and_what_keeps_them_apart() {
        let text = "CREATE TABLE [t] ([a] bigint NOT NULL, [b] bit NULL, [c] bit NULL, [d] varchar(10) NULL, [e] nvarchar(10) NULL, [f] datetime NULL)";
        let def = sql::reread_table(text).expect("a table");
        let table = build::table(&Catalog::empty(), &def, 1).expect("it can be made");
        // 8 of overhead, 1 for NULLs, 1 for bits, 8 + 8 fixed, 2 + 2 x 2 for the variable ones.
        assert_eq!(fixed_row_bytes(&table), 8 + 1 + 1 + 16 + 6);
        assert_eq!(variable_row_bytes(&table, &[0], &[Datum::Int(1)]), 0);
        let full = [Datum::Int(1), Datum::text("abc"), Datum::text("abc")];
        assert_eq!(variable_row_bytes(&table, &[0, 3, 4], &full), 3 + 6);
    }
}

//! What a column would lose of the values that a contract has for it, in words.

use xmlx_extract::{DataType, Loss};

use super::CatalogColumn;

/// What the column loses without need, and the way out: the contract is refused. `None`: the column holds what the
/// contract says, or what it does not hold fails or is warned of, value by value.
pub(super) fn altered(data_type: DataType, column: &CatalogColumn) -> Option<String> {
    let losses = column.held()?.losses(data_type);
    losses.into_iter().find_map(|loss| refused(data_type, column, loss))
}

fn refused(data_type: DataType, column: &CatalogColumn, loss: Loss) -> Option<String> {
    match loss {
        // A `float` keeps what most decimals have; the others are warned of.
        Loss::Digits(_) if data_type.integer_range().is_none() && column.type_name == "float" => {
            None
        }
        Loss::Digits(digits) => {
            let better = match data_type.integer_range() {
                None => "decimal",
                Some(_) if data_type == DataType::BigInt => "bigint",
                Some(_) => "int",
            };
            let way = format!("make the column `{better}`, or say `float` where that is enough");
            Some(format!("does not keep more than {digits} digits of a number; {way}"))
        }
        Loss::FloatDigits => Some(
            "does not keep every digit of a `float`; say `decimal` with the column's digits as `data_length`"
                .to_owned(),
        ),
        Loss::Places(_) | Loss::TimeOfDay | Loss::Seconds | Loss::Fractions(_) | Loss::Range => None,
    }
}

/// What becomes of values that the column does not hold as the contract has them, where something does.
pub(super) fn noted(data_type: DataType, column: &CatalogColumn) -> Option<String> {
    let held = column.held()?;
    let losses = held.losses(data_type);
    if losses.iter().any(|loss| refused(data_type, column, *loss).is_some()) {
        return None;
    }
    let note = |loss: &Loss| match loss {
        Loss::Digits(digits) => {
            format!("digits of a number beyond {digits} are rounded, with a warning of each")
        }
        Loss::FloatDigits => "digits of a number are rounded".to_owned(),
        Loss::Places(digits) => format!(
            "numbers are rounded to {digits} digits behind the point, with a warning of each"
        ),
        Loss::TimeOfDay => "the time of day is dropped, with a warning of each".to_owned(),
        Loss::Seconds => "seconds are rounded, with a warning of each".to_owned(),
        Loss::Fractions(digits) => format!(
            "a second is rounded to {digits} digits behind the point, with a warning of each"
        ),
        Loss::Range => {
            format!("applications with a value outside of {held} fail at stage `mapping`")
        }
    };
    let notes: Vec<String> = losses.iter().map(note).collect();
    (!notes.is_empty()).then(|| notes.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DECIMAL_4: DataType = DataType::Decimal { precision: 38, scale: 4 };

    fn column(type_name: &str, precision: i32, scale: i32) -> CatalogColumn {
        CatalogColumn::of_type(type_name, precision, scale)
    }

    #[test]
    fn what_would_be_altered_is_named() {
        let check = |data_type, column: CatalogColumn, expected: &str| {
            let found = altered(data_type, &column).unwrap_or_default();
            assert!(found.contains(expected), "{data_type} in {}: {found}", column.type_name);
            assert_eq!(found.is_empty(), expected.is_empty(), "{data_type}: {found}");
        };
        check(DataType::Int, column("real", 0, 0), "7 digits");
        check(DataType::SmallInt, column("real", 0, 0), "");
        check(DataType::Int, column("float", 0, 0), "");
        check(
            DataType::BigInt,
            column("float", 0, 0),
            "15 digits of a number; make the column `bigint`",
        );
        check(DECIMAL_4, column("real", 0, 0), "7 digits of a number; make the column `decimal`");
        check(DECIMAL_4, column("float", 0, 0), "");
        check(DataType::Float, column("decimal", 9, 2), "`decimal`");
        check(DataType::Float, column("real", 0, 0), "");
        check(DataType::Text { units_max: None }, column("nvarchar", 0, 0), "");
    }

    #[test]
    fn what_is_warned_of_value_by_value_is_noted() {
        let check = |data_type, column: CatalogColumn, expected: &str| {
            let found = noted(data_type, &column).unwrap_or_default();
            assert!(found.contains(expected), "{data_type} in {}: {found}", column.type_name);
            assert_eq!(found.is_empty(), expected.is_empty(), "{data_type}: {found}");
        };
        check(DECIMAL_4, column("decimal", 9, 2), "2 digits");
        check(DECIMAL_4, column("decimal", 9, 0), "0 digits");
        check(DECIMAL_4, column("decimal", 9, 4), "");
        check(DECIMAL_4, column("money", 19, 4), "");
        check(DECIMAL_4, column("float", 0, 0), "beyond 15");
        check(DECIMAL_4, column("real", 0, 0), "");
        check(DataType::Decimal { precision: 38, scale: 5 }, column("money", 19, 4), "4 digits");
        check(DataType::DateTime, column("date", 0, 0), "time of day");
        check(DataType::SmallDateTime, column("date", 0, 0), "time of day");
        let seconds = "seconds are rounded, with a warning of each; applications with a value outside of smalldatetime";
        check(DataType::DateTime, column("smalldatetime", 0, 0), seconds);
        check(DataType::SmallDateTime, column("datetime", 0, 3), "");
        check(DataType::DateTime, column("datetime2", 0, 0), "to 0 digits");
        check(DataType::DateTime, column("datetime2", 0, 7), "");
        check(DataType::Time, column("time", 0, 2), "to 2 digits");
        check(DataType::Int, column("smallint", 0, 0), "outside of smallint, -32768 to 32767");
        check(DataType::Int, column("nvarchar", 0, 0), "");
    }
}

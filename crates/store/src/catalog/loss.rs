//! What a column would lose of the values that a contract has for it: types of one family hold different things.

use xmlx_extract::DataType;

use super::CatalogColumn;
use crate::bounds::Bound;

/// What the server would alter without a word, and the way out. `None`: the column holds what the contract says, or
/// what it does not hold fails or is warned of, value by value.
pub(super) fn altered(data_type: DataType, column: &CatalogColumn) -> Option<String> {
    let type_name = column.type_name.as_str();
    let of = |what: &str, way: &str| Some(format!("does not keep {what}; {way}"));
    match data_type {
        DataType::Int | DataType::BigInt if type_name == "real" => of(
            "more than 7 digits of a number",
            "make the column `int`, or say `float` where that is enough",
        ),
        DataType::BigInt if type_name == "float" => {
            of("more than 15 digits of a number", "make the column `bigint`")
        }
        DataType::Decimal { .. } if type_name == "real" => of(
            "more than 7 digits of a number",
            "make the column `decimal`, or say `float` where that is enough",
        ),
        DataType::Float if matches!(type_name, "decimal" | "numeric" | "money" | "smallmoney") => {
            of(
                "every digit of a `float`",
                "say `decimal` with the column's digits as `data_length`",
            )
        }
        DataType::Text { .. }
        | DataType::TinyInt
        | DataType::SmallInt
        | DataType::Int
        | DataType::BigInt
        | DataType::Decimal { .. }
        | DataType::Float
        | DataType::Bit
        | DataType::Date
        | DataType::DateTime
        | DataType::SmallDateTime
        | DataType::DateTime2
        | DataType::DateTimeOffset
        | DataType::Time
        | DataType::Uuid
        | DataType::Binary
        | DataType::Xml => None,
    }
}

/// What becomes of values that the column does not hold as the contract has them, where something does.
pub(super) fn noted(data_type: DataType, column: &CatalogColumn) -> Option<String> {
    let type_name = column.type_name.as_str();
    let digits = match type_name {
        "money" | "smallmoney" => 4,
        _ => u32::try_from(column.scale).unwrap_or_default(),
    };
    let is_exact = matches!(type_name, "decimal" | "numeric" | "money" | "smallmoney");
    match data_type {
        DataType::Decimal { scale, .. } if is_exact && scale > digits => Some(format!(
            "numbers are rounded to {digits} digits behind the point, with a warning of each"
        )),
        DataType::DateTime | DataType::SmallDateTime if type_name == "date" => {
            Some("the time of day is dropped, with a warning of each".to_owned())
        }
        DataType::DateTime if type_name == "smalldatetime" => {
            Some("seconds are rounded, with a warning of each".to_owned())
        }
        DataType::DateTime | DataType::DateTime2 | DataType::DateTimeOffset
            if matches!(type_name, "datetime2" | "datetimeoffset") && column.scale < 3 =>
        {
            Some("fractions of a second are rounded".to_owned())
        }
        DataType::TinyInt
        | DataType::SmallInt
        | DataType::Int
        | DataType::BigInt
        | DataType::Date => narrower(data_type, column).map(|bound| {
            format!("applications with a value outside of {bound} fail at stage `mapping`")
        }),
        DataType::Text { .. }
        | DataType::Decimal { .. }
        | DataType::Float
        | DataType::Bit
        | DataType::DateTime
        | DataType::SmallDateTime
        | DataType::DateTime2
        | DataType::DateTimeOffset
        | DataType::Time
        | DataType::Uuid
        | DataType::Binary
        | DataType::Xml => None,
    }
}

/// The column's bound where it holds fewer values than the contract's type has: what lies beyond it fails.
fn narrower(data_type: DataType, column: &CatalogColumn) -> Option<Bound> {
    let bound = Bound::of(column)?;
    let is_wide = match data_type.integer_range() {
        Some((min, max)) => {
            [min, max].into_iter().all(|number| bound.holds_exact(number.into(), 0))
        }
        None if data_type == DataType::Date => {
            !matches!(column.type_name.as_str(), "datetime" | "smalldatetime")
        }
        None => return None,
    };
    (!is_wide).then_some(bound)
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
        check(DataType::BigInt, column("float", 0, 0), "15 digits");
        check(DECIMAL_4, column("real", 0, 0), "7 digits");
        check(DataType::Float, column("decimal", 9, 2), "`decimal`");
        check(DataType::Float, column("real", 0, 0), "");
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
        check(DataType::Decimal { precision: 38, scale: 5 }, column("money", 19, 4), "4 digits");
        check(DataType::DateTime, column("date", 0, 0), "time of day");
        check(DataType::SmallDateTime, column("date", 0, 0), "time of day");
        check(DataType::DateTime, column("smalldatetime", 0, 0), "seconds");
        check(DataType::SmallDateTime, column("datetime", 0, 3), "");
        check(DataType::DateTime, column("datetime2", 0, 0), "fractions");
        check(DataType::DateTime, column("datetime2", 0, 7), "");
        check(DataType::Int, column("smallint", 0, 0), "outside of smallint, -32768 to 32767");
        check(DataType::Int, column("nvarchar", 0, 0), "");
    }

    #[test]
    fn narrower_columns_are_named() {
        let check = |data_type, column: CatalogColumn, expected: bool| {
            let found = narrower(data_type, &column);
            assert_eq!(found.is_some(), expected, "{data_type} in {}: {found:?}", column.type_name);
        };
        check(DataType::Int, column("smallint", 0, 0), true);
        check(DataType::SmallInt, column("tinyint", 0, 0), true);
        check(DataType::TinyInt, column("smallint", 0, 0), false);
        check(DataType::Int, column("int", 0, 0), false);
        check(DataType::Int, column("decimal", 9, 0), true);
        check(DataType::Int, column("decimal", 10, 0), false);
        check(DataType::Int, column("smallmoney", 0, 0), true);
        check(DataType::BigInt, column("money", 0, 0), true);
        check(DataType::Int, column("nvarchar", 0, 0), false);
        check(DataType::Date, column("smalldatetime", 0, 0), true);
        check(DataType::Date, column("datetime2", 0, 0), false);
        check(DECIMAL_4, column("decimal", 9, 4), false);
    }
}

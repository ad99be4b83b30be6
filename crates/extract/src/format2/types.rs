//! The types of columns, as T-SQL writes them.

use crate::meant;
use crate::table::DataType;

/// The types that columns may have.
const NAMES: [&str; 29] = [
    "bit",
    "tinyint",
    "smallint",
    "int",
    "bigint",
    "decimal",
    "numeric",
    "money",
    "smallmoney",
    "float",
    "real",
    "date",
    "time",
    "datetime",
    "smalldatetime",
    "datetime2",
    "datetimeoffset",
    "char",
    "varchar",
    "nchar",
    "nvarchar",
    "text",
    "ntext",
    "binary",
    "varbinary",
    "image",
    "uniqueidentifier",
    "xml",
    "sysname",
];

/// Digits of a decimal whose type does not say how many.
const USUAL_PRECISION: u32 = 18;

/// The most digits of a decimal.
const PRECISION_MAX: u32 = 38;

/// Reads a type such as `nvarchar(30)`. The error says what to write.
pub(crate) fn parse(text: &str) -> Result<DataType, String> {
    let text = text.trim().to_lowercase();
    let (name, numbers) = match text.split_once('(') {
        Some((name, rest)) => {
            let inner = rest.trim_end().strip_suffix(')');
            (name.trim(), Some(inner.ok_or("close the bracket")?))
        }
        None => (text.as_str(), None),
    };
    let number = |place: usize| -> Result<Option<u32>, String> {
        let Some(part) = numbers.and_then(|numbers| numbers.split(',').nth(place)) else {
            return Ok(None);
        };
        let part = part.trim();
        if part == "max" {
            return Ok(None);
        }
        part.parse().map(Some).map_err(|_| format!("`{part}` is no number"))
    };
    Ok(match name {
        "bit" => DataType::Bit,
        "tinyint" => DataType::TinyInt,
        "smallint" => DataType::SmallInt,
        "int" => DataType::Int,
        "bigint" => DataType::BigInt,
        "decimal" | "numeric" => {
            let precision = number(0)?.unwrap_or(USUAL_PRECISION);
            let scale = number(1)?.unwrap_or_default();
            if precision == 0 || precision > PRECISION_MAX || scale > precision {
                return Err(
                    "a decimal has 1 to 38 digits, and no more of them after the point".to_owned()
                );
            }
            DataType::Decimal { precision, scale }
        }
        "money" => DataType::Decimal { precision: 19, scale: 4 },
        "smallmoney" => DataType::Decimal { precision: 10, scale: 4 },
        "float" | "real" => DataType::Float,
        "date" => DataType::Date,
        "time" => DataType::Time,
        "datetime" => DataType::DateTime,
        "smalldatetime" => DataType::SmallDateTime,
        "datetime2" => DataType::DateTime2,
        "datetimeoffset" => DataType::DateTimeOffset,
        "char" | "varchar" | "nchar" | "nvarchar" => {
            let is_max = numbers.is_some_and(|numbers| numbers.trim() == "max");
            let length = if is_max { None } else { Some(number(0)?.unwrap_or(1)) };
            DataType::Text { units_max: length }
        }
        "text" | "ntext" => DataType::Text { units_max: None },
        "sysname" => DataType::Text { units_max: Some(128) },
        "binary" | "varbinary" | "image" => DataType::Binary,
        "uniqueidentifier" => DataType::Uuid,
        "xml" => DataType::Xml,
        _ => return Err(meant::suggest(name, &NAMES, "SQL Server")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types() {
        let text = |units_max| Ok(DataType::Text { units_max });
        for (written, expected) in [
            ("nvarchar(30)", text(Some(30))),
            ("NVARCHAR ( max )", text(None)),
            ("char", text(Some(1))),
            ("decimal(18,5)", Ok(DataType::Decimal { precision: 18, scale: 5 })),
            ("numeric( 9 )", Ok(DataType::Decimal { precision: 9, scale: 0 })),
            ("money", Ok(DataType::Decimal { precision: 19, scale: 4 })),
            ("datetimeoffset(3)", Ok(DataType::DateTimeOffset)),
            ("uniqueidentifier", Ok(DataType::Uuid)),
            ("nvarchr(3)", Err("did you mean `nvarchar`?".to_owned())),
            (
                "decimal(39)",
                Err("a decimal has 1 to 38 digits, and no more of them after the point".to_owned()),
            ),
        ] {
            assert_eq!(parse(written), expected, "{written}");
        }
    }
}

//! Reads a mapping.

use serde_json::Value as Json;

use super::json::{Object, Reader, join};
use crate::contract::spelling::{DATA_TYPES, MAPPING_KEYS, check_keys, suggest};
use crate::contract::{Mapping, Step};
use crate::decimal::DIGITS_MAX;
use crate::table::DataType;

/// The length that means none.
const NO_LENGTH: i64 = -1;

/// The largest number of digits after the point that a decimal column has.
const SCALE_MAX: u32 = DIGITS_MAX;

/// The scale of a decimal column whose mapping does not say one.
const SCALE_DEFAULT: u32 = 2;

impl Reader<'_> {
    pub(super) fn mapping(&mut self, object: &Object, at: String) -> Mapping {
        check_keys(object, &at, MAPPING_KEYS, self.problems);
        let steps = self.steps(object, &at);
        let column = self.optional_text(object, &at, "target_column").unwrap_or_default();
        if column.is_empty() && !steps.iter().any(Step::makes_rows_alone) {
            let reason = "`target_column` is empty, but the mapping type makes no rows of its own";
            self.problems.add(join(&at, "target_column"), reason, "name the column");
        }
        // The number of a row is read from nowhere, whatever is written.
        let is_number = steps.contains(&Step::RowNumber);
        let (path, attribute) = if is_number {
            (Vec::new(), String::new())
        } else {
            (self.path(object, &at, "xml_path"), self.text(object, &at, "xml_attribute"))
        };
        let row = self.row(object, &at, &steps, &path, &attribute);
        Mapping {
            path,
            attribute,
            row,
            table: self.text(object, &at, "target_table"),
            column,
            data_type: self.data_type(object, &at),
            nullable: self.flag(object, &at, "nullable", Some(true)),
            default: self.scalar(object.get("default_value"), &join(&at, "default_value")),
            expression: self.optional_text(object, &at, "expression"),
            enum_name: self.optional_text(object, &at, "enum_name"),
            exclude_default: self.flag(
                object,
                &at,
                "exclude_default_when_record_empty",
                Some(false),
            ),
            steps,
            at,
        }
    }

    fn steps(&mut self, object: &Object, at: &str) -> Vec<Step> {
        let at = join(at, "mapping_type");
        let texts: Vec<&str> = match object.get("mapping_type") {
            None | Some(Json::Null) => Vec::new(),
            Some(Json::String(text)) => text.split(',').collect(),
            Some(Json::Array(items)) => {
                if items.iter().any(|item| !item.is_string()) {
                    let suggestion = "write each in quotes, like [\"enum\"]";
                    self.problems.add(&at, "not a list of texts", suggestion);
                }
                items.iter().filter_map(Json::as_str).collect()
            }
            Some(_) => {
                self.problems.add(
                    &at,
                    "neither a text nor a list",
                    "write [\"enum\"], for instance",
                );
                Vec::new()
            }
        };
        let mut steps = Vec::new();
        for text in texts.into_iter().filter(|text| !text.trim().is_empty()) {
            match Step::read(text) {
                Ok(step) => steps.push(step),
                Err(misread) => self.problems.add(&at, misread.reason, misread.suggestion),
            }
        }
        steps
    }

    fn data_type(&mut self, object: &Object, at: &str) -> DataType {
        let name = self.text(object, at, "data_type");
        let at_length = join(at, "data_length");
        let length = match object.get("data_length") {
            None | Some(Json::Null) => None,
            Some(json) => match json.as_i64() {
                Some(NO_LENGTH | 0) => None,
                Some(length) if u32::try_from(length).is_ok() => u32::try_from(length).ok(),
                _ => {
                    self.problems.add(
                        &at_length,
                        "not a length",
                        "write a number, or -1 for no limit",
                    );
                    None
                }
            },
        };
        match name.to_ascii_lowercase().as_str() {
            "string" => DataType::Text { units_max: length },
            "tinyint" => DataType::TinyInt,
            "smallint" => DataType::SmallInt,
            "int" => DataType::Int,
            "bigint" => DataType::BigInt,
            "decimal" => {
                if length.is_some_and(|scale| scale > SCALE_MAX) {
                    let suggestion = "write the digits after the point";
                    self.problems.add(
                        at_length,
                        format!("a decimal has at most {SCALE_MAX} of them"),
                        suggestion,
                    );
                }
                let scale = length.unwrap_or(SCALE_DEFAULT).min(SCALE_MAX);
                DataType::Decimal { precision: DIGITS_MAX, scale }
            }
            "float" => DataType::Float,
            "bit" | "boolean" => DataType::Bit,
            "date" => DataType::Date,
            "datetime" => DataType::DateTime,
            "smalldatetime" => DataType::SmallDateTime,
            "datetimeoffset" => DataType::DateTimeOffset,
            "" => DataType::Text { units_max: None },
            other => {
                let all = format!("write one of {}", DATA_TYPES.join(", "));
                let suggestion = suggest(other, DATA_TYPES.iter().copied(), &all);
                self.problems.add(
                    join(at, "data_type"),
                    format!("`{other}` is no data type"),
                    suggestion,
                );
                DataType::Text { units_max: None }
            }
        }
    }
}

//! How tables of expected rows show a value.

use xmlx_extract::Value;

pub(crate) fn cell(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Bit(bit) => bit.to_string(),
        Value::Int(int) => int.to_string(),
        Value::Decimal(decimal) => decimal.to_string(),
        Value::Float(float) => float.to_string(),
        Value::Text(text) => format!("'{text}'"),
        Value::Date(date) => date.to_string(),
        Value::DateTime(date) => date.to_string(),
        Value::DateTimeOffset(date) => date.to_string(),
    }
}

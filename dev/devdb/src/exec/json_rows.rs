//! Rows of OPENJSON: elements of the document, each column found by its path and brought to its type.

use std::borrow::Cow;

use crate::error::SqlResult;
use crate::exec::json::{self, Json};
use crate::exec::session::Env;
use crate::plan::{Document, JsonText};
use crate::sql::ast::{JsonColumn, Step};
use crate::value::convert;
use crate::value::datum::Datum;
use crate::value::sqltype::{MAX, SqlType};

/// The type JSON values are taken for.
const TEXT: SqlType = SqlType::NVarChar(MAX);

/// The text of a document; `None` where it is NULL.
pub(crate) fn document<'a>(of: &'a Document, env: &'a Env<'_>) -> Option<&'a str> {
    match &of.text {
        JsonText::Literal(text) => Some(text),
        JsonText::Param(idx) => match env.params.get(*idx) {
            Some(Datum::Text(text)) => Some(text),
            Some(Datum::Null | Datum::Int(_) | Datum::Real(_) | Datum::Bytes(_)) | None => None,
        },
    }
}

/// The elements at a path of a document: those of an array, or the one object it is.
pub(crate) fn elements<'d, 'a>(document: &'d Json<'a>, path: &[Step]) -> &'d [Json<'a>] {
    let Some(found) = at(document, path) else { return &[] };
    match found {
        Json::Array(items) => items,
        Json::Object(_) => std::slice::from_ref(found),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) => &[],
    }
}

/// A column of an element; what the path does not find is NULL.
pub(crate) fn cell<'d>(element: &'d Json<'_>, column: &JsonColumn) -> SqlResult<Datum<'d>> {
    let Some(found) = at(element, &column.path) else { return Ok(Datum::Null) };
    let text = match found {
        Json::Null | Json::Array(_) | Json::Object(_) => return Ok(Datum::Null),
        Json::Bool(true) => "true",
        Json::Bool(false) => "false",
        Json::Number(digits) => digits,
        Json::Text(text) => text,
    };
    if let (Json::Number(digits), true) =
        (found, column.ty == SqlType::BigInt || column.ty == SqlType::Int)
        && let Ok(number) = digits.parse::<i32>()
    {
        return Ok(Datum::Int(i64::from(number)));
    }
    convert::cast(Datum::Text(Cow::Borrowed(text)), TEXT, column.ty)
}

fn at<'d, 'a>(element: &'d Json<'a>, path: &[Step]) -> Option<&'d Json<'a>> {
    path.iter().try_fold(element, |found, step| match (step, found) {
        (Step::Index(idx), Json::Array(items)) => items.get(*idx),
        (Step::Key(key), Json::Object(members)) => {
            members.iter().find(|(name, _)| name == key).map(|(_, of)| of)
        }
        (Step::Index(_) | Step::Key(_), _) => None,
    })
}

/// The document's rows as an array of arrays of values as SQLite keeps them.
pub(crate) fn normalised(
    of: &Document,
    columns: &[JsonColumn],
    env: &Env<'_>,
) -> SqlResult<String> {
    let mut out = String::from("[");
    if let Some(text) = document(of, env) {
        let parsed = json::parse(text)?;
        for (idx, element) in elements(&parsed, &of.path).iter().enumerate() {
            out.push_str(if idx == 0 { "[" } else { ",[" });
            for (idx, column) in columns.iter().enumerate() {
                if idx > 0 {
                    out.push(',');
                }
                write(&mut out, &cell(element, column)?);
            }
            out.push(']');
        }
    }
    out.push(']');
    Ok(out)
}

fn write(out: &mut String, value: &Datum<'_>) {
    match value {
        Datum::Null | Datum::Bytes(_) => out.push_str("null"),
        Datum::Int(number) => out.push_str(&number.to_string()),
        Datum::Real(number) => out.push_str(&format!("{number:?}")),
        Datum::Text(text) => {
            out.push('"');
            for c in text.chars() {
                match c {
                    '"' => out.push_str("\\\""),
                    '\\' => out.push_str("\\\\"),
                    c if u32::from(c) < 0x20 => out.push_str(&format!("\\u{:04x}", u32::from(c))),
                    c => out.push(c),
                }
            }
            out.push('"');
        }
    }
}

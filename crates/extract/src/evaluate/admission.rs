//! Decides whether a document is one for this contract.

use crate::document::Document;
use crate::program::{AppId, Program};
use crate::table::DataType;

/// How many elements are named when the right one is missing.
const NAMES_MAX: usize = 5;

/// The longest element name in a message.
const NAME_CHARS_MAX: usize = 64;

/// Why a document is refused, and its id if that could be read.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) reason: String,
    pub(super) app_id: Option<i64>,
    /// It is of another contract.
    pub(super) other_line: bool,
}

/// Returns the id of an application that may be mapped.
pub(super) fn admit(
    program: &Program,
    document: &Document<'_>,
    expected: Option<i64>,
) -> Result<i64, Refusal> {
    let place = &program.application;
    let mut reasons = Vec::new();
    let id = read_id(&program.app_id, document);
    let app_id = id.as_ref().ok().copied();
    match id {
        Err(reason) => reasons.push(reason),
        Ok(id) => {
            if let Some(expected) = expected.filter(|expected| *expected != id) {
                reasons.push(format!(
                    "the document is of application {id}, its row is of application {expected}"
                ));
            }
        }
    }
    if let Some(reason) = several(program, document) {
        // Which of the ids is that of the row nobody knows.
        return Err(Refusal { reason, app_id: None, other_line: false });
    }
    let other_line = document.element_at(place.node).is_none();
    if other_line {
        let found: Vec<String> = document
            .names_below(place.parent)
            .into_iter()
            .take(NAMES_MAX)
            .map(|name| format!("`{}`", shorten(name)))
            .collect();
        let found = if found.is_empty() { "nothing".to_owned() } else { found.join(", ") };
        reasons.push(format!(
            "there is no `{}`; the contract expects `{}` there and found {found}: perhaps it is of another product line",
            place.path, place.name
        ));
    }
    match (app_id, reasons.is_empty()) {
        (Some(app_id), true) => Ok(app_id),
        (app_id, _) => Err(Refusal { reason: reasons.join("; "), app_id, other_line }),
    }
}

/// Says what a document has twice of what makes it the document of one application: their values would be mixed.
fn several(program: &Program, document: &Document<'_>) -> Option<String> {
    let place = &program.application;
    let path = if document.has_several(place.node) {
        place.path.as_str()
    } else if document.has_several(program.app_id.node) {
        program.app_id.path.rsplit_once('/').map_or("", |(element, _)| element)
    } else {
        return None;
    };
    Some(format!(
        "there are several elements `{path}` in the document, and it is to be of one application; store each application as a document of its own"
    ))
}

/// Reads the id of an application, a positive number.
fn read_id(app_id: &AppId, document: &Document<'_>) -> Result<i64, String> {
    let path = &app_id.path;
    let text =
        document.element_at(app_id.node).and_then(|element| document.text(element, app_id.slot));
    let Some(text) = text else { return Err(format!("there is no application id `{path}`")) };
    if text.is_empty() {
        return Err(format!("the application id `{path}` is empty"));
    }
    let digits = text.strip_prefix('+').unwrap_or(&text);
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) || digits.bytes().all(|byte| byte == b'0')
    {
        return Err(format!("the application id `{path}` is no positive integer"));
    }
    let max = if app_id.data_type == DataType::BigInt { i64::MAX } else { i64::from(i32::MAX) };
    let id = digits.parse().ok().filter(|id| *id <= max);
    id.ok_or_else(|| {
        format!("the application id `{path}` is outside of {}, 1 to {max}", app_id.data_type)
    })
}

fn shorten(name: &str) -> String {
    name.chars().take(NAME_CHARS_MAX).collect()
}

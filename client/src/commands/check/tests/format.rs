//! A contract against the published contract format. The reader reports everything that the format refuses, and more, so
//! the client does without a validator.

use std::sync::LazyLock;

use jsonschema::error::ValidationErrorKind;
use jsonschema::paths::LocationSegment;
use jsonschema::{ValidationError, Validator};
use serde_json::Value as Json;
use xmlx_extract::CONTRACT_FORMAT;

use super::super::Finding;

static FORMAT: LazyLock<Validator> = LazyLock::new(|| {
    let schema = serde_json::from_str(CONTRACT_FORMAT).expect("the contract format is JSON");
    jsonschema::validator_for(&schema).expect("the contract format is a schema")
});

/// Lists where a contract is not what its format says, with places as the contract's reader writes them.
pub(super) fn check(contract: &Json) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for error in FORMAT.iter_errors(contract) {
        for finding in findings_of(&error) {
            if !findings.iter().any(|known| known.place == finding.place) {
                findings.push(finding);
            }
        }
    }
    findings
}

/// A missing or unknown key is reported at its own place, everything else where it is.
fn findings_of(error: &ValidationError<'_>) -> Vec<Finding> {
    let place = place_of(error);
    let key_at =
        |key: &str| if place.is_empty() { key.to_owned() } else { format!("{place}.{key}") };
    let kind = error.kind();
    if let ValidationErrorKind::Required { property } = kind {
        let key = property.as_str().unwrap_or_default();
        return vec![Finding { place: key_at(key), problem: format!("`{key}` is missing") }];
    }
    if let ValidationErrorKind::AdditionalProperties { unexpected } = kind {
        let unknown = |key: &String| Finding {
            place: key_at(key),
            problem: format!("there is no key `{key}`"),
        };
        return unexpected.iter().map(unknown).collect();
    }
    let problem = if let ValidationErrorKind::AnyOf { .. } = kind {
        "not as the contract format has it".to_owned()
    } else {
        error.masked_with("the value").to_string()
    };
    let place = if place.is_empty() { "$".to_owned() } else { place };
    vec![Finding { place, problem }]
}

/// Writes a place like `mappings[12].expression`; codes of conversion tables are in quotes.
fn place_of(error: &ValidationError<'_>) -> String {
    let mut place = String::new();
    for (depth, segment) in error.instance_path().into_iter().enumerate() {
        let in_table = depth == 2
            && (place.starts_with("enum_mappings.") || place.starts_with("bit_conversions."));
        match segment {
            LocationSegment::Index(index) => place.push_str(&format!("[{index}]")),
            LocationSegment::Property(name) if in_table => {
                place.push_str(&format!("[\"{name}\"]"));
            }
            LocationSegment::Property(name) => {
                if !place.is_empty() {
                    place.push('.');
                }
                place.push_str(&name);
            }
        }
    }
    place
}

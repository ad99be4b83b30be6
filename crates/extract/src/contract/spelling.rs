//! Known words of a contract, and which of them a misspelt one was meant to be.

use serde_json::{Map, Value as Json};

use super::{Keep, RuleKind, When};
use crate::convert::Offsets;
use crate::problem::Problems;

/// Keys of the contract itself. The last ones are of older contracts, which say nothing by them.
pub(super) const ROOT_KEYS: &[&str] = &[
    "xml_root_element",
    "xml_application_path",
    "source_table",
    "source_column",
    "source_application_table",
    "target_schema",
    "time_offsets",
    "ignore",
    "table_insertion_order",
    "element_filtering",
    "relationships",
    "mappings",
    "enum_mappings",
    "bit_conversions",
    "description",
    "version",
    "validation_rules",
    "key_identifiers",
    "default_values",
    "contact_type",
];

/// Keys of a mapping; the last ones are of older contracts.
pub(super) const MAPPING_KEYS: &[&str] = &[
    "xml_path",
    "xml_attribute",
    "target_table",
    "target_column",
    "data_type",
    "data_length",
    "nullable",
    "required",
    "mapping_type",
    "expression",
    "enum_name",
    "default_value",
    "exclude_default_when_record_empty",
    "row",
    "when",
    "key",
    "description",
    "validation_rules",
    "key_identifiers",
    "default_values",
    "contact_type",
];

/// Keys of `element_filtering`.
pub(super) const FILTERING_KEYS: &[&str] = &["filter_rules", "description"];

/// Keys of a filter rule.
pub(super) const RULE_KEYS: &[&str] = &[
    "element_type",
    "description",
    "xml_parent_path",
    "xml_child_path",
    "required_attributes",
    "key",
    "keep",
];

/// Types of filter rules.
pub(super) const RULE_KINDS: &[(&str, RuleKind)] = &[
    ("contact", RuleKind::Contact),
    ("address", RuleKind::Address),
    ("employment", RuleKind::Employment),
    ("row", RuleKind::Row),
];

/// Which of several rows with one key counts.
pub(super) const KEEPS: &[(&str, Keep)] = &[("first", Keep::First), ("last", Keep::Last)];

/// What becomes of offsets that their columns cannot hold.
pub(super) const OFFSETS: &[(&str, Offsets)] =
    &[("as_written", Offsets::AsWritten), ("utc", Offsets::ToUtc), ("refuse", Offsets::Refused)];

/// When a value makes a row.
pub(super) const WHENS: &[(&str, When)] = &[
    ("filled", When::Filled),
    ("known", When::Known),
    ("number", When::Number),
    ("true", When::True),
    ("always", When::Always),
];

/// Keys of a relationship.
pub(super) const RELATIONSHIP_KEYS: &[&str] = &[
    "parent_table",
    "child_table",
    "foreign_key_column",
    "xml_parent_path",
    "xml_child_path",
    "description",
];

/// Data types.
pub(super) const DATA_TYPES: &[&str] = &[
    "string",
    "int",
    "smallint",
    "tinyint",
    "bigint",
    "decimal",
    "float",
    "bit",
    "boolean",
    "date",
    "datetime",
    "smalldatetime",
    "datetimeoffset",
];

/// Notes the keys of an object that mean nothing, apart from those that begin like a remark.
pub(super) fn check_keys(
    object: &Map<String, Json>,
    at: &str,
    known: &[&str],
    problems: &mut Problems,
) {
    for key in object.keys() {
        if known.contains(&key.as_str()) || key.starts_with(['_', '$']) {
            continue;
        }
        let path = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
        let suggestion =
            suggest(key, known.iter().copied(), "remove it, or begin it with `_` to keep a remark");
        problems.add(path, format!("there is no key `{key}`"), suggestion);
    }
}

/// Suggests the known word that a misspelt one is closest to, else something general.
pub(super) fn suggest<'w>(
    word: &str,
    known: impl IntoIterator<Item = &'w str>,
    otherwise: &str,
) -> String {
    match nearest(word, known) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => otherwise.to_owned(),
    }
}

/// Finds the known word that takes the fewest changes, if those are few for its length.
pub(crate) fn nearest<'w>(word: &str, known: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    let far = |meant: &str| 1 + word.len().max(meant.len()) / 4;
    known
        .into_iter()
        .map(|meant| (distance(word, meant), meant))
        .filter(|(distance, meant)| *distance <= far(meant))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, meant)| meant)
}

/// Counts the letters to change, add or leave out, apart from case; two that swapped places count once.
fn distance(left: &str, right: &str) -> usize {
    strsim::osa_distance(&left.to_lowercase(), &right.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (left, right, expected) in [
            ("", "", 0),
            ("enum", "enum", 0),
            ("Enum", "enmu", 1),
            ("number_only", "numbers_only", 1),
            ("kitten", "sitting", 3),
            ("", "bit", 3),
        ] {
            assert_eq!(distance(left, right), expected, "{left} {right}");
        }
    }

    #[test]
    fn what_was_meant() {
        assert_eq!(nearest("varchar", DATA_TYPES.iter().copied()), None);
        assert_eq!(nearest("integer", DATA_TYPES.iter().copied()), None);
        assert_eq!(nearest("desimal", DATA_TYPES.iter().copied()), Some("decimal"));
        assert_eq!(nearest("nulable", MAPPING_KEYS.iter().copied()), Some("nullable"));
        assert_eq!(nearest("colour", MAPPING_KEYS.iter().copied()), None);
    }
}

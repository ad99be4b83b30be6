//! Checks that names can be what they are for: tables of a schema, elements and attributes of a document.

use super::Contract;
use crate::document::is_name;
use crate::layout::TEXT;
use crate::problem::Problems;

/// Notes names that can never be met.
pub(super) fn check(contract: &Contract, problems: &mut Problems) {
    check_tables(contract, problems);
    check_paths(contract, problems);
    check_attributes(contract, problems);
}

/// Splits a table's name at the points that are outside of brackets.
fn parts(name: &str) -> Vec<&str> {
    let mut in_brackets = false;
    let is_point = |character: char| {
        in_brackets = (in_brackets || character == '[') && character != ']';
        character == '.' && !in_brackets
    };
    name.split(is_point).collect()
}

fn check_tables(contract: &Contract, problems: &mut Problems) {
    let source = &contract.source;
    let application_tables =
        source.application_tables.iter().map(|table| ("source_application_table", table));
    for (key, table) in [("source_table", &source.table)].into_iter().chain(application_tables) {
        let parts = parts(table);
        let is_empty = |part: &&str| part.trim_matches(['[', ']', ' ']).is_empty();
        if !table.is_empty() && (parts.len() > 2 || parts.iter().any(is_empty)) {
            let reason = format!("`{table}` is neither a table nor a schema and a table");
            let suggestion = "write `table` or `schema.table`; the database is that of the connection string, and a name with a point stands in brackets";
            problems.add(key, reason, suggestion);
        }
    }
    for (table_ix, table) in contract.insertion_order.iter().enumerate() {
        if parts(table).len() > 1 {
            let reason = format!("`{table}` names a schema");
            let suggestion = "write the table alone: its schema is `target_schema`";
            problems.add(format!("table_insertion_order[{table_ix}]"), reason, suggestion);
        }
    }
}

/// What is wrong with a name of a path, and what to write.
fn misread(name: &str) -> Option<(String, String)> {
    if is_name(name) {
        return None;
    }
    let bare = name.split('[').next().unwrap_or(name).trim();
    let (reason, suggestion) = if let Some((_, local)) = name.split_once(':')
        && is_name(local)
    {
        (
            "has a prefix".to_owned(),
            format!("write `{local}`: names of elements and attributes are without prefixes"),
        )
    } else if let Some(attribute) = name.strip_prefix('@') {
        let attribute = if attribute.is_empty() { "name" } else { attribute };
        (
            "is an attribute, not an element".to_owned(),
            format!("end the path before it, and write `\"xml_attribute\": \"{attribute}\"`"),
        )
    } else if name == TEXT {
        (
            "is text, not an element".to_owned(),
            format!("end the path before it, and write `\"xml_attribute\": \"{TEXT}\"`"),
        )
    } else if name.contains('[') && is_name(bare) {
        (
            "has a condition, and paths have none".to_owned(),
            format!(
                "write `{bare}`; which elements count is said by `required_attributes` of a filter rule of type `row`, and a value of one of several by `CASE`"
            ),
        )
    } else {
        (
            "is no name of an element".to_owned(),
            "write a path like `/Root/Child`, which is no XPath: names and slashes alone"
                .to_owned(),
        )
    };
    Some((format!("`{name}` {reason}"), suggestion))
}

fn check_paths(contract: &Contract, problems: &mut Problems) {
    if let Some((reason, suggestion)) =
        misread(&contract.root_element).filter(|_| !contract.root_element.is_empty())
    {
        problems.add("xml_root_element", reason, suggestion);
    }
    let application = [("xml_application_path".to_owned(), &contract.application_path)];
    let child = |at: &str| format!("{at}.xml_child_path");
    let rules = contract.rules.iter().map(|rule| (child(&rule.at), &rule.child_path));
    let relationships = contract.relationships.iter();
    let relationships =
        relationships.map(|relationship| (child(&relationship.at), &relationship.child_path));
    let mappings = contract.mappings.iter();
    let mappings = mappings.map(|mapping| (format!("{}.xml_path", mapping.at), &mapping.path));
    for (at, path) in application.into_iter().chain(rules).chain(relationships).chain(mappings) {
        // Empty names have been noted.
        let mut names = path.iter().filter(|name| !name.is_empty());
        if let Some((reason, suggestion)) = names.find_map(|name| misread(name)) {
            problems.add(at, reason, suggestion);
        }
    }
}

fn check_attributes(contract: &Contract, problems: &mut Problems) {
    let mappings = contract.mappings.iter();
    let mapped = mappings
        .map(|mapping| (format!("{}.xml_attribute", mapping.at), mapping.attribute.as_str()));
    let required = contract.rules.iter().flat_map(|rule| {
        let names = rule.filled.iter().chain(rule.choice.as_ref().map(|(name, _)| name));
        names.map(|name| (format!("{}.required_attributes", rule.at), name.as_str()))
    });
    for (at, name) in mapped.chain(required) {
        if name.is_empty() || name == TEXT || is_name(name) {
            continue;
        }
        let local = name.rsplit([':', '@']).next().unwrap_or(name);
        let suggestion = if is_name(local) {
            format!("write `{local}`")
        } else {
            format!("write its name alone, or `{TEXT}` for the text of the element")
        };
        problems.add(at, format!("`{name}` is no name of an attribute"), suggestion);
    }
}

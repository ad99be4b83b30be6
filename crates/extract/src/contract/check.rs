//! Checks that the parts of a contract fit together.

mod names;
mod rows;

use std::collections::BTreeSet;

use super::spelling::suggest;
use super::{Contract, LOG_TABLE, Mapping, Rule, RuleKind, Step};
use crate::problem::Problems;

/// Notes everything that does not fit.
pub(crate) fn check(contract: &Contract, problems: &mut Problems) {
    names::check(contract, problems);
    check_paths(contract, problems);
    check_rules(contract, problems);
    rows::check(contract, problems);
    check_order(contract, problems);
    check_mappings(contract, problems);
    check_keys(contract, problems);
}

/// Everything is within the root element.
fn check_paths(contract: &Contract, problems: &mut Problems) {
    let root = contract.root_element.as_str();
    let is_outside =
        |path: &[String]| !root.is_empty() && path.first().is_some_and(|first| first != root);
    // A path that is missing has been noted.
    let is_written = |path: &[String]| path.iter().all(|name| !name.is_empty());
    if is_outside(&contract.application_path) && is_written(&contract.application_path) {
        let reason = format!("`{root}` is not the root of `xml_application_path`");
        let suggestion = format!("write `{}`, or correct the path", contract.application_path[0]);
        problems.add("xml_root_element", reason, suggestion);
        return;
    }
    let rules = contract.rules.iter().map(|rule| (&rule.at, "xml_child_path", &rule.child_path));
    let relationships = contract
        .relationships
        .iter()
        .map(|relationship| (&relationship.at, "xml_child_path", &relationship.child_path));
    let mappings = contract.mappings.iter().map(|mapping| (&mapping.at, "xml_path", &mapping.path));
    for (at, key, path) in rules.chain(relationships).chain(mappings) {
        if is_outside(path) && is_written(path) {
            let reason = format!("`/{}` is outside of the root element `{root}`", path.join("/"));
            problems.add(format!("{at}.{key}"), reason, format!("begin it with `/{root}`"));
        }
    }
}

fn check_rules(contract: &Contract, problems: &mut Problems) {
    let at = "element_filtering.filter_rules";
    let has = |kind| contract.rules.iter().any(|rule| rule.kind == kind);
    // A contract of the reference has both; one with `row` rules can do without.
    let has_parts = has(RuleKind::Address) || has(RuleKind::Employment);
    let needs_contact = has_parts || !has(RuleKind::Row);
    let needs_address = !has(RuleKind::Row);
    for (kind, name, needed) in [
        (RuleKind::Contact, "contact", needs_contact),
        (RuleKind::Address, "address", needs_address),
    ] {
        if needed && !has(kind) {
            problems.add(
                at,
                format!("there is no rule for `{name}`"),
                format!("add one with `element_type`: `{name}`"),
            );
        }
    }
    for rule in &contract.rules {
        let attributes_at = format!("{}.required_attributes", rule.at);
        let needs_choice = rule.kind != RuleKind::Row || rule.choice.is_some();
        if needs_choice && rule.choice.as_ref().is_none_or(|(_, values)| values.is_empty()) {
            problems.add(
                &attributes_at,
                "no attribute has a list of values",
                "list the values, the most important first",
            );
        }
        if rule.kind == RuleKind::Contact && rule.filled.is_empty() {
            problems.add(
                &attributes_at,
                "no attribute identifies the contact",
                "set it to true, like `con_id`: true",
            );
        }
        let n_same = contract.rules.iter().filter(|other| other.kind == rule.kind).count();
        if n_same > 1 && rule.kind != RuleKind::Row {
            problems.add(&rule.at, "there are two rules of this element type", "leave one");
        }
        let needs_table = rule.kind == RuleKind::Row || has_rows(contract, rule);
        if contract.table_of(rule).is_none() && needs_table {
            let suggestion =
                "add a relationship with the same `xml_child_path`, or correct one of the two";
            problems.add(
                format!("{}.xml_child_path", rule.at),
                "no relationship has this path",
                suggestion,
            );
        }
    }
}

/// Says whether a mapping reads the elements of a rule.
fn has_rows(contract: &Contract, rule: &Rule) -> bool {
    contract
        .mappings
        .iter()
        .any(|mapping| mapping.path == rule.child_path && mapping.steps.is_empty())
}

fn check_order(contract: &Contract, problems: &mut Problems) {
    let order: BTreeSet<&str> = contract.insertion_order.iter().map(String::as_str).collect();
    if order.len() < contract.insertion_order.len() {
        problems.add("table_insertion_order", "a table is listed twice", "list each table once");
    }
    for relationship in &contract.relationships {
        let child = relationship.child_table.as_str();
        if !child.is_empty() && !order.contains(child) {
            let reason = format!("`{child}` is not in `table_insertion_order`");
            let suggestion = suggest(child, order.iter().copied(), "add it there");
            problems.add(format!("{}.child_table", relationship.at), reason, suggestion);
        }
    }
    check_parents_first(contract, problems);
    let related = |table: &str| {
        contract.relationships.iter().any(|relationship| {
            relationship.child_table == table || relationship.parent_table == table
        })
    };
    for (table_ix, table) in contract.insertion_order.iter().enumerate() {
        let mut mappings =
            contract.mappings.iter().filter(|mapping| mapping.table == *table).peekable();
        let makes_rows = |mapping: &Mapping| mapping.steps.iter().any(Step::makes_rows_alone);
        if table == LOG_TABLE
            || mappings.peek().is_none()
            || mappings.all(makes_rows)
            || related(table)
        {
            continue;
        }
        let reason = format!("`{table}` has no relationship");
        problems.add(
            format!("table_insertion_order[{table_ix}]"),
            reason,
            "add it to `relationships` as a child",
        );
    }
}

/// A row needs the row that it hangs off.
fn check_parents_first(contract: &Contract, problems: &mut Problems) {
    let order = &contract.insertion_order;
    let place = |name: &str| order.iter().position(|table| table == name);
    for relationship in &contract.relationships {
        let (parent, child) = (&relationship.parent_table, &relationship.child_table);
        let (Some(parent_place), Some(child_place)) = (place(parent), place(child)) else {
            continue;
        };
        if child_place < parent_place {
            problems.add(
                format!("table_insertion_order[{child_place}]"),
                format!("`{child}` comes before its parent `{parent}`"),
                format!("list `{parent}` first"),
            );
        }
    }
}

fn check_mappings(contract: &Contract, problems: &mut Problems) {
    let order: BTreeSet<&str> = contract.insertion_order.iter().map(String::as_str).collect();
    let mut columns = BTreeSet::new();
    for mapping in &contract.mappings {
        let at = &mapping.at;
        if !mapping.table.is_empty() && !order.contains(mapping.table.as_str()) {
            let reason = format!("`{}` is not in `table_insertion_order`", mapping.table);
            let suggestion = suggest(&mapping.table, order.iter().copied(), "add it there");
            problems.add(format!("{at}.target_table"), reason, suggestion);
        }
        if mapping.table == LOG_TABLE {
            let reason = format!("`{LOG_TABLE}` is written by the product itself");
            problems.add(format!("{at}.target_table"), reason, "remove the mapping");
        }
        if mapping.has(&Step::Enum) && !contract.enums.contains_key(mapping.enum_key()) {
            let reason = format!("there is no enum `{}`", mapping.enum_key());
            let suggestion = suggest(
                mapping.enum_key(),
                contract.enums.keys().map(String::as_str),
                "add it to `enum_mappings` or set `enum_name`",
            );
            problems.add(format!("{at}.mapping_type"), reason, suggestion);
        }
        if mapping.has(&Step::Calculated) && mapping.expression.is_none() {
            problems.add(
                format!("{at}.expression"),
                "`calculated_field` needs an expression",
                "add `expression`",
            );
        }
        let may_repeat = mapping.steps.iter().any(Step::makes_rows);
        if !may_repeat && !columns.insert((mapping.table.as_str(), mapping.column.as_str())) {
            let reason = format!("`{}.{}` is mapped twice", mapping.table, mapping.column);
            let suggestion = "leave one of the mappings; which of several values counts can be said by `calculated_field`, like `CASE WHEN a IS EMPTY THEN b ELSE a END`";
            problems.add(format!("{at}.target_column"), reason, suggestion);
        }
        check_contacts(contract, mapping, problems);
    }
}

/// What mapping types say of contacts has to be in the rule for contacts.
fn check_contacts(contract: &Contract, mapping: &Mapping, problems: &mut Problems) {
    if mapping.has(&Step::LastValidPrimary) && contract.contact_rule().is_none() {
        let reason = "there is no filter rule for contacts";
        problems.add(format!("{}.mapping_type", mapping.at), reason, "add one, or remove the type");
    }
    let needs_secondary =
        mapping.has(&Step::LastValidSecondary) || mapping.has(&Step::LastSecondary);
    let roles = contract
        .contact_rule()
        .and_then(|rule| rule.choice.as_ref())
        .map_or(0, |(_, roles)| roles.len());
    if needs_secondary && roles < 2 {
        let reason = "there is no second role of contacts";
        problems.add(
            format!("{}.mapping_type", mapping.at),
            reason,
            "list two roles in the contact's filter rule",
        );
    }
}

fn check_keys(contract: &Contract, problems: &mut Problems) {
    let Some(root) = contract.root_table() else {
        let suggestion = "relate each table to the table of the application";
        problems.add("relationships", "no table is only a parent", suggestion);
        return;
    };
    if contract.app_id_mapping().is_none() {
        let key = contract.key_of(root).unwrap_or_default();
        let reason = format!("no mapping gives `{root}.{key}`, the id of the application");
        problems.add("mappings", reason, "add one of type `identity_insert`");
    }
    for relationship in &contract.relationships {
        let key = contract.keys_of(&relationship.parent_table);
        if relationship.foreign_key != key {
            let key = key.join("`, `");
            let reason =
                format!("`{}` is tied by two different columns", relationship.parent_table);
            problems.add(
                format!("{}.foreign_key_column", relationship.at),
                reason,
                format!("use `{key}`"),
            );
        }
    }
}

//! Checks that rules of type `row`, their relationships and their mappings fit together.

use crate::contract::{Contract, Mapping, Rule, RuleKind, Step};
use crate::problem::Problems;

/// Notes what does not fit.
pub(super) fn check(contract: &Contract, problems: &mut Problems) {
    for (rule_ix, rule) in contract.rules.iter().enumerate() {
        if rule.kind == RuleKind::Row {
            check_place(contract, rule, rule_ix, problems);
            check_parent(contract, rule, problems);
            check_key(contract, rule, problems);
        }
    }
    check_foreign_keys(contract, problems);
    for mapping in &contract.mappings {
        check_number(contract, mapping, problems);
    }
}

/// The path of a rule belongs to it alone.
fn check_place(contract: &Contract, rule: &Rule, rule_ix: usize, problems: &mut Problems) {
    let path = &rule.child_path;
    let at = format!("{}.xml_child_path", rule.at);
    let is_same = |other: &Rule| {
        // Addresses and employments are children of contacts by their name.
        let below_contact = contract.contact_rule().is_some_and(|contact| {
            rule.is_below(&contact.child_path) && path.len() == contact.child_path.len() + 1
        });
        match other.kind {
            RuleKind::Contact | RuleKind::Row => other.child_path == *path,
            RuleKind::Address | RuleKind::Employment => {
                other.child_path == *path || (below_contact && other.element() == rule.element())
            }
        }
    };
    let others = contract.rules.iter().enumerate();
    let table_of = |rule: &Rule| contract.table_of(rule).map(|it| &it.child_table);
    let table = table_of(rule);
    let mut before = contract.rules[..rule_ix].iter();
    if others.filter(|(other_ix, _)| *other_ix != rule_ix).any(|(_, other)| is_same(other)) {
        let suggestion = "leave one: the elements of a path go to one table";
        problems.add(&at, "another rule has these elements", suggestion);
    } else if table.is_some() && before.any(|other| table_of(other) == table) {
        let reason = "another rule makes the rows of the same table";
        problems.add(&at, reason, "give the elements of each rule a table of their own");
    }
    let tied = contract.relationships.iter().filter(|other| other.child_path == *path);
    if tied.count() > 1 {
        let reason = "two relationships have this path";
        problems.add(&at, reason, "leave the one of the table that the elements go to");
    }
}

/// Rows hang off the application or off elements that are around theirs.
fn check_parent(contract: &Contract, rule: &Rule, problems: &mut Problems) {
    let Some(relationship) = contract.table_of(rule) else { return };
    if contract.parent_of(rule).is_some() || relationship.parent_table.is_empty() {
        return;
    }
    let parent = &relationship.parent_table;
    let at = format!("{}.parent_table", relationship.at);
    match contract.rule_of(parent) {
        Some(_) => {
            let reason = format!("the elements of `{parent}` are not around those of the rule");
            problems.add(at, reason, "hang the table off one whose elements are");
        }
        None => {
            let reason = format!("`{parent}` is neither the application's table nor one of a rule");
            problems.add(at, reason, "hang the table off one that is");
        }
    }
}

/// The key of rows is among what is mapped.
fn check_key(contract: &Contract, rule: &Rule, problems: &mut Problems) {
    let Some(relationship) = contract.table_of(rule) else { return };
    let table = &relationship.child_table;
    for column in &rule.key {
        let gives = |mapping: &Mapping| {
            mapping.table == *table && mapping.column == *column && !mapping.has(&Step::RowNumber)
        };
        if !contract.mappings.iter().any(gives) {
            let reason = format!("no mapping reads `{table}.{column}`");
            problems.add(format!("{}.key", rule.at), reason, "name columns that are mapped");
        }
    }
}

/// Keys of several columns are for rows of rows, which know their parent's columns.
fn check_foreign_keys(contract: &Contract, problems: &mut Problems) {
    for relationship in &contract.relationships {
        let parent = contract.rule_of(&relationship.parent_table);
        let of_rows = parent.is_some_and(|rule| rule.kind != RuleKind::Contact);
        if relationship.foreign_key.len() > 1 && !of_rows {
            let reason = format!("`{}` has a key of one column", relationship.parent_table);
            let at = format!("{}.foreign_key_column", relationship.at);
            problems.add(at, reason, "name that column");
        }
    }
}

/// Only rows that are elements have numbers.
fn check_number(contract: &Contract, mapping: &Mapping, problems: &mut Problems) {
    if !mapping.has(&Step::RowNumber) {
        return;
    }
    let at = format!("{}.mapping_type", mapping.at);
    if mapping.steps.len() > 1 {
        let reason = "`row_number` stands alone";
        problems.add(&at, reason, "remove the other mapping types");
    }
    let rule = contract.rule_of(&mapping.table);
    if rule.is_none_or(|rule| rule.kind == RuleKind::Contact) {
        let reason = format!("the rows of `{}` have no numbers", mapping.table);
        let suggestion = "use it for a table whose rows are the elements of a filter rule";
        problems.add(at, reason, suggestion);
    } else if !mapping.data_type.is_number() {
        let reason = "the number of a row is no value of this type";
        problems.add(format!("{}.data_type", mapping.at), reason, "write `int`");
    }
}

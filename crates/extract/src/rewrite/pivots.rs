//! Tables in which mappings make rows by themselves: each is an entry of `each`.

use std::collections::BTreeMap;

use super::Rewriter;
use super::columns::{Column, Counts, RowOf, scalar, type_text};
use super::sources::Source;
use super::toml::{inline, key, quote, texts};
use crate::contract::{Mapping, RowPart, RowTemplate, Step, When};
use crate::table::DataType;

/// Conditions on a value that is a word for yes.
const YES: &str = "contains('|y|yes|true|t|1|', concat('|', lower-case(normalize-space(.)), '|'))";

/// A row that mappings make: what fills its columns.
type Entry = Vec<(String, String)>;

impl Rewriter<'_, '_> {
    pub(super) fn pivot(&mut self, name: &str, mappings: &[&Mapping]) -> String {
        let is_group = mappings.iter().any(|it| it.steps.iter().any(|step| step.group().is_some()));
        if is_group { self.groups(name, mappings) } else { self.key_values(name, mappings) }
    }

    fn header(&self, name: &str) -> String {
        let root = quote(&format!("/{}", self.contract.root_element));
        format!("[[table]]\nname = {}\nrows = {root}\n", quote(name))
    }

    fn key_values(&mut self, name: &str, mappings: &[&Mapping]) -> String {
        let notes = mappings.iter().find(|mapping| mapping.has(&Step::PolicyException(None)));
        let notes: Option<Source> =
            notes.map(|mapping| self.source(mapping, &mapping.attribute, RowOf::Application));
        let mut entries: Vec<Entry> = Vec::new();
        let mut row_key: Vec<String> = Vec::new();
        let mut needs: Vec<String> = Vec::new();
        let mut is_always = false;
        for mapping in mappings {
            let Some(step) = mapping.steps.iter().find(|step| step.makes_rows_alone()) else {
                continue;
            };
            let Some(template) = crate::compile::template(step, mapping) else { continue };
            row_key.clone_from(&template.key);
            is_always |= template.when == When::Always;
            entries.push(self.entry(mapping, step, &template, notes.as_ref(), &mut needs));
        }
        if is_always {
            needs.clear();
            self.check_mixed(mappings);
        }
        let mut text = self.header(name);
        if !row_key.is_empty() {
            text.push_str(&format!("key = {}\nkeep = \"last\"\n", texts(&row_key)));
        }
        if !needs.is_empty() {
            text.push_str(&format!("needs = {}\n", texts(&needs)));
        }
        text.push_str(&each(&entries));
        text.push_str(&common_block(&self.common(name, &entries, &row_key)));
        text
    }

    /// The row that a mapping makes.
    fn entry(
        &mut self,
        mapping: &Mapping,
        step: &Step,
        template: &RowTemplate,
        notes: Option<&Source>,
        needs: &mut Vec<String>,
    ) -> Entry {
        let source = self.source(mapping, &mapping.attribute, RowOf::Application);
        let mut entry = Entry::new();
        for (column, part) in &template.columns {
            let written = match part {
                RowPart::Nothing => {
                    let Some(notes) = notes.filter(|_| column == "notes") else { continue };
                    notes.from()
                }
                RowPart::Literal(literal) => {
                    self.literal(mapping, template, &source, (column, scalar(literal)), needs)
                }
                RowPart::Value => {
                    if !needs.contains(column) {
                        needs.push(column.clone());
                    }
                    self.entry_value(mapping, step, template, &source)
                }
                RowPart::Attribute(attribute) => {
                    self.source(mapping, attribute, RowOf::Application).from()
                }
            };
            entry.push((column.clone(), written));
        }
        entry
    }

    /// Rows that are always there and others that are not cannot stand in one table.
    fn check_mixed(&mut self, mappings: &[&Mapping]) {
        let mixed = mappings
            .iter()
            .find(|mapping| mapping.row.as_ref().is_some_and(|row| row.when != When::Always));
        if let Some(mapping) = mixed {
            let reason = "some rows of the table are always there, and others are not";
            self.cannot(mapping, "when", reason, "use a table of its own");
        }
    }

    /// What all entries have in common of each column: its type.
    fn common(&self, name: &str, entries: &[Entry], row_key: &[String]) -> Vec<(String, String)> {
        let Some(table) = self.tables.iter().find(|table| table.name == name) else {
            return Vec::new();
        };
        let is_filled =
            |column: &str| entries.iter().any(|entry| entry.iter().any(|(name, _)| name == column));
        let columns = table.columns.iter().skip(1).filter(|column| is_filled(&column.name));
        columns
            .map(|column| {
                let data_type = type_text(column.data_type);
                let required =
                    if row_key.contains(&column.name) { ", required = true" } else { "" };
                (column.name.clone(), format!("{{ type = {}{required} }}", quote(&data_type)))
            })
            .collect()
    }

    /// A value of the contract; where it is all that the row has to say, it stands for a yes of the document.
    fn literal(
        &mut self,
        mapping: &Mapping,
        template: &RowTemplate,
        source: &Source,
        (column, literal): (&str, String),
        needs: &mut Vec<String>,
    ) -> String {
        let has_value = template.columns.iter().any(|(_, part)| matches!(part, RowPart::Value));
        let is_last = template.columns.last().is_some_and(|(last, _)| last == column);
        if has_value || !is_last || template.when == When::Always {
            if has_value && template.when == When::True && is_last {
                self.yes_with_value(mapping);
            }
            return inline(&[format!("value = {literal}")]);
        }
        let Some(path) = source.only() else {
            let reason = "whether there is a row is said in several places";
            self.cannot(mapping, "mapping_type", reason, "leave it in format 1");
            return literal;
        };
        let condition = match template.when {
            When::True => YES.to_owned(),
            When::Filled => "normalize-space(.)".to_owned(),
            When::Known => {
                "not(contains('||null|none|', concat('|', lower-case(normalize-space(.)), '|')))"
                    .to_owned()
            }
            When::Number => "number(.) = number(.)".to_owned(),
            When::Always => String::new(),
        };
        if !needs.contains(&column.to_owned()) {
            needs.push(column.to_owned());
        }
        let when = quote(&format!("{path}[{condition}]"));
        inline(&[format!("value = {literal}"), format!("when = {when}")])
    }

    fn yes_with_value(&mut self, mapping: &Mapping) {
        let reason = "rows whose value has to be a yes, and that take the value, too";
        self.cannot(mapping, "when", reason, "write the value as a constant of the row");
    }

    /// The value of an entry, with how it is read.
    fn entry_value(
        &mut self,
        mapping: &Mapping,
        step: &Step,
        template: &RowTemplate,
        source: &Source,
    ) -> String {
        if *step == Step::AddRow {
            if template.when == When::True {
                self.yes_with_value(mapping);
            }
            let mut column = self.column(mapping, RowOf::Application);
            column.keys.retain(|(key, _)| !matches!(*key, "type" | "required"));
            if template.when == When::Known {
                column.set("reading", "{ nulls = [\"null\", \"none\"] }".to_owned());
            }
            if template.when == When::Number && !mapping.data_type.is_number() {
                let reason = "a number is wanted, and the value is kept as text";
                self.cannot(mapping, "when", reason, "give the mapping a type of numbers");
            }
            return column.value();
        }
        let mut parts = vec![format!("from = {}", source.from())];
        if let Some(pick) = source.pick {
            parts.push(format!("pick = {}", quote(pick)));
        }
        if source.is_text {
            parts.push("join = \"\"".to_owned());
        }
        let mut reading = Vec::new();
        if source.is_exact {
            reading.push("attributes = \"exact\"");
        }
        if template.when == When::Known {
            reading.push("nulls = [\"null\", \"none\"]");
        }
        if !reading.is_empty() {
            parts.push(format!("reading = {{ {} }}", reading.join(", ")));
        }
        match parts.as_slice() {
            [_] => source.from(),
            _ => inline(&parts),
        }
    }

    fn groups(&mut self, name: &str, mappings: &[&Mapping]) -> String {
        let mut groups: BTreeMap<i64, Vec<Column>> = BTreeMap::new();
        let mut kind = Group { number_column: "warranty_type_enum".to_owned(), is_strict: false };
        let mut needs: Vec<String> = Vec::new();
        let mut fills: Vec<(String, String)> = Vec::new();
        for mapping in mappings {
            let Some(step) = mapping.steps.iter().find(|step| step.group().is_some()) else {
                continue;
            };
            if let Step::RowGroup(column, _) = step {
                kind = Group { number_column: column.clone(), is_strict: true };
            } else if let Step::Collateral(_) = step {
                kind = Group { number_column: "sort_order".to_owned(), is_strict: true };
            }
            let column = self.group_column(mapping, &kind, &mut fills);
            let is_worth =
                mapping.column == "wholesale_value" && kind.number_column == "sort_order";
            let need = format!("{}{}", mapping.column, if is_worth { " > 0" } else { "" });
            let counts = mapping.data_type != DataType::Bit && !mapping.has(&Step::Calculated);
            if counts && !needs.contains(&need) {
                needs.push(need);
            }
            groups.entry(step.group().unwrap_or_default()).or_default().push(column);
        }
        let number = kind.number_column;
        let common = common_of_groups(&number, &groups, &fills);
        let entries: Vec<Entry> = groups
            .into_iter()
            .map(|(group, columns)| {
                let mut entry = vec![(number.clone(), inline(&[format!("value = {group}")]))];
                for mut column in columns {
                    let fill = fills.iter().find(|(known, _)| *known == column.name);
                    column.keys.retain(|(key, value)| {
                        *key != "type"
                            && !(*key == "default" && fill.is_some_and(|(_, fill)| fill == value))
                    });
                    entry.push((column.name.clone(), column.value()));
                }
                entry
            })
            .collect();
        let mut text = self.header(name);
        text.push_str(&format!("key = {}\nneeds = {}\n", texts(&[&number]), texts(&needs)));
        text.push_str(&each(&entries));
        text.push_str(&common_block(&common));
        text
    }

    /// A column of a row that several mappings make: whatever has no value has its default, and text is not cut.
    fn group_column(
        &mut self,
        mapping: &Mapping,
        kind: &Group,
        fills: &mut Vec<(String, String)>,
    ) -> Column {
        let mut column = self.column(mapping, RowOf::Application);
        if let Some(default) = mapping.default.as_ref().filter(|it| !it.as_text().is_empty()) {
            if column.get("default").is_none() {
                column.set("default", quote(default.as_text()));
            }
            column.keys.retain(|(key, _)| *key != "on_error");
            let default = column.get("default").unwrap_or_default().to_owned();
            if !fills.iter().any(|(known, _)| *known == mapping.column) {
                fills.push((mapping.column.clone(), default));
            }
        }
        let is_text = matches!(mapping.data_type, DataType::Text { .. });
        let data_type =
            if is_text { DataType::Text { units_max: None } } else { mapping.data_type };
        column.set("type", quote(&type_text(data_type)));
        if !kind.is_strict {
            column.keys.retain(|(key, _)| *key != "required");
        }
        column.counts = Counts::Value;
        column
    }
}

/// How rows that several mappings make are numbered.
struct Group {
    number_column: String,
    /// A missing value is an error, and not left to the database.
    is_strict: bool,
}

/// The types of all columns, and the defaults of those that an entry does not fill.
fn common_of_groups(
    number: &str,
    groups: &BTreeMap<i64, Vec<Column>>,
    fills: &[(String, String)],
) -> Vec<(String, String)> {
    let numbered = "{ type = \"smallint\", required = true }".to_owned();
    let mut common: Vec<(String, String)> = vec![(number.to_owned(), numbered)];
    for column in groups.values().flatten() {
        if common.iter().any(|(known, _)| *known == column.name) {
            continue;
        }
        let mut parts = vec![format!("type = {}", column.get("type").unwrap_or_default())];
        if let Some((_, default)) = fills.iter().find(|(known, _)| *known == column.name) {
            parts.push(format!("default = {default}"));
        }
        common.push((column.name.clone(), inline(&parts)));
    }
    common
}

fn each(entries: &[Entry]) -> String {
    let mut text = String::from("each = [\n");
    for entry in entries {
        let parts: Vec<String> =
            entry.iter().map(|(name, value)| format!("{} = {value}", key(name))).collect();
        text.push_str(&format!("    {},\n", inline(&parts)));
    }
    text.push_str("]\n");
    text
}

fn common_block(columns: &[(String, String)]) -> String {
    let mut text = String::from("[table.columns]\n");
    for (name, value) in columns {
        text.push_str(&format!("{} = {value}\n", key(name)));
    }
    text.push('\n');
    text
}

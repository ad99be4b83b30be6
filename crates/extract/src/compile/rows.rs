//! Compiles tables whose rows are elements: those of `row` rules, and addresses and employments as cases of them.

use super::Compiler;
use super::sources::RowOf;
use crate::contract::{Mapping, Parent, Rule, RuleKind, Step};
use crate::layout::{NameMatch, RecordKind, TEXT};
use crate::program::{Cell, Choice, Needed, RowParent, RowsProgram, Source, TableProgram, Worth};
use crate::table::{Column, DataType};

/// Columns and attributes one of which makes an address or an employment worth a row.
const ADDRESS_COLUMNS: [&str; 5] = ["zip", "city", "street_name", "street_number", "state"];
const ADDRESS_ATTRIBUTES: [&str; 3] = ["zip_code", "city", "street_name"];
const EMPLOYMENT_COLUMNS: [&str; 5] =
    ["business_name", "monthly_salary", "job_title", "zip", "city"];
const EMPLOYMENT_ATTRIBUTES: [&str; 3] = ["business_name", "zip_code", "city"];

impl Compiler<'_, '_> {
    /// Compiles the table of a rule other than that for contacts.
    pub(super) fn rows(
        &mut self,
        rule: &Rule,
        mappings: &[&Mapping],
    ) -> Option<(Vec<Column>, TableProgram)> {
        let contract = self.contract;
        let (parent, mut columns) = self.parent(rule)?;
        let is_number = |mapping: &&&Mapping| mapping.has(&Step::RowNumber);
        let read: Vec<&Mapping> = mappings.iter().filter(|it| !is_number(it)).copied().collect();
        let n_keys = columns.len();
        let mut numbers = Vec::new();
        for mapping in mappings.iter().filter(is_number) {
            numbers.push((columns.len(), mapping.data_type));
            columns.push(Column { nullable: false, ..super::tables::column_of(mapping) });
        }
        let mut cells = self.cells(&read, &mut columns, RowOf::Element(rule));
        // What other tables are tied by must have a value.
        let table = contract.table_of(rule).map_or("", |relationship| &relationship.child_table);
        for cell in &mut cells {
            if contract.keys_of(table).contains(&columns[cell.column].name) {
                cell.nullable = false;
                columns[cell.column].nullable = false;
            }
        }
        let place = |name: &str| columns.iter().position(|column| column.name == name);
        let key = Self::row_key(rule, mappings).into_iter().filter_map(|name| place(&name));
        let key: Vec<usize> = key.filter(|column| *column >= n_keys).collect();
        let own = own_columns(&cells);
        if rule.kind == RuleKind::Row && own.is_empty() {
            let reason =
                format!("nothing of `{}` itself is mapped, so it never has a row", rule.element());
            self.problems.add(&rule.at, reason, "map an attribute of it, or its text");
        }
        let worth = match rule.kind {
            RuleKind::Contact | RuleKind::Row => Worth::Data { columns: own },
            RuleKind::Address | RuleKind::Employment => {
                let (names, attributes) = if rule.kind == RuleKind::Address {
                    (ADDRESS_COLUMNS, ADDRESS_ATTRIBUTES)
                } else {
                    (EMPLOYMENT_COLUMNS, EMPLOYMENT_ATTRIBUTES)
                };
                Worth::Stated {
                    columns: names.into_iter().filter_map(place).collect(),
                    slots: self.exact_slots(rule.element(), attributes),
                    besides: key.first().copied(),
                }
            }
        };
        let choice = rule.choice.as_ref().map(|(attribute, values)| Choice {
            needed: self.needed(rule, attribute),
            values: values.clone(),
            ranks: rule.kind == RuleKind::Row,
        });
        let program = RowsProgram {
            kind: self.records(rule),
            parent,
            filled: rule.filled.iter().map(|name| self.needed(rule, name)).collect(),
            choice,
            cells,
            numbers,
            key,
            keep: rule.keep,
            worth,
        };
        Some((columns, TableProgram::Rows(Box::new(program))))
    }

    /// Finds what an element must have to be a row: an attribute, or else a child of that name, of which the text is read.
    /// Of addresses and employments an attribute alone, as in the reference.
    fn needed(&mut self, rule: &Rule, name: &str) -> Needed {
        let slot = self.layout.slot(rule.element(), name, NameMatch::Exact);
        let child = (rule.kind == RuleKind::Row && name != TEXT).then(|| {
            let mut path = rule.child_path.clone();
            path.push(name.to_owned());
            (self.values(rule, &path), self.layout.slot(name, TEXT, NameMatch::Exact))
        });
        Needed { slot, child }
    }

    /// Finds what rows hang off and the columns that they get from there.
    fn parent(&mut self, rule: &Rule) -> Option<(RowParent, Vec<Column>)> {
        let contract = self.contract;
        match contract.parent_of(rule) {
            Some(Parent::Application) => {
                Some((RowParent::Application, vec![self.app_id_column(false)]))
            }
            Some(Parent::Contact(contact)) => {
                let Some(relationship) = contract.table_of(contact) else {
                    return self.no_contacts(rule);
                };
                let table = &relationship.child_table;
                let name = self.contact_key(table).unwrap_or("con_id").to_owned();
                let mut mappings = contract.mappings.iter();
                let mapping = mappings.find(|it| it.table == *table && it.column == name);
                let data_type = mapping.map_or(DataType::Int, |mapping| mapping.data_type);
                let key = Column { name, data_type, nullable: false, identity: false };
                Some((RowParent::Contact, vec![key]))
            }
            Some(Parent::Rows(above)) => {
                let above_table = &contract.table_of(above)?.child_table;
                let table = self.tables.iter().position(|table| table.name == *above_table);
                let Some(table) = table else {
                    // What is wrong with mappings that there are has been noted.
                    if !contract.mappings.iter().any(|mapping| mapping.table == *above_table) {
                        let reason = format!("nothing is mapped to `{above_table}`, the parent");
                        self.problems.add(&rule.at, reason, "map its key columns");
                    }
                    return None;
                };
                let (mut places, mut columns) = (Vec::new(), Vec::new());
                for name in contract.keys_of(above_table) {
                    let known = self.tables[table].columns.iter().position(|it| it.name == *name);
                    let Some(place) = known else {
                        let reason =
                            format!("nothing is mapped to `{above_table}.{name}`, its key");
                        self.problems.add(&rule.at, reason, "map it, for instance by `row_number`");
                        return None;
                    };
                    places.push(place);
                    let column = self.tables[table].columns[place].clone();
                    columns.push(Column { nullable: false, identity: false, ..column });
                }
                let kind = self.records(above);
                Some((RowParent::Rows { kind, table, columns: places }, columns))
            }
            None if rule.kind != RuleKind::Row => self.no_contacts(rule),
            None => None,
        }
    }

    fn no_contacts<T>(&mut self, rule: &Rule) -> Option<T> {
        let reason = "there is no table of contacts";
        self.problems.add(&rule.at, reason, "add a relationship for contacts");
        None
    }

    /// The columns that tell the rows of one parent apart: of addresses and employments that of their type.
    fn row_key(rule: &Rule, mappings: &[&Mapping]) -> Vec<String> {
        if rule.kind == RuleKind::Row {
            return rule.key.clone();
        }
        let Some((attribute, _)) = &rule.choice else { return Vec::new() };
        let mut mappings = mappings.iter();
        let mapping = mappings.find(|it| it.attribute.eq_ignore_ascii_case(attribute));
        mapping.iter().map(|mapping| mapping.column.clone()).collect()
    }

    /// Keeps each element of a rule, where it stands below what it hangs off.
    pub(super) fn records(&mut self, rule: &Rule) -> RecordKind {
        let place = self.contract.rules.iter().position(|other| std::ptr::eq(other, rule));
        let kind = place.and_then(|place| RecordKind::try_from(place).ok());
        let kind = kind.expect("a contract has fewer rules than that");
        match self.below_contact(rule) {
            Some(path) => self.layout.records_of_contacts(&path, kind),
            None => self.layout.records(&rule.child_path, kind),
        }
        kind
    }

    /// Keeps each element at a path, which is below no contact.
    pub(super) fn elements(&mut self, path: &[String]) -> RecordKind {
        let is_it = |other: &&Rule| other.kind != RuleKind::Contact && other.child_path == path;
        if let Some(other) = self.contract.rules.iter().find(is_it) {
            return self.records(other);
        }
        let kind = self.value_kind(path);
        self.layout.records(path, kind);
        kind
    }

    /// The kind of elements that are no rows and bring values to them.
    fn value_kind(&mut self, path: &[String]) -> RecordKind {
        let n_kinds = self.contract.rules.len() + self.value_kinds.len();
        let new = RecordKind::try_from(n_kinds).expect("a contract has fewer paths than that");
        *self.value_kinds.entry(path.to_vec()).or_insert(new)
    }

    /// Keeps each element at a path within those of a rule.
    pub(super) fn values(&mut self, rule: &Rule, path: &[String]) -> RecordKind {
        let is_it = |other: &&Rule| other.kind != RuleKind::Contact && other.child_path == path;
        if let Some(other) = self.contract.rules.iter().find(is_it) {
            return self.records(other);
        }
        let kind = self.value_kind(path);
        match self.below_contact(rule) {
            Some(mut below) => {
                below.extend_from_slice(&path[rule.child_path.len()..]);
                self.layout.records_of_contacts(&below, kind);
            }
            None => self.layout.records(path, kind),
        }
        kind
    }

    /// The path from the contact to the elements of a rule; `None` if they do not hang off contacts.
    fn below_contact(&self, rule: &Rule) -> Option<Vec<String>> {
        if rule.kind != RuleKind::Row {
            // Children of a contact, wherever the contract sees them.
            return Some(vec![rule.element().to_owned()]);
        }
        let (mut path, above) = match self.contract.parent_of(rule)? {
            Parent::Application => return None,
            Parent::Contact(contact) => (Vec::new(), contact),
            Parent::Rows(above) => (self.below_contact(above)?, above),
        };
        path.extend_from_slice(&rule.child_path[above.child_path.len()..]);
        Some(path)
    }
}

/// The columns that the row's own element has a say in.
fn own_columns(cells: &[Cell]) -> Vec<usize> {
    let is_own = |cell: &&Cell| {
        matches!(cell.source, Source::Own(_) | Source::Within(..)) || cell.calculation.is_some()
    };
    cells.iter().filter(is_own).map(|cell| cell.column).collect()
}

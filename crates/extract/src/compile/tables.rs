//! Decides what kind of table each is, which columns it has and how its rows are made.

use super::Compiler;
use super::groups::GroupKind;
use super::sources::RowOf;
use crate::contract::{self, Mapping, RuleKind, Step};
use crate::program::{ContactsProgram, SingleProgram, TableProgram};
use crate::table::{Column, DataType, Parent, Table};

/// What makes the rows of a table, as its mapping types say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Makes<'c> {
    Columns,
    KeyValues,
    Groups(GroupKind<'c>),
}

impl<'c> Makes<'c> {
    fn of(mapping: &'c Mapping) -> Self {
        let maker = mapping.steps.iter().find(|step| step.makes_rows());
        match maker {
            None => Self::Columns,
            Some(step) => GroupKind::of(step).map_or(Self::KeyValues, Self::Groups),
        }
    }
}

impl Compiler<'_, '_> {
    /// Compiles a table; `None` if its mappings do not fit together.
    pub(super) fn table(
        &mut self,
        name: &str,
        mappings: &[&Mapping],
    ) -> Option<(Table, TableProgram)> {
        let makes = Makes::of(mappings[0]);
        if let Some(other) = mappings.iter().find(|mapping| Makes::of(mapping) != makes) {
            let reason = format!("the other mappings of `{name}` make rows in another way");
            self.problems.add(
                format!("{}.mapping_type", other.at),
                reason,
                "use a table of its own",
            );
            return None;
        }
        let rule = self.contract.rule_of(name).filter(|rule| rule.kind == RuleKind::Row);
        if let Some(rule) = rule
            && makes != Makes::Columns
        {
            let reason = format!("the rows of `{name}` are elements, and its mappings make others");
            self.problems.add(&rule.at, reason, "use a table of its own");
            return None;
        }
        let (columns, program) = match makes {
            Makes::Columns => self.rows_of_columns(name, mappings)?,
            Makes::KeyValues => self.key_values(name, mappings)?,
            Makes::Groups(kind) => self.groups(mappings, kind),
        };
        let parent = self.parent_table(name, &columns);
        Some((Table { name: name.to_owned(), columns, parent }, program))
    }

    /// The column that holds the application's id.
    pub(super) fn app_id_column(&self, identity: bool) -> Column {
        let contract = self.contract;
        let key = contract.root_table().and_then(|root| contract.key_of(root)).unwrap_or("app_id");
        let data_type =
            contract.app_id_mapping().map_or(DataType::Int, |mapping| mapping.data_type);
        Column { name: key.to_owned(), data_type, nullable: false, identity }
    }

    /// What the rows of a table hang off: of a rule's what the relationship says, of all others the application.
    fn parent_table(&self, name: &str, columns: &[Column]) -> Option<Parent> {
        let contract = self.contract;
        let rule = contract.rule_of(name).and_then(|rule| contract.parent_of(rule));
        let rule = match rule {
            None | Some(contract::Parent::Application) => None,
            Some(contract::Parent::Contact(rule) | contract::Parent::Rows(rule)) => Some(rule),
        };
        let Some(rule) = rule else {
            let root = contract.root_table().filter(|root| *root != name)?;
            let columns = vec![self.app_id_column(false).name];
            return Some(Parent { table: root.to_owned(), columns });
        };
        let table = contract.table_of(rule)?.child_table.clone();
        let n_columns = contract.keys_of(&table).len().max(1);
        let columns = columns.iter().take(n_columns).map(|column| column.name.clone()).collect();
        Some(Parent { table, columns })
    }

    fn rows_of_columns(
        &mut self,
        name: &str,
        mappings: &[&Mapping],
    ) -> Option<(Vec<Column>, TableProgram)> {
        let contract = self.contract;
        match contract.rule_of(name) {
            Some(rule) if rule.kind == RuleKind::Contact => Some(self.contacts(name, mappings)),
            Some(rule) => self.rows(rule, mappings),
            None => {
                let is_root = contract.root_table() == Some(name);
                let app_id = self.app_id_column(
                    is_root && contract.app_id_mapping().is_some_and(inserts_identity),
                );
                let mut columns = vec![app_id];
                let cells = self.cells(mappings, &mut columns, RowOf::Application);
                Some((columns, TableProgram::Single(SingleProgram { cells, always: is_root })))
            }
        }
    }

    /// Compiles mappings to cells of the columns that they name, unless those are known keys.
    pub(super) fn cells(
        &mut self,
        mappings: &[&Mapping],
        columns: &mut Vec<Column>,
        row_of: RowOf<'_>,
    ) -> Vec<crate::program::Cell> {
        let keys: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
        let mut cells = Vec::new();
        for mapping in mappings.iter().filter(|mapping| !keys.contains(&mapping.column)) {
            columns.push(column_of(mapping));
            cells.push(self.cell(mapping, columns.len() - 1, row_of));
        }
        cells
    }

    fn contacts(&mut self, name: &str, mappings: &[&Mapping]) -> (Vec<Column>, TableProgram) {
        let key = self.contact_key(name).map(str::to_owned);
        let key_mapping = mappings.iter().find(|mapping| Some(&mapping.column) == key.as_ref());
        let mut columns = Vec::new();
        let mut cells = Vec::new();
        match key_mapping {
            Some(mapping) => {
                columns.push(Column {
                    nullable: false,
                    identity: inserts_identity(mapping),
                    ..column_of(mapping)
                });
                let mut cell = self.cell(mapping, 0, RowOf::Contact);
                cell.nullable = false;
                cells.push(cell);
            }
            None => {
                let reason = format!("no mapping gives `{name}` its key");
                self.problems.add("mappings", reason, "add one of type `identity_insert`");
            }
        }
        columns.push(self.app_id_column(false));
        cells.extend(self.cells(mappings, &mut columns, RowOf::Contact));
        (columns, TableProgram::Contacts(ContactsProgram { cells }))
    }
}

fn inserts_identity(mapping: &Mapping) -> bool {
    mapping.has(&Step::IdentityInsert)
}

pub(super) fn column_of(mapping: &Mapping) -> Column {
    Column {
        name: mapping.column.clone(),
        data_type: mapping.data_type,
        nullable: mapping.nullable,
        identity: inserts_identity(mapping),
    }
}

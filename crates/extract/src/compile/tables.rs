//! Decides what kind of table each is, which columns it has and how its rows are made.

use std::collections::BTreeMap;

use super::Compiler;
use super::sources::RowOf;
use crate::contract::{Mapping, Rule, RuleKind, Step};
use crate::layout::NameMatch;
use crate::program::{
    ContactsProgram, Counts, GroupCell, GroupProgram, PartsProgram, SingleProgram, TableProgram,
};
use crate::table::{Column, DataType, Table};
use crate::value::Value;

/// The column of a group's number, which no mapping names.
const WARRANTY_NUMBER: &str = "warranty_type_enum";
const COLLATERAL_NUMBER: &str = "sort_order";

/// A collateral with a value of zero is none.
const COLLATERAL_VALUE: &str = "wholesale_value";

/// Columns and attributes one of which makes an address or an employment worth a row.
const ADDRESS_COLUMNS: [&str; 5] = ["zip", "city", "street_name", "street_number", "state"];
const ADDRESS_ATTRIBUTES: [&str; 3] = ["zip_code", "city", "street_name"];
const EMPLOYMENT_COLUMNS: [&str; 5] =
    ["business_name", "monthly_salary", "job_title", "zip", "city"];
const EMPLOYMENT_ATTRIBUTES: [&str; 3] = ["business_name", "zip_code", "city"];

/// What makes the rows of a table, as its mapping types say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Makes {
    Columns,
    KeyValues,
    Warranties,
    Collaterals,
}

impl Makes {
    fn of(mapping: &Mapping) -> Self {
        let maker = mapping.steps.iter().find(|step| step.makes_rows());
        match maker {
            None => Self::Columns,
            Some(Step::Warranty(_)) => Self::Warranties,
            Some(Step::Collateral(_)) => Self::Collaterals,
            Some(_) => Self::KeyValues,
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
        let (columns, program) = match makes {
            Makes::Columns => self.rows_of_columns(name, mappings)?,
            Makes::KeyValues => self.key_values(name, mappings)?,
            Makes::Warranties | Makes::Collaterals => self.groups(mappings, makes),
        };
        Some((Table { name: name.to_owned(), columns }, program))
    }

    /// The column that holds the application's id.
    pub(super) fn app_id_column(&self, identity: bool) -> Column {
        let contract = self.contract;
        let key = contract.root_table().and_then(|root| contract.key_of(root)).unwrap_or("app_id");
        let data_type =
            contract.app_id_mapping().map_or(DataType::Int, |mapping| mapping.data_type);
        Column { name: key.to_owned(), data_type, nullable: false, identity }
    }

    fn rows_of_columns(
        &mut self,
        name: &str,
        mappings: &[&Mapping],
    ) -> Option<(Vec<Column>, TableProgram)> {
        let contract = self.contract;
        let rule = contract.rules.iter().find(|rule| {
            contract.table_of(rule).is_some_and(|relationship| relationship.child_table == name)
        });
        match rule {
            Some(rule) if rule.kind == RuleKind::Contact => Some(self.contacts(name, mappings)),
            Some(rule) => self.parts(rule, mappings),
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
    fn cells(
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

    fn parts(&mut self, rule: &Rule, mappings: &[&Mapping]) -> Option<(Vec<Column>, TableProgram)> {
        let contract = self.contract;
        let element = rule.element();
        let contact_table = contract.contact_rule().and_then(|rule| contract.table_of(rule));
        let Some(contact_table) =
            contact_table.map(|relationship| relationship.child_table.clone())
        else {
            self.problems.add(
                &rule.at,
                "there is no table of contacts",
                "add a relationship for contacts",
            );
            return None;
        };
        let key = self.contact_key(&contact_table).unwrap_or("con_id").to_owned();
        let key_mapping = contract
            .mappings
            .iter()
            .find(|mapping| mapping.table == contact_table && mapping.column == key);
        let data_type = key_mapping.map_or(DataType::Int, |mapping| mapping.data_type);
        let mut columns = vec![Column { name: key, data_type, nullable: false, identity: false }];
        let cells = self.cells(mappings, &mut columns, RowOf::Part(element));
        let (type_attribute, types) = rule.choice.as_ref()?;
        let type_mapping =
            mappings.iter().find(|mapping| mapping.attribute.eq_ignore_ascii_case(type_attribute));
        let place = |name: &str| columns.iter().position(|column| column.name == name);
        let (meaningful_columns, meaningful_attributes) = match rule.kind {
            RuleKind::Employment => (EMPLOYMENT_COLUMNS, EMPLOYMENT_ATTRIBUTES),
            RuleKind::Address | RuleKind::Contact => (ADDRESS_COLUMNS, ADDRESS_ATTRIBUTES),
        };
        let program = PartsProgram {
            kind: self.part_kind(element),
            type_slot: self.layout.slot(element, type_attribute, NameMatch::Exact),
            types: types.clone(),
            type_column: type_mapping.and_then(|mapping| place(&mapping.column)),
            meaningful_columns: meaningful_columns.into_iter().filter_map(place).collect(),
            meaningful_slots: meaningful_attributes
                .into_iter()
                .map(|attribute| self.layout.slot(element, attribute, NameMatch::Exact))
                .collect(),
            cells,
        };
        Some((columns, TableProgram::Parts(program)))
    }

    fn groups(&mut self, mappings: &[&Mapping], makes: Makes) -> (Vec<Column>, TableProgram) {
        let is_collateral = makes == Makes::Collaterals;
        let number_column = if is_collateral { COLLATERAL_NUMBER } else { WARRANTY_NUMBER };
        let number = Column {
            name: number_column.to_owned(),
            data_type: DataType::SmallInt,
            nullable: false,
            identity: false,
        };
        let mut columns = vec![self.app_id_column(false), number];
        let mut groups: BTreeMap<i64, GroupProgram> = BTreeMap::new();
        let mut fills: Vec<(usize, Value)> = Vec::new();
        for mapping in mappings {
            let number = mapping.steps.iter().find_map(Step::group);
            let number = number.expect("the mapping makes a row of a group");
            let known = columns.iter().position(|column| column.name == mapping.column);
            let column = known.unwrap_or_else(|| {
                columns.push(column_of(mapping));
                columns.len() - 1
            });
            let cell = self.cell(mapping, column, RowOf::Application);
            if let Some(default) = &cell.default
                && !fills.iter().any(|(filled, _)| *filled == column)
            {
                fills.push((column, default.clone()));
            }
            let counts = if cell.data_type == DataType::Bit || mapping.has(&Step::Calculated) {
                Counts::Never
            } else if is_collateral && mapping.column == COLLATERAL_VALUE {
                Counts::Positive
            } else {
                Counts::NotBlank
            };
            let group = groups.entry(number).or_insert_with(|| GroupProgram {
                number: (1, Value::Int(number)),
                cells: Vec::new(),
                fills: Vec::new(),
                strict: is_collateral,
            });
            group.cells.push(GroupCell { cell: ungrouped(cell), counts });
        }
        for group in groups.values_mut() {
            let mapped: Vec<usize> = group.cells.iter().map(|cell| cell.cell.column).collect();
            group.fills =
                fills.iter().filter(|(column, _)| !mapped.contains(column)).cloned().collect();
        }
        (columns, TableProgram::Groups(groups.into_values().collect()))
    }
}

/// Takes from a cell what rows of groups do not have: text is not cut, and defaults come last.
fn ungrouped(mut cell: crate::program::Cell) -> crate::program::Cell {
    cell.chars_max = None;
    cell.default_if_blank = false;
    cell
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

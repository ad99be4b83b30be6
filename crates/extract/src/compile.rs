//! Compiles a checked contract into a program.

mod cells;
mod contacts;
mod fields;
mod groups;
mod key_values;
mod places;
mod rows;
mod sources;
mod tables;

use std::collections::BTreeMap;

pub(crate) use key_values::template;

use crate::contract::{Contract, LOG_TABLE, Mapping, Scalar};
use crate::convert::{Conversion, NumberStyle, convert};
use crate::coverage::Ignores;
use crate::hash::TextMap;
use crate::layout::{LayoutBuilder, NameMatch, RecordKind};
use crate::limits::Limits;
use crate::problem::Problems;
use crate::program::{AppId, ApplicationPlace, BitTable, BitTables, EnumTable, Program};
use crate::table::{DataType, Table};
use crate::value::Value;

/// Compiles a contract; `None` if it has problems, which are noted.
pub(crate) fn compile(
    contract: &Contract,
    limits: &Limits,
    problems: &mut Problems,
) -> Option<(Program, Vec<Table>)> {
    let app_id_mapping = contract.app_id_mapping()?;
    let mut compiler = Compiler {
        contract,
        expression_depth: limits.expression_depth,
        problems,
        layout: LayoutBuilder::new(),
        enums: Vec::new(),
        enum_places: BTreeMap::new(),
        part_kinds: BTreeMap::new(),
        value_kinds: BTreeMap::new(),
        tables: Vec::new(),
        unclear: None,
    };
    let application = compiler.application();
    let app_id = AppId {
        node: compiler.layout.node(&app_id_mapping.path),
        slot: compiler.layout.slot(
            app_id_mapping.element(),
            &app_id_mapping.attribute,
            NameMatch::Exact,
        ),
        path: format!("/{}/@{}", app_id_mapping.path.join("/"), app_id_mapping.attribute),
        mapping: cells::written(app_id_mapping),
        data_type: app_id_mapping.data_type,
    };
    let contacts = compiler.contact_filter();
    let mut programs = Vec::new();
    for name in contract.insertion_order.iter().filter(|name| *name != LOG_TABLE) {
        let mappings: Vec<&Mapping> =
            contract.mappings.iter().filter(|mapping| mapping.table == *name).collect();
        if mappings.is_empty() {
            continue;
        }
        if let Some((table, program)) = compiler.table(name, &mappings) {
            compiler.check_columns(&table);
            compiler.tables.push(table);
            programs.push(program);
        }
    }
    let ignores = Ignores::of_texts(&contract.ignored, compiler.problems);
    if !compiler.problems.is_empty() {
        return None;
    }
    let bits = |table: &BTreeMap<String, bool>| BitTable {
        words: table.iter().map(|(key, bit)| (key.as_str().into(), *bit)).collect(),
    };
    let program = Program {
        bits: BitTables {
            chars: bits(&contract.char_to_bit),
            booleans: bits(&contract.boolean_to_bit),
        },
        offsets: contract.offsets,
        enums: compiler.enums,
        layout: compiler.layout.finish(),
        application,
        app_id,
        contacts,
        tables: programs,
        ignores,
    };
    Some((program, compiler.tables))
}

/// What is known while compiling.
struct Compiler<'c, 'p> {
    contract: &'c Contract,
    expression_depth: usize,
    problems: &'p mut Problems,
    layout: LayoutBuilder,
    enums: Vec<EnumTable>,
    enum_places: BTreeMap<(String, String), usize>,
    /// Numbers of the elements that belong to contacts, by name.
    part_kinds: BTreeMap<String, u8>,
    /// Numbers of the elements within rows that bring them values, by path.
    value_kinds: BTreeMap<Vec<String>, RecordKind>,
    /// Those that are compiled.
    tables: Vec<Table>,
    /// Two elements of which a field may be the text.
    unclear: Option<(String, String)>,
}

impl Compiler<'_, '_> {
    /// Rows begin with the key of what they hang off; whatever else fills such a column would fill it twice.
    fn check_columns(&mut self, table: &Table) {
        for (place, column) in table.columns.iter().enumerate() {
            let mappings = self.contract.mappings.iter();
            let is_of_column =
                |mapping: &&Mapping| mapping.table == table.name && mapping.column == column.name;
            // Two mappings of one column have been noted.
            if mappings.filter(is_of_column).count() < 2
                && table.columns[..place].iter().any(|before| before.name == column.name)
            {
                let reason = format!("`{}.{}` is filled twice", table.name, column.name);
                let suggestion = "leave it to the key of what the rows hang off, or name it once";
                self.problems.add("mappings", reason, suggestion);
            }
        }
    }

    fn application(&mut self) -> ApplicationPlace {
        let path = &self.contract.application_path;
        let (name, parents) = path.split_last().expect("a path has at least one name");
        ApplicationPlace {
            root: path[0].clone(),
            name: name.clone(),
            path: format!("/{}", path.join("/")),
            node: self.layout.node(path),
            parent: self.layout.node(parents),
        }
    }

    /// Compiles the enum of a mapping for the type of its column.
    fn enum_table(&mut self, mapping: &Mapping) -> usize {
        let name = mapping.enum_key();
        let place = (name.to_owned(), mapping.data_type.to_string());
        if let Some(known) = self.enum_places.get(&place) {
            return *known;
        }
        let mut table = EnumTable::default();
        let mut lower_case = TextMap::default();
        for (key, scalar) in self.contract.enums.get(name).into_iter().flatten() {
            let at = format!("enum_mappings.{name}[\"{key}\"]");
            let Some(value) = self.typed(scalar, mapping.data_type, &at) else { continue };
            if key.is_empty() {
                table.default = Some(value);
                continue;
            }
            lower_case.entry(key.to_lowercase().into_boxed_str()).or_insert_with(|| value.clone());
            table.exact.insert(key.as_str().into(), value);
        }
        table.lower_case = lower_case;
        self.enums.push(table);
        let known = self.enums.len() - 1;
        self.enum_places.insert(place, known);
        known
    }

    /// Converts a value of the contract to the type of a column.
    fn typed(&mut self, scalar: &Scalar, data_type: DataType, at: &str) -> Option<Value> {
        match convert(scalar.as_text(), data_type, NumberStyle::Whole, self.contract.offsets) {
            Conversion::Value(value, _) => Some(value),
            Conversion::Unreadable | Conversion::OutOfRange | Conversion::OffsetRefused => {
                self.problems.add(
                    at,
                    format!("this is no value of {data_type}"),
                    "write one, or correct `data_type`",
                );
                None
            }
        }
    }
}

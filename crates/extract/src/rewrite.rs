//! Writes contracts of format 1 as format 2.
//!
//! What format 1 means without a word (the last element of a path, defaults that make no row, texts that are compared as
//! numbers) is written out. What format 2 cannot express is named with its place, and nothing is written then.

mod columns;
mod conditions;
mod contacts;
mod expressions;
mod fields;
mod pivots;
mod rows;
mod sources;
mod toml;

use std::collections::{BTreeMap, BTreeSet};

use crate::compile;
use crate::contract::{self, Contract, LOG_TABLE, Mapping, RuleKind, Step};
use crate::convert::Offsets;
use crate::limits::Limits;
use crate::problem::{ContractErrors, Problems};
use crate::table::Table;
use toml::{inline, quote};

/// A contract of format 1, written as format 2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewritten {
    /// The contract as TOML.
    pub contract: String,
    /// What is worth a look, each with the column that it is about; comments in the contract say the same.
    pub remarks: Vec<String>,
}

/// Writes a contract of format 1 as format 2. It gives the same rows.
///
/// # Errors
///
/// Returns what is wrong with the contract, or what of it format 2 cannot express, each with its place.
pub fn rewrite(contract: &str) -> Result<Rewritten, ContractErrors> {
    let mut problems = Problems::default();
    let mut set = contract::split(contract, &mut problems);
    if set.len() > 1 {
        let way = "convert each of them by itself, and submit them together";
        problems.add("contracts", "these are several contracts", way);
    }
    let json = set.pop().map(|(_, json)| json);
    std::mem::take(&mut problems).check()?;
    let json = json.expect("a set without problems has a contract");
    if json.get("format").is_some() {
        problems.add("format", "the contract is not of format 1", "leave it as it is");
    }
    std::mem::take(&mut problems).check()?;
    let compiled = contract::read(json, &mut problems).and_then(|contract| {
        contract::check(&contract, &mut problems);
        let (program, tables) = compile::compile(&contract, &Limits::default(), &mut problems)?;
        drop(program);
        Some((contract, tables))
    });
    std::mem::take(&mut problems).check()?;
    let (contract, tables) = compiled.expect("a contract without problems compiles");
    let mut rewriter = Rewriter {
        contract: &contract,
        tables: &tables,
        lets: Vec::new(),
        codes: BTreeMap::new(),
        problems: &mut problems,
        remarks: Vec::new(),
    };
    let contract = rewriter.whole();
    let remarks = rewriter.remarks;
    problems.check()?;
    Ok(Rewritten { contract, remarks })
}

/// What is known while a contract is written.
struct Rewriter<'c, 'p> {
    contract: &'c Contract,
    /// The tables with the types of their columns.
    tables: &'c [Table],
    /// Names of paths, in the order of their first use.
    lets: Vec<(String, String)>,
    /// The conversion tables that columns use, each as it is written.
    codes: BTreeMap<String, String>,
    problems: &'p mut Problems,
    remarks: Vec<String>,
}

impl Rewriter<'_, '_> {
    fn whole(&mut self) -> String {
        let contract = self.contract;
        let mut tables = String::new();
        for name in contract.insertion_order.iter().filter(|name| *name != LOG_TABLE) {
            let mappings: Vec<&Mapping> =
                contract.mappings.iter().filter(|mapping| mapping.table == *name).collect();
            if !mappings.is_empty() {
                tables.push_str(&self.table(name, &mappings));
            }
        }
        let mut text = String::from(
            "# Format 2 of a contract that was written in format 1; it gives the same rows.\n\
             # Names of [let] that end in `[last()]` are the last element of a path, as format 1 reads it.\n\
             # Where a path meets one element anyway, the plain path says the same.\n\
             format = 2\n",
        );
        if !contract.ignored.is_empty() {
            text.push_str(&format!("ignore = {}\n", toml::texts(&contract.ignored)));
        }
        text.push('\n');
        text.push_str(&self.head());
        if !self.lets.is_empty() {
            text.push_str("[let]\n");
            for (name, path) in &self.lets {
                text.push_str(&format!("{name} = {}\n", quote(path)));
            }
            text.push('\n');
        }
        text.push_str(&self.reading());
        for (name, table) in &self.codes {
            text.push_str(&format!("[codes.{}]\n{table}\n", toml::key(name)));
        }
        text.push_str(tables.trim_end());
        text.push('\n');
        text
    }

    fn head(&self) -> String {
        let contract = self.contract;
        let source = &contract.source;
        let mut text = format!(
            "[source]\ntable = {}\nid = {}\ndocument = {}\n",
            quote(&source.table),
            quote(&source.id),
            quote(&source.column)
        );
        if let Some(applications) = source.application_tables.first() {
            text.push_str(&format!("applications = {}\n", quote(applications)));
        }
        let id = contract.app_id_mapping();
        text.push_str(&format!("\n[target]\nschema = {}\n", quote(&contract.target_schema)));
        text.push_str(&format!("id = {}\n", quote(&self.id_column())));
        if id.is_some_and(|mapping| mapping.has(&Step::IdentityInsert)) {
            text.push_str("identity = true\n");
        }
        if let Some(mapping) = id {
            let path = format!("/{}/@{}", mapping.path.join("/"), mapping.attribute);
            text.push_str(&format!("\n[document]\nid = {}\n\n", quote(&path)));
        }
        text
    }

    fn reading(&self) -> String {
        let mut text = String::from("[reading]\ndates = \"any\"\n");
        match self.contract.offsets {
            Offsets::AsWritten => {}
            Offsets::ToUtc => text.push_str("offsets = \"utc\"\n"),
            Offsets::Refused => text.push_str("offsets = \"refuse\"\n"),
        }
        text.push_str("attributes = \"any_case\"\ntexts = \"exact\"\n\n");
        text
    }

    /// The column of the application's id.
    fn id_column(&self) -> String {
        let root = self.contract.root_table();
        root.and_then(|root| self.contract.key_of(root)).unwrap_or("app_id").to_owned()
    }

    fn table(&mut self, name: &str, mappings: &[&Mapping]) -> String {
        let rule = self.contract.rule_of(name);
        let makes_rows = mappings.iter().any(|it| it.steps.iter().any(Step::makes_rows));
        match rule {
            _ if makes_rows => self.pivot(name, mappings),
            None => self.single(name, mappings),
            Some(rule) if rule.kind == RuleKind::Contact => self.contacts(name, rule, mappings),
            Some(rule) => self.rows(name, rule, mappings),
        }
    }

    /// Writes a table that has at most one row.
    fn single(&mut self, name: &str, mappings: &[&Mapping]) -> String {
        let id = self.id_column();
        let mut columns = Vec::new();
        for mapping in mappings.iter().filter(|mapping| mapping.column != id) {
            columns.push(self.column(mapping, columns::RowOf::Application));
        }
        let is_root = self.contract.root_table() == Some(name);
        let mut text = format!("[[table]]\nname = {}\n", quote(name));
        if is_root {
            text.push_str(&format!("rows = {}\n", quote(&self.application_rows())));
        } else {
            text.push_str(&format!(
                "rows = {}\n",
                quote(&format!("/{}", self.contract.root_element))
            ));
            if !columns.iter().any(|column| column.counts == columns::Counts::Always) {
                // Nothing always has a value, so that there is a row only if the document has one.
                text.push_str("needs = true\n");
            }
        }
        text.push_str(&columns::block(&columns));
        text
    }

    /// The application's element, of which there has to be one, as of what has its id.
    fn application_rows(&self) -> String {
        let contract = self.contract;
        let mut path = format!("/{}", contract.application_path.join("/"));
        let Some(id) = contract.app_id_mapping() else { return path };
        let holder = format!("/{}", id.path.join("/"));
        if id.path.len() > 1 && id.path != contract.application_path {
            path.push_str(&format!("[count({holder}) = 1]"));
        }
        if let Some((_, max)) = id.data_type.integer_range() {
            path.push_str(&format!("[{holder}/@{} <= {max}]", id.attribute));
        }
        path
    }

    /// Names a path, and returns what stands for it.
    fn name_path(&mut self, name: &str, path: String) -> String {
        let name: String =
            name.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
        if let Some((known, _)) = self.lets.iter().find(|(_, known)| *known == path) {
            return format!("${known}");
        }
        let taken: BTreeSet<&str> = self.lets.iter().map(|(name, _)| name.as_str()).collect();
        let mut unique = name.clone();
        let mut n = 2;
        while taken.contains(unique.as_str()) {
            unique = format!("{name}_{n}");
            n += 1;
        }
        self.lets.push((unique.clone(), path));
        format!("${unique}")
    }

    fn cannot(&mut self, mapping: &Mapping, key: &str, reason: &str, way: &str) {
        let place = format!("{}.{key}", mapping.at);
        let name = format!("{}.{}", mapping.table, mapping.column);
        self.problems.add(place, format!("`{}`: {reason}", name.trim_end_matches('.')), way);
    }

    fn remark(&mut self, mapping: &Mapping, text: &str) {
        self.remarks.push(format!("{}.{}: {text}", mapping.table, mapping.column));
    }

    /// Writes a table of conversions.
    fn code_table(&mut self, name: &str, entries: &[(String, String)], default: Option<&str>) {
        let lines: Vec<String> =
            entries.iter().map(|(code, value)| format!("{} = {value}", toml::key(code))).collect();
        let mut text = format!("map = {}\nany_case = true\n", inline(&lines));
        if let Some(default) = default {
            text.push_str(&format!("default = {default}\n"));
        }
        self.codes.insert(name.to_owned(), text);
    }
}

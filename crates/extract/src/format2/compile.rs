//! Compiles a contract of format 2. Everything that is wrong is noted, with its place.

mod check;
mod columns;

pub(super) use columns::is_whole;

use std::collections::BTreeSet;

use super::Compiled;
use super::contract::{Amount, ColumnRule, Contract, NeedRule, Needs, Placed, TableRule};
use super::program::{Cell, Inherited, KeepRule, Need as RowNeed, Program, TableProgram};
use crate::coverage::{Asks, Ignored, Reader};
use crate::limits::Limits;
use crate::meant;
use crate::plan::Source;
use crate::problem::Problems;
use crate::table::{Column, DataType, Parent, Table};
use crate::wanted::{Need, Patterns, Wishes, want, want_path};
use crate::xpath::{self, Expr, Names, PathProblem, Start};

/// Compiles a contract; `None` if it has problems.
pub(super) fn compile(
    contract: Contract,
    limits: &Limits,
    problems: &mut Problems,
) -> Option<Compiled> {
    let before = problems.len();
    let mut names = Names::new();
    for (prefix, uris) in &contract.namespaces {
        names.declare(&prefix.text, uris);
    }
    for (name, text) in &contract.lets {
        names.define(name, &text.text);
    }
    let mut compiler = Compiler {
        names,
        problems,
        wishes: Wishes::new(),
        nesting_max: limits.expression_depth,
        tables: Vec::new(),
        programs: Vec::new(),
        patterns: Vec::new(),
        singles: Vec::new(),
        code_names: contract.codes.iter().map(|(name, _)| name.clone()).collect(),
        target_id: contract.target_id.clone(),
        is_identity: contract.is_identity,
    };
    for (_, text) in &contract.lets {
        compiler.parse(text);
    }
    let document = vec![Vec::new()];
    if let Some(path) = &contract.document_id {
        compiler.wishes.begin_reader(Reader::of_contract("document.id", &path.text));
    }
    let app_id = contract
        .document_id
        .as_ref()
        .and_then(|path| compiler.condition_or_path(path, &document, Need::Text));
    for table in contract.tables {
        compiler.table(table);
    }
    compiler.check_roots();
    compiler.check_singles();
    let ignored =
        contract.ignored.iter().flat_map(|path| compiler.ignored(path)).collect::<Vec<_>>();
    let Compiler { names, wishes, tables, programs, .. } = compiler;
    if problems.len() > before {
        return None;
    }
    let mut interest = wishes.interest;
    interest.finish(&names);
    let (table, id, column) = contract.source;
    let (code_names, codes) = contract.codes.into_iter().unzip();
    Some(Compiled {
        source: Source {
            table,
            id,
            column,
            application_tables: contract.applications.into_iter().collect(),
        },
        target_schema: contract.target_schema,
        target_id: contract.target_id,
        program: Program {
            interest,
            uris: names.uris().to_vec(),
            app_id,
            tables: programs,
            codes,
            code_names,
            asks: Asks { names, readers: wishes.readers, asks: wishes.asks, ignored },
        },
        tables,
    })
}

/// What is known while compiling.
struct Compiler<'p> {
    names: Names,
    problems: &'p mut Problems,
    wishes: Wishes,
    nesting_max: usize,
    tables: Vec<Table>,
    programs: Vec<TableProgram>,
    /// Where the rows of each table are.
    patterns: Vec<Patterns>,
    /// Paths that are to meet one node, each with the table of its row.
    singles: Vec<(Placed, Vec<xpath::Path>, usize)>,
    code_names: Vec<String>,
    target_id: String,
    is_identity: bool,
}

impl Compiler<'_> {
    fn add(&mut self, placed: &Placed, reason: impl Into<String>, way: impl Into<String>) {
        self.problems.add(placed.at.show(&placed.label, None), reason, way);
    }

    fn add_inside(&mut self, placed: &Placed, problem: PathProblem) {
        let place = placed.at.show(&placed.label, Some(problem.span.start));
        self.problems.add(place, problem.reason, problem.suggestion);
    }

    /// Parses a path, a condition or another expression of paths.
    fn parse(&mut self, placed: &Placed) -> Option<Expr> {
        match xpath::parse(&placed.text, &mut self.names) {
            Ok(expr) => Some(expr),
            Err(problem) => {
                self.add_inside(placed, problem);
                None
            }
        }
    }

    /// Parses it and wants what it needs, where its context is at one of the patterns.
    fn condition_or_path(&mut self, placed: &Placed, from: &Patterns, need: Need) -> Option<Expr> {
        let expr = self.parse(placed)?;
        want(&mut self.wishes, from, &expr, need);
        self.check_never(placed);
        Some(expr)
    }

    /// Notes the paths that can meet nothing where they are used.
    fn check_never(&mut self, placed: &Placed) {
        for at in std::mem::take(&mut self.wishes.never) {
            self.add_inside(placed, PathProblem {
                span: at..at,
                reason: "the path can meet nothing: it leaves the document, or asks for another name than is there"
                    .to_owned(),
                suggestion: "count the `..`, and compare the names with those of `rows`".to_owned(),
            });
        }
    }

    fn table(&mut self, rule: TableRule) {
        if self.tables.iter().any(|table| table.name.eq_ignore_ascii_case(&rule.name.text)) {
            let reason = format!("there are two rules for the rows of `{}`", rule.name.text);
            self.add(&rule.name, reason, "list all its paths in one `rows`");
            return;
        }
        let written = rule.rows.iter().map(|path| path.text.clone()).collect();
        self.wishes.begin_reader(Reader::of_rows(&rule.name.text, written));
        let (paths, patterns) = self.rows(&rule);
        let mut columns = Vec::new();
        let inherited = self.parent(&rule, &mut columns);
        let id = columns.iter().position(|column| column.name == self.target_id);
        let mut key: Vec<usize> = (0..columns.len()).collect();
        let parent_key: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
        let (own, others): (Vec<_>, Vec<_>) = rule
            .columns
            .iter()
            .partition(|column| rule.key.iter().any(|key| key.text == column.name.text));
        for column in own.iter().chain(&others) {
            self.column(column, &rule, &mut columns);
        }
        for name in &rule.key {
            match columns.iter().position(|column| column.name == name.text) {
                Some(place) => key.push(place),
                None => {
                    let known: Vec<&str> =
                        rule.columns.iter().map(|column| column.name.text.as_str()).collect();
                    let reason = format!("the key column `{}` is not filled", name.text);
                    self.add(name, reason, meant::suggest(&name.text, &known, "`columns`"));
                }
            }
        }
        let parent = self.tables.first().map(|first| Parent {
            table: rule.parent.as_ref().map_or_else(|| first.name.clone(), |it| it.text.clone()),
            columns: parent_key,
        });
        self.wishes.is_condition = true;
        let keep = self.keep(&rule, &key, &patterns);
        let when = rule
            .when
            .as_ref()
            .and_then(|when| self.condition_or_path(when, &patterns, Need::Presence));
        self.wishes.is_condition = false;
        let place = self.tables.len();
        self.tables.push(Table { name: rule.name.text.clone(), columns, parent });
        self.patterns.push(patterns.clone());
        let written: Vec<&str> = rule.rows.iter().map(|path| path.text.as_str()).collect();
        self.programs.push(TableProgram {
            rows: paths,
            written: written.join(" | "),
            when,
            parent: inherited,
            keep,
            variants: Vec::new(),
            needs: Vec::new(),
            id,
            key,
            has_own_key: !rule.key.is_empty(),
        });
        if rule.each.is_empty() {
            self.variant(own.into_iter().chain(others), place, &patterns);
        }
        for variant in &rule.each {
            self.variant(variant.iter(), place, &patterns);
        }
        self.needs(&rule, place);
        self.check_keep(&rule, place);
    }

    /// Compiles what fills the columns of one of the rows that an element gives.
    fn variant<'r>(
        &mut self,
        rules: impl Iterator<Item = &'r ColumnRule>,
        place: usize,
        patterns: &Patterns,
    ) {
        // It is there while it is compiled, since cells may read the row around, of the same table.
        self.programs[place].variants.push(Vec::new());
        for rule in rules {
            if let Some(cell) = self.cell(rule, place, patterns) {
                let variant = self.programs[place].variants.last_mut();
                variant.expect("it has been begun").push(cell);
            }
        }
    }

    /// Finds the columns of which one has to have a value for a row to be one.
    fn needs(&mut self, rule: &TableRule, place: usize) {
        let mut needs = Vec::new();
        match &rule.needs {
            Needs::Nothing => {}
            Needs::Any => {
                let own = |cell: &&Cell| !self.programs[place].key.contains(&cell.column);
                let columns: BTreeSet<usize> =
                    self.programs[place].cells().filter(own).map(|cell| cell.column).collect();
                needs.extend(
                    columns.into_iter().map(|column| RowNeed { column, amount: Amount::Any }),
                );
            }
            Needs::Columns(columns) => {
                for NeedRule { name, amount } in columns {
                    let known = self.programs[place]
                        .cells()
                        .find(|cell| self.tables[place].columns[cell.column].name == name.text);
                    match known.map(|cell| cell.column) {
                        Some(column) => needs.push(RowNeed { column, amount: *amount }),
                        None => {
                            let known: Vec<&str> =
                                rule.columns.iter().map(|it| it.name.text.as_str()).collect();
                            let way = meant::suggest(&name.text, &known, "`columns`");
                            self.add(
                                name,
                                format!("nothing fills the column `{}`", name.text),
                                way,
                            );
                        }
                    }
                }
            }
        }
        self.programs[place].needs = needs;
    }

    /// The column of the application's id.
    fn key_column(&self) -> Column {
        Column {
            name: self.target_id.clone(),
            data_type: DataType::BigInt,
            nullable: false,
            identity: self.is_identity && self.tables.is_empty(),
        }
    }

    /// Compiles the paths of rows; returns where they are, too.
    fn rows(&mut self, rule: &TableRule) -> (Vec<xpath::Path>, Patterns) {
        let mut paths = Vec::new();
        let mut patterns = Patterns::new();
        let mut seen = BTreeSet::new();
        for placed in &rule.rows {
            if !seen.insert(placed.text.trim()) {
                self.add(placed, "two rules for the same rows", "leave one of the paths out");
                continue;
            }
            let Some(expr) = self.parse(placed) else { continue };
            let Expr::Paths(found) = expr else {
                self.add(placed, "this is no path", "write the path of the elements that are rows");
                continue;
            };
            for path in found {
                let is_leaf = path.steps.is_empty() || path.ends_in_leaf();
                if path.start != Start::Root || is_leaf {
                    let way =
                        "begin at the document, `/root/..` or `//name`, and end with an element";
                    self.add(placed, "rows are elements, seen from the document", way);
                    continue;
                }
                let document = vec![Vec::new()];
                for pattern in want_path(&mut self.wishes, &document, &path, Need::Presence) {
                    if !patterns.contains(&pattern) {
                        patterns.push(pattern);
                    }
                }
                paths.push(path);
            }
            self.check_never(placed);
        }
        (paths, patterns)
    }

    /// Finds the parent and puts its key before the columns.
    fn parent(&mut self, rule: &TableRule, columns: &mut Vec<Column>) -> Option<Inherited> {
        let Some(parent) = &rule.parent else {
            columns.push(self.key_column());
            if let Some(name) = rule.parent_key.first() {
                let way = "name the `parent`, or leave it out";
                self.add(name, "`parent_key` is of the parent, and there is none", way);
            }
            return None;
        };
        let Some(place) = self.tables.iter().position(|table| table.name == parent.text) else {
            let known: Vec<&str> = self.tables.iter().map(|table| table.name.as_str()).collect();
            let reason = format!("no table before this one is `{}`", parent.text);
            columns.push(self.key_column());
            let way = if parent.text == rule.name.text {
                "a table cannot be its own parent; write `{ enclosing = \"table.column\" }` for the row around"
                    .to_owned()
            } else {
                meant::suggest(&parent.text, &known, "the contract")
            };
            self.add(parent, reason, way);
            return None;
        };
        if self.programs[place].variants.len() > 1 {
            let reason = format!("each element gives several rows of `{}`", parent.text);
            let way = "hang the table off another one: nothing says which of the rows is around";
            self.add(parent, reason, way);
        }
        let theirs: Vec<Column> = self.tables[place].columns.clone();
        let mut taken: Vec<usize> = Vec::new();
        for name in &rule.parent_key {
            match theirs.iter().position(|column| column.name == name.text) {
                Some(column) => taken.push(column),
                None => {
                    let known: Vec<&str> =
                        theirs.iter().map(|column| column.name.as_str()).collect();
                    let reason = format!("`{}` has no column `{}`", parent.text, name.text);
                    let way = meant::suggest(&name.text, &known, &format!("`{}`", parent.text));
                    self.add(name, reason, way);
                }
            }
        }
        if rule.parent_key.is_empty() {
            taken.clone_from(&self.programs[place].key);
        }
        let mut pairs = Vec::new();
        let id = self.programs[place].id;
        for own in taken {
            if id != Some(own) {
                pairs.push((columns.len(), own));
            }
            columns.push(Column { nullable: false, identity: false, ..theirs[own].clone() });
        }
        (!pairs.is_empty()).then_some(Inherited { table: place, columns: pairs })
    }

    /// Compiles a path of what the contract leaves out on purpose.
    fn ignored(&mut self, placed: &Placed) -> Vec<Ignored> {
        let Some(expr) = self.parse(placed) else { return Vec::new() };
        match Ignored::compile(&placed.text, &expr) {
            Ok(ignored) => ignored,
            Err((reason, way)) => {
                self.add(placed, reason, way);
                Vec::new()
            }
        }
    }

    fn keep(&mut self, rule: &TableRule, key: &[usize], patterns: &Patterns) -> Option<KeepRule> {
        let mut prefer = Vec::new();
        for condition in &rule.prefer {
            prefer.extend(self.condition_or_path(condition, patterns, Need::Presence));
        }
        let Some(keep) = rule.keep else {
            if let Some(first) = rule.prefer.first() {
                let way = "say `keep = \"first\"` or `keep = \"last\"` beside it";
                self.add(first, "`prefer` chooses among rows with one key, and all are kept", way);
            }
            return None;
        };
        if rule.key.is_empty() {
            let way = "name the columns that tell rows apart: key = [\"..\"]";
            self.add(&rule.name, "`keep` keeps one row for each key, and there is no `key`", way);
        }
        Some(KeepRule { keep, key: key.to_vec(), prefer })
    }
}

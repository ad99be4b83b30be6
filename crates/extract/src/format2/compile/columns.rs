//! Compiles what fills columns.

use std::sync::OnceLock;

use super::super::contract::{self, ColumnRule, Keep, Placed, TableRule};
use super::super::program::{Cell, From, Origin};
use super::Compiler;
use crate::convert::Conversion;
use crate::coverage::Reader;
use crate::expression::{Expression, Flaw, Type};
use crate::meant;
use crate::narrow::TextUnit;
use crate::reading::Spelling;
use crate::table::{Column, DataType};
use crate::wanted::{Need, Patterns, want};
use crate::xpath::{self, Expr, Function, Kind};

/// What alternatives take over from the list that they stand in.
#[derive(Debug, Clone, Copy)]
struct Around<'r> {
    join: Option<&'r String>,
    pick: Option<Keep>,
    negate_where: Option<&'r Placed>,
    /// How the attributes are written.
    attributes: Spelling,
}

impl Compiler<'_> {
    /// Adds a column to its table.
    pub(super) fn column(
        &mut self,
        rule: &ColumnRule,
        table: &TableRule,
        columns: &mut Vec<Column>,
    ) {
        let name = &rule.name.text;
        if columns.iter().any(|column| column.name.eq_ignore_ascii_case(name)) {
            let is_key = !table.columns.iter().any(|other| {
                other.name.text.eq_ignore_ascii_case(name) && other.name.at != rule.name.at
            });
            let way = if is_key {
                "leave it out: the key of what the rows hang off fills it"
            } else {
                "leave one of them out"
            };
            self.add(&rule.name, format!("the column `{name}` is filled twice"), way);
            return;
        }
        columns.push(Column {
            name: name.clone(),
            data_type: rule.data_type.unwrap_or(DataType::Text { units_max: None }),
            nullable: !rule.required.unwrap_or(false),
            identity: rule.identity,
        });
    }

    /// Compiles what fills a column.
    pub(super) fn cell(
        &mut self,
        rule: &ColumnRule,
        table: usize,
        patterns: &Patterns,
    ) -> Option<Cell> {
        let column =
            self.tables[table].columns.iter().position(|column| column.name == rule.name.text)?;
        let codes = rule.codes.as_ref().and_then(|name| {
            let place = self.code_names.iter().position(|known| *known == name.text);
            if place.is_none() {
                let known: Vec<&str> = self.code_names.iter().map(String::as_str).collect();
                let way = meant::suggest(&name.text, &known, "[codes]");
                let reason = format!("there is no conversion table `{}`", name.text);
                self.problems.add(name.at.show(&name.label, None), reason, way);
            }
            place
        });
        let mut written = Vec::new();
        written_paths(&rule.origin, &mut written);
        let reader = Reader::of_column(&self.tables[table].name, &rule.name.text, written.clone());
        self.wishes.begin_reader(reader);
        let attributes = rule.reading.attributes();
        let around = Around { join: None, pick: None, negate_where: None, attributes };
        let origin = self.origin(&rule.origin, table, patterns, around)?;
        if let (From::Expression { expression, .. }, Some(data_type)) =
            (&origin.from, rule.data_type)
            && let Err(flaw) = expression.fit(data_type)
        {
            self.flaw(&rule.name, flaw);
        }
        self.check_default(rule);
        let data_type = rule.data_type.unwrap_or(DataType::Text { units_max: None });
        Some(Cell {
            column,
            written,
            origin,
            squeeze: rule.squeeze,
            digits: rule.digits,
            codes,
            data_type,
            is_stated: rule.data_type.is_some(),
            text_unit: TextUnit::Utf16,
            reading: rule.reading.clone(),
            default: rule.default.as_ref().map(|placed| placed.text.clone()),
            default_value: OnceLock::new(),
            required: rule.required,
            is_nullable: !rule.required.unwrap_or(false),
            on_error: rule.on_error,
        })
    }

    fn check_default(&mut self, rule: &ColumnRule) {
        let (Some(default), Some(data_type)) = (&rule.default, rule.data_type) else { return };
        match rule.reading.read(&default.text, data_type) {
            Conversion::Value(..) => {}
            Conversion::Unreadable | Conversion::OutOfRange | Conversion::OffsetRefused => {
                let reason = format!("the default is no value of {data_type}");
                self.add(default, reason, "write one, or correct `type`");
            }
        }
    }

    fn origin(
        &mut self,
        origin: &contract::Origin,
        table: usize,
        patterns: &Patterns,
        around: Around<'_>,
    ) -> Option<Origin> {
        let around = Around {
            join: origin.join.as_ref().or(around.join),
            pick: origin.pick.or(around.pick),
            negate_where: origin.negate_where.as_ref().or(around.negate_where),
            attributes: around.attributes,
        };
        let mut negate_where = None;
        let from = match &origin.from {
            contract::From::Path(path) => {
                let expr = self.value(path, patterns, around.attributes)?;
                negate_where = self.negate_where(around.negate_where, &expr, patterns);
                if let Expr::Paths(paths) = &expr
                    && around.join.is_none()
                    && around.pick.is_none()
                {
                    self.singles.push((path.clone(), paths.clone(), table));
                }
                From::Path(expr)
            }
            contract::From::Alternatives(list) => {
                let mut alternatives = Vec::new();
                for alternative in list {
                    alternatives.extend(self.origin(alternative, table, patterns, around));
                }
                From::Alternatives(alternatives)
            }
            contract::From::All(paths) => {
                let mut found = Vec::new();
                for path in paths {
                    found.extend(self.value(path, patterns, around.attributes));
                }
                From::All(found)
            }
            contract::From::Constant(text) => From::Constant(text.clone()),
            contract::From::Position(None) => From::Position(None),
            contract::From::Position(Some(path)) => {
                let expr = self.condition_or_path(path, patterns, Need::Presence)?;
                let Expr::Paths(paths) = expr else {
                    self.add(
                        path,
                        "this is no path",
                        "write the path of an element around the row",
                    );
                    return None;
                };
                From::Position(Some(paths))
            }
            contract::From::Enclosing(name) => self.enclosing(name, table)?,
            contract::From::Expression(text) => {
                self.expression(text, patterns, around.attributes)?
            }
        };
        let mut condition = |placed: &Option<Placed>| {
            let placed = placed.as_ref()?;
            let before = std::mem::replace(&mut self.wishes.is_condition, true);
            let condition = self.condition_or_path(placed, patterns, Need::Presence);
            self.wishes.is_condition = before;
            condition
        };
        Some(Origin {
            when: condition(&origin.when),
            negate_if: condition(&origin.negate_if),
            from,
            join: around.join.cloned(),
            pick: around.pick,
            negate_where,
        })
    }

    /// Compiles the condition at the node that gave the value.
    fn negate_where(
        &mut self,
        placed: Option<&Placed>,
        expr: &Expr,
        patterns: &Patterns,
    ) -> Option<Expr> {
        let placed = placed?;
        let Expr::Paths(paths) = expr else {
            self.add(placed, "`negate_where` looks at the node of a path", "take `negate_if`");
            return None;
        };
        let mut nodes = Patterns::new();
        for path in paths {
            nodes.extend(crate::wanted::want_path(&mut self.wishes, patterns, path, Need::Text));
        }
        let before = std::mem::replace(&mut self.wishes.is_condition, true);
        let condition = self.condition_or_path(placed, &nodes, Need::Presence);
        self.wishes.is_condition = before;
        condition
    }

    fn enclosing(&mut self, name: &Placed, own: usize) -> Option<From> {
        let way = "write it as table.column";
        let Some((table, column)) = name.text.split_once('.') else {
            self.add(name, format!("`{}` names no column of a table", name.text), way);
            return None;
        };
        let Some(place) = self.tables.iter().position(|known| known.name == table) else {
            let known: Vec<&str> = self.tables.iter().map(|table| table.name.as_str()).collect();
            let way = meant::suggest(table, &known, "the contract, up to here,");
            self.add(name, format!("no table up to here is `{table}`"), way);
            return None;
        };
        let columns = &self.tables[place].columns;
        let Some(column) = columns.iter().position(|known| known.name == column) else {
            let known: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
            let way = meant::suggest(column, &known, &format!("`{table}`"));
            self.add(name, format!("`{table}` has no column `{column}`"), way);
            return None;
        };
        debug_assert!(place <= own, "tables stand in order");
        if self.programs[place].variants.len() > 1 {
            let way = "take it from where the row around has it";
            self.add(name, format!("each element gives several rows of `{table}`"), way);
        }
        Some(From::Enclosing { table: place, column })
    }

    /// Compiles a path whose value a column takes.
    fn value(
        &mut self,
        placed: &Placed,
        patterns: &Patterns,
        attributes: Spelling,
    ) -> Option<Expr> {
        let mut expr = self.parse(placed)?;
        loosen(&mut expr, attributes);
        want(&mut self.wishes, patterns, &expr, Need::Text);
        self.check_never(placed);
        Some(expr)
    }

    fn expression(
        &mut self,
        text: &Placed,
        patterns: &Patterns,
        attributes: Spelling,
    ) -> Option<From> {
        let mut slots: Vec<(String, Expr)> = Vec::new();
        let (names, wishes) = (&mut self.names, &mut self.wishes);
        let mut resolve = |path: &str, span: std::ops::Range<usize>| {
            if let Some(slot) = slots.iter().position(|(known, _)| known == path) {
                return Ok((slot, type_of(&slots[slot].1)));
            }
            let mut expr = xpath::parse(path, names)
                .map_err(|problem| Flaw::new(span.clone(), problem.reason, problem.suggestion))?;
            loosen(&mut expr, attributes);
            want(wishes, patterns, &expr, Need::Text);
            if !wishes.never.is_empty() {
                wishes.never.clear();
                let way = "count the `..`, and compare the names with those of `rows`".to_owned();
                return Err(Flaw::new(span, format!("`{path}` can meet nothing"), way));
            }
            let data_type = type_of(&expr);
            slots.push((path.to_owned(), expr));
            Ok((slots.len() - 1, data_type))
        };
        match Expression::parse(&text.text, self.nesting_max, &mut resolve) {
            Ok(expression) => {
                let (names, slots) = slots.into_iter().unzip();
                Some(From::Expression { expression: Box::new(expression), slots, names })
            }
            Err(flaws) => {
                flaws.into_iter().for_each(|flaw| self.flaw(text, flaw));
                None
            }
        }
    }

    fn flaw(&mut self, text: &Placed, flaw: Flaw) {
        let place = text.at.show(&text.label, Some(flaw.span.start));
        self.problems.add(place, flaw.reason, flaw.suggestion);
    }
}

/// Takes attributes in whatever case they are written, where the reading says so.
fn loosen(expr: &mut Expr, attributes: Spelling) {
    if attributes == Spelling::AnyCase
        && let Expr::Paths(paths) = expr
    {
        paths.iter_mut().for_each(xpath::Path::loosen);
    }
}

/// What a column reads, as the contract writes it.
fn written_paths(origin: &contract::Origin, written: &mut Vec<String>) {
    match &origin.from {
        contract::From::Path(path) | contract::From::Expression(path) => {
            written.push(path.text.clone());
        }
        contract::From::Position(path) => {
            written.extend(path.iter().map(|path| path.text.clone()));
        }
        contract::From::All(paths) => written.extend(paths.iter().map(|path| path.text.clone())),
        contract::From::Alternatives(list) => {
            list.iter().for_each(|alternative| written_paths(alternative, written));
        }
        contract::From::Constant(_) | contract::From::Enclosing(_) => {}
    }
}

/// The type of what an expression over paths gives.
fn type_of(expr: &Expr) -> Type {
    match expr.kind() {
        Kind::Nodes | Kind::Text => Type::Untyped,
        Kind::Flag => Type::Bit,
        Kind::Number if is_whole(expr) => Type::Int,
        Kind::Number => Type::Float,
    }
}

/// Says whether an expression gives a whole number, whatever the document has.
pub(crate) fn is_whole(expr: &Expr) -> bool {
    matches!(expr, Expr::Call(Function::Count | Function::StringLength, _))
}

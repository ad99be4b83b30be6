//! `CREATE TABLE`, `CREATE INDEX`, `DROP TABLE`.

use std::sync::Arc;

use crate::error::{SqlError, SqlResult};
use crate::sql::ast::{ColumnDef, Constraint, DefaultDef, IndexDef, ObjectName, Rule, TableDef};
use crate::sql::expr::{expr, pred};
use crate::sql::parser::Parser;

/// What stands behind `CREATE TABLE`.
pub(crate) fn create_table(p: &mut Parser<'_>, start: usize) -> SqlResult<TableDef> {
    let name = p.object_name()?;
    p.expect("(")?;
    let (mut columns, mut constraints) = (Vec::new(), Vec::new());
    loop {
        if let Some(constraint) = table_constraint(p)? {
            constraints.push(constraint);
        } else {
            columns.push(column(p, &mut constraints)?);
        }
        if !p.eat(",") || p.is_symbol(0, ")") {
            break;
        }
    }
    p.expect(")")?;
    if p.eat_word("on") {
        p.name()?;
    }
    Ok(TableDef { name, columns, constraints, text: p.text_since(start).to_owned() })
}

fn table_constraint(p: &mut Parser<'_>) -> SqlResult<Option<Constraint>> {
    let name = if p.eat_word("constraint") { Some(p.name()?) } else { None };
    if ["primary", "unique", "foreign", "check"].iter().any(|word| p.is_word(0, word)) {
        return Ok(Some(Constraint { name, rule: rule(p, None)? }));
    }
    if name.is_some() { Err(p.unexpected()) } else { Ok(None) }
}

/// A key or a foreign key; `column` is the one whose definition it is part of.
fn rule(p: &mut Parser<'_>, column: Option<&str>) -> SqlResult<Rule> {
    let own = |p: &mut Parser<'_>| match column {
        Some(column) if !p.is_symbol(0, "(") => Ok(vec![column.to_owned()]),
        Some(_) | None => {
            key_columns(p).map(|columns| columns.into_iter().map(|(name, _)| name).collect())
        }
    };
    if p.eat_word("primary") {
        p.expect_word("key")?;
        let _ = p.eat_word("clustered") || p.eat_word("nonclustered");
        return Ok(Rule::Primary(own(p)?));
    }
    if p.eat_word("unique") {
        let _ = p.eat_word("clustered") || p.eat_word("nonclustered");
        return Ok(Rule::Unique(own(p)?));
    }
    if p.eat_word("check") {
        p.expect("(")?;
        let condition = pred(p)?;
        p.expect(")")?;
        return Ok(Rule::Check(condition));
    }
    let columns = match column {
        Some(column) => {
            if p.eat_word("foreign") {
                p.expect_word("key")?;
            }
            vec![column.to_owned()]
        }
        None => {
            p.expect_word("foreign")?;
            p.expect_word("key")?;
            p.name_list()?
        }
    };
    p.expect_word("references")?;
    let parent = p.object_name()?;
    let parent_columns = if p.is_symbol(0, "(") { p.name_list()? } else { Vec::new() };
    let mut cascades = false;
    while p.eat_word("on") {
        if p.eat_word("delete") && p.eat_word("cascade") {
            cascades = true;
            continue;
        }
        p.eat_word("update");
        p.expect_word("no")?;
        p.expect_word("action")?;
    }
    Ok(Rule::Foreign { columns, parent, parent_columns, cascades })
}

/// `([a] ASC, [b] DESC)`.
fn key_columns(p: &mut Parser<'_>) -> SqlResult<Vec<(String, bool)>> {
    p.expect("(")?;
    let mut columns = Vec::new();
    loop {
        let name = p.name()?;
        let goes_down = p.eat_word("desc");
        if !goes_down {
            p.eat_word("asc");
        }
        columns.push((name, goes_down));
        if !p.eat(",") {
            break;
        }
    }
    p.expect(")")?;
    Ok(columns)
}

fn column(p: &mut Parser<'_>, constraints: &mut Vec<Constraint>) -> SqlResult<ColumnDef> {
    let name = p.name()?;
    let mut def = ColumnDef {
        name,
        ty: None,
        collation: None,
        computed: None,
        identity: None,
        is_nullable: None,
        default: None,
    };
    if p.eat_word("as") {
        let start = p.mark();
        let value = expr(p)?;
        let text = p.text_since(start).to_owned();
        p.expect_word("persisted")?;
        def.computed = Some((value, text));
        if p.eat_word("not") {
            p.expect_word("null")?;
            def.is_nullable = Some(false);
        }
        return Ok(def);
    }
    def.ty = Some(p.data_type()?);
    while !p.is_symbol(0, ",") && !p.is_symbol(0, ")") {
        column_clause(p, &mut def, constraints)?;
    }
    Ok(def)
}

fn column_clause(
    p: &mut Parser<'_>,
    def: &mut ColumnDef,
    constraints: &mut Vec<Constraint>,
) -> SqlResult<()> {
    if p.eat_word("null") {
        def.is_nullable = Some(true);
        return Ok(());
    }
    if p.eat_word("not") {
        def.is_nullable = Some(false);
        return p.expect_word("null");
    }
    if p.eat_word("collate") {
        def.collation = Some(p.name()?);
        return Ok(());
    }
    if p.eat_word("identity") {
        def.identity = Some((1, 1));
        if p.eat("(") {
            let seed = p.integer()?;
            p.expect(",")?;
            def.identity = Some((seed, p.integer()?));
            p.expect(")")?;
        }
        return Ok(());
    }
    let name = if p.eat_word("constraint") { Some(p.name()?) } else { None };
    if p.eat_word("default") {
        def.default = Some(DefaultDef { name, expr: Arc::new(expr(p)?) });
        return Ok(());
    }
    let is_rule = ["primary", "unique", "foreign", "references", "check"]
        .iter()
        .any(|word| p.is_word(0, word));
    if !is_rule {
        return Err(p.unexpected());
    }
    let rule = rule(p, Some(&def.name))?;
    constraints.push(Constraint { name, rule });
    Ok(())
}

/// What stands behind `CREATE`, from `UNIQUE` or `INDEX` on.
pub(crate) fn create_index(p: &mut Parser<'_>, start: usize) -> SqlResult<IndexDef> {
    let is_unique = p.eat_word("unique");
    let _ = p.eat_word("clustered") || p.eat_word("nonclustered");
    p.expect_word("index")?;
    let name = p.name()?;
    p.expect_word("on")?;
    let table = p.object_name()?;
    let columns = key_columns(p)?;
    if p.eat_word("include") {
        p.name_list()?;
    }
    Ok(IndexDef { name, table, is_unique, columns, text: p.text_since(start).to_owned() })
}

/// What stands behind `DROP TABLE`.
pub(crate) fn drop_table(p: &mut Parser<'_>) -> SqlResult<(ObjectName, bool)> {
    let if_exists = p.eat_word("if");
    if if_exists {
        p.expect_word("exists")?;
    }
    Ok((p.object_name()?, if_exists))
}

/// Reads a stored definition again.
pub(crate) fn reread_table(text: &str) -> SqlResult<TableDef> {
    let mut p = Parser::new(text, &[])?;
    let start = p.mark();
    p.expect_word("create")?;
    p.expect_word("table")?;
    create_table(&mut p, start)
}

/// Reads a stored definition again.
pub(crate) fn reread_index(text: &str) -> SqlResult<IndexDef> {
    let mut p = Parser::new(text, &[])?;
    let start = p.mark();
    p.expect_word("create")?;
    create_index(&mut p, start)
}

impl TableDef {
    /// 2714 for a name that is taken.
    pub(crate) fn taken(&self) -> SqlError {
        let text =
            format!("There is already an object named '{}' in the database.", self.name.name);
        SqlError::new(2714, text).with_state(6)
    }
}

//! `SELECT`, and what it reads from.

use std::sync::Arc;

use crate::error::SqlResult;
use crate::sql::ast::{Expr, From, Item, Join, JsonColumn, Query, Source, Step};
use crate::sql::expr::{expr, pred};
use crate::sql::lexer::{Kind, Token};
use crate::sql::parser::Parser;

/// A query in parentheses.
pub(crate) fn parenthesised(p: &mut Parser<'_>) -> SqlResult<Query> {
    p.expect("(")?;
    let inner = query(p)?;
    p.expect(")")?;
    Ok(inner)
}

/// `SELECT ...` up to where it ends.
pub(crate) fn query(p: &mut Parser<'_>) -> SqlResult<Query> {
    p.nested(|p| {
        p.expect_word("select")?;
        let is_distinct = p.eat_word("distinct");
        let top = if p.eat_word("top") { Some(top(p)?) } else { None };
        let items = items(p)?;
        let from = if p.eat_word("from") { Some(from(p)?) } else { None };
        let filter = if p.eat_word("where") { Some(pred(p)?) } else { None };
        let mut group = Vec::new();
        if p.eat_word("group") {
            p.expect_word("by")?;
            group.push(expr(p)?);
            while p.eat(",") {
                group.push(expr(p)?);
            }
        }
        let having = if p.eat_word("having") { Some(pred(p)?) } else { None };
        let order = if p.eat_word("order") { order(p)? } else { Vec::new() };
        Ok(Query { top, is_distinct, items, from, filter, group, having, order })
    })
}

/// The one hint that is understood, which changes no answer.
pub(crate) fn hint(p: &mut Parser<'_>) -> SqlResult<()> {
    if p.eat_word("option") {
        p.expect("(")?;
        p.expect_word("loop")?;
        p.expect_word("join")?;
        p.expect(")")?;
    }
    Ok(())
}

fn top(p: &mut Parser<'_>) -> SqlResult<Expr> {
    if p.eat("(") {
        let n = expr(p)?;
        p.expect(")")?;
        return Ok(n);
    }
    let Kind::Number(digits) = p.peek(0).clone() else { return Err(p.unexpected()) };
    p.next();
    Ok(Expr::Number(digits))
}

/// The select list, or that of `OUTPUT`.
pub(crate) fn items(p: &mut Parser<'_>) -> SqlResult<Vec<Item>> {
    let mut items = vec![item(p)?];
    while p.eat(",") {
        items.push(item(p)?);
    }
    Ok(items)
}

fn item(p: &mut Parser<'_>) -> SqlResult<Item> {
    if p.eat("*") {
        return Ok(Item::Star(None));
    }
    if p.at_name() && p.is_symbol(1, ".") && p.is_symbol(2, "*") {
        let qualifier = p.name()?;
        p.expect(".")?;
        p.expect("*")?;
        return Ok(Item::Star(Some(qualifier)));
    }
    let value = expr(p)?;
    let alias = if p.eat_word("as") || p.at_name() { Some(p.name()?) } else { None };
    Ok(Item::Expr { expr: value, alias })
}

fn order(p: &mut Parser<'_>) -> SqlResult<Vec<(Expr, bool)>> {
    p.expect_word("by")?;
    let mut keys = Vec::new();
    loop {
        let key = expr(p)?;
        let goes_down = p.eat_word("desc");
        if !goes_down {
            p.eat_word("asc");
        }
        keys.push((key, goes_down));
        if !p.eat(",") {
            return Ok(keys);
        }
    }
}

/// What stands behind `FROM`.
pub(crate) fn from(p: &mut Parser<'_>) -> SqlResult<From> {
    let first = source(p)?;
    let mut joins = Vec::new();
    loop {
        let is_left = p.is_word(0, "left");
        if is_left {
            p.next();
            p.eat_word("outer");
            p.expect_word("join")?;
        } else if p.eat_word("inner") {
            // How the server looks for matches changes no answer.
            p.eat_word("loop");
            p.expect_word("join")?;
        } else if !p.eat_word("join") {
            return Ok(From { first, joins });
        }
        let joined = source(p)?;
        p.expect_word("on")?;
        joins.push(Join { is_left, source: joined, on: pred(p)? });
    }
}

fn source(p: &mut Parser<'_>) -> SqlResult<Source> {
    if p.is_symbol(0, "(") {
        let query = Box::new(parenthesised(p)?);
        p.eat_word("as");
        return Ok(Source::Derived { query, alias: p.name()? });
    }
    if p.is_word(0, "openjson") && p.is_symbol(1, "(") {
        return json(p);
    }
    let name = p.object_name()?;
    let alias = if p.eat_word("as") || p.at_name() { Some(p.name()?) } else { None };
    lock_hints(p)?;
    Ok(Source::Table { name, alias })
}

/// The hints of a locking read. There is one writer, and what it reads nobody else can change before it ends: they ask
/// for what is so already.
fn lock_hints(p: &mut Parser<'_>) -> SqlResult<()> {
    if p.is_word(0, "with") && p.is_symbol(1, "(") {
        p.next();
        p.next();
        p.expect_word("updlock")?;
        p.expect(",")?;
        p.expect_word("holdlock")?;
        p.expect(")")?;
    }
    Ok(())
}

fn json(p: &mut Parser<'_>) -> SqlResult<Source> {
    p.next();
    p.expect("(")?;
    let document = expr(p)?;
    let mut within = Vec::new();
    if p.eat(",") {
        let Kind::Text { text, .. } = p.peek(0).clone() else { return Err(p.unexpected()) };
        within = path(&text).ok_or_else(|| p.unexpected())?;
        p.next();
    }
    p.expect(")")?;
    p.expect_word("with")?;
    p.expect("(")?;
    let mut columns = Vec::new();
    loop {
        let name = p.name()?;
        let ty = p.data_type()?;
        let path = match p.peek(0).clone() {
            Kind::Text { text, .. } => {
                let steps = path(&text).ok_or_else(|| p.unexpected())?;
                p.next();
                steps
            }
            Kind::Word(_)
            | Kind::Quoted(_)
            | Kind::Number(_)
            | Kind::Variable(_)
            | Kind::Symbol(_)
            | Kind::End => {
                vec![Step::Key(name.clone())]
            }
        };
        columns.push(JsonColumn { name, ty, path });
        if !p.eat(",") {
            break;
        }
    }
    p.expect(")")?;
    p.eat_word("as");
    Ok(Source::Json { document, path: within, columns: Arc::new(columns), alias: p.name()? })
}

/// Reads `$`, `$[0]`, `$.name`, `$."a name"` and what can be made of them.
fn path(text: &str) -> Option<Vec<Step>> {
    let mut rest = text.trim().strip_prefix("lax ").unwrap_or(text.trim()).strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(indexed) = rest.strip_prefix('[') {
            let (digits, behind) = indexed.split_once(']')?;
            steps.push(Step::Index(digits.trim().parse().ok()?));
            rest = behind;
        } else if let Some(quoted) = rest.strip_prefix(".\"") {
            let (key, behind) = quoted.split_once('"')?;
            steps.push(Step::Key(key.to_owned()));
            rest = behind;
        } else {
            let named = rest.strip_prefix('.')?;
            let len = named.find(['.', '[']).unwrap_or(named.len());
            if len == 0 {
                return None;
            }
            steps.push(Step::Key(named[..len].to_owned()));
            rest = &named[len..];
        }
    }
    Some(steps)
}

/// Whether a token begins a query.
pub(crate) fn begins(token: &Token) -> bool {
    matches!(&token.kind, Kind::Word(word) if word.eq_ignore_ascii_case("select"))
}

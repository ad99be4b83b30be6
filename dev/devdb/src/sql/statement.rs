//! Statements, and what holds them together: blocks, `IF`, `WHILE`, `TRY`, variables, transactions, `THROW`, `SET`, `EXEC`.

use crate::error::SqlResult;
use crate::sql::ast::{Batch, Declared, Expr, Node, Setting, Stmt};
use crate::sql::expr::{expr, pred};
use crate::sql::lexer::Kind;
use crate::sql::parser::Parser;
use crate::sql::{classify, ddl, dml, principal, query};

/// Settings that drivers send and that make no difference here.
const IGNORED_SETTINGS: [&str; 16] = [
    "ansi_nulls",
    "ansi_padding",
    "ansi_warnings",
    "ansi_defaults",
    "ansi_null_dflt_on",
    "arithabort",
    "concat_null_yields_null",
    "quoted_identifier",
    "numeric_roundabort",
    "cursor_close_on_commit",
    "implicit_transactions",
    "textsize",
    "language",
    "dateformat",
    "datefirst",
    "deadlock_priority",
];

/// Parses a batch whose parameters are declared.
pub(crate) fn parse(text: &str, params: Vec<Declared>) -> SqlResult<Batch> {
    let mut parser = Parser::new(text, &params)?;
    let mut body = statements(&mut parser)?;
    if !parser.at_end() {
        return Err(parser.unexpected());
    }
    number(&mut body, &mut 0);
    Ok(Batch { kind: classify::kind(&body), params, variables: parser.variables(), body })
}

/// Gives each statement a number of its own.
fn number(nodes: &mut [Node], next: &mut usize) {
    for node in nodes {
        node.number = *next;
        *next += 1;
        match &mut node.stmt {
            Stmt::Block(body) => number(body, next),
            Stmt::If { then, otherwise, .. } => {
                number(std::slice::from_mut(then), next);
                if let Some(otherwise) = otherwise {
                    number(std::slice::from_mut(otherwise), next);
                }
            }
            Stmt::While { body, .. } => number(std::slice::from_mut(body), next),
            Stmt::Try { body, handler } => {
                number(body, next);
                number(handler, next);
            }
            Stmt::Begin
            | Stmt::Commit
            | Stmt::Rollback
            | Stmt::Save(_)
            | Stmt::RollbackTo(_)
            | Stmt::Assign { .. }
            | Stmt::Throw { .. }
            | Stmt::Set(_)
            | Stmt::CreateSchema(_)
            | Stmt::CreateTable(_)
            | Stmt::CreateIndex(_)
            | Stmt::DropTable { .. }
            | Stmt::DropSchema(_)
            | Stmt::Principal(_)
            | Stmt::Insert(_)
            | Stmt::Update(_)
            | Stmt::Delete(_)
            | Stmt::Select(_) => {}
        }
    }
}

/// Statements up to the end of the text or of the block.
pub(crate) fn statements(p: &mut Parser<'_>) -> SqlResult<Vec<Node>> {
    let mut nodes = Vec::new();
    loop {
        while p.eat(";") {}
        if p.at_end() || p.is_word(0, "end") {
            return Ok(nodes);
        }
        nodes.push(statement(p)?);
    }
}

fn statement(p: &mut Parser<'_>) -> SqlResult<Node> {
    let line = p.line();
    let stmt = p.nested(kind_of_statement)?;
    // `parse` counts them once the whole batch has been read.
    Ok(Node { line, stmt, number: 0 })
}

fn kind_of_statement(p: &mut Parser<'_>) -> SqlResult<Stmt> {
    let Kind::Word(word) = p.peek(0).clone() else { return Err(p.unexpected()) };
    match word.to_ascii_lowercase().as_str() {
        "select" => Ok(Stmt::Select(Box::new(query::query(p)?))),
        "insert" => Ok(Stmt::Insert(Box::new(dml::insert(p)?))),
        "update" => Ok(Stmt::Update(Box::new(dml::update(p)?))),
        "delete" => Ok(Stmt::Delete(Box::new(dml::delete(p)?))),
        "if" => condition(p),
        "begin" => begin(p),
        "commit" => {
            p.next();
            eat_transaction(p);
            Ok(Stmt::Commit)
        }
        "rollback" => {
            p.next();
            let is_named = eat_transaction(p) && p.at_name();
            Ok(if is_named { Stmt::RollbackTo(p.name()?) } else { Stmt::Rollback })
        }
        "save" => {
            p.next();
            if !eat_transaction(p) {
                return Err(p.unexpected());
            }
            Ok(Stmt::Save(p.name()?))
        }
        "while" => {
            p.next();
            Ok(Stmt::While { condition: pred(p)?, body: Box::new(statement(p)?) })
        }
        "declare" => declare(p),
        "throw" => throw(p),
        "set" => set(p),
        "exec" | "execute" => execute(p),
        "create" => create(p),
        "drop" => drop(p),
        "alter" => Ok(Stmt::Principal(Box::new(principal::alter(p)?))),
        "grant" | "deny" => Ok(Stmt::Principal(Box::new(principal::permit(p)?))),
        _ => Err(p.unexpected()),
    }
}

fn eat_transaction(p: &mut Parser<'_>) -> bool {
    p.eat_word("transaction") || p.eat_word("tran") || p.eat_word("work")
}

fn condition(p: &mut Parser<'_>) -> SqlResult<Stmt> {
    p.expect_word("if")?;
    let condition = pred(p)?;
    let then = Box::new(statement(p)?);
    let mark = p.mark();
    while p.eat(";") {}
    if p.eat_word("else") {
        return Ok(Stmt::If { condition, then, otherwise: Some(Box::new(statement(p)?)) });
    }
    p.rewind(mark);
    Ok(Stmt::If { condition, then, otherwise: None })
}

fn begin(p: &mut Parser<'_>) -> SqlResult<Stmt> {
    p.expect_word("begin")?;
    if eat_transaction(p) {
        return Ok(Stmt::Begin);
    }
    if p.eat_word("try") {
        let body = statements(p)?;
        end_of(p, "try")?;
        p.expect_word("begin")?;
        p.expect_word("catch")?;
        let handler = statements(p)?;
        end_of(p, "catch")?;
        return Ok(Stmt::Try { body, handler });
    }
    let body = statements(p)?;
    p.expect_word("end")?;
    Ok(Stmt::Block(body))
}

fn end_of(p: &mut Parser<'_>, block: &str) -> SqlResult<()> {
    p.expect_word("end")?;
    p.expect_word(block)
}

/// `DECLARE @a int = 1, @b nvarchar(max)`; a variable without a value is NULL.
fn declare(p: &mut Parser<'_>) -> SqlResult<Stmt> {
    p.next();
    let mut assignments = Vec::new();
    loop {
        let line = p.line();
        let name = p.variable()?;
        p.eat_word("as");
        let ty = p.data_type()?;
        let value = if p.eat("=") { expr(p)? } else { Expr::Null };
        let stmt = Stmt::Assign { variable: p.declare(Declared { name, ty }), value };
        assignments.push(Node { line, stmt, number: 0 });
        if !p.eat(",") {
            return Ok(Stmt::Block(assignments));
        }
    }
}

fn throw(p: &mut Parser<'_>) -> SqlResult<Stmt> {
    p.expect_word("throw")?;
    let number = expr(p)?;
    p.expect(",")?;
    let message = expr(p)?;
    p.expect(",")?;
    Ok(Stmt::Throw { number, message, state: expr(p)? })
}

fn on_off(p: &mut Parser<'_>) -> SqlResult<bool> {
    if p.eat_word("on") {
        return Ok(true);
    }
    p.expect_word("off").map(|()| false)
}

fn set(p: &mut Parser<'_>) -> SqlResult<Stmt> {
    p.expect_word("set")?;
    let refused = p.unexpected();
    if let Kind::Variable(name) = p.peek(0).clone() {
        let variable = p.param(&name)?;
        p.next();
        p.expect("=")?;
        return Ok(Stmt::Assign { variable, value: expr(p)? });
    }
    if p.eat_word("transaction") {
        p.expect_word("isolation")?;
        p.expect_word("level")?;
        isolation(p)?;
        return Ok(Stmt::Set(Setting::Ignored));
    }
    let name = p.name()?.to_ascii_lowercase();
    let setting = match name.as_str() {
        "xact_abort" => Setting::XactAbort(on_off(p)?),
        "nocount" => Setting::NoCount(on_off(p)?),
        "lock_timeout" => Setting::LockTimeout(p.integer()?),
        "identity_insert" => {
            let table = p.object_name()?;
            Setting::IdentityInsert { table, is_on: on_off(p)? }
        }
        _ if IGNORED_SETTINGS.contains(&name.as_str()) => {
            while p.eat(",") {
                p.name()?;
            }
            if p.is_word(0, "on") || p.is_word(0, "off") || p.is_symbol(0, "-") {
                p.next();
            }
            if matches!(p.peek(0), Kind::Number(_)) || p.at_name() && !p.is_symbol(1, "(") {
                p.next();
            }
            Setting::Ignored
        }
        _ => return Err(refused),
    };
    Ok(Stmt::Set(setting))
}

fn isolation(p: &mut Parser<'_>) -> SqlResult<()> {
    if p.eat_word("read") {
        let known = p.eat_word("committed") || p.eat_word("uncommitted");
        return if known { Ok(()) } else { Err(p.unexpected()) };
    }
    if p.eat_word("repeatable") {
        return p.expect_word("read");
    }
    if p.eat_word("serializable") || p.eat_word("snapshot") { Ok(()) } else { Err(p.unexpected()) }
}

/// `EXEC (N'...')` of a literal: its statements stand in its place.
fn execute(p: &mut Parser<'_>) -> SqlResult<Stmt> {
    p.next();
    p.expect("(")?;
    let Kind::Text { text, .. } = p.peek(0).clone() else { return Err(p.unexpected()) };
    p.next();
    p.expect(")")?;
    let mut inner = Parser::new(&text, &[])?;
    let body = statements(&mut inner)?;
    if inner.at_end() { Ok(Stmt::Block(body)) } else { Err(inner.unexpected()) }
}

fn create(p: &mut Parser<'_>) -> SqlResult<Stmt> {
    let start = p.mark();
    p.expect_word("create")?;
    if p.eat_word("schema") {
        return Ok(Stmt::CreateSchema(p.name()?));
    }
    if p.eat_word("table") {
        return Ok(Stmt::CreateTable(Box::new(ddl::create_table(p, start)?)));
    }
    if p.is_word(0, "user") || p.is_word(0, "role") {
        return Ok(Stmt::Principal(Box::new(principal::create(p)?)));
    }
    Ok(Stmt::CreateIndex(Box::new(ddl::create_index(p, start)?)))
}

fn drop(p: &mut Parser<'_>) -> SqlResult<Stmt> {
    p.expect_word("drop")?;
    if p.eat_word("schema") {
        return Ok(Stmt::DropSchema(p.name()?));
    }
    if p.eat_word("table") {
        let (name, if_exists) = ddl::drop_table(p)?;
        return Ok(Stmt::DropTable { name, if_exists });
    }
    Ok(Stmt::Principal(Box::new(principal::drop(p)?)))
}

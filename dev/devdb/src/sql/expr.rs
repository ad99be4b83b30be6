//! Expressions and predicates.

use std::ops::RangeInclusive;

use crate::error::SqlResult;
use crate::sql::ast::{Aggregate, Arith, Compare, DatePart, Expr, Func, Pred};
use crate::sql::lexer::Kind;
use crate::sql::parser::Parser;
use crate::sql::query;

/// The one style of `CONVERT` there is here.
const ISO_8601: i64 = 126;

/// A predicate: `OR` over `AND` over `NOT` over comparisons.
pub(crate) fn pred(p: &mut Parser<'_>) -> SqlResult<Pred> {
    p.nested(|p| {
        let mut left = and(p)?;
        while p.eat_word("or") {
            left = Pred::Or(Box::new(left), Box::new(and(p)?));
        }
        Ok(left)
    })
}

fn and(p: &mut Parser<'_>) -> SqlResult<Pred> {
    let mut left = not(p)?;
    while p.eat_word("and") {
        left = Pred::And(Box::new(left), Box::new(not(p)?));
    }
    Ok(left)
}

fn not(p: &mut Parser<'_>) -> SqlResult<Pred> {
    if p.eat_word("not") {
        return p.nested(|p| Ok(Pred::Not(Box::new(not(p)?))));
    }
    if p.is_word(0, "exists") && p.is_symbol(1, "(") {
        p.next();
        return Ok(Pred::Exists(Box::new(query::parenthesised(p)?)));
    }
    if p.is_symbol(0, "(") && !p.is_word(1, "select") {
        // `(a = 1 OR b = 2)` or `(a + 1) = 2`: only what follows tells.
        let mark = p.mark();
        p.next();
        if let Ok(inner) = pred(p)
            && p.eat(")")
        {
            return Ok(inner);
        }
        p.rewind(mark);
    }
    comparison(p)
}

fn comparison(p: &mut Parser<'_>) -> SqlResult<Pred> {
    let left = expr(p)?;
    if p.eat_word("is") {
        let is_negated = p.eat_word("not");
        p.expect_word("null")?;
        return Ok(Pred::IsNull { expr: left, is_negated });
    }
    if let Some(op) = compare_op(p) {
        return Ok(Pred::Compare { op, left, right: expr(p)? });
    }
    let is_negated = p.eat_word("not");
    if p.eat_word("in") {
        if p.is_symbol(0, "(") && p.is_word(1, "select") {
            return Ok(Pred::InQuery {
                expr: left,
                query: Box::new(query::parenthesised(p)?),
                is_negated,
            });
        }
        return Ok(Pred::InList { expr: left, list: args(p)?, is_negated });
    }
    if p.eat_word("between") {
        let low = expr(p)?;
        p.expect_word("and")?;
        return Ok(Pred::Between { expr: left, low, high: expr(p)?, is_negated });
    }
    if p.eat_word("like") {
        return Ok(Pred::Like { expr: left, pattern: expr(p)?, is_negated });
    }
    Err(p.unexpected())
}

fn compare_op(p: &mut Parser<'_>) -> Option<Compare> {
    let op = match p.symbol() {
        "=" => Compare::Equal,
        "<>" | "!=" => Compare::NotEqual,
        "<" => Compare::Less,
        "<=" | "!>" => Compare::LessEqual,
        ">" => Compare::Greater,
        ">=" | "!<" => Compare::GreaterEqual,
        _ => return None,
    };
    p.next();
    Some(op)
}

/// A value: sums of products.
pub(crate) fn expr(p: &mut Parser<'_>) -> SqlResult<Expr> {
    p.nested(|p| {
        let mut left = product(p)?;
        loop {
            let op = match p.symbol() {
                "+" => Arith::Add,
                "-" => Arith::Subtract,
                _ => return Ok(left),
            };
            p.next();
            left = Expr::Arith { op, left: Box::new(left), right: Box::new(product(p)?) };
        }
    })
}

fn product(p: &mut Parser<'_>) -> SqlResult<Expr> {
    let mut left = signed(p)?;
    loop {
        let op = match p.symbol() {
            "*" => Arith::Multiply,
            "/" => Arith::Divide,
            "%" => Arith::Modulo,
            _ => return Ok(left),
        };
        p.next();
        left = Expr::Arith { op, left: Box::new(left), right: Box::new(signed(p)?) };
    }
}

fn signed(p: &mut Parser<'_>) -> SqlResult<Expr> {
    if p.eat("-") {
        return p.nested(|p| Ok(Expr::Negate(Box::new(signed(p)?))));
    }
    if p.eat("+") {
        return p.nested(signed);
    }
    collated(p)
}

/// A value and the `COLLATE` behind it, which binds it the closest.
fn collated(p: &mut Parser<'_>) -> SqlResult<Expr> {
    let mut inner = primary(p)?;
    while p.eat_word("collate") {
        inner = Expr::Collate { expr: Box::new(inner), name: p.name()? };
    }
    Ok(inner)
}

fn primary(p: &mut Parser<'_>) -> SqlResult<Expr> {
    match p.peek(0).clone() {
        Kind::Number(digits) => {
            p.next();
            Ok(Expr::Number(digits))
        }
        Kind::Text { text, is_national } => {
            p.next();
            Ok(Expr::Text { text, is_national })
        }
        Kind::Variable(name) => variable(p, &name),
        Kind::Symbol("(") if p.is_word(1, "select") => {
            Ok(Expr::Subquery(Box::new(query::parenthesised(p)?)))
        }
        Kind::Symbol("(") => {
            p.next();
            let inner = expr(p)?;
            p.expect(")")?;
            Ok(inner)
        }
        Kind::Word(word) if p.is_symbol(1, "(") => call(p, &word.to_ascii_lowercase()),
        Kind::Word(word) if word.eq_ignore_ascii_case("case") => case(p),
        Kind::Word(word) if word.eq_ignore_ascii_case("null") => {
            p.next();
            Ok(Expr::Null)
        }
        Kind::Word(_) | Kind::Quoted(_) => column(p),
        Kind::Symbol(_) | Kind::End => Err(p.unexpected()),
    }
}

fn variable(p: &mut Parser<'_>, name: &str) -> SqlResult<Expr> {
    let found = match name {
        "@rowcount" => Expr::RowCount,
        "@trancount" => Expr::TranCount,
        "@version" => Expr::Version,
        _ if name.starts_with('@') => return Err(p.unexpected()),
        _ => Expr::Param(p.param(name)?),
    };
    p.next();
    Ok(found)
}

/// `name`, `alias.name`, or `schema.table.name`, of which the schema is left out.
fn column(p: &mut Parser<'_>) -> SqlResult<Expr> {
    let line = p.line();
    let mut parts = vec![p.name()?];
    while parts.len() < 3 && p.is_symbol(0, ".") {
        p.next();
        parts.push(p.name()?);
    }
    let name = parts.pop().expect("at least one part was read");
    Ok(Expr::Column { qualifier: parts.pop(), name, line })
}

fn case(p: &mut Parser<'_>) -> SqlResult<Expr> {
    p.expect_word("case")?;
    if !p.is_word(0, "when") {
        // The form with an operand would have to evaluate it once.
        return Err(p.unexpected());
    }
    let mut whens = Vec::new();
    while p.eat_word("when") {
        let condition = pred(p)?;
        p.expect_word("then")?;
        whens.push((condition, expr(p)?));
    }
    let otherwise = if p.eat_word("else") { Some(Box::new(expr(p)?)) } else { None };
    p.expect_word("end")?;
    Ok(Expr::Case { whens, otherwise })
}

fn args(p: &mut Parser<'_>) -> SqlResult<Vec<Expr>> {
    p.expect("(")?;
    let mut args = Vec::new();
    if p.eat(")") {
        return Ok(args);
    }
    args.push(expr(p)?);
    while p.eat(",") {
        args.push(expr(p)?);
    }
    p.expect(")")?;
    Ok(args)
}

fn call(p: &mut Parser<'_>, name: &str) -> SqlResult<Expr> {
    let refused = p.unexpected();
    if let Some(func) = aggregate(name) {
        p.next();
        return aggregate_call(p, func);
    }
    match name {
        "cast" => {
            p.next();
            p.expect("(")?;
            let inner = expr(p)?;
            p.expect_word("as")?;
            if p.eat_word("xml") {
                p.expect(")")?;
                return Ok(Expr::Call { func: Func::Xml, args: vec![inner] });
            }
            let ty = p.data_type()?;
            p.expect(")")?;
            return Ok(Expr::Cast { expr: Box::new(inner), ty });
        }
        "convert" => {
            p.next();
            return convert(p);
        }
        "dateadd" | "datediff" => {
            p.next();
            return date_call(p, name == "dateadd");
        }
        "xact_state" | "error_number" | "error_message" => {
            p.next();
            p.expect("(")?;
            p.expect(")")?;
            return Ok(match name {
                "xact_state" => Expr::XactState,
                "error_number" => Expr::ErrorNumber,
                _ => Expr::ErrorMessage,
            });
        }
        _ => {}
    }
    let (func, arity) = function(name).ok_or_else(|| refused.clone())?;
    p.next();
    let args = args(p)?;
    if arity.contains(&args.len()) { Ok(Expr::Call { func, args }) } else { Err(refused) }
}

fn convert(p: &mut Parser<'_>) -> SqlResult<Expr> {
    p.expect("(")?;
    let ty = p.data_type()?;
    p.expect(",")?;
    let inner = Box::new(expr(p)?);
    if p.eat(")") {
        return Ok(Expr::Cast { expr: inner, ty });
    }
    p.expect(",")?;
    let refused = p.unexpected();
    if p.integer()? != ISO_8601 {
        return Err(refused);
    }
    p.expect(")")?;
    Ok(Expr::Convert { expr: inner, ty })
}

fn date_call(p: &mut Parser<'_>, is_add: bool) -> SqlResult<Expr> {
    p.expect("(")?;
    let refused = p.unexpected();
    let part = match p.name()?.to_ascii_lowercase().as_str() {
        "year" | "yy" | "yyyy" => DatePart::Year,
        "month" | "mm" | "m" => DatePart::Month,
        "day" | "dd" | "d" => DatePart::Day,
        "hour" | "hh" => DatePart::Hour,
        "minute" | "mi" | "n" => DatePart::Minute,
        "second" | "ss" | "s" => DatePart::Second,
        "millisecond" | "ms" => DatePart::Millisecond,
        _ => return Err(refused),
    };
    p.expect(",")?;
    let first = Box::new(expr(p)?);
    p.expect(",")?;
    let second = Box::new(expr(p)?);
    p.expect(")")?;
    Ok(if is_add {
        Expr::DateAdd { part, n: first, moment: second }
    } else {
        Expr::DateDiff { part, from: first, to: second }
    })
}

const AGGREGATES: [(&str, Aggregate); 6] = [
    ("count", Aggregate::Count),
    ("count_big", Aggregate::CountBig),
    ("sum", Aggregate::Sum),
    ("min", Aggregate::Min),
    ("max", Aggregate::Max),
    ("avg", Aggregate::Avg),
];

fn aggregate(name: &str) -> Option<Aggregate> {
    AGGREGATES.iter().find(|(known, _)| *known == name).map(|(_, aggregate)| *aggregate)
}

fn aggregate_call(p: &mut Parser<'_>, func: Aggregate) -> SqlResult<Expr> {
    p.expect("(")?;
    if matches!(func, Aggregate::Count | Aggregate::CountBig) && p.eat("*") {
        p.expect(")")?;
        return Ok(Expr::Aggregate { func, is_distinct: false, arg: None });
    }
    let is_distinct = p.eat_word("distinct");
    let arg = Some(Box::new(expr(p)?));
    p.expect(")")?;
    Ok(Expr::Aggregate { func, is_distinct, arg })
}

/// Functions with the number of arguments that they take.
const FUNCTIONS: [(&str, Func, RangeInclusive<usize>); 23] = [
    ("coalesce", Func::Coalesce, 2..=20),
    ("isnull", Func::IsNull, 2..=2),
    ("nullif", Func::NullIf, 2..=2),
    ("left", Func::Left, 2..=2),
    ("right", Func::Right, 2..=2),
    ("len", Func::Len, 1..=1),
    ("charindex", Func::CharIndex, 2..=2),
    ("datalength", Func::DataLength, 1..=1),
    ("upper", Func::Upper, 1..=1),
    ("lower", Func::Lower, 1..=1),
    ("substring", Func::Substring, 3..=3),
    ("replace", Func::Replace, 3..=3),
    ("object_id", Func::ObjectId, 1..=2),
    ("database_principal_id", Func::DatabasePrincipalId, 1..=1),
    ("schema_id", Func::SchemaId, 1..=1),
    ("has_perms_by_name", Func::HasPermsByName, 3..=3),
    ("db_name", Func::DbName, 0..=0),
    ("db_id", Func::DbId, 0..=0),
    ("serverproperty", Func::ServerProperty, 1..=1),
    ("sysutcdatetime", Func::SysUtcDateTime, 0..=0),
    ("sysdatetime", Func::SysUtcDateTime, 0..=0),
    ("getutcdate", Func::GetUtcDate, 0..=0),
    ("getdate", Func::GetUtcDate, 0..=0),
];

/// Functions whose arguments are not all values.
#[cfg(test)]
const SPECIAL: [&str; 7] =
    ["cast", "convert", "dateadd", "datediff", "error_message", "error_number", "xact_state"];

fn function(name: &str) -> Option<(Func, RangeInclusive<usize>)> {
    let found = FUNCTIONS.iter().find(|(known, ..)| *known == name);
    found.map(|(_, func, arity)| (*func, arity.clone()))
}

/// All functions that are understood.
#[cfg(test)]
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    let functions = FUNCTIONS.iter().map(|(name, ..)| *name);
    functions.chain(AGGREGATES.iter().map(|(name, _)| *name)).chain(SPECIAL)
}

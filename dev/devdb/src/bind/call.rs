//! Functions.

use crate::bind::binder::{Binder, Bound, refused};
use crate::bind::collate::{self, Label};
use crate::bind::expr::{cast, expr, implicit, text_literal};
use crate::bind::pred;
use crate::catalog::access::Access;
use crate::catalog::system;
use crate::catalog::system::DATABASE_ID;
use crate::error::SqlResult;
use crate::plan::Bind;
use crate::sql::ast::{Compare, DatePart, Expr, Func, ObjectName};
use crate::value::sqltype::{MAX, SqlType};

pub(crate) fn call(binder: &mut Binder<'_>, func: Func, args: &[Expr]) -> SqlResult<Bound> {
    let mut bound = Vec::with_capacity(args.len());
    for arg in args {
        bound.push(expr(binder, arg)?);
    }
    let int = |sql: String| Ok(Bound::value(sql, SqlType::Int));
    match func {
        Func::Coalesce => {
            let ty = bound.iter().fold(SqlType::Null, |ty, arg| ty.common(arg.ty));
            let parts: Vec<String> = bound.iter().map(|arg| implicit(arg, ty)).collect();
            let label = collate::joined(&bound, "COALESCE")?;
            Ok(Bound::value(format!("COALESCE({})", parts.join(", ")), ty).labelled(label))
        }
        Func::IsNull => {
            let ty = if bound[0].ty == SqlType::Null { bound[1].ty } else { bound[0].ty };
            let second = cast(bound[1].clone(), ty);
            let label = collate::joined(&bound, "ISNULL")?;
            Ok(Bound::value(format!("COALESCE({}, {})", bound[0].sql, second.sql), ty)
                .labelled(label))
        }
        Func::NullIf => {
            let equal = pred::compare(Compare::Equal, &bound[0], &bound[1])?;
            let sql = format!("CASE WHEN {equal} THEN NULL ELSE {} END", bound[0].sql);
            Ok(Bound::value(sql, bound[0].ty).labelled(bound[0].label))
        }
        Func::Left | Func::Right | Func::Substring | Func::Len | Func::DataLength => {
            text_call(func, &bound, args)
        }
        Func::CharIndex | Func::Upper | Func::Lower | Func::Replace => {
            text_call(func, &bound, args)
        }
        Func::Xml => {
            let sql = format!("ts_xml({})", as_text(&bound[0]).sql);
            Ok(Bound::value(sql, SqlType::NVarChar(MAX)))
        }
        Func::ObjectId => object_id(binder, &bound[0], args),
        Func::SchemaId | Func::DatabasePrincipalId => {
            let (id, view) = if func == Func::SchemaId {
                ("schema_id", "schemas")
            } else {
                ("principal_id", "database_principals")
            };
            let (name, view) = (as_text(&bound[0]).sql, shown(binder, view)?);
            int(format!("(SELECT {id} FROM {view} WHERE name = {name} COLLATE TSQL)"))
        }
        Func::HasPermsByName => has_perms(binder, &bound),
        Func::DbName => {
            Ok(Bound::value(binder.placeholder(Bind::Database), SqlType::NVarChar(128)))
        }
        Func::DbId => int(DATABASE_ID.to_string()),
        Func::ServerProperty => server_property(binder, &args[0]),
        Func::SysUtcDateTime => {
            Ok(Bound::value(binder.placeholder(Bind::Now), SqlType::DateTime2(7)))
        }
        Func::GetUtcDate => Ok(cast(
            Bound::value(binder.placeholder(Bind::Now), SqlType::DateTime2(7)),
            SqlType::DateTime,
        )),
    }
}

/// Functions of text; others are none of them.
fn text_call(func: Func, bound: &[Bound], args: &[Expr]) -> SqlResult<Bound> {
    match func {
        Func::Left | Func::Right => {
            let name = if func == Func::Left { "ts_left" } else { "ts_right" };
            let (text, n) = (as_text(&bound[0]), implicit(&bound[1], SqlType::BigInt));
            let len = literal_len(&args[1])
                .map_or(text.ty.len(), |n| text.ty.len().map(|len| len.min(n)));
            let ty = text.ty.with_len(len.unwrap_or(MAX));
            Ok(Bound::value(format!("{name}({}, {n})", text.sql), ty).labelled(text.label))
        }
        Func::Substring => {
            let text = as_text(&bound[0]);
            let (start, n) =
                (implicit(&bound[1], SqlType::BigInt), implicit(&bound[2], SqlType::BigInt));
            let sql = format!("ts_substring({}, {start}, {n})", text.sql);
            Ok(Bound::value(sql, text.ty).labelled(text.label))
        }
        Func::Len => {
            let ty = if bound[0].ty.len() == Some(MAX) { SqlType::BigInt } else { SqlType::Int };
            Ok(Bound::value(format!("ts_len({})", as_text(&bound[0]).sql), ty))
        }
        Func::DataLength => {
            let ty = if bound[0].ty.len() == Some(MAX) { SqlType::BigInt } else { SqlType::Int };
            Ok(Bound::value(format!("ts_datalength({}, {})", bound[0].sql, bound[0].ty.code()), ty))
        }
        Func::CharIndex => {
            let collation = named(collate::joined(bound, "charindex")?);
            let (needle, text) = (as_text(&bound[0]).sql, as_text(&bound[1]).sql);
            let sql = format!("ts_charindex({needle}, {text}, {collation})");
            Ok(Bound::value(sql, SqlType::Int))
        }
        Func::Upper | Func::Lower => {
            let name = if func == Func::Upper { "ts_upper" } else { "ts_lower" };
            let text = as_text(&bound[0]);
            Ok(Bound::value(format!("{name}({})", text.sql), text.ty).labelled(text.label))
        }
        Func::Replace => {
            let [text, from, to] = [0, 1, 2].map(|idx: usize| as_text(&bound[idx]));
            let label = collate::joined(bound, "replace")?;
            let collation = named(label);
            let sql = format!("ts_replace({}, {}, {}, {collation})", text.sql, from.sql, to.sql);
            Ok(Bound::value(sql, text.ty.with_len(MAX)).labelled(label))
        }
        Func::Coalesce
        | Func::IsNull
        | Func::NullIf
        | Func::ObjectId
        | Func::SchemaId
        | Func::DatabasePrincipalId
        | Func::HasPermsByName
        | Func::DbName
        | Func::DbId
        | Func::ServerProperty => Err(refused("(")),
        Func::SysUtcDateTime | Func::GetUtcDate | Func::Xml => Err(refused("(")),
    }
}

/// The name of a collation for functions that look for text in text.
pub(crate) fn named(label: Label) -> String {
    text_literal(label.collation().name(), false).sql
}

/// The text of a value of another type.
fn as_text(bound: &Bound) -> Bound {
    if bound.ty.is_text() { bound.clone() } else { cast(bound.clone(), SqlType::NVarChar(4000)) }
}

fn literal_len(expr: &Expr) -> Option<u16> {
    let Expr::Number(digits) = expr else { return None };
    digits.parse().ok().filter(|n| (1..=8000).contains(n))
}

/// What one may see of a view of the catalog, behind SQLite's `FROM`.
fn shown(binder: &Binder<'_>, view: &str) -> SqlResult<String> {
    let name = ObjectName { schema: Some(system::SCHEMA.to_owned()), name: view.to_owned() };
    Ok(binder.access.source(binder.catalog.table(&name)?))
}

/// The properties that say which server it is. Their type is that of what is in the variant.
fn server_property(binder: &mut Binder<'_>, name: &Expr) -> SqlResult<Bound> {
    const ENTERPRISE: &str = "3";
    let Expr::Text { text, .. } = name else { return Err(refused("SERVERPROPERTY")) };
    let sql = match text.to_ascii_lowercase().as_str() {
        "babelfish" => binder.placeholder(Bind::Babelfish),
        "engineedition" => ENTERPRISE.to_owned(),
        _ => return Err(refused("SERVERPROPERTY")),
    };
    Ok(Bound::value(sql, SqlType::Int))
}

fn object_id(binder: &Binder<'_>, name: &Bound, args: &[Expr]) -> SqlResult<Bound> {
    let is_table = match args.get(1) {
        None => true,
        Some(Expr::Text { text, .. }) => text.trim_end().eq_ignore_ascii_case("u"),
        Some(_) => return Err(refused("OBJECT_ID")),
    };
    if !is_table {
        return Ok(Bound::value("NULL".to_owned(), SqlType::Int));
    }
    let (name, tables) = (as_text(name).sql, shown(binder, "tables")?);
    Ok(Bound::value(
        format!("(SELECT object_id FROM {tables} WHERE qualified = ts_objname({name}))"),
        SqlType::Int,
    ))
}

/// NULL for what is not there, cannot be seen, or is no permission.
fn has_perms(binder: &Binder<'_>, bound: &[Bound]) -> SqlResult<Bound> {
    let [name, class, permission] = [0, 1, 2].map(|idx: usize| as_text(&bound[idx]).sql);
    let (tables, schemas) = (shown(binder, "tables")?, shown(binder, "schemas")?);
    let (on_tables, on_schemas) = (binder.access.held_on_tables(), binder.access.held_on_schemas());
    let sql = format!(
        "(CASE WHEN UPPER({permission}) NOT IN {} THEN NULL \
         WHEN UPPER({class}) = 'OBJECT' THEN (SELECT object_id || ' ' || UPPER({permission}) IN {on_tables} FROM {tables} WHERE qualified = ts_objname({name})) \
         WHEN UPPER({class}) = 'SCHEMA' THEN (SELECT schema_id || ' ' || UPPER({permission}) IN {on_schemas} FROM {schemas} WHERE ('dbo.' || name) = ts_objname({name}) COLLATE TSQL) END)",
        Access::names()
    );
    Ok(Bound::value(sql, SqlType::Int))
}

pub(crate) fn date_add(
    binder: &mut Binder<'_>,
    part: DatePart,
    n: &Expr,
    moment: &Expr,
) -> SqlResult<Bound> {
    let (n, moment) = (expr(binder, n)?, expr(binder, moment)?);
    let moment = as_moment(&moment);
    let n = implicit(&n, SqlType::Int);
    let (part, code) = (text_literal(part.name(), false).sql, moment.ty.code());
    Ok(Bound::value(format!("ts_dateadd({part}, {n}, {}, {code})", moment.sql), moment.ty))
}

pub(crate) fn date_diff(
    binder: &mut Binder<'_>,
    part: DatePart,
    from: &Expr,
    to: &Expr,
) -> SqlResult<Bound> {
    let (from, to) = (expr(binder, from)?, expr(binder, to)?);
    let (from, to) = (as_moment(&from), as_moment(&to));
    let part = text_literal(part.name(), false).sql;
    Ok(Bound::value(format!("ts_datediff({part}, {}, {})", from.sql, to.sql), SqlType::Int))
}

/// Text as `datetime`, which is what date functions take it for.
fn as_moment(bound: &Bound) -> Bound {
    if bound.ty.is_moment() { bound.clone() } else { cast(bound.clone(), SqlType::DateTime) }
}

impl DatePart {
    /// The name that is handed to SQLite's functions.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Year => "year",
            Self::Month => "month",
            Self::Day => "day",
            Self::Hour => "hour",
            Self::Minute => "minute",
            Self::Second => "second",
            Self::Millisecond => "millisecond",
        }
    }
}

//! What SQLite has to be taught: collations, conversions, arithmetic that notices overflow, text and date functions.

mod calc;
mod dates;
mod strings;
mod xml;

use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};

use crate::error::{SqlError, SqlResult};
use crate::like::Like;
use crate::value::collation::Collation;
use crate::value::convert;
use crate::value::datum::{Datum, Owned};
use crate::value::sqltype::SqlType;

type Function = fn(&Context<'_>) -> SqlResult<Owned>;

/// Teaches a connection.
pub(crate) fn register(db: &Connection, like: Like) -> rusqlite::Result<()> {
    for collation in Collation::all() {
        db.create_collation(collation.sqlite(), move |a: &str, b: &str| collation.compare(a, b))?;
    }
    let functions: [(&str, i32, Function); 23] = [
        ("ts_cast", 3, if like == Like::Garbling { garbling_cast } else { cast }),
        ("ts_assign", 4, assign),
        ("ts_iso", 3, iso),
        ("ts_top", 1, top),
        ("ts_add", 3, calc::add),
        ("ts_sub", 3, calc::subtract),
        ("ts_mul", 3, calc::multiply),
        ("ts_div", 3, calc::divide),
        ("ts_mod", 3, calc::modulo),
        ("ts_left", 2, strings::left),
        ("ts_right", 2, strings::right),
        ("ts_substring", 3, strings::substring),
        ("ts_len", 1, strings::len),
        ("ts_datalength", 2, strings::data_length),
        ("ts_charindex", 3, strings::char_index),
        ("ts_upper", 1, strings::upper),
        ("ts_lower", 1, strings::lower),
        ("ts_replace", 4, strings::replace),
        ("ts_xml", 1, xml::cast),
        ("ts_like", 4, strings::like),
        ("ts_objname", 1, strings::object_name),
        ("ts_dateadd", 4, dates::add),
        ("ts_datediff", 3, dates::difference),
    ];
    for (name, n_args, function) in functions {
        let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
        db.create_scalar_function(name, n_args, flags, move |ctx| {
            function(ctx).map_err(|err| rusqlite::Error::UserFunctionError(err.to_carried().into()))
        })?;
    }
    Ok(())
}

fn arg<'a>(ctx: &'a Context<'_>, idx: usize) -> SqlResult<Datum<'a>> {
    Datum::from_sqlite(ctx.get_raw(idx))
}

fn type_arg(ctx: &Context<'_>, idx: usize) -> SqlResult<SqlType> {
    Ok(SqlType::from_code(ctx.get(idx)?))
}

fn cast(ctx: &Context<'_>) -> SqlResult<Owned> {
    convert::cast(arg(ctx, 0)?, type_arg(ctx, 1)?, type_arg(ctx, 2)?).map(Datum::into_owned)
}

/// A cast of a server that differs.
fn garbling_cast(ctx: &Context<'_>) -> SqlResult<Owned> {
    match (arg(ctx, 0)?, type_arg(ctx, 2)?) {
        (Datum::Text(text), SqlType::VarBinary(_)) => {
            Ok(Datum::Bytes(text.as_bytes().to_vec().into()))
        }
        _ => cast(ctx),
    }
}

fn assign(ctx: &Context<'_>) -> SqlResult<Owned> {
    let target: String = ctx.get(3)?;
    let (table, column) = target.split_once('\u{1}').unwrap_or(("", &target));
    convert::assign(arg(ctx, 0)?, type_arg(ctx, 1)?, type_arg(ctx, 2)?, table, column)
        .map(Datum::into_owned)
}

fn iso(ctx: &Context<'_>) -> SqlResult<Owned> {
    let value = arg(ctx, 0)?;
    if value.is_null() {
        return Ok(Datum::Null);
    }
    let text = convert::render_iso(value, type_arg(ctx, 1)?)?;
    convert::cast(
        Datum::Text(text),
        SqlType::NVarChar(crate::value::sqltype::MAX),
        type_arg(ctx, 2)?,
    )
    .map(Datum::into_owned)
}

fn top(ctx: &Context<'_>) -> SqlResult<Owned> {
    match arg(ctx, 0)? {
        Datum::Int(n) if n >= 0 => Ok(Datum::Int(n)),
        Datum::Null | Datum::Int(_) | Datum::Real(_) | Datum::Text(_) | Datum::Bytes(_) => {
            Err(SqlError::new(1060, "The number of rows provided for a TOP or FETCH clauses row count parameter must be an integer.").with_class(15))
        }
    }
}

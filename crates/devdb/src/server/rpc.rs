//! RPC requests: `sp_executesql`, and what drivers call to clean up.

use std::io;

use crate::error::{SqlError, SqlResult};
use crate::exec::session::Session;
use crate::faults::Faults;
use crate::server::request::{Answer, refuse, with_fault};
use crate::sql::params::{self, Declared};
use crate::value::datum::{Datum, Owned};
use crate::wire::buffer::Reader;
use crate::wire::params::{Call, Param, Procedure, read_call};
use crate::wire::tokens::{self, Done};

const SP_EXECUTESQL: u16 = 10;
/// `@stmt` and `@params` come before the statement's own parameters.
const N_LEADING: usize = 2;

/// Runs a call and appends its answer.
pub(crate) fn answer(
    session: &mut Session,
    reader: &mut Reader<'_>,
    faults: &Faults,
    out: &mut Vec<u8>,
) -> io::Result<Answer> {
    let Call { procedure, params } = read_call(reader)?;
    let name = match &procedure {
        Procedure::Numbered(SP_EXECUTESQL) => "sp_executesql".to_owned(),
        Procedure::Numbered(id) => format!("#{id}"),
        Procedure::Named(name) => name.to_ascii_lowercase(),
    };
    match name.as_str() {
        "sp_executesql" | "sys.sp_executesql" => execute(session, params, faults, out),
        "sp_reset_connection" => {
            session.reset(out);
            tokens::put_return_status(out, 0);
            tokens::put_done(out, Done::Procedure, 0, 0);
            Ok(Answer::Send)
        }
        _ => {
            refuse(out, &SqlError::new(2812, format!("Could not find stored procedure '{name}'.")));
            Ok(Answer::Send)
        }
    }
}

fn execute(
    session: &mut Session,
    params: Vec<Param>,
    faults: &Faults,
    out: &mut Vec<u8>,
) -> io::Result<Answer> {
    let (text, declared, values) = match split(params) {
        Ok(parts) => parts,
        Err(err) => {
            refuse(out, &err);
            return Ok(Answer::Send);
        }
    };
    let batch = match session.parse(&text, declared) {
        Ok(batch) => batch,
        Err(err) => {
            session.note_failure(out);
            refuse(out, &err);
            return Ok(Answer::Send);
        }
    };
    with_fault(session, faults, batch.kind.as_ref(), &text, out, |session, out| {
        session.run_batch(&batch, &values, Done::InProcedure, out);
    })
}

/// The statement, its parameters' names and types as declared, and their values in that order.
fn split(params: Vec<Param>) -> SqlResult<(String, Vec<Declared>, Vec<Owned>)> {
    let mut params = params.into_iter();
    let mut text = |what: &str| match params.next().map(|param| param.value) {
        Some(Datum::Text(text)) => Ok(text.into_owned()),
        Some(Datum::Null) | None => Ok(String::new()),
        Some(Datum::Int(_) | Datum::Real(_) | Datum::Bytes(_)) => {
            let message =
                format!("Procedure expects parameter '{what}' of type 'ntext/nchar/nvarchar'.");
            Err(SqlError::new(214, message))
        }
    };
    let statement = text("@statement")?;
    let declared = params::parse(&text("@params")?)?;
    let mut given: Vec<Option<Param>> = params.map(Some).collect();
    let mut values = Vec::with_capacity(declared.len());
    for (idx, declared) in declared.iter().enumerate() {
        let by_name = given.iter_mut().find(|param| {
            param.as_ref().is_some_and(|param| {
                param.name.trim_start_matches('@').eq_ignore_ascii_case(&declared.name)
            })
        });
        let param = match by_name {
            Some(param) => param.take(),
            None => {
                given.get_mut(idx).and_then(|param| param.take_if(|param| param.name.is_empty()))
            }
        };
        let Some(param) = param else {
            let message = format!(
                "The parameterized query expects the parameter '@{}', which was not supplied (parameter {}).",
                declared.name,
                idx + N_LEADING
            );
            return Err(SqlError::new(8178, message));
        };
        values.push(crate::value::convert::cast(param.value, param.ty, declared.ty)?.into_owned());
    }
    Ok((statement, declared, values))
}

//! RPC requests: `sp_executesql`, prepared statements, and what drivers call to clean up.

use std::io;

use crate::error::{SqlError, SqlResult};
use crate::exec::session::Session;
use crate::faults::Faults;
use crate::server::request::{Answer, with_fault};
use crate::sql::ast::Declared;
use crate::sql::params;
use crate::value::datum::{Datum, Owned};
use crate::wire::buffer::Reader;
use crate::wire::params::{Call, Param, Procedure, read_call};
use crate::wire::tokens::{self, DONE_ERROR, Done};

/// The procedures that clients call by number.
const NUMBERED: [(u16, &str); 5] = [
    (10, "sp_executesql"),
    (11, "sp_prepare"),
    (12, "sp_execute"),
    (13, "sp_prepexec"),
    (15, "sp_unprepare"),
];
/// `@stmt` and `@params` come before the statement's own parameters.
const N_LEADING: usize = 2;

/// Runs the calls of a request and appends their answers. One that fails ends the rest only where it took the
/// transaction with it.
pub(crate) fn answer(
    session: &mut Session,
    reader: &mut Reader<'_>,
    faults: &Faults,
    out: &mut Vec<u8>,
) -> io::Result<Answer> {
    loop {
        let call = read_call(reader)?;
        let descriptor = session.descriptor();
        if answer_call(session, call, faults, out)? == Answer::Hang {
            return Ok(Answer::Hang);
        }
        let is_rolled_back = descriptor != 0 && session.descriptor() != descriptor;
        let is_undone = session.settings.xact_abort || is_rolled_back;
        if reader.is_empty() || tokens::has_failed(out) && is_undone {
            return Ok(Answer::Send);
        }
        tokens::open_last_done(out);
    }
}

fn answer_call(
    session: &mut Session,
    Call { procedure, params }: Call,
    faults: &Faults,
    out: &mut Vec<u8>,
) -> io::Result<Answer> {
    let name = match &procedure {
        Procedure::Numbered(id) => {
            let known = NUMBERED.iter().find(|(number, _)| number == id);
            known.map_or_else(|| format!("#{id}"), |(_, name)| (*name).to_owned())
        }
        Procedure::Named(name) => name.to_ascii_lowercase().trim_start_matches("sys.").to_owned(),
    };
    let like = session.engine.like;
    if let Err(err) = params.iter().try_for_each(|param| like.check_parameter(param.ty)) {
        refuse(out, &err);
        return Ok(Answer::Send);
    }
    let call = match name.as_str() {
        "sp_executesql" => execute_sql(params),
        "sp_prepexec" => prepare(session, params, Values::Follow),
        "sp_prepare" => prepare(session, params, Values::None),
        "sp_execute" => execute(session, params),
        "sp_unprepare" => unprepare(session, params),
        "sp_reset_connection" => {
            session.reset(out);
            Ok(Work::Nothing)
        }
        _ => Err(SqlError::new(2812, format!("Could not find stored procedure '{name}'."))),
    };
    match call {
        Ok(Work::Nothing) => {
            put_end(out);
            Ok(Answer::Send)
        }
        Ok(Work::Handle(handle)) => {
            put_end(out);
            tokens::insert_return_value(out, "@handle", handle);
            Ok(Answer::Send)
        }
        Ok(Work::Run { text, declared, values, handle }) => {
            let answer = run(session, &text, declared, &values, faults, out)?;
            if let Some(handle) = handle.filter(|_| answer == Answer::Send) {
                tokens::insert_return_value(out, "@handle", handle);
            }
            Ok(answer)
        }
        Err(err) => {
            refuse(out, &err);
            Ok(Answer::Send)
        }
    }
}

/// What a call comes down to.
enum Work {
    Nothing,
    /// A handle to give back.
    Handle(i32),
    Run {
        text: String,
        declared: Vec<Declared>,
        values: Vec<Owned>,
        handle: Option<i32>,
    },
}

/// Whether the parameters of a statement come with its preparation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Values {
    Follow,
    None,
}

/// Answers with an error alone.
fn refuse(out: &mut Vec<u8>, err: &SqlError) {
    tokens::put_error(out, err);
    tokens::put_done(out, Done::Procedure, DONE_ERROR, 0);
}

fn put_end(out: &mut Vec<u8>) {
    tokens::put_return_status(out, 0);
    tokens::put_done(out, Done::Procedure, 0, 0);
}

fn run(
    session: &mut Session,
    text: &str,
    declared: Vec<Declared>,
    values: &[Owned],
    faults: &Faults,
    out: &mut Vec<u8>,
) -> io::Result<Answer> {
    let batch = match session.parse(text, declared) {
        Ok(batch) => batch,
        Err(err) => {
            session.note_failure(out);
            refuse(out, &err);
            return Ok(Answer::Send);
        }
    };
    with_fault(session, faults, batch.batch.kind.as_ref(), (text, values), out, |session, out| {
        session.run_batch(&batch, values, Done::InProcedure, out);
    })
}

fn execute_sql(params: Vec<Param>) -> SqlResult<Work> {
    let mut params = params.into_iter();
    let text = text(&mut params, "@statement")?;
    let declared = params::parse(&self::text(&mut params, "@params")?)?;
    let values = bind(&declared, params)?;
    Ok(Work::Run { text, declared, values, handle: None })
}

/// `@handle OUTPUT, @params, @stmt`, then either the parameters or options, of which there is one: metadata, which
/// no client here waits for.
fn prepare(session: &mut Session, params: Vec<Param>, values: Values) -> SqlResult<Work> {
    let mut params = params.into_iter();
    params.next();
    let declared = params::parse(&text(&mut params, "@params")?)?;
    let text = text(&mut params, "@stmt")?;
    session.parse(&text, declared.clone())?;
    let handle = session.prepared.keep((text.clone(), declared.clone()))?;
    if values == Values::None {
        return Ok(Work::Handle(handle));
    }
    let values = bind(&declared, params)?;
    Ok(Work::Run { text, declared, values, handle: Some(handle) })
}

fn execute(session: &Session, params: Vec<Param>) -> SqlResult<Work> {
    let mut params = params.into_iter();
    let (text, declared) = session.prepared.get(handle(&mut params)?)?;
    let values = bind(&declared, params)?;
    Ok(Work::Run { text, declared, values, handle: None })
}

fn unprepare(session: &mut Session, params: Vec<Param>) -> SqlResult<Work> {
    session.prepared.forget(handle(&mut params.into_iter())?)?;
    Ok(Work::Nothing)
}

fn handle(params: &mut impl Iterator<Item = Param>) -> SqlResult<i32> {
    match params.next().map(|param| param.value) {
        Some(Datum::Int(handle)) => Ok(i32::try_from(handle).unwrap_or(0)),
        Some(Datum::Null | Datum::Real(_) | Datum::Text(_) | Datum::Bytes(_)) | None => {
            Err(SqlError::new(214, "Procedure expects parameter '@handle' of type 'int'."))
        }
    }
}

fn text(params: &mut impl Iterator<Item = Param>, what: &str) -> SqlResult<String> {
    match params.next().map(|param| param.value) {
        Some(Datum::Text(text)) => Ok(text.into_owned()),
        Some(Datum::Null) | None => Ok(String::new()),
        Some(Datum::Int(_) | Datum::Real(_) | Datum::Bytes(_)) => {
            let message =
                format!("Procedure expects parameter '{what}' of type 'ntext/nchar/nvarchar'.");
            Err(SqlError::new(214, message))
        }
    }
}

/// The values of the parameters in the order of their declaration.
fn bind(declared: &[Declared], given: impl Iterator<Item = Param>) -> SqlResult<Vec<Owned>> {
    let mut given: Vec<Option<Param>> = given.map(Some).collect();
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
    Ok(values)
}

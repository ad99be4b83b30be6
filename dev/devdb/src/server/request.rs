//! One request of a session: which kind it is, whether it may start, and its answer.

use std::io;

use crate::error::SqlError;
use crate::exec::session::Session;
use crate::faults::{Action, Faults};
use crate::server::{Shared, rpc};
use crate::value::datum::Owned;
use crate::wire::buffer::Reader;
use crate::wire::codepage;
use crate::wire::packet::{ATTENTION, Message, RPC, SQL_BATCH, TRANSACTION_MANAGER, malformed};
use crate::wire::tokens::{self, DONE_ATTENTION, DONE_ERROR, Done};

const HEADER_TRANSACTION: u16 = 2;

const TM_BEGIN: u16 = 5;
const TM_COMMIT: u16 = 7;
const TM_ROLLBACK: u16 = 8;

/// What is to be done with the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Send,
    /// The connection is closed instead.
    Hang,
}

/// Runs the request and appends its answer to `out`.
pub(crate) fn answer(
    session: &mut Session,
    message: &Message,
    (shared, faults): (&Shared, &Faults),
    out: &mut Vec<u8>,
) -> io::Result<Answer> {
    let mut reader = Reader::new(&message.body);
    if matches!(message.kind, SQL_BATCH | RPC | TRANSACTION_MANAGER) {
        let descriptor = read_headers(&mut reader)?;
        if descriptor.is_some_and(|descriptor| descriptor != session.descriptor()) {
            let text = "New request is not allowed to start because it should come with valid transaction descriptor.";
            refuse(out, &SqlError::new(3989, text));
            return Ok(Answer::Send);
        }
    }
    match message.kind {
        SQL_BATCH => {
            let text = codepage::utf16_to_string(reader.rest());
            if let Some(done) = shared.databases.execute(session, &text) {
                match done {
                    Ok(()) => tokens::put_done(out, Done::Statement, 0, 0),
                    Err(err) => refuse(out, &err),
                }
                return Ok(Answer::Send);
            }
            let batch = match session.parse(&text, Vec::new()) {
                Ok(batch) => batch,
                Err(err) => {
                    session.note_failure(out);
                    refuse(out, &err);
                    return Ok(Answer::Send);
                }
            };
            with_fault(
                session,
                faults,
                batch.batch.kind.as_ref(),
                (&text, &[]),
                out,
                |session, out| {
                    session.run_batch(&batch, &[], Done::Statement, out);
                },
            )
        }
        RPC => rpc::answer(session, &mut reader, faults, out),
        TRANSACTION_MANAGER => transaction(session, &mut reader, out),
        ATTENTION => {
            tokens::put_done(out, Done::Statement, DONE_ATTENTION, 0);
            Ok(Answer::Send)
        }
        _ => Err(malformed("a kind of packet that is not spoken here")),
    }
}

/// Lets the plan of faults have its way with a request, and runs it.
pub(crate) fn with_fault(
    session: &mut Session,
    faults: &Faults,
    kind: Option<&crate::faults::Target>,
    (text, values): (&str, &[Owned]),
    out: &mut Vec<u8>,
    run: impl FnOnce(&mut Session, &mut Vec<u8>),
) -> io::Result<Answer> {
    let _under_way = faults.under_way(kind);
    match faults.strike(kind, text, values) {
        None => run(session, out),
        Some(Action::Delay(delay)) => {
            if session.wait(Some(delay)) {
                return Ok(Answer::Hang);
            }
            run(session, out);
        }
        Some(Action::Stall) => {
            session.wait(None);
            return Ok(Answer::Hang);
        }
        Some(Action::DropBefore) => return Ok(Answer::Hang),
        Some(Action::DropAfter) => {
            run(session, out);
            return Ok(Answer::Hang);
        }
        Some(Action::Error(number)) => {
            session.abandon(out);
            refuse(out, &session.engine.like.reported(injected(number)));
        }
    }
    Ok(Answer::Send)
}

fn injected(number: i32) -> SqlError {
    match number {
        1205 => SqlError::new(
            number,
            "Transaction (Process ID 51) was deadlocked on lock resources with another process and has been chosen as the deadlock victim. Rerun the transaction.",
        )
        .with_class(13),
        1222 => SqlError::new(number, "Lock request time out period exceeded.").with_state(51),
        // Those of files and pages end the connection.
        823..=825 => SqlError::new(number, format!("devdb: error {number} was ordered by the plan of faults.")).with_class(24),
        _ => SqlError::new(number, format!("devdb: error {number} was ordered by the plan of faults.")),
    }
}

/// Answers with an error alone.
pub(crate) fn refuse(out: &mut Vec<u8>, err: &SqlError) {
    tokens::put_error(out, err);
    tokens::put_done(out, Done::Statement, DONE_ERROR, 0);
}

/// Reads ALL_HEADERS; the transaction descriptor, where there is one.
fn read_headers(reader: &mut Reader<'_>) -> io::Result<Option<u64>> {
    let total = reader.len32()?;
    let mut headers =
        Reader::new(reader.take(total.checked_sub(4).ok_or_else(|| malformed("headers"))?)?);
    let mut descriptor = None;
    while !headers.is_empty() {
        let len = headers.len32()?;
        let mut header =
            Reader::new(headers.take(len.checked_sub(4).ok_or_else(|| malformed("header"))?)?);
        if header.u16()? == HEADER_TRANSACTION {
            descriptor = Some(header.u64()?);
        }
    }
    Ok(descriptor)
}

fn transaction(
    session: &mut Session,
    reader: &mut Reader<'_>,
    out: &mut Vec<u8>,
) -> io::Result<Answer> {
    let done = match reader.u16()? {
        TM_BEGIN => session.begin(out),
        TM_COMMIT => session.commit(out),
        TM_ROLLBACK => session.rollback(out),
        _ => Err(SqlError::new(102, "Incorrect syntax near 'TRANSACTION MANAGER REQUEST'.")
            .with_class(15)),
    };
    match done {
        Ok(()) => tokens::put_done(out, Done::Statement, 0, 0),
        Err(err) => refuse(out, &err),
    }
    Ok(Answer::Send)
}

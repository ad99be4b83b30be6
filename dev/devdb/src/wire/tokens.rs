//! Response tokens: ENVCHANGE, ERROR, INFO, LOGINACK, COLMETADATA, ROW, DONE.

use crate::error::SqlError;
use crate::value::sqltype::SqlType;
use crate::wire::buffer::Put;
use crate::wire::typeinfo::{self, COLLATION};

const COL_METADATA: u8 = 0x81;
const ERROR: u8 = 0xAA;
const INFO: u8 = 0xAB;
const LOGIN_ACK: u8 = 0xAD;
pub(crate) const ROW: u8 = 0xD1;
const ENV_CHANGE: u8 = 0xE3;
const RETURN_VALUE: u8 = 0xAC;
const RETURN_STATUS: u8 = 0x79;

const ENV_DATABASE: u8 = 1;
const ENV_PACKET_SIZE: u8 = 4;
const ENV_COLLATION: u8 = 7;
const ENV_BEGIN: u8 = 8;
const ENV_COMMIT: u8 = 9;
const ENV_ROLLBACK: u8 = 10;

/// TDS 7.4, most significant byte first.
const TDS_VERSION: [u8; 4] = [0x74, 0, 0, 4];
/// The version this server gives for itself, that of SQL Server 2022.
pub(crate) const SERVER_VERSION: [u8; 4] = [16, 0, 0x10, 0];
const SERVER_NAME: &str = "devdb";

pub(crate) const DONE_MORE: u16 = 0x01;
pub(crate) const DONE_ERROR: u16 = 0x02;
pub(crate) const DONE_COUNT: u16 = 0x10;
pub(crate) const DONE_ATTENTION: u16 = 0x20;
const DONE_LEN: usize = 13;

/// Which of the three DONE tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    /// Ends a statement of a batch.
    Statement,
    /// Ends a statement within a procedure.
    InProcedure,
    /// Ends a procedure.
    Procedure,
}

/// A column of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) ty: SqlType,
}

pub(crate) fn put_done(out: &mut Vec<u8>, done: Done, status: u16, n_rows: u64) {
    out.put_u8(match done {
        Done::Statement => 0xFD,
        Done::InProcedure => 0xFF,
        Done::Procedure => 0xFE,
    });
    out.put_u16(status);
    out.put_u16(0);
    out.put_u64(n_rows);
}

/// Says of the DONE token at the end of `out` that nothing follows it.
pub(crate) fn close_last_done(out: &mut [u8]) {
    let at = out.len() - DONE_LEN + 1;
    out[at] &= !DONE_MORE.to_le_bytes()[0];
}

/// Says of the DONE token at the end of `out` that something follows it.
pub(crate) fn open_last_done(out: &mut [u8]) {
    let at = out.len() - DONE_LEN + 1;
    out[at] |= DONE_MORE.to_le_bytes()[0];
}

/// Whether the DONE token at the end of `out` says that something went wrong.
pub(crate) fn has_failed(out: &[u8]) -> bool {
    out[out.len() - DONE_LEN + 1] & DONE_ERROR.to_le_bytes()[0] != 0
}

pub(crate) fn put_return_status(out: &mut Vec<u8>, status: u32) {
    out.put_u8(RETURN_STATUS);
    out.put_u32(status);
}

/// Hands an `int` output parameter back: before the DONE that ends the procedure, which is the last thing in `out`.
pub(crate) fn insert_return_value(out: &mut Vec<u8>, name: &str, value: i32) {
    let done = out.split_off(out.len() - DONE_LEN);
    out.put_u8(RETURN_VALUE);
    out.put_u16(0);
    out.put_short_text(name);
    // An output parameter, of no user's type, without flags: INTN of four bytes.
    out.put_u8(1);
    out.put_u32(0);
    out.put_u16(0);
    out.put_u8(0x26);
    out.put_u8(4);
    out.put_u8(4);
    out.extend_from_slice(&value.to_le_bytes());
    out.extend_from_slice(&done);
}

pub(crate) fn put_error(out: &mut Vec<u8>, err: &SqlError) {
    put_message(out, ERROR, err);
}

pub(crate) fn put_info(out: &mut Vec<u8>, number: i32, text: &str) {
    put_message(out, INFO, &SqlError::new(number, text).with_class(10));
}

fn put_message(out: &mut Vec<u8>, token: u8, err: &SqlError) {
    let mut body = Vec::new();
    body.extend_from_slice(&err.number.to_le_bytes());
    body.put_u8(err.state);
    body.put_u8(err.class);
    body.put_text(&err.message);
    body.put_short_text(SERVER_NAME);
    body.put_short_text("");
    body.put_u32(err.line);
    out.put_u8(token);
    out.put_block(&body);
}

pub(crate) fn put_login_ack(out: &mut Vec<u8>) {
    let mut body = vec![1];
    body.extend_from_slice(&TDS_VERSION);
    body.put_short_text("Microsoft SQL Server");
    body.extend_from_slice(&SERVER_VERSION);
    out.put_u8(LOGIN_ACK);
    out.put_block(&body);
}

fn put_env(out: &mut Vec<u8>, kind: u8, new: &[u8], old: &[u8]) {
    let mut body = vec![kind];
    body.extend_from_slice(new);
    body.extend_from_slice(old);
    out.put_u8(ENV_CHANGE);
    out.put_block(&body);
}

fn put_env_text(out: &mut Vec<u8>, kind: u8, new: &str, old: &str) {
    let (mut new_bytes, mut old_bytes) = (Vec::new(), Vec::new());
    new_bytes.put_short_text(new);
    old_bytes.put_short_text(old);
    put_env(out, kind, &new_bytes, &old_bytes);
}

pub(crate) fn put_database(out: &mut Vec<u8>, name: &str) {
    put_env_text(out, ENV_DATABASE, name, "master");
}

pub(crate) fn put_packet_size(out: &mut Vec<u8>, size: usize) {
    put_env_text(out, ENV_PACKET_SIZE, &size.to_string(), "4096");
}

pub(crate) fn put_collation(out: &mut Vec<u8>) {
    let mut new = vec![5];
    new.extend_from_slice(&COLLATION);
    put_env(out, ENV_COLLATION, &new, &[0]);
}

/// Tells of a transaction begun, committed or rolled back; its descriptor rides in every request from then on.
pub(crate) fn put_transaction(out: &mut Vec<u8>, change: Transaction) {
    let id = |descriptor: u64| {
        let mut bytes = vec![8];
        bytes.put_u64(descriptor);
        bytes
    };
    match change {
        Transaction::Begun(descriptor) => put_env(out, ENV_BEGIN, &id(descriptor), &[0]),
        Transaction::Committed(descriptor) => put_env(out, ENV_COMMIT, &[0], &id(descriptor)),
        Transaction::RolledBack(descriptor) => put_env(out, ENV_ROLLBACK, &[0], &id(descriptor)),
    }
}

/// What became of a transaction, with its descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transaction {
    Begun(u64),
    Committed(u64),
    RolledBack(u64),
}

pub(crate) fn put_columns(out: &mut Vec<u8>, columns: &[Column]) {
    const NULLABLE_UPDATABLE_UNKNOWN: u16 = 0x01 | 0x08;
    out.put_u8(COL_METADATA);
    out.put_u16(u16::try_from(columns.len()).expect("a statement has fewer columns"));
    for column in columns {
        out.put_u32(0);
        out.put_u16(NULLABLE_UPDATABLE_UNKNOWN);
        typeinfo::put(out, column.ty);
        out.put_short_text(&column.name);
    }
}

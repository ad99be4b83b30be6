//! The body of an RPC request: which procedure, with which parameters.

use std::io;

use crate::value::datum::Owned;
use crate::value::sqltype::SqlType;
use crate::wire::buffer::Reader;
use crate::wire::packet::malformed;
use crate::wire::{typeinfo, values};

const PROC_BY_ID: u16 = 0xFFFF;
/// What stands between two calls of one request, where the length of a parameter's name would: since TDS 7.2, and before.
const SEPARATORS: [u8; 2] = [0xFF, 0x80];
/// SQL Server's own limit.
const PARAMS_MAX: usize = 2100;

/// One parameter.
pub(crate) struct Param {
    pub(crate) name: String,
    pub(crate) ty: SqlType,
    pub(crate) value: Owned,
}

/// A call of a procedure.
pub(crate) struct Call {
    pub(crate) procedure: Procedure,
    pub(crate) params: Vec<Param>,
}

/// The procedure called, by number or by name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Procedure {
    Numbered(u16),
    Named(String),
}

/// Reads a call, and what separates it from the next one where there is a next.
pub(crate) fn read_call(reader: &mut Reader<'_>) -> io::Result<Call> {
    let n_units = reader.u16()?;
    let procedure = if n_units == PROC_BY_ID {
        Procedure::Numbered(reader.u16()?)
    } else {
        Procedure::Named(reader.utf16(usize::from(n_units))?)
    };
    reader.u16()?;
    let mut params = Vec::new();
    while let Some(first) = reader.peek() {
        if SEPARATORS.contains(&first) {
            reader.u8()?;
            break;
        }
        if params.len() > PARAMS_MAX {
            return Err(malformed("too many parameters"));
        }
        let name = reader.short_text()?;
        reader.u8()?;
        let sent = typeinfo::read(reader)?;
        params.push(Param { name, ty: sent.ty, value: values::read(reader, sent)? });
    }
    Ok(Call { procedure, params })
}

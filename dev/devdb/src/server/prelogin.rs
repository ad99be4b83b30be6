//! PRELOGIN: the client says whether it wants encryption, the server says what there will be.

use std::io::{self, Read, Write};

use crate::wire::packet::{self, PRELOGIN, RESPONSE, malformed};
use crate::wire::tokens::SERVER_VERSION;

const VERSION: u8 = 0;
const ENCRYPTION: u8 = 1;
const INSTANCE: u8 = 2;
const MARS: u8 = 4;
const TERMINATOR: u8 = 0xFF;

const ENCRYPT_ON: u8 = 1;
const ENCRYPT_NOT_SUPPORTED: u8 = 2;

const PACKET_BYTES: usize = 4096;
const OPTION_BYTES: usize = 5;

/// Answers the client's PRELOGIN; whether TLS comes next.
pub(crate) fn answer<S: Read + Write>(stream: &mut S, has_tls: bool) -> io::Result<bool> {
    let message =
        packet::read_message(stream)?.ok_or_else(|| malformed("closed before PRELOGIN"))?;
    if message.kind != PRELOGIN {
        return Err(malformed("PRELOGIN expected"));
    }
    let encrypts = has_tls && wanted_encryption(&message.body) != ENCRYPT_NOT_SUPPORTED;
    let version =
        [SERVER_VERSION[0], SERVER_VERSION[1], SERVER_VERSION[2], SERVER_VERSION[3], 0, 0];
    let encryption = [if encrypts { ENCRYPT_ON } else { ENCRYPT_NOT_SUPPORTED }];
    let options: [(u8, &[u8]); 4] =
        [(VERSION, &version), (ENCRYPTION, &encryption), (INSTANCE, &[0]), (MARS, &[0])];
    let mut head = Vec::new();
    let mut data: Vec<u8> = Vec::new();
    let base = options.len() * OPTION_BYTES + 1;
    for (token, value) in options {
        let offset = u16::try_from(base + data.len()).map_err(|_| malformed("PRELOGIN"))?;
        let len = u16::try_from(value.len()).map_err(|_| malformed("PRELOGIN"))?;
        head.push(token);
        head.extend_from_slice(&offset.to_be_bytes());
        head.extend_from_slice(&len.to_be_bytes());
        data.extend_from_slice(value);
    }
    head.push(TERMINATOR);
    head.extend_from_slice(&data);
    packet::write_message(stream, RESPONSE, &head, PACKET_BYTES)?;
    Ok(encrypts)
}

fn wanted_encryption(body: &[u8]) -> u8 {
    for option in body.chunks_exact(OPTION_BYTES) {
        if option[0] == TERMINATOR {
            break;
        }
        if option[0] == ENCRYPTION {
            let offset = usize::from(u16::from_be_bytes([option[1], option[2]]));
            return body.get(offset).copied().unwrap_or(ENCRYPT_NOT_SUPPORTED);
        }
    }
    ENCRYPT_NOT_SUPPORTED
}

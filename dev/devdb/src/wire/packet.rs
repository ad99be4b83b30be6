//! Messages as packets: eight bytes of header each, the last one with the end-of-message bit.

use std::io::{self, Read, Write};

pub(crate) const SQL_BATCH: u8 = 0x01;
pub(crate) const RPC: u8 = 0x03;
pub(crate) const RESPONSE: u8 = 0x04;
pub(crate) const ATTENTION: u8 = 0x06;
pub(crate) const TRANSACTION_MANAGER: u8 = 0x0E;
pub(crate) const LOGIN7: u8 = 0x10;
pub(crate) const PRELOGIN: u8 = 0x12;

const HEADER_LEN: usize = 8;
const END_OF_MESSAGE: u8 = 1;
/// No statement of the product comes near; a client that sends more is broken.
const MESSAGE_BYTES_MAX: usize = 512 << 20;

/// What one side says at a time.
pub(crate) struct Message {
    pub(crate) kind: u8,
    pub(crate) body: Vec<u8>,
}

/// An error for bytes that break the protocol.
pub(crate) fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("malformed message: {what}"))
}

/// Reads one message; `None` where the peer closed the connection between two.
pub(crate) fn read_message(stream: &mut impl Read) -> io::Result<Option<Message>> {
    let mut kind = None;
    let mut body = Vec::new();
    loop {
        let mut header = [0u8; HEADER_LEN];
        match stream.read_exact(&mut header) {
            Err(err) if kind.is_none() && err.kind() == io::ErrorKind::UnexpectedEof => {
                return Ok(None);
            }
            read => read?,
        }
        let len = usize::from(u16::from_be_bytes([header[2], header[3]]));
        let payload = len.checked_sub(HEADER_LEN).ok_or_else(|| malformed("packet length"))?;
        let start = body.len();
        if start + payload > MESSAGE_BYTES_MAX {
            return Err(malformed("message is too long"));
        }
        body.resize(start + payload, 0);
        stream.read_exact(&mut body[start..])?;
        let kind = *kind.get_or_insert(header[0]);
        if header[1] & END_OF_MESSAGE != 0 {
            return Ok(Some(Message { kind, body }));
        }
    }
}

/// Writes `body` as packets of at most `packet_size` bytes each.
pub(crate) fn write_message(
    stream: &mut impl Write,
    kind: u8,
    body: &[u8],
    packet_size: usize,
) -> io::Result<()> {
    let payload = packet_size - HEADER_LEN;
    let n_packets = body.len().div_ceil(payload).max(1);
    let mut framed = Vec::with_capacity(body.len() + n_packets * HEADER_LEN);
    let mut id = 1u8;
    for packet_idx in 0..n_packets {
        let start = packet_idx * payload;
        let chunk = &body[start..body.len().min(start + payload)];
        let status = if packet_idx + 1 == n_packets { END_OF_MESSAGE } else { 0 };
        let len = u16::try_from(chunk.len() + HEADER_LEN)
            .map_err(|_| malformed("packet size"))?
            .to_be_bytes();
        framed.extend_from_slice(&[kind, status, len[0], len[1], 0, 0, id, 0]);
        framed.extend_from_slice(chunk);
        id = id.wrapping_add(1);
    }
    stream.write_all(&framed)?;
    stream.flush()
}

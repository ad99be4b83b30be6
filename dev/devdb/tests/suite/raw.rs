//! A client that writes its own bytes, for requests that no driver here sends.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use xmlx_devdb::Server;

const RPC: u8 = 0x03;
const LOGIN7: u8 = 0x10;
const PRELOGIN: u8 = 0x12;
const HEADER: usize = 8;
/// `sp_executesql`.
pub(crate) const EXECUTE_SQL: u16 = 10;

/// A session in plain, without a transaction of its own.
pub(crate) struct Raw {
    socket: TcpStream,
}

impl Raw {
    pub(crate) fn connect(server: &Server, user: &str, password: &str) -> Self {
        let mut it = Self { socket: TcpStream::connect(server.addr()).expect("it listens") };
        // ENCRYPTION: not supported.
        let _ = it.ask(PRELOGIN, &[1, 0, 6, 0, 1, 0xFF, 2]);
        let answer = it.ask(LOGIN7, &login(user, password));
        assert!(answer.contains(&0xAD), "no LOGINACK: {answer:?}");
        it
    }

    /// Sends a request of several calls; the tokens of its answer.
    pub(crate) fn call(&mut self, calls: &[Vec<u8>], separator: u8) -> Vec<Token> {
        let mut body = Vec::new();
        body.extend_from_slice(&22u32.to_le_bytes());
        body.extend_from_slice(&18u32.to_le_bytes());
        body.extend_from_slice(&2u16.to_le_bytes());
        body.extend_from_slice(&0u64.to_le_bytes());
        body.extend_from_slice(&1u32.to_le_bytes());
        body.extend_from_slice(&calls.join(&separator));
        tokens(&self.ask(RPC, &body))
    }

    fn ask(&mut self, kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(HEADER + body.len()).expect("a short message");
        let mut message = vec![kind, 1, 0, 0, 0, 0, 1, 0];
        message[2..4].copy_from_slice(&length.to_be_bytes());
        message.extend_from_slice(body);
        self.socket.write_all(&message).expect("it is sent");
        let mut answer = Vec::new();
        loop {
            let mut header = [0; HEADER];
            self.socket.read_exact(&mut header).expect("an answer");
            let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
            let at = answer.len();
            answer.resize(at + length - HEADER, 0);
            self.socket.read_exact(&mut answer[at..]).expect("the whole packet");
            if header[1] & 1 != 0 {
                return answer;
            }
        }
    }
}

/// What of an answer is looked at.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Token {
    Error(i32),
    /// A DONEPROC: whether more follows, and whether something went wrong.
    Procedure {
        more: bool,
        failed: bool,
    },
}

fn tokens(mut rest: &[u8]) -> Vec<Token> {
    let mut found = Vec::new();
    while let Some(token) = rest.first().copied() {
        let len = match token {
            // ERROR, INFO, ENVCHANGE
            0xAA | 0xAB | 0xE3 => 3 + usize::from(u16::from_le_bytes([rest[1], rest[2]])),
            // RETURNSTATUS
            0x79 => 5,
            // DONE, DONEPROC, DONEINPROC
            0xFD..=0xFF => 13,
            other => panic!("a token {other:02x} in the answer to statements without rows"),
        };
        if token == 0xAA {
            found.push(Token::Error(i32::from_le_bytes([rest[3], rest[4], rest[5], rest[6]])));
        } else if token == 0xFE {
            found.push(Token::Procedure { more: rest[1] & 1 != 0, failed: rest[1] & 2 != 0 });
        }
        rest = &rest[len..];
    }
    found
}

/// A call of `sp_executesql`, with `@P1` as int where it is given.
pub(crate) fn execute_sql(sql: &str, value: Option<i32>) -> Vec<u8> {
    let mut call = vec![0xFF, 0xFF];
    call.extend_from_slice(&EXECUTE_SQL.to_le_bytes());
    call.extend_from_slice(&[0, 0]);
    put_text(&mut call, sql);
    if let Some(value) = value {
        put_text(&mut call, "@P1 int");
        put_name(&mut call, "@P1");
        // INTN of four bytes.
        call.extend_from_slice(&[0, 0x26, 4, 4]);
        call.extend_from_slice(&value.to_le_bytes());
    }
    call
}

/// A call of `sp_executesql` whose `@P1` is an untyped NULL.
pub(crate) fn execute_with_null(sql: &str) -> Vec<u8> {
    let mut call = execute_sql(sql, None);
    put_text(&mut call, "@P1 nvarchar(10)");
    put_name(&mut call, "@P1");
    call.extend_from_slice(&[0, 0x1F]);
    call
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn put_name(out: &mut Vec<u8>, name: &str) {
    out.push(u8::try_from(name.len()).expect("a short name"));
    out.extend_from_slice(&utf16(name));
}

/// An unnamed parameter of type nvarchar(4000).
fn put_text(out: &mut Vec<u8>, text: &str) {
    let bytes = utf16(text);
    out.extend_from_slice(&[0, 0, 0xE7, 0x40, 0x1F, 9, 4, 0xD0, 0, 0x34]);
    out.extend_from_slice(&u16::try_from(bytes.len()).expect("a short text").to_le_bytes());
    out.extend_from_slice(&bytes);
}

fn login(user: &str, password: &str) -> Vec<u8> {
    const FIXED: usize = 94;
    let mut body = vec![0; FIXED];
    body[4..8].copy_from_slice(&0x7400_0004_u32.to_le_bytes());
    body[8..12].copy_from_slice(&4096u32.to_le_bytes());
    let scramble = |byte: u8| byte.rotate_left(4) ^ 0xA5;
    let password: Vec<u8> = utf16(password).into_iter().map(scramble).collect();
    for (at, text) in [(40, utf16(user)), (44, password), (68, utf16("xmlx"))] {
        let offset = u16::try_from(body.len()).expect("a short login");
        let n_units = u16::try_from(text.len() / 2).expect("a short login");
        body[at..at + 2].copy_from_slice(&offset.to_le_bytes());
        body[at + 2..at + 4].copy_from_slice(&n_units.to_le_bytes());
        body.extend_from_slice(&text);
    }
    let length = u32::try_from(body.len()).expect("a short login");
    body[..4].copy_from_slice(&length.to_le_bytes());
    body
}

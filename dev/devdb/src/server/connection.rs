//! One connection from its first byte to its last: PRELOGIN, TLS, LOGIN7, then requests until it closes.

use std::io;
use std::net::TcpStream;
use std::sync::atomic::Ordering;

use crate::exec::session::Session;
use crate::server::hangup::Hangup;
use crate::server::request::{self, Answer};
use crate::server::transport::Transport;
use crate::server::{Shared, login, prelogin};
use crate::wire::packet::{self, LOGIN7, RESPONSE, malformed};
use crate::wire::tokens::{self, DONE_ERROR, Done};

/// The first byte of a connection that is TLS from the beginning.
const TLS_HANDSHAKE: u8 = 0x16;
const LOGIN_PACKET_BYTES: usize = 4096;

/// Serves the connection until the client or the server closes it.
pub(crate) fn run(mut socket: TcpStream, shared: &Shared) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let hangup = Hangup::new(socket.try_clone()?);
    let mut first = [0u8];
    socket.peek(&mut first)?;
    let mut transport = match &shared.tls {
        Some(config) if first == [TLS_HANDSHAKE] => {
            let mut transport = Transport::strict(socket, config)?;
            prelogin::answer(&mut transport, false)?;
            transport
        }
        Some(config) if prelogin::answer(&mut socket, true)? => Transport::encrypt(socket, config)?,
        Some(_) => Transport::Plain(socket),
        None => {
            prelogin::answer(&mut socket, false)?;
            Transport::Plain(socket)
        }
    };
    let Some(message) = packet::read_message(&mut transport)? else { return Ok(()) };
    if message.kind != LOGIN7 {
        return Err(malformed("LOGIN7 expected"));
    }
    let login = login::read(&message.body)?;
    let mut out = Vec::new();
    let (engine, name) = match login.open(&shared.options, &shared.databases) {
        Ok(opened) => opened,
        Err(refused) => {
            tokens::put_error(&mut out, &refused);
            tokens::put_done(&mut out, Done::Statement, DONE_ERROR, 0);
            return packet::write_message(&mut transport, RESPONSE, &out, LOGIN_PACKET_BYTES);
        }
    };
    shared.n_logins.fetch_add(1, Ordering::Relaxed);
    let database = login.put_answer(&mut out);
    packet::write_message(&mut transport, RESPONSE, &out, LOGIN_PACKET_BYTES)?;
    let mut session = Session::new(engine, (database, name), Box::new(move || hangup.is_hung_up()));
    let faults = shared.options.faults.of(&login.application);
    while let Some(message) = packet::read_message(&mut transport)? {
        out.clear();
        match request::answer(&mut session, &message, (shared, &faults), &mut out)? {
            Answer::Send => {
                packet::write_message(&mut transport, RESPONSE, &out, login.packet_size)?
            }
            Answer::Hang => return Ok(()),
        }
        // A long answer's memory is not kept for the short ones that follow.
        out.shrink_to(1 << 20);
    }
    Ok(())
}

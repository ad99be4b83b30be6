//! The bytes under the messages: a plain socket, TLS whose handshake travels inside PRELOGIN packets, or TLS alone.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::wire::packet::{self, PRELOGIN};

const HANDSHAKE_PACKET_BYTES: usize = 4096;

pub(crate) enum Transport {
    Plain(TcpStream),
    Encrypted(Box<StreamOwned<ServerConnection, Wrapped>>),
}

impl Transport {
    /// TLS from the first byte on, as TDS 8.0 (`Encrypt=strict`) has it.
    pub(crate) fn strict(socket: TcpStream, config: &Arc<ServerConfig>) -> io::Result<Self> {
        let tls = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
        let wrapped =
            Wrapped { socket, is_wrapping: false, received: Vec::new(), unsent: Vec::new() };
        Ok(Self::Encrypted(Box::new(StreamOwned::new(tls, wrapped))))
    }

    /// Shakes hands over `socket`.
    pub(crate) fn encrypt(socket: TcpStream, config: &Arc<ServerConfig>) -> io::Result<Self> {
        let mut tls = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
        let mut wrapped =
            Wrapped { socket, is_wrapping: true, received: Vec::new(), unsent: Vec::new() };
        while tls.is_handshaking() {
            tls.complete_io(&mut wrapped)?;
            wrapped.flush()?;
        }
        while tls.wants_write() {
            tls.write_tls(&mut wrapped)?;
        }
        wrapped.flush()?;
        wrapped.is_wrapping = false;
        Ok(Self::Encrypted(Box::new(StreamOwned::new(tls, wrapped))))
    }
}

impl Read for Transport {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.read(buf),
            Self::Encrypted(stream) => stream.read(buf),
        }
    }
}

impl Write for Transport {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.write(bytes),
            Self::Encrypted(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(socket) => socket.flush(),
            Self::Encrypted(stream) => stream.flush(),
        }
    }
}

/// A socket on which TLS records are packed into PRELOGIN messages until the handshake is over.
pub(crate) struct Wrapped {
    socket: TcpStream,
    is_wrapping: bool,
    received: Vec<u8>,
    unsent: Vec<u8>,
}

impl Read for Wrapped {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.received.is_empty() {
            if !self.is_wrapping {
                return self.socket.read(buf);
            }
            let Some(message) = packet::read_message(&mut self.socket)? else { return Ok(0) };
            self.received = message.body;
        }
        let n = buf.len().min(self.received.len());
        buf[..n].copy_from_slice(&self.received[..n]);
        self.received.drain(..n);
        Ok(n)
    }
}

impl Write for Wrapped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.is_wrapping {
            return self.socket.write(bytes);
        }
        self.unsent.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.unsent.is_empty() {
            return self.socket.flush();
        }
        let records = std::mem::take(&mut self.unsent);
        packet::write_message(&mut self.socket, PRELOGIN, &records, HANDSHAKE_PACKET_BYTES)
    }
}

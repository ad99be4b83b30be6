//! While a request runs, the client may hang up or ask to cancel: waits look here now and then.

use std::io;
use std::net::TcpStream;

/// A look at the client's socket that takes nothing from it.
pub(crate) struct Hangup {
    socket: TcpStream,
}

impl Hangup {
    pub(crate) fn new(socket: TcpStream) -> Self {
        Self { socket }
    }

    /// Whether the client has closed the connection or sent something (which can only be an Attention).
    pub(crate) fn is_hung_up(&self) -> bool {
        if self.socket.set_nonblocking(true).is_err() {
            return true;
        }
        let peeked = self.socket.peek(&mut [0u8; 1]);
        let restored = self.socket.set_nonblocking(false);
        match peeked {
            Ok(_) => true,
            Err(err) => err.kind() != io::ErrorKind::WouldBlock || restored.is_err(),
        }
    }
}

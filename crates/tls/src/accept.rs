//! The listening side: TLS where there are credentials, and who is on the other side.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tonic::transport::server::Connected;

use crate::places::{Place, Places};
use crate::{Activity, Credentials, Names, Security};

/// An HTTP/2 connection begins with so many bytes (RFC 9113, 3.4).
const PREFACE_BYTES: usize = 24;
/// The first byte of a TLS handshake (RFC 8446, 5.1), with which HTTP/2 never begins.
const HANDSHAKE: u8 = 0x16;
/// How often a greeting that came in part is looked at again.
const LOOK: Duration = Duration::from_millis(50);

/// Who is on the other side of a connection. Every request of the connection carries it among its extensions.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Where it comes from.
    pub address: SocketAddr,
    /// What its certificate says, where it has one: checked against the CA.
    pub certificate: Option<Arc<Names>>,
    /// Whether nobody between can read along.
    pub is_encrypted: bool,
    /// Its calls: whoever lets one through says so, or the connection is closed as one that nobody uses.
    pub activity: Activity,
}

/// Takes connections in.
#[derive(Clone, Debug)]
pub struct Acceptor {
    credentials: Option<Credentials>,
    takes_plain: bool,
    places: Places,
}

impl Acceptor {
    /// With credentials TLS alone is taken, unless the settings say `insecure`: then both are, so that a cluster can be
    /// secured one program after the other.
    #[must_use]
    pub fn new(security: &Security) -> Self {
        Self {
            credentials: security.credentials.clone(),
            takes_plain: security.credentials.is_none() || security.insecure,
            places: Places::default(),
        }
    }

    /// A place for a connection from this address; `None`: its host has as many as it may have, so that the connection is
    /// to be closed at once.
    #[must_use]
    pub fn enter(&self, address: IpAddr) -> Option<Place> {
        self.places.enter(address)
    }

    /// Waits until whoever connected has begun to speak HTTP/2, in TLS where that is wanted. The caller limits the time.
    ///
    /// # Errors
    /// Where the other side ends the connection, has no certificate that can be believed, or speaks without TLS.
    pub async fn accept(
        &self,
        stream: TcpStream,
        address: SocketAddr,
        place: Place,
    ) -> io::Result<Accepted> {
        stream.set_nodelay(true)?;
        let mut first = [0];
        if stream.peek(&mut first).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let credentials = self.credentials.as_ref().filter(|_| first == [HANDSHAKE]);
        let Some(config) = credentials.and_then(Credentials::server) else {
            if !self.takes_plain {
                let reason = "it speaks without TLS, which this coordinator does not take";
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, reason));
            }
            greeted(&stream).await?;
            let activity = Activity::start();
            let peer = Peer { address, certificate: None, is_encrypted: false, activity };
            let (line, greeting) = (Line::Plain(stream), Greeting::default());
            return Ok(Accepted { line, greeting, peer, _place: place.opened() });
        };
        let mut stream = TlsAcceptor::from(config).accept(stream).await?;
        let (_, connection) = stream.get_ref();
        let certificate = match connection.peer_certificates() {
            Some([certificate, ..]) => {
                Some(Arc::new(Names::of(certificate).map_err(io::Error::other)?))
            }
            Some([]) | None => None,
        };
        let mut greeting = Greeting { bytes: [0; PREFACE_BYTES], left: PREFACE_BYTES };
        stream.read_exact(&mut greeting.bytes).await?;
        let peer = Peer { address, certificate, is_encrypted: true, activity: Activity::start() };
        let line = Line::Tls(Box::new(stream));
        Ok(Accepted { line, greeting, peer, _place: place.opened() })
    }
}

/// Waits until the other side has begun to speak.
async fn greeted(stream: &TcpStream) -> io::Result<()> {
    let mut greeting = [0; PREFACE_BYTES];
    loop {
        match stream.peek(&mut greeting).await? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            PREFACE_BYTES => return Ok(()),
            _ => tokio::time::sleep(LOOK).await,
        }
    }
}

/// A connection whose other side speaks, and is who it says.
#[derive(Debug)]
pub struct Accepted {
    line: Line,
    greeting: Greeting,
    peer: Peer,
    _place: Place,
}

#[derive(Debug)]
enum Line {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// What was read to see that the other side speaks; the server reads it again.
#[derive(Debug, Default)]
struct Greeting {
    bytes: [u8; PREFACE_BYTES],
    left: usize,
}

impl Connected for Accepted {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        self.peer.clone()
    }
}

impl AsyncRead for Accepted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.greeting.left > 0 {
            let from = PREFACE_BYTES - self.greeting.left;
            let n = self.greeting.left.min(buf.remaining());
            buf.put_slice(&self.greeting.bytes[from..from + n]);
            self.greeting.left -= n;
            return Poll::Ready(Ok(()));
        }
        // No timer is needed: the server sends pings, and its connection is polled when it does.
        if self.peer.activity.is_over() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        match &mut self.line {
            Line::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Line::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Accepted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.line {
            Line::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Line::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.line {
            Line::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Line::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.line {
            Line::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Line::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

//! A crowd of strangers around a coordinator: connections that say nothing, and such that say half of things, slowly.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// How HTTP/2 begins (RFC 9113, 3.4), and an empty SETTINGS frame behind it.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
/// A HEADERS frame of stream 1 that says `:method: POST` and that more is to come.
const HALF_HEADERS: &[u8] = b"\0\0\x01\x01\0\0\0\0\x01\x83";
/// A CONTINUATION frame of that stream, with one byte of which `:scheme: http` is made, and no end.
const MORE_HEADERS: &[u8] = b"\0\0\x01\x09\0\0\0\0\x01\x86";
/// A TLS record that announces a `ClientHello` of 512 bytes.
const HALF_HANDSHAKE: &[u8] = &[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc];
/// Whoever is slow says the next byte after so long.
const SLOWLY: Duration = Duration::from_secs(1);
/// Whoever was cut off comes back after so long.
const RETURN: Duration = Duration::from_secs(5);
/// Hosts that they come from. The whole of 127.0.0.0/8 is this host.
const HOSTS: usize = 12;
const NETWORK: Ipv4Addr = Ipv4Addr::new(127, 66, 0, 0);

/// What one of them does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stranger {
    /// Connects, and says nothing.
    Silent,
    /// Speaks HTTP/2, in TLS where that is wanted, answers pings, and asks for nothing.
    Idle,
    /// Begins a request whose headers never end.
    SlowHeaders,
    /// Makes a request whose body never ends.
    SlowBody,
    /// Begins a TLS handshake that never ends.
    SlowHandshake,
}

/// Holds its connections until dropped; those that are cut off come back.
#[derive(Debug)]
pub struct Crowd {
    at: At,
    came: Arc<AtomicUsize>,
    n: usize,
    strangers: JoinSet<()>,
}

/// Where they go.
#[derive(Clone)]
struct At {
    address: SocketAddr,
    tls: Option<TlsConnector>,
}

impl std::fmt::Debug for At {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.address)
    }
}

impl Crowd {
    /// Around the coordinator at `url`. `ca`: its CA's certificate, where it speaks TLS.
    #[must_use]
    pub fn around(url: &str, ca: Option<&Path>) -> Self {
        let (_, address) = url.split_once("://").expect("a URL");
        let address = address.parse().expect("an address with a port");
        let at = At { address, tls: ca.map(connector) };
        Self { at, came: Arc::default(), n: 0, strangers: JoinSet::new() }
    }

    /// So many more come.
    pub fn add(&mut self, n: usize, stranger: Stranger) {
        for _ in 0..n {
            let (at, came) = (self.at.clone(), Arc::clone(&self.came));
            let host = host(self.n);
            self.n += 1;
            self.strangers.spawn(async move {
                let is_new = AtomicBool::new(true);
                let arrive = || {
                    let is_new = is_new.swap(false, Ordering::SeqCst);
                    came.fetch_add(usize::from(is_new), Ordering::SeqCst);
                };
                loop {
                    if let Ok(stream) = connect(host, at.address).await {
                        // However it ends, it comes again.
                        drop(behave(stranger, stream, &at, &arrive).await);
                    }
                    tokio::time::sleep(RETURN).await;
                }
            });
        }
    }

    /// Waits until each of them has been there, and has said what it says first.
    pub async fn wait_all(&self) {
        let all = async {
            while self.came.load(Ordering::SeqCst) < self.n {
                tokio::time::sleep(Duration::from_millis(25)).await;
            }
        };
        let all = tokio::time::timeout(Duration::from_secs(90), all).await;
        assert!(all.is_ok(), "{} of {} came", self.came.load(Ordering::SeqCst), self.n);
    }

    /// One connection of a host that does as it is told, and how long it lasts: it returns when it is cut off.
    ///
    /// # Errors
    /// Why it was cut off, where the other side says so.
    pub async fn one(&self, host: IpAddr, stranger: Stranger) -> std::io::Result<()> {
        let stream = connect(host, self.at.address).await?;
        behave(stranger, stream, &self.at, &|| ()).await
    }
}

/// The host of the `i`th of them.
fn host(i: usize) -> IpAddr {
    let number = u32::try_from(1 + i % HOSTS).expect("there are few");
    Ipv4Addr::from_bits(NETWORK.to_bits() + number).into()
}

async fn connect(host: IpAddr, address: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    // Without this, a thousand connections that were cut off would keep their ports for a minute.
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::new(host, 0))?;
    socket.connect(address).await
}

fn connector(ca: &Path) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(ca).expect("the CA's file can be read") {
        roots.add(certificate.expect("a certificate")).expect("a CA's certificate");
    }
    let mut config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    TlsConnector::from(Arc::new(config))
}

/// `arrive`: called as soon as it has said what it says first.
async fn behave(
    stranger: Stranger,
    stream: TcpStream,
    at: &At,
    arrive: &(dyn Fn() + Sync),
) -> std::io::Result<()> {
    match (stranger, &at.tls) {
        (Stranger::Silent, _) => {
            arrive();
            ended(stream).await
        }
        (Stranger::SlowHandshake, _) => drip(stream, (HALF_HANDSHAKE, &[0]), arrive).await,
        (Stranger::Idle | Stranger::SlowHeaders | Stranger::SlowBody, Some(tls)) => {
            let name = ServerName::from(at.address.ip());
            let stream = tls.connect(name, stream).await?;
            speak(stranger, stream, arrive).await
        }
        (Stranger::Idle | Stranger::SlowHeaders | Stranger::SlowBody, None) => {
            speak(stranger, stream, arrive).await
        }
    }
}

/// Does as it should behind TLS, or without.
async fn speak<S: AsyncRead + AsyncWrite + Unpin + Send>(
    stranger: Stranger,
    stream: S,
    arrive: &(dyn Fn() + Sync),
) -> std::io::Result<()> {
    if stranger == Stranger::SlowHeaders {
        return drip(stream, (&[PREFACE, HALF_HEADERS].concat(), MORE_HEADERS), arrive).await;
    }
    let (client, connection) = h2::client::handshake(stream).await.map_err(other)?;
    let calling = async {
        let mut client = client.ready().await.map_err(other)?;
        arrive();
        if stranger == Stranger::Idle {
            return std::future::pending().await;
        }
        let request = tonic::codegen::http::Request::builder()
            .method("POST")
            .uri("http://strangers/xmlx.v1.ClusterService/Status")
            .header("content-type", "application/grpc")
            .body(())
            .expect("a request");
        let (_answer, mut body) = client.send_request(request, false).map_err(other)?;
        loop {
            body.send_data(tonic::codegen::Bytes::from_static(&[0]), false).map_err(other)?;
            tokio::time::sleep(SLOWLY).await;
        }
    };
    tokio::select! {
        ended = connection => ended.map_err(other),
        failed = calling => failed,
    }
}

/// Says the first bytes, and then the next ones again and again, slowly.
async fn drip<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    (first, next): (&[u8], &[u8]),
    arrive: &(dyn Fn() + Sync),
) -> std::io::Result<()> {
    let (reading, mut writing) = tokio::io::split(stream);
    let dripping = async {
        writing.write_all(first).await?;
        arrive();
        loop {
            writing.flush().await?;
            tokio::time::sleep(SLOWLY).await;
            writing.write_all(next).await?;
        }
    };
    tokio::select! {
        ended = ended(reading) => ended,
        failed = dripping => failed,
    }
}

/// Waits until the other side ends it.
async fn ended(mut stream: impl AsyncRead + Unpin) -> std::io::Result<()> {
    let mut bytes = [0; 1024];
    while stream.read(&mut bytes).await? > 0 {}
    Ok(())
}

fn other(err: h2::Error) -> std::io::Error {
    std::io::Error::other(err)
}

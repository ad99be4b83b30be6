//! A listener between a program and the database that counts requests on the wire.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A TDS packet begins with its type, its status and its length.
const HEADER: usize = 8;
/// The packet's status bit that says: the message ends here.
const END_OF_MESSAGE: u8 = 0x01;
/// SQL batch, RPC, transaction manager request.
const REQUESTS: [u8; 3] = [0x01, 0x03, 0x0E];

/// Counts round trips; works on connections without encryption.
#[derive(Debug)]
pub struct Wiretap {
    address: SocketAddr,
    requests: Arc<AtomicU64>,
}

impl Wiretap {
    /// Listens for whoever wants to reach `database`.
    pub async fn start(database: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        let requests = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(database).await.expect("the database listens");
                tokio::spawn(relay(client, server, Arc::clone(&counter)));
            }
        });
        Self { address, requests }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Requests so far; each is answered before the next on its connection: a round trip.
    #[must_use]
    pub fn round_trips(&self) -> u64 {
        self.requests.load(Ordering::SeqCst)
    }
}

async fn relay(client: TcpStream, server: TcpStream, requests: Arc<AtomicU64>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    tokio::spawn(async move {
        drop(tokio::io::copy(&mut from_server, &mut to_client).await);
        drop(to_client.shutdown().await);
    });
    let mut header = [0; HEADER];
    while from_client.read_exact(&mut header).await.is_ok() {
        let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
        let mut body = vec![0; length.saturating_sub(HEADER)];
        if from_client.read_exact(&mut body).await.is_err() {
            break;
        }
        if REQUESTS.contains(&header[0]) && header[1] & END_OF_MESSAGE != 0 {
            requests.fetch_add(1, Ordering::SeqCst);
        }
        if to_server.write_all(&header).await.is_err() || to_server.write_all(&body).await.is_err()
        {
            break;
        }
    }
    drop(to_server.shutdown().await);
}

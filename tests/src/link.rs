//! A stretch of network between two programs that can be cut, in each direction by itself.
//!
//! A cut loses nothing and closes nothing: bytes wait, as a network's retransmissions do, and arrive
//! once the link is whole again. Whoever connects meanwhile gets a connection that says nothing.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Read at once.
const CHUNK: usize = 16 << 10;

/// Which way the bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From whoever connected.
    Requests,
    /// To whoever connected.
    Answers,
    /// Both ways.
    Both,
}

/// A proxy for TCP connections to one address.
#[derive(Debug)]
pub struct Link {
    address: SocketAddr,
    requests: watch::Sender<bool>,
    answers: watch::Sender<bool>,
}

impl Link {
    /// Listens for whoever wants to reach `target`.
    pub async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        let (requests, requests_open) = watch::channel(true);
        let (answers, answers_open) = watch::channel(true);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (requests, answers) = (requests_open.clone(), answers_open.clone());
                tokio::spawn(async move {
                    let Ok(server) = TcpStream::connect(target).await else { return };
                    let (from_client, to_client) = client.into_split();
                    let (from_server, to_server) = server.into_split();
                    tokio::join!(
                        pump(from_client, to_server, requests),
                        pump(from_server, to_client, answers)
                    );
                });
            }
        });
        Self { address, requests, answers }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What names `target` made to name this link.
    #[must_use]
    pub fn instead_of(&self, target: SocketAddr, text: &str) -> String {
        assert_eq!(target.ip(), self.address.ip(), "the port alone is replaced");
        text.replace(&target.port().to_string(), &self.address.port().to_string())
    }

    /// Nothing gets through any more.
    pub fn cut(&self, direction: Direction) {
        self.set(direction, false);
    }

    /// Everything gets through again, also what waited.
    pub fn heal(&self) {
        self.set(Direction::Both, true);
    }

    fn set(&self, direction: Direction, open: bool) {
        if direction != Direction::Answers {
            self.requests.send_replace(open);
        }
        if direction != Direction::Requests {
            self.answers.send_replace(open);
        }
    }
}

/// Carries bytes while the gate is open; the end of the stream waits as they do.
async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut open: watch::Receiver<bool>) {
    let mut chunk = vec![0; CHUNK];
    loop {
        let n = from.read(&mut chunk).await.unwrap_or(0);
        if open.wait_for(|it| *it).await.is_err() || n == 0 {
            drop(to.shutdown().await);
            return;
        }
        if to.write_all(&chunk[..n]).await.is_err() {
            return;
        }
    }
}

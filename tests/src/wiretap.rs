//! A listener between a program and the database that looks at requests and answers on the wire.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// A TDS packet begins with its type, its status and its length.
const HEADER: usize = 8;
/// The packet's status bit that says: the message ends here.
const END_OF_MESSAGE: u8 = 0x01;
/// SQL batch, RPC, transaction manager request.
const REQUESTS: [u8; 3] = [BATCH, RPC, 0x0E];
const BATCH: u8 = 0x01;
const RPC: u8 = 0x03;
/// A text: the most bytes, its collation, its bytes.
const NVARCHAR: u8 = 0xE7;

/// What stands in an answer before each column of `varchar` or `char`: its type, its length, its collation. The first
/// three bytes differ from column to column.
const CODE_PAGE: [&[u8]; 2] = [&[0xA7, 0xAF], &[0x09, 0x04, 0xD0, 0x00, 0x34]];
const CODE_PAGE_BYTES: usize = 8;

/// Counts round trips and types of parameters and columns; works on connections without encryption.
#[derive(Debug)]
pub struct Wiretap {
    address: SocketAddr,
    seen: Arc<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    requests: AtomicU64,
    /// Types of parameters by their byte on the wire, and how often each came.
    types: Mutex<BTreeMap<u8, u64>>,
    /// The texts of all statements.
    statements: Mutex<BTreeSet<String>>,
    /// Columns of answers that hold text in a code page.
    in_code_page: AtomicU64,
}

impl Wiretap {
    /// Listens for whoever wants to reach `database`.
    pub async fn start(database: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        let seen = Arc::new(Seen::default());
        let seeing = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(database).await.expect("the database listens");
                tokio::spawn(relay(client, server, Arc::clone(&seeing)));
            }
        });
        Self { address, seen }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Requests so far; each is answered before the next on its connection: a round trip.
    #[must_use]
    pub fn round_trips(&self) -> u64 {
        self.seen.requests.load(Ordering::SeqCst)
    }

    /// The text of every statement so far, once.
    #[must_use]
    pub fn statements(&self) -> BTreeSet<String> {
        self.seen.statements.lock().expect("nobody panics with it").clone()
    }

    /// The types of the parameters so far, by their byte on the wire, and how often each came.
    #[must_use]
    pub fn parameter_types(&self) -> BTreeMap<u8, u64> {
        self.seen.types.lock().expect("nobody panics with it").clone()
    }
}

impl Wiretap {
    /// Columns of the answers so far that hold text in a code page, which a driver has to know to read it.
    #[must_use]
    pub fn columns_in_a_code_page(&self) -> u64 {
        self.seen.in_code_page.load(Ordering::SeqCst)
    }
}

/// Passes answers on, and counts the columns of text in a code page.
async fn answers(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, seen: &Seen) {
    let [kinds, collation] = CODE_PAGE;
    let mut bytes = Vec::new();
    let mut chunk = vec![0; 64 << 10];
    while let Ok(n @ 1..) = from.read(&mut chunk).await {
        bytes.extend_from_slice(&chunk[..n]);
        let found = bytes.windows(CODE_PAGE_BYTES);
        let found =
            found.filter(|bytes| kinds.contains(&bytes[0]) && bytes[3..] == *collation).count();
        seen.in_code_page.fetch_add(u64::try_from(found).unwrap_or(u64::MAX), Ordering::SeqCst);
        // What may go on in the next chunk.
        bytes.drain(..bytes.len().saturating_sub(CODE_PAGE_BYTES - 1));
        if to.write_all(&chunk[..n]).await.is_err() {
            break;
        }
    }
    drop(to.shutdown().await);
}

async fn relay(client: TcpStream, server: TcpStream, seen: Arc<Seen>) {
    let (mut from_client, to_client) = client.into_split();
    let (from_server, mut to_server) = server.into_split();
    let seeing = Arc::clone(&seen);
    tokio::spawn(async move { answers(from_server, to_client, &seeing).await });
    let mut header = [0; HEADER];
    let mut message = Vec::new();
    while from_client.read_exact(&mut header).await.is_ok() {
        let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
        let mut body = vec![0; length.saturating_sub(HEADER)];
        if from_client.read_exact(&mut body).await.is_err() {
            break;
        }
        message.extend_from_slice(&body);
        if REQUESTS.contains(&header[0]) && header[1] & END_OF_MESSAGE != 0 {
            seen.requests.fetch_add(1, Ordering::SeqCst);
            seen.note(header[0], &message);
        }
        if header[1] & END_OF_MESSAGE != 0 {
            message.clear();
        }
        if to_server.write_all(&header).await.is_err() || to_server.write_all(&body).await.is_err()
        {
            break;
        }
    }
    drop(to_server.shutdown().await);
}

impl Seen {
    fn note(&self, kind: u8, message: &[u8]) {
        let statement = if kind == RPC {
            let params = parameters(message);
            let mut types = self.types.lock().expect("nobody panics with it");
            params.iter().for_each(|(kind, _)| *types.entry(*kind).or_default() += 1);
            params.into_iter().next().map(|(_, value)| value)
        } else if kind == BATCH {
            message.get(u32_at(message, 0)..).map(<[u8]>::to_vec)
        } else {
            None
        };
        let mut statements = self.statements.lock().expect("nobody panics with it");
        statements.extend(statement.map(|bytes| text_of(&bytes)));
    }
}

fn text_of(bytes: &[u8]) -> String {
    let units: Vec<u16> =
        bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    String::from_utf16(&units).expect("statements are text")
}

fn u16_at(message: &[u8], at: usize) -> usize {
    usize::from(u16::from_le_bytes([message[at], message[at + 1]]))
}

fn u32_at(message: &[u8], at: usize) -> usize {
    u16_at(message, at) | u16_at(message, at + 2) << 16
}

/// The parameters of a call: their types, and the bytes of those that are text.
fn parameters(message: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let (u16_at, u32_at) = (|at| u16_at(message, at), |at| u32_at(message, at));
    // ALL_HEADERS, the procedure by its number or its name, flags.
    let mut at = u32_at(0);
    at += if u16_at(at) == 0xFFFF { 4 } else { 2 + 2 * u16_at(at) } + 2;
    let mut params = Vec::new();
    while at < message.len() {
        // Its name, and a byte of status.
        at += 1 + 2 * usize::from(message[at]) + 1;
        let kind = message[at];
        let mut value = Vec::new();
        at += 1;
        match kind {
            // An untyped NULL.
            0x1F => {}
            // INTN, BITN, FLTN: the most bytes, then the bytes behind their number.
            0x26 | 0x68 | 0x6D => at += 2 + usize::from(message[at + 1]),
            NVARCHAR if u16_at(at) < 0xFFFF => {
                at += 7;
                let n_bytes = if u16_at(at) == 0xFFFF { 0 } else { u16_at(at) };
                at += 2;
                value.extend_from_slice(&message[at..at + n_bytes]);
                at += n_bytes;
            }
            // The same in chunks, behind eight bytes with their sum.
            NVARCHAR => {
                at += 7 + 8;
                while u32_at(at) > 0 {
                    value.extend_from_slice(&message[at + 4..at + 4 + u32_at(at)]);
                    at += 4 + u32_at(at);
                }
                at += 4;
            }
            other => panic!("a parameter of type 0x{other:02X}: the tap has to learn it"),
        }
        params.push((kind, value));
    }
    params
}

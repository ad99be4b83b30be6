//! The server: listens, gives every connection a thread, and ends them all when it is stopped.

mod connection;
mod databases;
mod hangup;
mod login;
mod prelogin;
mod request;
mod rpc;
mod tls;
mod transport;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{Builder, JoinHandle};

use crate::catalog::DATABASE;
use crate::error::Error;
use crate::exec::database::Storage;
use crate::exec::engine::Engine;
use crate::faults::Faults;
use crate::like::Like;
use crate::locks::Locked;
use crate::server::databases::Databases;
use crate::sync;

/// The stack of a connection's thread: parsing and binding go at most some tens of calls deep.
const STACK_BYTES: usize = 2 << 20;

/// Whether connections are encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// Never; a client that insists on it is turned away.
    Off,
    /// Where the client asks for it, with a certificate made at start.
    SelfSigned,
}

/// How to start a server.
#[derive(Clone)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where the data is kept.
    pub data: Storage,
    /// The user who may do everything. Other logins are made with `CREATE LOGIN`.
    pub user: String,
    /// The user's password.
    pub password: String,
    /// Whether connections are encrypted.
    pub tls: Tls,
    /// What goes wrong, and when.
    pub faults: Faults,
    /// The server it behaves like.
    pub like: Like,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("listen", &self.listen)
            .field("data", &self.data)
            .finish_non_exhaustive()
    }
}

/// A running server; dropping it stops it.
pub struct Server {
    addr: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

/// What every connection needs.
pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) databases: Databases,
    pub(crate) tls: Option<Arc<rustls::ServerConfig>>,
    certificate: Option<String>,
    is_stopping: AtomicBool,
    pub(crate) n_logins: AtomicU64,
    sockets: Mutex<BTreeMap<u64, TcpStream>>,
}

impl Server {
    /// Opens the database, listens, and returns once connections are accepted.
    pub fn start(options: Options) -> Result<Self, Error> {
        let (tls, certificate) = match options.tls {
            Tls::Off => (None, None),
            Tls::SelfSigned => {
                let (config, certificate) = tls::self_signed()?;
                (Some(config), Some(certificate))
            }
        };
        let databases = Databases::new(Engine::open(&options.data, options.like)?, &options.user);
        let listen = |err| Error::Listen { address: options.listen, err };
        let listener = TcpListener::bind(options.listen).map_err(listen)?;
        let addr = listener.local_addr().map_err(listen)?;
        let shared = Arc::new(Shared {
            options,
            databases,
            tls,
            certificate,
            is_stopping: AtomicBool::new(false),
            n_logins: AtomicU64::new(0),
            sockets: Mutex::new(BTreeMap::new()),
        });
        let accepting = Arc::clone(&shared);
        let acceptor = Builder::new()
            .name("devdb-accept".to_owned())
            .spawn(move || accept(&listener, &accepting))
            .map_err(Error::Thread)?;
        Ok(Self { addr, shared, acceptor: Some(acceptor) })
    }

    /// Where the server listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// An ADO.NET connection string for this server.
    pub fn connection_string(&self) -> String {
        let Options { user, password, tls, .. } = &self.shared.options;
        let encrypt = match tls {
            Tls::Off => "DANGER_PLAINTEXT",
            Tls::SelfSigned => "true",
        };
        let reachable = reachable(self.addr);
        let (host, port) = (reachable.ip(), reachable.port());
        format!(
            "Server=tcp:{host},{port};User Id={user};Password={password};Encrypt={encrypt};TrustServerCertificate=true;Database={DATABASE}"
        )
    }

    /// The certificate that clients may trust, as PEM; `None` without TLS.
    pub fn certificate(&self) -> Option<&str> {
        self.shared.certificate.as_deref()
    }

    /// The plan of faults.
    pub fn faults(&self) -> &Faults {
        &self.shared.options.faults
    }

    /// How often somebody was let in.
    pub fn n_logins(&self) -> u64 {
        self.shared.n_logins.load(Ordering::Relaxed)
    }

    /// What transactions have locked in the database that is always there, by SQL Server's rules; kind by kind.
    pub fn locks(&self) -> Vec<Locked> {
        self.shared.databases.locks()
    }

    /// How often statements in the database that is always there were answered with this error; those that the plan of
    /// faults ordered are not counted.
    pub fn n_errors(&self, number: i32) -> u64 {
        self.shared.databases.n_errors(number)
    }

    /// Closes every connection there is; open transactions are rolled back. New ones are accepted as before.
    pub fn drop_connections(&self) {
        self.shared.close_sockets();
    }

    /// Closes every connection and ends all threads.
    pub fn stop(mut self) {
        self.shut_down();
    }

    fn shut_down(&mut self) {
        let Some(acceptor) = self.acceptor.take() else { return };
        self.shared.is_stopping.store(true, Ordering::SeqCst);
        self.shared.databases.stop();
        self.shared.close_sockets();
        // The acceptor waits for a connection: it is given one.
        let woken = TcpStream::connect(reachable(self.addr)).is_ok();
        if woken && acceptor.join().is_err() {
            tracing::error!("the accepting thread panicked");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shut_down();
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("addr", &self.addr).finish_non_exhaustive()
    }
}

impl Shared {
    fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::SeqCst)
    }

    fn close_sockets(&self) {
        for socket in sync::lock(&self.sockets).values() {
            // It may be closed already.
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}

/// An address to connect to for one that is listened on.
fn reachable(addr: SocketAddr) -> SocketAddr {
    let ip = match addr.ip() {
        ip if !ip.is_unspecified() => ip,
        std::net::IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        std::net::IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    SocketAddr::new(ip, addr.port())
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut threads: Vec<JoinHandle<()>> = Vec::new();
    let mut n_accepted = 0u64;
    for accepted in listener.incoming() {
        if shared.is_stopping() {
            break;
        }
        let Ok(socket) = accepted else { continue };
        n_accepted += 1;
        threads.retain(|thread| !thread.is_finished());
        let serving = Arc::clone(shared);
        let id = n_accepted;
        let spawned =
            Builder::new().name(format!("devdb-{id}")).stack_size(STACK_BYTES).spawn(move || {
                serve(id, socket, &serving);
            });
        match spawned {
            Ok(thread) => threads.push(thread),
            Err(err) => tracing::warn!(%err, "a connection was refused: no thread"),
        }
    }
    shared.close_sockets();
    for thread in threads {
        if thread.join().is_err() {
            tracing::error!("a connection's thread panicked");
        }
    }
}

fn serve(id: u64, socket: TcpStream, shared: &Shared) {
    let Ok(registered) = socket.try_clone() else { return };
    sync::lock(&shared.sockets).insert(id, registered);
    if shared.is_stopping() {
        // Stopping may have closed the registered sockets before this one was among them.
        let _ = socket.shutdown(Shutdown::Both);
    }
    if let Err(err) = connection::run(socket, shared) {
        tracing::debug!(connection = id, %err, "connection ended");
    }
    sync::lock(&shared.sockets).remove(&id);
}

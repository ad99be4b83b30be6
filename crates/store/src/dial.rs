//! One new connection: to the server or its failover partner, and what a refusal means.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tiberius::error::Error as Tds;
use tiberius::{Client, Config, SqlBrowser as _};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt as _};

use crate::connection_string::{Address, Place};
use crate::error::plain;
use crate::{Access, Error};

/// Its futures are large: they are boxed where they are awaited, or every caller's stack would carry them.
pub(crate) type TdsClient = Client<Compat<TcpStream>>;

/// Without port or instance name, SQL Server listens here.
const DEFAULT_PORT: u16 = 1433;

/// As SqlClient has them: a count may say nothing for an hour, and firewalls forget flows that are silent.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(1);

/// Wrong name or password, says the server.
const LOGIN_FAILED: u32 = 18456;
/// Between tries of a login that was let in before. A database of contained users that fails over refuses logins in
/// these very words. No more tries: each of them counts, and logins lock.
const PAUSES: [Duration; 3] =
    [Duration::from_secs(2), Duration::from_secs(5), Duration::from_secs(10)];

/// Makes connections to one address.
#[derive(Debug)]
pub(crate) struct Dialer {
    address: Address,
    access: Access,
    /// Whether the server has let us in before: then a database that cannot be opened is one that fails over.
    has_entered: AtomicBool,
    /// Held by the one that tries a refused login again; everybody else waits for what comes of it.
    doubt: Mutex<Doubt>,
}

/// A login that was let in before and is refused now.
#[derive(Debug, Default)]
struct Doubt {
    /// Tries that were refused, since it was last let in.
    refused: usize,
    /// How often it was let in again.
    let_in: u64,
}

impl Doubt {
    /// How long to wait before the next try; `None`: it is refused for good.
    fn pause(&self) -> Option<Duration> {
        PAUSES.get(self.refused).copied()
    }

    fn refuse(&mut self) {
        self.refused += 1;
    }

    fn let_in(&mut self) {
        *self = Self { refused: 0, let_in: self.let_in + 1 };
    }
}

impl Dialer {
    pub(crate) fn new(address: Address, access: Access) -> Self {
        Self { address, access, has_entered: AtomicBool::new(false), doubt: Mutex::default() }
    }

    /// Connects. A login that was let in before is tried again, slowly, before it counts as refused.
    ///
    /// # Errors
    /// Names the place, and what to do where nothing will pass by itself.
    pub(crate) async fn connect(&self) -> Result<TdsClient, Error> {
        let let_in = self.doubt.lock().await.let_in;
        let outcome = self.dial().await;
        match outcome {
            Err(err) if is_failed(&err) && self.has_entered.load(Ordering::Relaxed) => {
                Box::pin(self.dial_again(err, let_in)).await
            }
            outcome => outcome,
        }
    }

    async fn dial_again(&self, refusal: Error, let_in: u64) -> Result<TdsClient, Error> {
        let mut doubt = self.doubt.lock().await;
        // Somebody else was let in meanwhile.
        let mut at_once = doubt.let_in != let_in;
        while let Some(pause) = doubt.pause() {
            if !std::mem::take(&mut at_once) {
                tokio::time::sleep(pause).await;
            }
            match self.dial().await {
                Err(err) if is_failed(&err) => doubt.refuse(),
                Ok(client) => {
                    doubt.let_in();
                    return Ok(client);
                }
                Err(err) => return Err(err),
            }
        }
        Err(refusal)
    }

    /// Connects to the server, or to its failover partner where the server is not there or does not
    /// hold the database.
    ///
    /// # Errors
    /// Names the place, and what to do where nothing will pass by itself.
    async fn dial(&self) -> Result<TdsClient, Error> {
        let patience = self.address.connect_timeout;
        let mut refusal = None;
        for place in &self.address.places {
            let reached = tokio::time::timeout(patience, Box::pin(self.reach(place))).await;
            let outcome = reached.unwrap_or_else(|_| {
                Err(self.unreached(place, &format!("no answer within {patience:?}")))
            });
            match outcome {
                Ok(client) => {
                    self.has_entered.store(true, Ordering::Relaxed);
                    return Ok(client);
                }
                // Another server will not like the same name and password better, and each try counts.
                Err(err @ Error::Login { number: 18_000..=18_999, .. }) => return Err(err),
                // What the partner says is of interest only where the server itself says nothing.
                Err(err) => refusal = Some(refusal.unwrap_or(err)),
            }
        }
        Err(refusal.expect("an address has at least one place"))
    }

    /// Connects, following one redirection (listeners and gateways route).
    async fn reach(&self, place: &Place) -> Result<TdsClient, Error> {
        let mut config = self.address.config.clone();
        config.host(&place.host);
        if let Some(port) = place.port {
            config.port(port);
        }
        let mut routed = config.clone();
        if let Some(instance) = &place.instance {
            config.instance_name(instance);
        }
        let tcp = TcpStream::connect_named(&dialled(&config, place)).await;
        let tcp = tcp.map_err(|err| self.refusal(place, &err))?;
        match Box::pin(log_in(config, tcp)).await {
            Err(Tds::Routing { host, port }) => {
                routed.host(&host);
                routed.port(port);
                let to = Place { host, port: Some(port), instance: None };
                let tcp = TcpStream::connect((to.host.as_str(), port)).await;
                let tcp = tcp.map_err(|err| self.refusal(&to, &err.into()))?;
                Box::pin(log_in(routed, tcp)).await.map_err(|err| self.refusal(&to, &err))
            }
            outcome => outcome.map_err(|err| self.refusal(place, &err)),
        }
    }

    /// What a failed connection means. Refused logins do not pass by themselves; everything else may.
    fn refusal(&self, place: &Place, err: &Tds) -> Error {
        match err {
            Tds::Server(token) if self.is_final(token.code()) => Error::Login {
                server: place.to_string(),
                database: self.address.database.clone(),
                login: self.address.login.clone(),
                number: token.code(),
            },
            Tds::Server(token) => {
                self.unreached(place, &format!("SQL Server error {}", token.code()))
            }
            Tds::Tls(reason) => {
                // The driver goes on with advice for programmers.
                let reason = reason.split(" To connect anyway").next().unwrap_or_default();
                let reason = reason.trim_end_matches('.').to_owned();
                Error::Tls { server: place.to_string(), reason }
            }
            Tds::Conversion(_) if place.instance.is_some() => self.unreached(place, &format!(
                "SQL Browser (UDP 1434) does not know the instance or does not answer; name the port instead: `{},1433`",
                place.host
            )),
            Tds::Io { .. }
            | Tds::Protocol(_)
            | Tds::Encoding(_)
            | Tds::Conversion(_)
            | Tds::Utf8
            | Tds::Utf16
            | Tds::ParseInt(_)
            | Tds::Routing { .. }
            | Tds::BulkInput(_) => self.unreached(place, &plain(err)),
        }
    }

    fn unreached(&self, place: &Place, reason: &str) -> Error {
        let role = match self.access {
            Access::ReadWrite => "",
            Access::ReadOnly => " (the copy that documents are read from)",
        };
        Error::Connect(format!("`{place}`{role}: {reason}"))
    }

    /// Whether a refused login will be refused again. A server that fails over refuses in many ways; what is
    /// listed here has to do with the login itself, or with a database that has never been seen open.
    fn is_final(&self, number: u32) -> bool {
        match number {
            18452 | 18456 | 18470 | 18486..=18488 => true,
            916 | 4060 | 4064 | 40615 => !self.has_entered.load(Ordering::Relaxed),
            _ => false,
        }
    }
}

/// Whether it is what a server says of a wrong password, and of a database that is not open yet.
fn is_failed(err: &Error) -> bool {
    matches!(err, Error::Login { number: LOGIN_FAILED, .. })
}

/// What the driver is to look up: it wants IPv6 addresses in brackets here, and without them in the login.
fn dialled(config: &Config, place: &Place) -> Config {
    let mut dialled = config.clone();
    if place.instance.is_none() {
        dialled.port(place.port.unwrap_or(DEFAULT_PORT));
    }
    if place.host.contains(':') {
        dialled.host(format!("[{}]", place.host));
    }
    dialled
}

async fn log_in(config: Config, tcp: TcpStream) -> tiberius::Result<TdsClient> {
    tcp.set_nodelay(true)?;
    keep_alive(&tcp)?;
    Box::pin(Client::connect(config, tcp.compat_write())).await
}

fn keep_alive(tcp: &TcpStream) -> std::io::Result<()> {
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE_IDLE).with_interval(KEEPALIVE_INTERVAL);
    SockRef::from(tcp).set_tcp_keepalive(&keepalive)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dialer(access: Access) -> Dialer {
        let address = Address::parse("Server=s;Database=d;User Id=u;Password=p").expect("valid");
        Dialer::new(address, access)
    }

    #[tokio::test]
    async fn connections_show_signs_of_life() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let tcp = TcpStream::connect(address).await.expect("somebody listens");
        keep_alive(&tcp).expect("a TCP connection");
        assert!(SockRef::from(&tcp).keepalive().expect("a socket"));
    }

    #[test]
    fn a_login_that_was_let_in_is_tried_a_few_times_more() {
        let mut doubt = Doubt::default();
        let mut waited = Duration::ZERO;
        while let Some(pause) = doubt.pause() {
            waited += pause;
            doubt.refuse();
        }
        assert_eq!((doubt.refused, waited), (3, Duration::from_secs(17)));
        doubt.let_in();
        assert_eq!(doubt.pause(), Some(PAUSES[0]));
    }

    #[test]
    fn errors_are_plain_sentences() {
        let place = Place { host: "s".to_owned(), port: None, instance: None };
        let refused = Tds::from(std::io::Error::other("connection refused"));
        let said = |access| dialer(access).refusal(&place, &refused).to_string();
        assert_eq!(
            said(Access::ReadWrite),
            "no connection to the database: `s`: connection refused"
        );
        assert!(said(Access::ReadOnly).contains("the copy"));
        let closed = Tds::from(std::io::Error::from(std::io::ErrorKind::UnexpectedEof));
        assert_eq!(plain(&closed), "the server closed the connection");
    }

    #[test]
    fn a_closed_database_is_final_only_until_it_was_seen_open() {
        let dialer = dialer(Access::ReadWrite);
        assert!(dialer.is_final(4060) && dialer.is_final(18456));
        dialer.has_entered.store(true, Ordering::Relaxed);
        assert!(!dialer.is_final(4060) && dialer.is_final(18456));
        assert!(!dialer.is_final(40613));
    }
}

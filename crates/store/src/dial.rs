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
    /// Whether a login that was let in before is refused now.
    is_in_doubt: AtomicBool,
    /// Held by the one that tries such a login again; everybody else waits for what comes of it: the place that has
    /// refused it for good.
    refused_by: Mutex<Option<String>>,
}

impl Dialer {
    pub(crate) fn new(address: Address, access: Access) -> Self {
        Self {
            address,
            access,
            has_entered: AtomicBool::new(false),
            is_in_doubt: AtomicBool::new(false),
            refused_by: Mutex::default(),
        }
    }

    /// Connects. A login that was let in before is tried again, slowly and by one connection at a time, before it
    /// counts as refused; then nobody tries it any more.
    ///
    /// # Errors
    /// Names the place, and what to do where nothing will pass by itself.
    pub(crate) async fn connect(&self) -> Result<TdsClient, Error> {
        if !self.is_in_doubt.load(Ordering::Relaxed) {
            let outcome = self.dial().await;
            let is_new_doubt = matches!(&outcome, Err(err) if is_failed(err))
                && self.has_entered.load(Ordering::Relaxed);
            if !is_new_doubt {
                return outcome;
            }
            self.is_in_doubt.store(true, Ordering::Relaxed);
        }
        Box::pin(self.dial_again()).await
    }

    async fn dial_again(&self) -> Result<TdsClient, Error> {
        let mut refused_by = self.refused_by.lock().await;
        if let Some(place) = &*refused_by {
            return Err(self.refused(place.clone(), LOGIN_FAILED));
        }
        let mut last = None;
        for pause in PAUSES {
            // Somebody else may have been let in meanwhile.
            if self.is_in_doubt.load(Ordering::Relaxed) {
                tokio::time::sleep(pause).await;
            }
            match self.dial().await {
                Err(Error::Login { number: LOGIN_FAILED, server, .. }) => {
                    self.is_in_doubt.store(true, Ordering::Relaxed);
                    last = Some(server);
                }
                outcome => return outcome,
            }
        }
        let place = last.unwrap_or_default();
        *refused_by = Some(place.clone());
        Err(self.refused(place, LOGIN_FAILED))
    }

    fn refused(&self, server: String, number: u32) -> Error {
        let Address { database, login, .. } = &self.address;
        Error::Login { server, database: database.clone(), login: login.clone(), number }
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
            let is_open = AtomicBool::new(false);
            let reached =
                tokio::time::timeout(patience, Box::pin(self.reach(place, &is_open))).await;
            let outcome = reached.unwrap_or_else(|_| {
                let reason = format!("no answer within {patience:?}");
                Err(self.unreached(place, &format!("{reason}{}", self.hint(&is_open))))
            });
            match outcome {
                Ok(client) => {
                    self.has_entered.store(true, Ordering::Relaxed);
                    self.is_in_doubt.store(false, Ordering::Relaxed);
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

    /// A server without TLS is sent the beginning of its handshake all the same, and says nothing to it.
    fn hint(&self, is_open: &AtomicBool) -> &'static str {
        if self.address.encrypts_login_alone && is_open.load(Ordering::Relaxed) {
            "; it is there, and may be a server without TLS, which `Encrypt=false` needs for the login: give it TLS, or \
             say `Encrypt=DANGER_PLAINTEXT`, with which the password can be read on the way"
        } else {
            ""
        }
    }

    /// Connects, following one redirection (listeners and gateways route). `is_open` is set once the server has
    /// taken the connection.
    async fn reach(&self, place: &Place, is_open: &AtomicBool) -> Result<TdsClient, Error> {
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
        is_open.store(true, Ordering::Relaxed);
        match Box::pin(log_in(config, tcp)).await {
            Err(Tds::Routing { host, port }) => {
                routed.host(&host);
                routed.port(port);
                let to = Place { host, port: Some(port), instance: None };
                let tcp = TcpStream::connect((to.host.as_str(), port)).await;
                let tcp = tcp.map_err(|err| self.refusal(&to, &err.into()))?;
                Box::pin(log_in(routed, tcp)).await.map_err(|err| self.refusal(&to, &err))
            }
            // Some close the connection instead of saying nothing.
            Err(err @ (Tds::Io { .. } | Tds::Protocol(_))) => {
                Err(self.unreached(place, &format!("{}{}", plain(&err), self.hint(is_open))))
            }
            outcome => outcome.map_err(|err| self.refusal(place, &err)),
        }
    }

    /// What a failed connection means. Refused logins do not pass by themselves; everything else may.
    fn refusal(&self, place: &Place, err: &Tds) -> Error {
        match err {
            Tds::Server(token) if self.is_final(token.code()) => {
                self.refused(place.to_string(), token.code())
            }
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

    #[tokio::test]
    async fn a_login_that_is_refused_for_good_is_not_tried_again() {
        let dialer = dialer(Access::ReadWrite);
        dialer.is_in_doubt.store(true, Ordering::Relaxed);
        *dialer.refused_by.lock().await = Some("s".to_owned());
        // There is no such server: whoever tried would hear of that.
        let refused = dialer.connect().await.expect_err("it was refused");
        assert!(matches!(refused, Error::Login { number: LOGIN_FAILED, .. }), "{refused}");
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

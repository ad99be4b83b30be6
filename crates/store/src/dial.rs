//! One new connection: to the server or its failover partner, and what a refusal means.

use std::sync::atomic::{AtomicBool, Ordering};

use tiberius::error::Error as Tds;
use tiberius::{Client, Config, SqlBrowser as _};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt as _};

use crate::Error;
use crate::connection_string::{Address, Place};

/// Its futures are large: they are boxed where they are awaited, or every caller's stack would carry them.
pub(crate) type TdsClient = Client<Compat<TcpStream>>;

/// Without port or instance name, SQL Server listens here.
const DEFAULT_PORT: u16 = 1433;

/// Makes connections to one address.
#[derive(Debug)]
pub(crate) struct Dialer {
    address: Address,
    /// Whether the server has let us in before: then a database that cannot be opened is one that fails over.
    has_entered: AtomicBool,
}

impl Dialer {
    pub(crate) fn new(address: Address) -> Self {
        Self { address, has_entered: AtomicBool::new(false) }
    }

    /// Connects to the server, or to its failover partner where the server is not there or does not
    /// hold the database.
    ///
    /// # Errors
    /// Names the place, and what to do where nothing will pass by itself.
    pub(crate) async fn connect(&self) -> Result<TdsClient, Error> {
        let patience = self.address.connect_timeout;
        let mut refusal = None;
        for place in &self.address.places {
            let reached = tokio::time::timeout(patience, Box::pin(self.reach(place))).await;
            let outcome = reached.unwrap_or_else(|_| {
                Err(Error::Connect(format!("`{place}`: no answer within {patience:?}")))
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
                Error::Connect(format!("`{place}`: SQL Server error {}", token.code()))
            }
            Tds::Tls(reason) => {
                // The driver goes on with advice for programmers.
                let reason = reason.split(" To connect anyway").next().unwrap_or_default();
                let reason = reason.trim_end_matches('.').to_owned();
                Error::Tls { server: place.to_string(), reason }
            }
            Tds::Conversion(_) if place.instance.is_some() => Error::Connect(format!(
                "`{place}`: SQL Browser (UDP 1434) does not know the instance or does not answer; name the port instead: `{},1433`",
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
            | Tds::BulkInput(_) => Error::Connect(format!("`{place}`: {err}")),
        }
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
    Box::pin(Client::connect(config, tcp.compat_write())).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_database_is_final_only_until_it_was_seen_open() {
        let address = Address::parse("Server=s;Database=d;User Id=u;Password=p").expect("valid");
        let dialer = Dialer::new(address);
        assert!(dialer.is_final(4060) && dialer.is_final(18456));
        dialer.has_entered.store(true, Ordering::Relaxed);
        assert!(!dialer.is_final(4060) && dialer.is_final(18456));
        assert!(!dialer.is_final(40613));
    }
}

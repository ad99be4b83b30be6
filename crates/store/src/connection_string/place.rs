//! Where a server is: host and port, or host and instance name.

use std::fmt;
use std::net::Ipv6Addr;

use super::ConnectError;
use super::pairs::Pair;

/// What may stand before a colon; all but the first are refused.
const PROTOCOLS: [&str; 5] = ["tcp", "np", "lpc", "via", "admin"];

/// A server's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
    /// Asked for at SQL Browser; never together with a port.
    pub(crate) instance: Option<String>,
}

impl Place {
    /// Reads `[tcp:]host[\instance][,port]`. A port makes the instance's name superfluous, as in ADO.NET.
    pub(super) fn parse(pair: &Pair) -> Result<Self, ConnectError> {
        let value = pair.value.trim();
        if value.contains(['@', '/']) {
            return Err(pair.refuse(
                "must be a host's name or address; login and password belong to `User Id` and `Password`",
            ));
        }
        let (protocol, rest) = match value.split_once(':') {
            Some((given, rest))
                if PROTOCOLS.iter().any(|known| given.eq_ignore_ascii_case(known)) =>
            {
                (given, rest.trim_start())
            }
            Some(_) | None => ("tcp", value),
        };
        if !protocol.eq_ignore_ascii_case("tcp") || rest.starts_with('\\') {
            return Err(
                pair.refuse("must be reached by TCP; write `tcp:host,port` or `host\\instance`")
            );
        }
        let (name, port) = match rest.split_once(',') {
            Some((name, port)) => {
                let port = port.trim().parse().ok().filter(|port| *port > 0);
                let port = port.ok_or_else(|| pair.refuse("has no valid port behind the comma"))?;
                (name, Some(port))
            }
            None => (rest, None),
        };
        let (host, instance) = match name.split_once('\\') {
            Some((host, instance)) => (host, Some(instance.trim())),
            None => (name, None),
        };
        let host = read_host(pair, host.trim())?;
        let named =
            instance.filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case("MSSQLSERVER"));
        Ok(Self { host, port, instance: named.filter(|_| port.is_none()).map(ToOwned::to_owned) })
    }
}

/// A name, an IPv4 address, or an IPv6 address without its brackets.
fn read_host(pair: &Pair, written: &str) -> Result<String, ConnectError> {
    let host = match written.to_ascii_lowercase().as_str() {
        "" => return Err(pair.refuse("names no host")),
        "(localdb)" => {
            return Err(pair.refuse(
                "is LocalDB, which only programs on its own Windows host reach; name a server",
            ));
        }
        "." | "(local)" => "localhost",
        _ => written,
    };
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    // A link-local address names its interface behind a `%`.
    let address = bare.split('%').next().unwrap_or_default();
    if bare.contains([':', '[', ']']) && address.parse::<Ipv6Addr>().is_err() {
        return Err(pair.refuse("has a colon that belongs to no IPv6 address; write `host,port`"));
    }
    Ok(bare.to_owned())
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.instance, self.port) {
            (Some(instance), _) => write!(f, "{}\\{instance}", self.host),
            (None, Some(port)) => write!(f, "{},{port}", self.host),
            (None, None) => write!(f, "{}", self.host),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::pairs::pairs;
    use super::*;

    #[test]
    fn places_are_read_as_ado_net_reads_them() {
        let check = |text: &str, expected: Option<&str>| {
            let pair = pairs(&format!("Server={text}")).expect(text).remove(0);
            let found = Place::parse(&pair).ok().map(|place| place.to_string());
            assert_eq!(found.as_deref(), expected, "{text}");
        };
        check("sql1", Some("sql1"));
        check("tcp:sql1.example.com, 1500", Some("sql1.example.com,1500"));
        check("sql1\\LOANS", Some("sql1\\LOANS"));
        check("sql1\\LOANS,1500", Some("sql1,1500"));
        check("sql1\\MSSQLSERVER", Some("sql1"));
        check(".", Some("localhost"));
        check("(local)\\X", Some("localhost\\X"));
        check("tcp:10.0.0.1,1433", Some("10.0.0.1,1433"));
        check("::1,1433", Some("::1,1433"));
        check("[::1],1433", Some("::1,1433"));
        check("TCP:[fe80::1%eth0]", Some("fe80::1%eth0"));
        check("(LOCAL)", Some("localhost"));
        check("(LocalDB)\\MSSQLLocalDB", None);
        check("tcp:sql1:1433", None);
        check("sql1:1433", None);
        check("[::1]:1433", None);
        check("admin:sql1", None);
        check("u:p@sql1", None);
        check("np:\\\\sql1\\pipe\\sql\\query", None);
        check("(localdb)\\v11.0", None);
        check("sql1,x", None);
        check("tcp:,1433", None);
    }
    #[test]
    fn what_is_wrong_with_a_place_is_named() {
        for (text, way_out) in [
            ("sql1:1433", "write `host,port`"),
            ("tcp:sql1:1433", "write `host,port`"),
            ("(LocalDB)\\x", "LocalDB"),
            ("np:sql1", "TCP"),
            ("u:p@sql1", "`User Id`"),
        ] {
            let pair = pairs(&format!("Server={text}")).expect(text).remove(0);
            let err = Place::parse(&pair).expect_err(text).to_string();
            assert!(err.contains(way_out), "{text}: {err}");
        }
    }
}

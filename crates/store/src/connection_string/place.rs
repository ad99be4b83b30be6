//! Where a server is: host and port, or host and instance name.

use std::fmt;

use super::ConnectError;
use super::pairs::Pair;

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
        let (protocol, rest) = match value.split_once(':') {
            // Two or more colons: an IPv6 address.
            Some((protocol, rest))
                if !rest.contains(':') || protocol.eq_ignore_ascii_case("tcp") =>
            {
                (protocol.to_ascii_lowercase(), rest)
            }
            Some(_) | None => ("tcp".to_owned(), value),
        };
        if protocol != "tcp" || rest.starts_with('\\') || rest.starts_with("(localdb)") {
            return Err(
                pair.refuse("must be reached by TCP; write `tcp:host,port` or `host\\instance`")
            );
        }
        let (name, port) = match rest.split_once(',') {
            Some((name, port)) => {
                let port = port.trim().parse().ok().filter(|it| *it > 0);
                let port = port.ok_or_else(|| pair.refuse("has no valid port behind the comma"))?;
                (name, Some(port))
            }
            None => (rest, None),
        };
        let (host, instance) = match name.split_once('\\') {
            Some((host, instance)) => (host, Some(instance.trim())),
            None => (name, None),
        };
        let host = match host.trim() {
            "" => return Err(pair.refuse("names no host")),
            "." | "(local)" => "localhost",
            host => host,
        };
        let named = instance.filter(|it| !it.is_empty() && !it.eq_ignore_ascii_case("MSSQLSERVER"));
        Ok(Self {
            host: host.to_owned(),
            port,
            instance: named.filter(|_| port.is_none()).map(ToOwned::to_owned),
        })
    }
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
            let found = Place::parse(&pair).ok().map(|it| it.to_string());
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
        check("np:\\\\sql1\\pipe\\sql\\query", None);
        check("(localdb)\\v11.0", None);
        check("sql1,x", None);
        check("tcp:,1433", None);
    }
}

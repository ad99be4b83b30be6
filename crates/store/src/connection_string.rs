//! ADO.NET connection strings: what is understood, what is ignored, and what is refused by name.
//!
//! No error here repeats a value: one of them is the password.

mod pairs;
mod place;

use std::time::Duration;

use tiberius::{AuthMethod, Config, EncryptionLevel};

use pairs::{Pair, pairs};
pub(crate) use place::Place;

/// A server that does not let us in within this time is treated as absent, unless the string says otherwise.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// They steer what SqlClient does by itself and this program does in its own way.
const IGNORED: &[&str] = &[
    "applicationname",
    "app",
    "multipleactiveresultsets",
    "persistsecurityinfo",
    "pooling",
    "minpoolsize",
    "maxpoolsize",
    "poolblockingperiod",
    "connectionlifetime",
    "loadbalancetimeout",
    "connectretrycount",
    "connectretryinterval",
    "connectionreset",
    "enlist",
    "replication",
    "transactionbinding",
    "transparentnetworkipresolution",
];

/// Keywords that mean something this program cannot do, and the way out.
const REFUSED: &[(&[&str], &str)] = &[
    (&["driver", "dsn", "provider"], "belongs to ODBC or OLE DB; take it out"),
    (
        &["attachdbfilename", "userinstance", "contextconnection"],
        "is for local files; name a server and `Database`",
    ),
    (
        &["columnencryptionsetting", "enclaveattestationurl"],
        "asks for Always Encrypted, which is not supported; use columns that are not encrypted",
    ),
    (&["commandtimeout"], "has no effect here: each statement has its own limit; take it out"),
    (&["networklibrary", "net", "network"], "is not supported: connections are TCP; take it out"),
    (&["servercertificate"], "is not supported; name the CA's file with `--database-ca`"),
    (
        &["failoverpartnerspn", "serverspn"],
        "belongs to Kerberos, which is not supported; use a SQL Server login",
    ),
];

/// A connection string that cannot be used. Does not repeat the string: it holds a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the connection string cannot be used: {0}")]
pub struct ConnectError(pub(crate) String);

/// What a connection string says.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    /// The server and, where one is named, its failover partner.
    pub(crate) places: Vec<Place>,
    /// Everything but the place.
    pub(crate) config: Config,
    pub(crate) database: String,
    pub(crate) login: String,
    pub(crate) connect_timeout: Duration,
    pub(crate) read_only: bool,
    /// Whether any certificate is accepted.
    pub(crate) trusts_all: bool,
}

impl Address {
    /// Reads a connection string.
    ///
    /// # Errors
    /// Names the keyword that is unknown, missing or wrong, and the way out.
    pub(crate) fn parse(text: &str) -> Result<Self, ConnectError> {
        if text.trim_start().to_ascii_lowercase().starts_with("jdbc:") {
            return Err(refused(
                "it is a JDBC URL; write it in the ADO.NET form `Server=host,port;Database=...;User Id=...;Password=...`",
            ));
        }
        let mut draft = Draft::default();
        for pair in pairs(text)? {
            draft.take(&pair)?;
        }
        draft.finish()
    }
}

#[derive(Debug, Default)]
struct Draft {
    server: Option<Place>,
    partner: Option<Place>,
    database: Option<String>,
    user: Option<String>,
    password: Option<String>,
    connect_timeout: Option<Duration>,
    read_only: bool,
    trusts_all: bool,
    config: Config,
}

impl Draft {
    fn take(&mut self, pair: &Pair) -> Result<(), ConnectError> {
        let value = pair.value.as_str();
        match pair.key.as_str() {
            "server" | "datasource" | "addr" | "address" | "networkaddress" => {
                self.server = Some(Place::parse(pair)?);
            }
            "failoverpartner" => self.partner = Some(Place::parse(pair)?),
            "database" | "initialcatalog" => self.database = Some(value.to_owned()),
            "userid" | "uid" | "user" => self.user = Some(value.to_owned()),
            "password" | "pwd" => self.password = Some(value.to_owned()),
            "encrypt" => self.config.encryption(encryption(pair)?),
            "trustservercertificate" => self.trusts_all = pair.flag()?,
            "hostnameincertificate" => self.config.hostname_in_certificate(value),
            "connecttimeout" | "connectiontimeout" | "timeout" => {
                self.connect_timeout = Some(Duration::from_secs(pair.number(1..=3600)?));
            }
            "packetsize" => {
                let bytes = pair.number(512..=32_767)?;
                self.config.packet_size(u32::try_from(bytes).unwrap_or(4096));
            }
            "workstationid" | "wsid" => self.config.client_name(value),
            "applicationintent" => self.read_only = intent(pair)?,
            // All addresses of a name are tried at once in any case.
            "multisubnetfailover" => drop(pair.flag()?),
            "integratedsecurity" | "trusted_connection" => {
                if value.eq_ignore_ascii_case("sspi") || pair.flag()? {
                    return Err(pair.refuse("asks for Windows sign-in, which the driver cannot do here; use a SQL Server login: `User Id` and `Password`"));
                }
            }
            "authentication" => {
                if !value.replace(' ', "").eq_ignore_ascii_case("sqlpassword") {
                    return Err(pair.refuse("other than `SqlPassword` is not supported; use a SQL Server login: `User Id` and `Password`"));
                }
            }
            key if IGNORED.contains(&key) => (),
            key => return Err(unusable(pair, key)),
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Address, ConnectError> {
        let missing = |what: &str| refused(&format!("`{what}` is missing"));
        let server = self.server.ok_or_else(|| missing("Server"))?;
        let database = self.database.filter(|it| !it.is_empty());
        // Without it, the control tables would go to the login's default database, often `master`.
        let database = database.ok_or_else(|| missing("Database"))?;
        let login = self.user.filter(|it| !it.is_empty()).ok_or_else(|| missing("User Id"))?;
        let password = self.password.ok_or_else(|| missing("Password"))?;
        self.config.database(&database);
        self.config.authentication(AuthMethod::sql_server(&login, password));
        self.config.readonly(self.read_only);
        self.config.multi_subnet_failover(true);
        let connect_timeout = self.connect_timeout.unwrap_or(CONNECT_TIMEOUT);
        self.config.handshake_timeout(Some(connect_timeout));
        Ok(Address {
            places: std::iter::once(server).chain(self.partner).collect(),
            config: self.config,
            database,
            login,
            connect_timeout,
            read_only: self.read_only,
            trusts_all: self.trusts_all,
        })
    }
}

fn encryption(pair: &Pair) -> Result<EncryptionLevel, ConnectError> {
    match pair.value.to_ascii_lowercase().as_str() {
        "true" | "yes" | "mandatory" => Ok(EncryptionLevel::Required),
        "false" | "no" | "optional" => Ok(EncryptionLevel::Off),
        "strict" => Ok(EncryptionLevel::Strict),
        // The password, too, travels in the clear then: for a server without any TLS.
        "danger_plaintext" => Ok(EncryptionLevel::NotSupported),
        _ => Err(pair.refuse("must be `true`, `false` or `strict`")),
    }
}

fn intent(pair: &Pair) -> Result<bool, ConnectError> {
    match pair.value.to_ascii_lowercase().as_str() {
        "readonly" => Ok(true),
        "readwrite" => Ok(false),
        _ => Err(pair.refuse("must be `ReadWrite` or `ReadOnly`")),
    }
}

fn unusable(pair: &Pair, key: &str) -> ConnectError {
    if let Some((_, reason)) = REFUSED.iter().find(|(keys, _)| keys.contains(&key)) {
        return pair.refuse(reason);
    }
    if pair.follows_password {
        // It may well be the rest of the password.
        return refused(
            "what stands behind the password is no known keyword; a password with `;` has to stand in double quotes",
        );
    }
    pair.refuse("is not a known keyword; take it out (docs/sql-server.md lists those that are)")
}

fn refused(reason: &str) -> ConnectError {
    ConnectError(reason.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "Server=sql1;Database=loans;User Id=u;Password=p";

    #[test]
    fn the_usual_keywords_are_understood() {
        let text = "Data Source=tcp:sql1\\LOANS;Initial Catalog=loans;UID=u;PWD=p;Encrypt=Mandatory;\
                    TrustServerCertificate=yes;MultiSubnetFailover=True;Failover Partner=sql2,1500;Connect Timeout=3;\
                    ApplicationIntent=ReadOnly;Pooling=true;Max Pool Size=100;Application Name=mine;Packet Size=8192";
        let it = Address::parse(text).expect("every keyword is known");
        let places: Vec<String> = it.places.iter().map(ToString::to_string).collect();
        assert_eq!(places, ["sql1\\LOANS", "sql2,1500"]);
        assert_eq!((it.database.as_str(), it.login.as_str()), ("loans", "u"));
        assert_eq!(it.connect_timeout, Duration::from_secs(3));
        assert!(it.read_only && it.trusts_all);
        assert!(it.config.get_multi_subnet_failover());
        assert_eq!(it.config.get_packet_size(), Some(8192));
    }

    #[test]
    fn what_cannot_be_done_is_refused_by_name_with_the_way_out() {
        let check = |more: &str, name: &str, way_out: &str| {
            let err = Address::parse(&format!("{more};{BASE}")).expect_err(more).to_string();
            assert!(err.contains(name) && err.contains(way_out), "{more}: {err}");
        };
        check("Integrated Security=SSPI", "`Integrated Security`", "SQL Server login");
        check("Trusted_Connection=yes", "`Trusted_Connection`", "SQL Server login");
        check("Authentication=Active Directory Default", "`Authentication`", "SQL Server login");
        check("Column Encryption Setting=enabled", "`Column Encryption Setting`", "not encrypted");
        check("ServerCertificate=/a.pem", "`ServerCertificate`", "--database-ca");
        check("Driver={ODBC Driver 18}", "`Driver`", "take it out");
        check("Colour=blue", "`Colour`", "take it out");
        check("Encrypt=perhaps", "`Encrypt`", "`strict`");
        check("Packet Size=1", "`Packet Size`", "512");
    }

    #[test]
    fn what_is_missing_is_named() {
        for (text, name) in [
            ("Database=d;User Id=u;Password=p", "`Server`"),
            ("Server=s;User Id=u;Password=p", "`Database`"),
            ("Server=s;Database=d;Password=p", "`User Id`"),
            ("Server=s;Database=d;User Id=u", "`Password`"),
            ("jdbc:sqlserver://s;user=u", "JDBC"),
        ] {
            let err = Address::parse(text).expect_err(text).to_string();
            assert!(err.contains(name), "{text}: {err}");
        }
    }

    #[test]
    fn no_error_and_no_debug_repeats_the_password() {
        for text in [
            "Server=s;Database=d;User Id=u;Password=hush;hush=hush",
            "Server=s;Database=d;User Id=u;Password=hush;hush",
            "Server=s;Database=d;User Id=u;Password='hush",
            "Server=s;Database=d;User Id=u;Password='hush'hush",
            "Server=s,hush;Database=d;User Id=u;Password=hush",
        ] {
            let err = format!("{:?}", Address::parse(text).expect_err(text));
            assert!(!err.contains("hush"), "{text}: {err}");
        }
        let it = Address::parse("Server=s;Database=d;User Id=u;Password=hush").expect("valid");
        assert!(!format!("{it:?}").contains("hush"), "{it:?}");
    }
}

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
    // Each statement has its own limit, sets its own options, and reads types as it needs them.
    "commandtimeout",
    "language",
    "currentlanguage",
    "typesystemversion",
    // All addresses of a name are tried at once.
    "ipaddresspreference",
    "asynchronousprocessing",
    "async",
];

/// Keywords that mean something this program cannot do, and the way out.
const REFUSED: &[(&[&str], &str)] = &[
    (&["driver", "dsn", "provider"], "belongs to ODBC or OLE DB; take it out"),
    (
        &["attachdbfilename", "userinstance", "contextconnection"],
        "is for local files; name a server and `Database`",
    ),
    (
        &["columnencryptionsetting", "enclaveattestationurl", "attestationprotocol"],
        "asks for Always Encrypted, which is not supported; use columns that are not encrypted",
    ),
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
    /// `Encrypt=false`: TLS for the login, and none behind it.
    pub(crate) encrypts_login_alone: bool,
}

impl Address {
    /// Reads a connection string.
    ///
    /// # Errors
    /// Names the keyword that is unknown, missing or wrong, and the way out.
    pub(crate) fn parse(text: &str) -> Result<Self, ConnectError> {
        if is_url(text) {
            return Err(refused(
                "it is a URL, as JDBC and others have it; write it in the ADO.NET form `Server=host,port;Database=...;User Id=...;Password=...`",
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
    encrypts_login_alone: bool,
    config: Config,
}

impl Draft {
    fn take(&mut self, pair: &Pair) -> Result<(), ConnectError> {
        let value = pair.value.as_str();
        if pair.in_braces && !is_refused(&pair.key) {
            return Err(pair.refuse("has a value in braces, which belong to ODBC: ADO.NET has none; write it in double quotes"));
        }
        match pair.key.as_str() {
            "server" | "datasource" | "addr" | "address" | "networkaddress" => {
                self.server = Some(Place::parse(pair)?);
            }
            "failoverpartner" => self.partner = Some(Place::parse(pair)?),
            "database" | "initialcatalog" => self.database = Some(value.to_owned()),
            "userid" | "uid" | "user" => self.user = Some(value.to_owned()),
            "password" | "pwd" => self.password = Some(value.to_owned()),
            "encrypt" => {
                let level = encryption(pair)?;
                self.encrypts_login_alone = matches!(level, EncryptionLevel::Off);
                self.config.encryption(level);
            }
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
            "networklibrary" | "net" | "network" if value.eq_ignore_ascii_case("dbmssocn") => (),
            key if IGNORED.contains(&key) => (),
            key if is_refused(key) && !pair.in_braces && is_off(value) => (),
            key => return Err(unusable(pair, key)),
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Address, ConnectError> {
        let missing = |what: &str| refused(&format!("`{what}` is missing"));
        let server = self.server.ok_or_else(|| missing("Server"))?;
        let database = self.database.filter(|name| !name.is_empty());
        // Without it, the control tables would go to the login's default database, often `master`.
        let database = database.ok_or_else(|| missing("Database"))?;
        let login = self.user.filter(|name| !name.is_empty()).ok_or_else(|| missing("User Id"))?;
        let password = self.password.ok_or_else(|| missing("Password"))?;
        self.config.database(&database);
        self.config.authentication(AuthMethod::sql_server(&login, password));
        self.config.readonly(self.read_only);
        self.config.multi_subnet_failover(true);
        let connect_timeout = self.connect_timeout.unwrap_or(CONNECT_TIMEOUT);
        // `Dialer` bounds it, and says so in words for users.
        self.config.handshake_timeout(None);
        Ok(Address {
            places: std::iter::once(server).chain(self.partner).collect(),
            config: self.config,
            database,
            login,
            connect_timeout,
            read_only: self.read_only,
            trusts_all: self.trusts_all,
            encrypts_login_alone: self.encrypts_login_alone,
        })
    }
}

fn encryption(pair: &Pair) -> Result<EncryptionLevel, ConnectError> {
    match pair.value.to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" | "mandatory" => Ok(EncryptionLevel::Required),
        "false" | "no" | "0" | "optional" => Ok(EncryptionLevel::Off),
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

/// Whether it begins as URLs do: `jdbc:`, or a scheme and `://`. They carry login and password before an `@`.
fn is_url(text: &str) -> bool {
    let text = text.trim_start();
    let is_scheme = |scheme: &str| {
        scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | ':'))
    };
    text.to_ascii_lowercase().starts_with("jdbc:")
        || text.split_once("://").is_some_and(|(scheme, _)| is_scheme(scheme))
}

fn is_refused(key: &str) -> bool {
    REFUSED.iter().any(|(keys, _)| keys.contains(&key))
}

/// What is switched off asks for nothing.
fn is_off(value: &str) -> bool {
    matches!(value.to_ascii_lowercase().as_str(), "" | "0" | "false" | "no" | "none" | "disabled")
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
        let address = Address::parse(text).expect("every keyword is known");
        let places: Vec<String> = address.places.iter().map(ToString::to_string).collect();
        assert_eq!(places, ["sql1\\LOANS", "sql2,1500"]);
        assert_eq!((address.database.as_str(), address.login.as_str()), ("loans", "u"));
        assert_eq!(address.connect_timeout, Duration::from_secs(3));
        assert!(address.read_only && address.trusts_all);
        assert!(address.config.get_multi_subnet_failover());
        assert_eq!(address.config.get_packet_size(), Some(8192));
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
        check("Driver={a;b}", "`Driver`", "take it out");
        check("Pwd={a;b}", "`Pwd`", "braces");
        check("Network Library=dbnmpntw", "`Network Library`", "TCP");
        check("Encrypt=perhaps", "`Encrypt`", "`strict`");
        check("Packet Size=1", "`Packet Size`", "512");
    }

    #[test]
    fn strings_as_other_programs_write_them_are_taken() {
        for more in [
            "Command Timeout=0;IPAddressPreference=IPv4First;Type System Version=Latest;Language=us_english",
            "Persist Security Info=True;Pooling=False;Multiple Active Result Sets=False;Column Encryption Setting=Disabled",
            "Encrypt=1;TrustServerCertificate=0;Trusted_Connection=no;User Instance=False",
            "Authentication=\"Sql Password\";Network Library=DBMSSOCN;Context Connection=false",
        ] {
            let address = Address::parse(&format!("{BASE};{more}"));
            assert!(!address.expect(more).trusts_all, "{more}");
        }
        let address = Address::parse(&format!("{BASE};TrustServerCertificate=1;Encrypt=0"));
        assert!(address.expect("valid").trusts_all);
        let address = Address::parse("Server=s;Database=d;Uid=u;Pwd=\"{x}\"");
        assert!(address.is_ok(), "a password may have braces where address stands in quotes");
    }

    #[test]
    fn what_is_missing_is_named() {
        for (text, name) in [
            ("Database=d;User Id=u;Password=p", "`Server`"),
            ("Server=s;User Id=u;Password=p", "`Database`"),
            ("Server=s;Database=d;Password=p", "`User Id`"),
            ("Server=s;Database=d;User Id=u", "`Password`"),
            ("jdbc:sqlserver://s;user=u", "URL"),
            (" mssql+pyodbc://u:p@s:1433/d?driver=x", "URL"),
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
            "sqlserver://xmlx:hush@host:1433?database=x",
            "mssql+pyodbc://xmlx:hush@host/x?driver=ODBC+Driver",
            "xmlx:hush@host:1433?database=x",
            "xmlx/hush@//host=x",
            "Server=tcp:xmlx:hush@h,1;Database=d;User Id=u;Password=p",
            "Server=xmlx:hush@h;Database=d;User Id=u;Password=p",
            "Server=sqlserver://xmlx:hush@h;Database=d;User Id=u;Password=p",
            "Server=s;Database=d;User Id=u;Password=x;h!hush=1",
            "Server=s;Database=d;User Id=u;Password={hush};Encrypt=true",
            "\"Server=s;Database=d;User Id=u;Password=hush\"",
        ] {
            let err = format!("{:?}", Address::parse(text).expect_err(text));
            assert!(!err.contains("hush"), "{text}: {err}");
        }
        let it = Address::parse("Server=s;Database=d;User Id=u;Password=hush").expect("valid");
        assert!(!format!("{it:?}").contains("hush"), "{it:?}");
    }
}

//! What can go wrong with the database, in classes. Never told apart by text.

use std::io::ErrorKind;

use tiberius::error::Error as Tds;

use xmlx_domain::ErrorClass;

use crate::NO_CONTROL_TABLES;

/// An error of the store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A refused fence: the range has another epoch, owner, state or bound, or the group is in already.
    #[error("fenced: the lease has moved on")]
    Fenced,
    /// Applications of the group have a row in `processing_log` already: another tool or job has decided them.
    #[error("somebody else has decided applications of the group meanwhile")]
    DecidedElsewhere,
    /// The source has an id more than once.
    #[error(
        "the source has application {app_id} more than once; its id has to be unique: remove the rows that are wrong, \
         or name a view with one row for each application in `source_table`"
    )]
    Duplicate {
        /// The id.
        app_id: i64,
    },
    /// Another coordinator leads.
    #[error("deposed: another coordinator leads")]
    Deposed,
    /// Somebody else has written to the record meanwhile; nothing was done.
    #[error("somebody else has written to the record meanwhile")]
    Outrun,
    /// A compare-and-set that found something else.
    #[error("conflict: the row is not as it was")]
    Conflict,
    /// The server refused the statement. `message` holds no values of applications.
    #[error("SQL Server error {number}: {message}")]
    Server {
        /// SQL Server's error number.
        number: u32,
        /// What of its message may be shown.
        message: String,
    },
    /// No connection could be had.
    #[error("no connection to the database: {0}")]
    Connect(String),
    /// The login is refused, and will be refused again.
    #[error(
        "`{server}` does not let login `{login}` into database `{database}` (SQL Server error {number}: {})",
        login_refusal(*number)
    )]
    Login {
        /// The server's place.
        server: String,
        /// The database that was asked for.
        database: String,
        /// Who asked.
        login: String,
        /// SQL Server's error number.
        number: u32,
    },
    /// The server's certificate is not trusted, or there is no TLS for another reason.
    #[error(
        "no TLS with `{server}`: {reason}; name the file of its CA with `--database-ca`, or say `HostNameInCertificate=...` \
         where the certificate has another name, or `TrustServerCertificate=true` in a network that you trust"
    )]
    Tls {
        /// The server's place.
        server: String,
        /// What the driver says.
        reason: String,
    },
    /// The connection failed while a statement was under way.
    #[error("the connection to the database failed: {0}")]
    Lost(String),
    /// The statement has not been answered in the time that it has; the connection is given up.
    #[error("the database does not answer: {0}")]
    Unanswered(String),
    /// An answer came whole, and the driver cannot read it.
    #[error("the driver cannot read what the database answered: {0}")]
    Unreadable(String),
    /// The copy that documents are read from lags behind.
    #[error(
        "{missing} of {asked} documents have not reached the source database yet, or only in an older version"
    )]
    Behind {
        /// Documents that are not there, or not as they are now.
        missing: usize,
        /// Documents that were asked for.
        asked: usize,
    },
    /// A control table is not there.
    #[error("{NO_CONTROL_TABLES}")]
    NoControlTables,
    /// An answer that does not have the expected form.
    #[error("unexpected answer of the database to `{statement}`: {detail}")]
    Shape {
        /// Which statement.
        statement: &'static str,
        /// What was wrong.
        detail: String,
    },
    /// The server does something in another way that the results depend on.
    #[error("this server does not do what SQL Server does; nothing is decided on it:\n{0}")]
    Unfit(String),
    /// The login lacks permissions that the job needs.
    #[error(
        "the worker's login may not do what the job needs; run what `xmlx-client grants --contract C --replace` prints; it lacks {0}"
    )]
    NotGranted(String),
    /// The contract and the target's catalog disagree.
    #[error("the contract does not fit the target database:\n{0}")]
    Mismatch(String),
}

impl Error {
    /// What has to happen.
    #[must_use]
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Fenced | Self::Deposed | Self::Conflict => ErrorClass::Fenced,
            Self::Server { number, .. } => class_of(*number),
            Self::Connect(_) | Self::Behind { .. } | Self::DecidedElsewhere | Self::Outrun => {
                ErrorClass::Transient
            }
            Self::Lost(_) | Self::Unanswered(_) => ErrorClass::Ambiguous,
            Self::Login { .. } | Self::Tls { .. } | Self::NoControlTables => ErrorClass::Fatal,
            Self::Unreadable(_) | Self::Shape { .. } | Self::Duplicate { .. } => ErrorClass::Fatal,
            Self::Unfit(_) | Self::Mismatch(_) | Self::NotGranted(_) => ErrorClass::Fatal,
        }
    }

    /// Whether trying again may lock the login: it is the login itself that is refused.
    #[must_use]
    pub fn is_refused_login(&self) -> bool {
        matches!(self, Self::Login { number: 18452 | 18456 | 18470 | 18486..=18488, .. })
    }

    /// Whether a statement was not answered in the time that it has.
    #[must_use]
    pub fn is_unanswered(&self) -> bool {
        matches!(self, Self::Unanswered(_))
    }

    /// Whether it comes from a server that gives errors no number of their own, so that it may as well be a lock.
    #[must_use]
    pub fn is_unnamed(&self) -> bool {
        self.number() == Some(UNNAMED)
    }

    /// Whether the login may not read a table.
    #[must_use]
    pub fn is_select_denied(&self) -> bool {
        self.number() == Some(229)
    }

    /// Whether a table or a column is not there.
    #[must_use]
    pub fn is_missing_name(&self) -> bool {
        matches!(self.number(), Some(207 | 208))
    }

    /// Whether it is this process alone that cannot get in, or must not: another worker may.
    #[must_use]
    pub fn is_refused_entry(&self) -> bool {
        matches!(self, Self::Login { .. } | Self::Tls { .. } | Self::Unfit(_))
    }

    /// What the error means of a statement that reads control tables alone.
    pub(crate) fn of_control_tables(self) -> Self {
        if self.number() == Some(208) { Self::NoControlTables } else { self }
    }

    /// What a server's number and message come to; values are cut out of the message.
    pub(crate) fn of_server(number: u32, message: &str) -> Self {
        Self::Server { number, message: public_message(number, message) }
    }

    /// SQL Server's error number, if it was the server that refused.
    #[must_use]
    pub fn number(&self) -> Option<u32> {
        if let Self::Server { number, .. } = self { Some(*number) } else { None }
    }
}

impl From<Tds> for Error {
    fn from(err: Tds) -> Self {
        match &err {
            Tds::Server(token) => match token.code() {
                51001 => Self::Fenced,
                51002 => Self::Deposed,
                51003 => Self::Conflict,
                51004 => Self::DecidedElsewhere,
                51006 => Self::Outrun,
                number => Self::of_server(number, token.message()),
            },
            // The same again would be read no better.
            Tds::Encoding(_) | Tds::Conversion(_) | Tds::Utf8 | Tds::Utf16 | Tds::ParseInt(_) => {
                Self::Unreadable(err.to_string())
            }
            Tds::Io { .. }
            | Tds::Protocol(_)
            | Tds::Tls(_)
            | Tds::Routing { .. }
            | Tds::BulkInput(_) => Self::Lost(plain(&err)),
        }
    }
}

/// What the driver says, without its prefixes.
pub(crate) fn plain(err: &Tds) -> String {
    match err {
        Tds::Io {
            kind:
                ErrorKind::UnexpectedEof
                | ErrorKind::ConnectionReset
                | ErrorKind::ConnectionAborted
                | ErrorKind::BrokenPipe,
            ..
        } => "the server closed the connection".to_owned(),
        Tds::Io { message, .. } | Tds::Tls(message) => message.clone(),
        Tds::Protocol(reason) | Tds::Encoding(reason) | Tds::Conversion(reason) => {
            reason.clone().into_owned()
        }
        Tds::Server(_)
        | Tds::Utf8
        | Tds::Utf16
        | Tds::ParseInt(_)
        | Tds::Routing { .. }
        | Tds::BulkInput(_) => err.to_string(),
    }
}

/// The first number that `THROW` and `RAISERROR` may have: what is not ours, a trigger of the target has said.
const RAISED_FROM: u32 = 50_000;

/// What a server that speaks TDS before PostgreSQL (Babelfish) calls every error that it has no number for: a lock
/// timeout, a table that is not there, a value that does not fit.
const UNNAMED: u32 = 33_557_097;

/// What passes by itself: connections, deadlocks, failovers, a server that is busy or goes down, a session that has
/// lost its transaction or, on a server that is compatible, kept an IDENTITY_INSERT (8107).
/// Beside the product's documentation, the list that Entity Framework retries on.
#[rustfmt::skip]
const TRANSIENT: [u32; 84] = [
    64, 233, 596, 601, 617, 669, 845, 921, 922, 927, 941, 942, 952, 954, 955, 976, 978, 979, 982, 983, 988,
    1203, 1204, 1205, 1221, 1222, 1232, 2801, 2816, 3635, 3906, 3947, 3948, 3950, 3953, 3957, 3960, 3966, 3971, 3980, 3988, 3989, 3998,
    4002, 4014, 4221, 6005, 8107, 8628, 9001, 9020, 10053, 10054, 10060, 10922, 10928, 10929, 10930, 10936, 17197,
    18056, 18401, 20041,
    40143, 40166, 40189, 40197, 40501, 40540, 40549, 40550, 40613, 40642, 40648, 40675,
    41301, 41302, 41305, 41325, 41839, 49802, 49918, 49919, 49920,
];

/// No room: files, log, memory, row versions, quotas.
#[rustfmt::skip]
const CAPACITY: [u32; 18] = [
    701, 802, 1101, 1104, 1105, 1132, 3958, 3967, 8645, 8651, 8657, 9002, 40544, 40551, 40552, 40553,
    41823, 41840,
];

/// What an application's rows are refused for. 513 is a rule's refusal, 1946 an index's that has no room for so long
/// a key, 3609 a trigger's that rolls back, 33504 a row-level policy's.
#[rustfmt::skip]
const DATA: [u32; 31] = [
    220, 232, 235, 236, 241, 242, 244, 245, 248, 293, 294, 295, 296, 511, 513, 515, 517, 537, 547, 1946,
    2601, 2627, 2628, 3609, 8114, 8115, 8134, 8152, 8169, 13609, 33504,
];

/// What no application is to blame for, and what stays: syntax and unknown names, permissions, options of the connection
/// that a table asks for, columns that take no values, a database that is not there.
#[rustfmt::skip]
const FATAL: [u32; 29] = [
    201, 207, 208, 213, 229, 230, 262, 270, 271, 273, 297, 300, 334, 468, 544, 545, 911, 916, 1088, 1934, 2809, 2812,
    4060, 4064, 8101, 10738, 11741, 13536, 18456,
];

/// The class of a number. One that is in no list (a check's, a computed column's or a trigger's that calculates) may be
/// an application's or everybody's: a commit finds out by what gets through beside it.
fn class_of(number: u32) -> ErrorClass {
    match number {
        _ if TRANSIENT.contains(&number) => ErrorClass::Transient,
        _ if CAPACITY.contains(&number) => ErrorClass::Capacity,
        _ if DATA.contains(&number) => ErrorClass::Data,
        _ if FATAL.contains(&number) => ErrorClass::Fatal,
        NAMES_ONLY_FROM..=NAMES_ONLY_TO => ErrorClass::Fatal,
        // The server's own numbers beyond 50,000 that can come from an INSERT are in the lists above.
        UNNAMED => ErrorClass::Unclear,
        RAISED_FROM.. => ErrorClass::Data,
        _ => ErrorClass::Unclear,
    }
}

/// A condition in T-SQL: whether the number that `expression` gives is one of [`Class::Data`].
pub(crate) fn is_data(expression: &str) -> String {
    let listed: Vec<String> = DATA.iter().map(ToString::to_string).collect();
    let listed = listed.join(", ");
    format!(
        "({expression} IN ({listed}) OR {expression} >= {RAISED_FROM} AND {expression} <> {UNNAMED})"
    )
}

/// From this severity on the server ends the connection.
const SEVERITY_OF_THE_END: u8 = 20;

/// Whether the connection can be used on after an error: the server has answered, and is neither going down nor
/// passing its databases to another.
pub(crate) fn outlives(err: &Tds) -> bool {
    let Tds::Server(token) = err else { return false };
    let number = token.code();
    let is_of_the_statement = match class_of(number) {
        ErrorClass::Fenced | ErrorClass::Data | ErrorClass::Fatal | ErrorClass::Unclear => true,
        ErrorClass::Transient => matches!(number, 1205 | 1222),
        ErrorClass::Capacity | ErrorClass::Ambiguous => false,
    };
    is_of_the_statement && token.class() < SEVERITY_OF_THE_END
}

/// Syntax and unknown names: their messages repeat the statement, which holds no values.
const NAMES_ONLY_FROM: u32 = 102;
const NAMES_ONLY_TO: u32 = 208;

/// The part of a server's message that names things and holds no value. The messages are cut by
/// their English wording; a server that speaks another language yields only the number's meaning.
fn public_message(number: u32, message: &str) -> String {
    let before = |mark: &str| message.split_once(mark).map(|(head, _)| head.trim_end().to_owned());
    match number {
        2627 | 2601 => before("The duplicate key value")
            .unwrap_or_else(|| named("a key of the application exists already", message)),
        2628 => before("Truncated value")
            .unwrap_or_else(|| "a text is too long for its column".to_owned()),
        // They name constraints, tables and columns, whatever the language and the server.
        547 | 515 => first_line(message),
        8152 => "a text is too long for its column".to_owned(),
        220 | 232 | 235 | 236 | 241 | 242 | 244 | 245 | 248 | 293..=296 | 8114 | 8115 | 8169 => {
            "a value cannot be converted to its column's type".to_owned()
        }
        UNNAMED => {
            "the server does not say which error it is (a lock timeout, an unknown name, a value); see its log"
                .to_owned()
        }
        13609 => "the rows could not be read as JSON".to_owned(),
        NAMES_ONLY_FROM..=NAMES_ONLY_TO
        | 229
        | 230
        | 334
        | 468
        | 544
        | 545
        | 701
        | 911
        | 916
        | 1088
        | 1105
        | 1204
        | 1205
        | 1222
        | 1934
        | 2812
        | 4060
        | 8101
        | 8645
        | 9002
        | 11741
        | 13536
        | 18456 => first_line(message),
        RAISED_FROM.. => "a trigger or a procedure of the database refuses it".to_owned(),
        3609 => "a trigger of the database has rolled it back".to_owned(),
        _ => format!(
            "what it means: SELECT [text] FROM sys.messages WHERE [message_id] = {number} AND [language_id] = 1033"
        ),
    }
}

/// What a refused login means; the server's own words would only repeat the names.
fn login_refusal(number: u32) -> &'static str {
    match number {
        18456 => "wrong name or password, or the login has no user in the database",
        18452 => "the server takes Windows logins alone",
        18470 => "the login is disabled",
        18486 => "the login is locked",
        18487 | 18488 => "the login's password has expired or must be changed",
        916 | 4060 | 4064 => "there is no such database, or the login has no user in it",
        40615 => "a firewall rule keeps this host out",
        _ => "refused",
    }
}

/// What is said of a message in other words than SQL Server's, with the first name that stands in quotes: of a key
/// that is its constraint, and the values stand in none.
fn named(said: &str, message: &str) -> String {
    let mut rest = message.chars();
    let quote = rest.find(|it| matches!(it, '"' | '\'')).unwrap_or_default();
    match rest.as_str().split_once(quote) {
        Some((name, _)) if quote != '\0' && !name.is_empty() => format!("{said}: `{name}`"),
        Some(_) | None => said.to_owned(),
    }
}

fn first_line(message: &str) -> String {
    message.lines().next().unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests;

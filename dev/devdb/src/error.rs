//! The errors of the crate: `Error` for who starts a server, `SqlError` for who speaks to it.

use std::io;

/// Why a server could not be started.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address could not be listened on.
    #[error("cannot listen on `{address}`")]
    Listen {
        /// The address asked for.
        address: std::net::SocketAddr,
        /// What the system said.
        #[source]
        err: io::Error,
    },
    /// The database file could not be opened or is not one of ours.
    #[error("cannot open the database: {0}")]
    Open(String),
    /// The certificate could not be made.
    #[error("cannot make a certificate: {0}")]
    Certificate(String),
    /// A thread could not be started.
    #[error("cannot start a thread")]
    Thread(#[source] io::Error),
    /// There is no server of that name to be like.
    #[error("devdb is like `sqlserver` or `babelfish`, not `{0}`")]
    Like(String),
    /// The text of a fault is not understood.
    #[error("fault `{text}` is not understood: {reason}")]
    Fault {
        /// The text given.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
}

/// What a statement is answered with when it fails, as SQL Server numbers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SqlError {
    pub(crate) number: i32,
    pub(crate) class: u8,
    pub(crate) state: u8,
    pub(crate) line: u32,
    pub(crate) message: String,
}

pub(crate) type SqlResult<T> = Result<T, SqlError>;

impl SqlError {
    /// An error of class 16 and state 1, as most are.
    pub(crate) fn new(number: i32, message: impl Into<String>) -> Self {
        Self { number, class: 16, state: 1, line: 1, message: message.into() }
    }

    pub(crate) fn with_class(self, class: u8) -> Self {
        Self { class, ..self }
    }

    pub(crate) fn with_state(self, state: u8) -> Self {
        Self { state, ..self }
    }

    pub(crate) fn at_line(self, line: u32) -> Self {
        Self { line, ..self }
    }

    /// Whether the rest of the batch is skipped even with `XACT_ABORT OFF`.
    pub(crate) fn ends_batch(&self) -> bool {
        const ENDING: [i32; 12] =
            [207, 208, 209, 241, 242, 245, 248, 1205, 2812, 3989, 8114, 13609];
        self.class == 15
            || self.number >= 50_000
            || self.class >= 19
            || ENDING.contains(&self.number)
    }

    /// Whether a TRY block around the statement gets it: names that are not there are found out when the statement is
    /// compiled, which is no part of the block.
    pub(crate) fn can_be_caught(&self) -> bool {
        self.class < 20 && self.class != 15 && !matches!(self.number, 207..=209)
    }

    /// Whether an open transaction is lost even with `XACT_ABORT OFF`.
    pub(crate) fn dooms_transaction(&self) -> bool {
        const DOOMING: [i32; 6] = [241, 242, 245, 248, 1205, 8114];
        DOOMING.contains(&self.number)
    }

    /// As text that passes through SQLite's own error and is read back by [`SqlError::from_sqlite`].
    pub(crate) fn to_carried(&self) -> String {
        format!(
            "{CARRIED}{}\u{1}{}\u{1}{}\u{1}{}",
            self.number, self.class, self.state, self.message
        )
    }

    /// The error that one of our functions raised inside SQLite, or else an internal one.
    pub(crate) fn from_sqlite(err: &rusqlite::Error) -> Self {
        let text = if let rusqlite::Error::SqliteFailure(_, Some(message)) = err {
            message.clone()
        } else {
            err.to_string()
        };
        if let Some(carried) =
            text.find(CARRIED).and_then(|at| read_carried(&text[at + CARRIED.len()..]))
        {
            return carried;
        }
        if text.contains("integer overflow") {
            return Self::new(
                8115,
                "Arithmetic overflow error converting expression to data type bigint.",
            );
        }
        Self::new(50_000, format!("devdb: {text}")).with_class(20)
    }
}

impl From<rusqlite::Error> for SqlError {
    fn from(err: rusqlite::Error) -> Self {
        Self::from_sqlite(&err)
    }
}

const CARRIED: &str = "\u{1}tsql\u{1}";

fn read_carried(text: &str) -> Option<SqlError> {
    let mut parts = text.splitn(4, '\u{1}');
    let number = parts.next()?.parse().ok()?;
    let class = parts.next()?.parse().ok()?;
    let state = parts.next()?.parse().ok()?;
    Some(SqlError { number, class, state, line: 1, message: parts.next()?.to_owned() })
}

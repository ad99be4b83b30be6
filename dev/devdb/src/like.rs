//! Which server devdb behaves like: SQL Server, or one that is compatible and lacks something.

use std::str::FromStr;

use crate::error::{Error, SqlError};
use crate::value::sqltype::SqlType;

/// What Babelfish calls every error that it has no number for.
const UNNAMED: i32 = 33_557_097;

/// The server that devdb behaves like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Like {
    /// SQL Server.
    #[default]
    SqlServer,
    /// Babelfish, as far as it lacks what the product could lean on: numbers of errors, 266, untyped NULLs.
    Babelfish,
    /// One that turns text into the bytes of UTF-8, where SQL Server gives those of UTF-16.
    Garbling,
}

impl FromStr for Like {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "sqlserver" => Ok(Self::SqlServer),
            "babelfish" => Ok(Self::Babelfish),
            "garbling" => Ok(Self::Garbling),
            _ => Err(Error::Like(text.to_owned())),
        }
    }
}

impl Like {
    /// `SERVERPROPERTY('Babelfish')`; `None` is NULL.
    pub(crate) fn babelfish(self) -> Option<i64> {
        (self == Self::Babelfish).then_some(1)
    }

    /// Whether a procedure that leaves a transaction open is told so (266).
    pub(crate) fn counts_transactions(self) -> bool {
        self != Self::Babelfish
    }

    /// The error as this server reports it.
    pub(crate) fn reported(self, err: SqlError) -> SqlError {
        let text = match (self, err.number) {
            (Self::Babelfish, 1222) => "canceling statement due to lock timeout",
            (Self::Babelfish, 207) => "column does not exist",
            (Self::Babelfish, 208) => "relation does not exist",
            (Self::Babelfish, 242 | 296) => "data out of range for smalldatetime",
            (Self::SqlServer | Self::Babelfish | Self::Garbling, _) => return err,
        };
        SqlError { number: UNNAMED, message: text.to_owned(), ..err }
    }

    /// Whether a parameter of this type may come.
    pub(crate) fn check_parameter(self, ty: SqlType) -> Result<(), SqlError> {
        if self == Self::Babelfish && ty == SqlType::Null {
            return Err(SqlError::new(UNNAMED, "data type 0x1f is not supported yet"));
        }
        Ok(())
    }
}

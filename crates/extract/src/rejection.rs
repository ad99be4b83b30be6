//! Why a document gives no rows.

use std::fmt;
use std::str::FromStr;

/// A document that cannot be applied: data, not an error of the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// Where the application failed.
    pub stage: Stage,
    /// What a person can act on; never a value of the document other than the application id.
    pub reason: String,
    /// The id of the application, as far as it is known.
    pub app_id: Option<i64>,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.stage, self.reason)
    }
}

impl std::error::Error for Rejection {}

/// The stage at which an application failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// The document is not what the contract is for.
    Validation,
    /// The document could not be read although it looked right.
    Parsing,
    /// A value does not fit its column.
    Mapping,
    /// The database refused the rows because of a constraint.
    Constraint,
    /// The database refused the rows for another reason.
    Database,
    /// The application brought its worker down.
    Poison,
}

impl Stage {
    const ALL: [Self; 6] = [
        Self::Validation,
        Self::Parsing,
        Self::Mapping,
        Self::Constraint,
        Self::Database,
        Self::Poison,
    ];

    /// Returns the word that the log has for the stage.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Validation => "validation",
            Self::Parsing => "parsing",
            Self::Mapping => "mapping",
            Self::Constraint => "constraint",
            Self::Database => "database",
            Self::Poison => "poison",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no stage.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no stage")]
pub struct UnknownStage(String);

impl FromStr for Stage {
    type Err = UnknownStage;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|stage| stage.as_str() == text)
            .ok_or_else(|| UnknownStage(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_read_back() {
        for stage in Stage::ALL {
            assert_eq!(stage.to_string().parse(), Ok(stage));
        }
        assert_eq!("mystery".parse::<Stage>(), Err(UnknownStage("mystery".to_owned())));
    }
}

//! What goes wrong: with the database, and with applications.

use std::fmt;
use std::str::FromStr;

use crate::word::{UnknownWord, words};

words! {
    /// What has to happen after an error of the database.
    "error class": ErrorClass {
        /// The lease or the leadership has moved on: drop it.
        Fenced = "fenced",
        /// Try again, after a pause.
        Transient = "transient",
        /// The connection went while a statement ran: whether the statement took effect is unknown.
        Ambiguous = "ambiguous",
        /// The database is out of room.
        Capacity = "capacity",
        /// The data does not fit: the same again would fail the same way.
        Data = "data",
        /// The cause is unknown: retry a limited number of times, then pause the job.
        Unclear = "unclear",
        /// Nothing of this job will work.
        Fatal = "fatal",
    }
}

words! {
    /// The stage at which an application failed.
    "stage": Stage {
        /// The document is not what the contract is for.
        Validation = "validation",
        /// The document could not be read although it looked right.
        Parsing = "parsing",
        /// A value does not fit its column.
        Mapping = "mapping",
        /// The database refused the rows because of a constraint.
        Constraint = "constraint",
        /// The database refused the rows for another reason.
        Database = "database",
        /// The application brought its worker down.
        Poison = "poison",
    }
}

/// Why an application failed, as `processing_log` has it: the stage, a colon, and what a person can act on.
///
/// ```
/// use xmlx_domain::{LogReason, Stage};
///
/// let reason = LogReason::new(Stage::Mapping, "no `ID`");
/// assert_eq!(reason.to_string(), "mapping: no `ID`");
/// assert_eq!("mapping: no `ID`".parse(), Ok(reason));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogReason {
    /// Where it failed.
    pub stage: Stage,
    /// What a person can act on; never a value of a document other than the application's id.
    pub text: String,
}

impl LogReason {
    /// What stands between stage and text.
    pub const SEPARATOR: &str = ": ";

    /// A reason.
    #[must_use]
    pub fn new(stage: Stage, text: impl Into<String>) -> Self {
        Self { stage, text: text.into() }
    }
}

impl fmt::Display for LogReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", self.stage, Self::SEPARATOR, self.text)
    }
}

impl FromStr for LogReason {
    type Err = UnknownWord;

    /// Refuses what begins with no stage: a row of another tool.
    fn from_str(given: &str) -> Result<Self, UnknownWord> {
        let (stage, text) = given.split_once(Self::SEPARATOR).unwrap_or((given, ""));
        Ok(Self::new(stage.parse()?, text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_reads_back_with_whatever_its_text_holds() {
        for text in ["no `ID`", "", "a: b: c", "line\nbreak"] {
            let reason = LogReason::new(Stage::Constraint, text);
            assert_eq!(reason.to_string().parse(), Ok(reason));
        }
        let foreign = "Timeout: the other tool gave up".parse::<LogReason>();
        assert!(foreign.expect_err("no stage").to_string().starts_with("`Timeout` is no stage"));
    }
}

//! Why a document gives no rows.

use std::fmt;

use xmlx_domain::{LogReason, Stage};

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

impl Rejection {
    /// What the log says of it.
    #[must_use]
    pub fn log_reason(&self) -> LogReason {
        LogReason::new(self.stage, self.reason.clone())
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.log_reason().fmt(f)
    }
}

impl std::error::Error for Rejection {}

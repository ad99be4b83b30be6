//! What can be wrong with certificates, keys and connections.

use std::path::PathBuf;

/// Names the file, what is wrong with it, and the way out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read.
    #[error("cannot read `{}`: {err}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        err: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("`{}` {reason}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A certificate cannot be read.
    #[error("the certificate cannot be read: {0}")]
    Certificate(String),
    /// Certificate, key and CA do not go together.
    #[error("the certificate in `{}` cannot be used: {reason}", path.display())]
    Unusable {
        /// The certificate's file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// An address must not be dialled this way.
    #[error("{0}")]
    Refused(String),
}

//! Settings that several programs have.

use std::path::PathBuf;

use super::{Checks, Connection};
use crate::Secret;

/// How to reach the database.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct DatabaseSettings {
    /// ADO.NET connection string of the database
    ///
    /// It usually holds a password: give it in the variable, or in a file that `database_file` names.
    /// Every keyword that is understood stands in docs/sql-server.md.
    #[arg(
        long,
        env = "XMLX_DATABASE",
        hide_env_values = true,
        value_name = "STRING",
        global = true
    )]
    pub database: Option<Secret>,
    /// File that holds the connection string
    ///
    /// So no password is seen in `ps` or in the environment. Only the program's own user should be able to read it.
    #[arg(long, env = "XMLX_DATABASE_FILE", value_name = "FILE", global = true)]
    pub database_file: Option<PathBuf>,
    /// File of CA certificates that the database's certificate may be signed by, beside those of the system
    ///
    /// Set it where the database has a certificate of your own authority, instead of trusting every certificate.
    #[arg(long, env = "XMLX_DATABASE_CA", value_name = "FILE", global = true)]
    pub database_ca: Option<PathBuf>,
}

impl DatabaseSettings {
    /// The connection string; what is wrong with it, or that there is none, is recorded.
    pub fn connection(&self, checks: &mut Checks<'_>) -> Option<Connection> {
        let given = (self.database.as_ref(), self.database_file.as_deref());
        if given == (None, None) {
            let message = "there is no database: set `--database-file` or XMLX_DATABASE to an ADO.NET connection string";
            checks.missing("database", &message);
        }
        Connection::read(checks, "database", given)
    }
}

/// Limits of what is read.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct DocumentSettings {
    /// Limits of documents and expressions that differ from their defaults, such as `depth=300,document_bytes=128MiB`
    ///
    /// What is over a limit is refused, so that no single document can take all memory; docs/documents.md lists them.
    /// Raise one where documents that you know to be sound are refused with its name, on all coordinators and workers.
    #[arg(
        long,
        env = "XMLX_LIMITS",
        value_name = "NAME=VALUE",
        value_delimiter = ',',
        global = true
    )]
    pub limits: Vec<String>,
}

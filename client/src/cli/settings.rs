//! The client's settings, and what they mean for the command that was given.

use std::path::PathBuf;

use xmlx_extract::Limits;
use xmlx_runtime::{Checks, ConfigFlags, Connection, Settings};
use xmlx_store::{Access, check_connection};

use super::{Cli, Command};

/// What the settings mean.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where coordinators listen.
    pub coordinators: Vec<String>,
    /// The database; `None` where none is given, or where the command needs none.
    pub database: Option<Connection>,
    /// CA certificates for the database's TLS.
    pub database_ca: Option<PathBuf>,
    /// Limits of documents and expressions.
    pub limits: Limits,
}

impl Settings for Cli {
    type Config = Config;

    fn flags(&self) -> &ConfigFlags {
        &self.flags
    }

    fn check(&self, checks: &mut Checks<'_>) -> Option<Config> {
        let limits = checks.value("limits", Limits::from_settings(&self.documents.limits));
        let database_ca = self.database.database_ca.clone();
        let mut database = None;
        if self.reaches_database() {
            let given = (self.database.database.as_ref(), self.database.database_file.as_deref());
            database = Connection::read(checks, "database", given);
        }
        if let Some(found) = &database {
            let text = found.secret.reveal();
            let checked = check_connection(text, database_ca.as_deref(), Access::ReadWrite);
            checks.value(&found.key, checked);
        }
        let coordinators = self.coordinators.clone();
        Some(Config { coordinators, database, database_ca, limits: limits? })
    }
}

impl Cli {
    /// A wrong connection string must not keep anybody from a command that does not use it.
    fn reaches_database(&self) -> bool {
        match &self.command {
            Some(Command::Init { print }) => !print,
            // Only the settings are asked for.
            Some(Command::Check { .. } | Command::Load { .. }) | None => true,
            Some(
                Command::Status { .. }
                | Command::Submit(_)
                | Command::Jobs(_)
                | Command::Ranges { .. }
                | Command::Workers
                | Command::Pause { .. }
                | Command::Resume { .. }
                | Command::Cancel { .. }
                | Command::Drain { .. }
                | Command::Throttle(_)
                | Command::Prune { .. }
                | Command::Failures { .. }
                | Command::Warnings { .. }
                | Command::Retry(_)
                | Command::Verify { .. }
                | Command::Reconcile(_)
                | Command::Contract(_)
                | Command::Schema { .. }
                | Command::Grants { .. }
                | Command::Map { .. }
                | Command::Coverage(_)
                | Command::Diff(_)
                | Command::Bench { .. }
                | Command::Demo { .. }
                | Command::Up { .. }
                | Command::Completions { .. },
            ) => false,
        }
    }
}

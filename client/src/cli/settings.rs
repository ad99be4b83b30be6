//! The client's settings, and what they mean for the command that was given.

use std::path::PathBuf;

use xmlx_extract::Limits;
use xmlx_runtime::{Checks, ConfigFlags, Connection, Secret, Settings};
use xmlx_store::{Access, check_connection};
use xmlx_tls::Security;

use super::{Cli, Command};
use crate::cluster::Proof;

/// What the settings mean.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where coordinators listen.
    pub coordinators: Vec<String>,
    /// TLS to them.
    pub security: Security,
    /// Who asks them.
    pub proof: Proof,
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
        let mut coordinators = self.coordinators.clone();
        let security = if self.reaches_coordinators() {
            self.tls.of_client(checks, &self.coordinator_names, &mut coordinators)
        } else {
            Some(Security::default())
        };
        let token = self.token(checks);
        let proof = security.as_ref().map(|security| Proof::new(security, token.as_ref()));
        let proof = proof.and_then(|proof| checks.value("token", proof));
        let (security, proof) = (security?, proof?);
        Some(Config { coordinators, security, proof, database, database_ca, limits: limits? })
    }
}

impl Cli {
    /// The token, which may lie in a file.
    fn token(&self, checks: &mut Checks<'_>) -> Option<Secret> {
        if !self.reaches_coordinators() {
            return None;
        }
        if let Some(token) = &self.token {
            return Some(token.clone());
        }
        let file = self.token_file.as_ref()?;
        let read = std::fs::read_to_string(file)
            .map_err(|err| format!("cannot read the token in `{}`: {err}", file.display()));
        let text = checks.value("token_file", read)?;
        Some(Secret::new(text.trim()))
    }

    /// Wrong settings of TLS must not keep anybody from a command that asks no coordinator, such as the one that makes
    /// the certificates.
    fn reaches_coordinators(&self) -> bool {
        // Without a command only the settings are asked for.
        self.command.as_ref().is_none_or(|command| asks(command) == Asks::Coordinators)
    }

    /// A wrong connection string must not keep anybody from a command that does not use it.
    fn reaches_database(&self) -> bool {
        self.command.as_ref().is_none_or(|command| asks(command) == Asks::Database)
    }
}

/// Whom a command asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asks {
    Coordinators,
    Database,
    Nobody,
}

fn asks(command: &Command) -> Asks {
    match command {
        Command::Status { .. }
        | Command::Submit(_)
        | Command::Jobs(_)
        | Command::Ranges { .. }
        | Command::Workers
        | Command::Runs { .. }
        | Command::Pause { .. }
        | Command::Resume { .. }
        | Command::Cancel { .. }
        | Command::Drain { .. }
        | Command::Throttle(_)
        | Command::Prune { .. }
        | Command::Failures { .. }
        | Command::Warnings { .. }
        | Command::Quality { .. }
        | Command::Rehearsal { .. }
        | Command::Reconcile(_)
        | Command::Retry(_)
        | Command::Token(_)
        | Command::Audit { .. }
        | Command::Verify { .. } => Asks::Coordinators,
        Command::Coverage(args) if args.job().is_some() => Asks::Coordinators,
        Command::Diff(args) if args.job().is_some() => Asks::Coordinators,
        Command::Explain(args) if args.contract.is_empty() => Asks::Coordinators,
        Command::Init { print: false }
        | Command::Check { .. }
        | Command::Load { .. }
        | Command::Doctor => Asks::Database,
        Command::Init { print: true }
        | Command::Ca(_)
        | Command::Contract(_)
        | Command::Schema { .. }
        | Command::Grants { .. }
        | Command::Map { .. }
        | Command::Coverage(_)
        | Command::Diff(_)
        | Command::Explain(_)
        | Command::Bench { .. }
        | Command::Demo { .. }
        | Command::Up { .. }
        | Command::Completions { .. } => Asks::Nobody,
    }
}

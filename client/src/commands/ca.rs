//! `ca`: makes certificates offline.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Subcommand, ValueEnum};
use xmlx_domain::AccessRole;
use xmlx_runtime::positive_duration;

use crate::ca::{Authority, Existing, Holder, Pair};
use crate::output::{self, Answer, Format};

/// What `ca` does.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Ca {
    /// Make a CA: a certificate that every program gets, and a key that stays here
    ///
    /// Whoever has the key can make certificates for anybody: keep the folder off the cluster's hosts.
    ///
    /// Example: xmlx-client ca init --dir ~/xmlx-ca
    Init {
        #[command(flatten)]
        place: Place,
        /// How long the CA is valid
        #[arg(long, value_name = "DURATION", default_value = "3650d", value_parser = positive_duration)]
        valid: Duration,
    },
    /// Make a certificate and its key for a program or a person
    ///
    /// Example: xmlx-client ca issue coordinator host1 --host host1.example.com --host 10.0.0.5
    Issue {
        /// What it is for; none does as another
        kind: Kind,
        /// Its name, as the record shows it
        name: String,
        /// DNS name or IP address under which a coordinator is dialled; may be repeated; its name where none is given
        #[arg(long, value_name = "HOST")]
        host: Vec<String>,
        /// What a client may do: `viewer` looks, `operator` submits and steers, `approver` agrees and makes tokens
        #[arg(long, value_name = "ROLE", value_parser = client_role)]
        role: Option<AccessRole>,
        /// How long it is valid
        #[arg(long, value_name = "DURATION", default_value = "365d", value_parser = positive_duration)]
        valid: Duration,
        /// Replace the certificate and the key that are there
        #[arg(long)]
        renew: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Make a new CA beside the old one, which stays believed
    ///
    /// Copy `ca.crt` to every program, issue every certificate anew with `--renew`, then `ca retire`.
    ///
    /// Example: xmlx-client ca renew
    Renew {
        #[command(flatten)]
        place: Place,
        /// How long the new CA is valid
        #[arg(long, value_name = "DURATION", default_value = "3650d", value_parser = positive_duration)]
        valid: Duration,
    },
    /// Take the old CA out of `ca.crt`, once every certificate is of the new one
    ///
    /// Example: xmlx-client ca retire
    Retire {
        #[command(flatten)]
        place: Place,
    },
}

/// Where the CA lies.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Place {
    /// Folder of the CA
    #[arg(long, value_name = "DIR", default_value = "xmlx-ca")]
    dir: PathBuf,
}

/// What a certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// `xmlx-coordinator`
    Coordinator,
    /// `xmlx-worker`
    Worker,
    /// `xmlx-client`, or a person
    Client,
}

fn client_role(text: &str) -> Result<AccessRole, String> {
    let known = AccessRole::OF_CLIENTS.into_iter().find(|role| role.as_str() == text);
    known.ok_or_else(|| "must be `viewer`, `operator` or `approver`".to_owned())
}

pub(crate) fn run(format: Format, command: Ca) -> anyhow::Result<Answer> {
    match command {
        Ca::Init { place, valid } => {
            let pair = Authority::at(&place.dir).create(valid)?;
            output::note(&format!(
                "keep `{}` where no program of the cluster can read it: whoever has it can make certificates for anybody",
                pair.key.display()
            ));
            show(format, &place, &pair)
        }
        Ca::Renew { place, valid } => {
            show(format, &place, &Authority::at(&place.dir).renew(valid)?)
        }
        Ca::Retire { place } => show(format, &place, &Authority::at(&place.dir).retire()?),
        Ca::Issue { kind, name, host, role, valid, renew, place } => {
            let holder = holder(kind, name, host, role)?;
            let existing = if renew { Existing::Replace } else { Existing::Keep };
            show(format, &place, &Authority::at(&place.dir).issue(&holder, valid, existing)?)
        }
    }
}

fn holder(
    kind: Kind,
    name: String,
    host: Vec<String>,
    role: Option<AccessRole>,
) -> anyhow::Result<Holder> {
    anyhow::ensure!(
        host.is_empty() || kind == Kind::Coordinator,
        "`--host` is for coordinators: nobody dials the others"
    );
    anyhow::ensure!(role.is_none() || kind == Kind::Client, "`--role` is for clients");
    let role = match kind {
        Kind::Coordinator => AccessRole::Coordinator,
        Kind::Worker => AccessRole::Worker,
        Kind::Client => role.unwrap_or(AccessRole::Operator),
    };
    let hosts = match kind {
        Kind::Coordinator if host.is_empty() => vec![name.clone()],
        Kind::Coordinator | Kind::Worker | Kind::Client => host,
    };
    Ok(Holder { role, name, hosts })
}

/// As settings, so that they can be copied into a program's file.
fn show(format: Format, place: &Place, pair: &Pair) -> anyhow::Result<Answer> {
    let authority = Authority::at(&place.dir).pair();
    let data = serde_json::json!({
        "tls_ca": authority.certificate, "tls_cert": pair.certificate, "tls_key": pair.key,
    });
    let rendered = output::rendered(format, &data, |report| {
        let mut line =
            |key: &str, path: &PathBuf| report.line(&format!("{key} = \"{}\"", path.display()));
        line("tls_ca", &authority.certificate);
        if *pair == authority {
            return;
        }
        line("tls_cert", &pair.certificate);
        line("tls_key", &pair.key);
    })?;
    output::verbatim(&rendered)?;
    Ok(Answer::Yes)
}

//! Settings: defaults < file < environment < flags.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use serde::Deserialize;
use xmlx_lease::Limits;
use xmlx_proto::Release;
use xmlx_runtime::{
    LogFormat, Secret, connection_setting, coordinator_url, duration_setting, listen_address,
    read_settings,
};
use xmlx_store::{Access, check_connection};

use crate::lanes::CONNECTIONS_MIN;

/// What is written on the command line, in the environment or in the file.
#[derive(Clone, Debug, Default, clap::Parser, Deserialize)]
#[command(
    name = "xmlx-coordinator",
    version,
    about = "Hands out leased ranges of applications to workers"
)]
#[serde(default, deny_unknown_fields)]
pub struct Args {
    /// TOML file with any of these settings
    #[arg(long, env = "XMLX_CONFIG")]
    #[serde(skip)]
    config: Option<PathBuf>,
    /// ADO.NET connection string of the database [env: XMLX_DATABASE]
    #[arg(long)]
    database: Option<Secret>,
    /// File that holds the connection string, so that no password is seen in `ps` or the environment
    /// [env: XMLX_DATABASE_FILE]
    #[arg(long)]
    database_file: Option<PathBuf>,
    /// File of CA certificates for the database's TLS, beside those of the system
    #[arg(long, env = "XMLX_DATABASE_CA")]
    database_ca: Option<PathBuf>,
    /// Address to listen on [default: 127.0.0.1:7400]
    #[arg(long, env = "XMLX_LISTEN", value_parser = listen_address)]
    listen: Option<SocketAddr>,
    /// URL under which others reach this coordinator [default: http://<listen>]
    #[arg(long, env = "XMLX_ADVERTISE")]
    advertise: Option<String>,
    /// How often workers send a heartbeat [default: 1s]
    #[arg(long)]
    heartbeat: Option<String>,
    /// A worker is lost after so long without a heartbeat [default: 6s]
    #[arg(long)]
    lost_after: Option<String>,
    /// A lease without progress is taken away after so long [default: 5m]
    #[arg(long)]
    stalled_after: Option<String>,
    /// The leadership runs out after so long without a renewal [default: 6s]
    #[arg(long)]
    leader_ttl: Option<String>,
    /// Owners have so long to reconnect after a takeover [default: 8s]
    #[arg(long)]
    reattach_grace: Option<String>,
    /// A lease is meant to be worked off in about this time [default: 20s]
    #[arg(long)]
    lease_work: Option<String>,
    /// Applications in a lease while nothing has been measured [default: 200]
    #[arg(long)]
    lease_apps_first: Option<u64>,
    /// No lease is carved smaller [default: 50]
    #[arg(long)]
    lease_apps_min: Option<u64>,
    /// Most connections to the database, beside three of the leader; at least 5 [default: 8]
    #[arg(long)]
    connections: Option<usize>,
    /// Limits of documents and expressions, separated by commas, such as `depth=300,document_bytes=128MiB`
    #[arg(long, env = "XMLX_LIMITS", value_name = "NAME=VALUE", value_delimiter = ',')]
    limits: Option<Vec<String>>,
    /// Most commits at once in the whole cluster, one per worker at least; `throttle` overrides it [default: no limit]
    #[arg(long)]
    commits_max: Option<u32>,
    /// How log lines look [default: text]
    #[arg(long, env = "XMLX_LOG_FORMAT")]
    log_format: Option<LogFormat>,
    /// For tests: behave like the release before this one
    #[arg(long, hide = true)]
    #[serde(skip)]
    test_previous_release: bool,
    /// Check the settings and exit
    #[arg(long)]
    #[serde(skip)]
    check_config: bool,
    /// Print the settings, secrets as `***`, and exit
    #[arg(long)]
    #[serde(skip)]
    print_config: bool,
}

/// What is meant.
#[derive(Clone, Debug)]
pub struct Config {
    /// ADO.NET connection string.
    pub database: Secret,
    /// CA certificates for the database's TLS.
    pub database_ca: Option<PathBuf>,
    /// Where to listen.
    pub listen: SocketAddr,
    /// How others reach this coordinator; empty: from the bound address.
    pub advertise: Option<String>,
    /// Workers' heartbeat.
    pub heartbeat: Duration,
    /// The lease table's settings.
    pub limits: Limits,
    /// How long a leadership lasts without renewal.
    pub leader_ttl: Duration,
    /// Most commits at once in the whole cluster; `None`: no limit.
    pub commits_max: Option<u32>,
    /// Most connections to the database.
    pub connections_max: usize,
    /// Limits of documents and expressions.
    pub document_limits: xmlx_extract::Limits,
    /// How log lines look.
    pub log_format: LogFormat,
    /// Which release it behaves like.
    pub release: Release,
    /// What the operator should hear of, once there is a log.
    pub warnings: Vec<String>,
}

impl Args {
    /// Whether only the settings are to be checked.
    #[must_use]
    pub fn check_config(&self) -> bool {
        self.check_config
    }

    /// Whether the settings are to be printed instead of used.
    #[must_use]
    pub fn print_config(&self) -> bool {
        self.print_config
    }

    /// Merges and validates.
    ///
    /// # Errors
    /// Names the setting and what it should look like.
    pub fn config(&self) -> anyhow::Result<Config> {
        let file: Self = read_settings(self.config.as_deref())?;
        let limits = self.lease_limits(&file)?;
        let database = connection_setting(
            "database",
            (self.database.as_ref(), self.database_file.as_deref()),
            (file.database.as_ref(), file.database_file.as_deref()),
        )?;
        let database = database.context(
            "no database: set `--database-file` or XMLX_DATABASE to an ADO.NET connection string",
        )?;
        let database_ca = self.database_ca.clone().or_else(|| file.database_ca.clone());
        check_connection(database.secret.reveal(), database_ca.as_deref(), Access::ReadWrite)
            .context("`database`")?;
        let heartbeat = duration_setting(
            "heartbeat",
            (self.heartbeat.as_ref(), file.heartbeat.as_ref()),
            Duration::from_secs(1),
        )?;
        anyhow::ensure!(
            heartbeat * 2 <= limits.lost_after,
            "`lost_after` ({:?}) must be at least twice `heartbeat` ({heartbeat:?})",
            limits.lost_after
        );
        let listen = self.listen.or(file.listen);
        let listen = listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 7400)));
        let advertise = self.advertise.as_deref().or(file.advertise.as_deref());
        let advertise = advertise.map(coordinator_url).transpose();
        let advertise = advertise.map_err(|err| anyhow::anyhow!("`advertise`: {err}"))?;
        anyhow::ensure!(
            advertise.is_some() || !listen.ip().is_unspecified(),
            "`listen` is {listen}, which nobody can connect to; set `advertise` to the URL under which others reach this coordinator"
        );
        let document_limits =
            self.limits.as_ref().or(file.limits.as_ref()).map_or(&[][..], Vec::as_slice);
        let document_limits = xmlx_extract::Limits::from_settings(document_limits)?;
        Ok(Config {
            database: database.secret,
            database_ca,
            listen,
            advertise,
            heartbeat,
            limits,
            leader_ttl: duration_setting(
                "leader_ttl",
                (self.leader_ttl.as_ref(), file.leader_ttl.as_ref()),
                Duration::from_secs(6),
            )?,
            commits_max: self.commits_max.or(file.commits_max).filter(|it| *it > 0),
            connections_max: self
                .connections
                .or(file.connections)
                .unwrap_or(8)
                .max(CONNECTIONS_MIN),
            document_limits,
            log_format: self.log_format.or(file.log_format).unwrap_or_default(),
            release: if self.test_previous_release { Release::Previous } else { Release::Current },
            warnings: database.warning.into_iter().collect(),
        })
    }

    fn lease_limits(&self, file: &Self) -> anyhow::Result<Limits> {
        let defaults = Limits::default();
        let limits = Limits {
            lost_after: duration_setting(
                "lost_after",
                (self.lost_after.as_ref(), file.lost_after.as_ref()),
                defaults.lost_after,
            )?,
            stalled_after: duration_setting(
                "stalled_after",
                (self.stalled_after.as_ref(), file.stalled_after.as_ref()),
                defaults.stalled_after,
            )?,
            reattach_grace: duration_setting(
                "reattach_grace",
                (self.reattach_grace.as_ref(), file.reattach_grace.as_ref()),
                defaults.reattach_grace,
            )?,
            lease_work: duration_setting(
                "lease_work",
                (self.lease_work.as_ref(), file.lease_work.as_ref()),
                defaults.lease_work,
            )?,
            first_apps: self
                .lease_apps_first
                .or(file.lease_apps_first)
                .unwrap_or(defaults.first_apps),
            apps_min: self.lease_apps_min.or(file.lease_apps_min).unwrap_or(defaults.apps_min),
            ..defaults
        };
        anyhow::ensure!(
            (1..=limits.apps_max).contains(&limits.apps_min),
            "`lease_apps_min` must be between 1 and {}",
            limits.apps_max
        );
        Ok(limits)
    }
}

//! The coordinator's settings, each defined once, and what they mean.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use xmlx_lease::Limits;
use xmlx_metrics::MetricsSettings;
use xmlx_proto::Release;
use xmlx_runtime::{
    Checks, ConfigFlags, DatabaseSettings, DocumentSettings, LogFormat, Secret, Settings,
    coordinator_url, listen_address, positive_duration,
};
use xmlx_store::{Access, check_connection};
use xmlx_tls::{RoleRules, Security, TlsSettings};

use crate::lanes::CONNECTIONS_MIN;

/// `--advertise`: the URL is made of the address that is listened on.
const AUTO: &str = "auto";

/// Hands out leased ranges of applications to workers and answers clients
///
/// Run two or three of them, each on a host of its own: one leads, and another takes over when it fails.
/// It needs a database that `xmlx-client init` has prepared, and workers and clients have to reach its port.
///
/// Exit codes: 0 it was stopped, 1 a failure that may pass, 64 wrong usage or settings, 78 the login is refused or this
/// build is too old for the control tables. Starting it again after 64 or 78 changes nothing.
///
/// Example: xmlx-coordinator --database-file /etc/xmlx/database --listen 0.0.0.0:7400 --advertise http://host1:7400
#[derive(Clone, Debug, clap::Parser)]
#[command(name = "xmlx-coordinator", version)]
pub struct Args {
    #[command(flatten)]
    flags: ConfigFlags,
    /// Ask the coordinator that runs with these settings whether it serves, and exit: 0 where it does, else 1
    ///
    /// For a container, in which nothing else could ask; a standby serves, too. Nothing has to be proved to it.
    #[arg(long)]
    health: bool,
    #[command(flatten)]
    database: DatabaseSettings,
    /// IP address and port to listen on
    ///
    /// The default is reached from this host alone. `0.0.0.0:7400` listens on all addresses of the host, which takes
    /// `tls_cert`, `tls_key` and `tls_ca`.
    #[arg(long, env = "XMLX_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:7400", value_parser = listen_address)]
    listen: SocketAddr,
    /// URL under which workers, clients and other coordinators reach this one; `auto`: made of `listen`
    ///
    /// Set it where `listen` is `0.0.0.0`, or where others reach the host under another name, such as behind a proxy.
    #[arg(long, env = "XMLX_ADVERTISE", value_name = "URL", default_value = AUTO, value_parser = advertised_url)]
    advertise: String,
    #[command(flatten)]
    tls: TlsSettings,
    /// Roles of certificates that a CA of your own has made, as `ROLE=NAME`, separated by commas
    ///
    /// The name is one of a certificate's: a URI, a DNS name or a mail address; a `*` at its end stands for anything. Roles
    /// are `viewer`, `operator`, `approver`, `worker` and `coordinator`; certificates of `xmlx-client ca` have theirs in
    /// their name.
    #[arg(long, env = "XMLX_ROLES", value_name = "ROLE=NAME", value_delimiter = ',')]
    roles: Vec<String>,
    /// How often each worker sends a heartbeat
    ///
    /// A heartbeat carries a worker's progress. Longer ones make less traffic in a cluster of hundreds of workers, and
    /// progress is seen later. `lost_after` must be at least twice as long.
    #[arg(long, env = "XMLX_HEARTBEAT", value_name = "DURATION", default_value = "1s", value_parser = positive_duration)]
    heartbeat: Duration,
    /// How long after its last heartbeat a worker counts as lost and its leases go to others
    ///
    /// Raise it where hosts or networks pause for longer, such as virtual machines that are moved: a worker that is
    /// taken for lost repeats what it had not committed. Nothing is ever loaded twice, however short it is.
    #[arg(long, env = "XMLX_LOST_AFTER", value_name = "DURATION", default_value = "6s", value_parser = positive_duration)]
    lost_after: Duration,
    /// How long a lease may go without progress before it is given to another worker
    ///
    /// Raise it where a single commit may take longer, as under a heavy load of the database by others.
    #[arg(long, env = "XMLX_STALLED_AFTER", value_name = "DURATION", default_value = "5m", value_parser = positive_duration)]
    stalled_after: Duration,
    /// How long the leading coordinator may go without renewing its row in the database before another one takes over
    ///
    /// It bounds how long work is not handed out after a leader's host fails. Raise it where the database pauses for
    /// longer, as during a failover of its own, so that leaders do not change needlessly.
    #[arg(long, env = "XMLX_LEADER_TTL", value_name = "DURATION", default_value = "6s", value_parser = positive_duration)]
    leader_ttl: Duration,
    /// How long workers may take to reconnect after a new leader takes over
    ///
    /// Until then their leases stay theirs. Workers try every second or so; raise it where they reconnect more slowly.
    #[arg(long, env = "XMLX_REATTACH_GRACE", value_name = "DURATION", default_value = "8s", value_parser = positive_duration)]
    reattach_grace: Duration,
    /// How long a worker should take for one lease; leases are sized by the measured rate
    ///
    /// Shorter leases spread the last applications of a job more evenly and repeat less after a crash; longer ones cost
    /// the database fewer writes.
    #[arg(long, env = "XMLX_LEASE_WORK", value_name = "DURATION", default_value = "20s", value_parser = positive_duration)]
    lease_work: Duration,
    /// Applications in a lease before the rate has been measured
    ///
    /// Lower it where single applications take seconds.
    #[arg(long, env = "XMLX_LEASE_APPS_FIRST", value_name = "N", default_value = "200", value_parser = clap::value_parser!(u64).range(1..))]
    lease_apps_first: u64,
    /// Fewest applications in a lease, however slow they are
    ///
    /// Each lease costs the database a few writes, which shows where leases have only a few applications. Lower it where
    /// single applications take minutes.
    #[arg(long, env = "XMLX_LEASE_APPS_MIN", value_name = "N", default_value = "50", value_parser = lease_apps_min)]
    lease_apps_min: u64,
    /// Most connections to the database for questions, beside three for the leader's own changes; at least 5
    ///
    /// Raise it where clients wait for each other: the coordinator says then what is under way. Lower it where the
    /// database allows few connections.
    #[arg(long, env = "XMLX_CONNECTIONS", value_name = "N", default_value = "8", value_parser = connections)]
    connections: usize,
    #[command(flatten)]
    documents: DocumentSettings,
    /// Most commits at once in the whole cluster, shared out among the workers; 0: no limit
    ///
    /// Set it where the load slows down others who use the database. Each worker may always commit one at a time.
    /// `xmlx-client throttle` changes it while the cluster runs, until the leader changes.
    #[arg(long, env = "XMLX_COMMITS_MAX", value_name = "N", default_value = "0")]
    commits_max: u32,
    #[command(flatten)]
    metrics: MetricsSettings,
    /// How log lines look: `text` for people, `json` for collectors, one object on each line
    #[arg(long, env = "XMLX_LOG_FORMAT", value_enum, default_value = "text")]
    log_format: LogFormat,
    /// For tests: behave like the release before this one
    #[arg(long, hide = true)]
    test_previous_release: bool,
}

/// What the settings mean.
#[derive(Clone, Debug)]
pub struct Config {
    /// ADO.NET connection string.
    pub database: Secret,
    /// CA certificates for the database's TLS.
    pub database_ca: Option<PathBuf>,
    /// Where to listen.
    pub listen: SocketAddr,
    /// How others reach this coordinator; `None`: made of the bound address.
    pub advertise: Option<String>,
    /// TLS, or none.
    pub security: Security,
    /// Roles of certificates that another CA has made.
    pub roles: RoleRules,
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
    /// Where to answer monitoring, if at all.
    pub metrics_listen: Option<SocketAddr>,
    /// How log lines look.
    pub log_format: LogFormat,
    /// Which release it behaves like.
    pub release: Release,
    /// What the operator should know, once there is a log.
    pub warnings: Vec<String>,
}

impl Args {
    /// Whether this is no coordinator, and asks one.
    #[must_use]
    pub fn asks_health(&self) -> bool {
        self.health
    }

    fn lease_limits(&self) -> Limits {
        Limits {
            lost_after: self.lost_after,
            stalled_after: self.stalled_after,
            reattach_grace: self.reattach_grace,
            lease_work: self.lease_work,
            first_apps: self.lease_apps_first,
            apps_min: self.lease_apps_min,
            ..Limits::default()
        }
    }

    /// Others dial what is advertised, and have to do so with TLS or without.
    fn check_advertised(&self, checks: &mut Checks<'_>, security: &Security) {
        let is_tls = self.advertise.starts_with("https://");
        match &security.credentials {
            Some(_) if self.advertise.starts_with("http://") => {
                checks.refuse("advertise", &"with `tls_cert` it begins with `https://`");
            }
            None if is_tls => {
                checks.refuse("advertise", &"without `tls_cert` it begins with `http://`");
            }
            Some(_) | None => (),
        }
    }

    /// What contradicts another setting.
    fn check_together(&self, checks: &mut Checks<'_>) {
        if self.heartbeat * 2 > self.lost_after {
            let message = format!(
                "must be at least twice `heartbeat`: they are {:?} and {:?}",
                self.lost_after, self.heartbeat
            );
            checks.refuse("lost_after", &message);
        }
        if self.advertise == AUTO && self.listen.ip().is_unspecified() {
            let message = format!(
                "`{}` is no address that anybody can connect to; set `advertise` to the URL under which others reach this coordinator",
                self.listen
            );
            checks.refuse("listen", &message);
        }
    }
}

impl Settings for Args {
    type Config = Config;

    fn flags(&self) -> &ConfigFlags {
        &self.flags
    }

    fn check(&self, checks: &mut Checks<'_>) -> Option<Config> {
        self.check_together(checks);
        let database = self.database.connection(checks);
        let database_ca = self.database.database_ca.clone();
        if let Some(found) = &database {
            let text = found.secret.reveal();
            checks.value(
                &found.key,
                check_connection(text, database_ca.as_deref(), Access::ReadWrite),
            );
        }
        let document_limits = xmlx_extract::Limits::from_settings(&self.documents.limits);
        let document_limits = checks.value("limits", document_limits);
        let security = self.tls.listening(checks, self.listen);
        let roles = checks.value("roles", RoleRules::read(&self.roles));
        let database = database?;
        let security = security?;
        self.check_advertised(checks, &security);
        let warnings = database.warning.into_iter().chain(security.warning.clone()).collect();
        Some(Config {
            database: database.secret,
            database_ca,
            listen: self.listen,
            advertise: (self.advertise != AUTO).then(|| self.advertise.clone()),
            heartbeat: self.heartbeat,
            limits: self.lease_limits(),
            leader_ttl: self.leader_ttl,
            commits_max: Some(self.commits_max).filter(|commits| *commits > 0),
            connections_max: self.connections,
            document_limits: document_limits?,
            metrics_listen: self.metrics.metrics_listen,
            log_format: self.log_format,
            release: if self.test_previous_release { Release::Previous } else { Release::Current },
            warnings,
            security,
            roles: roles?,
        })
    }
}

fn advertised_url(text: &str) -> Result<String, String> {
    if text == AUTO { Ok(text.to_owned()) } else { coordinator_url(text) }
}

fn lease_apps_min(text: &str) -> Result<u64, String> {
    let max = Limits::default().apps_max;
    let apps = text.parse().ok().filter(|apps| (1..=max).contains(apps));
    apps.ok_or_else(|| format!("must be a whole number between 1 and {max}"))
}

/// Each kind of long reading has a connection of its own, and short questions need one as well.
fn connections(text: &str) -> Result<usize, String> {
    let connections = text.parse().ok().filter(|connections| *connections >= CONNECTIONS_MIN);
    connections.ok_or_else(|| format!("must be a whole number of at least {CONNECTIONS_MIN}"))
}

#[cfg(test)]
mod tests {
    use xmlx_runtime::{Environment, Failure, load_settings_from};

    use super::*;

    const DATABASE: (&str, &str) = ("XMLX_DATABASE", "Server=s;Database=d;User Id=u;Password=hush");

    fn load(args: &[&str], variables: &[(&str, &str)]) -> Result<Config, String> {
        let argv = ["xmlx-coordinator"].iter().chain(args).map(Into::into).collect();
        let environment = Environment::new(variables.iter().copied());
        match load_settings_from::<Args>(argv, &environment) {
            Ok(loaded) => Ok(loaded.config),
            Err(Failure::Invalid(err)) => Err(err.to_string()),
            Err(Failure::Usage(err)) => Err(format!("usage: {err}")),
        }
    }

    #[test]
    fn the_defaults_are_those_of_the_lease_table() {
        let config = load(&[], &[DATABASE]).expect("valid");
        assert_eq!(config.limits, Limits::default());
        assert_eq!((config.advertise, config.commits_max), (None, None));
    }

    #[test]
    fn what_is_invalid_is_refused_with_the_place() {
        for (args, expected) in [
            (
                &["--insecure", "--listen", "0.0.0.0:7400"][..],
                "--listen: `0.0.0.0:7400` is no address",
            ),
            (
                &["--listen", "10.0.0.5:7400"],
                "--listen: `10.0.0.5:7400` is reached from other hosts",
            ),
            (&["--roles", "king=arthur"], "--roles: `king=arthur`: `king` is no role"),
            (&["--listen", "host1:7400"], "--listen: `host1:7400` is no IP address"),
            (&["--advertise", "https://h:1"], "--advertise: without `tls_cert` it begins with"),
            (&["--heartbeat", "4s"], "`lost_after`: must be at least twice `heartbeat`"),
            (&["--lost-after", "1s"], "--lost-after: must be at least twice"),
            (&["--lost-after", "6"], "--lost-after: `6` is no duration"),
            (&["--leader-ttl", "0s"], "--leader-ttl: `0s` is too short"),
            (&["--lease-apps-min", "50001"], "--lease-apps-min: `50001`: must be"),
            (&["--lease-apps-first", "0"], "--lease-apps-first: `0`"),
            (&["--connections", "4"], "--connections: `4`: must be a whole number of at least 5"),
            (&["--limits", "width=3"], "--limits: `width=3` sets no limit"),
            (&["--log-format", "xml"], "--log-format: `xml`: must be one of `text`, `json`"),
        ] {
            let err = load(args, &[DATABASE]).expect_err(expected);
            assert!(
                err.contains(expected) && err.starts_with("the settings are invalid\n"),
                "{err}"
            );
        }
        let taken = ["--insecure", "--listen", "0.0.0.0:7400", "--advertise", "http://host1:7400/"];
        let config = load(&taken, &[DATABASE]).expect("valid");
        assert_eq!(config.advertise.as_deref(), Some("http://host1:7400"));
        assert!(config.warnings.iter().any(|warning| warning.contains("`insecure` is set")));
        let limited = load(&["--commits-max", "9"], &[DATABASE]).expect("valid");
        assert_eq!(limited.commits_max, Some(9));
    }

    #[test]
    fn everything_that_is_invalid_is_said_at_once_and_no_password() {
        let database = ("XMLX_DATABASE", "Server=s;Database=d;Colour=1;Password=hush");
        let err = load(&["--heartbeat", "1"], &[database, ("XMLX_LISTN", "x")]).expect_err("three");
        assert!(err.starts_with("the settings are invalid in 3 places"), "{err}");
        for part in
            ["--heartbeat: `1`", "XMLX_LISTN: ", "`XMLX_LISTEN`?", "XMLX_DATABASE: ", "`Colour`"]
        {
            assert!(err.contains(part), "{part}: {err}");
        }
        assert!(!err.contains("hush"), "{err}");
    }
}

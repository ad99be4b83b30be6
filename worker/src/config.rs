//! The worker's settings, each defined once, and what they mean.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use xmlx_domain::SLOTS_MAX;
use xmlx_metrics::MetricsSettings;
use xmlx_proto::Release;
use xmlx_runtime::{
    Checks, ConfigFlags, Connection, DatabaseSettings, DocumentSettings, LogFormat, NAME_UNITS_MAX,
    Secret, Settings, coordinator_url, host_name, name_problem, parse_duration, parse_size,
};
use xmlx_store::{Access, check_connection};
use xmlx_tls::{CoordinatorNames, Security, TlsSettings};

use crate::test_hooks::TestHooks;

/// `--slots`: one for each processor.
const AUTO: &str = "auto";

/// Extracts applications and commits their rows
///
/// Run one on each host that is to do the work, as many as you like: they share it out among themselves.
/// It needs a coordinator that it can reach, and the database; it listens on no port and writes no file.
///
/// Exit codes: 0 it was stopped or drained, 1 a failure that may pass, 64 wrong usage or settings, 78 the login is
/// refused or this build is too old for the control tables. Starting it again after 64 or 78 changes nothing.
///
/// Example: xmlx-worker --database-file /etc/xmlx/database --coordinators http://host1:7400,http://host2:7400
#[derive(Clone, Debug, clap::Parser)]
#[command(name = "xmlx-worker", version)]
pub struct Args {
    #[command(flatten)]
    flags: ConfigFlags,
    #[command(flatten)]
    database: DatabaseSettings,
    /// Connection string of a copy of the database that documents are read from; not set: the database itself
    ///
    /// Set it to a readable secondary where reading millions of documents would slow down others on the primary. Rows
    /// are still written to `database`. `ApplicationIntent=ReadOnly` may stand in it.
    #[arg(long, env = "XMLX_SOURCE_DATABASE", hide_env_values = true, value_name = "STRING")]
    source_database: Option<Secret>,
    /// File that holds the connection string of that copy
    #[arg(long, env = "XMLX_SOURCE_DATABASE_FILE", value_name = "FILE")]
    source_database_file: Option<PathBuf>,
    /// URLs of the coordinators, separated by commas
    ///
    /// Name all of them: a worker asks one after the other for the leader.
    #[arg(
        long,
        env = "XMLX_COORDINATORS",
        value_name = "URL",
        value_delimiter = ',',
        default_value = "http://127.0.0.1:7400",
        value_parser = coordinator_url
    )]
    coordinators: Vec<String>,
    #[command(flatten)]
    tls: TlsSettings,
    #[command(flatten)]
    coordinator_names: CoordinatorNames,
    /// Name shown to operators; `{host}` stands for the host's name and `{pid}` for the process id
    ///
    /// `xmlx-client drain` takes it. Give a name of your own where several workers of a host have to be told apart.
    #[arg(long, env = "XMLX_WORKER_NAME", default_value = "{host}-{pid}", value_parser = worker_name)]
    name: String,
    /// Ranges of applications worked on at once; `auto`: one for each processor
    ///
    /// Lower it where the host has other work to do or too little memory: each slot takes about 16 times `group_bytes`.
    /// Raise it where processors stand idle while the worker waits for the database.
    #[arg(long, env = "XMLX_SLOTS", value_name = "N", default_value = AUTO, value_parser = slots)]
    slots: u32,
    /// Most applications in one commit
    ///
    /// More of them cost the database fewer transactions; fewer hold its locks for a shorter time.
    #[arg(long, env = "XMLX_GROUP_APPS", value_name = "N", default_value = "100", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    group_apps: u32,
    /// Most rows of one table in one commit, unless a single application has more
    ///
    /// SQL Server locks a table as a whole at about 5,000 locks of one statement, and each row takes one in every index:
    /// the default leaves room for four indexes. Lower it for tables with more.
    #[arg(long, env = "XMLX_GROUP_ROWS", value_name = "N", default_value = "1000", value_parser = clap::value_parser!(u32).range(1..))]
    group_rows: u32,
    /// XML in one commit, about
    ///
    /// It bounds a worker's memory, which docs/operations.md explains. Lower it on hosts with little.
    #[arg(long, env = "XMLX_GROUP_BYTES", value_name = "SIZE", default_value = "4MiB", value_parser = parse_size)]
    group_bytes: u64,
    /// How long a worker that is told to stop may finish what it has in hand; the rest goes to other workers
    ///
    /// Keep it below the time that the service manager waits before it kills the process (`TimeoutStopSec=`).
    #[arg(long, env = "XMLX_DRAIN_DEADLINE", value_name = "DURATION", default_value = "25s", value_parser = parse_duration)]
    drain_deadline: Duration,
    #[command(flatten)]
    documents: DocumentSettings,
    #[command(flatten)]
    metrics: MetricsSettings,
    /// How log lines look: `text` for people, `json` for collectors, one object on each line
    #[arg(long, env = "XMLX_LOG_FORMAT", value_enum, default_value = "text")]
    log_format: LogFormat,
    /// For tests: the process aborts when it meets this application
    #[arg(long, hide = true)]
    test_abort_on_app: Option<i64>,
    /// For tests: write the id of each application that is extracted to this file
    #[arg(long, env = "XMLX_TEST_EXTRACTED", hide = true)]
    test_extracted: Option<PathBuf>,
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
    /// Connection string of a copy that documents are read from; `None`: from the database itself.
    pub source_database: Option<Secret>,
    /// Where coordinators listen.
    pub coordinators: Vec<String>,
    /// TLS to them.
    pub security: Security,
    /// Shown to operators.
    pub name: String,
    /// Ranges worked on at once.
    pub slots: u32,
    /// Most applications in one commit.
    pub group_apps: u32,
    /// Most rows of one table in one commit, unless a single application has more.
    pub group_rows: u32,
    /// XML in one commit, about, in bytes.
    pub group_bytes: u64,
    /// How long a drain may take.
    pub drain_deadline: Duration,
    /// For tests.
    pub tests: TestHooks,
    /// Limits of documents and expressions.
    pub limits: xmlx_extract::Limits,
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
    /// Records what is wrong with a connection string, as far as that can be known without connecting.
    fn check_connection(
        &self,
        checks: &mut Checks<'_>,
        found: Option<&Connection>,
        access: Access,
    ) {
        if let Some(found) = found {
            let ca = self.database.database_ca.as_deref();
            checks.value(&found.key, check_connection(found.secret.reveal(), ca, access));
        }
    }
}

impl Settings for Args {
    type Config = Config;

    fn flags(&self) -> &ConfigFlags {
        &self.flags
    }

    fn check(&self, checks: &mut Checks<'_>) -> Option<Config> {
        let database = self.database.connection(checks);
        self.check_connection(checks, database.as_ref(), Access::ReadWrite);
        let source = (self.source_database.as_ref(), self.source_database_file.as_deref());
        let source = Connection::read(checks, "source_database", source);
        self.check_connection(checks, source.as_ref(), Access::ReadOnly);
        let limits = xmlx_extract::Limits::from_settings(&self.documents.limits);
        let limits = checks.value("limits", limits);
        let mut coordinators = self.coordinators.clone();
        let security = self.tls.of_worker(checks, &self.coordinator_names, &mut coordinators);
        let database = database?;
        let security = security?;
        let warnings = [&database].into_iter().chain(&source);
        let warnings = warnings.filter_map(|found| found.warning.clone());
        let warnings = warnings.chain(security.warning.clone()).collect();
        Some(Config {
            database: database.secret,
            database_ca: self.database.database_ca.clone(),
            source_database: source.map(|source| source.secret),
            coordinators,
            security,
            name: self.name.clone(),
            slots: self.slots,
            group_apps: self.group_apps,
            group_rows: self.group_rows,
            group_bytes: self.group_bytes,
            drain_deadline: self.drain_deadline,
            tests: TestHooks {
                abort_on_app: self.test_abort_on_app,
                extracted: self.test_extracted.clone(),
            },
            limits: limits?,
            metrics_listen: self.metrics.metrics_listen,
            log_format: self.log_format,
            release: if self.test_previous_release { Release::Previous } else { Release::Current },
            warnings,
        })
    }
}

fn slots(text: &str) -> Result<u32, String> {
    if text == AUTO {
        let processors = std::thread::available_parallelism();
        let processors = processors.map_or(2, |n| u32::try_from(n.get()).unwrap_or(SLOTS_MAX));
        return Ok(processors.min(SLOTS_MAX));
    }
    let slots = text.parse().ok().filter(|slots| (1..=SLOTS_MAX).contains(slots));
    slots.ok_or_else(|| format!("must be `{AUTO}` or a whole number between 1 and {SLOTS_MAX}"))
}

fn worker_name(text: &str) -> Result<String, String> {
    let host = host_name();
    let name = text.replace("{host}", &host).replace("{pid}", &std::process::id().to_string());
    match name_problem(&name, NAME_UNITS_MAX) {
        Some(problem) => Err(format!("the name {problem}")),
        None => Ok(name),
    }
}

#[cfg(test)]
mod tests {
    use xmlx_runtime::{Environment, Failure, load_settings_from};

    use super::*;

    const DATABASE: (&str, &str) = ("XMLX_DATABASE", "Server=s;Database=d;User Id=u;Password=hush");

    fn load(args: &[&str], variables: &[(&str, &str)]) -> Result<Config, String> {
        let argv = ["xmlx-worker"].iter().chain(args).map(Into::into).collect();
        let environment = Environment::new(variables.iter().copied());
        match load_settings_from::<Args>(argv, &environment) {
            Ok(loaded) => Ok(loaded.config),
            Err(Failure::Invalid(err)) => Err(err.to_string()),
            Err(Failure::Usage(err)) => Err(format!("usage: {err}")),
        }
    }

    #[test]
    fn what_is_invalid_is_refused_with_the_place() {
        for (args, expected) in [
            (&["--slots", "0"][..], "--slots: `0`: must be `auto` or a whole number"),
            (&["--slots", "1025"], "--slots: `1025`: must be"),
            (&["--group-apps", "10001"], "--group-apps: `10001`: 10001 is not in 1..=10000"),
            (&["--group-rows", "0"], "--group-rows: `0`"),
            (&["--group-bytes", "4"], "--group-bytes: `4` has no unit"),
            (&["--drain-deadline", "25"], "--drain-deadline: `25` is no duration"),
            (&["--coordinators", "http://a:1,ftp://b:1"], "--coordinators: `ftp://b:1`"),
            (&["--coordinators", "http://a:1"], "xmlx-client ca issue worker"),
            (&["--coordinators", "https://a:1"], "`https://a:1` takes TLS"),
            (&["--tls-cert", "no-such-file"], "`tls_key`: set it, too"),
            (&["--coordinators", ""], "--coordinators: the address of a coordinator is empty"),
            (&["--name", "a\nb"], "the name holds a line break"),
            (&["--limits", "depth=300,width=3"], "--limits: `width=3` sets no limit"),
            (&["--source-database-file", "no-such-file"], "--source-database-file: "),
        ] {
            let err = load(args, &[DATABASE]).expect_err(expected);
            assert!(
                err.contains(expected) && err.starts_with("the settings are invalid\n"),
                "{err}"
            );
        }
        let none = load(&[], &[]).expect_err("no database");
        assert!(none.contains("`database`: there is no database: set"), "{none}");
    }

    #[test]
    fn what_is_written_is_meant() {
        let args = [
            "--name",
            "{host}-a",
            "--slots",
            "auto",
            "--coordinators",
            "http://a:1 , http://b:2/",
            "--insecure",
        ];
        let config = load(
            &args,
            &[
                DATABASE,
                (
                    "XMLX_SOURCE_DATABASE",
                    "Server=r;Database=d;User Id=u;Password=p;ApplicationIntent=ReadOnly",
                ),
            ],
        );
        let config = config.expect("valid");
        assert_eq!(config.coordinators, ["http://a:1", "http://b:2"]);
        assert!(config.name.ends_with("-a") && !config.name.contains("{host}"), "{}", config.name);
        assert!(config.slots >= 1 && config.group_bytes == 4 << 20);
        assert_eq!(
            config.source_database.expect("given").reveal(),
            "Server=r;Database=d;User Id=u;Password=p;ApplicationIntent=ReadOnly"
        );
        let read_only = [(
            "XMLX_DATABASE",
            "Server=r;Database=d;User Id=u;Password=p;ApplicationIntent=ReadOnly",
        )];
        let refused = load(&[], &read_only).expect_err("nothing can be written there");
        assert!(refused.contains("XMLX_DATABASE: ") && refused.contains("ReadOnly"), "{refused}");
    }
}

//! Settings: defaults < file < environment < flags.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use serde::Deserialize;
use xmlx_proto::Release;
use xmlx_runtime::{
    Found, LogFormat, NAME_UNITS_MAX, Secret, connection_setting, coordinator_urls,
    duration_setting, name_problem, parse_size, read_settings,
};
use xmlx_store::{Access, check_connection};

use crate::test_hooks::TestHooks;

/// Rows of one table in one commit. SQL Server locks a table whole at about 5,000 row locks of one statement, and
/// each row takes one for every index: this leaves room for four.
const ROWS_MAX: u32 = 1_000;

/// What is written on the command line, in the environment or in the file.
#[derive(Clone, Debug, Default, clap::Parser, Deserialize)]
#[command(name = "xmlx-worker", version, about = "Extracts applications and commits their rows")]
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
    /// Connection string of a copy of the database that documents are read from, such as a readable secondary
    /// [env: XMLX_SOURCE_DATABASE]
    #[arg(long)]
    source_database: Option<Secret>,
    /// File that holds it [env: XMLX_SOURCE_DATABASE_FILE]
    #[arg(long)]
    source_database_file: Option<PathBuf>,
    /// URLs of the coordinators, separated by commas [default: http://127.0.0.1:7400]
    #[arg(long, env = "XMLX_COORDINATORS", value_delimiter = ',')]
    coordinators: Option<Vec<String>>,
    /// Name shown to operators [default: host name and process id]
    #[arg(long, env = "XMLX_WORKER_NAME")]
    name: Option<String>,
    /// Ranges worked on at once [default: number of processors]
    #[arg(long, env = "XMLX_SLOTS")]
    slots: Option<u32>,
    /// Most applications in one commit [default: 100]
    #[arg(long)]
    group_apps: Option<u32>,
    /// Most rows of one table in one commit, unless a single application has more [default: 1000]
    #[arg(long)]
    group_rows: Option<u32>,
    /// XML in one commit, about [default: 4MiB]
    #[arg(long)]
    group_bytes: Option<String>,
    /// After a drain began, what is left is released after so long [default: 25s]
    #[arg(long)]
    drain_deadline: Option<String>,
    /// Limits of documents and expressions, separated by commas, such as `depth=300,document_bytes=128MiB`
    #[arg(long, env = "XMLX_LIMITS", value_name = "NAME=VALUE", value_delimiter = ',')]
    limits: Option<Vec<String>>,
    /// How log lines look [default: text]
    #[arg(long, env = "XMLX_LOG_FORMAT")]
    log_format: Option<LogFormat>,
    /// For tests: the process aborts when it meets this application
    #[arg(long, hide = true)]
    #[serde(skip)]
    test_abort_on_app: Option<i64>,
    /// For tests: write the id of each application that is extracted to this file
    #[arg(long, env = "XMLX_TEST_EXTRACTED", hide = true)]
    #[serde(skip)]
    test_extracted: Option<PathBuf>,
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
    /// Connection string of a copy that documents are read from; `None`: from the database itself.
    pub source_database: Option<Secret>,
    /// Where coordinators listen.
    pub coordinators: Vec<String>,
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
        let database_ca = self.database_ca.clone().or_else(|| file.database_ca.clone());
        let (database, source_database) = self.databases(&file)?;
        check(&database, "database", database_ca.as_deref(), Access::ReadWrite)?;
        if let Some(copy) = &source_database {
            check(copy, "source_database", database_ca.as_deref(), Access::ReadOnly)?;
        }
        let found = std::iter::once(&database).chain(&source_database);
        let warnings = found.filter_map(|it| it.warning.clone()).collect();
        let coordinators = self.coordinators.clone().or(file.coordinators);
        let coordinators = coordinators.unwrap_or_else(|| vec!["http://127.0.0.1:7400".to_owned()]);
        let coordinators = coordinator_urls(&coordinators)?;
        let group_bytes = self.group_bytes.as_ref().or(file.group_bytes.as_ref());
        let group_bytes = group_bytes.map_or("4MiB", String::as_str);
        let slots = self.slots.or(file.slots).unwrap_or_else(processors);
        let group_apps = self.group_apps.or(file.group_apps).unwrap_or(100);
        anyhow::ensure!((1..=1024).contains(&slots), "`slots` must be between 1 and 1024");
        anyhow::ensure!(
            (1..=10_000).contains(&group_apps),
            "`group_apps` must be between 1 and 10000"
        );
        let group_rows = self.group_rows.or(file.group_rows).unwrap_or(ROWS_MAX);
        anyhow::ensure!(group_rows > 0, "`group_rows` must be at least 1");
        let name = self.name.clone().or(file.name).unwrap_or_else(default_name);
        if let Some(problem) = name_problem(&name, NAME_UNITS_MAX) {
            anyhow::bail!("`name` {problem}");
        }
        let limits = self.limits.as_ref().or(file.limits.as_ref()).map_or(&[][..], Vec::as_slice);
        let limits = xmlx_extract::Limits::from_settings(limits)?;
        Ok(Config {
            database: database.secret,
            database_ca,
            source_database: source_database.map(|it| it.secret),
            coordinators,
            name,
            slots,
            group_apps,
            group_rows,
            group_bytes: parse_size(group_bytes)
                .map_err(|err| anyhow::anyhow!("`group_bytes`: {err}"))?,
            drain_deadline: duration_setting(
                "drain_deadline",
                (self.drain_deadline.as_ref(), file.drain_deadline.as_ref()),
                Duration::from_secs(25),
            )?,
            tests: TestHooks {
                abort_on_app: self.test_abort_on_app,
                extracted: self.test_extracted.clone(),
            },
            limits,
            log_format: self.log_format.or(file.log_format).unwrap_or_default(),
            release: if self.test_previous_release { Release::Previous } else { Release::Current },
            warnings,
        })
    }

    fn databases(&self, file: &Self) -> anyhow::Result<(Found, Option<Found>)> {
        let database = connection_setting(
            "database",
            (self.database.as_ref(), self.database_file.as_deref()),
            (file.database.as_ref(), file.database_file.as_deref()),
        )?;
        let copy = connection_setting(
            "source_database",
            (self.source_database.as_ref(), self.source_database_file.as_deref()),
            (file.source_database.as_ref(), file.source_database_file.as_deref()),
        )?;
        let database = database.context(
            "no database: set `--database-file` or XMLX_DATABASE to an ADO.NET connection string",
        )?;
        Ok((database, copy))
    }
}

fn check(
    found: &Found,
    setting: &'static str,
    ca: Option<&Path>,
    access: Access,
) -> anyhow::Result<()> {
    check_connection(found.secret.reveal(), ca, access).with_context(|| format!("`{setting}`"))
}

fn processors() -> u32 {
    std::thread::available_parallelism().map_or(2, |it| u32::try_from(it.get()).unwrap_or(2))
}

fn default_name() -> String {
    format!("{}-{}", xmlx_runtime::host_name(), std::process::id())
}

//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use xmlx_extract::Limits;
use xmlx_runtime::{Secret, coordinator_url};
use xmlx_store::{Limit, NoLimit};

use crate::output::Format;

/// Loads applications stored as XML in SQL Server into relational tables, exactly once.
///
/// Exit codes: 0 yes, 1 the answer is no, 2 error, 64 wrong usage.
#[derive(Debug, Parser)]
#[command(name = "xmlx-client", version)]
pub struct Cli {
    /// URLs of the coordinators, separated by commas
    #[arg(
        long,
        global = true,
        env = "XMLX_COORDINATORS",
        value_delimiter = ',',
        value_parser = coordinator_url,
        default_value = "http://127.0.0.1:7400"
    )]
    pub(crate) coordinators: Vec<String>,
    /// How data is printed
    #[arg(short, long, global = true, value_enum, default_value = "table")]
    pub(crate) output: Format,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show leader, workers and jobs
    Status {
        /// Go on showing them until interrupted
        #[arg(short, long)]
        watch: bool,
    },
    /// Submit a job
    Submit(Submit),
    /// List jobs, the newest first
    Jobs {
        /// At most so many; 0: all
        #[arg(long, default_value_t = 0)]
        limit: u64,
    },
    /// List the ranges of a job
    Ranges {
        job: i64,
        /// At most so many; 0: all
        #[arg(long, default_value_t = 0)]
        limit: u64,
    },
    /// List workers
    Workers,
    /// Stop a job for the time being; once this returns, nothing more is committed
    Pause { job: i64 },
    /// Let a paused job go on
    Resume { job: i64 },
    /// End a job; once this returns, nothing more is committed
    Cancel { job: i64 },
    /// Let a worker finish the group in hand, give the rest back and end
    Drain {
        /// Its name or session id, as `workers` shows them
        worker: String,
    },
    /// Limit the commits that the whole cluster has under way
    Throttle(Throttle),
    /// Take jobs that ended long ago, and what belongs to them, out of the control tables
    Prune {
        /// Since they ended, such as `90d`
        #[arg(long, value_parser = xmlx_runtime::parse_duration)]
        older_than: std::time::Duration,
        /// Only say what would go
        #[arg(long)]
        dry_run: bool,
    },
    /// Show the failed applications of a job
    Failures {
        job: i64,
        /// At most so many, the latest first; 0: all
        #[arg(long, default_value_t = 100)]
        limit: u64,
    },
    /// Show what was changed, cut or left out of applications that succeeded, by column and kind
    Warnings {
        job: i64,
        /// Of this column alone, or of all columns of a table
        #[arg(long, value_name = "TABLE.COLUMN")]
        column: Option<String>,
    },
    /// Submit a job over the applications whose latest row in processing_log is `failed`
    Retry(Submit),
    /// Check a job against the tables: nothing lost, nothing repeated, rows and log agree
    Verify {
        job: i64,
        /// Also replay the history of its ranges: one owner at a time, no gap, no step back
        #[arg(long)]
        history: bool,
    },
    /// Create the control tables
    Init {
        #[command(flatten)]
        database: Database,
        /// Print the T-SQL instead of running it
        #[arg(long)]
        print: bool,
    },
    /// Print the T-SQL of the target tables that a contract asks for, or what a contract looks like
    Schema {
        #[arg(required_unless_present = "contract_format")]
        contract: Option<PathBuf>,
        /// The contract format as a JSON Schema, for editors and other tools
        #[arg(long, conflicts_with = "contract")]
        contract_format: bool,
    },
    /// Print the T-SQL that grants coordinators, workers and readers what they need and no more
    Grants {
        /// With the contract's tables
        #[arg(long)]
        contract: Option<PathBuf>,
    },
    /// Check a contract against the database, or several that share a job
    Check {
        #[arg(required = true)]
        contract: Vec<PathBuf>,
        /// And whether the login of the connection string has the permissions of this role
        #[arg(long, value_enum)]
        role: Option<RoleName>,
        #[command(flatten)]
        database: Database,
        #[command(flatten)]
        limits: DocumentLimits,
    },
    /// Load XML files into the contract's source table; ids that are there already are left alone
    Load {
        /// Folder of *.xml files; a file named 123.xml becomes app_id 123, others take the id in the document
        dir: PathBuf,
        #[arg(long)]
        contract: PathBuf,
        #[command(flatten)]
        database: Database,
        #[command(flatten)]
        limits: DocumentLimits,
    },
    /// Show the rows that XML files become, without a database
    Map {
        /// The mapping contract; several of them for documents of several product lines
        #[arg(long, required = true)]
        contract: Vec<PathBuf>,
        #[arg(required = true)]
        files: Vec<PathBuf>,
        #[command(flatten)]
        limits: DocumentLimits,
    },
    /// Measure how fast this machine turns XML files into rows, without a database
    Bench {
        /// Folder of *.xml files, the more like the real ones the better
        dir: PathBuf,
        #[arg(long)]
        contract: PathBuf,
        /// Documents read at once
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1024))]
        threads: u32,
        /// How long to measure, after each document has been read once
        #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=3600))]
        seconds: u32,
        #[command(flatten)]
        limits: DocumentLimits,
    },
    /// In the program `xmlx-dev` of the source tree
    #[command(hide = true, disable_help_flag = true)]
    Demo {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
        rest: Vec<OsString>,
    },
    /// In the program `xmlx-dev` of the source tree
    #[command(hide = true, disable_help_flag = true)]
    Up {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
        rest: Vec<OsString>,
    },
    /// Print a completion script
    Completions { shell: clap_complete::Shell },
}

/// The roles of `grants`.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum RoleName {
    Coordinator,
    Worker,
    Reader,
}

#[derive(Args, Debug)]
pub(crate) struct Database {
    /// ADO.NET connection string [env: XMLX_DATABASE]
    #[arg(long)]
    pub(crate) database: Option<Secret>,
    /// File that holds the connection string, so that no password is seen in `ps` or the environment
    /// [env: XMLX_DATABASE_FILE]
    #[arg(long)]
    pub(crate) database_file: Option<PathBuf>,
    /// File of CA certificates for the database's TLS, beside those of the system
    #[arg(long, env = "XMLX_DATABASE_CA")]
    pub(crate) database_ca: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct DocumentLimits {
    /// Limits of documents and expressions, separated by commas, such as `depth=300,document_bytes=128MiB`
    #[arg(long, env = "XMLX_LIMITS", value_name = "NAME=VALUE", value_delimiter = ',')]
    limits: Vec<String>,
}

impl DocumentLimits {
    /// The defaults and what is set over them.
    pub(crate) fn limits(&self) -> anyhow::Result<Limits> {
        Ok(Limits::from_settings(&self.limits)?)
    }
}

#[derive(Args, Clone, Debug)]
#[group(required = true, multiple = false)]
pub(crate) struct Throttle {
    /// At most so many at once, shared out among the workers; each has one at least
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) commits: Option<u32>,
    /// What the coordinators are configured with again
    #[arg(long)]
    pub(crate) off: bool,
}

/// A limit of failures or warnings, as a coordinator reads it.
fn limit(given: &str) -> Result<String, NoLimit> {
    given.parse::<Limit>().map(|it| it.to_string())
}

#[derive(Args, Clone, Debug)]
pub(crate) struct Submit {
    /// The mapping contract; several of them for several product lines in one job
    #[arg(long, required = true)]
    pub(crate) contract: Vec<PathBuf>,
    /// For people; by default the contract's file name
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// First app_id
    #[arg(long, allow_negative_numbers = true)]
    pub(crate) from: Option<i64>,
    /// Last app_id
    #[arg(long, allow_negative_numbers = true)]
    pub(crate) to: Option<i64>,
    /// At most so many applications
    #[arg(long)]
    pub(crate) limit: Option<i64>,
    /// The higher, the sooner it is served; jobs of one priority share the workers
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    pub(crate) priority: i32,
    /// Pause once more applications have failed: a number, or a share of those that are decided, once 100 are
    /// [default: 50%; 100%: any number may fail]
    #[arg(long, value_name = "N|P%", value_parser = limit)]
    pub(crate) max_failures: Option<String>,
    /// Pause once more applications have warnings, see `warnings` [default: any number may]
    #[arg(long, value_name = "N|P%", value_parser = limit)]
    pub(crate) max_warnings: Option<String>,
    /// Go on with applications that come later
    #[arg(long, conflicts_with_all = ["limit", "to", "wait"])]
    pub(crate) follow: bool,
    /// Wait until the job ends, and say meanwhile what holds it up; with `--wait=until-paused` also end once it is paused.
    /// Exit code 0: it is done, and at least one application succeeded or none had to be tried; 1: anything else
    #[arg(
        long,
        value_enum,
        value_name = "UNTIL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "until-ended"
    )]
    pub(crate) wait: Option<Wait>,
}

/// What `submit --wait` waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Wait {
    /// The job is done, failed or cancelled.
    UntilEnded,
    /// The same, or it is paused and goes on only when somebody resumes it.
    UntilPaused,
}

//! The command line: every command, its arguments, and what `--help` says of them.

mod settings;
mod submit;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use xmlx_runtime::{ConfigFlags, DatabaseSettings, DocumentSettings, coordinator_url};

use crate::commands::contract::Contract;
use crate::output::Format;

pub use settings::Config;
pub(crate) use submit::{Submit, Wait};

/// Loads applications stored as XML in SQL Server into relational tables, exactly once
///
/// This program submits jobs, watches them and steers them; coordinators and workers do the work.
/// Most commands ask a coordinator; `init`, `check` and `load` go to the database themselves, and `map`, `bench`,
/// `schema`, `grants` and `init --print` need neither.
///
/// Data goes to standard output and everything else to standard error. Every command may safely be repeated.
///
/// Exit codes: 0 yes, 1 the command worked and the answer is no, 2 an error, 64 wrong usage or settings.
#[derive(Debug, Parser)]
#[command(name = "xmlx-client", version, next_help_heading = "Settings")]
pub struct Cli {
    /// How data is printed: `table` for people, `json` for programs
    #[arg(short, long, global = true, value_enum, default_value = "table")]
    pub(crate) output: Format,
    #[command(flatten)]
    flags: ConfigFlags,
    /// URLs of the coordinators, separated by commas
    ///
    /// Name all of them: they are asked one after the other, and one that does not answer is passed over.
    #[arg(
        long,
        global = true,
        env = "XMLX_COORDINATORS",
        value_name = "URL",
        value_delimiter = ',',
        value_parser = coordinator_url,
        default_value = "http://127.0.0.1:7400"
    )]
    coordinators: Vec<String>,
    #[command(flatten)]
    database: DatabaseSettings,
    #[command(flatten)]
    documents: DocumentSettings,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// At most so many of a list.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct ListLimit {
    /// Print at most N of them; 0: all
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) limit: u64,
}

#[derive(Debug, Subcommand)]
#[command(subcommand_help_heading = "Commands", next_help_heading = "Options")]
pub(crate) enum Command {
    /// Show the leader, the workers and the jobs
    ///
    /// Of the jobs that have ended the latest 20 are shown; `jobs` lists all. What is not known is shown as `?`:
    /// a standby that answers while the leader does not hears of no worker.
    ///
    /// Example: xmlx-client status --watch
    Status {
        /// Show it anew every second, until interrupted
        #[arg(short, long)]
        watch: bool,
    },
    /// Submit a job: load every application that has no row in processing_log
    ///
    /// Prints the job. With `--wait`, exit code 1 says that it did not end well: see there.
    /// The same request again finds the job it made, where the first answer was lost on its way.
    ///
    /// Example: xmlx-client submit --contract card.json --limit 10 --wait
    Submit(Submit),
    /// List jobs, the newest first
    ///
    /// Example: xmlx-client jobs --limit 20
    Jobs(ListLimit),
    /// List the ranges of a job: which applications, in whose hands, and how far
    ///
    /// Example: xmlx-client ranges 7
    Ranges {
        /// The job's number, as `jobs` shows it
        job: i64,
        #[command(flatten)]
        most: ListLimit,
    },
    /// List the workers, with what each is doing
    ///
    /// Example: xmlx-client workers -o json
    Workers,
    /// Pause a job
    ///
    /// Once this returns, nothing more of the job is committed. `resume` lets it continue.
    /// Prints `accepted`, or `already so`.
    ///
    /// Example: xmlx-client pause 7
    Pause {
        /// The job's number, as `jobs` shows it
        job: i64,
    },
    /// Let a paused job continue
    ///
    /// Prints `accepted`, or `already so`.
    ///
    /// Example: xmlx-client resume 7
    Resume {
        /// The job's number, as `jobs` shows it
        job: i64,
    },
    /// Cancel a job
    ///
    /// Once this returns, nothing more of the job is committed. It cannot be resumed; what it has loaded stays, and
    /// a new job takes the rest. Prints `accepted`, or `already so`.
    ///
    /// Example: xmlx-client cancel 7
    Cancel {
        /// The job's number, as `jobs` shows it
        job: i64,
    },
    /// Stop a worker without repeating any of its work
    ///
    /// It commits what it has in hand, gives the rest back to be done by others, and ends with exit code 0.
    /// Prints `accepted`, or `already so`.
    ///
    /// Example: xmlx-client drain host3-4711
    Drain {
        /// Its name, or its session where several workers have that name, as `workers` shows them
        worker: String,
    },
    /// Limit how many commits the whole cluster has under way at once
    ///
    /// It holds until the leader changes; the coordinators' setting `commits_max` lasts. Prints `accepted`, or
    /// `already so`.
    ///
    /// Example: xmlx-client throttle --commits 8
    Throttle(Throttle),
    /// Delete the records of jobs that ended long ago from the control tables
    ///
    /// The loaded rows and processing_log stay. Prints how many records were deleted.
    ///
    /// Example: xmlx-client prune --older-than 90d --dry-run
    Prune {
        /// How long ago a job must have ended, such as `90d`
        #[arg(long, value_name = "DURATION", value_parser = xmlx_runtime::parse_duration)]
        older_than: Duration,
        /// Print what would be deleted, and delete nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// List the failed applications of a job, each with its stage and reason, the latest first
    ///
    /// Example: xmlx-client failures 7 --limit 0
    Failures {
        /// The job's number, as `jobs` shows it
        job: i64,
        /// Print at most N of them; 0: all
        #[arg(long, value_name = "N", default_value_t = 100)]
        limit: u64,
    },
    /// Count what was changed, cut or left out of applications that succeeded, by column and kind
    ///
    /// Example: xmlx-client warnings 7 --column card.limit
    Warnings {
        /// The job's number, as `jobs` shows it
        job: i64,
        /// Count only this column, or all columns of this table
        #[arg(long, value_name = "TABLE[.COLUMN]")]
        column: Option<String>,
    },
    /// Submit a job that loads the failed applications again
    ///
    /// It takes those whose latest row in processing_log is `failed`. Prints the job.
    ///
    /// Example: xmlx-client retry --contract card.json --wait
    Retry(Submit),
    /// Check a job against the tables: nothing lost, nothing repeated, rows and log agree
    ///
    /// It reads the target tables and may take long. Prints each check; exit code 1 where one does not hold, or
    /// where the job is not done yet.
    ///
    /// Example: xmlx-client verify 7 --history
    Verify {
        /// The job's number, as `jobs` shows it
        job: i64,
        /// Also check the history of its ranges: one owner at a time, no gap, no step back
        #[arg(long)]
        history: bool,
    },
    /// Create, upgrade or repair the control tables (schema xmlx)
    ///
    /// It needs a connection string of a login that may create tables. Prints `created`, `brought up`, or
    /// `already so`; exit code 1 where the tables are too new for this program.
    ///
    /// Example: xmlx-client init --database-file ~/.xmlx
    Init {
        /// Print the T-SQL instead of running it, without connecting to the database
        #[arg(long)]
        print: bool,
    },
    /// Write a first contract from samples, convert one of format 1, or print the format of contracts
    #[command(subcommand)]
    Contract(Contract),
    /// Print the T-SQL of the target tables that a contract asks for, or the format of contracts
    ///
    /// Example: xmlx-client schema card.json
    Schema {
        /// The mapping contract
        #[arg(required_unless_present = "contract_format")]
        contract: Option<PathBuf>,
        /// Print the format of contracts as a JSON Schema, for editors and other tools
        #[arg(long, conflicts_with = "contract")]
        contract_format: bool,
    },
    /// Print the T-SQL that grants coordinators, workers and readers what they need and no more
    ///
    /// Example: xmlx-client grants --contract card.json
    Grants {
        /// The mapping contract whose tables workers may write to; not given: the control tables alone
        #[arg(long, value_name = "FILE")]
        contract: Option<PathBuf>,
    },
    /// Check a contract against the database
    ///
    /// It needs a connection string, and reads the catalog alone. Prints everything that does not fit; exit code 1
    /// where something does not.
    ///
    /// Example: xmlx-client check card.json --role worker
    Check {
        /// The mapping contract; several of them where they share a job
        #[arg(required = true)]
        contract: Vec<PathBuf>,
        /// Also check that the login of the connection string has the permissions of this role
        #[arg(long, value_enum)]
        role: Option<RoleName>,
    },
    /// Load XML files into the contract's source table
    ///
    /// It needs a connection string. Applications that are in the table already are left alone. Prints how many files
    /// were loaded; exit code 1 where a file was left out.
    ///
    /// Example: xmlx-client load some/ --contract card.json
    Load {
        /// Folder of *.xml files; a file named 123.xml becomes app_id 123, others take the id in the document
        dir: PathBuf,
        /// The mapping contract
        #[arg(long, value_name = "FILE")]
        contract: PathBuf,
    },
    /// Print the rows that XML files become, without a database
    ///
    /// Exit code 1 where a file cannot be turned into rows.
    ///
    /// Example: xmlx-client map --contract card.json -o json 123.xml
    Map {
        /// The mapping contract; several of them for documents of several product lines
        #[arg(long, required = true, value_name = "FILE")]
        contract: Vec<PathBuf>,
        /// The application's id, where the contract takes it from the source row; else it is the file's name
        #[arg(long, value_name = "ID")]
        app_id: Option<i64>,
        /// A script with the CREATE TABLE statements of the target: types that the contract leaves to the database
        #[arg(long, value_name = "FILE")]
        ddl: Option<PathBuf>,
        /// XML files
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Measure how fast this machine turns XML files into rows, without a database
    ///
    /// Example: xmlx-client bench some/ --contract card.json --threads 4
    Bench {
        /// Folder of *.xml files; the more they are like the real ones, the better
        dir: PathBuf,
        /// The mapping contract
        #[arg(long, value_name = "FILE")]
        contract: PathBuf,
        /// Documents read at once
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1024))]
        threads: u32,
        /// How many seconds to measure, after each document has been read once
        #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=3600))]
        seconds: u32,
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
    /// Print a completion script for a shell
    ///
    /// Example: xmlx-client completions bash > ~/.local/share/bash-completion/completions/xmlx-client
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// The roles of `grants`.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum RoleName {
    Coordinator,
    Worker,
    Reader,
}

#[derive(Args, Clone, Debug)]
#[group(required = true, multiple = false)]
pub(crate) struct Throttle {
    /// At most N commits at once, shared out among the workers; each worker may always have one
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) commits: Option<u32>,
    /// Go back to what the coordinators' settings say
    #[arg(long)]
    pub(crate) off: bool,
}

#[cfg(test)]
mod tests;

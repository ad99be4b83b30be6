//! The command line: every command, its arguments, and what `--help` says of them.

mod failures;
mod retry;
mod settings;
mod submit;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use xmlx_runtime::{ConfigFlags, DatabaseSettings, DocumentSettings, Secret, coordinator_url};
use xmlx_tls::{CoordinatorNames, TlsSettings};

use crate::commands::ca::Ca;
use crate::commands::contract::Contract;
use crate::commands::coverage::Coverage;
use crate::commands::diff::Diff;
use crate::commands::explain::Explain;
use crate::commands::reconcile::Reconcile;
use crate::commands::token::Token;
use crate::output::Format;

pub(crate) use failures::{FailureFilter, Failures};
pub(crate) use retry::Retry;
pub use settings::Config;
pub(crate) use submit::{JobArgs, Submit, Wait, sample};

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
    tls: TlsSettings,
    #[command(flatten)]
    coordinator_names: CoordinatorNames,
    /// Token that proves who calls, in place of a certificate
    ///
    /// `xmlx-client token create` makes one. It is sent to coordinators that have proved who they are, and to this host.
    #[arg(long, global = true, env = "XMLX_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    token: Option<Secret>,
    /// File that holds the token
    #[arg(long, global = true, env = "XMLX_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<PathBuf>,
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
    /// List what became of one application, each time: job, contract, worker, range, epoch and reason, the latest first
    ///
    /// It reads processing_log; rows of other tools are listed, too. Exit code 1 where there is no row.
    ///
    /// Example: xmlx-client runs 1204
    Runs {
        /// The application's id
        #[arg(value_name = "APP_ID", allow_negative_numbers = true)]
        app: i64,
        /// A job whose contract has the log in its schema; not given: the newest job
        #[arg(long)]
        job: Option<i64>,
        #[command(flatten)]
        most: ListLimit,
    },
    /// Explain how an application becomes rows: element and line, each step, what is left out and why, who wrote it
    ///
    /// A coordinator reads its document again, by the contract of the job that decided it last. With `--contract` it is a
    /// file, and no cluster is asked. Prints names, places and steps; values only with `--values` on a terminal.
    /// Exit code 1 where the document gives no rows.
    ///
    /// Example: xmlx-client explain 1204 card.limit
    Explain(Explain),
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
    /// With `--groups` they are counted by stage, column and reason; reasons that differ in numbers or quoted texts
    /// alone are one, unless what is quoted is a table or column of the contract.
    ///
    /// Example: xmlx-client failures 7 --stage mapping --column loan.amount --limit 0
    Failures(Failures),
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
    /// Show what stands out in what a job has written: all NULL, all default, one value only, unlike another job
    ///
    /// Counts come from the commits themselves; no table is read and no value shown. Exit code 1 where something stands
    /// out. JSON has each finding, and with `--all` each table and column.
    ///
    /// Example: xmlx-client quality 7 --against 6
    Quality {
        /// The job's number, as `jobs` shows it
        job: i64,
        /// Also show where it differs from this job
        #[arg(long, value_name = "JOB")]
        against: Option<i64>,
        /// Also show every table and column
        #[arg(long)]
        all: bool,
    },
    /// Print what a load would do, as a rehearsal (`submit --dry-run`) has found it
    ///
    /// Exit code 1 where it would not take every application, or not everything has been read.
    ///
    /// Example: xmlx-client rehearsal 4 -o json
    Rehearsal {
        /// The job's number, as `jobs` shows it
        job: i64,
    },
    /// Submit a job that loads the failed applications again
    ///
    /// It takes those whose latest row in processing_log is `failed`: all of them by the contract, or with a job those
    /// that failed in it, by stage, reason, column or application. With a job it first says how many that are and why they
    /// failed, and asks; where there is nobody to ask, `--yes` submits, and without it nothing is submitted and the exit
    /// code is 1. Prints the job.
    ///
    /// Example: xmlx-client retry 7 --stage mapping --column loan.amount --contract card.json --yes
    Retry(Retry),
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
    /// Compare the rows of a job with its documents, row by row and cell by cell
    ///
    /// A job of its own maps the documents again and compares them as the database would store them; it writes no row.
    /// Takes the applications whose latest row in processing_log is `success`. Prints counts and ids, never a value;
    /// exit code 1 where something differs.
    ///
    /// Example: xmlx-client reconcile 7 --report job7.html
    Reconcile(Reconcile),
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
    /// Make, list and revoke tokens, which prove who calls in place of a certificate
    #[command(subcommand)]
    Token(Token),
    /// Show who did what: every change that somebody asked for, and what was denied
    ///
    /// With `-o json` one entry a line. `--verify` checks that no entry was changed and none is missing; exit code 1
    /// where it finds one.
    ///
    /// Example: xmlx-client audit --since 7d
    Audit {
        /// Only what is no older than this
        #[arg(long, value_name = "DURATION", value_parser = xmlx_runtime::positive_duration)]
        since: Option<Duration>,
        /// Check the whole record instead of printing it
        #[arg(long, conflicts_with = "since")]
        verify: bool,
    },
    /// Make certificates for the programs of a cluster, offline
    #[command(subcommand)]
    Ca(Ca),
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
        /// Workers may also delete rows of the contract's tables, as `submit --replace` needs it; run it for the contract
        /// that wrote the applications, too, where that has other tables
        #[arg(long, requires = "contract")]
        replace: bool,
    },
    /// Try on the server what is assumed of it, and measure how fast it commits
    ///
    /// It needs a connection string with the rights of `init`. Everything happens in a schema `xmlx_doctor`, which it
    /// makes and drops; no table of yours is read, and the report holds no value of one.
    /// Exit code 1 where something is not as expected.
    ///
    /// Example: xmlx-client doctor -o json
    Doctor,
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
    /// It needs a connection string. Applications that are in the table already are left alone, unless `--replace` is
    /// given. Prints how many files were loaded; exit code 1 where a file was left out.
    ///
    /// Example: xmlx-client load some/ --contract card.json
    Load {
        /// Folder of *.xml files; a file named 123.xml becomes app_id 123, others take the id in the document
        dir: PathBuf,
        /// The mapping contract
        #[arg(long, value_name = "FILE")]
        contract: PathBuf,
        /// Put changed documents in the place of those in the table
        ///
        /// Applications that are decided keep the rows of their old documents; their ids are listed, with the command that
        /// writes them again.
        #[arg(long)]
        replace: bool,
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
    /// Compare documents with a contract: what nobody reads, and what the contract reads that never occurs
    ///
    /// Lists first what needs attention: paths that nobody reads, mappings that never matched, columns without a value.
    /// Paths that are left out on purpose are named in the contract (`ignore`). Prints names and counts, never a value.
    ///
    /// The number of a job in the place of files: a job of its own reads all documents of that job's scope in the cluster,
    /// decided or not, by the same contract, and writes no row; a rehearsal has counted them already.
    ///
    /// Example: xmlx-client coverage some/ --contract card.json --fail-on unread
    Coverage(Coverage),
    /// Show what a change of the contract does to documents: by column, how many applications change
    ///
    /// Maps each document by both contracts and compares the rows. Prints ids and counts; values only with `--values` on
    /// a terminal. Exit code 1 where something changes.
    ///
    /// `diff JOB --contract new.json` compares the contract of a job with a new one: a job of its own maps all documents of
    /// that job's scope by both in the cluster, decided or not, and writes no row. `diff` with its number prints what it
    /// found again.
    ///
    /// Example: xmlx-client diff old.json new.json some/
    Diff(Diff),
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

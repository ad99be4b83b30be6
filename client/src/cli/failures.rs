//! The arguments of `failures`, and which failures `retry` takes.

use std::path::PathBuf;

use clap::Args;

#[derive(Args, Clone, Debug)]
pub(crate) struct Failures {
    /// The job's number, as `jobs` shows it
    pub(crate) job: i64,
    /// Print at most N of them; 0: all
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(crate) limit: u64,
    #[command(flatten)]
    pub(crate) filter: FailureFilter,
    /// Count them by stage, column and reason, the most frequent first
    #[arg(long, conflicts_with_all = ["limit", "export"])]
    pub(crate) groups: bool,
    /// Write all of them to a file that ends in `.csv` or `.jsonl`, instead of printing some
    #[arg(long, value_name = "FILE", conflicts_with = "limit")]
    pub(crate) export: Option<PathBuf>,
}

/// Which failures of a job.
#[derive(Args, Clone, Debug)]
pub(crate) struct FailureFilter {
    /// Only those of this stage: validation, parsing, mapping, constraint, database or poison
    #[arg(long, requires = "job")]
    pub(crate) stage: Option<String>,
    /// Only those whose reason has this in it, as the list or as `--groups` shows it
    #[arg(long, requires = "job", value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// Only those about this column, or about any column of this table
    #[arg(long, requires = "job", value_name = "TABLE[.COLUMN]")]
    pub(crate) column: Option<String>,
    /// Only this application
    #[arg(long, requires = "job", value_name = "APP_ID", allow_negative_numbers = true)]
    pub(crate) app: Option<i64>,
}

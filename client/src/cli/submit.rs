//! The arguments of `submit`, and of every command that submits.

use std::path::PathBuf;

use clap::Args;
use xmlx_domain::{NoSample, Sample};
use xmlx_store::{Limit, NoLimit, NoThreshold, Threshold};

#[derive(Args, Clone, Debug)]
pub(crate) struct Submit {
    /// The mapping contract; several of them for several product lines in one job
    #[arg(long, required = true, value_name = "FILE")]
    pub(crate) contract: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) args: JobArgs,
}

/// What a job is to be.
#[derive(Args, Clone, Debug)]
pub(crate) struct JobArgs {
    /// A name for people; not given: the contract's file name
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// The first app_id
    #[arg(long, value_name = "APP_ID", allow_negative_numbers = true)]
    pub(crate) from: Option<i64>,
    /// The last app_id
    #[arg(long, value_name = "APP_ID", allow_negative_numbers = true)]
    pub(crate) to: Option<i64>,
    /// Take at most N applications
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<i64>,
    /// Take this share of the applications, spread evenly over the ids, such as 1% or 0.1%
    ///
    /// The same share takes the same ones each time, and a larger one takes those of a smaller one and others.
    #[arg(long, value_name = "P%", value_parser = sample, conflicts_with = "follow")]
    pub(crate) sample: Option<String>,
    /// Jobs of a higher priority are served first; jobs of the same one share the workers
    #[arg(long, value_name = "N", default_value_t = 0, allow_negative_numbers = true)]
    pub(crate) priority: i32,
    /// Pause the job once more applications than this have failed [default: 50%]
    ///
    /// A number, or a share of the applications that are decided, which counts once 100 are. With `100%` any number may
    /// fail.
    #[arg(long, value_name = "N|P%", value_parser = limit)]
    pub(crate) max_failures: Option<String>,
    /// Pause the job once more applications than this have warnings; not given: any number may
    ///
    /// A number, or a share of the applications that are decided. `warnings` shows what they are.
    #[arg(long, value_name = "N|P%", value_parser = limit)]
    pub(crate) max_warnings: Option<String>,
    /// Rehearse: read and map everything, and write nothing to the target tables and to processing_log
    ///
    /// The job reports what a load would do.
    #[arg(long, conflicts_with = "follow")]
    pub(crate) dry_run: bool,
    /// Pause the job once a column has more of something; may be given several times
    ///
    /// MEASURE is null, default, unreadable, cut or unknown_code; MOST a number of rows, or a share of the column's rows,
    /// which counts once there are 100. `quality` shows what columns have. Example: null:loan.amount=5%
    #[arg(long, value_name = "MEASURE:TABLE.COLUMN=MOST", value_parser = threshold)]
    pub(crate) threshold: Vec<String>,
    /// Never end: load applications that come later, too, until the job is cancelled
    #[arg(long, conflicts_with_all = ["limit", "to", "wait"])]
    pub(crate) follow: bool,
    /// Write applications that are decided again, in the place of the rows that they have
    ///
    /// It takes those that have a row in the log, but for those that this very contract wrote last. One that fails keeps the
    /// rows that it has. Workers need the permissions of `grants --replace`.
    #[arg(long, conflicts_with_all = ["follow", "dry_run"])]
    pub(crate) replace: bool,
    /// With `--replace`: also those that this very contract wrote, for documents that have changed
    #[arg(long, requires = "replace")]
    pub(crate) again: bool,
    /// Wait until the job ends, and report on standard error what delays it
    ///
    /// With `--wait=until-paused` the wait also ends once the job is paused. Exit code 0: the job is done, and at least
    /// one application succeeded or there was none to load; 1: anything else.
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
    /// The job is done, failed or cancelled
    UntilEnded,
    /// The same, or it is paused and continues only when somebody resumes it
    UntilPaused,
}

/// A threshold of a column, as a coordinator reads it.
fn threshold(text: &str) -> Result<String, NoThreshold> {
    text.parse::<Threshold>().map(|threshold| threshold.to_string())
}

/// A share of applications, as a coordinator reads it.
pub(crate) fn sample(text: &str) -> Result<String, NoSample> {
    text.parse::<Sample>().map(|sample| sample.to_string())
}

/// A limit of failures or warnings, as a coordinator reads it.
fn limit(text: &str) -> Result<String, NoLimit> {
    text.parse::<Limit>().map(|limit| limit.to_string())
}

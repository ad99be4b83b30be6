//! The arguments of `retry`.

use std::path::PathBuf;

use clap::Args;

use super::{FailureFilter, JobArgs};

#[derive(Args, Clone, Debug)]
pub(crate) struct Retry {
    /// Only what failed in this job; not given: everything that failed, by the contract
    pub(crate) job: Option<i64>,
    /// The mapping contract; several of them for several product lines in one job; not given: that of the job
    #[arg(long, required_unless_present = "job", value_name = "FILE")]
    pub(crate) contract: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) filter: FailureFilter,
    /// With a job: submit without asking
    #[arg(short, long, requires = "job")]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) args: JobArgs,
}

//! `coverage`: what of the documents the contract reads, and what of the contract the documents have.

pub(crate) mod of_job;
mod report;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use clap::ValueEnum;
use xmlx_extract::{ColumnCounter, Inventory, PATHS_MAX, Plan, text_of};
use xmlx_proto::v1 as pb;

use super::contract::sample_files;
use super::{inspect, submit};
use crate::cli::Wait;
use crate::cluster::Cluster;
use crate::output::{self, Answer, Format};
pub(crate) use report::Report;
use report::{Found, NoRows};

/// Documents between two lines that say how far the reading is.
const DOCUMENTS_PER_LINE: usize = 10_000;

#[derive(Debug, clap::Args)]
pub(crate) struct Coverage {
    /// The mapping contract; several of them for documents of several product lines. Not of a job, which has one
    #[arg(long, value_name = "FILE")]
    pub(crate) contract: Vec<PathBuf>,
    /// A script with the CREATE TABLE statements of the target: types that the contract leaves to the database
    #[arg(long, value_name = "FILE", requires = "contract")]
    pub(crate) ddl: Option<PathBuf>,
    /// Exit code 1 where something is found: paths that nobody reads, or mappings that never matched
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    fail_on: Vec<FailOn>,
    /// Also list every path that is read, and every column
    #[arg(long)]
    all: bool,
    /// Of a job: the first app_id; not given: that of the job
    #[arg(long, value_name = "APP_ID", allow_negative_numbers = true, conflicts_with = "contract")]
    from: Option<i64>,
    /// Of a job: the last app_id; not given: that of the job
    #[arg(long, value_name = "APP_ID", allow_negative_numbers = true, conflicts_with = "contract")]
    to: Option<i64>,
    /// Of a job: read at most N applications
    #[arg(long, value_name = "N", conflicts_with = "contract")]
    limit: Option<i64>,
    /// XML files, or folders of *.xml files; or the number of a job, as `jobs` shows it
    #[arg(required = true, value_name = "FILES|JOB")]
    files: Vec<PathBuf>,
}

impl Coverage {
    /// The job that is meant; `None`: files are.
    pub(crate) fn job(&self) -> Option<i64> {
        if !self.contract.is_empty() {
            return None;
        }
        match self.files.as_slice() {
            [job] => job.to_str()?.parse().ok(),
            _ => None,
        }
    }

    fn fails(&self, report: &Report) -> bool {
        self.fail_on.iter().any(|what| match what {
            FailOn::Unread => report.n_unread() > 0,
            FailOn::Unmatched => report.n_never_matched() > 0,
        })
    }
}

/// What makes the answer no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// A path that nobody reads.
    Unread,
    /// A mapping that never matched.
    Unmatched,
}

/// The answer is no where a document could not be read as XML, or where `--fail-on` says so.
pub(crate) fn run(format: Format, plan: &Plan, args: &Coverage) -> anyhow::Result<Answer> {
    let files = sample_files(&args.files)?;
    let mut inventory = Inventory::new();
    let mut columns = ColumnCounter::new(plan);
    let mut without_rows = Vec::new();
    let mut n_unreadable = 0;
    for (at, file) in files.iter().enumerate() {
        if let Err(reason) = add(plan, file, &mut inventory, &mut columns)? {
            n_unreadable += u64::from(matches!(reason, NoRows::File { is_unreadable: true, .. }));
            without_rows.push(reason);
        }
        let n = at + 1;
        if n % DOCUMENTS_PER_LINE == 0 && n < files.len() {
            output::note(&format!("read {n} of {} documents", files.len()));
        }
    }
    let report = Report::new(Found {
        job: None,
        contract: plan.hash().to_owned(),
        coverage: plan.coverage(&inventory),
        columns: columns.columns(),
        n_without_rows: u64::try_from(without_rows.len()).unwrap_or(u64::MAX),
        n_unreadable,
        without_rows,
        listed_max: u64::try_from(PATHS_MAX).unwrap_or(u64::MAX),
    });
    output::verbatim(&report.rendered(format, args.all)?)?;
    Ok(Answer::from(n_unreadable == 0 && !args.fails(&report)))
}

/// The same of the documents of a job, which the cluster reads. Of a job that has counted them, what it counted.
pub(crate) async fn run_job(
    cluster: &Cluster,
    format: Format,
    job_id: i64,
    args: &Coverage,
) -> anyhow::Result<Answer> {
    let meant = inspect::job(cluster, job_id).await?;
    let meant = meant.with_context(|| format!("there is no job {job_id}"))?;
    let job = if meant.covers() {
        meant
    } else {
        let request = pb::SubmitRequest {
            submit_key: uuid::Uuid::new_v4().to_string(),
            mode: pb::JobMode::Cover.into(),
            of_job: Some(job_id),
            from_app_id: args.from,
            to_app_id: args.to,
            limit: args.limit,
            ..pb::SubmitRequest::default()
        };
        let job = submit::submit(cluster, &request).await?.job;
        output::note(&format!("job {} reads the documents of job {job_id}", job.job));
        submit::wait(cluster, job.job, Wait::UntilEnded).await?
    };
    ensure!(job.has_ended(), "job {} has not ended: `xmlx-client status` shows it", job.job);
    let report = of_job::read(cluster, job.job).await?;
    output::verbatim(&report.rendered(format, args.all)?)?;
    if !job.is_done() {
        output::note(&format!("job {} is {}: not everything was read", job.job, job.state_word()));
    }
    Ok(Answer::from(job.is_done() && report.n_unreadable() == 0 && !args.fails(&report)))
}

/// Counts what is in a document and what it becomes; returns why it gives no rows.
fn add(
    plan: &Plan,
    file: &Path,
    inventory: &mut Inventory,
    columns: &mut ColumnCounter,
) -> anyhow::Result<Result<(), NoRows>> {
    let bytes = std::fs::read(file).with_context(|| format!("cannot read `{}`", file.display()))?;
    let no_rows = |reason: String, is_unreadable| {
        Ok(Err(NoRows::File { file: file.display().to_string(), reason, is_unreadable }))
    };
    let text = match text_of(&bytes) {
        Ok(text) => text,
        Err(err) => return no_rows(err.to_string(), true),
    };
    if let Err(reason) = inventory.add(&text, plan.limits()) {
        return no_rows(reason, true);
    }
    // The id only has to be some id, where the document has none.
    let app_id = plan.id_is_of_source().then_some(1);
    match plan.map(&text, app_id) {
        Ok(application) => {
            columns.add(&application);
            Ok(Ok(()))
        }
        Err(rejection) => no_rows(rejection.reason, false),
    }
}

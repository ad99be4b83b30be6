//! `explain`: how a document becomes rows, step by step, and who wrote them.

mod report;
mod wire;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use serde::Serialize;
use xmlx_extract::{Asked, Explanation, Plan, Values};
use xmlx_proto::v1 as pb;

use super::map;
use crate::cluster::{self, Cluster, Patience};
use crate::output::{self, Answer, Format};
use crate::view::Run;

#[derive(Debug, clap::Args)]
pub(crate) struct Explain {
    /// The application's id; with `--contract`, an XML file
    #[arg(value_name = "APP_ID|FILE", allow_negative_numbers = true)]
    what: String,
    /// Only this table or column of the contract
    #[arg(value_name = "TABLE[.COLUMN]")]
    part: Option<String>,
    /// Explain a file by this contract, without a cluster; several of them for several product lines
    #[arg(long, value_name = "FILE")]
    pub(crate) contract: Vec<PathBuf>,
    /// A script with the CREATE TABLE statements of the target: types that the contract leaves to the database
    #[arg(long, value_name = "FILE", requires = "contract")]
    pub(crate) ddl: Option<PathBuf>,
    /// The application's id, where the contract takes it from the source row; else it is the file's name
    #[arg(long, value_name = "ID", requires = "contract")]
    app_id: Option<i64>,
    /// A job whose contract is to explain it; not given: the job that decided it last
    #[arg(long, conflicts_with = "contract")]
    job: Option<i64>,
    /// Also print values; on a terminal alone, and of an application for operators
    #[arg(long)]
    values: bool,
    /// At most N rows of each table, and N left-out elements
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
    limit: u32,
    /// Leave out the first N of each
    #[arg(long, value_name = "N", default_value_t = 0)]
    skip: u32,
}

/// What is printed, in both formats.
#[derive(Debug, Serialize)]
struct Explained {
    /// `None`: an application of the source.
    file: Option<String>,
    /// The job whose contract explains it.
    job: Option<i64>,
    job_name: Option<String>,
    contract_hash: String,
    /// What the log has of it, the latest first.
    runs: Vec<Run>,
    /// There are more than these.
    has_more_runs: bool,
    #[serde(flatten)]
    explanation: Explanation,
}

impl Explain {
    /// Refuses to print values where they could end up in a file.
    fn check(&self) -> anyhow::Result<()> {
        ensure!(
            !self.values || output::is_terminal(),
            "`--values` shows values of applications on a terminal alone; leave it out, or do not redirect the output"
        );
        Ok(())
    }

    fn shows(&self) -> Values {
        if self.values { Values::Shown } else { Values::Hidden }
    }
}

/// Explains a file. The answer is no where it gives no rows.
pub(crate) fn file(format: Format, plan: &Plan, args: &Explain) -> anyhow::Result<Answer> {
    args.check()?;
    let file = Path::new(&args.what);
    let part = args.part.as_deref().map(|part| plan.part(part)).transpose();
    let asked = Asked {
        part: part.map_err(anyhow::Error::msg)?,
        skip: usize::try_from(args.skip)?,
        rows_max: usize::try_from(args.limit)?,
        values: args.shows(),
    };
    let bytes = std::fs::read(file).with_context(|| format!("cannot read `{}`", args.what))?;
    let app_id = args.app_id.or_else(|| map::id_of_name(plan, file));
    Explained {
        file: Some(args.what.clone()),
        job: None,
        job_name: None,
        contract_hash: plan.hash().to_owned(),
        runs: Vec::new(),
        has_more_runs: false,
        explanation: plan.explain_bytes(&bytes, app_id, &asked),
    }
    .print(format, args)
}

/// Explains an application of the source. The answer is no where its document gives no rows.
pub(crate) async fn application(
    cluster: &Cluster,
    format: Format,
    args: &Explain,
) -> anyhow::Result<Answer> {
    args.check()?;
    let app_id: i64 = args.what.parse().ok().with_context(|| {
        let what = &args.what;
        format!("`{what}` is no application's id; to explain a file, name its contract: `--contract FILE`")
    })?;
    let request = pb::ExplainApplicationRequest {
        app_id,
        job_id: args.job,
        part: args.part.clone().unwrap_or_default(),
        skip: args.skip,
        limit: args.limit,
        values: args.values,
    };
    let ask = async |channel| cluster::jobs(channel).explain_application(request.clone()).await;
    let answer = cluster.call(Patience::READING, ask).await?;
    Explained::of(app_id, answer)?.print(format, args)
}

impl Explained {
    fn print(&self, format: Format, args: &Explain) -> anyhow::Result<Answer> {
        let fill = |report: &mut output::Report| self.fill(report, args.skip, args.shows());
        output::verbatim(&output::rendered(format, self, fill)?)?;
        Ok(Answer::from(self.explanation.failure.is_none()))
    }
}

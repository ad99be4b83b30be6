//! `reconcile`: whether the rows of a job say what its documents say.

mod report;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use xmlx_proto::v1 as pb;

use super::submit;
use crate::cli::{Wait, sample};
use crate::cluster::{self, Cluster, Patience};
use crate::output::{self, Answer, Format};
use crate::view::Job;
use report::{Count, Finding, NotCompared, Report};

/// Findings that people are shown; the report has all that the job kept.
const FINDINGS_SHOWN: usize = 20;

#[derive(Debug, clap::Args)]
pub(crate) struct Reconcile {
    /// The number of the job whose rows are compared, as `jobs` shows it; of a reconciliation: its report again
    job: i64,
    /// The first app_id; not given: that of the job
    #[arg(long, value_name = "APP_ID", allow_negative_numbers = true)]
    from: Option<i64>,
    /// The last app_id; not given: that of the job
    #[arg(long, value_name = "APP_ID", allow_negative_numbers = true)]
    to: Option<i64>,
    /// Compare at most N applications
    #[arg(long, value_name = "N")]
    limit: Option<i64>,
    /// Compare this share of the applications of the range, spread evenly over the ids, such as 1% or 0.1%
    #[arg(long, value_name = "P%", value_parser = sample)]
    sample: Option<String>,
    /// Write the report to a file, which must not exist yet: JSON, or a page to print
    #[arg(long, value_name = "FILE.html|.json")]
    report: Option<PathBuf>,
}

/// The answer is no where something differs, or where the job did not end well.
pub(crate) async fn run(
    cluster: &Cluster,
    format: Format,
    args: &Reconcile,
) -> anyhow::Result<Answer> {
    let kind = args.report.as_deref().map(file_kind).transpose()?;
    let compared = super::inspect::job(cluster, args.job).await?;
    let compared = compared.with_context(|| format!("there is no job {}", args.job))?;
    let job = if compared.is_reconciliation() {
        compared
    } else {
        let request = pb::SubmitRequest {
            submit_key: uuid::Uuid::new_v4().to_string(),
            mode: pb::JobMode::Reconcile.into(),
            of_job: Some(args.job),
            from_app_id: args.from,
            to_app_id: args.to,
            limit: args.limit,
            ..pb::SubmitRequest::default()
        };
        let submitted = match &args.sample {
            None => submit::submit(cluster, &request).await?,
            Some(sample) => {
                let part = pb::SubmitPartRequest {
                    submit: Some(request),
                    sample: sample.clone(),
                    ..pb::SubmitPartRequest::default()
                };
                submit::submit_part(cluster, &part).await?
            }
        };
        let job = submitted.job;
        output::note(&format!("job {} compares the rows of job {}", job.job, args.job));
        submit::wait(cluster, job.job, Wait::UntilEnded).await?
    };
    ensure!(job.has_ended(), "job {} has not ended: `xmlx-client status` shows it", job.job);
    let report = read(cluster, &job, args.job).await?;
    if let (Some(path), Some(kind)) = (&args.report, kind) {
        let text = match kind {
            FileKind::Page => report.page(),
            FileKind::Json => serde_json::to_string(&report)?,
        };
        let mut file = std::fs::File::create_new(path)
            .with_context(|| format!("cannot create `{}`", path.display()))?;
        std::io::Write::write_all(&mut file, text.as_bytes())
            .with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    output::verbatim(&rendered(&report, format)?)?;
    Ok(Answer::from(report.holds() && job.is_done()))
}

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FileKind {
    Page,
    Json,
}

fn file_kind(path: &Path) -> anyhow::Result<FileKind> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("html") => Ok(FileKind::Page),
        Some("json") => Ok(FileKind::Json),
        Some(_) | None => {
            bail!("`{}`: a report is a page or JSON; name it *.html or *.json", path.display())
        }
    }
}

/// Reads all of what a reconciliation found.
async fn read(cluster: &Cluster, job: &Job, of_job: i64) -> anyhow::Result<Report> {
    let mut request =
        pb::GetReconciliationRequest { job_id: job.job, ..pb::GetReconciliationRequest::default() };
    let (mut found, mut findings) = (None, Vec::new());
    loop {
        let get = async |channel| cluster::jobs(channel).get_reconciliation(request.clone()).await;
        let page = cluster.call(Patience::READING, get).await?;
        found = found.or(page.reconciliation);
        findings.extend(page.findings);
        if page.next_page_token.is_empty() {
            break;
        }
        ensure!(
            page.next_page_token != request.page_token,
            "the coordinator sends the same page again and again"
        );
        request.page_token = page.next_page_token;
    }
    let found = found.context("the coordinator did not say what was compared")?;
    of_response(job, of_job, found, findings)
}

fn of_response(
    job: &Job,
    of_job: i64,
    found: pb::Reconciliation,
    findings: Vec<pb::Finding>,
) -> anyhow::Result<Report> {
    let given = |text: String| Some(text).filter(|text| !text.is_empty());
    let count = |count: pb::DifferenceCount| Count {
        table: count.table,
        column: given(count.column),
        kind: count.kind,
        differences: count.differences,
    };
    let finding = |finding: pb::Finding| Finding {
        app_id: finding.app_id,
        kind: finding.kind,
        table: finding.table,
        column: given(finding.column),
        reason: given(finding.reason),
    };
    let not_compared =
        |entry: pb::NotCompared| NotCompared { place: entry.place, reason: entry.reason };
    Report {
        v: 0,
        job: of_job,
        reconciliation: job.job,
        name: job.name.clone(),
        sample: job.sample.clone(),
        listed: job.listed,
        part: job.part(),
        contract: found.contract_hash,
        first_app_id: found.first_app_id,
        last_app_id: found.last_app_id,
        applications: found.applications,
        rows: found.rows,
        cells: found.cells,
        rejected: found.rejected,
        differing: found.differing,
        differences: found.differences.into_iter().map(count).collect(),
        findings: findings.into_iter().map(finding).collect(),
        findings_left_out: found.findings_left_out,
        not_compared: found.not_compared.into_iter().map(not_compared).collect(),
        sha256: String::new(),
    }
    .sealed()
}

fn rendered(found: &Report, format: Format) -> anyhow::Result<String> {
    output::rendered(format, found, |report| {
        report.line(&found.summary());
        if let Some(part) = &found.part {
            report.line(part);
        }
        if !found.differences.is_empty() {
            report.line("");
            let header = ["TABLE", "COLUMN", "KIND", "DIFFERENCES"];
            report.table(&header, found.differences.iter().map(Count::row).collect());
        }
        if !found.findings.is_empty() {
            report.line("");
            let header = ["APP_ID", "KIND", "TABLE", "COLUMN", "REASON"];
            let shown = found.findings.iter().take(FINDINGS_SHOWN);
            report.table(&header, shown.map(Finding::row).collect());
            let n_more = found.findings.len().saturating_sub(FINDINGS_SHOWN);
            if n_more > 0 || found.findings_left_out > 0 {
                report.line(&format!(
                    "and {n_more} more, which `-o json` and `--report` list; {} were counted and not kept",
                    found.findings_left_out
                ));
            }
        }
        if !found.not_compared.is_empty() {
            report.line("");
            report.line("Not looked at:");
            let row = |entry: &NotCompared| vec![entry.place.clone(), entry.reason.clone()];
            report.table(&["PLACE", "WHY"], found.not_compared.iter().map(row).collect());
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_says_by_its_name_how_it_is_written() {
        assert_eq!(file_kind(Path::new("a/b.html")).unwrap(), FileKind::Page);
        assert_eq!(file_kind(Path::new("b.json")).unwrap(), FileKind::Json);
        for wrong in ["b", "b.pdf", ".html"] {
            let refused = file_kind(Path::new(wrong)).unwrap_err().to_string();
            assert!(refused.contains("*.html or *.json"), "{wrong}: {refused}");
        }
    }

    #[test]
    fn differences_come_first_and_what_was_not_looked_at_last() {
        let found = pb::Reconciliation {
            applications: 9,
            rows: 20,
            cells: 300,
            differing: 1,
            differences: vec![pb::DifferenceCount {
                table: "t".to_owned(),
                column: "c".to_owned(),
                kind: "cell".to_owned(),
                differences: 1,
            }],
            contract_hash: "ab".to_owned(),
            first_app_id: Some(1),
            last_app_id: Some(9),
            not_compared: vec![pb::NotCompared {
                place: "t.id".to_owned(),
                reason: "numbers of the database (IDENTITY)".to_owned(),
            }],
            ..pb::Reconciliation::default()
        };
        let finding = pb::Finding {
            app_id: 4,
            kind: "cell".to_owned(),
            table: "t".to_owned(),
            column: "c".to_owned(),
            reason: String::new(),
        };
        let job = pb::Job { job_id: 8, name: "card".to_owned(), ..pb::Job::default() }.into();
        let report = of_response(&job, 7, found, vec![finding]).unwrap();
        let text = rendered(&report, Format::Table).unwrap();
        let expected = "9 applications, 20 rows, 300 cells: 1 differences in 1 applications; 0 have no rows by the contract any more\n\n \
            TABLE  COLUMN  KIND  DIFFERENCES\n \
            t      c       cell  1\n\n \
            APP_ID  KIND  TABLE  COLUMN  REASON\n \
            4       cell  t      c\n\n\
            Not looked at:\n \
            PLACE  WHY\n \
            t.id   numbers of the database (IDENTITY)";
        assert_eq!(text, expected);
        let json: serde_json::Value =
            serde_json::from_str(&rendered(&report, Format::Json).unwrap()).unwrap();
        assert_eq!((&json["job"], &json["reconciliation"]), (&7.into(), &8.into()));
        assert_eq!(json["findings"][0]["app_id"], 4);
    }
}

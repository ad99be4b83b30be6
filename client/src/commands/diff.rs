//! `diff`: what a change of the contract does to documents.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use serde::Serialize;
use xmlx_extract::{Change, ChangeCounts, ColumnChanges, FailureCounts, Plan, PlanPair, Value};
use xmlx_proto::v1 as pb;

use super::contract::sample_files;
use super::{contract_text, inspect, map, submit};
use crate::cli::Wait;
use crate::cluster::{self, Cluster, Patience};
use crate::output::{self, Answer, Format};

/// Documents between two lines that say how far the reading is.
const DOCUMENTS_PER_LINE: usize = 10_000;

#[derive(Debug, clap::Args)]
pub(crate) struct Diff {
    /// A script with the CREATE TABLE statements of the target: types that the contracts leave to the database
    #[arg(long, value_name = "FILE", conflicts_with = "contract")]
    pub(crate) ddl: Option<PathBuf>,
    /// Also print the values before and after; on a terminal alone, and not of a job
    #[arg(long, conflicts_with = "contract")]
    values: bool,
    /// Of a job: the contract that its own is compared with; several of them where they share a job
    #[arg(long, value_name = "NEW")]
    pub(crate) contract: Vec<PathBuf>,
    /// Of a job: the first app_id; not given: that of the job
    #[arg(long, value_name = "APP_ID", allow_negative_numbers = true, requires = "contract")]
    from: Option<i64>,
    /// Of a job: the last app_id; not given: that of the job
    #[arg(long, value_name = "APP_ID", allow_negative_numbers = true, requires = "contract")]
    to: Option<i64>,
    /// Of a job: read at most N applications
    #[arg(long, value_name = "N", requires = "contract")]
    limit: Option<i64>,
    /// The contract as it was, the contract as it is to be, and XML files or folders of *.xml files; or the number of a
    /// job, as `jobs` shows it
    #[arg(required = true, value_name = "OLD NEW FILES|JOB")]
    given: Vec<PathBuf>,
}

/// What is compared.
#[derive(Debug)]
pub(crate) enum Compared<'a> {
    /// Two contracts, by files.
    Files { old: &'a PathBuf, new: &'a PathBuf, files: &'a [PathBuf] },
    /// The contract of a job with another one, by the job's documents; of a job that has compared two, what it found.
    Job(i64),
}

impl Diff {
    /// The job that is meant; `None`: files are.
    pub(crate) fn job(&self) -> Option<i64> {
        match self.given.as_slice() {
            [job] => job.to_str()?.parse().ok(),
            _ => None,
        }
    }

    /// What is meant.
    ///
    /// # Errors
    /// What is missing, or too much.
    pub(crate) fn compared(&self) -> anyhow::Result<Compared<'_>> {
        if let Some(job) = self.job() {
            return Ok(Compared::Job(job));
        }
        ensure!(
            self.contract.is_empty(),
            "`--contract` is for the number of a job: `diff JOB --contract NEW`; without a cluster it is `diff OLD NEW FILES`"
        );
        match self.given.as_slice() {
            [old, new, files @ ..] if !files.is_empty() => Ok(Compared::Files { old, new, files }),
            _ => anyhow::bail!(
                "files are missing: `diff OLD NEW FILES` compares two contracts by files, `diff JOB --contract NEW` by the documents of a job"
            ),
        }
    }
}

/// What a change of the contract does to some documents. The one schema of `-o json`.
#[derive(Debug, Serialize)]
struct Changes {
    /// The job that read the documents; absent: they were files.
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<i64>,
    /// The SHA-256 of both contracts.
    old: String,
    new: String,
    #[serde(flatten)]
    counts: ChangeCounts,
}

/// The answer is no where something changes.
pub(crate) fn run(
    format: Format,
    (old, new): (&Plan, &Plan),
    files: &[PathBuf],
    args: &Diff,
) -> anyhow::Result<Answer> {
    ensure!(
        !args.values || output::is_terminal(),
        "`--values` shows values of applications on a terminal alone; leave it out, or do not redirect the output"
    );
    let files = sample_files(files)?;
    let pair = PlanPair::new(old, new);
    let mut counts = ChangeCounts::default();
    for (at, file) in files.iter().enumerate() {
        let bytes =
            std::fs::read(file).with_context(|| format!("cannot read `{}`", file.display()))?;
        let lines = add(&mut counts, &pair, (old, new), &bytes, app_id(old, new, file, at));
        if args.values {
            lines.iter().try_for_each(|line| output::line(line))?;
        }
        let n = at + 1;
        if n % DOCUMENTS_PER_LINE == 0 && n < files.len() {
            output::note(&format!("compared {n} of {} documents", files.len()));
        }
    }
    let (old, new) = (old.hash().to_owned(), new.hash().to_owned());
    let changes = Changes { job: None, old, new, counts };
    output::verbatim(&changes.rendered(format)?)?;
    Ok(Answer::from(changes.counts.changed == 0))
}

/// Adds what becomes of a document; returns a line for each value that changes.
fn add(
    counts: &mut ChangeCounts,
    pair: &PlanPair,
    (old, new): (&Plan, &Plan),
    bytes: &[u8],
    expected: Option<i64>,
) -> Vec<String> {
    let (before, after) = (old.map_bytes(bytes, expected), new.map_bytes(bytes, expected));
    let of_rows = after.as_ref().or(before.as_ref()).map(|application| application.app_id);
    let app_id = of_rows.ok().or(expected).unwrap_or_default();
    let (changed, changes) =
        pair.changed(app_id, &before, &after, |rejection| rejection.reason.clone());
    counts.add(&changed);
    changes.iter().filter_map(|change| line(app_id, change)).collect()
}

/// A value that changes.
fn line(app_id: i64, change: &Change<'_>) -> Option<String> {
    let value = |value: &Value| map::cell(value).to_string();
    let (before, after) = (value(&change.before), value(&change.after));
    Some(format!("{app_id} {}.{}: {before} -> {after}", change.table, change.column?))
}

/// The same by the documents of a job, which the cluster maps by both contracts.
pub(crate) async fn run_job(
    cluster: &Cluster,
    format: Format,
    job_id: i64,
    args: &Diff,
) -> anyhow::Result<Answer> {
    let job = if args.contract.is_empty() {
        let job = inspect::job(cluster, job_id).await?;
        job.with_context(|| format!("there is no job {job_id}"))?
    } else {
        let request = pb::SubmitRequest {
            submit_key: uuid::Uuid::new_v4().to_string(),
            mode: pb::JobMode::Diff.into(),
            of_job: Some(job_id),
            new_contract: contract_text(&args.contract)?,
            from_app_id: args.from,
            to_app_id: args.to,
            limit: args.limit,
            problems_max: submit::PROBLEMS_MAX,
            ..pb::SubmitRequest::default()
        };
        let job = submit::submit(cluster, &request).await?.job;
        output::note(&format!("job {} maps the documents of job {job_id} by both", job.job));
        submit::wait(cluster, job.job, Wait::UntilEnded).await?
    };
    ensure!(job.has_ended(), "job {} has not ended: `xmlx-client status` shows it", job.job);
    let job_id = job.job;
    let get = async |channel| cluster::jobs(channel).get_diff(pb::GetDiffRequest { job_id }).await;
    let changes = of_response(job.job, cluster.call(Patience::READING, get).await?);
    output::verbatim(&changes.rendered(format)?)?;
    if !job.is_done() {
        output::note(&format!("job {} is {}: not everything was read", job.job, job.state_word()));
    }
    Ok(Answer::from(changes.counts.changed == 0 && job.is_done()))
}

fn of_response(job: i64, found: pb::GetDiffResponse) -> Changes {
    let failures = |failures: Option<pb::FailureCounts>| {
        let pb::FailureCounts { applications, app_ids, reasons, other_reasons } =
            failures.unwrap_or_default();
        FailureCounts {
            applications,
            app_ids,
            reasons: reasons.into_iter().collect(),
            other_reasons,
        }
    };
    let column = |changes: pb::ColumnChanges| {
        let pb::ColumnChanges { table, column, changes, appears, disappears, app_ids } = changes;
        let column = Some(column).filter(|column| !column.is_empty());
        ColumnChanges { table, column, changes, appears, disappears, app_ids }
    };
    let counts = ChangeCounts {
        documents: found.documents,
        changed: found.changed,
        fails_now: failures(found.fails_now),
        succeeds_now: failures(found.succeeds_now),
        columns: found.columns.into_iter().map(column).collect(),
    };
    Changes { job: Some(job), old: found.old_hash, new: found.new_hash, counts }
}

/// The id of an application where a document has none: that of its file's name, or else its number.
fn app_id(old: &Plan, new: &Plan, file: &Path, at: usize) -> Option<i64> {
    let of_name = |plan: &Plan| map::id_of_name(plan, file);
    let number = i64::try_from(at + 1).ok();
    let is_of_source = old.id_is_of_source() && new.id_is_of_source();
    of_name(old).or_else(|| of_name(new)).or(if is_of_source { number } else { None })
}

impl Changes {
    fn rendered(&self, format: Format) -> anyhow::Result<String> {
        let ChangeCounts { documents, changed, fails_now, succeeds_now, columns } = &self.counts;
        output::rendered(format, self, |report| {
            report.line(&format!(
                "{documents} documents, of which {changed} change; {} fail under the new contract alone, {} under the old one alone",
                fails_now.applications, succeeds_now.applications
            ));
            for (what, failing) in [
                ("Fail under the new contract alone:", fails_now),
                ("Fail under the old contract alone:", succeeds_now),
            ] {
                if failing.applications > 0 {
                    report.line("");
                    report.line(&format!("{what} {}", ids(&failing.app_ids)));
                    let row = |(reason, n): (&String, &u64)| vec![n.to_string(), reason.clone()];
                    report.table(
                        &["APPLICATIONS", "REASON"],
                        failing.reasons.iter().map(row).collect(),
                    );
                }
                if failing.other_reasons > 0 {
                    report.line(&format!("and {} for other reasons", failing.other_reasons));
                }
            }
            if !columns.is_empty() {
                report.line("");
                let header = ["COLUMN", "CHANGES", "APPEARS", "DISAPPEARS", "SUCH AS"];
                report.table(&header, columns.iter().map(row).collect());
            }
        })
    }
}

fn row(changes: &ColumnChanges) -> Vec<String> {
    vec![
        format!("{}.{}", changes.table, changes.column.as_deref().unwrap_or("(rows)")),
        changes.changes.to_string(),
        changes.appears.to_string(),
        changes.disappears.to_string(),
        ids(&changes.app_ids),
    ]
}

fn ids(app_ids: &[i64]) -> String {
    app_ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(columns: &str) -> Plan {
        Plan::from_json(&format!(
            "format = 2\n[source]\ntable = 'dbo.t'\ndocument = 'd'\n[document]\nid = '/o/@id'\n\
             [[table]]\nname = 'o'\nrows = '/o'\ncolumns = {{ {columns} }}\n\
             [[table]]\nname = 'l'\nrows = '/o/l'\nkey = 'i'\ncolumns = {{ i = '@i', p = '@p' }}\n"
        ))
        .unwrap()
    }

    #[test]
    fn each_application_counts_once_per_column() {
        let old = plan("n = '@n'");
        let new = plan("n = { from = '@m', required = true }");
        let pair = PlanPair::new(&old, &new);
        let mut counts = ChangeCounts::default();
        let mut lines = Vec::new();
        for document in [
            "<o id='1' n='a' m='b'/>",
            "<o id='2' n='a' m='a'><l i='1' p='x'/></o>",
            "<o id='3' m='b'/>",
            "<o id='4' n='a'/>",
            "<o id='5'",
        ] {
            lines.extend(add(&mut counts, &pair, (&old, &new), document.as_bytes(), None));
        }
        let changes = Changes { job: None, old: String::new(), new: String::new(), counts };
        assert_eq!(lines, ["1 o.n: \"a\" -> \"b\"", "3 o.n: null -> \"b\""]);
        let text = changes.rendered(Format::Table).unwrap();
        let expected = "5 documents, of which 3 change; 1 fail under the new contract alone, 0 under the old one alone\n\n\
            Fail under the new contract alone: 4\n ";
        assert!(text.starts_with(expected), "{text}");
        let columns = " COLUMN  CHANGES  APPEARS  DISAPPEARS  SUCH AS\n \
            o.n     1        1        0           1, 3";
        assert!(text.ends_with(columns), "{text}");
        assert!(!text.contains('"'), "values are for `--values`: {text}");
        let json: serde_json::Value =
            serde_json::from_str(&changes.rendered(Format::Json).unwrap()).unwrap();
        assert_eq!((&json["documents"], &json["changed"]), (&5.into(), &3.into()));
        assert_eq!(json["columns"][0]["app_ids"], serde_json::json!([1, 3]));
        assert_eq!(json["fails_now"]["app_ids"], serde_json::json!([4]));
    }
}

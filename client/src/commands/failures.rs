//! `failures`: which applications of a job failed, by stage, reason, column or id, grouped, and into a file.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use xmlx_proto::v1 as pb;

use crate::cli::{FailureFilter, Failures};
use crate::cluster::{self, Cluster, Patience};
use crate::list::{Ask, List, Pages};
use crate::output::{self, Answer, Format};
use crate::view::{Failure, FailureGroup, FailureGroups, Stage};

/// The most failures that a coordinator of the release before gives: it knows no pages.
const FAILURES_MAX: i32 = 10_000;

pub(crate) async fn run(
    cluster: &Cluster,
    format: Format,
    args: &Failures,
) -> anyhow::Result<Answer> {
    let filter = filter(&args.filter);
    if args.groups {
        return groups(cluster, format, args.job, filter).await;
    }
    if let Some(path) = &args.export {
        return export(cluster, format, args.job, filter, path).await;
    }
    let mut list = None;
    let mut pages = Pages::new(args.limit);
    while let Some(ask) = pages.ask() {
        let answer = page(cluster, args.job, filter.as_ref(), (ask, args.limit)).await?;
        let mut failures: Vec<Failure> = answer.failures.into_iter().map(Into::into).collect();
        pages.record(&mut failures, answer.next_page_token)?;
        let list = match &mut list {
            Some(list) => list,
            None => list.insert(begin(format, answer.stages)?),
        };
        list.page(&failures, Failure::row)?;
    }
    if let Some(list) = list {
        list.end()?;
    }
    pages.report_rest(args.limit);
    Ok(Answer::Yes)
}

/// `None`: all are wanted.
pub(super) fn filter(args: &FailureFilter) -> Option<pb::FailureFilter> {
    let filter = pb::FailureFilter {
        stage: args.stage.clone().unwrap_or_default(),
        reason: args.reason.clone().unwrap_or_default(),
        column: args.column.clone().unwrap_or_default(),
        app_id: args.app,
    };
    Some(filter).filter(|filter| *filter != pb::FailureFilter::default())
}

async fn page(
    cluster: &Cluster,
    job_id: i64,
    filter: Option<&pb::FailureFilter>,
    (Ask { page_size, page_token }, limit): (Ask, u64),
) -> anyhow::Result<pb::ListFailuresResponse> {
    let (limit, filter) = (failures_max(limit), filter.cloned());
    let request = pb::ListFailuresRequest { job_id, limit, page_size, page_token, filter };
    let list = async |channel| cluster::jobs(channel).list_failures(request.clone()).await;
    let answer = cluster.call(Patience::READING, list).await?;
    ensure!(
        request.filter.is_none() || answer.filtered,
        "the coordinator is of an older release and knows no filters; list all failures, or upgrade it"
    );
    Ok(answer)
}

async fn groups(
    cluster: &Cluster,
    format: Format,
    job_id: i64,
    filter: Option<pb::FailureFilter>,
) -> anyhow::Result<Answer> {
    let request = pb::GroupFailuresRequest { job_id, filter };
    let group = async |channel| cluster::jobs(channel).group_failures(request.clone()).await;
    let found: FailureGroups = cluster.call(Patience::READING, group).await?.into();
    let text = output::rendered(format, &found, |report| {
        let rows = found.groups.iter().map(FailureGroup::row).collect();
        report.table(&FailureGroup::HEADER, rows);
    })?;
    output::verbatim(&text)?;
    if format == Format::Table {
        let FailureGroups { groups, total, not_shown } = &found;
        let rest = if *not_shown > 0 {
            format!("; {not_shown} failures in further groups are not shown")
        } else {
            String::new()
        };
        output::note(&format!("{total} failures, {} groups{rest}", groups.len()));
    }
    Ok(Answer::Yes)
}

/// Writes all failures into a file, page by page.
async fn export(
    cluster: &Cluster,
    format: Format,
    job_id: i64,
    filter: Option<pb::FailureFilter>,
    path: &Path,
) -> anyhow::Result<Answer> {
    let kind = Kind::of(path)?;
    let context = || format!("cannot write `{}`", path.display());
    let mut file = BufWriter::new(File::create(path).with_context(context)?);
    file.write_all(kind.header().as_bytes()).with_context(context)?;
    let mut pages = Pages::new(0);
    let mut n_written = 0_u64;
    while let Some(ask) = pages.ask() {
        let answer = page(cluster, job_id, filter.as_ref(), (ask, 0)).await?;
        let mut failures: Vec<Failure> = answer.failures.into_iter().map(Into::into).collect();
        pages.record(&mut failures, answer.next_page_token)?;
        for failure in &failures {
            file.write_all(kind.line(failure)?.as_bytes()).with_context(context)?;
        }
        n_written += failures.len() as u64;
    }
    file.flush().with_context(context)?;
    match format {
        Format::Json => output::json(&serde_json::json!({ "written": n_written }))?,
        Format::Table => output::line(&format!("{n_written} failures written"))?,
    }
    Ok(Answer::Yes)
}

/// What is written, by the end of the file's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Csv,
    JsonLines,
}

impl Kind {
    fn of(path: &Path) -> anyhow::Result<Self> {
        match path.extension().and_then(|end| end.to_str()) {
            Some("csv") => Ok(Self::Csv),
            Some("jsonl") => Ok(Self::JsonLines),
            Some(_) | None => bail!(
                "`{}` ends neither in `.csv` nor in `.jsonl`, which says how it is written",
                path.display()
            ),
        }
    }

    fn header(self) -> &'static str {
        match self {
            Self::Csv => "app_id,at,stage,column,reason,session\r\n",
            Self::JsonLines => "",
        }
    }

    fn line(self, failure: &Failure) -> anyhow::Result<String> {
        Ok(match self {
            Self::Csv => failure.cells().map(|cell| quoted(&cell)).join(",") + "\r\n",
            Self::JsonLines => serde_json::to_string(failure)? + "\n",
        })
    }
}

/// A cell as RFC 4180 has it.
fn quoted(cell: &str) -> String {
    if cell.contains(['"', ',', '\r', '\n']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

/// How many failures to ask a coordinator of the release before for, which sends them all at once.
fn failures_max(limit: u64) -> i32 {
    if limit == 0 {
        FAILURES_MAX
    } else {
        i32::try_from(limit).unwrap_or(i32::MAX).min(FAILURES_MAX)
    }
}

/// Prints the counts by stage, and returns the list that follows them.
fn begin(format: Format, stages: Vec<pb::StageCount>) -> anyhow::Result<List> {
    let stages: Vec<Stage> = stages.into_iter().map(Into::into).collect();
    if format == Format::Table {
        output::verbatim(&stages_table(&stages)?)?;
        output::line("")?;
    }
    Ok(List::within(format, &Failure::HEADER, (begin_json(&stages)?, "]}")))
}

fn stages_table(stages: &[Stage]) -> anyhow::Result<String> {
    output::rendered(Format::Table, &(), |report| {
        let row = |stage: &Stage| vec![stage.stage.clone(), stage.count.to_string()];
        report.table(&["STAGE", "FAILED"], stages.iter().map(row).collect());
    })
}

/// What stands before the failures in JSON.
fn begin_json(stages: &[Stage]) -> anyhow::Result<String> {
    Ok(format!("{{\"stages\":{},\"failures\":[", serde_json::to_string(stages)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_begin_with_their_stages() {
        let stages =
            ["mapping", "parsing"].map(|stage| Stage { stage: stage.to_owned(), count: 3 });
        let expected = " STAGE    FAILED\n mapping  3\n parsing  3";
        assert_eq!(stages_table(&stages).unwrap(), expected);
        let json = begin_json(&stages).unwrap() + "]}";
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["stages"][1], serde_json::json!({ "stage": "parsing", "count": 3 }));
        assert_eq!(json["failures"], serde_json::json!([]));
    }

    #[test]
    fn an_older_coordinator_is_not_asked_for_more_than_it_gives() {
        for (limit, expected) in [(0, 10_000), (1, 1), (10_000, 10_000), (10_001, 10_000)] {
            assert_eq!(failures_max(limit), expected, "{limit}");
        }
        assert_eq!(failures_max(u64::MAX), 10_000);
    }

    #[test]
    fn files_say_by_their_name_how_they_are_written() {
        let failure: Failure = pb::Failure {
            app_id: 7,
            reason: "mapping: \"a\", b".to_owned(),
            stage: "mapping".to_owned(),
            ..pb::Failure::default()
        }
        .into();
        let line = |name: &str| Kind::of(Path::new(name)).and_then(|kind| kind.line(&failure));
        assert_eq!(line("f.csv").unwrap(), "7,,mapping,,\"mapping: \"\"a\"\", b\",\r\n");
        let json: serde_json::Value = serde_json::from_str(&line("f.jsonl").unwrap()).unwrap();
        assert_eq!((&json["app_id"], &json["stage"]), (&7.into(), &"mapping".into()));
        assert!(line("f.xls").unwrap_err().to_string().contains("neither in `.csv`"));
    }
}

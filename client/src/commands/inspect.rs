//! `jobs`, `ranges`, `workers`, `failures`: lists, which come in pages.

use xmlx_proto::v1 as pb;

use super::status;
use crate::cluster::{self, Cluster, Patience};
use crate::list::{Ask, List, Pages};
use crate::output::{self, Answer, Format};
use crate::view::{Failure, Job, Range, Stage, Worker};

/// The most failures that a coordinator of the release before gives: it knows no pages.
const FAILURES_MAX: i32 = 10_000;

pub(crate) async fn jobs(cluster: &Cluster, format: Format, limit: u64) -> anyhow::Result<Answer> {
    let mut list = List::new(format, &Job::HEADER);
    let mut pages = Pages::new(limit);
    while let Some(Ask { page_size, page_token }) = pages.ask() {
        let request = pb::ListJobsRequest { page_size, page_token, job_id: None };
        let answer = list_jobs(cluster, &request).await?;
        let mut jobs: Vec<Job> = answer.jobs.into_iter().map(Into::into).collect();
        pages.record(&mut jobs, answer.next_page_token)?;
        list.page(&jobs, Job::row)?;
    }
    list.end()?;
    pages.report_rest(limit);
    Ok(Answer::Yes)
}

/// One job; `None`: there is none of that id.
pub(crate) async fn job(cluster: &Cluster, job_id: i64) -> anyhow::Result<Option<Job>> {
    let (page_size, page_token) = (0, String::new());
    let request = pb::ListJobsRequest { page_size, page_token, job_id: Some(job_id) };
    let answer = list_jobs(cluster, &request).await?;
    // A coordinator of the release before sends all jobs.
    Ok(answer.jobs.into_iter().find(|job| job.job_id == job_id).map(Into::into))
}

/// Lists jobs, from the leader where it answers: only the leader knows what delays a job.
async fn list_jobs(
    cluster: &Cluster,
    request: &pb::ListJobsRequest,
) -> anyhow::Result<pb::ListJobsResponse> {
    let list = async |channel| cluster::jobs(channel).list_jobs(request.clone()).await;
    let answer = cluster.call(Patience::LONG, list).await?;
    if answer.answered_by_leader || answer.leader_address.is_empty() {
        return Ok(answer);
    }
    let by_leader = cluster.call_at(&answer.leader_address, Patience::GLANCE, list).await;
    Ok(by_leader.unwrap_or(answer))
}

pub(crate) async fn ranges(
    cluster: &Cluster,
    format: Format,
    job_id: i64,
    limit: u64,
) -> anyhow::Result<Answer> {
    let mut list = List::new(format, &Range::HEADER);
    let mut pages = Pages::new(limit);
    while let Some(Ask { page_size, page_token }) = pages.ask() {
        let request = pb::ListRangesRequest { job_id, page_size, page_token };
        let request_page =
            async |channel| cluster::jobs(channel).list_ranges(request.clone()).await;
        let answer = cluster.call(Patience::READING, request_page).await?;
        let mut ranges: Vec<Range> = answer.ranges.into_iter().map(Into::into).collect();
        pages.record(&mut ranges, answer.next_page_token)?;
        list.page(&ranges, Range::row)?;
    }
    list.end()?;
    pages.report_rest(limit);
    Ok(Answer::Yes)
}

pub(crate) async fn workers(cluster: &Cluster, format: Format) -> anyhow::Result<Answer> {
    let workers = status::fetch(cluster).await?.workers;
    match format {
        Format::Json => output::json(&workers)?,
        Format::Table => {
            output::table(&Worker::HEADER, workers.iter().map(Worker::row).collect())?;
        }
    }
    Ok(Answer::Yes)
}

pub(crate) async fn failures(
    cluster: &Cluster,
    format: Format,
    job_id: i64,
    limit: u64,
) -> anyhow::Result<Answer> {
    let mut list = None;
    let mut pages = Pages::new(limit);
    while let Some(Ask { page_size, page_token }) = pages.ask() {
        let request =
            pb::ListFailuresRequest { job_id, limit: failures_max(limit), page_size, page_token };
        let request_page =
            async |channel| cluster::jobs(channel).list_failures(request.clone()).await;
        let answer = cluster.call(Patience::READING, request_page).await?;
        let mut failures: Vec<Failure> = answer.failures.into_iter().map(Into::into).collect();
        pages.record(&mut failures, answer.next_page_token)?;
        let list = match &mut list {
            Some(list) => list,
            None => list.insert(begin_failures(format, answer.stages)?),
        };
        list.page(&failures, Failure::row)?;
    }
    if let Some(list) = list {
        list.end()?;
    }
    pages.report_rest(limit);
    Ok(Answer::Yes)
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
fn begin_failures(format: Format, stages: Vec<pb::StageCount>) -> anyhow::Result<List> {
    let stages: Vec<Stage> = stages.into_iter().map(Into::into).collect();
    if format == Format::Table {
        output::verbatim(&stages_table(&stages)?)?;
        output::line("")?;
    }
    Ok(List::within(format, &Failure::HEADER, (failures_begin(&stages)?, "]}")))
}

fn stages_table(stages: &[Stage]) -> anyhow::Result<String> {
    output::rendered(Format::Table, &(), |report| {
        let row = |stage: &Stage| vec![stage.stage.clone(), stage.count.to_string()];
        report.table(&["STAGE", "FAILED"], stages.iter().map(row).collect());
    })
}

/// What stands before the failures in JSON.
fn failures_begin(stages: &[Stage]) -> anyhow::Result<String> {
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
        let json = failures_begin(&stages).unwrap() + "]}";
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
}

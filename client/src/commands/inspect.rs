//! `jobs`, `ranges`, `workers`, `failures`: lists, which come in pages.

use xmlx_proto::v1 as pb;

use super::status;
use crate::cluster::{self, Cluster, Patience};
use crate::list::{List, Pages};
use crate::output::{self, Answer, Format};
use crate::view::{Failure, Job, Range, Stage, Worker};

/// The most failures that a coordinator of the release before gives: it knows no pages.
const FAILURES_MAX: i32 = 10_000;

pub(crate) async fn jobs(cluster: &Cluster, format: Format, limit: u64) -> anyhow::Result<Answer> {
    let mut list = List::new(format, &Job::HEADER);
    let mut pages = Pages::new(limit);
    while let Some(ask) = pages.ask() {
        let (page_size, page_token) = (ask.page_size, ask.page_token);
        let request = pb::ListJobsRequest { page_size, page_token, job_id: None };
        let answer = list_jobs(cluster, &request).await?;
        let mut jobs: Vec<Job> = answer.jobs.into_iter().map(Into::into).collect();
        pages.got(&mut jobs, answer.next_page_token)?;
        list.page(&jobs, Job::row)?;
    }
    list.end()?;
    pages.tell_rest(limit);
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

/// From the leader where it answers: it alone knows what holds a job up.
async fn list_jobs(
    cluster: &Cluster,
    request: &pb::ListJobsRequest,
) -> anyhow::Result<pb::ListJobsResponse> {
    let ask = async |channel| cluster::jobs(channel).list_jobs(request.clone()).await;
    let answer = cluster.call(Patience::LONG, ask).await?;
    if answer.answered_by_leader || answer.leader_address.is_empty() {
        return Ok(answer);
    }
    let leaders = Cluster::call_at(&answer.leader_address, Patience::GLANCE, ask).await;
    Ok(leaders.unwrap_or(answer))
}

pub(crate) async fn ranges(
    cluster: &Cluster,
    format: Format,
    job_id: i64,
    limit: u64,
) -> anyhow::Result<Answer> {
    let mut list = List::new(format, &Range::HEADER);
    let mut pages = Pages::new(limit);
    while let Some(ask) = pages.ask() {
        let (page_size, page_token) = (ask.page_size, ask.page_token);
        let request = pb::ListRangesRequest { job_id, page_size, page_token };
        let asking = async |channel| cluster::jobs(channel).list_ranges(request.clone()).await;
        let answer = cluster.call(Patience::READING, asking).await?;
        let mut ranges: Vec<Range> = answer.ranges.into_iter().map(Into::into).collect();
        pages.got(&mut ranges, answer.next_page_token)?;
        list.page(&ranges, Range::row)?;
    }
    list.end()?;
    pages.tell_rest(limit);
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
    let most = if limit == 0 { FAILURES_MAX } else { i32::try_from(limit).unwrap_or(i32::MAX) };
    let mut list = None;
    let mut pages = Pages::new(limit);
    while let Some(ask) = pages.ask() {
        let (page_size, page_token) = (ask.page_size, ask.page_token);
        let request = pb::ListFailuresRequest {
            job_id,
            limit: most.min(FAILURES_MAX),
            page_size,
            page_token,
        };
        let asking = async |channel| cluster::jobs(channel).list_failures(request.clone()).await;
        let answer = cluster.call(Patience::READING, asking).await?;
        let mut failures: Vec<Failure> = answer.failures.into_iter().map(Into::into).collect();
        pages.got(&mut failures, answer.next_page_token)?;
        let list = match &mut list {
            Some(it) => it,
            None => list.insert(begin_failures(format, answer.stages)?),
        };
        list.page(&failures, Failure::row)?;
    }
    if let Some(list) = list {
        list.end()?;
    }
    pages.tell_rest(limit);
    Ok(Answer::Yes)
}

/// The counts by stage, and the list that follows them.
fn begin_failures(format: Format, stages: Vec<pb::StageCount>) -> anyhow::Result<List> {
    let stages: Vec<Stage> = stages.into_iter().map(Into::into).collect();
    if format == Format::Table {
        let rows = stages.iter().map(|it| vec![it.stage.clone(), it.count.to_string()]);
        output::table(&["STAGE", "FAILED"], rows.collect())?;
        output::line("")?;
    }
    let begin = format!("{{\"stages\":{},\"failures\":[", serde_json::to_string(&stages)?);
    Ok(List::within(format, &Failure::HEADER, (begin, "]}")))
}

//! `jobs`, `ranges`, `workers`, `runs`: lists, which come in pages.

use xmlx_proto::v1 as pb;

use super::status;
use crate::cluster::{self, Cluster, Patience};
use crate::list::{Ask, List, Pages};
use crate::output::{self, Answer, Format};
use crate::view::{Job, Range, Run, Worker};

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

/// Exit code 1: the log has no row of the application.
pub(crate) async fn runs(
    cluster: &Cluster,
    format: Format,
    (app_id, job_id): (i64, Option<i64>),
    limit: u64,
) -> anyhow::Result<Answer> {
    let mut list = List::new(format, &Run::HEADER);
    let mut pages = Pages::new(limit);
    let mut is_known = false;
    while let Some(Ask { page_size, page_token }) = pages.ask() {
        let request = pb::ListRunsRequest { app_id, job_id, page_size, page_token };
        let request_page = async |channel| cluster::jobs(channel).list_runs(request.clone()).await;
        let answer = cluster.call(Patience::READING, request_page).await?;
        let mut runs: Vec<Run> = answer.runs.into_iter().map(Into::into).collect();
        pages.record(&mut runs, answer.next_page_token)?;
        is_known |= !runs.is_empty();
        list.page(&runs, Run::row)?;
    }
    list.end()?;
    pages.report_rest(limit);
    Ok(is_known.into())
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

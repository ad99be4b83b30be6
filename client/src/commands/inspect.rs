//! `jobs`, `ranges`, `workers`, `failures`: lists.

use serde::Serialize;
use xmlx_proto::v1 as pb;

use super::status;
use crate::cluster::{self, Cluster, Patience};
use crate::output::{self, Answer, Format};
use crate::view::{Failure, Job, Range, Stage, Worker};

pub(crate) async fn jobs(cluster: &Cluster, format: Format) -> anyhow::Result<Answer> {
    // The leader alone knows what holds a job up.
    let jobs = status::fetch(cluster).await?.jobs;
    list(format, &Job::HEADER, &jobs, Job::row)
}

pub(crate) async fn ranges(
    cluster: &Cluster,
    format: Format,
    job_id: i64,
) -> anyhow::Result<Answer> {
    let request = pb::ListRangesRequest { job_id };
    let ask = async |channel| cluster::jobs(channel).list_ranges(request).await;
    let response = cluster.call(Patience::READING, ask).await?;
    let ranges: Vec<Range> = response.ranges.into_iter().map(Into::into).collect();
    list(format, &Range::HEADER, &ranges, Range::row)
}

pub(crate) async fn workers(cluster: &Cluster, format: Format) -> anyhow::Result<Answer> {
    let workers = status::fetch(cluster).await?.workers;
    list(format, &Worker::HEADER, &workers, Worker::row)
}

pub(crate) async fn failures(
    cluster: &Cluster,
    format: Format,
    job_id: i64,
    limit: i32,
) -> anyhow::Result<Answer> {
    let request = pb::ListFailuresRequest { job_id, limit };
    let ask = async |channel| cluster::jobs(channel).list_failures(request).await;
    let response = cluster.call(Patience::READING, ask).await?;
    let stages: Vec<Stage> = response.stages.into_iter().map(Into::into).collect();
    let failures: Vec<Failure> = response.failures.into_iter().map(Into::into).collect();
    match format {
        Format::Json => {
            output::json(&serde_json::json!({ "stages": stages, "failures": failures }))?
        }
        Format::Table => {
            let rows = stages.iter().map(|it| vec![it.stage.clone(), it.count.to_string()]);
            output::table(&["STAGE", "FAILED"], rows.collect())?;
            output::line("")?;
            let row = |it: &Failure| vec![it.app_id.to_string(), it.at.clone(), it.reason.clone()];
            output::table(&["APP", "AT", "REASON"], failures.iter().map(row).collect())?;
        }
    }
    Ok(Answer::Yes)
}

fn list<T: Serialize>(
    format: Format,
    header: &[&str],
    items: &[T],
    row: impl Fn(&T) -> Vec<String>,
) -> anyhow::Result<Answer> {
    match format {
        Format::Json => output::json(&items)?,
        Format::Table => output::table(header, items.iter().map(row).collect())?,
    }
    Ok(Answer::Yes)
}

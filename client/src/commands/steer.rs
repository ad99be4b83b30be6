//! `pause`, `resume`, `cancel`, `drain`, `throttle`: each safe to repeat.

use xmlx_proto::v1 as pb;

use crate::cluster::{self, Cluster, Patience};
use crate::output::{self, Answer, Format};
use crate::view::outcome_name;

pub(crate) async fn pause(
    cluster: &Cluster,
    format: Format,
    job_id: i64,
) -> anyhow::Result<Answer> {
    let request = pb::PauseRequest { job_id };
    let response =
        cluster.call(Patience::LONG, async |it| cluster::jobs(it).pause(request).await).await?;
    show(format, response.outcome())
}

pub(crate) async fn resume(
    cluster: &Cluster,
    format: Format,
    job_id: i64,
) -> anyhow::Result<Answer> {
    let request = pb::ResumeRequest { job_id };
    let response =
        cluster.call(Patience::LONG, async |it| cluster::jobs(it).resume(request).await).await?;
    show(format, response.outcome())
}

pub(crate) async fn cancel(
    cluster: &Cluster,
    format: Format,
    job_id: i64,
) -> anyhow::Result<Answer> {
    let request = pb::CancelRequest { job_id };
    let response =
        cluster.call(Patience::LONG, async |it| cluster::jobs(it).cancel(request).await).await?;
    show(format, response.outcome())
}

pub(crate) async fn drain(
    cluster: &Cluster,
    format: Format,
    worker: &str,
) -> anyhow::Result<Answer> {
    let request = pb::DrainWorkerRequest { worker: worker.to_owned() };
    let response = cluster
        .call(Patience::LONG, async |it| cluster::cluster(it).drain_worker(request.clone()).await)
        .await?;
    show(format, response.outcome())
}

/// `None`: what the coordinators are configured with.
pub(crate) async fn throttle(
    cluster: &Cluster,
    format: Format,
    commits: Option<u32>,
) -> anyhow::Result<Answer> {
    let request = pb::ThrottleRequest { commits_max: commits.unwrap_or(0) };
    let response = cluster
        .call(Patience::LONG, async |it| cluster::cluster(it).throttle(request).await)
        .await?;
    show(format, response.outcome())
}

fn show(format: Format, outcome: pb::Outcome) -> anyhow::Result<Answer> {
    let name = outcome_name(outcome);
    match format {
        Format::Json => output::json(&serde_json::json!({ "outcome": name }))?,
        Format::Table => output::line(name)?,
    }
    Ok(Answer::Yes)
}

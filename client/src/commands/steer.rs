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
    let pause = async |channel| cluster::jobs(channel).pause(request).await;
    show(format, cluster.call(Patience::LONG, pause).await?.outcome())
}

pub(crate) async fn resume(
    cluster: &Cluster,
    format: Format,
    job_id: i64,
) -> anyhow::Result<Answer> {
    let request = pb::ResumeRequest { job_id };
    let resume = async |channel| cluster::jobs(channel).resume(request).await;
    show(format, cluster.call(Patience::LONG, resume).await?.outcome())
}

pub(crate) async fn cancel(
    cluster: &Cluster,
    format: Format,
    job_id: i64,
) -> anyhow::Result<Answer> {
    let request = pb::CancelRequest { job_id };
    let cancel = async |channel| cluster::jobs(channel).cancel(request).await;
    show(format, cluster.call(Patience::LONG, cancel).await?.outcome())
}

pub(crate) async fn drain(
    cluster: &Cluster,
    format: Format,
    worker: &str,
) -> anyhow::Result<Answer> {
    let request = pb::DrainWorkerRequest { worker: worker.to_owned() };
    let drain = async |channel| cluster::cluster(channel).drain_worker(request.clone()).await;
    show(format, cluster.call(Patience::LONG, drain).await?.outcome())
}

/// `None`: back to what the coordinators' settings say.
pub(crate) async fn throttle(
    cluster: &Cluster,
    format: Format,
    commits: Option<u32>,
) -> anyhow::Result<Answer> {
    let request = pb::ThrottleRequest { commits_max: commits.unwrap_or(0) };
    let throttle = async |channel| cluster::cluster(channel).throttle(request).await;
    show(format, cluster.call(Patience::LONG, throttle).await?.outcome())
}

fn show(format: Format, outcome: pb::Outcome) -> anyhow::Result<Answer> {
    output::verbatim(&rendered(format, outcome)?)?;
    Ok(Answer::Yes)
}

fn rendered(format: Format, outcome: pb::Outcome) -> anyhow::Result<String> {
    let name = outcome_name(outcome);
    let data = serde_json::json!({ "outcome": name });
    output::rendered(format, &data, |report| report.line(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_one_word_for_people_and_programs() {
        for (outcome, word) in [
            (pb::Outcome::Accepted, "accepted"),
            (pb::Outcome::AlreadySo, "already so"),
            // A coordinator of a later release.
            (pb::Outcome::Unspecified, "unknown"),
        ] {
            assert_eq!(rendered(Format::Table, outcome).unwrap(), word);
            let json = rendered(Format::Json, outcome).unwrap();
            assert_eq!(json, format!("{{\"outcome\":\"{word}\"}}"));
        }
    }
}

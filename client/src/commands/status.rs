//! `status`: leader, workers, jobs.

use std::time::Duration;

use xmlx_proto::v1 as pb;

use crate::cluster::{self, Cluster, Patience};
use crate::output::{self, Answer, Format};
use crate::view::{Job, Status, Worker};

/// How often `--watch` asks again.
const REFRESH: Duration = Duration::from_secs(1);

pub(crate) async fn run(cluster: &Cluster, format: Format, watch: bool) -> anyhow::Result<Answer> {
    loop {
        let status = fetch(cluster).await?;
        if watch && format == Format::Table {
            output::clear_screen()?;
        }
        output::verbatim(&rendered(&status, format)?)?;
        if !watch {
            return Ok(Answer::Yes);
        }
        tokio::select! {
            () = tokio::time::sleep(REFRESH) => (),
            interrupted = tokio::signal::ctrl_c() => {
                interrupted?;
                return Ok(Answer::Yes);
            }
        }
    }
}

/// The state of the cluster, from the leader where it answers: a standby reads the tables, and hears of no worker.
pub async fn fetch(cluster: &Cluster) -> anyhow::Result<Status> {
    let request =
        async |channel| cluster::cluster(channel).status(pb::StatusRequest::default()).await;
    let response = cluster.call(Patience::SHORT, request).await?;
    if response.answered_by_leader {
        return Ok(response.into());
    }
    let leader = response.leader.as_ref().filter(|leader| leader.alive);
    let by_leader = match leader {
        Some(leader) => cluster.call_at(&leader.address, Patience::GLANCE, request).await.ok(),
        None => None,
    };
    Ok(by_leader.unwrap_or(response).into())
}

/// What one coordinator answers within a few seconds; `None`: it does not answer.
pub async fn glance(cluster: &Cluster, address: &str) -> Option<Status> {
    let request =
        async |channel| cluster::cluster(channel).status(pb::StatusRequest::default()).await;
    cluster.call_at(address, Patience::GLANCE, request).await.ok().map(Into::into)
}

fn rendered(status: &Status, format: Format) -> anyhow::Result<String> {
    output::rendered(format, status, |report| {
        report.line(&status.leader_line());
        report.line("");
        report.table(&Worker::HEADER, status.workers.iter().map(Worker::row).collect());
        report.line("");
        report.table(&Job::HEADER, status.jobs.iter().map(Job::row).collect());
        if status.jobs_left_out > 0 {
            let n = status.jobs_left_out;
            report.line(&format!("and {n} that ended earlier: `xmlx-client jobs`"));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response() -> pb::StatusResponse {
        let leader = pb::Leader { term: 2, address: "http://a:1".to_owned(), ..Default::default() };
        let job = pb::Job {
            job_id: 7,
            name: "card\n8".to_owned(),
            state: pb::JobState::Paused.into(),
            reason: "by an operator".to_owned(),
            total: Some(10),
            done_ok: 3,
            ..Default::default()
        };
        pb::StatusResponse {
            leader: Some(leader),
            answered_by_leader: true,
            jobs: vec![job],
            jobs_left_out: 5,
            commits_max: 9,
            ..Default::default()
        }
    }

    #[test]
    fn people_see_leader_workers_and_jobs() {
        let text = rendered(&response().into(), Format::Table).unwrap();
        let expected = "leader http://a:1 (term 2), at most 9 commits at once\n\n \
             WORKER  STATE  HEARD  SLOTS  LEASES  APPS/S  MEMORY  BUILD  SESSION\n\n \
             JOB  NAME     STATE   DONE  TOTAL  FAILED  WARNED  ROWS  RANGES  LIMITS  REASON\n \
             7    card\\n8  paused  3     10     0       0       0     0/0/0           by an operator\n\
             and 5 that ended earlier: `xmlx-client jobs`";
        assert_eq!(text, expected);
        let nobody = pb::StatusResponse::default();
        let text = rendered(&nobody.into(), Format::Table).unwrap();
        assert!(text.starts_with("no coordinator leads at the moment\n"), "{text}");
        assert!(!text.contains("earlier"), "nothing is left out: {text}");
    }

    #[test]
    fn programs_see_the_same() {
        let text = rendered(&response().into(), Format::Json).unwrap();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json["jobs"][0]["job"], 7);
        assert_eq!(json["jobs"][0]["state"], "paused");
        assert_eq!((&json["commits_max"], &json["jobs_left_out"]), (&9.into(), &5.into()));
        assert!(!text.contains('\n'), "one document on one line");
    }
}

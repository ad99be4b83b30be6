//! `status`: leader, workers, jobs.

use std::time::Duration;

use xmlx_proto::v1 as pb;

use crate::cluster::{self, Cluster, Patience};
use crate::output::{self, Answer, Format};
use crate::view::{Job, Status, Worker};

/// How often `--watch` looks again.
const REFRESH: Duration = Duration::from_secs(1);

pub(crate) async fn run(cluster: &Cluster, format: Format, watch: bool) -> anyhow::Result<Answer> {
    loop {
        let status = fetch(cluster).await?;
        show(&status, format, watch)?;
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

/// From the leader where there is one: a standby knows the tables, but not what workers do now.
pub async fn fetch(cluster: &Cluster) -> anyhow::Result<Status> {
    let ask = async |channel| cluster::cluster(channel).status(pb::StatusRequest::default()).await;
    let response = cluster.call(Patience::SHORT, ask).await?;
    if response.answered_by_leader {
        return Ok(response.into());
    }
    let leader = response.leader.as_ref().filter(|it| it.alive).map(|it| it.address.clone());
    let better = match leader {
        Some(address) => Cluster::call_at(&address, Patience::GLANCE, ask).await.ok(),
        None => None,
    };
    Ok(better.unwrap_or(response).into())
}

/// What one coordinator says at once; `None`: nothing.
pub async fn glance(address: &str) -> Option<Status> {
    let ask = async |channel| cluster::cluster(channel).status(pb::StatusRequest::default()).await;
    Cluster::call_at(address, Patience::GLANCE, ask).await.ok().map(Into::into)
}

fn show(status: &Status, format: Format, watch: bool) -> anyhow::Result<()> {
    match format {
        Format::Json => output::json(status),
        Format::Table => {
            if watch {
                output::clear_screen()?;
            }
            output::line(&status.leader_line())?;
            output::line("")?;
            output::table(&Worker::HEADER, status.workers.iter().map(Worker::row).collect())?;
            output::line("")?;
            output::table(&Job::HEADER, status.jobs.iter().map(Job::row).collect())?;
            if status.jobs_left_out > 0 {
                let n = status.jobs_left_out;
                output::line(&format!("and {n} that ended earlier: `xmlx-client jobs`"))?;
            }
            Ok(())
        }
    }
}

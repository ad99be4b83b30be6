//! Taking away what nobody needs any more of the control tables, when an operator asks for it. In a task beside the
//! engine, and for a bounded time: who asks goes on asking until nothing is left.

use std::time::Duration;

use tracing::info;
use xmlx_proto::v1 as pb;
use xmlx_runtime::Clock;
use xmlx_store::{Error, Leadership, Store};

use super::command::Reply;
use super::{Engine, convert};

/// No new batch is begun after so long; the client has more patience than this.
const WORK: Duration = Duration::from_secs(5);

impl Engine {
    pub(super) fn prune(&self, request: pb::PruneRequest, reply: Reply<pb::PruneResponse>) {
        let (leadership, store) = (self.leadership.clone(), self.looks.clone());
        let (clock, end) = (self.clock, self.end.clone());
        tokio::spawn(async move {
            let outcome = tokio::select! {
                it = prune(&store, &leadership, clock, &request) => it,
                () = end.cancelled() => Err(Error::Deposed),
            };
            drop(reply.send(outcome.map_err(|err| convert::refusal(&err))));
        });
    }
}

async fn prune(
    store: &Store,
    leadership: &Leadership,
    clock: Clock,
    request: &pb::PruneRequest,
) -> Result<pb::PruneResponse, Error> {
    let seconds = i32::try_from(request.older_than_s).unwrap_or(i32::MAX);
    let jobs = store.prunable_jobs(seconds).await?;
    let sessions = store.prunable_sessions(seconds, &jobs).await?;
    let mut done = pb::PruneResponse::default();
    if request.dry_run {
        for job in &jobs {
            add(&mut done, job);
        }
        done.sessions = convert::count(sessions);
        return Ok(done);
    }
    let until = clock.now() + WORK;
    for job in &jobs {
        while store.prune_job(leadership, job.job_id).await? {
            if clock.now() >= until {
                done.has_more = true;
                return Ok(done);
            }
        }
        info!(job = %job.job_id, ranges = job.ranges, entries = job.entries, "job pruned");
        add(&mut done, job);
    }
    let mut left = store.prunable_sessions(seconds, &[]).await?;
    while left > 0 {
        store.prune_sessions(leadership, seconds).await?;
        let before = left;
        left = store.prunable_sessions(seconds, &[]).await?;
        done.sessions += convert::count(before - left);
        if clock.now() >= until {
            break;
        }
    }
    done.has_more = left > 0;
    Ok(done)
}

fn add(sum: &mut pb::PruneResponse, job: &xmlx_store::Prunable) {
    sum.jobs += 1;
    sum.ranges += convert::count(job.ranges);
    sum.entries += convert::count(job.entries);
}

//! Taking away what nobody needs any more of the control tables, when an operator asks for it. In a task beside the
//! engine, and for a bounded time: whoever asks goes on asking until nothing is left.

use std::time::Duration;

use tracing::info;
use xmlx_runtime::Clock;
use xmlx_store::{Error, Leadership, Prunable, Record, Store};

use super::command::{PruneOrder, PruneWhat, Pruned, Reply};
use super::{Engine, convert};

/// No new batch is begun after so long; the client has more patience than this.
const WORK: Duration = Duration::from_secs(5);

impl Engine {
    pub(super) fn prune(&self, order: PruneOrder, record: Record, reply: Reply<Pruned>) {
        let (leadership, store) = (self.leadership.clone(), self.looks.clone());
        let (clock, end) = (self.clock, self.end.clone());
        tokio::spawn(async move {
            let outcome = tokio::select! {
                outcome = prune(&store, &leadership, clock, order, &record) => outcome,
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
    order: PruneOrder,
    record: &Record,
) -> Result<Pruned, Error> {
    let seconds = i32::try_from(order.older_than_s).unwrap_or(i32::MAX);
    let jobs = store.prunable_jobs(seconds).await?;
    let sessions = store.prunable_sessions(seconds, &jobs).await?;
    let mut pruned = Pruned::default();
    if order.what == PruneWhat::Count {
        for job in &jobs {
            add(&mut pruned, job, None);
        }
        pruned.sessions = convert::count(sessions);
        return Ok(pruned);
    }
    // It takes many transactions: it is recorded before the first.
    if !jobs.is_empty() || sessions > 0 {
        store.record(record).await?;
    }
    let until = clock.now() + WORK;
    for job in &jobs {
        while store.prune_job(leadership, job.job_id).await? {
            if clock.now() >= until {
                // What is gone of the job counts now: the next call finds the rest alone.
                let left = store.prunable_jobs(seconds).await?;
                let left = left.iter().find(|left| left.job_id == job.job_id);
                add(&mut pruned, job, left);
                pruned.has_more = true;
                return Ok(pruned);
            }
        }
        info!(job = %job.job_id, ranges = job.ranges, entries = job.entries, "job pruned");
        add(&mut pruned, job, None);
    }
    let mut left = store.prunable_sessions(seconds, &[]).await?;
    while left > 0 {
        store.prune_sessions(leadership, seconds).await?;
        let before = left;
        left = store.prunable_sessions(seconds, &[]).await?;
        pruned.sessions += convert::count(before - left);
        if clock.now() >= until {
            break;
        }
    }
    pruned.has_more = left > 0;
    Ok(pruned)
}

/// Adds what is gone of a job of which `left` is left; `None`: nothing is.
fn add(pruned: &mut Pruned, job: &Prunable, left: Option<&Prunable>) {
    let gone = |before: i64, left: Option<i64>| convert::count(before - left.unwrap_or(0));
    pruned.jobs += u64::from(left.is_none());
    pruned.ranges += gone(job.ranges, left.map(|left| left.ranges));
    pruned.entries += gone(job.entries, left.map(|left| left.entries));
}

#[cfg(test)]
mod tests {
    use xmlx_domain::JobId;

    use super::*;

    #[test]
    fn what_is_gone_of_a_job_counts_though_some_of_it_is_left() {
        let job = Prunable { job_id: JobId(1), ranges: 10, entries: 100 };
        let left = Prunable { ranges: 10, entries: 30, ..job };
        let mut pruned = Pruned::default();
        add(&mut pruned, &job, Some(&left));
        let expected = Pruned { entries: 70, ..Pruned::default() };
        assert_eq!(pruned, expected, "the job and its ranges are there");
        add(&mut pruned, &left, None);
        let expected = Pruned { jobs: 1, ranges: 10, entries: 100, ..Pruned::default() };
        assert_eq!(pruned, expected, "both calls together");
    }
}

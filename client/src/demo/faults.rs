//! What the demo kills, and when.

use crate::demo::processes::Processes;
use crate::view::Status;

/// The worker is killed once so many percent are decided, the leader once so many are.
const WORKER_AT: u64 = 20;
const LEADER_AT: u64 = 50;

/// The plan and what has come of it.
#[derive(Debug)]
pub(crate) struct Killing {
    worker: Plan,
    leader: Plan,
    last_event: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plan {
    /// Nothing is to be killed.
    None,
    /// Not yet.
    Due,
    /// Done.
    Fired,
}

impl Killing {
    pub(crate) fn new(wanted: bool) -> Self {
        let plan = if wanted { Plan::Due } else { Plan::None };
        Self { worker: plan, leader: plan, last_event: String::new() }
    }

    /// What happened last, for the display.
    pub(crate) fn last_event(&self) -> &str {
        &self.last_event
    }

    /// Whether everything that was to be killed has been.
    pub(crate) fn all_fired(&self) -> bool {
        self.worker != Plan::Due && self.leader != Plan::Due
    }

    /// Kills what is due.
    pub(crate) async fn proceed(
        &mut self,
        percent: u64,
        status: &Status,
        processes: &mut Processes,
    ) -> anyhow::Result<()> {
        if self.worker == Plan::Due && percent >= WORKER_AT {
            let busiest = status.workers.iter().max_by_key(|it| it.leases);
            let busiest = busiest.filter(|it| it.leases > Some(0));
            if let Some(worker) = busiest
                && processes.kill_worker(&worker.name).await?
            {
                self.worker = Plan::Fired;
                let n_leases = worker.leases.unwrap_or(0);
                self.last_event = format!("{} killed with {n_leases} leases", worker.name);
            }
        } else if self.leader == Plan::Due
            && percent >= LEADER_AT
            && let Some(leader) = &status.leader
            && processes.kill_coordinator(&leader.address).await?
        {
            self.leader = Plan::Fired;
            self.last_event = format!("leader of term {} killed", leader.term);
        }
        Ok(())
    }
}

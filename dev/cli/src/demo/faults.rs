//! What the demo kills, and when.

use xmlx_client::view::Status;

use crate::demo::processes::Processes;

/// The worker is killed once so many percent are decided, the leader once so many are.
const WORKER_AT: u64 = 20;
const LEADER_AT: u64 = 50;

/// The plan and what has come of it.
#[derive(Debug)]
pub(crate) struct Killing {
    worker: Plan,
    leader: Plan,
    last_event: String,
    lost: Option<Lost>,
}

/// The worker that was killed.
#[derive(Debug)]
struct Lost {
    name: String,
    n_leases: u32,
    /// Leases that had been taken from somebody before.
    n_revoked: i64,
    /// Who led then.
    term: Option<u64>,
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
        Self { worker: plan, leader: plan, last_event: String::new(), lost: None }
    }

    /// What happened last, for the display.
    pub(crate) fn last_event(&self) -> &str {
        &self.last_event
    }

    /// What the cluster waits for because of it: nothing may be to be seen meanwhile.
    pub(crate) fn waits_for(&self, status: &Status) -> Option<String> {
        let lost = self.lost.as_ref()?;
        // Nobody can take leases away without a leader; the leader's line says what that waits for.
        let is_held = status.answered_by_leader && n_revoked(status) == lost.n_revoked;
        let when = if term(status) == lost.term {
            "2 s after its connection broke"
        } else {
            "once the new leader has waited 8 s for it to come back"
        };
        is_held.then(|| {
            format!("waiting: the {} leases of {} go to others {when}", lost.n_leases, lost.name)
        })
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
            let busiest = status.workers.iter().max_by_key(|worker| worker.leases);
            let busiest = busiest.filter(|worker| worker.leases > Some(0));
            if let Some(worker) = busiest
                && processes.kill_worker(&worker.name).await?
            {
                self.worker = Plan::Fired;
                let n_leases = worker.leases.unwrap_or(0);
                let name = worker.name.clone();
                self.last_event = format!("{name} killed with {n_leases} leases");
                self.lost =
                    Some(Lost { name, n_leases, n_revoked: n_revoked(status), term: term(status) });
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

/// Leases that were taken from their owners so far.
fn n_revoked(status: &Status) -> i64 {
    status.jobs.iter().map(|job| job.leases_revoked).sum()
}

fn term(status: &Status) -> Option<u64> {
    status.leader.as_ref().map(|leader| leader.term)
}

#[cfg(test)]
mod tests {
    use xmlx_proto::v1 as pb;

    use super::*;

    #[test]
    fn what_is_waited_for_is_said_until_it_has_come() {
        let status = |term, answered_by_leader, leases_revoked| -> Status {
            let jobs = vec![pb::Job { leases_revoked, ..Default::default() }];
            let leader = Some(pb::Leader { term, ..Default::default() });
            pb::StatusResponse { leader, answered_by_leader, jobs, ..Default::default() }.into()
        };
        let mut killing = Killing::new(true);
        assert_eq!(killing.waits_for(&status(1, true, 1)), None);
        let name = "worker-2".to_owned();
        killing.lost = Some(Lost { name, n_leases: 3, n_revoked: 1, term: Some(1) });
        let told = |term| killing.waits_for(&status(term, true, 1)).unwrap();
        assert!(told(1).contains("3 leases of worker-2 go to others 2 s after"), "{}", told(1));
        assert!(told(2).contains("once the new leader has waited"), "{}", told(2));
        assert_eq!(killing.waits_for(&status(1, false, 1)), None);
        assert_eq!(killing.waits_for(&status(1, true, 3)), None);
    }
}

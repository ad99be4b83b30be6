//! Fewer commits at once than there are workers: only so many of them may hold leases. One that holds some goes on getting
//! more; when it has none left, another may take its place.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use xmlx_domain::{RangeEvent, RangeId, SessionId};

use crate::event::Action;
use crate::table::LeaseTable;

const SURPLUS: &str = "the cluster's ceiling of commits leaves none to this worker";

impl LeaseTable {
    /// Whether the session may have leases, by the number of those that have some, or are about to.
    pub(super) fn is_within_ceiling(&self, session: &SessionId) -> bool {
        let Some(max) = self.workers_max else { return true };
        let holders = self.holders();
        holders.contains(session) || holders.len() < max
    }

    fn holders(&self) -> BTreeSet<&SessionId> {
        self.all_known()
            .flat_map(|job| job.ranges.owners().chain(job.ranges.promised_to()))
            .collect()
    }

    /// Takes all leases from sessions beyond the ceiling; those with the most leases keep theirs.
    pub(super) fn revoke_surplus(&mut self) -> Vec<Action> {
        let Some(max) = self.workers_max else { return Vec::new() };
        let mut holders: Vec<SessionId> = self.holders().into_iter().cloned().collect();
        if holders.len() <= max {
            return Vec::new();
        }
        holders.sort_by_key(|holder| (Reverse(self.leases_of(holder)), holder.clone()));
        let mut actions = Vec::new();
        for session in holders.drain(max..) {
            self.break_promises(&session);
            actions.extend(self.revoke_all(&session, RangeEvent::Revoked, SURPLUS));
        }
        actions
    }

    /// What is found for the session is not for it any more.
    fn break_promises(&mut self, session: &SessionId) {
        for job in self.jobs.values_mut() {
            let promised: Vec<RangeId> = job.ranges.cut_for(session).collect();
            for id in promised {
                job.ranges.edit(id, |range| range.cutting_for = None);
            }
        }
    }
}

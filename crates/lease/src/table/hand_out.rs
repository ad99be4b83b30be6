//! Who gets what next: pending ranges to whoever asked, cut to size; and where none is left, half of the
//! largest lease to a slot that stands idle.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::time::Duration;

use xmlx_domain::{JobId, JobState, RangeEvent, RangeId, RangeState, Scope, SessionId};

use crate::Timestamp;
use crate::event::{Action, Boundary, Message};
use crate::job::{Job, Piece};
use crate::range::Ownership;
use crate::table::{LOOK_AGAIN, LeaseTable};

/// Less important jobs wait so long for a range of a more important one that is being cut.
const SOON: Duration = Duration::from_secs(2);

/// What there is to hand out.
enum Next {
    Range(JobId, RangeId),
    /// A range of a more important job is being cut: there will be something in a moment.
    Soon,
    Nothing,
}

impl LeaseTable {
    /// Hands pending ranges to whoever asked, the session that can take the most first. Where none is
    /// left and a slot stands idle, the largest lease is split for it.
    pub(super) fn hand_out(&mut self, now: Timestamp) -> Vec<Action> {
        let mut actions = Vec::new();
        let mut too_old: BTreeSet<SessionId> = BTreeSet::new();
        while let Some(session) = self.neediest(&too_old, now) {
            let protocol = self.sessions.get(&session).map_or(0, |it| it.protocol);
            let cut = match self.next(protocol, now) {
                Next::Range(job, range) => self.offer(job, range, &session, now),
                Next::Nothing if self.leases_of(&session) < self.slots_of(&session) => {
                    self.steal(&session, now)
                }
                Next::Nothing | Next::Soon => Vec::new(),
            };
            if cut.is_empty() {
                // Others may know what to do with jobs that this one does not know.
                if self.jobs.values().all(|job| job.protocol <= protocol) {
                    break;
                }
                too_old.insert(session);
            }
            actions.extend(cut);
        }
        actions
    }

    pub(super) fn slots_of(&self, session: &SessionId) -> usize {
        self.sessions
            .get(session)
            .map_or(0, |session| usize::try_from(session.slots).unwrap_or(usize::MAX))
    }

    /// Looks for the middle of what the owner of the largest lease has not fetched yet.
    fn steal(&mut self, session_id: &SessionId, now: Timestamp) -> Vec<Action> {
        if self.is_cutting_for(session_id) {
            return Vec::new();
        }
        let protocol = self.sessions.get(session_id).map_or(0, |known| known.protocol);
        let running = self.jobs.iter().filter(|(_, job)| job.may_go_to(protocol));
        let largest = running.filter_map(|(&id, job)| {
            let (range, left) = job.largest_lease(self.limits.split_min, now)?;
            Some((job.priority, left, id, range))
        });
        let Some((_, left, job_id, range_id)) =
            largest.max_by_key(|(priority, left, ..)| (*priority, *left))
        else {
            return Vec::new();
        };
        let job = self.jobs.get_mut(&job_id).expect("just found");
        let cut = job.ranges.edit(range_id, |range| {
            range.cutting_for = Some(session_id.clone());
            let scope = Scope { lo: range.claimed_through + 1, hi: range.hi };
            Action::FindBoundary { job: job_id, range: range_id, scope, count: left / 2 }
        });
        cut.into_iter().collect()
    }

    fn is_cutting_for(&self, session: &SessionId) -> bool {
        self.jobs.values().any(|job| job.ranges.is_cutting_for(session))
    }

    /// The session that can take the most leases. One that rests comes last, and only where no other has a free slot:
    /// after something that stopped them all, such as a table lock, none is to blame, and work must go on at once.
    fn neediest(&self, too_old: &BTreeSet<SessionId>, now: Timestamp) -> Option<SessionId> {
        let able = self
            .sessions
            .iter()
            .filter(|(id, session)| session.may_take() && !too_old.contains(*id));
        let able = able.filter(|(id, _)| self.is_within_ceiling(id));
        let (id, session) =
            able.max_by_key(|(_, session)| (!session.is_resting(now), session.credits))?;
        let may_take = !session.is_resting(now) || !self.has_another_a_free_slot(now);
        may_take.then(|| id.clone())
    }

    fn has_another_a_free_slot(&self, now: Timestamp) -> bool {
        let mut fresh =
            self.sessions.iter().filter(|(_, session)| session.stays() && !session.is_resting(now));
        fresh.any(|(id, _)| {
            if !self.is_within_ceiling(id) {
                return false;
            }
            let jobs = self.jobs.values().map(|job| &job.ranges);
            let taken: usize =
                jobs.map(|ranges| ranges.n_held_by(id) + ranges.n_promised_to(id)).sum();
            taken < self.slots_of(id)
        })
    }

    /// A job of higher priority is served first, also when its next range is just being cut. Jobs of one
    /// priority share the slots: the one with the fewest leases comes first, the older one of two.
    fn next(&self, protocol: u32, now: Timestamp) -> Next {
        let running = || self.jobs.iter().filter(|(_, job)| job.may_go_to(protocol));
        let waiting = running().filter_map(|(&id, job)| {
            let range = job.ranges.next_pending(now)?;
            Some((Reverse(job.priority), job.ranges.n_taken(), id, range))
        });
        let first = waiting.min();
        let is_soon =
            |job: &Job| job.ranges.promised().any(|range| range.moved_at.after(SOON) > now);
        let soon = running().filter(|(_, job)| is_soon(job)).map(|(_, job)| job.priority);
        match (first, soon.max()) {
            (Some((Reverse(priority), ..)), Some(soon)) if soon > priority => Next::Soon,
            (Some((.., job, range)), _) => Next::Range(job, range),
            (None, _) => Next::Nothing,
        }
    }

    /// A range that was carved before goes out whole; a fresh one is first cut to size.
    fn offer(
        &mut self,
        job_id: JobId,
        range_id: RangeId,
        session_id: &SessionId,
        now: Timestamp,
    ) -> Vec<Action> {
        let slots = self.sessions.values().map(|session| u64::from(session.slots)).sum();
        let session = self.sessions.get_mut(session_id).expect("the caller found it");
        session.credits -= 1;
        let rate = session.rate;
        let job = self.jobs.get_mut(&job_id).expect("the caller found it");
        let count = self.limits.lease_apps(rate, job.unassigned(), slots);
        let range = job.ranges.get(range_id).expect("the caller found it");
        if range.epoch.0 > 0 {
            let whole = Piece { from: range.lo, to: range.hi, apps: range.apps };
            return self.grant(job_id, range_id, session_id, whole, now);
        }
        let cut = job.ranges.edit(range_id, |range| {
            range.cutting_for = Some(session_id.clone());
            range.moved_at = now;
            let scope = Scope { lo: range.committed_through + 1, hi: range.hi };
            Action::FindBoundary { job: job_id, range: range_id, scope, count }
        });
        cut.into_iter().collect()
    }

    fn grant(
        &mut self,
        job_id: JobId,
        range: RangeId,
        session: &SessionId,
        piece: Piece,
        now: Timestamp,
    ) -> Vec<Action> {
        let job = self.jobs.get_mut(&job_id).expect("the caller found it");
        let (change, lease) = job.grant(job_id, range, session, piece, now);
        let message = Message::Grant(lease);
        vec![Action::Save(change), Action::Send { session: session.clone(), message }]
    }

    pub(super) fn found(
        &mut self,
        job_id: JobId,
        id: RangeId,
        boundary: Boundary,
        now: Timestamp,
    ) -> Vec<Action> {
        let Some(job) = self.jobs.get_mut(&job_id) else { return Vec::new() };
        let asked =
            job.ranges.edit(id, |range| (range.cutting_for.take(), range.ownership.clone()));
        let Some((Some(session_id), ownership)) = asked else { return Vec::new() };
        match ownership {
            Ownership::Free => self.found_for_pending(job_id, id, &session_id, boundary, now),
            Ownership::Held(owner) => self.found_for_leased(job_id, id, owner, boundary, now),
            Ownership::Closed => Vec::new(),
        }
    }

    fn found_for_pending(
        &mut self,
        job_id: JobId,
        id: RangeId,
        session_id: &SessionId,
        boundary: Boundary,
        now: Timestamp,
    ) -> Vec<Action> {
        let job = self.jobs.get_mut(&job_id).expect("the caller found it");
        let waits = self
            .sessions
            .get_mut(session_id)
            .filter(|session| !session.draining && !session.broken);
        match boundary {
            Boundary::Empty => {
                if let Some(session) = waits {
                    session.credits += 1;
                }
                vec![Action::Save(job.close(job_id, id, RangeEvent::Empty, RangeState::Done))]
            }
            Boundary::Unknown => {
                job.ranges.edit(id, |range| range.rests_until = now.after(LOOK_AGAIN));
                if let Some(session) = waits {
                    session.credits += 1;
                }
                Vec::new()
            }
            Boundary::Cut { from, at, count } => {
                // Who asked may be gone, or the job paused: then nothing was promised.
                if waits.is_none() || job.state != JobState::Running {
                    return Vec::new();
                }
                self.grant(job_id, id, session_id, Piece { from, to: at, apps: count }, now)
            }
        }
    }

    /// Cuts the lease, durably, and tells its owner; what the owner fetched behind the cut in the
    /// meantime the fence refuses. The rest is handed out like any pending range.
    fn found_for_leased(
        &mut self,
        job_id: JobId,
        id: RangeId,
        owner: SessionId,
        boundary: Boundary,
        now: Timestamp,
    ) -> Vec<Action> {
        let job = self.jobs.get_mut(&job_id).expect("the caller found it");
        // Whatever comes of it, the same lease is not looked at again at once.
        job.ranges.edit(id, |range| range.rests_until = now.after(LOOK_AGAIN));
        let range = job.ranges.get(id).expect("the caller found it");
        let Boundary::Cut { at, count, .. } = boundary else { return Vec::new() };
        let above = at > range.claimed_through + 1 && at > range.lo && at < range.hi;
        if !above || job.state != JobState::Running {
            return Vec::new();
        }
        let lease = range.lease(job_id, id);
        let change = job.split(job_id, id, at, count);
        vec![
            Action::Save(change),
            Action::Send { session: owner, message: Message::Split { lease, at } },
        ]
    }
}

//! A job and its ranges, as the table keeps them.

use std::time::Duration;

use xmlx_domain::{
    JobId, JobState, Lease, RangeChange, RangeEvent, RangeId, RangeSnapshot, RangeState, Scope,
    SessionId,
};

use crate::Timestamp;
use crate::event::{JobSnapshot, Wait};
use crate::range::{Ownership, Range};
use crate::ranges::Ranges;

/// What is handed out of a range: `apps` applications wait in `[from, to)`, and none of the range below.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece {
    pub(crate) from: i64,
    pub(crate) to: i64,
    pub(crate) apps: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) state: JobState,
    /// The higher, the sooner it is served.
    pub(crate) priority: i32,
    /// What a worker has to speak to be given leases of it.
    pub(crate) protocol: u32,
    pub(crate) total: Option<u64>,
    pub(crate) decided: u64,
    /// What is left to do: a range that is done is forgotten.
    pub(crate) ranges: Ranges,
    pub(crate) last_range: RangeId,
    /// `CheckDone` has been asked for and nothing has changed since.
    pub(crate) checked: bool,
}

impl Job {
    pub(crate) fn from_snapshot(snapshot: JobSnapshot, apps_max: u64, now: Timestamp) -> Self {
        let mut ranges = Ranges::default();
        let is_open = |range: &RangeSnapshot| range.state != RangeState::Done;
        for range in snapshot.ranges.into_iter().filter(is_open) {
            ranges.insert(range.range, Range::from_snapshot(range, apps_max, now));
        }
        Self {
            last_range: snapshot.last_range,
            state: snapshot.state,
            priority: snapshot.priority,
            protocol: snapshot.protocol,
            total: snapshot.total,
            decided: snapshot.decided,
            ranges,
            checked: false,
        }
    }

    /// Whether leases of it may be handed to a worker that speaks this.
    pub(crate) fn may_go_to(&self, protocol: u32) -> bool {
        self.state == JobState::Running && self.protocol <= protocol
    }

    /// Takes in a range that has been added to the job, unless it is known already.
    pub(crate) fn add(&mut self, range: RangeId, scope: Scope, waiting: u64) {
        if range <= self.last_range {
            return;
        }
        self.ranges.insert(range, Range::pending(scope));
        self.last_range = range;
        self.total = self.total.map(|total| total.saturating_add(waiting));
        self.checked = false;
    }

    /// The leases that a session holds.
    pub(crate) fn leases_of(&self, job: JobId, session: &SessionId) -> impl Iterator<Item = Lease> {
        let held = self.ranges.held_by(session);
        held.filter_map(move |id| Some(self.ranges.get(id)?.lease(job, id)))
    }

    /// Applications that are neither decided nor in anybody's lease, where that is known.
    pub(crate) fn unassigned(&self) -> Option<u64> {
        let taken = self.decided.saturating_add(self.ranges.leased_apps());
        Some(self.total?.saturating_sub(taken))
    }

    /// `newest_here`: the newest protocol that a worker speaks which is here. What it waits for: the lease that moved last, or the search that began last, and how long ago. `None`: nothing
    /// is left to do. A lease beside the ones that are worked on waits for its turn.
    pub(crate) fn standing(
        &self,
        newest_here: Option<u32>,
        now: Timestamp,
    ) -> Option<(Wait, Duration)> {
        let of_lease = |(id, range): (RangeId, &Range)| {
            let what = match range.reading {
                Some(_) => Wait::Reading(id),
                None if range.is_begun() => Wait::Working(id),
                None => Wait::Waiting(id),
            };
            (what, range.stands_for(now))
        };
        let leases = self.ranges.leased().map(of_lease);
        let searches = self.ranges.promised().map(|range| (Wait::Searching, range.stands_for(now)));
        let latest = leases.chain(searches).min_by_key(|(_, so_long)| *so_long);
        let missing = match newest_here {
            None => Wait::NoWorker,
            Some(newest) if newest < self.protocol => Wait::OldWorkers,
            Some(_) => return latest,
        };
        latest.or((!self.ranges.is_empty()).then_some((missing, Duration::MAX)))
    }

    /// Hands a pending range to `session` up to the end of the piece; the rest stays pending as a range of its own.
    /// What lies below the piece is decided, and the cursor says so.
    pub(crate) fn grant(
        &mut self,
        job: JobId,
        id: RangeId,
        session: &SessionId,
        piece: Piece,
        now: Timestamp,
    ) -> (RangeChange, Lease) {
        let rest_id = self.last_range.next();
        let change = self.change(id, |range| {
            (range.apps, range.apps_done) = (piece.apps, 0);
            range.committed_through = range.committed_through.max(piece.from - 1);
            range.claimed_through = range.committed_through;
            range.reading = None;
            range.rests_until = Timestamp::default();
            range.moved_at = now;
            let mut change = range.change(job, id, RangeEvent::Granted);
            change.to.state = RangeState::Leased;
            change.to.epoch = range.epoch.next();
            change.to.hi = piece.to.min(range.hi);
            change.owner = Some(session.clone());
            change.cursor = piece.from - 1;
            change.rest = (change.to.hi < range.hi).then_some(rest_id);
            change
        });
        let lease = self.ranges.get(id).expect("it was granted").lease(job, id);
        (change, lease)
    }

    /// Takes a range from its owner, or gives it back, or closes it: nobody has it afterwards.
    pub(crate) fn close(
        &mut self,
        job: JobId,
        id: RangeId,
        event: RangeEvent,
        to: RangeState,
    ) -> RangeChange {
        self.change(id, |range| {
            range.apps = range.apps.saturating_sub(range.apps_done);
            range.apps_done = 0;
            range.reading = None;
            let mut change = range.change(job, id, event);
            change.to.state = to;
            change.owner = None;
            if event.begins_epoch() {
                change.to.epoch = range.epoch.next();
            }
            change
        })
    }

    /// Takes `[at, hi)` away from the owner of a range; it becomes a pending range.
    pub(crate) fn split(
        &mut self,
        job: JobId,
        id: RangeId,
        at: i64,
        apps_left: u64,
    ) -> RangeChange {
        let rest = Some(self.last_range.next());
        self.change(id, |range| {
            range.apps = range.apps_done.saturating_add(apps_left);
            let mut change = range.change(job, id, RangeEvent::Split);
            change.to.hi = at;
            change.rest = rest;
            change
        })
    }

    /// The lease with the most applications to go that may be split, if it is worth it.
    pub(crate) fn largest_lease(&self, split_min: u64, now: Timestamp) -> Option<(RangeId, u64)> {
        let whole = |range: &Range| range.cutting_for.is_none() && range.rests_until <= now;
        let leases = self.ranges.leased().filter(|(_, range)| whole(range));
        let largest = leases.map(|(id, range)| (id, range.apps.saturating_sub(range.apps_done)));
        largest.filter(|(_, left)| *left >= 2 * split_min).max_by_key(|(_, left)| *left)
    }

    /// Decides on a change of a range that exists, and carries it out.
    fn change(
        &mut self,
        id: RangeId,
        decide: impl FnOnce(&mut Range) -> RangeChange,
    ) -> RangeChange {
        let decided = self.ranges.edit(id, |range| {
            let change = decide(range);
            range.ownership = Ownership::new(change.to.state, change.owner.clone());
            range.epoch = change.to.epoch;
            range.hi = change.to.hi;
            range.cutting_for = None;
            change
        });
        let change = decided.expect("the caller found it");
        if change.to.state == RangeState::Done {
            self.ranges.remove(id);
        }
        if let Some(rest) = change.rest {
            let scope = Scope { lo: change.to.hi, hi: change.from.hi };
            self.ranges.insert(rest, Range::pending(scope));
            self.last_range = rest;
        }
        self.checked = false;
        change
    }
}

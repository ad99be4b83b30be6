//! A job's ranges, as the table keeps them.

use std::collections::BTreeMap;

use crate::event::{Change, JobSnapshot, Lease, RangeSnapshot};
use crate::{Epoch, JobId, RangeId, SessionId, Timestamp};

/// What a job is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobState {
    /// Its ranges are handed out.
    Running,
    /// Nothing is handed out, nothing is held.
    Paused,
    /// Done, failed or cancelled: never again.
    Ended,
}

/// Who has a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RangeState {
    /// Nobody.
    Pending,
    /// A session.
    Leased(SessionId),
    /// Nobody ever again: all of it is decided.
    Done,
}

impl RangeState {
    /// The state's name in the database.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Leased(_) => "leased",
            Self::Done => "done",
        }
    }
}

#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) state: JobState,
    pub(crate) total: Option<u64>,
    pub(crate) decided: u64,
    /// What is left to do: a range that is done is forgotten.
    pub(crate) ranges: BTreeMap<RangeId, Range>,
    pub(crate) last_range: RangeId,
    /// `CheckDone` has been asked for and nothing has changed since.
    pub(crate) checked: bool,
}

#[derive(Debug)]
pub(crate) struct Range {
    pub(crate) lo: i64,
    pub(crate) hi: i64,
    pub(crate) epoch: Epoch,
    pub(crate) state: RangeState,
    pub(crate) committed_through: i64,
    /// Every application at or below has been fetched by the owner.
    pub(crate) claimed_through: i64,
    /// Applications it was carved for; 0 where unknown.
    pub(crate) apps: u64,
    /// Those of them that are decided.
    pub(crate) apps_done: u64,
    /// A boundary is being looked for on behalf of this session: to carve a piece off for it where
    /// the range is pending, to split the range for it where somebody holds it.
    pub(crate) cutting_for: Option<SessionId>,
    /// Not handed out before.
    pub(crate) rests_until: Timestamp,
}

impl Job {
    pub(crate) fn from_snapshot(snapshot: JobSnapshot) -> Self {
        let open = snapshot.ranges.into_iter().filter(|it| it.state != RangeState::Done);
        let ranges = open.map(|it| (it.range, Range::from_snapshot(it)));
        Self {
            last_range: snapshot.last_range,
            state: snapshot.state,
            total: snapshot.total,
            decided: snapshot.decided,
            ranges: ranges.collect(),
            checked: false,
        }
    }

    /// The pending range with the lowest ids that may be handed out now.
    pub(crate) fn next_pending(&self, now: Timestamp) -> Option<RangeId> {
        let free =
            |it: &&Range| it.is_pending() && it.cutting_for.is_none() && it.rests_until <= now;
        let ranges = self.ranges.iter().filter(|(_, it)| free(it));
        ranges.min_by_key(|(_, it)| it.lo).map(|(&id, _)| id)
    }

    /// Ranges that are in somebody's hands, or about to be.
    pub(crate) fn n_leases(&self) -> usize {
        let taken = |it: &&Range| it.is_leased() || it.cutting_for.is_some();
        self.ranges.values().filter(taken).count()
    }

    /// Applications that are neither decided nor in anybody's lease, where that is known.
    pub(crate) fn unassigned(&self) -> Option<u64> {
        let leased = self.ranges.values().filter(|it| it.is_leased());
        let leased: u64 = leased.map(|it| it.apps).sum();
        Some(self.total?.saturating_sub(self.decided).saturating_sub(leased))
    }

    /// Hands `[lo, cut)` of a pending range to `session`; the rest stays pending as a range of its own.
    pub(crate) fn grant(
        &mut self,
        job: JobId,
        id: RangeId,
        session: &SessionId,
        cut: i64,
        apps: u64,
    ) -> (Change, Lease) {
        let rest_id = RangeId(self.last_range.0 + 1);
        let range = self.ranges.get_mut(&id).expect("the caller found it");
        let mut change = range.change(job, id, "granted", RangeState::Leased(session.clone()));
        change.to_epoch = range.epoch.next();
        change.to_hi = cut.min(range.hi);
        change.rest = (change.to_hi < range.hi).then_some(rest_id);
        (range.apps, range.apps_done) = (apps, 0);
        range.rests_until = Timestamp::default();
        self.carry_out(&change);
        let range = &self.ranges[&id];
        (change, range.lease(job, id))
    }

    /// Moves a range on without a new owner.
    pub(crate) fn move_to(
        &mut self,
        job: JobId,
        id: RangeId,
        event: &'static str,
        to: RangeState,
        to_epoch: Epoch,
    ) -> Change {
        let range = self.ranges.get_mut(&id).expect("the caller found it");
        range.apps = range.apps.saturating_sub(range.apps_done);
        range.apps_done = 0;
        let mut change = range.change(job, id, event, to);
        change.to_epoch = to_epoch;
        self.carry_out(&change);
        change
    }

    /// Takes `[at, hi)` away from the owner of a range; it becomes a pending range.
    pub(crate) fn split(&mut self, job: JobId, id: RangeId, at: i64, apps_left: u64) -> Change {
        let rest_id = RangeId(self.last_range.0 + 1);
        let range = self.ranges.get_mut(&id).expect("the caller found it");
        let mut change = range.change(job, id, "split", range.state.clone());
        change.to_hi = at;
        change.rest = Some(rest_id);
        range.apps = range.apps_done + apps_left;
        self.carry_out(&change);
        change
    }

    /// The lease with the most applications to go that may be split, if it is worth it.
    pub(crate) fn largest_lease(&self, apps_min: u64, now: Timestamp) -> Option<(RangeId, u64)> {
        let whole =
            |it: &&Range| it.is_leased() && it.cutting_for.is_none() && it.rests_until <= now;
        let leases = self.ranges.iter().filter(|(_, it)| whole(it));
        let largest = leases.map(|(&id, it)| (id, it.apps.saturating_sub(it.apps_done)));
        largest.filter(|(_, left)| *left >= 2 * apps_min).max_by_key(|(_, left)| *left)
    }

    fn carry_out(&mut self, change: &Change) {
        let range = self.ranges.get_mut(&change.range).expect("the change was made from it");
        range.state = change.to.clone();
        range.epoch = change.to_epoch;
        range.hi = change.to_hi;
        range.cutting_for = None;
        if range.state == RangeState::Done {
            self.ranges.remove(&change.range);
        }
        if let Some(rest) = change.rest {
            let rest_range = Range::pending(change.to_hi, change.from_hi);
            assert!(
                self.ranges.insert(rest, rest_range).is_none(),
                "range ids are never used twice"
            );
            self.last_range = rest;
        }
        self.checked = false;
    }
}

impl Range {
    fn pending(lo: i64, hi: i64) -> Self {
        Self {
            lo,
            hi,
            epoch: Epoch::default(),
            state: RangeState::Pending,
            committed_through: lo - 1,
            claimed_through: lo - 1,
            apps: 0,
            apps_done: 0,
            cutting_for: None,
            rests_until: Timestamp::default(),
        }
    }

    fn from_snapshot(it: RangeSnapshot) -> Self {
        Self {
            epoch: it.epoch,
            state: it.state,
            committed_through: it.committed_through,
            claimed_through: it.committed_through,
            ..Self::pending(it.lo, it.hi)
        }
    }

    fn change(&self, job: JobId, range: RangeId, event: &'static str, to: RangeState) -> Change {
        Change {
            job,
            range,
            event,
            from_state: self.state.name(),
            from_epoch: self.epoch,
            from_hi: self.hi,
            to,
            to_epoch: self.epoch,
            to_hi: self.hi,
            rest: None,
        }
    }

    pub(crate) fn lease(&self, job: JobId, range: RangeId) -> Lease {
        Lease { job, range, epoch: self.epoch, lo: self.lo, hi: self.hi }
    }

    pub(crate) fn is_pending(&self) -> bool {
        self.state == RangeState::Pending
    }

    pub(crate) fn is_leased(&self) -> bool {
        matches!(self.state, RangeState::Leased(_))
    }

    pub(crate) fn held_by_session(&self, session: &SessionId) -> bool {
        matches!(&self.state, RangeState::Leased(it) if it == session)
    }

    pub(crate) fn held_by(&self, session: &SessionId, epoch: Epoch) -> bool {
        self.epoch == epoch && self.held_by_session(session)
    }
}

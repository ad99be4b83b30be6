//! A range, as the table keeps it.

use std::time::Duration;

use crate::event::{Change, Lease, Progress, RangeSnapshot};
use crate::{Epoch, JobId, RangeId, SessionId, Timestamp};

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
    /// Time of the owner's last progress, else of the grant; while a boundary is being searched, when the search began.
    pub(crate) moved_at: Timestamp,
    /// For how long the owner has been reading the next applications, by its last heartbeat.
    pub(crate) reading: Option<Duration>,
}

impl Range {
    pub(crate) fn pending(lo: i64, hi: i64) -> Self {
        Self {
            lo,
            hi,
            epoch: Epoch::default(),
            state: RangeState::Pending,
            committed_through: lo.saturating_sub(1),
            claimed_through: lo.saturating_sub(1),
            apps: 0,
            apps_done: 0,
            cutting_for: None,
            rests_until: Timestamp::default(),
            moved_at: Timestamp::default(),
            reading: None,
        }
    }

    /// How many applications it was carved for is not in the database: no more than it has ids.
    pub(crate) fn from_snapshot(it: RangeSnapshot, apps_max: u64, now: Timestamp) -> Self {
        let left = it.hi.saturating_sub(it.committed_through).saturating_sub(1);
        let left = u64::try_from(left).unwrap_or(0).min(apps_max);
        Self {
            apps: if it.epoch > Epoch::default() { left } else { 0 },
            epoch: it.epoch,
            state: it.state,
            committed_through: it.committed_through,
            claimed_through: it.committed_through,
            moved_at: now,
            ..Self::pending(it.lo, it.hi)
        }
    }

    pub(crate) fn change(
        &self,
        job: JobId,
        range: RangeId,
        event: &'static str,
        to: RangeState,
    ) -> Change {
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
            cursor: self.lo - 1,
        }
    }

    pub(crate) fn lease(&self, job: JobId, range: RangeId) -> Lease {
        Lease { job, range, epoch: self.epoch, lo: self.lo, hi: self.hi }
    }

    pub(crate) fn is_pending(&self) -> bool {
        self.state == RangeState::Pending
    }

    pub(crate) fn owner(&self) -> Option<&SessionId> {
        match &self.state {
            RangeState::Leased(it) => Some(it),
            RangeState::Pending | RangeState::Done => None,
        }
    }

    pub(crate) fn held_by(&self, session: &SessionId, epoch: Epoch) -> bool {
        self.epoch == epoch && self.owner() == Some(session)
    }

    /// Takes over what the database does not know of the same lease or the same free range.
    pub(crate) fn remember(&mut self, old: &Self) {
        if (self.epoch, &self.state) != (old.epoch, &old.state) {
            return;
        }
        (self.apps, self.apps_done) = (old.apps, old.apps_done);
        self.claimed_through = self.claimed_through.max(old.claimed_through);
        (self.rests_until, self.moved_at) = (old.rests_until, old.moved_at);
        self.reading = old.reading;
    }

    /// Whether its owner has done anything about it.
    pub(crate) fn is_begun(&self) -> bool {
        self.apps_done > 0 || self.claimed_through > self.committed_through
    }

    /// For how long its owner has neither committed nor fetched anything.
    pub(crate) fn stands_for(&self, now: Timestamp) -> Duration {
        let since_progress = Duration::from_millis(now.0.saturating_sub(self.moved_at.0));
        self.reading.unwrap_or(since_progress)
    }

    /// Takes in what its owner says of it; whether it has got on. A read that is under way is not taken for a stall
    /// before `reading_max`: the ids of a sparse range may take long to look through.
    pub(crate) fn progress(
        &mut self,
        it: &Progress,
        reading_max: Duration,
        now: Timestamp,
    ) -> bool {
        let before = (self.committed_through, self.claimed_through, self.apps_done);
        let within = |it: i64| it.min(self.hi - 1);
        let (committed, claimed) = (within(it.committed_through), within(it.claimed_through));
        self.committed_through = self.committed_through.max(committed);
        self.claimed_through = self.claimed_through.max(claimed);
        self.apps_done = it.apps.min(self.hi.abs_diff(self.lo));
        self.reading = it.reading;
        let has_moved = before != (self.committed_through, self.claimed_through, self.apps_done);
        if has_moved || it.reading.is_some_and(|reading| reading < reading_max) {
            self.moved_at = now;
        }
        has_moved
    }
}

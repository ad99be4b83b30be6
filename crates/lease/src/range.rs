//! A range, as the table keeps it.

use std::time::Duration;

use xmlx_domain::{
    Epoch, JobId, Lease, LeaseKey, Progress, RangeChange, RangeEvent, RangeId, RangeMark,
    RangeSnapshot, RangeState, Scope, SessionId,
};

use crate::Timestamp;

/// Who has a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ownership {
    /// Nobody.
    Free,
    /// This session.
    Held(SessionId),
    /// Nobody ever again: all of it is decided.
    Closed,
}

impl Ownership {
    /// A range that the database calls leased without naming an owner is nobody's.
    pub(crate) fn new(state: RangeState, owner: Option<SessionId>) -> Self {
        match (state, owner) {
            (RangeState::Leased, Some(owner)) => Self::Held(owner),
            (RangeState::Pending | RangeState::Leased, _) => Self::Free,
            (RangeState::Done, _) => Self::Closed,
        }
    }

    fn state(&self) -> RangeState {
        match self {
            Self::Free => RangeState::Pending,
            Self::Held(_) => RangeState::Leased,
            Self::Closed => RangeState::Done,
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Range {
    pub(crate) lo: i64,
    pub(crate) hi: i64,
    pub(crate) epoch: Epoch,
    pub(crate) ownership: Ownership,
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
    pub(crate) fn pending(Scope { lo, hi }: Scope) -> Self {
        Self {
            lo,
            hi,
            epoch: Epoch::default(),
            ownership: Ownership::Free,
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
    pub(crate) fn from_snapshot(range: RangeSnapshot, apps_max: u64, now: Timestamp) -> Self {
        let left = range.scope.hi.saturating_sub(range.committed_through).saturating_sub(1);
        let left = u64::try_from(left).unwrap_or(0).min(apps_max);
        Self {
            apps: if range.epoch > Epoch::default() { left } else { 0 },
            epoch: range.epoch,
            ownership: Ownership::new(range.state, range.owner),
            committed_through: range.committed_through,
            claimed_through: range.committed_through,
            moved_at: now,
            ..Self::pending(range.scope)
        }
    }

    /// A change of the range that leaves everything as it is, for the caller to say what changes.
    pub(crate) fn change(&self, job: JobId, range: RangeId, event: RangeEvent) -> RangeChange {
        let mark = RangeMark { state: self.ownership.state(), epoch: self.epoch, hi: self.hi };
        RangeChange {
            job,
            range,
            event,
            from: mark,
            to: mark,
            owner: self.owner().cloned(),
            rest: None,
            cursor: self.lo - 1,
        }
    }

    pub(crate) fn lease(&self, job: JobId, range: RangeId) -> Lease {
        let key = LeaseKey { job, range, epoch: self.epoch };
        Lease { key, scope: Scope { lo: self.lo, hi: self.hi } }
    }

    pub(crate) fn is_pending(&self) -> bool {
        self.ownership == Ownership::Free
    }

    pub(crate) fn owner(&self) -> Option<&SessionId> {
        match &self.ownership {
            Ownership::Held(session) => Some(session),
            Ownership::Free | Ownership::Closed => None,
        }
    }

    pub(crate) fn held_by(&self, session: &SessionId, epoch: Epoch) -> bool {
        self.epoch == epoch && self.owner() == Some(session)
    }

    /// Takes over what the database does not know of the same lease or the same free range.
    pub(crate) fn remember(&mut self, old: &Self) {
        if (self.epoch, &self.ownership) != (old.epoch, &old.ownership) {
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
        let since_progress = now.since(self.moved_at);
        self.reading.unwrap_or(since_progress)
    }

    /// Takes in what its owner says of it; whether it has got on. A read that is under way is not taken for a stall
    /// before `reading_max`: the ids of a sparse range may take long to look through.
    pub(crate) fn progress(
        &mut self,
        reported: &Progress,
        reading_max: Duration,
        now: Timestamp,
    ) -> bool {
        let before = (self.committed_through, self.claimed_through, self.apps_done);
        let within = |id: i64| id.min(self.hi - 1);
        let committed = within(reported.committed_through);
        let claimed = within(reported.claimed_through);
        self.committed_through = self.committed_through.max(committed);
        self.claimed_through = self.claimed_through.max(claimed);
        self.apps_done = reported.apps.min(self.hi.abs_diff(self.lo));
        self.reading = reported.reading;
        let has_moved = before != (self.committed_through, self.claimed_through, self.apps_done);
        if has_moved || reported.reading.is_some_and(|reading| reading < reading_max) {
            self.moved_at = now;
        }
        has_moved
    }
}

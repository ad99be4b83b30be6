//! The database: ranges, the leader's term, and what was committed.

use std::collections::{BTreeMap, BTreeSet};

use xmlx_domain::{
    Epoch, JobId, JobState, LeaseKey, RangeChange, RangeEvent, RangeId, RangeMark, RangeSnapshot,
    RangeState, Scope, SessionId,
};
use xmlx_lease::{Event, JobSnapshot};

use super::cluster::Mutation;
use super::rng::Rng;

pub(crate) const JOB: JobId = JobId(1);

#[derive(Clone, Debug)]
pub(crate) struct Db {
    pub(crate) term: u64,
    /// Which leader has the term: after the database went back in time, two may have had the same one.
    pub(crate) holder: usize,
    pub(crate) state: JobState,
    pub(crate) scope: Scope,
    pub(crate) ranges: BTreeMap<RangeId, RangeSnapshot>,
    /// Ids that exist.
    pub(crate) source: BTreeSet<i64>,
    pub(crate) committed: BTreeMap<i64, u32>,
    /// Those of them that appeared below a cursor: nobody comes past them again by himself.
    pub(crate) late: BTreeSet<i64>,
    /// Ids that came after the beginning.
    appeared: BTreeSet<i64>,
    /// Those that were decided when a range was opened again around them.
    settled: BTreeSet<i64>,
    mutation: Mutation,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    Deposed,
    Conflict,
}

impl Db {
    pub(crate) fn new(source: BTreeSet<i64>, mutation: Mutation) -> Self {
        let scope = Scope { lo: 1, hi: source.last().map_or(1, |last| last + 1) };
        let whole = RangeSnapshot {
            range: RangeId::FIRST,
            scope,
            epoch: Epoch(0),
            state: RangeState::Pending,
            owner: None,
            committed_through: scope.lo - 1,
        };
        let ranges = BTreeMap::from([(RangeId::FIRST, whole)]);
        Self {
            term: 0,
            holder: 0,
            state: JobState::Running,
            scope,
            ranges,
            source,
            committed: BTreeMap::new(),
            late: BTreeSet::new(),
            appeared: BTreeSet::new(),
            settled: BTreeSet::new(),
            mutation,
        }
    }

    pub(crate) fn snapshot(&self) -> JobSnapshot {
        JobSnapshot {
            job: JOB,
            state: self.state,
            priority: 0,
            protocol: 1,
            total: Some(u64::try_from(self.source.len()).unwrap()),
            decided: u64::try_from(self.committed.len()).unwrap(),
            last_range: *self.ranges.keys().next_back().unwrap(),
            ranges: self
                .ranges
                .values()
                .filter(|range| range.state != RangeState::Done)
                .cloned()
                .collect(),
        }
    }

    /// The leader's compare-and-set, as `range_change.sql` has it.
    pub(crate) fn save(
        &mut self,
        (term, holder): (u64, usize),
        change: &RangeChange,
    ) -> Result<(), Refused> {
        if (term, holder) != (self.term, self.holder) && self.mutation != Mutation::SaveWithoutTerm
        {
            return Err(Refused::Deposed);
        }
        let is_grant = change.event == RangeEvent::Granted;
        if is_grant && self.state != JobState::Running {
            return Err(Refused::Conflict);
        }
        let mutation = self.mutation;
        let Some(range) = self.ranges.get_mut(&change.range) else { return Err(Refused::Conflict) };
        let found = RangeMark { state: range.state, epoch: range.epoch, hi: range.scope.hi };
        if found != change.from || range.committed_through >= change.to.hi {
            return Err(Refused::Conflict);
        }
        range.state = change.to.state;
        range.owner = change.owner.clone();
        range.scope.hi = change.to.hi;
        let falls = mutation == Mutation::EpochFalls && change.event == RangeEvent::Released;
        range.epoch = if falls { Epoch(0) } else { change.to.epoch };
        if is_grant {
            range.committed_through = range.committed_through.max(change.cursor);
        }
        if change.to.state == RangeState::Done {
            range.committed_through = change.to.hi - 1;
        }
        if let Some(rest) = change.rest.filter(|_| mutation != Mutation::SplitLosesTheRest) {
            let pending = RangeSnapshot {
                range: rest,
                scope: Scope { lo: change.to.hi, hi: change.from.hi },
                epoch: Epoch(0),
                state: RangeState::Pending,
                owner: None,
                committed_through: change.to.hi - 1,
            };
            if self.ranges.insert(rest, pending).is_some() {
                return Err(Refused::Conflict);
            }
        }
        Ok(())
    }

    /// The ids of a scope that a job still finds waiting. That no other is taken twice is for the fence to see to.
    pub(crate) fn waiting(&self, Scope { lo, hi }: Scope) -> impl Iterator<Item = i64> {
        self.source.range(lo..hi).copied().filter(|app| !self.settled.contains(app))
    }

    /// A document comes for an id of the scope that had none.
    pub(crate) fn appear(&mut self, rng: &mut Rng) {
        let width = u64::try_from(self.scope.hi - self.scope.lo).unwrap();
        let app = self.scope.lo + i64::try_from(rng.below(width)).unwrap();
        if self.source.insert(app) {
            self.appeared.insert(app);
            self.note_late();
        }
    }

    /// What came when it could not be fetched any more, and has been passed by a cursor: a later look finds it.
    fn note_late(&mut self) {
        for app in &self.appeared {
            let passed =
                |range: &RangeSnapshot| range.scope.lo <= *app && *app <= range.committed_through;
            if !self.committed.contains_key(app) && self.ranges.values().any(passed) {
                self.late.insert(*app);
            }
        }
    }

    /// Gives what came late in the first range that is done and has such ids a range of its own, as `range_reopen.sql`
    /// does, with ids above `newest`.
    pub(crate) fn reopen(&mut self, newest: RangeId) -> Option<Event> {
        let late_in = |range: &RangeSnapshot| -> Vec<i64> {
            self.late.range(range.scope.lo..range.scope.hi).copied().collect()
        };
        let done = self.ranges.values().filter(|range| range.state == RangeState::Done);
        let (id, ids) =
            done.map(|range| (range.range, late_in(range))).find(|(_, ids)| !ids.is_empty())?;
        let (first, last) = (ids[0], ids[ids.len() - 1]);
        let range = self.ranges.get_mut(&id)?;
        let end = std::mem::replace(&mut range.scope.hi, first);
        range.committed_through = first - 1;
        let mut add = |n: i64, lo: i64, hi: i64, state: RangeState| {
            let committed_through = if state == RangeState::Done { hi - 1 } else { lo - 1 };
            let range = RangeId(newest.0 + n);
            let (scope, epoch, owner) = (Scope { lo, hi }, Epoch(0), None);
            let added = RangeSnapshot { range, scope, epoch, state, owner, committed_through };
            self.ranges.insert(range, added);
        };
        let is_short = self.mutation == Mutation::LateIsReopenedTooShort && last > first;
        let middle = if is_short { last } else { last + 1 };
        add(1, middle, end, RangeState::Done);
        add(2, first, middle, RangeState::Pending);
        self.late.retain(|app| !ids.contains(app));
        self.settled.extend(self.committed.range(first..middle).map(|(app, _)| *app));
        let waiting = u64::try_from(ids.len()).unwrap_or(0);
        let range = RangeId(newest.0 + 2);
        Some(Event::RangeAdded { job: JOB, range, scope: Scope { lo: first, hi: middle }, waiting })
    }

    /// What the owner of a lease reads; `None` where it has moved on.
    pub(crate) fn open(&self, session: &SessionId, lease: LeaseKey) -> Option<&RangeSnapshot> {
        let range = self.ranges.get(&lease.range)?;
        let is_held = range.state == RangeState::Leased && range.owner.as_ref() == Some(session);
        (range.epoch == lease.epoch && is_held).then_some(range)
    }

    /// The fenced commit of a group that follows on `cursor`.
    pub(crate) fn commit(
        &mut self,
        session: &SessionId,
        lease: LeaseKey,
        cursor: i64,
        group: &[i64],
    ) -> bool {
        let last = group[group.len() - 1];
        let held = self.open(session, lease).is_some();
        let held = held || self.mutation == Mutation::CommitWithoutFence;
        let Some(range) = self.ranges.get_mut(&lease.range) else { return false };
        let follows =
            range.committed_through == cursor || self.mutation == Mutation::CursorNotChecked;
        if !held || !follows || last >= range.scope.hi {
            return false;
        }
        range.committed_through = range.committed_through.max(last);
        for app in group {
            *self.committed.entry(*app).or_insert(0) += 1;
        }
        self.note_late();
        true
    }

    /// The owner closes its range, all of which it has fetched up to `hi` and committed up to `cursor`.
    pub(crate) fn complete(
        &mut self,
        session: &SessionId,
        lease: LeaseKey,
        hi: i64,
        cursor: i64,
    ) -> bool {
        let as_known =
            |range: &RangeSnapshot| range.scope.hi == hi && range.committed_through == cursor;
        if !self.open(session, lease).is_some_and(as_known) {
            return false;
        }
        let range = self.ranges.get_mut(&lease.range).expect("it was just there");
        range.state = RangeState::Done;
        range.committed_through = range.scope.hi - 1;
        self.note_late();
        true
    }

    /// A planted defect: the owner closes its range wherever the range ends by then.
    pub(crate) fn closes_at_any_end(&self) -> bool {
        self.mutation == Mutation::ClosesAtAnyEnd
    }

    /// What has to hold at every committed state.
    pub(crate) fn check(&self) -> Result<(), String> {
        let mut by_lo: Vec<(i64, i64)> =
            self.ranges.values().map(|range| (range.scope.lo, range.scope.hi)).collect();
        by_lo.sort_unstable();
        let mut next = self.scope.lo;
        for (lo, hi) in by_lo {
            if lo != next {
                return Err(format!("ranges do not tile: {lo} follows {next}"));
            }
            next = hi;
        }
        if next != self.scope.hi {
            return Err(format!("ranges end at {next}, the scope at {}", self.scope.hi));
        }
        for range in self.ranges.values().filter(|range| range.committed_through >= range.scope.lo)
        {
            let mut passed = self.source.range(range.scope.lo..=range.committed_through);
            let lost = passed
                .find(|app_id| !self.committed.contains_key(app_id) && !self.late.contains(app_id));
            if let Some(app) = lost {
                return Err(format!("app {app} is lost: a cursor has passed it"));
            }
        }
        match self.committed.iter().find(|(_, n)| **n > 1) {
            Some((app, n)) => Err(format!("app {app} was committed {n} times")),
            None => Ok(()),
        }
    }
}

//! The database: ranges, the leader's term, and what was committed.

use std::collections::{BTreeMap, BTreeSet};

use xmlx_lease::{
    Change, Epoch, JobId, JobSnapshot, JobState, Lease, RangeId, RangeSnapshot, RangeState,
    SessionId,
};

use super::cluster::Mutation;

pub(crate) const JOB: JobId = JobId(1);

#[derive(Debug)]
pub(crate) struct Db {
    pub(crate) term: u64,
    pub(crate) state: JobState,
    pub(crate) scope: (i64, i64),
    pub(crate) ranges: BTreeMap<RangeId, RangeSnapshot>,
    /// Ids that exist.
    pub(crate) source: BTreeSet<i64>,
    pub(crate) committed: BTreeMap<i64, u32>,
    mutation: Mutation,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    Deposed,
    Conflict,
}

impl Db {
    pub(crate) fn new(source: BTreeSet<i64>, mutation: Mutation) -> Self {
        let scope = (1, source.last().map_or(1, |it| it + 1));
        let whole = RangeSnapshot {
            range: RangeId(1),
            lo: scope.0,
            hi: scope.1,
            epoch: Epoch(0),
            state: RangeState::Pending,
            committed_through: scope.0 - 1,
        };
        let ranges = BTreeMap::from([(RangeId(1), whole)]);
        Self {
            term: 0,
            state: JobState::Running,
            scope,
            ranges,
            source,
            committed: BTreeMap::new(),
            mutation,
        }
    }

    pub(crate) fn snapshot(&self) -> JobSnapshot {
        JobSnapshot {
            job: JOB,
            state: self.state,
            priority: 0,
            total: Some(u64::try_from(self.source.len()).unwrap()),
            decided: u64::try_from(self.committed.len()).unwrap(),
            last_range: *self.ranges.keys().next_back().unwrap(),
            ranges: self
                .ranges
                .values()
                .filter(|it| it.state != RangeState::Done)
                .cloned()
                .collect(),
        }
    }

    /// The leader's compare-and-set, as `range_change.sql` has it.
    pub(crate) fn save(&mut self, term: u64, it: &Change) -> Result<(), Refused> {
        if term != self.term && self.mutation != Mutation::SaveWithoutTerm {
            return Err(Refused::Deposed);
        }
        let mutation = self.mutation;
        let Some(range) = self.ranges.get_mut(&it.range) else { return Err(Refused::Conflict) };
        let as_expected = range.state.name() == it.from_state
            && range.epoch == it.from_epoch
            && range.hi == it.from_hi
            && range.committed_through < it.to_hi;
        if !as_expected {
            return Err(Refused::Conflict);
        }
        range.state = it.to.clone();
        range.hi = it.to_hi;
        let falls = mutation == Mutation::EpochFalls && it.event == "released";
        range.epoch = if falls { Epoch(0) } else { it.to_epoch };
        if it.to == RangeState::Done {
            range.committed_through = it.to_hi - 1;
        }
        if let Some(rest) = it.rest.filter(|_| mutation != Mutation::SplitLosesTheRest) {
            let pending = RangeSnapshot {
                range: rest,
                lo: it.to_hi,
                hi: it.from_hi,
                epoch: Epoch(0),
                state: RangeState::Pending,
                committed_through: it.to_hi - 1,
            };
            if self.ranges.insert(rest, pending).is_some() {
                return Err(Refused::Conflict);
            }
        }
        Ok(())
    }

    /// The fenced commit of a group.
    pub(crate) fn commit(&mut self, session: &SessionId, lease: &Lease, group: &[i64]) -> bool {
        let (first, last) = (group[0], group[group.len() - 1]);
        let range = self.ranges.get_mut(&lease.range).expect("a granted range exists");
        let held = range.epoch == lease.epoch && range.state == RangeState::Leased(session.clone());
        let held = held || self.mutation == Mutation::CommitWithoutFence;
        let fresh = range.committed_through < first || self.mutation == Mutation::CursorNotChecked;
        if !held || !fresh || last >= range.hi {
            return false;
        }
        range.committed_through = range.committed_through.max(last);
        for app in group {
            *self.committed.entry(*app).or_insert(0) += 1;
        }
        true
    }

    /// The owner closes its range.
    pub(crate) fn complete(&mut self, session: &SessionId, lease: &Lease) -> bool {
        let range = self.ranges.get_mut(&lease.range).expect("a granted range exists");
        let held = range.epoch == lease.epoch && range.state == RangeState::Leased(session.clone());
        if !held || range.hi != lease.hi {
            return false;
        }
        range.state = RangeState::Done;
        range.committed_through = range.hi - 1;
        true
    }

    /// What has to hold at every committed state.
    pub(crate) fn check(&self) -> Result<(), String> {
        let mut by_lo: Vec<(i64, i64)> = self.ranges.values().map(|it| (it.lo, it.hi)).collect();
        by_lo.sort_unstable();
        let mut next = self.scope.0;
        for (lo, hi) in by_lo {
            if lo != next {
                return Err(format!("ranges do not tile: {lo} follows {next}"));
            }
            next = hi;
        }
        if next != self.scope.1 {
            return Err(format!("ranges end at {next}, the scope at {}", self.scope.1));
        }
        for range in self.ranges.values().filter(|it| it.state == RangeState::Done) {
            let lost =
                self.source.range(range.lo..range.hi).find(|it| !self.committed.contains_key(it));
            if let Some(app) = lost {
                return Err(format!("app {app} is lost in a range that is done"));
            }
        }
        match self.committed.iter().find(|(_, n)| **n > 1) {
            Some((app, n)) => Err(format!("app {app} was committed {n} times")),
            None => Ok(()),
        }
    }
}

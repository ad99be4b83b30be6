//! The database: the leader's term, the job, its ranges, and what was decided. Each method is one transaction.

use xmlx_domain::{
    Epoch, JobId, JobState, RangeChange, RangeEvent, RangeId, RangeMark, RangeSnapshot, RangeState,
    Scope, SessionId,
};
use xmlx_lease::{Boundary, JobSnapshot};

use super::{Defect, Flaw};

pub(crate) const JOB: JobId = JobId(1);

/// A range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Row {
    /// Its id.
    pub range: RangeId,
    /// The ids in it.
    pub scope: Scope,
    /// How it stands.
    pub state: RangeState,
    /// How often it has changed hands.
    pub epoch: Epoch,
    /// The session that has it, or had it last.
    pub owner: Option<u8>,
    /// Every application at or below is decided.
    pub cursor: i64,
}

/// What an owner knows of its lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Held {
    pub(crate) range: RangeId,
    pub(crate) epoch: Epoch,
    pub(crate) scope: Scope,
    pub(crate) cursor: i64,
}

/// All that survives.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Db {
    /// The term of the coordinator that leads.
    pub term: i64,
    /// The job's state.
    pub job: JobState,
    /// Its ranges, by id.
    pub rows: Vec<Row>,
    /// How often each application was decided.
    pub decided: Vec<u8>,
    /// A pause was acknowledged and has not ended: nothing may be committed.
    pub barrier: bool,
}

/// Why a leader's change was refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Another one leads.
    Deposed,
    /// The range is not as the leader thought.
    Conflict,
}

/// A session's name; the table orders sessions by it.
pub(crate) fn session(number: u8) -> SessionId {
    SessionId(char::from(b'a' + number).to_string())
}

pub(crate) fn number(session: &SessionId) -> u8 {
    session.as_str().as_bytes()[0] - b'a'
}

impl Db {
    pub(crate) fn new(apps: i64) -> Self {
        let whole = Row::pending(RangeId::FIRST, Scope { lo: 1, hi: apps + 1 });
        let n_apps = usize::try_from(apps).expect("a few");
        let (term, job, decided) = (0, JobState::Running, vec![0; n_apps]);
        Self { term, job, rows: vec![whole], decided, barrier: false }
    }

    /// Whether every application is decided.
    #[must_use]
    pub fn is_decided(&self) -> bool {
        self.decided.iter().all(|times| *times > 0)
    }

    pub(crate) fn times(&self, app: i64) -> u8 {
        usize::try_from(app - 1).ok().and_then(|at| self.decided.get(at)).copied().unwrap_or(0)
    }

    pub(crate) fn snapshot(&self) -> JobSnapshot {
        let open = self.rows.iter().filter(|row| row.state != RangeState::Done);
        JobSnapshot {
            job: JOB,
            state: self.job,
            priority: 0,
            total: u64::try_from(self.decided.len()).ok(),
            decided: self.decided.iter().map(|times| u64::from(*times)).sum(),
            protocol: 1,
            last_range: self.rows.iter().map(|row| row.range).max().expect("there is one"),
            ranges: open.map(Row::snapshot).collect(),
        }
    }

    /// The leader's compare-and-set, as `range_change.sql` has it. Returns what it violates, if anything.
    pub(crate) fn save(
        &mut self,
        term: i64,
        change: &RangeChange,
        defect: Defect,
    ) -> Result<Option<Flaw>, Refused> {
        let is_grant = change.event == RangeEvent::Granted;
        let known = self.rows.iter().position(|row| row.range == change.range);
        let at = known.ok_or(Refused::Conflict)?;
        let before = self.rows[at];
        let found = RangeMark { state: before.state, epoch: before.epoch, hi: before.scope.hi };
        let fits = found == change.from && before.cursor < change.to.hi;
        let fits = fits || defect == Defect::FenceSavesOverAnything;
        if !fits || is_grant && self.job != JobState::Running {
            return Err(Refused::Conflict);
        }
        let is_new = |rest: RangeId| self.rows.iter().all(|row| row.range != rest);
        if !change.rest.is_none_or(is_new) {
            return Err(Refused::Conflict);
        }
        let leads = term == self.term;
        if !leads && defect != Defect::FenceIgnoresTheTerm {
            return Err(Refused::Deposed);
        }
        let row = &mut self.rows[at];
        row.state = change.to.state;
        row.epoch = change.to.epoch;
        row.owner = change.owner.as_ref().map(number);
        row.scope.hi = change.to.hi;
        if is_grant {
            row.cursor = row.cursor.max(change.cursor);
        }
        if row.state == RangeState::Done {
            row.cursor = row.scope.hi - 1;
        }
        let after = *row;
        if let Some(rest) = change.rest {
            let scope = Scope { lo: change.to.hi, hi: before.scope.hi };
            self.rows.push(Row::pending(rest, scope));
        }
        let changes_hands = change.event.begins_epoch();
        let flaw = if !leads {
            Some(Flaw::DeposedWrote)
        } else if before.state == RangeState::Done {
            Some(Flaw::DoneChanged)
        } else if after.epoch < before.epoch || changes_hands && after.epoch == before.epoch {
            Some(Flaw::EpochDidNotRise)
        } else {
            None
        };
        Ok(flaw)
    }

    /// The row of a lease, while its owner has it.
    pub(crate) fn open(&self, owner: u8, range: RangeId, epoch: Epoch) -> Option<&Row> {
        let mine = |row: &&Row| {
            row.range == range
                && row.epoch == epoch
                && row.owner == Some(owner)
                && row.state == RangeState::Leased
        };
        self.rows.iter().find(mine)
    }

    /// The fenced commit of the applications above the owner's cursor up to `last`. `None`: refused.
    pub(crate) fn commit(
        &mut self,
        owner: u8,
        held: &Held,
        last: i64,
        defect: Defect,
    ) -> Option<()> {
        let row = self.rows.iter_mut().find(|row| row.range == held.range)?;
        let is_held = row.owner == Some(owner) && row.state == RangeState::Leased;
        let is_held = is_held && row.epoch == held.epoch;
        let is_held = is_held || defect == Defect::FenceIgnoresTheEpoch;
        let follows = row.cursor == held.cursor || defect == Defect::FenceIgnoresTheCursor;
        let ends = last < row.scope.hi || defect == Defect::FenceIgnoresTheEnd;
        if !(is_held && follows && ends) {
            return None;
        }
        row.cursor = row.cursor.max(last);
        for app in held.cursor + 1..=last {
            if let Some(times) = self.decided.get_mut(usize::try_from(app - 1).ok()?) {
                *times += 1;
            }
        }
        Some(())
    }

    /// The owner closes its range, as `range_complete.sql` has it. `None`: refused.
    pub(crate) fn complete(&mut self, owner: u8, held: &Held) -> Option<()> {
        let row = self.rows.iter_mut().find(|row| row.range == held.range)?;
        let is_held = row.owner == Some(owner) && row.epoch == held.epoch;
        let is_known = row.scope.hi == held.scope.hi && row.cursor == held.cursor;
        if !is_held || row.state != RangeState::Leased || !is_known {
            return None;
        }
        row.state = RangeState::Done;
        row.cursor = row.scope.hi - 1;
        Some(())
    }

    /// The leader moves the job. `false`: it is in another state.
    pub(crate) fn move_job(&mut self, from: JobState, to: JobState) -> bool {
        if self.job != from {
            return false;
        }
        self.job = to;
        self.barrier = false;
        true
    }

    /// Where the first `count` applications of the scope that wait end.
    pub(crate) fn boundary(&self, scope: Scope, count: u64) -> Boundary {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let waiting = (scope.lo..scope.hi).filter(|app| self.times(*app) == 0);
        let found: Vec<i64> = waiting.take(count).collect();
        let n_found = u64::try_from(found.len()).expect("a few");
        match (found.first(), found.last()) {
            (Some(&from), Some(&last)) => {
                let at = if found.len() < count { scope.hi } else { last + 1 };
                Boundary::Cut { from, at, count: n_found }
            }
            _ => Boundary::Empty,
        }
    }

    /// Whether the ranges tile the scope.
    pub(crate) fn tiles(&self) -> bool {
        let mut scopes: Vec<(i64, i64)> =
            self.rows.iter().map(|row| (row.scope.lo, row.scope.hi)).collect();
        scopes.sort_unstable();
        let end = scopes.iter().try_fold(1, |next, &(lo, hi)| (lo == next).then_some(hi));
        end == i64::try_from(self.decided.len()).ok().map(|n_apps| n_apps + 1)
    }

    /// Whether a cursor stands above an application that is not decided.
    pub(crate) fn is_passed_over(&self) -> bool {
        let mut below = self.rows.iter().flat_map(|row| row.scope.lo..=row.cursor);
        below.any(|app| self.times(app) == 0)
    }
}

impl Row {
    fn pending(range: RangeId, scope: Scope) -> Self {
        let (state, epoch) = (RangeState::Pending, Epoch(0));
        Self { range, scope, state, epoch, owner: None, cursor: scope.lo - 1 }
    }

    fn snapshot(&self) -> RangeSnapshot {
        RangeSnapshot {
            range: self.range,
            scope: self.scope,
            state: self.state,
            epoch: self.epoch,
            owner: self.owner.map(session),
            committed_through: self.cursor,
        }
    }
}

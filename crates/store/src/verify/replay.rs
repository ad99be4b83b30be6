//! A job's history, replayed entry by entry against the rules of ranges and leases. Pure: it is given
//! what the tables hold.
//!
//! After a violation it goes on from what the entry says, so that one fault is reported once.

mod decided;
mod event;
mod findings;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::{JobRow, RangeRow, Scope};
use decided::{Decided, Sessions};

pub(crate) use event::{Change, Entry, Event, JobState};
pub(crate) use findings::{Findings, Rule};

/// The state that a history has led to so far.
#[derive(Debug)]
pub(crate) struct Replay {
    ranges: BTreeMap<i64, Range>,
    /// `None` before the first range.
    scope: Option<Scope>,
    /// What the latest cut left over, until a range is created of it.
    rest: Option<Scope>,
    term: i64,
    job: JobState,
    sessions: Sessions,
    decided: Decided,
    findings: Findings,
    entries: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    scope: Scope,
    state: State,
    epoch: i64,
    cursor: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Pending,
    /// `since`: where the cursor stood at the grant.
    Leased {
        owner: u32,
        since: i64,
    },
    Done,
}

impl Replay {
    pub(crate) fn new() -> Self {
        Self {
            ranges: BTreeMap::new(),
            scope: None,
            rest: None,
            term: 0,
            job: JobState::Running,
            sessions: Sessions::default(),
            decided: Decided::default(),
            findings: Findings::default(),
            entries: 0,
        }
    }

    /// Entries so far.
    pub(crate) fn entries(&self) -> u64 {
        self.entries
    }

    pub(crate) fn findings(&self) -> &Findings {
        &self.findings
    }

    /// The next entry, in the order of their ids.
    pub(crate) fn push(&mut self, it: &Entry) {
        self.entries += 1;
        // An owner's own word waits for nobody: it may stand between a cut and its rest.
        if it.event == Event::Range(Change::Completed) {
            return self.change(it, Change::Completed);
        }
        if it.term < self.term {
            let term = self.term;
            self.object(Rule::Terms, it, || format!("term {} after term {term}", it.term));
        }
        self.term = self.term.max(it.term);
        let rest = self.rest.take();
        let is_of_rest = |rest: &Scope| it.scope.lo == rest.lo && it.scope.hi <= rest.hi;
        let is_rest = it.event == Event::Created && rest.as_ref().is_some_and(is_of_rest);
        // Where a range that was done is opened again, two ranges are made of what was cut off.
        self.rest = rest
            .filter(|rest| is_rest && it.scope.hi < rest.hi)
            .map(|rest| Scope { lo: it.scope.hi, hi: rest.hi });
        if let Some(rest) = rest.filter(|_| !is_rest) {
            self.object(Rule::Tiling, it, || {
                format!("[{}, {}) was cut off and no range created of it", rest.lo, rest.hi)
            });
        }
        match it.event {
            Event::Created => self.create(it, is_rest),
            Event::Range(change) => self.change(it, change),
            Event::Job(state) => self.move_job(it, state),
        }
    }

    fn create(&mut self, it: &Entry, is_rest: bool) {
        // A scope grows at either end.
        let adjoins = self.scope.is_none_or(|scope| {
            it.scope.lo == scope.hi || it.scope.hi == scope.lo && it.scope.lo < scope.lo
        });
        if !is_rest && !adjoins || it.scope.hi < it.scope.lo {
            self.object(Rule::Tiling, it, || {
                format!("range {} at [{}, {})", it.range_id, it.scope.lo, it.scope.hi)
            });
        }
        if !is_rest {
            let before = self.scope.unwrap_or(it.scope);
            let (lo, hi) = (before.lo.min(it.scope.lo), before.hi.max(it.scope.hi));
            self.scope = Some(Scope { lo, hi });
        }
        let range = Range {
            scope: it.scope,
            state: State::Pending,
            epoch: it.epoch,
            cursor: it.scope.lo - 1,
        };
        if it.committed_through != range.cursor {
            self.object(Rule::Cursors, it, || format!("a new range at {}", it.committed_through));
        }
        if it.epoch != 0 {
            self.object(Rule::Epochs, it, || format!("a new range under epoch {}", it.epoch));
        }
        if self.ranges.insert(it.range_id, range).is_some() {
            self.object(Rule::Order, it, || format!("range {} exists already", it.range_id));
        }
    }

    fn change(&mut self, it: &Entry, change: Change) {
        let Some(before) = self.ranges.get(&it.range_id).copied() else {
            let id = it.range_id;
            return self.object(Rule::Order, it, || format!("range {id} was never created"));
        };
        if before.state == State::Done && change != Change::Reopened {
            let id = it.range_id;
            return self.object(Rule::AfterDone, it, || format!("range {id}: {change:?}"));
        }
        self.bounds(it, change, before);
        self.epoch(it, change, before);
        self.cursor(it, change, before);
        let owner = it.session.as_deref().map(|name| self.sessions.number(name));
        self.owner(it, change, before, owner);
        if change == Change::Granted && self.job != JobState::Running {
            let job = self.job;
            self.object(Rule::Barrier, it, || format!("range {}, job {job:?}", it.range_id));
        }
        let after = match (change, before.state) {
            (Change::Granted, _) => {
                State::Leased { owner: owner.unwrap_or(u32::MAX), since: it.committed_through }
            }
            (Change::Split, state) => state,
            (Change::Released | Change::Revoked | Change::Lost, state) => {
                self.close(state, it.committed_through);
                State::Pending
            }
            (Change::Completed, state) => {
                self.close(state, it.committed_through);
                State::Done
            }
            (Change::Empty | Change::Reopened, _) => State::Done,
        };
        let range =
            Range { scope: it.scope, state: after, epoch: it.epoch, cursor: it.committed_through };
        self.ranges.insert(it.range_id, range);
    }

    fn close(&mut self, state: State, cursor: i64) {
        if let State::Leased { owner, since } = state {
            self.decided.add(since, cursor, owner);
        }
    }

    fn bounds(&mut self, it: &Entry, change: Change, before: Range) {
        let cuts = matches!(change, Change::Granted | Change::Split | Change::Reopened);
        let is_cut = it.scope.hi < before.scope.hi;
        if it.scope.lo != before.scope.lo || it.scope.hi > before.scope.hi || is_cut && !cuts {
            let (lo, hi) = (before.scope.lo, before.scope.hi);
            self.object(Rule::Tiling, it, || {
                format!(
                    "range {} went from [{lo}, {hi}) to [{}, {}) when {change:?}",
                    it.range_id, it.scope.lo, it.scope.hi
                )
            });
        } else if is_cut {
            self.rest = Some(Scope { lo: it.scope.hi, hi: before.scope.hi });
        }
    }

    fn epoch(&mut self, it: &Entry, change: Change, before: Range) {
        let expected = match change {
            Change::Granted | Change::Revoked | Change::Lost => before.epoch + 1,
            Change::Released | Change::Split | Change::Empty => before.epoch,
            Change::Completed | Change::Reopened => before.epoch,
        };
        if it.epoch != expected {
            self.object(Rule::Epochs, it, || {
                format!("range {}: {change:?} under {}, not {expected}", it.range_id, it.epoch)
            });
        }
    }

    fn cursor(&mut self, it: &Entry, change: Change, before: Range) {
        let last = it.scope.hi - 1;
        let cursor = it.committed_through;
        let fits = match change {
            Change::Completed | Change::Empty | Change::Reopened => cursor == last,
            // Nobody held it: nothing was committed. Where nothing waits at its beginning, the cursor says so.
            Change::Granted => cursor <= last,
            Change::Released | Change::Revoked | Change::Lost | Change::Split => cursor <= last,
        };
        // What is cut off a range that was done takes its cursor along.
        let falls = cursor < before.cursor && change != Change::Reopened;
        if !fits || falls {
            let was = before.cursor;
            self.object(Rule::Cursors, it, || {
                format!("range {}: {change:?} at {cursor}, {was} before", it.range_id)
            });
        }
    }

    /// Who holds the range before and after, and whether the change is possible from there.
    fn owner(&mut self, it: &Entry, change: Change, before: Range, owner: Option<u32>) {
        let held_by = match before.state {
            State::Leased { owner, .. } => Some(owner),
            State::Pending | State::Done => None,
        };
        let (from_lease, owner_fits) = match change {
            Change::Granted => (false, owner.is_some()),
            Change::Empty | Change::Reopened => (false, owner.is_none()),
            Change::Split | Change::Completed => (true, owner == held_by || held_by.is_none()),
            Change::Released | Change::Revoked | Change::Lost => (true, owner.is_none()),
        };
        let from_done = change == Change::Reopened;
        if from_lease != held_by.is_some() || from_done != (before.state == State::Done) {
            let state = before.state;
            self.object(Rule::Order, it, || {
                format!("range {}: {change:?} from {state:?}", it.range_id)
            });
        }
        if !owner_fits {
            self.object(Rule::Owners, it, || {
                let session = it.session.as_deref().unwrap_or("nobody");
                format!("range {}: {change:?}, held by {session} then", it.range_id)
            });
        }
    }

    fn move_job(&mut self, it: &Entry, state: JobState) {
        let before = self.job;
        let possible = match state {
            JobState::Running => before == JobState::Paused,
            JobState::Paused | JobState::Done => before == JobState::Running,
            JobState::Failed | JobState::Cancelled => !before.has_ended(),
        };
        if !possible {
            self.object(Rule::JobMoves, it, || format!("from {before:?} to {state:?}"));
        }
        let open = self.ranges.values().filter(|it| it.state != State::Done).count();
        if state == JobState::Done && open > 0 {
            self.object(Rule::JobMoves, it, || format!("done with {open} ranges open"));
        }
        if self.scope.is_some_and(|scope| scope != it.scope) {
            self.object(Rule::Tiling, it, || {
                format!("the job's scope is [{}, {})", it.scope.lo, it.scope.hi)
            });
        }
        self.job = state;
    }

    /// Compares what the history has led to with the tables; call once, after the last entry.
    pub(crate) fn finish(&mut self, job: &JobRow, rows: &[RangeRow]) {
        if let Some(rest) = self.rest.take() {
            self.find(Rule::Tiling, || {
                format!("[{}, {}) was cut off and no range created of it", rest.lo, rest.hi)
            });
        }
        let state = self.job;
        if JobState::from_name(&job.state) != Some(state) || self.scope != Some(job.scope) {
            let scope = self.scope;
            self.find(Rule::Tables, || {
                format!("the job is {}, not {state:?} over {scope:?}", job.state)
            });
        }
        let mut ranges = std::mem::take(&mut self.ranges);
        for row in rows {
            match ranges.remove(&row.range_id) {
                Some(range) => self.compare(range, row),
                None => {
                    self.find(Rule::Tables, || format!("range {} has no history", row.range_id));
                }
            }
        }
        if let Some(id) = ranges.keys().next() {
            self.find(Rule::Tables, || format!("range {id} is missing"));
        }
        self.decided.sort();
    }

    fn compare(&mut self, range: Range, row: &RangeRow) {
        let state = match range.state {
            State::Pending => "pending",
            State::Leased { .. } => "leased",
            State::Done => "done",
        };
        // An owner's commits move the cursor without an entry.
        let cursor = row.committed_through;
        let owner = match range.state {
            State::Leased { owner, since } => {
                self.decided.add(since, cursor, owner);
                row.owner_session.as_deref().map(|name| self.sessions.number(name)) == Some(owner)
                    && cursor >= range.cursor
                    && cursor < row.scope.hi
            }
            State::Pending => row.owner_session.is_none() && cursor == range.cursor,
            // The last owner stays noted.
            State::Done => cursor == range.cursor,
        };
        if row.state != state || row.epoch != range.epoch || row.scope != range.scope || !owner {
            self.find(Rule::Tables, || {
                format!(
                    "range {}: {} under epoch {} at {cursor}, not {state} under {} at {}",
                    row.range_id, row.state, row.epoch, range.epoch, range.cursor
                )
            });
        }
        if state == "leased" && self.job != JobState::Running {
            let job = self.job;
            self.find(Rule::Barrier, || format!("range {} is held, job {job:?}", row.range_id));
        }
    }

    /// One row of the log, written by a worker; call after [`Replay::finish`].
    pub(crate) fn decision(&mut self, log_id: i64, app_id: i64, session: &str) {
        if !self.decided.decided_by(&self.sessions, app_id, session) {
            self.find(Rule::Decisions, || {
                format!("log row {log_id}: {session} did not hold application {app_id} then")
            });
        }
    }

    fn object(&mut self, rule: Rule, it: &Entry, what: impl FnOnce() -> String) {
        self.findings.add(rule, it.history_id, what);
    }

    fn find(&mut self, rule: Rule, what: impl FnOnce() -> String) {
        self.findings.add(rule, 0, what);
    }
}

//! A job's history, replayed entry by entry against the rules of ranges and leases. It is given what the tables hold and
//! reads nothing itself.
//!
//! After a violation it goes on from what the entry says, so that one fault is reported once.

mod decided;
mod entry;
mod findings;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use xmlx_domain::{
    Epoch, HistoryEvent, JobState, RangeEvent, RangeId, RangeSnapshot, RangeState, Scope,
    SessionId, Term,
};

use decided::{Decided, Sessions};

pub use entry::Entry;
pub use findings::{Findings, Rule};

/// The state that a history has led to so far.
#[derive(Debug)]
pub struct Replay {
    ranges: BTreeMap<RangeId, Range>,
    /// `None` before the first range.
    scope: Option<Scope>,
    /// What the latest cut left over, until a range is created of it.
    rest: Option<Scope>,
    term: Term,
    job: JobState,
    sessions: Sessions,
    decided: Decided,
    findings: Findings,
    entries: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    scope: Scope,
    holder: Holder,
    epoch: Epoch,
    cursor: i64,
}

/// Who has a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holder {
    Nobody,
    Session {
        /// By number.
        owner: u32,
        /// Where the cursor stood at the grant.
        since: i64,
    },
    /// Nobody ever again: all of it is decided.
    Closed,
}

impl Holder {
    fn state(self) -> RangeState {
        match self {
            Self::Nobody => RangeState::Pending,
            Self::Session { .. } => RangeState::Leased,
            Self::Closed => RangeState::Done,
        }
    }

    fn owner(self) -> Option<u32> {
        match self {
            Self::Session { owner, .. } => Some(owner),
            Self::Nobody | Self::Closed => None,
        }
    }
}

impl Default for Replay {
    fn default() -> Self {
        Self {
            ranges: BTreeMap::new(),
            scope: None,
            rest: None,
            term: Term(0),
            job: JobState::Running,
            sessions: Sessions::default(),
            decided: Decided::default(),
            findings: Findings::default(),
            entries: 0,
        }
    }
}

impl Replay {
    /// How many entries have been replayed so far.
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// What was found so far.
    #[must_use]
    pub fn findings(&self) -> &Findings {
        &self.findings
    }

    /// Replays the next entry, in the order of their ids.
    pub fn push(&mut self, entry: &Entry) {
        self.entries += 1;
        // An owner completes its range without the leader: its entry may stand between a cut and the cut's rest.
        if entry.event == HistoryEvent::Range(RangeEvent::Completed) {
            return self.change(entry, RangeEvent::Completed);
        }
        if entry.term < self.term {
            let term = self.term;
            self.object(Rule::Terms, entry, || format!("term {} after term {term}", entry.term));
        }
        self.term = self.term.max(entry.term);
        let is_rest = self.take_rest(entry);
        match entry.event {
            HistoryEvent::Range(RangeEvent::Created) => self.create(entry, is_rest),
            HistoryEvent::Range(event) => self.change(entry, event),
            HistoryEvent::Job(state) => self.move_job(entry, state),
        }
    }

    /// Whether the entry creates a range of what the latest cut left over; any other entry leaves a gap.
    fn take_rest(&mut self, entry: &Entry) -> bool {
        let Some(rest) = self.rest.take() else { return false };
        let creates = entry.event == HistoryEvent::Range(RangeEvent::Created);
        if !creates || entry.scope.lo != rest.lo || entry.scope.hi > rest.hi {
            self.object(Rule::Tiling, entry, || {
                format!("{rest} was cut off and no range created of it")
            });
            return false;
        }
        // Where a range that was done is opened again, two ranges are made of what was cut off.
        if entry.scope.hi < rest.hi {
            self.rest = Some(Scope { lo: entry.scope.hi, hi: rest.hi });
        }
        true
    }

    fn create(&mut self, entry: &Entry, is_rest: bool) {
        let Entry { range: id, scope, epoch, committed_through, .. } = *entry;
        // A scope grows at either end.
        let adjoins = self.scope.is_none_or(|whole| {
            scope.lo == whole.hi || scope.hi == whole.lo && scope.lo < whole.lo
        });
        if !is_rest && !adjoins || scope.hi < scope.lo {
            self.object(Rule::Tiling, entry, || format!("range {id} at {scope}"));
        }
        if !is_rest {
            let before = self.scope.unwrap_or(scope);
            let (lo, hi) = (before.lo.min(scope.lo), before.hi.max(scope.hi));
            self.scope = Some(Scope { lo, hi });
        }
        let range = Range { scope, holder: Holder::Nobody, epoch, cursor: scope.lo - 1 };
        if committed_through != range.cursor {
            self.object(Rule::Cursors, entry, || format!("a new range at {committed_through}"));
        }
        if epoch != Epoch(0) {
            self.object(Rule::Epochs, entry, || format!("a new range under epoch {epoch}"));
        }
        if self.ranges.insert(id, range).is_some() {
            self.object(Rule::Order, entry, || format!("range {id} exists already"));
        }
    }

    fn change(&mut self, entry: &Entry, event: RangeEvent) {
        let id = entry.range;
        let Some(before) = self.ranges.get(&id).copied() else {
            return self.object(Rule::Order, entry, || format!("range {id} was never created"));
        };
        if before.holder == Holder::Closed && event != RangeEvent::Reopened {
            return self.object(Rule::AfterDone, entry, || format!("range {id}: {event}"));
        }
        self.bounds(entry, event, before);
        self.epoch(entry, event, before);
        self.cursor(entry, event, before);
        let owner = entry.owner.as_ref().map(|session| self.sessions.number(session));
        self.owner(entry, event, before, owner);
        if event == RangeEvent::Granted && self.job != JobState::Running {
            let job = self.job;
            self.object(Rule::Barrier, entry, || format!("range {id}, job {job}"));
        }
        let (scope, epoch, cursor) = (entry.scope, entry.epoch, entry.committed_through);
        let holder = match event {
            RangeEvent::Granted => {
                Holder::Session { owner: owner.unwrap_or(u32::MAX), since: cursor }
            }
            RangeEvent::Split => before.holder,
            RangeEvent::Created
            | RangeEvent::Released
            | RangeEvent::Revoked
            | RangeEvent::Stalled
            | RangeEvent::Lost => {
                self.close(before.holder, cursor);
                Holder::Nobody
            }
            RangeEvent::Completed | RangeEvent::Empty | RangeEvent::Reopened => {
                self.close(before.holder, cursor);
                Holder::Closed
            }
        };
        self.ranges.insert(id, Range { scope, holder, epoch, cursor });
    }

    /// A lease has ended at `cursor`: its owner decided what lies between its grant and there.
    fn close(&mut self, holder: Holder, cursor: i64) {
        if let Holder::Session { owner, since } = holder {
            self.decided.add(since, cursor, owner);
        }
    }

    fn bounds(&mut self, entry: &Entry, event: RangeEvent, before: Range) {
        let may_cut =
            matches!(event, RangeEvent::Granted | RangeEvent::Split | RangeEvent::Reopened);
        let (was, now) = (before.scope, entry.scope);
        let is_cut = now.hi < was.hi;
        if now.lo != was.lo || now.hi > was.hi || is_cut && !may_cut {
            self.object(Rule::Tiling, entry, || {
                format!("range {} went from {was} to {now} when {event}", entry.range)
            });
        } else if is_cut {
            self.rest = Some(Scope { lo: now.hi, hi: was.hi });
        }
    }

    fn epoch(&mut self, entry: &Entry, event: RangeEvent, before: Range) {
        let expected = if event.begins_epoch() { before.epoch.next() } else { before.epoch };
        if entry.epoch != expected {
            self.object(Rule::Epochs, entry, || {
                format!("range {}: {event} under {}, not {expected}", entry.range, entry.epoch)
            });
        }
    }

    fn cursor(&mut self, entry: &Entry, event: RangeEvent, before: Range) {
        let last = entry.scope.hi - 1;
        let cursor = entry.committed_through;
        let fits = match event {
            RangeEvent::Completed | RangeEvent::Empty | RangeEvent::Reopened => cursor == last,
            // A grant may move the cursor up: where nothing waits at the range's beginning, it says so.
            RangeEvent::Created
            | RangeEvent::Granted
            | RangeEvent::Released
            | RangeEvent::Revoked
            | RangeEvent::Stalled
            | RangeEvent::Lost
            | RangeEvent::Split => cursor <= last,
        };
        // What is cut off a range that was done takes its cursor along.
        let falls = cursor < before.cursor && event != RangeEvent::Reopened;
        if !fits || falls {
            let was = before.cursor;
            self.object(Rule::Cursors, entry, || {
                format!("range {}: {event} at {cursor}, {was} before", entry.range)
            });
        }
    }

    /// Who holds the range before and after, and whether the change is possible from there.
    fn owner(&mut self, entry: &Entry, event: RangeEvent, before: Range, owner: Option<u32>) {
        let held_by = before.holder.owner();
        let (from, owner_fits) = match event {
            RangeEvent::Granted => (RangeState::Pending, owner.is_some()),
            RangeEvent::Created | RangeEvent::Empty => (RangeState::Pending, owner.is_none()),
            RangeEvent::Reopened => (RangeState::Done, owner.is_none()),
            RangeEvent::Split | RangeEvent::Completed => {
                (RangeState::Leased, owner == held_by || held_by.is_none())
            }
            RangeEvent::Released | RangeEvent::Revoked | RangeEvent::Stalled | RangeEvent::Lost => {
                (RangeState::Leased, owner.is_none())
            }
        };
        let state = before.holder.state();
        if state != from {
            self.object(Rule::Order, entry, || {
                format!("range {}: {event} from {state}", entry.range)
            });
        }
        if !owner_fits {
            self.object(Rule::Owners, entry, || {
                let session = entry.owner.as_ref().map_or("nobody", SessionId::as_str);
                format!("range {}: {event}, held by {session} then", entry.range)
            });
        }
    }

    fn move_job(&mut self, entry: &Entry, state: JobState) {
        let before = self.job;
        if !before.may_become(state) {
            self.object(Rule::JobMoves, entry, || format!("from {before} to {state}"));
        }
        let open = self.ranges.values().filter(|range| range.holder != Holder::Closed).count();
        if state == JobState::Done && open > 0 {
            self.object(Rule::JobMoves, entry, || format!("done with {open} ranges open"));
        }
        if self.scope.is_some_and(|scope| scope != entry.scope) {
            self.object(Rule::Tiling, entry, || format!("the job's scope is {}", entry.scope));
        }
        self.job = state;
    }

    /// Compares what the history has led to with the tables: the job's state and scope, and its ranges. Call once, after
    /// the last entry.
    pub fn finish(&mut self, job: JobState, scope: Scope, ranges: &[RangeSnapshot]) {
        if let Some(rest) = self.rest.take() {
            self.find(Rule::Tiling, || format!("{rest} was cut off and no range created of it"));
        }
        if self.job != job || self.scope != Some(scope) {
            let (led_to, over) = (self.job, self.scope);
            self.find(Rule::Tables, || {
                let over = over.map_or_else(|| "nothing".to_owned(), |scope| scope.to_string());
                format!("the job is {job} over {scope}, not {led_to} over {over}")
            });
        }
        let mut known = std::mem::take(&mut self.ranges);
        for row in ranges {
            let id = row.range;
            match known.remove(&id) {
                Some(range) => self.compare(range, row),
                None => self.find(Rule::Tables, || format!("range {id} has no history")),
            }
        }
        if let Some(id) = known.keys().next() {
            self.find(Rule::Tables, || format!("range {id} is missing"));
        }
        self.decided.sort();
    }

    fn compare(&mut self, range: Range, row: &RangeSnapshot) {
        let state = range.holder.state();
        let cursor = row.committed_through;
        let owner_fits = match range.holder {
            Holder::Session { owner, since } => {
                self.decided.add(since, cursor, owner);
                let noted = row.owner.as_ref().map(|session| self.sessions.number(session));
                // An owner's commits move the cursor without an entry.
                noted == Some(owner) && cursor >= range.cursor && cursor < row.scope.hi
            }
            Holder::Nobody => row.owner.is_none() && cursor == range.cursor,
            // The last owner stays noted.
            Holder::Closed => cursor == range.cursor,
        };
        if row.state != state || row.epoch != range.epoch || row.scope != range.scope || !owner_fits
        {
            self.find(Rule::Tables, || {
                format!(
                    "range {}: {} under epoch {} at {cursor}, not {state} under {} at {}",
                    row.range, row.state, row.epoch, range.epoch, range.cursor
                )
            });
        }
        if state == RangeState::Leased && self.job != JobState::Running {
            let job = self.job;
            self.find(Rule::Barrier, || format!("range {} is held, job {job}", row.range));
        }
    }

    /// Compares one row of the log, written by a worker, with the leases; call after [`Replay::finish`].
    pub fn decision(&mut self, log_id: i64, app_id: i64, session: &SessionId) {
        if !self.decided.decided_by(&self.sessions, app_id, session) {
            self.find(Rule::Decisions, || {
                format!("log row {log_id}: {session} did not hold application {app_id} then")
            });
        }
    }

    fn object(&mut self, rule: Rule, entry: &Entry, what: impl FnOnce() -> String) {
        self.findings.add(rule, entry.history_id, what);
    }

    /// Notes what shows in the tables or the log and not in an entry.
    fn find(&mut self, rule: Rule, what: impl FnOnce() -> String) {
        self.findings.add(rule, 0, what);
    }
}

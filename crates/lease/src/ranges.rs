//! The ranges of a job of which something is left, found by id, by place and by owner without looking
//! through them: a job may have hundreds of thousands.

use std::collections::{BTreeMap, BTreeSet};

use xmlx_domain::{RangeId, SessionId};

use crate::Timestamp;
use crate::range::Range;

#[derive(Clone, Debug, Default)]
pub(crate) struct Ranges {
    by_id: BTreeMap<RangeId, Range>,
    /// Those that nobody has, by their first id.
    pending: BTreeSet<(i64, RangeId)>,
    /// Those that somebody has.
    owners: BTreeMap<SessionId, BTreeSet<RangeId>>,
    n_leased: usize,
    /// Applications that leases were carved for.
    leased_apps: u64,
    /// Those for which a boundary is being looked for, and on whose behalf.
    cutting: BTreeMap<RangeId, SessionId>,
}

impl Ranges {
    pub(crate) fn get(&self, id: RangeId) -> Option<&Range> {
        self.by_id.get(&id)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// Adds a range; its id must be new.
    pub(crate) fn insert(&mut self, id: RangeId, range: Range) {
        self.enlist(id, &range);
        assert!(self.by_id.insert(id, range).is_none(), "range ids are never used twice");
    }

    pub(crate) fn remove(&mut self, id: RangeId) {
        if let Some(range) = self.by_id.remove(&id) {
            self.delist(id, &range);
        }
    }

    /// Changes a range: the only way to do so. `None` where there is no such range.
    pub(crate) fn edit<T>(&mut self, id: RangeId, edit: impl FnOnce(&mut Range) -> T) -> Option<T> {
        let mut range = self.by_id.remove(&id)?;
        self.delist(id, &range);
        let outcome = edit(&mut range);
        self.enlist(id, &range);
        self.by_id.insert(id, range);
        Some(outcome)
    }

    /// Takes over what the database does not know, of ranges that are still the same.
    pub(crate) fn remember(&mut self, old: &Self) {
        let known: Vec<RangeId> = old.by_id.keys().copied().collect();
        for id in known {
            self.edit(id, |range| range.remember(&old.by_id[&id]));
        }
    }

    /// The pending range with the lowest ids that may be handed out now.
    pub(crate) fn next_pending(&self, now: Timestamp) -> Option<RangeId> {
        let free =
            |id: &RangeId| !self.cutting.contains_key(id) && self.by_id[id].rests_until <= now;
        self.pending.iter().map(|(_, id)| *id).find(free)
    }

    /// Ranges that somebody has, with their owners.
    pub(crate) fn leased(&self) -> impl Iterator<Item = (RangeId, &Range)> {
        self.owners.values().flatten().map(|id| (*id, &self.by_id[id]))
    }

    /// Ranges that the session has.
    pub(crate) fn held_by(&self, session: &SessionId) -> impl Iterator<Item = RangeId> {
        self.owners.get(session).into_iter().flatten().copied()
    }

    pub(crate) fn owners(&self) -> impl Iterator<Item = &SessionId> {
        self.owners.keys()
    }

    /// How many the session has.
    pub(crate) fn n_held_by(&self, session: &SessionId) -> usize {
        self.owners.get(session).map_or(0, BTreeSet::len)
    }

    /// How many of them it has begun.
    pub(crate) fn n_begun_by(&self, session: &SessionId) -> usize {
        self.held_by(session).filter(|id| self.by_id[id].is_begun()).count()
    }

    /// How many pending ranges are about to go to the session.
    pub(crate) fn n_promised_to(&self, session: &SessionId) -> usize {
        let promised = |(id, waiting): &(&RangeId, &SessionId)| {
            *waiting == session && self.by_id[*id].is_pending()
        };
        self.cutting.iter().filter(promised).count()
    }

    /// Whether a boundary is being looked for on behalf of the session.
    pub(crate) fn is_cutting_for(&self, session: &SessionId) -> bool {
        self.cutting.values().any(|waiting| waiting == session)
    }

    /// On whose behalf pending ranges are being cut.
    pub(crate) fn promised_to(&self) -> impl Iterator<Item = &SessionId> {
        self.cutting
            .iter()
            .filter(|(id, _)| self.by_id[*id].is_pending())
            .map(|(_, waiting)| waiting)
    }

    /// Ranges that are being cut for the session.
    pub(crate) fn cut_for(&self, session: &SessionId) -> impl Iterator<Item = RangeId> {
        self.cutting.iter().filter(move |(_, waiting)| *waiting == session).map(|(id, _)| *id)
    }

    /// Pending ranges that are being cut for somebody.
    pub(crate) fn promised(&self) -> impl Iterator<Item = &Range> {
        self.cutting.keys().map(|id| &self.by_id[id]).filter(|range| range.is_pending())
    }

    /// Ranges that are in somebody's hands, or about to be.
    pub(crate) fn n_taken(&self) -> usize {
        self.n_leased + self.promised().count()
    }

    /// Applications that leases were carved for.
    pub(crate) fn leased_apps(&self) -> u64 {
        self.leased_apps
    }

    fn enlist(&mut self, id: RangeId, range: &Range) {
        if range.is_pending() {
            self.pending.insert((range.lo, id));
        }
        if let Some(owner) = range.owner() {
            self.owners.entry(owner.clone()).or_default().insert(id);
            self.n_leased += 1;
            self.leased_apps += range.apps;
        }
        if let Some(session) = &range.cutting_for {
            self.cutting.insert(id, session.clone());
        }
    }

    fn delist(&mut self, id: RangeId, range: &Range) {
        if range.is_pending() {
            self.pending.remove(&(range.lo, id));
        }
        if let Some(owner) = range.owner() {
            if let Some(held) = self.owners.get_mut(owner) {
                held.remove(&id);
                if held.is_empty() {
                    self.owners.remove(owner);
                }
            }
            self.n_leased -= 1;
            self.leased_apps -= range.apps;
        }
        self.cutting.remove(&id);
    }
}

//! The paths that occur in a document, each with what is wanted of the elements there: worked out once per path.

use std::collections::BTreeMap;

use super::interest::{Interest, State};
use super::{NO_LOCAL, Namespace, Wanted};
use crate::work;
use crate::xpath::{LocalIx, Step};

/// The number of a path that occurs in a document.
pub(crate) type PlaceNo = u32;

/// No place.
const NOWHERE: PlaceNo = PlaceNo::MAX;

/// The place of elements within which nothing is wanted.
pub(super) const UNWANTED: PlaceNo = PlaceNo::MAX;

/// The place of the document itself.
pub(super) const ABOVE_ROOT: PlaceNo = 0;

/// Room for the paths of a usual document.
const USUAL_PLACES: usize = 256;

/// How many places of the index are tried before a path counts as crowded out.
const PROBES_MAX: usize = 32;

/// A path that occurs in the document.
#[derive(Debug)]
pub(super) struct Place<'x> {
    pub(super) name: &'x str,
    hash: u64,
    parent: PlaceNo,
    /// The last of the places right below that are kept for their names, and the one before it beside this one.
    last_child: PlaceNo,
    sibling: PlaceNo,
    pub(super) namespace: Namespace,
    pub(super) local: LocalIx,
    state: State,
    pub(super) is_kept: bool,
    /// Nothing within is wanted, nor the element itself.
    is_dead: bool,
    pub(super) wants_text: bool,
    pub(super) wants_all_attributes: bool,
    pub(super) attributes: Vec<Wanted>,
    /// Those that are wanted in whatever case they are written.
    pub(super) loose: Vec<LocalIx>,
}

/// All paths of a document.
#[derive(Debug)]
pub(super) struct Places<'x> {
    entries: Vec<Place<'x>>,
    /// Numbers of entries by parent and name, linear probing; a power of two long and at most three quarters full.
    index: Vec<u32>,
    /// Entries that no place near their own was free for. Names can be made to collide; looking for them stays quick.
    crowded: BTreeMap<(u32, Namespace, &'x str), u32>,
    root: Option<(&'x str, bool)>,
}

impl<'x> Places<'x> {
    pub(super) fn new(interest: &Interest) -> Self {
        let mut entries = Vec::with_capacity(USUAL_PLACES);
        entries.push(Place {
            name: "",
            hash: 0,
            parent: NOWHERE,
            last_child: NOWHERE,
            sibling: NOWHERE,
            namespace: Namespace::NONE,
            local: NO_LOCAL,
            state: interest.start(),
            is_kept: true,
            is_dead: false,
            wants_text: false,
            wants_all_attributes: false,
            attributes: Vec::new(),
            loose: Vec::new(),
        });
        let index = vec![NOWHERE; USUAL_PLACES * 2];
        Self { entries, index, crowded: BTreeMap::new(), root: None }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    #[inline]
    pub(super) fn get(&self, place: u32) -> &Place<'x> {
        &self.entries[place as usize]
    }

    pub(super) fn root(&self) -> (&'x str, bool) {
        self.root.unwrap_or(("", false))
    }

    /// Finds the place of a child, or begins it; [`UNWANTED`] where nothing within is wanted.
    #[inline]
    pub(super) fn child(
        &mut self,
        parent: u32,
        (name, hash): (&'x str, u64),
        namespace: Namespace,
        interest: &Interest,
    ) -> u32 {
        let mut at = self.slot(parent, hash);
        for _ in 0..PROBES_MAX {
            work::note(1);
            let place = self.index[at];
            if place == NOWHERE {
                return self.begin(parent, (name, hash), namespace, interest);
            }
            let entry = &self.entries[place as usize];
            if entry.hash == hash
                && entry.parent == parent
                && entry.namespace == namespace
                && entry.name == name
            {
                return if entry.is_dead { UNWANTED } else { place };
            }
            at = (at + 1) & (self.index.len() - 1);
        }
        match self.crowded.get(&(parent, namespace, name)) {
            Some(place) if self.entries[*place as usize].is_dead => UNWANTED,
            Some(place) => *place,
            None => self.begin(parent, (name, hash), namespace, interest),
        }
    }

    #[cold]
    fn begin(
        &mut self,
        parent: u32,
        (name, hash): (&'x str, u64),
        namespace: Namespace,
        interest: &Interest,
    ) -> u32 {
        let local = interest.local(name);
        let state = interest.step(&self.entries[parent as usize].state, local, namespace);
        let is_dead = state.at.is_empty() && state.around.is_empty();
        let is_kept = !state.at.is_empty();
        if parent == ABOVE_ROOT {
            self.root = Some((name, !is_dead));
        }
        let place = u32::try_from(self.entries.len()).expect("the number of paths is limited");
        let mut sibling = NOWHERE;
        if is_kept && local.is_some() {
            sibling = std::mem::replace(&mut self.entries[parent as usize].last_child, place);
        }
        self.entries.push(Place {
            name,
            hash,
            parent,
            last_child: NOWHERE,
            sibling,
            namespace,
            local: local.unwrap_or(NO_LOCAL),
            is_kept,
            is_dead,
            wants_text: interest.wants_text(&state),
            wants_all_attributes: interest.wants_all_attributes(&state),
            attributes: interest.wanted_attributes(&state),
            loose: interest.loose_attributes(&state),
            state,
        });
        if self.entries.len() * 4 > self.index.len() * 3 {
            self.index = vec![NOWHERE; self.index.len() * 2];
            self.crowded.clear();
            work::note(self.index.len());
            (1..place).for_each(|place| self.enter(place));
        }
        self.enter(place);
        if is_dead { UNWANTED } else { place }
    }

    /// Adds the places to which steps lead from another; each of the steps is to a child by its name.
    pub(super) fn follow(&self, from: PlaceNo, steps: &[Step], found: &mut Vec<PlaceNo>) {
        let Some((step, rest)) = steps.split_first() else {
            found.push(from);
            return;
        };
        let mut child = self.get(from).last_child;
        while child != NOWHERE {
            work::note(1);
            let entry = self.get(child);
            if step.test.names(entry.local, entry.namespace) {
                self.follow(child, rest, found);
            }
            child = entry.sibling;
        }
    }

    fn enter(&mut self, place: u32) {
        let entry = &self.entries[place as usize];
        let mut at = self.slot(entry.parent, entry.hash);
        for _ in 0..PROBES_MAX {
            work::note(1);
            if self.index[at] == NOWHERE {
                self.index[at] = place;
                return;
            }
            at = (at + 1) & (self.index.len() - 1);
        }
        self.crowded.insert((entry.parent, entry.namespace, entry.name), place);
    }

    #[inline]
    fn slot(&self, parent: u32, hash: u64) -> usize {
        let mixed = (hash ^ u64::from(parent)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (mixed >> 32) as usize & (self.index.len() - 1)
    }
}

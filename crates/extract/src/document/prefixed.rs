//! Elements and attributes whose names have a prefix: they count where none without one has taken their place.

use super::keep::{Destination, Hit, Keeper, Open, Replaces};
use super::keeping::PrefixedAttribute;
use super::namespaces::{Namespace, Rank};
use super::{Document, ElementIx, NOWHERE};
use crate::layout::{NO_RECORD, NameMatch, Target, hash_name};
use crate::work;

/// The name of an element that has a prefix.
#[derive(Debug)]
pub(super) struct Name<'x> {
    pub(super) whole: &'x str,
    pub(super) local: &'x str,
    /// Of the local name, by [`crate::layout::hash_name_in`].
    pub(super) hash: u64,
    pub(super) namespace: Namespace,
}

/// An attribute whose name has a prefix.
#[derive(Debug)]
pub(super) struct Prefixed<'x> {
    pub(super) name: &'x [u8],
    pub(super) local: usize,
    /// Offsets in the document: of the name, of the value.
    pub(super) at: usize,
    pub(super) value: usize,
    pub(super) value_end: usize,
    /// Of what follows the prefix.
    pub(super) hash: u64,
}

/// An element with a prefix, which is no row and no contact where a name that fits better turns up at its path.
#[derive(Debug)]
pub(super) struct Second {
    path: u32,
    rank: Rank,
    namespace: Namespace,
    element: ElementIx,
    n_slots: u32,
    /// Its place among the records, if it is one.
    record: u32,
}

impl<'x, 'p> Keeper<'x, 'p> {
    /// Enters an element whose name has a prefix.
    #[cold]
    pub(super) fn enter_with_prefix(
        &mut self,
        parent: Open,
        name: &Name<'x>,
    ) -> (Open, Destination<'p>) {
        let around = self.document.paths.get(parent.path).namespace;
        let rank = if name.namespace == around { Rank::Family } else { Rank::Foreign };
        let path = self.path_of(parent.path, name.local, name.hash);
        let entry = self.document.paths.get_mut(path);
        if rank < entry.rank && name.namespace != entry.namespace {
            // Another element, which only has the same local name: its path is its own, and no contract reads it.
            let hash = hash_name(name.whole.as_bytes());
            return self.enter_plain(parent, name.whole, hash, name.namespace);
        }
        entry.n_elements += 1;
        entry.namespace = name.namespace;
        let replaces = Replaces::of(entry.rank, rank);
        entry.rank = entry.rank.max(rank);
        let shape = &self.layout.shapes[entry.shape as usize];
        let open = Open { path, contact: parent.contact, record: parent.record, text: NOWHERE };
        if !entry.kept {
            return (open, Destination { shape, path, base: NOWHERE });
        }
        let (node, record) = (entry.node, entry.record);
        let (open, destination) = self.enter_kept(open, shape, (node, record), replaces);
        if (open.contact, open.record) != (parent.contact, parent.record) {
            self.seconds.push(Second {
                path,
                rank,
                namespace: name.namespace,
                element: ElementIx(destination.base),
                n_slots: shape.n_slots,
                record: if open.record == parent.record { NOWHERE } else { open.record },
            });
        }
        (open, destination)
    }

    /// Keeps the values of attributes with a prefix where none without one has taken the place.
    pub(super) fn keep_where_free(
        &mut self,
        destination: &Destination<'p>,
        attributes: &[PrefixedAttribute<'x>],
    ) {
        for exactly in [true, false] {
            for attribute in attributes.iter().filter(|it| !it.namespace.is_about_xml()) {
                let targets = destination.shape.attributes.targets(attribute.name, attribute.hash);
                for target in targets {
                    work::note(1);
                    let named = (attribute.name, attribute.raw);
                    self.keep_if_free(destination, target, named, exactly);
                }
            }
        }
    }

    fn keep_if_free(
        &mut self,
        destination: &Destination<'p>,
        target: &Target,
        (name, raw): (&[u8], &'x str),
        exactly: bool,
    ) {
        match target {
            Target::Slot { name: wanted, matching, slot } => {
                let exact = *wanted.as_bytes() == *name;
                let fits = match matching {
                    NameMatch::Exact => exact && exactly,
                    NameMatch::AnyCase => exact == exactly,
                };
                if fits && destination.base != NOWHERE {
                    let place = destination.base as usize + *slot as usize;
                    self.document.slots[place].get_or_insert(raw);
                }
            }
            Target::Field { name: wanted, field } => {
                let (field, path) = (*field, destination.path);
                let exact = *wanted.as_bytes() == *name;
                let element = self.document.paths.get(path).n_elements;
                let is_own = |hit: &&Hit<'_>| {
                    work::note(1);
                    (hit.path, hit.element) == (path, element)
                };
                let mut own = self.hits.iter().rev().take_while(is_own);
                if exact == exactly && !own.any(|hit| hit.field == field) {
                    self.hits.push(Hit { field, plain: false, exact, path, element, raw });
                }
            }
        }
    }
}

/// Takes the values from elements with a prefix at whose path a name turned up later that fits better.
pub(super) fn drop_seconds(seconds: &[Second], document: &mut Document<'_>) {
    for second in seconds {
        work::note(second.n_slots as usize + 1);
        let entry = document.paths.get(second.path);
        if second.rank >= entry.rank || second.namespace == entry.namespace {
            continue;
        }
        let start = second.element.0;
        for place in start..start + second.n_slots {
            document.slots[place as usize] = None;
            document.texts.remove(&place);
        }
        if second.record != NOWHERE {
            document.records[second.record as usize].kind = NO_RECORD;
        }
    }
}

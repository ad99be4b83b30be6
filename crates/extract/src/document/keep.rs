//! Keeps what the plan reads of each element.

use std::collections::BTreeMap;

use super::decode::decode;
use super::keeping::{Keep, PlainAttribute, PrefixedAttribute, TextKind, TooLong};
use super::namespaces::{Namespace, Rank};
use super::others::Others;
use super::pass::shorten;
use super::paths::{PathEntry, Paths};
use super::prefixed::{Name, Second, drop_seconds};
use super::{Document, ElementIx, Flaw, NOWHERE, Part, Record};
use crate::layout::{
    CONTACT_NODE, FieldIx, Layout, NO_RECORD, NameMatch, RecordKind, Role, Shape, Target,
};
use crate::limits::Limits;
use crate::work;

/// Room for what a usual document has, so that it is not made in small steps.
const USUAL_SLOTS: usize = 1024;
const USUAL_HITS: usize = 64;

/// A value that a field may have: the last one on the path that was seen last wins.
#[derive(Debug)]
pub(super) struct Hit<'x> {
    pub(super) field: FieldIx,
    /// Whether the name has no prefix, which wins over one that has.
    pub(super) plain: bool,
    /// Whether the name is the same letter by letter, which wins over any other.
    pub(super) exact: bool,
    pub(super) path: u32,
    /// Which of the elements at the path; only the last one counts.
    pub(super) element: u32,
    pub(super) raw: &'x str,
}

impl<'x> Hit<'x> {
    /// Notes the value as one that the field has, too. A name with a prefix or in other letters may be meant for
    /// something else.
    fn note_in(&self, others: &mut Others<'x>) {
        if self.plain && self.exact {
            others.note_field(self.field, self.raw);
        }
    }
}

/// An element that has been entered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Open {
    pub(super) path: u32,
    /// The nearest contact, this element included.
    pub(super) contact: u32,
    /// The nearest record, this element included.
    pub(super) record: u32,
    /// The slot that the text in this element goes to.
    pub(super) text: u32,
}

/// Where the attributes of the element in hand go.
#[derive(Debug)]
pub(super) struct Destination<'p> {
    pub(super) shape: &'p Shape,
    pub(super) path: u32,
    /// Where the slots are, if the element is kept.
    pub(super) base: u32,
}

impl Destination<'_> {
    /// Says whether the element is kept.
    #[inline]
    pub(super) fn is_kept(&self) -> bool {
        self.base != NOWHERE
    }
}

/// What becomes of the values of an element where another takes its place.
#[derive(Debug, Clone, Copy)]
pub(super) enum Replaces {
    /// They are other values of the same thing.
    AsOther,
    /// They were never meant: the name of the new element fits better.
    Anyhow,
}

impl Replaces {
    /// By the rank that the elements at the place had, and that of the new one.
    #[inline]
    pub(super) fn of(before: Rank, rank: Rank) -> Self {
        if rank > before { Self::Anyhow } else { Self::AsOther }
    }
}

/// What has been kept so far.
#[derive(Debug)]
pub(super) struct Keeper<'x, 'p> {
    /// The name of the root element that is looked for.
    root: &'p str,
    pub(super) layout: &'p Layout,
    pub(super) document: Document<'x>,
    pub(super) hits: Vec<Hit<'x>>,
    pub(super) seconds: Vec<Second>,
}

impl<'x, 'p> Keep<'x> for Keeper<'x, 'p> {
    type Open = Open;
    type Destination = Destination<'p>;

    const ABOVE_ROOT: Open = Open { path: 0, contact: NOWHERE, record: NOWHERE, text: NOWHERE };

    fn reads_text(&self) -> bool {
        self.layout.reads_text
    }

    fn check_root(&self, name: &str) -> Result<(), Flaw> {
        if name == self.root {
            return Ok(());
        }
        let name = shorten(name.as_bytes());
        Err(Flaw::other_root(format!("the root element is `{name}`, not `{}`", self.root)))
    }

    /// Enters an element without a prefix. `hash` is [`crate::layout::hash_name_in`] of its name.
    #[inline]
    fn enter(
        &mut self,
        parent: Open,
        name: &'x str,
        hash: u64,
        namespace: Namespace,
    ) -> (Open, Destination<'p>) {
        self.enter_plain(parent, name, hash, namespace)
    }

    #[cold]
    fn enter_prefixed(&mut self, parent: Open, name: &Name<'x>) -> (Open, Destination<'p>) {
        self.enter_with_prefix(parent, name)
    }

    /// Notes the namespace of an element without a prefix that declares it itself.
    #[cold]
    fn rename(
        &mut self,
        _parent: Open,
        open: Open,
        name: &Name<'x>,
    ) -> Option<(Open, Destination<'p>)> {
        self.document.paths.get_mut(open.path).namespace = name.namespace;
        None
    }

    #[inline(always)]
    fn leave(&mut self, _open: Open) {}

    #[inline]
    fn check(
        &self,
        destination: &Destination<'p>,
        limits: &Limits,
        tag: usize,
    ) -> Result<(), Flaw> {
        if self.document.paths.len() > limits.distinct_paths + 1 {
            return Err(Flaw::over("distinct_paths", limits.distinct_paths, tag));
        }
        if destination.is_kept() { self.check_kept(limits, tag) } else { Ok(()) }
    }

    #[inline(always)]
    fn keep(&mut self, destination: &Destination<'p>, attribute: &PlainAttribute<'x>) {
        let targets = destination.shape.attributes.targets(attribute.name, attribute.hash);
        if !targets.is_empty() {
            self.keep_targets(destination, targets, attribute.name, attribute.raw);
        }
    }

    fn keep_prefixed(
        &mut self,
        destination: &Destination<'p>,
        attributes: &[PrefixedAttribute<'x>],
    ) {
        self.keep_where_free(destination, attributes);
    }

    #[inline]
    fn takes_text(open: Open) -> bool {
        open.text != NOWHERE
    }

    /// Adds to the text of the element in hand.
    fn add_text(
        &mut self,
        open: Open,
        raw: &'x str,
        kind: TextKind,
        bytes_max: usize,
    ) -> Result<(), TooLong> {
        let piece = kind.decode(raw);
        let text = self.document.texts.entry(open.text).or_default();
        if text.len() + piece.len() > bytes_max {
            return Err(TooLong);
        }
        if text.is_empty() {
            *text = piece;
        } else {
            text.to_mut().push_str(&piece);
        }
        Ok(())
    }
}

impl<'x, 'p> Keeper<'x, 'p> {
    pub(super) fn new(root: &'p str, layout: &'p Layout) -> Self {
        let document = Document {
            slots: Vec::with_capacity(USUAL_SLOTS),
            nodes: vec![NOWHERE; layout.nodes.len()],
            others: Others::new(layout.nodes.len()),
            contacts: Vec::new(),
            parts: Vec::new(),
            records: Vec::new(),
            texts: BTreeMap::new(),
            fields: Vec::new(),
            paths: Paths::new(),
        };
        Self { root, layout, document, hits: Vec::with_capacity(USUAL_HITS), seconds: Vec::new() }
    }

    /// Refuses a document of which too many elements would be kept.
    fn check_kept(&self, limits: &Limits, tag: usize) -> Result<(), Flaw> {
        if self.document.contacts.len() + self.document.parts.len() > limits.contact_elements {
            return Err(Flaw::over("contact_elements", limits.contact_elements, tag));
        }
        if self.document.records.len() > limits.row_elements {
            return Err(Flaw::over("row_elements", limits.row_elements, tag));
        }
        Ok(())
    }

    /// Finds the path of a child, or begins it.
    #[inline]
    pub(super) fn path_of(&mut self, parent: u32, name: &'x str, hash: u64) -> u32 {
        if let Some(path) = self.document.paths.find(parent, name, hash) {
            return path;
        }
        let nodes = &self.layout.nodes;
        let child = |node: u32| {
            if node == NOWHERE {
                return NOWHERE;
            }
            nodes[node as usize].child(name, hash).unwrap_or(NOWHERE)
        };
        let record = |node: u32| {
            if node == NOWHERE { NO_RECORD } else { nodes[node as usize].record }
        };
        let above = self.document.paths.get(parent);
        let node = child(above.node);
        let shape = self.layout.shape_of(name, hash);
        let role = self.layout.shapes[shape as usize].role;
        let below_contact =
            if role == Role::Contact { CONTACT_NODE } else { child(above.below_contact) };
        let of_contact = record(below_contact);
        let record = if of_contact == NO_RECORD { record(node) } else { of_contact };
        let is_read = node != NOWHERE && nodes[node as usize].read;
        let kept = role != Role::None || is_read || record != NO_RECORD;
        self.document.paths.add(PathEntry {
            name,
            hash,
            parent,
            node,
            below_contact,
            shape,
            record,
            kept,
            n_elements: 0,
            rank: Rank::Foreign,
            namespace: Namespace::NONE,
        })
    }

    /// Enters an element without a prefix. `hash` is [`crate::layout::hash_name_in`] of its name.
    #[inline]
    pub(super) fn enter_plain(
        &mut self,
        parent: Open,
        name: &'x str,
        hash: u64,
        namespace: Namespace,
    ) -> (Open, Destination<'p>) {
        let path = self.path_of(parent.path, name, hash);
        let entry = self.document.paths.get_mut(path);
        entry.n_elements += 1;
        entry.namespace = namespace;
        let before = std::mem::replace(&mut entry.rank, Rank::Plain);
        let shape = &self.layout.shapes[entry.shape as usize];
        let open = Open { path, contact: parent.contact, record: parent.record, text: NOWHERE };
        if entry.kept {
            let (node, record) = (entry.node, entry.record);
            let replaces = Replaces::of(before, Rank::Plain);
            return self.enter_kept(open, shape, (node, record), replaces);
        }
        (open, Destination { shape, path, base: NOWHERE })
    }

    /// Makes room for what is kept of an element. Most are not, so that this stays out of the way.
    #[inline(never)]
    pub(super) fn enter_kept(
        &mut self,
        mut open: Open,
        shape: &'p Shape,
        (node, record): (u32, RecordKind),
        replaces: Replaces,
    ) -> (Open, Destination<'p>) {
        let path = open.path;
        let node_read = node != NOWHERE && self.layout.nodes[node as usize].read;
        let of_contact = match shape.role {
            Role::None => false,
            Role::Contact => true,
            Role::Part(_) => open.contact != NOWHERE,
        };
        if node_read {
            self.note_others(node, shape, replaces);
        }
        let base = if of_contact || record != NO_RECORD {
            let base = self.room(shape, NOWHERE);
            self.keep_each(&mut open, shape, record, ElementIx(base));
            base
        } else if node_read {
            self.room(shape, self.document.nodes[node as usize])
        } else {
            NOWHERE
        };
        if node_read {
            self.document.nodes[node as usize] = base;
        }
        if let Some(slot) = shape.text
            && base != NOWHERE
        {
            open.text = base + slot;
            self.document.texts.remove(&open.text);
        }
        (open, Destination { shape, path, base })
    }

    /// Notes the values of the element at a place, which another replaces.
    fn note_others(&mut self, node: u32, shape: &Shape, replaces: Replaces) {
        let replaced = self.document.nodes[node as usize];
        match replaces {
            _ if replaced == NOWHERE => {}
            Replaces::Anyhow => self.document.others.forget(node),
            Replaces::AsOther => {
                let document = &mut self.document;
                let slots = replaced as usize..(replaced + shape.n_slots) as usize;
                let text = shape.text.and_then(|slot| document.texts.get(&(replaced + slot)));
                document.others.note(node, &document.slots[slots], shape.text.zip(text));
            }
        }
    }

    /// Lists an element that no later one replaces.
    fn keep_each(
        &mut self,
        open: &mut Open,
        shape: &Shape,
        record: RecordKind,
        element: ElementIx,
    ) {
        let place = |n: usize| u32::try_from(n).expect("their number is limited");
        match shape.role {
            Role::None => {}
            Role::Contact => {
                open.contact = place(self.document.contacts.len());
                self.document.contacts.push(element);
            }
            Role::Part(_) if open.contact == NOWHERE => {}
            Role::Part(kind) => {
                self.document.parts.push(Part { kind, contact: open.contact as usize, element });
            }
        }
        if record != NO_RECORD {
            let around = open.record;
            open.record = place(self.document.records.len());
            let contact = open.contact;
            self.document.records.push(Record { kind: record, element, contact, around });
        }
    }

    /// Makes room for the slots of an element, or empties the room of the one that it replaces.
    fn room(&mut self, shape: &Shape, replaced: u32) -> u32 {
        let n_slots = shape.n_slots as usize;
        if replaced != NOWHERE {
            let start = replaced as usize;
            self.document.slots[start..start + n_slots].fill(None);
            return replaced;
        }
        let base = self.document.slots.len();
        self.document.slots.resize(base + n_slots, None);
        u32::try_from(base).expect("the number of kept elements is limited")
    }

    /// Keeps the value of an attribute of the element in hand.
    fn keep_targets(
        &mut self,
        destination: &Destination<'p>,
        targets: &[Target],
        name: &[u8],
        raw: &'x str,
    ) {
        for target in targets {
            work::note(1);
            match target {
                Target::Slot { name: wanted, matching, slot } => {
                    if destination.base == NOWHERE {
                        continue;
                    }
                    let exact = *wanted.as_bytes() == *name;
                    let value =
                        &mut self.document.slots[destination.base as usize + *slot as usize];
                    let fits = match matching {
                        NameMatch::Exact => exact,
                        NameMatch::AnyCase => exact || value.is_none(),
                    };
                    if fits {
                        *value = Some(raw);
                    }
                }
                Target::Field { name: wanted, field } => {
                    if self.hits.len() == self.hits.capacity() {
                        self.drop_stale_hits();
                    }
                    let path = destination.path;
                    let element = self.document.paths.get(path).n_elements;
                    self.hits.push(Hit {
                        field: *field,
                        plain: true,
                        exact: *wanted.as_bytes() == *name,
                        path,
                        element,
                        raw,
                    });
                }
            }
        }
    }

    /// Drops the values of elements that another at the same path has replaced, so that what is remembered is bounded
    /// by the paths, not by the elements.
    #[cold]
    fn drop_stale_hits(&mut self) {
        work::note(self.hits.len());
        let Document { paths, others, .. } = &mut self.document;
        self.hits.retain(|hit| {
            let is_last = paths.get(hit.path).n_elements == hit.element;
            if !is_last {
                hit.note_in(others);
            }
            is_last
        });
        self.hits.reserve(self.hits.len().max(USUAL_HITS));
    }

    /// Decides which values the fields have, and brings the parts of each contact together.
    pub(super) fn finish(mut self) -> Document<'x> {
        let mut best: Vec<Option<&Hit<'x>>> = vec![None; self.layout.n_fields];
        for hit in &self.hits {
            hit.note_in(&mut self.document.others);
            if self.document.paths.get(hit.path).n_elements != hit.element {
                continue;
            }
            let best = &mut best[hit.field as usize];
            let rank = |hit: &Hit<'_>| (hit.plain, hit.exact, hit.path);
            if best.is_none_or(|best| rank(best) <= rank(hit)) {
                *best = Some(hit);
            }
        }
        drop_seconds(&self.seconds, &mut self.document);
        self.document.parts.sort_by_key(|part| part.contact);
        work::note(self.hits.len() + self.document.parts.len());
        self.document.fields = best.iter().map(|hit| hit.map(|hit| decode(hit.raw))).collect();
        self.document.others.settle_fields(&self.document.fields);
        self.document
    }
}

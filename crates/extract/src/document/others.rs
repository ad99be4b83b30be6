//! The values of elements that others at the same place have replaced: where one value is wanted and there were several,
//! somebody should be told.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::NOWHERE;
use super::decode::decode;
use crate::layout::{FieldIx, NodeIx, SlotIx};
use crate::text::strip;
use crate::work;

/// One of the values that were replaced, and whether there was another besides.
#[derive(Debug, Clone, Copy, Default)]
struct Other<'x> {
    raw: Option<&'x str>,
    is_mixed: bool,
}

/// The values that were replaced, blank ones apart.
#[derive(Debug)]
pub(super) struct Others<'x> {
    /// For each node of the layout where its slots are.
    nodes: Vec<u32>,
    slots: Vec<Other<'x>>,
    /// The texts of elements: one that was replaced, and whether there was another besides.
    texts: BTreeMap<(NodeIx, SlotIx), (Cow<'x, str>, bool)>,
    /// The values that fields have anywhere in the document, by field.
    fields: Vec<Other<'x>>,
    /// Of each field whether one of them is another than the one that counts.
    fields_differ: Vec<bool>,
}

impl<'x> Other<'x> {
    /// Notes a value that is not blank.
    fn note(&mut self, raw: &'x str) {
        work::note(raw.len());
        match self.raw {
            None => self.raw = Some(raw),
            Some(known) => self.is_mixed |= strip(known) != strip(raw),
        }
    }
}

impl<'x> Others<'x> {
    pub(super) fn new(n_nodes: usize) -> Self {
        Self {
            nodes: vec![NOWHERE; n_nodes],
            slots: Vec::new(),
            texts: BTreeMap::new(),
            fields: Vec::new(),
            fields_differ: Vec::new(),
        }
    }

    /// Notes the values of an element that is replaced, and its text.
    pub(super) fn note(
        &mut self,
        node: NodeIx,
        slots: &[Option<&'x str>],
        text: Option<(SlotIx, &Cow<'x, str>)>,
    ) {
        work::note(slots.len());
        let mut base = self.nodes[node as usize];
        if base == NOWHERE {
            base = u32::try_from(self.slots.len()).expect("a contract has fewer attributes");
            self.nodes[node as usize] = base;
            self.slots.resize(self.slots.len() + slots.len(), Other::default());
        }
        for (other, raw) in self.slots[base as usize..].iter_mut().zip(slots) {
            let Some(raw) = raw.filter(|raw| !strip(raw).is_empty()) else { continue };
            other.note(raw);
        }
        if let Some((slot, text)) = text.filter(|(_, text)| !strip(text).is_empty()) {
            work::note(text.len());
            match self.texts.get_mut(&(node, slot)) {
                None => {
                    self.texts.insert((node, slot), (text.clone(), false));
                }
                Some((known, is_mixed)) => *is_mixed |= strip(known) != strip(text),
            }
        }
    }

    /// Forgets what was noted of a node.
    pub(super) fn forget(&mut self, node: NodeIx) {
        self.nodes[node as usize] = NOWHERE;
        self.texts.retain(|(other, _), _| *other != node);
    }

    /// Notes a value that a field has somewhere in the document.
    pub(super) fn note_field(&mut self, field: FieldIx, raw: &'x str) {
        if strip(raw).is_empty() {
            return;
        }
        let field = field as usize;
        if self.fields.len() <= field {
            self.fields.resize(field + 1, Other::default());
        }
        self.fields[field].note(raw);
    }

    /// Compares the values of the fields with those that count, once all are known.
    pub(super) fn settle_fields(&mut self, counting: &[Option<Cow<'x, str>>]) {
        let differs = |(other, counts): (&Other<'x>, &Option<Cow<'x, str>>)| {
            let counts = counts.as_deref().unwrap_or_default();
            other.raw.is_some_and(|raw| other.is_mixed || decode(raw) != counts)
        };
        self.fields_differ = self.fields.iter().zip(counting).map(differs).collect();
    }

    /// Says whether a field has another value somewhere than the one that counts.
    pub(super) fn field_differs(&self, field: FieldIx) -> bool {
        self.fields_differ.get(field as usize).is_some_and(|differs| *differs)
    }

    /// Says whether an element of a node was replaced.
    pub(super) fn has(&self, node: NodeIx) -> bool {
        self.nodes[node as usize] != NOWHERE
    }

    /// Says whether a value was replaced that is another than the one that counts.
    pub(super) fn differ(&self, node: NodeIx, slot: SlotIx, counts: Option<&str>) -> bool {
        let base = self.nodes[node as usize];
        if base == NOWHERE {
            return false;
        }
        let counts = counts.unwrap_or_default();
        let other = self.slots[base as usize + slot as usize];
        if let Some(raw) = other.raw {
            return other.is_mixed || decode(raw) != counts;
        }
        let text = self.texts.get(&(node, slot));
        text.is_some_and(|(text, is_mixed)| *is_mixed || strip(text) != counts)
    }
}

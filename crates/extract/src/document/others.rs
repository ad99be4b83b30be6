//! The values of elements that others at the same place have replaced: where one value is wanted and there were several,
//! somebody should be told.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::NOWHERE;
use super::decode::decode;
use crate::layout::{NodeIx, SlotIx};
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
}

impl<'x> Others<'x> {
    pub(super) fn new(n_nodes: usize) -> Self {
        Self { nodes: vec![NOWHERE; n_nodes], slots: Vec::new(), texts: BTreeMap::new() }
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
            work::note(raw.len());
            match other.raw {
                None => other.raw = Some(raw),
                Some(known) => other.is_mixed |= strip(known) != strip(raw),
            }
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

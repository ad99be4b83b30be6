//! One pass over a document: checks that it is well-formed and keeps what the plan reads, as slices of the text.

mod attributes;
mod decode;
mod flaw;
mod keep;
mod names;
mod pass;
mod prolog;

use std::borrow::Cow;

pub(crate) use flaw::Flaw;
pub(crate) use pass::read;

use crate::layout::{FieldIx, NodeIx, SlotIx};

/// No place.
const NOWHERE: u32 = u32::MAX;

/// Where the kept attributes of one element are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ElementIx(u32);

/// What was kept of a document.
#[derive(Debug)]
pub(crate) struct Document<'x> {
    /// Raw values, the slots of one element after those of another.
    slots: Vec<Option<&'x str>>,
    /// For each node of the layout the last element there.
    nodes: Vec<u32>,
    /// The contacts in document order, wherever they are.
    pub(crate) contacts: Vec<ElementIx>,
    /// What belongs to contacts, in document order.
    pub(crate) parts: Vec<Part>,
    /// Raw values of the fields that are looked for in the whole document.
    fields: Vec<Option<&'x str>>,
    paths: Vec<PathEntry<'x>>,
}

/// An element that belongs to a contact.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    pub(crate) kind: u8,
    /// The place of the contact in [`Document::contacts`].
    pub(crate) contact: usize,
    /// Whether the contact is its parent, not merely an ancestor.
    pub(crate) direct: bool,
    pub(crate) element: ElementIx,
}

/// A path that occurs in the document; their order is the order of first sight.
#[derive(Debug)]
struct PathEntry<'x> {
    name: &'x str,
    /// Of the name, so that most siblings are told apart by it.
    hash: u64,
    first_child: u32,
    next_sibling: u32,
    /// The child that was entered last; the next one mostly has the same name, or the next.
    recent_child: u32,
    node: u32,
    shape: u32,
    /// Counts the elements at this path.
    n_elements: u32,
}

impl<'x> Document<'x> {
    /// Returns the last element at a place.
    pub(crate) fn element_at(&self, node: NodeIx) -> Option<ElementIx> {
        let base = self.nodes[node as usize];
        (base != NOWHERE).then_some(ElementIx(base))
    }

    /// Returns the raw value of an attribute.
    pub(crate) fn raw(&self, element: ElementIx, slot: SlotIx) -> Option<&'x str> {
        self.slots[element.0 as usize + usize::from(slot)]
    }

    /// Returns the text of an attribute: decoded once and stripped.
    pub(crate) fn text(&self, element: ElementIx, slot: SlotIx) -> Option<Cow<'x, str>> {
        self.raw(element, slot).map(decode::decode)
    }

    /// Returns the text of a field that is looked for in the whole document.
    pub(crate) fn field(&self, field: FieldIx) -> Option<Cow<'x, str>> {
        self.fields[usize::from(field)].map(decode::decode)
    }

    /// Returns the name of the root element.
    pub(crate) fn root_name(&self) -> &'x str {
        let root = self.paths[0].first_child;
        if root == NOWHERE { "" } else { self.paths[root as usize].name }
    }

    /// Lists the names of the elements below a place.
    pub(crate) fn names_below(&self, node: NodeIx) -> Vec<&'x str> {
        let Some(path) = self.paths.iter().find(|path| path.node == node) else {
            return Vec::new();
        };
        let mut names = Vec::new();
        let mut child = path.first_child;
        while child != NOWHERE {
            names.push(self.paths[child as usize].name);
            child = self.paths[child as usize].next_sibling;
        }
        names
    }
}

//! One pass over a document: checks that it is well-formed and keeps what the plan reads, as slices of the text.

mod attributes;
mod decode;
mod flaw;
mod keep;
mod names;
mod pass;
mod paths;
mod prolog;
mod words;

use std::borrow::Cow;

pub(crate) use flaw::Flaw;
pub(crate) use pass::read;

use crate::layout::{FieldIx, NodeIx, SlotIx};
use paths::Paths;

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
    /// Texts of the fields that are looked for in the whole document, which expressions read many times.
    fields: Vec<Option<Cow<'x, str>>>,
    paths: Paths<'x>,
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

impl<'x> Document<'x> {
    /// Returns the last element at a place.
    pub(crate) fn element_at(&self, node: NodeIx) -> Option<ElementIx> {
        let base = self.nodes[node as usize];
        (base != NOWHERE).then_some(ElementIx(base))
    }

    /// Returns the raw value of an attribute.
    pub(crate) fn raw(&self, element: ElementIx, slot: SlotIx) -> Option<&'x str> {
        self.slots[element.0 as usize + slot as usize]
    }

    /// Returns the text of an attribute: decoded once and stripped.
    pub(crate) fn text(&self, element: ElementIx, slot: SlotIx) -> Option<Cow<'x, str>> {
        self.raw(element, slot).map(decode::decode)
    }

    /// Returns the text of a field that is looked for in the whole document.
    pub(crate) fn field(&self, field: FieldIx) -> Option<&str> {
        self.fields[field as usize].as_deref()
    }

    /// Returns the name of the root element.
    pub(crate) fn root_name(&self) -> &'x str {
        self.paths.iter().nth(1).map_or("", |root| root.name)
    }

    /// Lists the names of the elements below a place.
    pub(crate) fn names_below(&self, node: NodeIx) -> Vec<&'x str> {
        let Some(place) = self.paths.iter().position(|path| path.node == node) else {
            return Vec::new();
        };
        let is_below = |path: &&paths::PathEntry<'_>| path.parent as usize == place;
        self.paths.iter().filter(is_below).map(|path| path.name).collect()
    }
}

//! One pass over a document: checks that it is well-formed and keeps what the plan reads, as slices of the text.

mod attributes;
mod decode;
mod flaw;
mod inventory;
mod keep;
mod keeping;
mod located;
mod markup;
mod names;
mod namespaces;
mod others;
mod pass;
mod paths;
mod prefixed;
mod prolog;
mod qualified;
mod tree;
mod words;

use std::borrow::Cow;
use std::collections::BTreeMap;

pub(crate) use decode::{decode, unescape};
pub(crate) use flaw::Flaw;
pub(crate) use inventory::take_inventory;
pub(crate) use located::{Located, Spot, read_located, read_tree_located};
pub(crate) use namespaces::Namespace;
pub(crate) use qualified::is_name;
pub(crate) use tree::{
    DOCUMENT, ElementNo, Interest, Link, NodeKind, NodeNo, Pattern, PlaceNo, Route, Tree, read_tree,
};

use crate::layout::{FieldIx, Layout, NodeIx, RecordKind, SlotIx};
use crate::limits::Limits;
use crate::text::strip;
use crate::work;
use keep::Keeper;
use namespaces::Namespaces;
use others::Others;
use paths::Paths;

/// No place.
const NOWHERE: u32 = u32::MAX;

/// Where the kept attributes of one element are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ElementIx(u32);

/// What was kept of a document.
#[derive(Debug)]
pub(crate) struct Document<'x> {
    /// Raw values, the slots of one element after those of another.
    slots: Vec<Option<&'x str>>,
    /// For each node of the layout the last element there.
    nodes: Vec<u32>,
    /// What those elements replaced.
    others: Others<'x>,
    /// The contacts in document order, wherever they are.
    pub(crate) contacts: Vec<ElementIx>,
    /// What belongs to contacts: by contact, then in document order.
    parts: Vec<Part>,
    /// The elements that may be rows, in document order.
    pub(crate) records: Vec<Record>,
    /// The texts of elements, decoded, by the place of their slot.
    texts: BTreeMap<u32, Cow<'x, str>>,
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
    pub(crate) element: ElementIx,
}

/// An element that may be a row, or brings values to one around it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record {
    pub(crate) kind: RecordKind,
    pub(crate) element: ElementIx,
    /// The place of the nearest contact in [`Document::contacts`].
    contact: u32,
    /// The place of the nearest record around it in [`Document::records`].
    around: u32,
}

impl Record {
    /// Returns the place of the contact that it is in.
    pub(crate) fn contact(&self) -> Option<usize> {
        (self.contact != NOWHERE).then_some(self.contact as usize)
    }
}

/// Reads a document whose root element has the given name.
pub(crate) fn read<'x>(
    text: &'x str,
    root: &str,
    layout: &Layout,
    limits: &Limits,
) -> Result<Document<'x>, Flaw> {
    let keeper = pass::read(text, |_| Keeper::new(root, layout), Namespaces::new(), limits)?;
    Ok(keeper.finish())
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

    /// Returns the text of an attribute, or of the element where the slot is for that: decoded once and stripped.
    pub(crate) fn text(&self, element: ElementIx, slot: SlotIx) -> Option<Cow<'x, str>> {
        match self.raw(element, slot) {
            Some(raw) => Some(decode(raw)),
            None if self.texts.is_empty() => None,
            None => self.texts.get(&(element.0 + slot)).map(|text| match text {
                Cow::Borrowed(text) => Cow::Borrowed(strip(text)),
                Cow::Owned(text) => Cow::Owned(strip(text).to_owned()),
            }),
        }
    }

    /// Says whether there are several elements at a place.
    pub(crate) fn has_several(&self, node: NodeIx) -> bool {
        self.others.has(node)
    }

    /// Says whether an earlier element at a place had another value than the last, which counts.
    pub(crate) fn has_others(&self, node: NodeIx, slot: SlotIx, counts: Option<&str>) -> bool {
        self.others.differ(node, slot, counts)
    }

    /// Returns the nearest record of a kind around another.
    pub(crate) fn around(&self, record: usize, kind: RecordKind) -> Option<usize> {
        let mut at = self.records[record].around;
        while at != NOWHERE {
            if self.records[at as usize].kind == kind {
                return Some(at as usize);
            }
            at = self.records[at as usize].around;
        }
        None
    }

    /// Lists the records within another, which come right after it.
    pub(crate) fn records_within(&self, record: usize) -> impl Iterator<Item = &Record> {
        // Nothing else has a record from there on around it.
        let is_within =
            move |other: &&Record| other.around != NOWHERE && other.around as usize >= record;
        self.records[record + 1..].iter().take_while(is_within).inspect(|_| work::note(1))
    }

    /// Returns the last record of a kind within another, and how many there are.
    pub(crate) fn within(&self, record: usize, kind: RecordKind) -> Option<(usize, usize)> {
        let records = self.records_within(record);
        let of_kind = records.enumerate().filter(|(_, other)| other.kind == kind);
        let (last, n_records) =
            of_kind.fold((None, 0), |(_, n_records), (n, _)| (Some(n), n_records + 1));
        last.map(|n| (record + 1 + n, n_records))
    }

    /// Returns the text of a field that is looked for in the whole document.
    pub(crate) fn field(&self, field: FieldIx) -> Option<&str> {
        self.fields[field as usize].as_deref()
    }

    /// Says whether a field has several values in the document, of which [`Self::field`] is one.
    pub(crate) fn field_has_others(&self, field: FieldIx) -> bool {
        self.others.field_differs(field)
    }

    /// Lists what belongs to a contact, in document order.
    pub(crate) fn parts_of(&self, contact: usize) -> &[Part] {
        let start = self.parts.partition_point(|part| part.contact < contact);
        let n_parts = self.parts[start..].partition_point(|part| part.contact == contact);
        work::note(n_parts + 1);
        &self.parts[start..start + n_parts]
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

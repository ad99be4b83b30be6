//! Notes where in the text each element is, for whoever explains a mapping.
//!
//! What is kept of a document has no room for places, which an ordinary mapping does not need. So the keepers stay as they
//! are, and [`Locating`] goes between one of them and the pass over the document.

use std::collections::BTreeMap;

use super::keep::Keeper;
use super::keeping::{Keep, PlainAttribute, PrefixedAttribute, TextKind, TooLong};
use super::namespaces::{Namespace, Namespaces};
use super::prefixed::Name;
use super::tree::TreeKeeper;
use super::{Document, ElementIx, ElementNo, Flaw, Interest, Tree, pass};
use crate::layout::Layout;
use crate::limits::Limits;

/// No element.
const NONE: u32 = u32::MAX;

/// Where the elements of a document are.
#[derive(Debug, Default)]
pub(crate) struct Located {
    /// All elements, in document order.
    elements: Vec<Entered>,
    kept: Kept,
}

/// An element of a document.
#[derive(Debug, Clone, Copy)]
struct Entered {
    /// Where its name begins and ends.
    start: usize,
    end: usize,
    /// The element around it, or [`NONE`].
    parent: u32,
}

/// Which elements those are that a keeper has kept.
#[derive(Debug, Default)]
struct Kept {
    /// By [`ElementNo`].
    elements: Vec<u32>,
    /// Parallel to [`Document::records`].
    records: Vec<u32>,
    /// Parallel to [`Document::contacts`].
    contacts: Vec<u32>,
    /// By [`ElementIx`].
    bases: BTreeMap<u32, u32>,
}

/// Something that a document has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Spot {
    /// An element of a tree.
    Element(ElementNo),
    /// The place of an element in [`Document::records`].
    Record(usize),
    /// The place of an element in [`Document::contacts`].
    Contact(usize),
    /// An element of which values are kept.
    Slots(ElementIx),
    /// The address of the value of an attribute.
    Value(usize),
}

/// An element or attribute of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Point {
    /// Elements with the names that the document writes, `/a/b/@c`.
    pub(crate) path: String,
    /// Byte offset of the element's tag, or of the attribute's name.
    pub(crate) offset: usize,
}

impl Located {
    /// Finds a spot in the text that the document was read from; `None` where it is not of that text.
    pub(crate) fn find(&self, spot: Spot, text: &str) -> Option<Point> {
        let kept = &self.kept;
        let element = match spot {
            Spot::Element(element) => kept.elements.get(element as usize),
            Spot::Record(record) => kept.records.get(record),
            Spot::Contact(contact) => kept.contacts.get(contact),
            Spot::Slots(element) => kept.bases.get(&element.0),
            Spot::Value(address) => return self.attribute(address, text),
        };
        let element = *element.filter(|element| **element != NONE)?;
        let offset = self.elements[element as usize].start - 1;
        Some(Point { path: self.path(element, text), offset })
    }

    fn path(&self, element: u32, text: &str) -> String {
        let mut names = Vec::new();
        let mut at = element;
        while at != NONE {
            let Entered { start, end, parent } = self.elements[at as usize];
            names.push(&text[start..end]);
            at = parent;
        }
        names.iter().rev().fold(String::new(), |path, name| path + "/" + name)
    }

    /// Finds the attribute whose value is at an address. What is before a value in its tag is well-formed: the document
    /// has been read.
    fn attribute(&self, address: usize, text: &str) -> Option<Point> {
        let offset = address.checked_sub(text.as_ptr() as usize)?;
        let before = text.get(..offset)?.trim_end();
        let before = before.strip_suffix(['"', '\''])?.trim_end();
        let name_end = before.strip_suffix('=')?.trim_end().len();
        let is_space = |character: char| character.is_ascii_whitespace();
        let name_start = text[..name_end].rfind(is_space)? + 1;
        // Nothing begins between the tag of an element and its attributes.
        let n_before = self.elements.partition_point(|element| element.start <= offset);
        let element = u32::try_from(n_before.checked_sub(1)?).ok()?;
        let path = format!("{}/@{}", self.path(element, text), &text[name_start..name_end]);
        Some(Point { path, offset: name_start })
    }
}

/// Reads a document like [`super::read`], and notes where its elements are.
pub(crate) fn read_located<'x>(
    text: &'x str,
    root: &str,
    layout: &Layout,
    limits: &Limits,
) -> Result<(Document<'x>, Located), Flaw> {
    let keeper = |_| Locating::new(text, Keeper::new(root, layout));
    let read = pass::read(text, keeper, Namespaces::new(), limits)?;
    Ok((read.inner.finish(), read.located))
}

/// Reads a document like [`super::read_tree`], and notes where its elements are.
pub(crate) fn read_tree_located<'x>(
    text: &'x str,
    interest: &Interest,
    uris: &[String],
    limits: &Limits,
) -> Result<(Tree<'x>, Located), Flaw> {
    let namespaces = Namespaces::with_numbers(uris);
    let keeper = |cleaned| Locating::new(text, TreeKeeper::new(cleaned, interest));
    let read = pass::read(text, keeper, namespaces, limits)?;
    Ok((read.inner.finish(), read.located))
}

/// A keeper that can say what it has just kept.
trait Locate<'x>: Keep<'x> {
    /// Notes what was kept of the element that was entered last.
    fn note(&self, destination: &Self::Destination, entered: u32, kept: &mut Kept);
}

impl<'x> Locate<'x> for Keeper<'x, '_> {
    fn note(&self, destination: &Self::Destination, entered: u32, kept: &mut Kept) {
        kept.records.resize(self.document.records.len(), entered);
        kept.contacts.resize(self.document.contacts.len(), entered);
        if destination.is_kept() {
            kept.bases.insert(destination.base, entered);
        }
    }
}

impl<'x> Locate<'x> for TreeKeeper<'x, '_> {
    fn note(&self, destination: &Self::Destination, entered: u32, kept: &mut Kept) {
        if destination.is_kept() {
            // The document is no element of the text. An element may be entered once more, under another namespace.
            let element = self.n_elements() as usize - 1;
            kept.elements.resize(element, NONE);
            kept.elements.push(entered);
        }
    }
}

/// A keeper, and where the elements are.
struct Locating<'x, K> {
    inner: K,
    text: &'x str,
    located: Located,
}

/// An element that has been entered.
#[derive(Clone, Copy)]
struct Open<O> {
    inner: O,
    element: u32,
}

impl<'x, K: Locate<'x>> Locating<'x, K> {
    fn new(text: &'x str, inner: K) -> Self {
        Self { inner, text, located: Located::default() }
    }

    fn entered(
        &mut self,
        parent: Open<K::Open>,
        name: &'x str,
        (inner, destination): (K::Open, K::Destination),
    ) -> (Open<K::Open>, K::Destination) {
        // It is a part of the document.
        let start = name.as_ptr() as usize - self.text.as_ptr() as usize;
        let elements = &mut self.located.elements;
        let element = u32::try_from(elements.len()).expect("a document is smaller than that");
        elements.push(Entered { start, end: start + name.len(), parent: parent.element });
        self.inner.note(&destination, element, &mut self.located.kept);
        (Open { inner, element }, destination)
    }
}

impl<'x, K: Locate<'x>> Keep<'x> for Locating<'x, K> {
    type Open = Open<K::Open>;
    type Destination = K::Destination;

    const ABOVE_ROOT: Self::Open = Open { inner: K::ABOVE_ROOT, element: NONE };

    fn reads_text(&self) -> bool {
        self.inner.reads_text()
    }

    fn check_root(&self, name: &str) -> Result<(), Flaw> {
        self.inner.check_root(name)
    }

    fn enter(
        &mut self,
        parent: Self::Open,
        name: &'x str,
        hash: u64,
        namespace: Namespace,
    ) -> (Self::Open, K::Destination) {
        let entered = self.inner.enter(parent.inner, name, hash, namespace);
        self.entered(parent, name, entered)
    }

    fn enter_prefixed(
        &mut self,
        parent: Self::Open,
        name: &Name<'x>,
    ) -> (Self::Open, K::Destination) {
        let entered = self.inner.enter_prefixed(parent.inner, name);
        self.entered(parent, name.whole, entered)
    }

    fn rename(
        &mut self,
        parent: Self::Open,
        open: Self::Open,
        name: &Name<'x>,
    ) -> Option<(Self::Open, K::Destination)> {
        let (inner, destination) = self.inner.rename(parent.inner, open.inner, name)?;
        self.inner.note(&destination, open.element, &mut self.located.kept);
        Some((Open { inner, element: open.element }, destination))
    }

    fn leave(&mut self, open: Self::Open) {
        self.inner.leave(open.inner);
    }

    fn check(&self, destination: &K::Destination, limits: &Limits, tag: usize) -> Result<(), Flaw> {
        self.inner.check(destination, limits, tag)
    }

    fn keep(&mut self, destination: &K::Destination, attribute: &PlainAttribute<'x>) {
        self.inner.keep(destination, attribute);
    }

    fn keep_prefixed(
        &mut self,
        destination: &K::Destination,
        attributes: &[PrefixedAttribute<'x>],
    ) {
        self.inner.keep_prefixed(destination, attributes);
    }

    fn takes_text(open: Self::Open) -> bool {
        K::takes_text(open.inner)
    }

    fn add_text(
        &mut self,
        open: Self::Open,
        raw: &'x str,
        kind: TextKind,
        bytes_max: usize,
    ) -> Result<(), TooLong> {
        self.inner.add_text(open.inner, raw, kind, bytes_max)
    }

    fn take_namespaces(&mut self, namespaces: Namespaces<'x>) {
        self.inner.take_namespaces(namespaces);
    }
}

//! Keeps a document as a tree while it is read.

use super::groups::Groups;
use super::places::{ABOVE_ROOT, Places, UNWANTED};
use super::{Attribute, DOCUMENT, Element, ElementNo, Interest, NO_LOCAL, Namespace, Text, Tree};
use crate::document::Flaw;
use crate::document::keeping::{Keep, PlainAttribute, PrefixedAttribute, TextKind, TooLong};
use crate::document::prefixed::Name;
use crate::limits::Limits;
use crate::work;

/// The local name of the attribute that says that an element has no value, in the namespace of schema instances.
const NIL: &[u8] = b"nil";

/// Bytes of a document for each element that is kept, in documents of which most is kept.
const USUAL_BYTES: usize = 32;

#[derive(Debug)]
pub(in crate::document) struct TreeKeeper<'x, 'p> {
    interest: &'p Interest,
    tree: Tree<'x>,
}

/// An element that has been entered.
#[derive(Debug, Clone, Copy)]
pub(in crate::document) struct Open {
    place: u32,
    /// The nearest kept element, this one included.
    element: ElementNo,
    depth: u32,
    is_kept: bool,
    /// Whether the text in it is wanted, by it or by an element around it.
    text: bool,
}

/// Where the attributes of the element in hand go.
#[derive(Debug)]
pub(in crate::document) struct Destination {
    /// The place of the element, or [`UNWANTED`] where none of them is kept.
    place: u32,
}

impl Destination {
    /// Says whether the element is kept.
    pub(in crate::document) fn is_kept(&self) -> bool {
        self.place != UNWANTED
    }
}

impl<'x, 'p> TreeKeeper<'x, 'p> {
    pub(in crate::document) fn new(text: &'x str, interest: &'p Interest) -> Self {
        let document = Element {
            parent: DOCUMENT,
            end: 0,
            place: ABOVE_ROOT,
            local: NO_LOCAL,
            namespace: Namespace::NONE,
            first_attribute: 0,
            first_text: 0,
            last_text: 0,
            depth: 0,
            is_nil: false,
        };
        let places = Places::new(interest);
        // Memory that is not used costs nothing; to move elements again and again does.
        let usual = text.len() / USUAL_BYTES;
        let mut elements = Vec::with_capacity(usual + 1);
        elements.push(document);
        let tree = Tree {
            text,
            elements,
            attributes: Vec::new(),
            texts: Vec::with_capacity(usual),
            places,
            groups: Groups::default(),
        };
        Self { interest, tree }
    }

    pub(in crate::document) fn finish(mut self) -> Tree<'x> {
        let end = self.tree.n_elements();
        let n_texts = number(self.tree.texts.len());
        self.tree.elements[0].end = end;
        self.tree.elements[0].last_text = n_texts;
        self.tree.groups = Groups::new(self.tree.places.len(), &self.tree.elements);
        self.tree
    }

    /// The number of kept elements, the document included.
    pub(in crate::document) fn n_elements(&self) -> u32 {
        self.tree.n_elements()
    }

    #[inline]
    fn enter_at(&mut self, parent: Open, place: u32) -> (Open, Destination) {
        let mut open = Open { place, depth: parent.depth + 1, is_kept: false, ..parent };
        let unwanted = Destination { place: UNWANTED };
        if place == UNWANTED {
            return (open, unwanted);
        }
        let entry = self.tree.places.get(place);
        if !entry.is_kept {
            return (open, unwanted);
        }
        open.is_kept = true;
        open.text |= entry.wants_text;
        open.element = self.tree.n_elements();
        self.tree.elements.push(Element {
            parent: parent.element,
            end: 0,
            place,
            local: entry.local,
            namespace: entry.namespace,
            first_attribute: number(self.tree.attributes.len()),
            first_text: number(self.tree.texts.len()),
            last_text: 0,
            depth: open.depth,
            is_nil: false,
        });
        (open, Destination { place })
    }

    /// The memory that is taken by what has been kept.
    fn n_bytes(&self) -> usize {
        self.tree.elements.len() * (size_of::<Element>() + size_of::<ElementNo>())
            + self.tree.attributes.len() * size_of::<Attribute<'_>>()
            + self.tree.texts.len() * size_of::<Text>()
    }
}

fn number(n: usize) -> u32 {
    u32::try_from(n).expect("a document is smaller than that")
}

impl<'x> Keep<'x> for TreeKeeper<'x, '_> {
    type Open = Open;
    type Destination = Destination;

    const ABOVE_ROOT: Open =
        Open { place: ABOVE_ROOT, element: DOCUMENT, depth: 0, is_kept: true, text: false };

    fn reads_text(&self) -> bool {
        self.interest.reads_text()
    }

    /// Whether the root is one of the contract's is known once its namespace is.
    fn check_root(&self, _name: &str) -> Result<(), Flaw> {
        Ok(())
    }

    #[inline]
    fn enter(
        &mut self,
        parent: Open,
        name: &'x str,
        hash: u64,
        namespace: Namespace,
    ) -> (Open, Destination) {
        let place = if parent.place == UNWANTED {
            UNWANTED
        } else {
            self.tree.places.child(parent.place, (name, hash), namespace, self.interest)
        };
        self.enter_at(parent, place)
    }

    #[inline]
    fn enter_prefixed(&mut self, parent: Open, name: &Name<'x>) -> (Open, Destination) {
        self.enter(parent, name.local, name.hash, name.namespace)
    }

    #[cold]
    fn rename(&mut self, parent: Open, open: Open, name: &Name<'x>) -> Option<(Open, Destination)> {
        if open.is_kept
            && let Some(element) = self.tree.elements.pop()
        {
            self.tree.attributes.truncate(element.first_attribute as usize);
        }
        Some(self.enter(parent, name.local, name.hash, name.namespace))
    }

    #[inline]
    fn leave(&mut self, open: Open) {
        if open.is_kept {
            let (end, last_text) = (self.tree.n_elements(), number(self.tree.texts.len()));
            let element = &mut self.tree.elements[open.element as usize];
            element.end = end;
            element.last_text = last_text;
        }
    }

    #[inline]
    fn check(&self, destination: &Destination, limits: &Limits, tag: usize) -> Result<(), Flaw> {
        if self.tree.places.len() > limits.distinct_paths + 1 {
            return Err(Flaw::over("distinct_paths", limits.distinct_paths, tag));
        }
        if destination.place != UNWANTED && self.n_bytes() > limits.kept_bytes {
            return Err(Flaw::over("kept_bytes", limits.kept_bytes, tag));
        }
        Ok(())
    }

    #[inline]
    fn keep(&mut self, destination: &Destination, attribute: &PlainAttribute<'x>) {
        if destination.place == UNWANTED {
            return;
        }
        let (name, hash) = (attribute.name, attribute.hash);
        self.keep_attribute(destination.place, (name, hash), Namespace::NONE, attribute.raw);
    }

    fn keep_prefixed(&mut self, destination: &Destination, attributes: &[PrefixedAttribute<'x>]) {
        if destination.place == UNWANTED {
            return;
        }
        for attribute in attributes {
            let namespace = attribute.namespace;
            if namespace == Namespace::SCHEMA_INSTANCE && attribute.name == NIL {
                let is_nil = matches!(attribute.raw.trim(), "true" | "1");
                let element = self.tree.elements.last_mut().expect("the element in hand is kept");
                element.is_nil = is_nil;
            }
            let name = (attribute.name, attribute.hash);
            self.keep_attribute(destination.place, name, namespace, attribute.raw);
        }
    }

    #[inline]
    fn takes_text(open: Open) -> bool {
        open.text
    }

    fn add_text(
        &mut self,
        open: Open,
        raw: &'x str,
        kind: TextKind,
        bytes_max: usize,
    ) -> Result<(), TooLong> {
        if raw.len() > bytes_max {
            return Err(TooLong);
        }
        // It is a part of the document.
        let start = raw.as_ptr() as usize - self.tree.text.as_ptr() as usize;
        self.tree.texts.push(Text {
            start: number(start),
            end: number(start + raw.len()),
            after: self.tree.n_elements() - 1,
            depth: open.depth + 1,
            kind,
        });
        Ok(())
    }
}

impl<'x> TreeKeeper<'x, '_> {
    #[inline]
    fn keep_attribute(
        &mut self,
        place: u32,
        (name, hash): (&[u8], u64),
        namespace: Namespace,
        raw: &'x str,
    ) {
        let place = self.tree.places.get(place);
        let mut exact = None;
        for wanted in &place.attributes {
            work::note(1);
            if wanted.hash == hash
                && wanted.space.has(namespace)
                && self.interest.name(wanted.local).as_bytes() == name
            {
                let local = wanted.local;
                self.tree.attributes.push(Attribute { local, namespace, raw, is_loose: false });
                if place.loose.is_empty() {
                    return;
                }
                exact = Some(local);
                break;
            }
        }
        // Few contracts take names in any case, so the rest is hardly ever looked at.
        if !place.loose.is_empty() && !namespace.is_about_xml() {
            let own = place.loose.iter().filter(|local| Some(**local) != exact);
            let mut meant = own.filter(|local| {
                work::note(1);
                self.interest.name(**local).as_bytes().eq_ignore_ascii_case(name)
            });
            if let Some(local) = meant.next().copied() {
                self.tree.attributes.push(Attribute { local, namespace, raw, is_loose: true });
                return;
            }
        }
        if exact.is_some() {
            return;
        }
        if place.wants_all_attributes {
            let local = std::str::from_utf8(name).ok().and_then(|name| self.interest.local(name));
            let local = local.unwrap_or(NO_LOCAL);
            self.tree.attributes.push(Attribute { local, namespace, raw, is_loose: false });
        }
    }
}

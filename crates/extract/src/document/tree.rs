//! What a contract of format 2 may read of a document, as a tree: only the elements, attributes and texts that some
//! path needs. Elements that no path needs are left out; what is kept within them hangs off the nearest element around
//! them that is kept, and its depth says that it is no child.

mod groups;
mod interest;
mod keep;
mod places;

use std::borrow::Cow;

pub(crate) use interest::{Interest, Link, Pattern};

use super::keeping::TextKind;
use super::namespaces::{Namespace, Namespaces};
use super::{Flaw, Spot, pass};
use crate::limits::Limits;
use crate::xpath::{LocalIx, Space, Step, Test};
use groups::Groups;
pub(in crate::document) use keep::TreeKeeper;
pub(crate) use places::PlaceNo;
use places::Places;

/// The place of an element in its tree; elements are in document order. The first is the document itself.
pub(crate) type ElementNo = u32;

/// The document, which the root element is in.
pub(crate) const DOCUMENT: ElementNo = 0;

/// A local name that no path of the contract has.
const NO_LOCAL: LocalIx = LocalIx::MAX;

/// A node of a tree. In order, they are in document order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct NodeNo(u64);

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NodeKind {
    Element(ElementNo),
    Attribute { owner: ElementNo, place: u32 },
    Text { owner: ElementNo, place: u32 },
}

/// Bits for the place of an attribute or text, and for what a node is.
const PLACE_BITS: u32 = 31;
const ATTRIBUTE: u64 = 1;
const TEXT: u64 = 2;

impl NodeNo {
    pub(crate) fn element(element: ElementNo) -> Self {
        Self(u64::from(element) << (PLACE_BITS + 2))
    }

    fn leaf(after: ElementNo, kind: u64, place: u32) -> Self {
        Self(u64::from(after) << (PLACE_BITS + 2) | kind << PLACE_BITS | u64::from(place))
    }
}

/// A document as a tree.
#[derive(Debug)]
pub(crate) struct Tree<'x> {
    text: &'x str,
    elements: Vec<Element>,
    attributes: Vec<Attribute<'x>>,
    texts: Vec<Text>,
    places: Places<'x>,
    groups: Groups,
}

#[derive(Debug, Clone, Copy)]
struct Element {
    /// The nearest element around it that is kept.
    parent: ElementNo,
    /// The first element that is not in it.
    end: ElementNo,
    /// Its path, and what is kept of it.
    place: u32,
    /// Its name: here, too, since tests of steps look at nothing else.
    local: LocalIx,
    namespace: Namespace,
    first_attribute: u32,
    /// Its texts, those of the elements in it included.
    first_text: u32,
    last_text: u32,
    /// How many elements are around it, in the document.
    depth: u32,
    is_nil: bool,
}

#[derive(Debug)]
struct Attribute<'x> {
    local: LocalIx,
    namespace: Namespace,
    raw: &'x str,
    /// Its name is written in another case, or has a prefix, where the contract takes that.
    is_loose: bool,
}

/// A piece of text between tags, as offsets in the document.
#[derive(Debug, Clone, Copy)]
struct Text {
    start: u32,
    end: u32,
    /// The last element that began before it.
    after: ElementNo,
    /// How many elements are around it.
    depth: u32,
    kind: TextKind,
}

/// Reads a document and keeps what paths may need of it.
pub(crate) fn read_tree<'x>(
    text: &'x str,
    interest: &Interest,
    uris: &[String],
    limits: &Limits,
) -> Result<Tree<'x>, Flaw> {
    let namespaces = Namespaces::with_numbers(uris);
    let keeper = pass::read(text, |text| TreeKeeper::new(text, interest), namespaces, limits)?;
    Ok(keeper.finish())
}

impl<'x> Tree<'x> {
    fn get(&self, element: ElementNo) -> &Element {
        &self.elements[element as usize]
    }

    /// Says what a node is.
    pub(crate) fn kind(&self, node: NodeNo) -> NodeKind {
        let (after, kind, place) = (
            (node.0 >> (PLACE_BITS + 2)) as u32,
            node.0 >> PLACE_BITS & 3,
            (node.0 & ((1 << PLACE_BITS) - 1)) as u32,
        );
        match kind {
            ATTRIBUTE => NodeKind::Attribute { owner: after, place },
            TEXT => NodeKind::Text { owner: self.owner_of_text(place), place },
            _ => NodeKind::Element(after),
        }
    }

    /// The nearest element around a text that is kept.
    fn owner_of_text(&self, place: u32) -> ElementNo {
        let text = self.texts[place as usize];
        let mut owner = text.after;
        while owner != DOCUMENT && self.get(owner).depth >= text.depth {
            owner = self.get(owner).parent;
        }
        owner
    }

    /// The number of elements, the document included.
    pub(crate) fn n_elements(&self) -> u32 {
        u32::try_from(self.elements.len()).expect("their number is limited")
    }

    /// The first element that is not within another.
    pub(crate) fn end(&self, element: ElementNo) -> ElementNo {
        self.get(element).end
    }

    /// Returns the element that is right around another, if it is kept.
    pub(crate) fn parent(&self, element: ElementNo) -> Option<ElementNo> {
        if element == DOCUMENT {
            return None;
        }
        let own = self.get(element);
        (self.get(own.parent).depth + 1 == own.depth).then_some(own.parent)
    }

    /// Returns the nearest kept element around another.
    pub(crate) fn around(&self, element: ElementNo) -> Option<ElementNo> {
        (element != DOCUMENT).then(|| self.get(element).parent)
    }

    /// Returns the first kept element that comes after another, within which it may be, or beside it.
    pub(crate) fn is_child(&self, child: ElementNo, parent: ElementNo) -> bool {
        self.get(child).depth == self.get(parent).depth + 1
    }

    /// Says whether an element passes the test of a step.
    #[inline]
    pub(crate) fn passes(&self, element: ElementNo, test: &Test) -> bool {
        match test {
            Test::Node => true,
            Test::Text | Test::Loose(_) | Test::Group(_) => false,
            Test::Any => element != DOCUMENT,
            Test::AnyIn(space) => element != DOCUMENT && space.has(self.get(element).namespace),
            Test::Name { local, space } => {
                let own = self.get(element);
                own.local == *local && space.has(own.namespace)
            }
        }
    }

    /// The number of an element's path.
    #[inline]
    pub(crate) fn place(&self, element: ElementNo) -> PlaceNo {
        self.get(element).place
    }

    /// The elements at a path, in document order.
    #[inline]
    pub(crate) fn elements_at(&self, place: PlaceNo) -> &[ElementNo] {
        self.groups.of(place)
    }

    /// Finds the path to which steps lead from another, each to a child by its name.
    pub(crate) fn follow(&self, from: PlaceNo, steps: &[Step]) -> Route {
        let mut found = Vec::new();
        self.places.follow(from, steps, &mut found);
        // A path that was begun before its namespace was known has no element.
        found.retain(|place| !self.elements_at(*place).is_empty());
        match found.as_slice() {
            [] => Route::Nowhere,
            [place] => Route::To(*place),
            _ => Route::Several,
        }
    }

    /// The name of an element, without its prefix.
    pub(crate) fn local_name(&self, element: ElementNo) -> &'x str {
        self.places.get(self.get(element).place).name
    }

    /// Says whether an element is `xsi:nil`.
    pub(crate) fn is_nil(&self, element: ElementNo) -> bool {
        self.get(element).is_nil
    }

    /// Lists the places of the kept attributes of an element.
    fn attribute_places(&self, element: ElementNo) -> std::ops::Range<u32> {
        let next = self.elements.get(element as usize + 1);
        let all = u32::try_from(self.attributes.len()).expect("their number is limited");
        self.get(element).first_attribute..next.map_or(all, |next| next.first_attribute)
    }

    /// Lists the attributes of an element that pass the test of a step.
    pub(crate) fn attributes<'t>(
        &'t self,
        element: ElementNo,
        test: &'t Test,
    ) -> impl Iterator<Item = NodeNo> + 't {
        let meant = match test {
            Test::Loose(local) => self.loose_attribute(element, *local),
            Test::Name { .. }
            | Test::AnyIn(_)
            | Test::Any
            | Test::Text
            | Test::Node
            | Test::Group(_) => None,
        };
        let passing = self.attribute_places(element).filter(move |place| {
            let attribute = &self.attributes[*place as usize];
            match test {
                Test::Loose(_) => meant == Some(*place),
                Test::Node | Test::Any => true,
                Test::Text | Test::Group(_) => false,
                Test::AnyIn(space) => space.has(attribute.namespace),
                Test::Name { local, space } => {
                    attribute.local == *local
                        && space.has(attribute.namespace)
                        && !attribute.is_loose
                }
            }
        });
        passing.map(move |place| NodeNo::leaf(element, ATTRIBUTE, place))
    }

    /// Finds the attribute of a name: as it is written before one in another case or with a prefix.
    fn loose_attribute(&self, element: ElementNo, local: LocalIx) -> Option<u32> {
        let of_name = || {
            let places = self.attribute_places(element);
            places
                .map(|place| (place, &self.attributes[place as usize]))
                .filter(move |(_, attribute)| attribute.local == local)
        };
        let exact = of_name().find(|(_, attribute)| !attribute.is_loose);
        exact.or_else(|| of_name().next()).map(|(place, _)| place)
    }

    /// Lists the texts that stand directly in an element.
    pub(crate) fn texts(&self, element: ElementNo) -> Vec<NodeNo> {
        let own = self.get(element);
        let mut found = Vec::new();
        let mut before: Option<u32> = None;
        for place in own.first_text..own.last_text {
            let text = self.texts[place as usize];
            if text.depth != own.depth + 1 {
                continue;
            }
            if !before.is_some_and(|before| self.continues(before, place)) {
                found.push(NodeNo::leaf(text.after, TEXT, place));
            }
            before = Some(place);
        }
        found
    }

    /// Says whether nothing but the marks of a CDATA section is between two pieces of text, which are one then.
    fn continues(&self, before: u32, place: u32) -> bool {
        let (before, text) = (self.texts[before as usize], self.texts[place as usize]);
        let between = &self.text[before.end as usize..text.start as usize];
        matches!(between, "" | "<![CDATA[" | "]]>" | "]]><![CDATA[")
    }

    /// The string value of a node.
    pub(crate) fn string(&self, node: NodeKind) -> Cow<'x, str> {
        match node {
            NodeKind::Attribute { place, .. } => {
                super::unescape(self.attributes[place as usize].raw)
            }
            NodeKind::Element(element) => {
                let own = self.get(element);
                self.joined(own.first_text..own.last_text)
            }
            NodeKind::Text { place, .. } => {
                let mut end = place + 1;
                while (end as usize) < self.texts.len() && self.continues(end - 1, end) {
                    end += 1;
                }
                self.joined(place..end)
            }
        }
    }

    /// Where a node is in the text, for whoever wants to show it.
    pub(crate) fn spot(&self, node: NodeKind) -> Spot {
        match node {
            NodeKind::Attribute { place, .. } => {
                Spot::Value(self.attributes[place as usize].raw.as_ptr() as usize)
            }
            NodeKind::Element(element) => Spot::Element(element),
            NodeKind::Text { owner, .. } => Spot::Element(owner),
        }
    }

    /// The number of bytes that the string value of a node is made of.
    pub(crate) fn n_bytes(&self, node: NodeKind) -> usize {
        match node {
            NodeKind::Attribute { place, .. } => self.attributes[place as usize].raw.len(),
            NodeKind::Element(element) => {
                let own = self.get(element);
                let pieces = &self.texts[own.first_text as usize..own.last_text as usize];
                pieces.iter().map(|piece| (piece.end - piece.start) as usize).sum()
            }
            NodeKind::Text { place, .. } => {
                let piece = self.texts[place as usize];
                (piece.end - piece.start) as usize
            }
        }
    }

    fn joined(&self, places: std::ops::Range<u32>) -> Cow<'x, str> {
        let pieces = &self.texts[places.start as usize..places.end as usize];
        let decode =
            |piece: &Text| piece.kind.decode(&self.text[piece.start as usize..piece.end as usize]);
        match pieces {
            [] => Cow::Borrowed(""),
            [piece] => decode(piece),
            _ => Cow::Owned(pieces.iter().map(decode).collect()),
        }
    }

    /// Names the root element and says whether some path begins with it.
    pub(crate) fn root(&self) -> (&'x str, bool) {
        self.places.root()
    }
}

/// Where steps lead from a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    Nowhere,
    To(PlaceNo),
    /// A name may be in several namespaces, and the document has it in more than one.
    Several,
}

/// Says whether the name of an attribute is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wanted {
    hash: u64,
    local: LocalIx,
    space: Space,
}

//! What occurs in documents: every path, in how many documents and how often, whatever a contract reads.
//!
//! It holds names and counts, never a value.

mod counting;
mod counts;
mod place;

use crate::document::{self, Flaw, Namespace};
use crate::limits::Limits;

pub use counting::{Counted, Counting};
pub use counts::{COUNTED_PATHS_MAX, PathCounts};
pub(crate) use place::{Place, Tally};

/// The place of the document itself, which the root element is in.
pub(crate) const DOCUMENT_PLACE: u32 = 0;

/// No place, or that of elements which are not listed any more.
pub(crate) const NO_PLACE: u32 = u32::MAX;

/// Paths that are listed: more than a contract can be read against. Documents with generated names would otherwise fill
/// the memory.
pub const PATHS_MAX: usize = 100_000;

/// Bytes of the names of all paths, for the same reason.
const NAME_BYTES_MAX: usize = 16 << 20;

/// Elements inside each other that are told apart: more than documents have, and few enough to list them.
const DEPTH_MAX: u32 = 512;

/// Namespaces that are told apart.
const NAMESPACES_MAX: usize = 10_000;

/// Every path that occurs in some documents, with counts.
///
/// ```
/// # use xmlx_extract::{Inventory, Limits};
/// let mut inventory = Inventory::new();
/// inventory.add("<order id='1'><line/><line sku='x'/></order>", &Limits::default())?;
/// assert_eq!(inventory.n_documents(), 1);
/// # Ok::<(), String>(())
/// ```
#[derive(Debug, Clone)]
pub struct Inventory {
    n_documents: u64,
    n_unlisted: u64,
    /// Namespaces by their number, from that of the first one on which a contract may declare.
    uris: Vec<String>,
    places: Vec<Place>,
    n_paths: usize,
    n_name_bytes: usize,
    /// What the document in hand has: places, and of the attributes their number in their place.
    touched: Vec<(u32, Option<u32>)>,
    n_unlisted_here: u64,
}

impl Default for Inventory {
    fn default() -> Self {
        Self::new()
    }
}

impl Inventory {
    /// An inventory of no document.
    pub fn new() -> Self {
        Self {
            n_documents: 0,
            n_unlisted: 0,
            uris: Vec::new(),
            places: vec![Place::new("", Namespace::NONE, NO_PLACE, 0)],
            n_paths: 0,
            n_name_bytes: 0,
            touched: Vec::new(),
            n_unlisted_here: 0,
        }
    }

    /// Counts what a document has. A document that is not well-formed, or is over a limit, counts for nothing.
    ///
    /// # Errors
    ///
    /// Returns what is wrong with the document, and where.
    pub fn add(&mut self, xml: &str, limits: &Limits) -> Result<(), String> {
        let read = document::take_inventory(xml, self, limits);
        self.settle(read.is_ok());
        read.map_err(|flaw: Flaw| flaw.to_string())
    }

    /// How many documents were counted.
    pub fn n_documents(&self) -> u64 {
        self.n_documents
    }

    /// How many elements and attributes are in no path of the list, which is limited: 0 unless names are generated.
    pub fn n_unlisted(&self) -> u64 {
        self.n_unlisted
    }

    /// The places, parents first.
    pub(crate) fn places(&self) -> &[Place] {
        &self.places
    }

    /// The namespaces that have no number of their own, in the order of their numbers.
    pub(crate) fn uris(&self) -> &[String] {
        &self.uris
    }

    /// Takes over the namespaces of a document, of which the first ones are known.
    pub(crate) fn take_uris(&mut self, mut uris: Vec<String>) {
        uris.truncate(NAMESPACES_MAX);
        if uris.len() > self.uris.len() {
            self.uris = uris;
        }
    }

    /// Finds the place of an element, or begins it; [`NO_PLACE`] where the list is full.
    #[inline]
    pub(crate) fn enter(&mut self, parent: u32, name: &str, namespace: Namespace) -> u32 {
        if parent == NO_PLACE {
            self.n_unlisted_here += 1;
            return NO_PLACE;
        }
        let guess = self.places[parent as usize].guess;
        let place = match self.places.get(guess as usize) {
            Some(guessed) if guessed.is(name, namespace) => guess,
            Some(_) | None => self.find_or_begin(parent, name, namespace),
        };
        if place == NO_PLACE {
            self.n_unlisted_here += 1;
            return NO_PLACE;
        }
        let before = std::mem::replace(&mut self.places[parent as usize].last, place);
        let entered = &mut self.places[place as usize];
        entered.begin();
        if entered.tally.count() {
            self.touched.push((place, None));
        }
        let follows = entered.follows;
        // What came after it last time comes after it again in most documents.
        self.places[parent as usize].guess = if follows == NO_PLACE { place } else { follows };
        if before == NO_PLACE {
            self.places[parent as usize].first = place;
        } else {
            self.places[before as usize].follows = place;
        }
        place
    }

    /// Takes the element in hand back, with its attributes, which turned out to be another.
    pub(crate) fn take_back(&mut self, place: u32) {
        if place == NO_PLACE {
            self.n_unlisted_here -= 1;
            return;
        }
        self.places[place as usize].take_back();
    }

    /// Counts an attribute of the element in hand.
    #[inline]
    pub(crate) fn count_attribute(
        &mut self,
        place: u32,
        name: &str,
        namespace: Namespace,
        is_filled: bool,
    ) {
        if place == NO_PLACE {
            self.n_unlisted_here += 1;
            return;
        }
        let has_room = self.has_room(name);
        match self.places[place as usize].count_attribute(name, namespace, is_filled, has_room) {
            place::Counted::Again => {}
            place::Counted::First(attribute) => self.touched.push((place, Some(attribute))),
            place::Counted::New(attribute) => {
                self.n_paths += 1;
                self.n_name_bytes += name.len();
                self.touched.push((place, Some(attribute)));
            }
            place::Counted::NoRoom => self.n_unlisted_here += 1,
        }
    }

    /// Counts that the element in hand has text other than white space.
    #[inline]
    pub(crate) fn count_text(&mut self, place: u32) {
        if let Some(place) = self.places.get_mut(place as usize) {
            place.count_text();
        }
    }

    /// Whether a path with one more name may be listed.
    #[inline]
    fn has_room(&self, name: &str) -> bool {
        self.n_paths < PATHS_MAX && self.n_name_bytes + name.len() <= NAME_BYTES_MAX
    }

    #[cold]
    fn find_or_begin(&mut self, parent: u32, name: &str, namespace: Namespace) -> u32 {
        crate::work::note(1);
        let places = &self.places;
        let children = &places[parent as usize].children;
        let found = children.binary_search_by(|child| {
            let child = &places[*child as usize];
            child.key().cmp(&(name, namespace))
        });
        match found {
            Ok(at) => children[at],
            Err(_) if !self.has_room(name) || places[parent as usize].depth >= DEPTH_MAX => {
                NO_PLACE
            }
            Err(at) => {
                let depth = places[parent as usize].depth + 1;
                let place = u32::try_from(places.len()).expect("the number of paths is limited");
                self.places.push(Place::new(name, namespace, parent, depth));
                self.places[parent as usize].children.insert(at, place);
                self.n_paths += 1;
                self.n_name_bytes += name.len();
                place
            }
        }
    }

    /// Adds the counts of the document in hand to those of all, or forgets them.
    fn settle(&mut self, counts: bool) {
        for (place, attribute) in std::mem::take(&mut self.touched) {
            let place = &mut self.places[place as usize];
            let tally = match attribute {
                None => &mut place.tally,
                Some(attribute) => place.tally_of(attribute),
            };
            tally.settle(counts);
        }
        let root = &mut self.places[DOCUMENT_PLACE as usize];
        root.begin();
        self.n_unlisted += if counts { self.n_unlisted_here } else { 0 };
        self.n_unlisted_here = 0;
        self.n_documents += u64::from(counts);
    }

    /// Adds what another inventory counted.
    pub fn merge(&mut self, other: &Self) {
        self.n_documents += other.n_documents;
        self.n_unlisted += other.n_unlisted;
        let mut numbers = Vec::with_capacity(other.uris.len());
        for uri in &other.uris {
            let known = self.uris.iter().position(|known| known == uri);
            numbers.push(known.unwrap_or_else(|| {
                self.uris.push(uri.clone());
                self.uris.len() - 1
            }));
        }
        let own = |namespace: Namespace| match namespace.place_declared() {
            Some(place) => {
                numbers.get(place).map_or(namespace, |place| Namespace::declared(*place))
            }
            None => namespace,
        };
        let mut places = vec![DOCUMENT_PLACE];
        for theirs in &other.places[1..] {
            let parent = places[theirs.parent as usize];
            let place = if parent == NO_PLACE {
                NO_PLACE
            } else {
                self.find_or_begin(parent, &theirs.name, own(theirs.namespace))
            };
            places.push(place);
            if place == NO_PLACE {
                self.n_unlisted += theirs.tally.times;
                continue;
            }
            self.places[place as usize].tally.add(&theirs.tally);
            for attribute in &theirs.attributes {
                let has_room = self.has_room(&attribute.name);
                let namespace = own(attribute.namespace);
                let ours = &mut self.places[place as usize];
                match ours.attribute(&attribute.name, namespace, has_room) {
                    Some((known, is_new)) => {
                        ours.tally_of(known).add(&attribute.tally);
                        self.n_paths += usize::from(is_new);
                        self.n_name_bytes += if is_new { attribute.name.len() } else { 0 };
                    }
                    None => self.n_unlisted += attribute.tally.times,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;

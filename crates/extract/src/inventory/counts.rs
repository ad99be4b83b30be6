//! Counts of paths that add up exactly, however many documents they come from, in bounded room.
//!
//! A list that ends where it is full would depend on what came first: two of them could not be added up. So paths have a
//! rank, by their depth and then by a hash of their names, and a list that has no room for all has those of the lowest
//! ranks. What is listed is then counted in full, whoever counted it, and everything around a path is listed, too.

mod written;

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::counting::Counted;
use super::{DOCUMENT_PLACE, Inventory, NO_PLACE};
use crate::document::Namespace;

/// Paths that are listed, of all documents together.
pub const COUNTED_PATHS_MAX: usize = 4_000;

/// Bytes of the listed paths, written in full.
const BYTES_MAX: usize = 1 << 20;

/// The place of what is in no path of the list.
const OTHER: u32 = u32::MAX;
/// Not looked for yet.
const UNKNOWN: u32 = u32::MAX - 1;
/// Where the root elements are.
const TOP: u32 = u32::MAX - 2;

/// Every path of some documents, in how many of them and how often. It holds names and counts, never a value.
#[derive(Debug, Clone, Default)]
pub struct PathCounts {
    n_documents: u64,
    /// How often other paths occur, which are not listed.
    unlisted: u64,
    /// Paths of this rank and of higher ones are not listed; none: all are.
    beyond: Option<Rank>,
    /// What is around a path comes before it.
    paths: Vec<Path>,
    places: HashMap<PathKey, u32, foldhash::fast::FixedState>,
}

/// How early a path has a place in the list.
type Rank = (u32, u64);

/// What tells a path apart from others.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct PathKey {
    /// What it is in.
    around: u32,
    is_attribute: bool,
    namespace: Arc<str>,
    name: Arc<str>,
}

#[derive(Debug, Clone)]
struct Path {
    key: PathKey,
    rank: Rank,
    /// Of the path in full.
    n_bytes: usize,
    documents: u64,
    times: u64,
    filled: u64,
}

impl PartialEq for PathCounts {
    /// Whether both count the same, whatever came first.
    fn eq(&self, other: &Self) -> bool {
        self.written() == other.written()
    }
}

impl Eq for PathCounts {}

impl PathCounts {
    /// How many documents were counted.
    #[must_use]
    pub fn n_documents(&self) -> u64 {
        self.n_documents
    }

    /// Adds what documents have.
    pub fn add<'c>(&mut self, documents: impl IntoIterator<Item = &'c Counted>) {
        // Most documents share their names.
        let mut known: Option<(&Arc<Inventory>, Vec<Vec<u32>>)> = None;
        for document in documents {
            let is_known =
                known.as_ref().is_some_and(|(names, _)| Arc::ptr_eq(names, &document.names));
            if !is_known {
                known = Some((&document.names, vec![Vec::new(); document.names.places.len()]));
            }
            let Some((_, slots)) = &mut known else { continue };
            self.n_documents += 1;
            self.unlisted += document.unlisted;
            for counted in &document.paths {
                let place = self.slot(&document.names, slots, counted.place, counted.attribute);
                match self.paths.get_mut(place as usize) {
                    Some(path) => {
                        path.documents += 1;
                        path.times += u64::from(counted.times);
                        path.filled += u64::from(counted.filled);
                    }
                    None => self.unlisted += u64::from(counted.times),
                }
            }
        }
        self.keep_to_limits(COUNTED_PATHS_MAX, BYTES_MAX);
    }

    /// Adds what others have counted.
    pub fn merge(&mut self, other: &Self) {
        self.n_documents += other.n_documents;
        self.unlisted += other.unlisted;
        let beyond = [self.beyond, other.beyond].into_iter().flatten().min();
        if beyond != self.beyond {
            self.cut(beyond);
        }
        let mut places = Vec::with_capacity(other.paths.len());
        for theirs in &other.paths {
            let around = match theirs.key.around {
                TOP => TOP,
                around => places[around as usize],
            };
            let PathKey { is_attribute, namespace, name, .. } = theirs.key.clone();
            let place = self.place(PathKey { around, is_attribute, namespace, name });
            places.push(place);
            match self.paths.get_mut(place as usize) {
                Some(path) => {
                    path.documents += theirs.documents;
                    path.times += theirs.times;
                    path.filled += theirs.filled;
                }
                None => self.unlisted += theirs.times,
            }
        }
        self.keep_to_limits(COUNTED_PATHS_MAX, BYTES_MAX);
    }

    /// The same as an inventory, which a contract can be compared with. Paths beside each other are in the order of their
    /// names.
    #[must_use]
    pub fn inventory(&self) -> Inventory {
        let mut inventory = Inventory::new();
        inventory.n_documents = self.n_documents;
        inventory.n_unlisted = self.unlisted;
        let mut places = vec![DOCUMENT_PLACE; self.paths.len()];
        for number in self.in_order() {
            let path = &self.paths[number];
            let PathKey { around, is_attribute, namespace, name } = &path.key;
            let namespace = inventory.number_of(namespace);
            let around = places.get(*around as usize).copied().unwrap_or(DOCUMENT_PLACE);
            if around == NO_PLACE {
                places[number] = NO_PLACE;
                continue;
            }
            let tally = if *is_attribute {
                let place = &mut inventory.places[around as usize];
                match place.attribute(name, namespace, true) {
                    Some((attribute, _)) => place.tally_of(attribute),
                    None => continue,
                }
            } else {
                let place = inventory.find_or_begin(around, name, namespace);
                places[number] = place;
                match inventory.places.get_mut(place as usize) {
                    Some(place) => &mut place.tally,
                    None => continue,
                }
            };
            (tally.documents, tally.times, tally.filled) =
                (path.documents, path.times, path.filled);
        }
        inventory
    }

    /// The place of a path of some documents, which may be new.
    fn slot(
        &mut self,
        names: &Inventory,
        slots: &mut [Vec<u32>],
        place: u32,
        attribute: Option<u32>,
    ) -> u32 {
        let of_place = &names.places[place as usize];
        let slot = attribute.map_or(0, |attribute| attribute as usize + 1);
        if let Some(known) = slots[place as usize].get(slot)
            && *known != UNKNOWN
        {
            return *known;
        }
        let (around, name, namespace) = match attribute {
            None if of_place.parent == DOCUMENT_PLACE => (TOP, &of_place.name, of_place.namespace),
            // How deep documents may be is limited.
            None => {
                let around = self.slot(names, slots, of_place.parent, None);
                (around, &of_place.name, of_place.namespace)
            }
            Some(attribute) => {
                let around = self.slot(names, slots, place, None);
                let attribute = &of_place.attributes[attribute as usize];
                (around, &attribute.name, attribute.namespace)
            }
        };
        let found = match names.uri_of(namespace) {
            Some(namespace) if around != OTHER => {
                let (namespace, name) = (Arc::from(namespace), Arc::from(&**name));
                let is_attribute = attribute.is_some();
                self.place(PathKey { around, is_attribute, namespace, name })
            }
            Some(_) | None => OTHER,
        };
        let own = &mut slots[place as usize];
        if own.len() <= slot {
            own.resize(slot + 1, UNKNOWN);
        }
        own[slot] = found;
        found
    }

    /// The place of a path, which is begun where it is new; [`OTHER`] where it is none of those that are listed.
    fn place(&mut self, key: PathKey) -> u32 {
        if key.around == OTHER {
            return OTHER;
        }
        if let Some(known) = self.places.get(&key) {
            return *known;
        }
        let around = self.paths.get(key.around as usize);
        let rank = rank(around.map(|path| path.rank), &key);
        if self.beyond.is_some_and(|beyond| rank >= beyond) {
            return OTHER;
        }
        let n_around = around.map_or(0, |path| path.n_bytes);
        let n_bytes = n_around + 1 + key.name.len() + key.namespace.len();
        let place = u32::try_from(self.paths.len()).unwrap_or(OTHER);
        if place >= TOP {
            return OTHER;
        }
        self.places.insert(key.clone(), place);
        self.paths.push(Path { key, rank, n_bytes, documents: 0, times: 0, filled: 0 });
        place
    }

    /// Leaves out the paths of the highest ranks where there are too many. What is left depends on all the paths that there
    /// were alone, and not on their order.
    fn keep_to_limits(&mut self, n_max: usize, bytes_max: usize) {
        let n_bytes: usize = self.paths.iter().map(|path| path.n_bytes).sum();
        if self.paths.len() <= n_max && n_bytes <= bytes_max {
            return;
        }
        let mut ranks: Vec<(Rank, usize)> =
            self.paths.iter().map(|path| (path.rank, path.n_bytes)).collect();
        ranks.sort_unstable();
        let mut n_bytes = 0;
        let is_over = |(n, (_, bytes)): &(usize, &(Rank, usize))| {
            n_bytes += bytes;
            *n >= n_max || n_bytes > bytes_max
        };
        let over = ranks.iter().enumerate().find(is_over);
        if let Some((_, (rank, _))) = over {
            self.cut(Some(*rank));
        }
    }

    /// Keeps the paths below a rank.
    fn cut(&mut self, beyond: Option<Rank>) {
        self.beyond = beyond;
        let mut places = Vec::with_capacity(self.paths.len());
        let paths = std::mem::take(&mut self.paths);
        self.places.clear();
        for mut path in paths {
            if beyond.is_some_and(|beyond| path.rank >= beyond) {
                places.push(OTHER);
                self.unlisted += path.times;
                continue;
            }
            if path.key.around != TOP {
                path.key.around = places[path.key.around as usize];
            }
            let place = u32::try_from(self.paths.len()).unwrap_or(OTHER);
            places.push(place);
            self.places.insert(path.key.clone(), place);
            self.paths.push(path);
        }
    }

    /// The numbers of the paths: what is in an element right behind it, first its attributes, then by name.
    fn in_order(&self) -> Vec<usize> {
        let mut within: Vec<Vec<usize>> = vec![Vec::new(); self.paths.len()];
        let mut roots = Vec::new();
        for (number, path) in self.paths.iter().enumerate() {
            match within.get_mut(path.key.around as usize) {
                Some(within) => within.push(number),
                None => roots.push(number),
            }
        }
        let order = |a: &usize, b: &usize| by_name(&self.paths[*a].key, &self.paths[*b].key);
        let mut waiting = roots;
        // The last one comes first.
        waiting.sort_unstable_by(|a, b| order(b, a));
        let mut ordered = Vec::with_capacity(self.paths.len());
        while let Some(number) = waiting.pop() {
            ordered.push(number);
            let within = &mut within[number];
            within.sort_unstable_by(|a, b| order(b, a));
            waiting.append(within);
        }
        ordered
    }
}

fn by_name(a: &PathKey, b: &PathKey) -> Ordering {
    let key =
        |key: &PathKey| (!key.is_attribute, Arc::clone(&key.name), Arc::clone(&key.namespace));
    key(a).cmp(&key(b))
}

/// The rank of a path in what has a rank itself. It is the same wherever it is reckoned.
fn rank(around: Option<Rank>, key: &PathKey) -> Rank {
    let (depth, hash) = around.unwrap_or_default();
    let mut hashed = Sha256::new();
    hashed.update(hash.to_be_bytes());
    hashed.update([u8::from(key.is_attribute)]);
    hashed.update(key.namespace.as_bytes());
    hashed.update([0]);
    hashed.update(key.name.as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&hashed.finalize()[..8]);
    (depth + 1, u64::from_be_bytes(first))
}

impl Inventory {
    /// The name of a namespace; none where it has none any more, since their number is limited.
    fn uri_of(&self, namespace: Namespace) -> Option<&str> {
        match namespace.place_declared() {
            Some(place) => self.uris.get(place).map(String::as_str),
            None => namespace.uri_of_every_document(),
        }
    }

    /// The number of a namespace, which may be new.
    fn number_of(&mut self, uri: &str) -> Namespace {
        if let Some(known) = Namespace::of_every_document(uri) {
            return known;
        }
        let known = self.uris.iter().position(|known| known == uri);
        Namespace::declared(known.unwrap_or_else(|| {
            self.uris.push(uri.to_owned());
            self.uris.len() - 1
        }))
    }
}

#[cfg(test)]
mod tests;

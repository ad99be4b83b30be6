//! The paths that occur in a document.

use std::collections::BTreeMap;

use super::NOWHERE;
use super::namespaces::{Namespace, Rank};
use crate::layout::{NO_RECORD, RecordKind};
use crate::work;

/// Room for the paths of a usual document.
const USUAL_PATHS: usize = 512;

/// How many places are tried before a path counts as crowded out.
const PROBES_MAX: usize = 32;

/// A path that occurs in the document; their order is the order of first sight.
#[derive(Debug)]
pub(super) struct PathEntry<'x> {
    pub(super) name: &'x str,
    /// Of the name, so that most names are told apart by it.
    pub(super) hash: u64,
    pub(super) parent: u32,
    /// The place of the path in the layout.
    pub(super) node: u32,
    /// The place of the path in the layout's tree below contacts.
    pub(super) below_contact: u32,
    pub(super) shape: u32,
    /// What kind of rows the elements at this path may be.
    pub(super) record: RecordKind,
    /// Whether anything of the elements at this path may be kept, apart from fields.
    pub(super) kept: bool,
    /// Counts the elements at this path.
    pub(super) n_elements: u32,
    /// The rank of those elements, and the namespace of the last of them.
    pub(super) rank: Rank,
    pub(super) namespace: Namespace,
}

/// All paths of a document; number 0 is above the root.
#[derive(Debug)]
pub(super) struct Paths<'x> {
    entries: Vec<PathEntry<'x>>,
    /// Path numbers by parent and name, linear probing; a power of two long and at most three quarters full.
    index: Vec<u32>,
    /// Paths that no place near their own was free for. Names can be made to collide; looking for them stays quick.
    crowded: BTreeMap<(u32, &'x str), u32>,
}

impl<'x> Paths<'x> {
    pub(super) fn new() -> Self {
        let mut entries = Vec::with_capacity(USUAL_PATHS);
        entries.push(PathEntry {
            name: "",
            hash: 0,
            parent: NOWHERE,
            node: 0,
            below_contact: NOWHERE,
            shape: 0,
            record: NO_RECORD,
            kept: false,
            n_elements: 0,
            rank: Rank::Foreign,
            namespace: Namespace::NONE,
        });
        Self { entries, index: vec![NOWHERE; USUAL_PATHS * 2], crowded: BTreeMap::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn get(&self, path: u32) -> &PathEntry<'x> {
        &self.entries[path as usize]
    }

    pub(super) fn get_mut(&mut self, path: u32) -> &mut PathEntry<'x> {
        &mut self.entries[path as usize]
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, PathEntry<'x>> {
        self.entries.iter()
    }

    /// Finds the path of a child.
    #[inline]
    pub(super) fn find(&self, parent: u32, name: &str, hash: u64) -> Option<u32> {
        let mut at = self.place(parent, hash);
        for _ in 0..PROBES_MAX {
            work::note(1);
            let path = self.index[at];
            if path == NOWHERE {
                return None;
            }
            let entry = &self.entries[path as usize];
            if entry.hash == hash && entry.parent == parent && entry.name == name {
                return Some(path);
            }
            at = (at + 1) & (self.index.len() - 1);
        }
        self.crowded.get(&(parent, name)).copied()
    }

    /// Adds a path that has not been seen before.
    pub(super) fn add(&mut self, entry: PathEntry<'x>) -> u32 {
        let path = u32::try_from(self.entries.len()).expect("the number of paths is limited");
        self.entries.push(entry);
        if self.entries.len() * 4 > self.index.len() * 3 {
            self.index = vec![NOWHERE; self.index.len() * 2];
            self.crowded.clear();
            work::note(self.index.len());
            for path in 1..path {
                self.enter(path);
            }
        }
        self.enter(path);
        path
    }

    fn enter(&mut self, path: u32) {
        let entry = &self.entries[path as usize];
        let mut at = self.place(entry.parent, entry.hash);
        for _ in 0..PROBES_MAX {
            work::note(1);
            if self.index[at] == NOWHERE {
                self.index[at] = path;
                return;
            }
            at = (at + 1) & (self.index.len() - 1);
        }
        self.crowded.insert((entry.parent, entry.name), path);
    }

    #[inline]
    fn place(&self, parent: u32, hash: u64) -> usize {
        let mixed = (hash ^ u64::from(parent)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (mixed >> 32) as usize & (self.index.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::hash_name;

    /// A path that no contract reads.
    fn entry(parent: u32, name: &str, hash: u64) -> PathEntry<'_> {
        PathEntry {
            name,
            hash,
            parent,
            node: NOWHERE,
            below_contact: NOWHERE,
            shape: 0,
            record: NO_RECORD,
            kept: false,
            n_elements: 0,
            rank: Rank::Foreign,
            namespace: Namespace::NONE,
        }
    }

    #[test]
    fn paths_are_found_again() {
        let names: Vec<String> = (0..2000).map(|n| format!("e{n}")).collect();
        let mut paths = Paths::new();
        for (parent, name) in
            [0, 1].into_iter().flat_map(|parent| names.iter().map(move |name| (parent, name)))
        {
            let hash = hash_name(name.as_bytes());
            assert_eq!(paths.find(parent, name, hash), None);
            let path = paths.add(entry(parent, name, hash));
            assert_eq!(paths.find(parent, name, hash), Some(path));
        }
        assert_eq!(paths.len(), 4001);
        assert_eq!(paths.find(0, "e1999", hash_name(b"e1999")), Some(2000));
        assert_eq!(paths.find(0, "E1999", hash_name(b"E1999")), None);
    }

    #[test]
    fn paths_of_one_hash_are_found_again() {
        let names: Vec<String> = (0..2000).map(|n| format!("e{n}")).collect();
        let mut paths = Paths::new();
        for (path, name) in (1..).zip(&names) {
            assert_eq!(paths.find(0, name, 7), None);
            assert_eq!(paths.add(entry(0, name, 7)), path);
        }
        for (path, name) in (1..).zip(&names) {
            assert_eq!(paths.find(0, name, 7), Some(path));
            assert_eq!(paths.find(1, name, 7), None);
        }
        assert!(paths.crowded.len() > 1900, "{}", paths.crowded.len());
    }
}

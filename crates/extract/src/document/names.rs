//! Finds names that occur twice in one element.

use std::collections::BTreeSet;

use crate::work;

/// Places of the filter that lets most names through without a comparison.
const N_PLACES: usize = 2048;

/// So many names are looked for among all others before it is worth it to sort them.
const SUSPECTS_MAX: usize = 32;

/// The names of one element's attributes.
#[derive(Debug)]
pub(super) struct SeenNames<'x> {
    names: Vec<&'x [u8]>,
    /// By hash, the last element that had a name there.
    filter: Box<[u16; N_PLACES]>,
    /// Which element this is.
    element: u16,
    /// How often the filter let a name of this element through.
    n_suspects: usize,
    /// The first names in order, once the filter has let many through: names can be made to collide.
    sorted: BTreeSet<&'x [u8]>,
}

impl<'x> SeenNames<'x> {
    pub(super) fn new() -> Self {
        Self {
            names: Vec::new(),
            filter: Box::new([0; N_PLACES]),
            element: 0,
            n_suspects: 0,
            sorted: BTreeSet::new(),
        }
    }

    /// Forgets the names of the element before.
    #[inline]
    pub(super) fn clear(&mut self) {
        self.names.clear();
        if self.n_suspects > SUSPECTS_MAX {
            self.sorted.clear();
        }
        self.n_suspects = 0;
        self.element = self.element.wrapping_add(1);
        if self.element == 0 {
            self.filter.fill(0);
            self.element = 1;
        }
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    /// Adds a name and its hash; says whether it is new.
    #[inline]
    pub(super) fn add(&mut self, name: &'x [u8], hash: u64) -> bool {
        #[expect(clippy::cast_possible_truncation, reason = "the lower bits are wanted")]
        let place = hash as usize % N_PLACES;
        let seen = self.filter[place] == self.element && self.is_known(name);
        self.filter[place] = self.element;
        self.names.push(name);
        !seen
    }

    #[cold]
    fn is_known(&mut self, name: &'x [u8]) -> bool {
        self.n_suspects += 1;
        if self.n_suspects <= SUSPECTS_MAX {
            work::note(self.names.len());
            return self.names.contains(&name);
        }
        work::note(self.names.len() - self.sorted.len() + 1);
        self.sorted.extend(&self.names[self.sorted.len()..]);
        self.sorted.contains(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_seen_twice() {
        let names: Vec<String> = (0..100).map(|n| format!("name_{n}")).collect();
        let mut seen = SeenNames::new();
        for n_names in [1, 2, 12, 100] {
            seen.clear();
            for (n, name) in (0..).zip(&names[..n_names]) {
                // Different names may have one hash.
                assert!(seen.add(name.as_bytes(), n / 2));
            }
            for (n, name) in (0..).zip(&names[..n_names]) {
                assert!(!seen.add(name.as_bytes(), n / 2));
            }
            assert!(seen.add(b"of another element", 0));
            assert_eq!(seen.len(), n_names * 2 + 1);
        }
        seen.element = u16::MAX;
        seen.clear();
        assert!(seen.add(b"name_1", 0));
        assert!(!seen.add(b"name_1", 0));
    }
}

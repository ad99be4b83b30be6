//! Finds names that occur twice in one element.

/// Bits of the filter that lets most names through without a comparison.
const N_BITS: usize = 4096;

/// As many names are compared one by one, which is quicker than the filter.
const FEW: usize = 12;

/// The names of one element's attributes.
#[derive(Debug)]
pub(super) struct SeenNames<'x> {
    /// Hashes of the names, which tell most of them apart.
    hashes: Vec<u64>,
    names: Vec<&'x str>,
    /// In use for more than [`FEW`] names.
    filter: [u64; N_BITS / 64],
}

impl<'x> SeenNames<'x> {
    pub(super) fn new() -> Self {
        Self { hashes: Vec::new(), names: Vec::new(), filter: [0; N_BITS / 64] }
    }

    /// Forgets the names of the element before.
    pub(super) fn clear(&mut self) {
        self.hashes.clear();
        self.names.clear();
    }

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    /// Adds a name and its hash; says whether it is new.
    #[inline]
    pub(super) fn add(&mut self, name: &'x str, hash: u64) -> bool {
        let seen = self.perhaps_seen(hash)
            && self
                .hashes
                .iter()
                .zip(&self.names)
                .any(|(known, seen)| *known == hash && *seen == name);
        self.hashes.push(hash);
        self.names.push(name);
        !seen
    }

    #[inline]
    fn perhaps_seen(&mut self, hash: u64) -> bool {
        if self.hashes.len() < FEW {
            return self.hashes.contains(&hash);
        }
        if self.hashes.len() == FEW {
            self.filter = [0; N_BITS / 64];
            for known in 0..FEW {
                self.mark(self.hashes[known]);
            }
        }
        self.mark(hash)
    }

    /// Marks a hash in the filter; says whether its bit was set.
    #[inline]
    fn mark(&mut self, hash: u64) -> bool {
        let bit = (hash >> 32) as usize % N_BITS;
        let word = &mut self.filter[bit / 64];
        let mask = 1 << (bit % 64);
        let was_set = *word & mask != 0;
        *word |= mask;
        was_set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_seen_twice() {
        let names: Vec<String> = (0..100).map(|n| format!("name_{n}")).collect();
        for n_names in [1, FEW - 1, FEW, FEW + 1, 100] {
            let mut seen = SeenNames::new();
            seen.add("of the element before", 7);
            seen.clear();
            for (n, name) in (0..).zip(&names[..n_names]) {
                // Different names may have one hash.
                assert!(seen.add(name, n / 2 * 0x1_0000_0001));
            }
            for (n, name) in (0..).zip(&names[..n_names]) {
                assert!(!seen.add(name, n / 2 * 0x1_0000_0001));
            }
            assert!(seen.add("of the element before", 7));
        }
    }
}

//! Finds names that occur twice in one element.

/// Bits of the filter that lets most names through without a comparison.
const N_BITS: usize = 4096;

/// The names of one element's attributes.
#[derive(Debug)]
pub(super) struct SeenNames<'x> {
    filter: [u64; N_BITS / 64],
    names: Vec<(u64, &'x str)>,
}

impl<'x> SeenNames<'x> {
    pub(super) fn new() -> Self {
        Self { filter: [0; N_BITS / 64], names: Vec::new() }
    }

    /// Forgets the names of the element before.
    pub(super) fn clear(&mut self) {
        self.filter = [0; N_BITS / 64];
        self.names.clear();
    }

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    /// Adds a name and its hash; says whether it is new.
    #[inline]
    pub(super) fn add(&mut self, name: &'x str, hash: u64) -> bool {
        let bit = (hash >> 32) as usize % N_BITS;
        let word = &mut self.filter[bit / 64];
        let mask = 1 << (bit % 64);
        let perhaps_seen = *word & mask != 0;
        *word |= mask;
        let seen =
            perhaps_seen && self.names.iter().any(|(known, seen)| *known == hash && *seen == name);
        self.names.push((hash, name));
        !seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_seen_twice() {
        let mut seen = SeenNames::new();
        assert!(seen.add("a", 7));
        assert!(seen.add("A", 7));
        assert!(seen.add("b", 8));
        assert!(!seen.add("a", 7));
        seen.clear();
        assert!(seen.add("a", 7));
    }
}

//! Finds things by their name, in one probe for nearly every name.

use crate::work;

/// Things by name. Names that differ in case only share a hash.
#[derive(Debug)]
pub(crate) struct NameTable<V> {
    entries: Vec<Entry<V>>,
    /// Entry numbers plus one by hash, linear probing; a power of two long and never full.
    index: Vec<u32>,
}

#[derive(Debug)]
struct Entry<V> {
    hash: u64,
    name: Box<str>,
    value: V,
}

impl<V> NameTable<V> {
    pub(super) fn new(named: impl IntoIterator<Item = (String, V)>) -> Self {
        let entries: Vec<Entry<V>> = named
            .into_iter()
            .map(|(name, value)| Entry {
                hash: hash_name(name.as_bytes()),
                name: name.into(),
                value,
            })
            .collect();
        let size = if entries.is_empty() { 0 } else { (entries.len() * 4).next_power_of_two() };
        let mut index = vec![0; size];
        for (entry_ix, entry) in entries.iter().enumerate() {
            let mut at = place(entry.hash, size);
            while index[at] != 0 {
                at = (at + 1) & (size - 1);
            }
            index[at] = u32::try_from(entry_ix + 1).expect("a contract has fewer names than that");
        }
        Self { entries, index }
    }

    /// Returns what has a name that fits. `hash` is [`hash_name`] of the name.
    #[inline(always)]
    pub(super) fn find(&self, hash: u64, fits: impl Fn(&str) -> bool) -> Option<&V> {
        if self.index.is_empty() {
            return None;
        }
        let mut at = place(hash, self.index.len());
        loop {
            work::note(1);
            let entry_ix = self.index[at];
            if entry_ix == 0 {
                return None;
            }
            let entry = &self.entries[entry_ix as usize - 1];
            if entry.hash == hash && fits(&entry.name) {
                return Some(&entry.value);
            }
            at = (at + 1) & (self.index.len() - 1);
        }
    }
}

#[inline]
fn place(hash: u64, size: usize) -> usize {
    // The upper half fits into any usize that we run on.
    (hash >> 32) as usize & (size - 1)
}

/// Hashes a name without regard to the case of ASCII letters.
pub(crate) fn hash_name(name: &[u8]) -> u64 {
    match (name.first_chunk::<8>(), name.last_chunk::<8>()) {
        (Some(head), Some(tail)) => {
            hash_words(u64::from_le_bytes(*head), u64::from_le_bytes(*tail), name)
        }
        _ => {
            let word = name.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
            hash_words(word, word, name)
        }
    }
}

/// Hashes the name that a text begins with as [`hash_name`] does, but quicker since it may read on after a short name.
#[inline]
pub(crate) fn hash_name_in(text: &[u8], length: usize) -> u64 {
    let name = &text[..length];
    match (text.first_chunk::<8>(), name.last_chunk::<8>()) {
        (Some(head), Some(tail)) => {
            hash_words(u64::from_le_bytes(*head), u64::from_le_bytes(*tail), name)
        }
        (Some(head), None) if length > 0 => {
            let word = u64::from_le_bytes(*head) & (u64::MAX >> (64 - 8 * length));
            hash_words(word, word, name)
        }
        (Some(_) | None, _) => hash_name(name),
    }
}

/// Hashes a name by its first and its last eight bytes.
#[inline]
fn hash_words(head: u64, tail: u64, name: &[u8]) -> u64 {
    const FOLD: u64 = 0x2020_2020_2020_2020;
    const MIX: u64 = 0x9E37_79B9_7F4A_7C15;
    // Long names often differ in their middle only.
    let middle = name.get(name.len() / 2).map_or(0, |byte| u64::from(byte | 0x20));
    let length = name.len() as u64;
    let head = (head | FOLD) ^ (length << 56);
    let mixed = head.wrapping_mul(MIX) ^ (tail | FOLD).rotate_left(23) ^ (middle << 17);
    let mixed = mixed.wrapping_mul(MIX);
    mixed ^ (mixed >> 29)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found() {
        let name = |n: usize| format!("Name_{n}_of_many");
        let table = NameTable::new((0..300).map(|n| (name(n), n)));
        for n in 0..301 {
            let upper = name(n).to_uppercase();
            let hash = hash_name(upper.as_bytes());
            assert_eq!(hash, hash_name(name(n).as_bytes()));
            let text = format!("<{upper} and more");
            assert_eq!(hash, hash_name_in(&text.as_bytes()[1..], upper.len()));
            let found = table.find(hash, |known| known.eq_ignore_ascii_case(&upper));
            assert_eq!(found.copied(), (n < 300).then_some(n));
            assert_eq!(table.find(hash, |known| known == upper), None);
        }
        for length in 0..20 {
            let name = &b"abcdefghijklmnopqrst"[..length];
            assert_eq!(hash_name(name), hash_name_in(b"abcdefghijklmnopqrst", length));
            assert_eq!(hash_name(name), hash_name_in(name, length));
        }
        assert_eq!(NameTable::<u32>::new([]).find(7, |_| true), None);
    }
}

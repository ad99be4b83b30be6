//! Finds the places of an attribute by its name, in one probe for nearly every name.

use super::{FieldIx, NameMatch, SlotIx};

/// Where the value of an attribute goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    Slot { name: Box<str>, matching: NameMatch, slot: SlotIx },
    Field { name: Box<str>, field: FieldIx },
}

/// The targets of all attributes of a shape, by name in any case.
#[derive(Debug, Default)]
pub(crate) struct AttributeTable {
    entries: Vec<Entry>,
    /// Entry numbers plus one by hash, linear probing; a power of two long and never full.
    index: Vec<u16>,
}

#[derive(Debug)]
struct Entry {
    /// In lower case.
    name: Box<str>,
    targets: Vec<Target>,
}

impl AttributeTable {
    pub(super) fn new(targets: Vec<Target>) -> Self {
        let mut entries: Vec<Entry> = Vec::new();
        for target in targets {
            let (Target::Slot { name, .. } | Target::Field { name, .. }) = &target;
            let name = name.to_ascii_lowercase().into_boxed_str();
            match entries.iter_mut().find(|entry| entry.name == name) {
                Some(entry) => entry.targets.push(target),
                None => entries.push(Entry { name, targets: vec![target] }),
            }
        }
        if entries.is_empty() {
            return Self::default();
        }
        let size = (entries.len() * 4).next_power_of_two();
        let mut index = vec![0; size];
        for (entry_ix, entry) in entries.iter().enumerate() {
            let mut at = place(hash_name(entry.name.as_bytes()), size);
            while index[at] != 0 {
                at = (at + 1) & (size - 1);
            }
            index[at] =
                u16::try_from(entry_ix + 1).expect("a contract has fewer attributes than that");
        }
        Self { entries, index }
    }

    /// Returns where the value of an attribute goes. `hash` is [`hash_name`] of the name.
    #[inline]
    pub(crate) fn targets(&self, name: &str, hash: u64) -> &[Target] {
        if self.index.is_empty() {
            return &[];
        }
        let mut at = place(hash, self.index.len());
        loop {
            let entry_ix = self.index[at];
            if entry_ix == 0 {
                return &[];
            }
            let entry = &self.entries[usize::from(entry_ix) - 1];
            if entry.name.eq_ignore_ascii_case(name) {
                return &entry.targets;
            }
            at = (at + 1) & (self.index.len() - 1);
        }
    }
}

fn place(hash: u64, size: usize) -> usize {
    // The upper half fits into any usize that we run on.
    (hash >> 32) as usize & (size - 1)
}

/// Hashes a name without regard to the case of ASCII letters.
#[inline]
pub(crate) fn hash_name(name: &[u8]) -> u64 {
    const FOLD: u64 = 0x2020_2020_2020_2020;
    const MIX: u64 = 0x9E37_79B9_7F4A_7C15;
    let (head, tail) = match (name.first_chunk::<8>(), name.last_chunk::<8>()) {
        (Some(head), Some(tail)) => {
            (u64::from_le_bytes(*head) | FOLD, u64::from_le_bytes(*tail) | FOLD)
        }
        _ => (name.iter().fold(0, |head, byte| head << 8 | u64::from(byte | 0x20)), 0),
    };
    // Long names often differ in their middle only.
    let middle = name.get(name.len() / 2).map_or(0, |byte| u64::from(byte | 0x20));
    let length = name.len() as u64;
    let mixed = (head ^ (length << 56)).wrapping_mul(MIX) ^ tail.rotate_left(23) ^ (middle << 17);
    let mixed = mixed.wrapping_mul(MIX);
    mixed ^ (mixed >> 29)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_in_any_case() {
        let slot = |name: &str, slot| Target::Slot {
            name: name.into(),
            matching: NameMatch::AnyCase,
            slot,
        };
        let names: Vec<String> = (0..300u16).map(|n| format!("Name_{n}_of_many")).collect();
        let table =
            AttributeTable::new((0..300).map(|n| slot(&names[usize::from(n)], n)).collect());
        for n in 0..300u16 {
            let name = names[usize::from(n)].to_uppercase();
            assert_eq!(
                table.targets(&name, hash_name(name.as_bytes())),
                [slot(&names[usize::from(n)], n)]
            );
        }
        assert_eq!(table.targets("name_300_of_many", hash_name(b"name_300_of_many")), []);
        assert_eq!(AttributeTable::default().targets("x", hash_name(b"x")), []);
    }

    #[test]
    fn several_targets_of_one_name() {
        let table = AttributeTable::new(vec![
            Target::Slot { name: "Id".into(), matching: NameMatch::Exact, slot: 0 },
            Target::Field { name: "ID".into(), field: 3 },
        ]);
        assert_eq!(table.targets("id", hash_name(b"id")).len(), 2);
    }
}

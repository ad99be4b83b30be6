//! Where the values of attributes go, by the attribute's name.

use super::name_table::NameTable;
use super::{FieldIx, NameMatch, SlotIx};

/// Where the value of an attribute goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    Slot { name: Box<str>, matching: NameMatch, slot: SlotIx },
    Field { name: Box<str>, field: FieldIx },
}

/// The targets of all attributes of a shape, by name in any case.
#[derive(Debug)]
pub(crate) struct AttributeTable {
    targets: NameTable<Vec<Target>>,
}

impl AttributeTable {
    pub(super) fn new(targets: Vec<Target>) -> Self {
        let mut named: Vec<(String, Vec<Target>)> = Vec::new();
        for target in targets {
            let (Target::Slot { name, .. } | Target::Field { name, .. }) = &target;
            let name = name.to_ascii_lowercase();
            match named.iter_mut().find(|(known, _)| *known == name) {
                Some((_, known)) => known.push(target),
                None => named.push((name, vec![target])),
            }
        }
        Self { targets: NameTable::new(named) }
    }

    /// Returns where the value of an attribute goes. `hash` is [`super::hash_name`] of the name.
    #[inline(always)]
    pub(crate) fn targets(&self, name: &[u8], hash: u64) -> &[Target] {
        let found = self.targets.find(hash, |known| known.as_bytes().eq_ignore_ascii_case(name));
        found.map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::hash_name;

    #[test]
    fn several_targets_of_one_name() {
        let table = AttributeTable::new(vec![
            Target::Slot { name: "Id".into(), matching: NameMatch::Exact, slot: 0 },
            Target::Field { name: "ID".into(), field: 3 },
        ]);
        assert_eq!(table.targets(b"id", hash_name(b"id")).len(), 2);
        assert_eq!(table.targets(b"ix", hash_name(b"ix")), []);
    }
}

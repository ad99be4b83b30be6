//! Counts every element and attribute of a document by its path.

use super::keeping::{Keep, PlainAttribute, PrefixedAttribute, TextKind, TooLong};
use super::namespaces::{Namespace, Namespaces};
use super::prefixed::Name;
use super::{Flaw, pass};
use crate::inventory::{DOCUMENT_PLACE, Inventory, NO_PLACE};
use crate::limits::Limits;

/// Counts what a document has; the counts are those of the document in hand until the inventory settles them.
pub(crate) fn take_inventory(
    text: &str,
    inventory: &mut Inventory,
    limits: &Limits,
) -> Result<(), Flaw> {
    let namespaces = Namespaces::with_numbers(inventory.uris());
    pass::read(text, |_| Counter { inventory }, namespaces, limits).map(drop)
}

struct Counter<'i> {
    inventory: &'i mut Inventory,
}

impl<'x> Keep<'x> for Counter<'_> {
    /// The place of the element.
    type Open = u32;
    type Destination = u32;

    const ABOVE_ROOT: u32 = DOCUMENT_PLACE;

    fn reads_text(&self) -> bool {
        true
    }

    fn check_root(&self, _name: &str) -> Result<(), Flaw> {
        Ok(())
    }

    #[inline]
    fn enter(
        &mut self,
        parent: u32,
        name: &'x str,
        _hash: u64,
        namespace: Namespace,
    ) -> (u32, u32) {
        let place = self.inventory.enter(parent, name, namespace);
        (place, place)
    }

    #[inline]
    fn enter_prefixed(&mut self, parent: u32, name: &Name<'x>) -> (u32, u32) {
        self.enter(parent, name.local, name.hash, name.namespace)
    }

    #[cold]
    fn rename(&mut self, parent: u32, open: u32, name: &Name<'x>) -> Option<(u32, u32)> {
        self.inventory.take_back(open);
        Some(self.enter(parent, name.local, name.hash, name.namespace))
    }

    #[inline(always)]
    fn leave(&mut self, _open: u32) {}

    #[inline(always)]
    fn check(&self, _destination: &u32, _limits: &Limits, _tag: usize) -> Result<(), Flaw> {
        Ok(())
    }

    #[inline]
    fn keep(&mut self, destination: &u32, attribute: &PlainAttribute<'x>) {
        // It is a part of the document, between two signs that are ASCII.
        let name = std::str::from_utf8(attribute.name).unwrap_or_default();
        let is_filled = is_filled(attribute.raw);
        self.inventory.count_attribute(*destination, name, Namespace::NONE, is_filled);
    }

    fn keep_prefixed(&mut self, destination: &u32, attributes: &[PrefixedAttribute<'x>]) {
        for attribute in attributes {
            let name = std::str::from_utf8(attribute.name).unwrap_or_default();
            let is_filled = is_filled(attribute.raw);
            self.inventory.count_attribute(*destination, name, attribute.namespace, is_filled);
        }
    }

    #[inline]
    fn takes_text(open: u32) -> bool {
        open != NO_PLACE
    }

    #[inline]
    fn add_text(
        &mut self,
        open: u32,
        raw: &'x str,
        _kind: TextKind,
        _bytes_max: usize,
    ) -> Result<(), TooLong> {
        if is_filled(raw) {
            self.inventory.count_text(open);
        }
        Ok(())
    }

    fn take_namespaces(&mut self, namespaces: Namespaces<'x>) {
        self.inventory.take_uris(namespaces.into_numbered());
    }
}

/// Whether a value or text is more than white space. References to white space count as more.
#[inline]
fn is_filled(raw: &str) -> bool {
    raw.bytes().any(|byte| !byte.is_ascii_whitespace())
}

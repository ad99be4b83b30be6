//! What a contract of format 2 reads of an inventory.

use super::asks::Leaf;
use super::patterns::PatternSet;
use super::uses::{Use, Uses, add, passes_attribute};
use crate::document::{Link, Namespace, Pattern};
use crate::format2::Program;
use crate::inventory::Inventory;
use crate::xpath::Test;

/// A namespace that no contract declares.
const UNDECLARED: usize = u32::MAX as usize - 3;

/// Finds who reads the paths of an inventory.
pub(super) fn uses(program: &Program, inventory: &Inventory) -> Uses {
    let mut uses = Uses::new(inventory);
    add_uses(program, inventory, &|_| true, &mut uses);
    uses
}

/// Adds what a contract reads at its own places.
pub(super) fn add_uses(
    program: &Program,
    inventory: &Inventory,
    is_own: &dyn Fn(u32) -> bool,
    uses: &mut Uses,
) {
    let asks = &program.asks;
    let namespace_of = |namespace| namespace_in(program.uris(), inventory, namespace);
    let first_reader = uses.readers.len();
    uses.readers.extend(asks.readers.iter().cloned());
    let root: Pattern = vec![(Link::Child, Test::Any)];
    let mut set = PatternSet::default();
    for (place, ask) in asks.asks.iter().enumerate() {
        for pattern in &ask.places {
            // The text of the document is that of its root element.
            let is_document = pattern.is_empty() && ask.leaf != Leaf::Element;
            set.add(if is_document { &root } else { pattern }, place);
        }
    }
    let mut progress = vec![set.start()];
    // The readers of all texts within an element.
    let mut texts: Vec<Vec<Use>> = vec![Vec::new()];
    for (number, place) in inventory.places().iter().enumerate().skip(1) {
        let parent = place.parent as usize;
        let local = asks.names.find(&place.name);
        let own = set.step(&progress[parent], local, namespace_of(place.namespace));
        let mut text = texts[parent].clone();
        let found = &mut uses.places[number];
        let is_meant = is_own(u32::try_from(number).expect("the number of paths is limited"));
        for ask in set.matched(&own).filter(|_| is_meant).map(|ask| &asks.asks[ask]) {
            let reader = first_reader + ask.reader as usize;
            let used = Use { reader, is_condition: ask.is_condition };
            match &ask.leaf {
                Leaf::Element => add(&mut found.element, used),
                Leaf::Text => add(&mut text, used),
                Leaf::OwnText => add(&mut found.text, used),
                Leaf::Attribute(test) => {
                    for (uses, attribute) in found.attributes.iter_mut().zip(&place.attributes) {
                        let namespace = namespace_of(attribute.namespace);
                        if passes_attribute(test, &asks.names, &attribute.name, namespace) {
                            add(uses, used);
                        }
                    }
                }
            }
        }
        text.iter().for_each(|used| add(&mut found.text, *used));
        texts.push(text);
        progress.push(own);
    }
    uses.ignore(inventory, &asks.ignored, &asks.names, &namespace_of, is_own);
}

/// The number that a contract has for a namespace of the inventory.
pub(super) fn namespace_in(
    uris: &[String],
    inventory: &Inventory,
    namespace: Namespace,
) -> Namespace {
    let Some(uri) = namespace.place_declared().and_then(|place| inventory.uris().get(place)) else {
        return namespace;
    };
    let known = uris.iter().position(|known| known == uri);
    Namespace::declared(known.unwrap_or(UNDECLARED))
}

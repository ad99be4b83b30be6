//! Who uses which paths of an inventory.

use super::asks::{Ignored, Part, Reader};
use super::patterns::{PatternSet, passes};
use crate::document::Namespace;
use crate::inventory::{DOCUMENT_PLACE, Inventory};
use crate::xpath::{Names, Test};

/// One use of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Use {
    /// The place of the reader.
    pub(super) reader: usize,
    /// It decides something and is no value itself.
    pub(super) is_condition: bool,
}

/// The uses of the elements at a path.
#[derive(Debug, Clone, Default)]
pub(super) struct PlaceUses {
    /// That they are there.
    pub(super) element: Vec<Use>,
    pub(super) text: Vec<Use>,
    /// By the number of the attribute.
    pub(super) attributes: Vec<Vec<Use>>,
    /// The entries of `ignore` that leave the elements out, and which each attribute.
    pub(super) ignored: Vec<usize>,
    pub(super) ignored_attributes: Vec<Vec<usize>>,
}

/// The uses of all paths.
#[derive(Debug)]
pub(super) struct Uses {
    pub(super) readers: Vec<Reader>,
    /// What `ignore` has, as written.
    pub(super) ignores: Vec<String>,
    /// Parallel to the places of the inventory.
    pub(super) places: Vec<PlaceUses>,
}

impl Uses {
    pub(super) fn new(inventory: &Inventory) -> Self {
        let empty = |place: &crate::inventory::Place| PlaceUses {
            attributes: vec![Vec::new(); place.attributes.len()],
            ignored_attributes: vec![Vec::new(); place.attributes.len()],
            ..PlaceUses::default()
        };
        let places = inventory.places().iter().map(empty).collect();
        Self { readers: Vec::new(), ignores: Vec::new(), places }
    }

    /// Adds a reader, and returns its place.
    pub(super) fn add_reader(&mut self, reader: Reader) -> usize {
        self.readers.push(reader);
        self.readers.len() - 1
    }

    /// How often what a reader reads as a value occurs, in all places together.
    pub(super) fn times_read(&self, inventory: &Inventory) -> Vec<u64> {
        let mut times = vec![0; self.readers.len()];
        let mut add = |uses: &[Use], n: u64| {
            let mut seen = Vec::new();
            for used in uses.iter().filter(|used| !used.is_condition) {
                if !seen.contains(&used.reader) {
                    seen.push(used.reader);
                    times[used.reader] += n;
                }
            }
        };
        for (uses, place) in self.places.iter().zip(inventory.places()) {
            let own: Vec<Use> = uses.element.iter().chain(&uses.text).copied().collect();
            add(&own, place.tally.times);
            for (uses, attribute) in uses.attributes.iter().zip(&place.attributes) {
                add(uses, attribute.tally.times);
            }
        }
        times
    }

    /// Notes what `ignore` leaves out.
    pub(super) fn ignore(
        &mut self,
        inventory: &Inventory,
        ignored: &[Ignored],
        names: &Names,
        namespace_of: &dyn Fn(Namespace) -> Namespace,
        is_own: &dyn Fn(u32) -> bool,
    ) {
        let first = self.ignores.len();
        let mut set = PatternSet::default();
        for (place, entry) in ignored.iter().enumerate() {
            self.ignores.push(entry.written.clone());
            entry.places.iter().for_each(|pattern| set.add(pattern, place));
        }
        let mut progress = vec![set.start()];
        for (number, place) in inventory.places().iter().enumerate().skip(1) {
            let (local, namespace) = (names.find(&place.name), namespace_of(place.namespace));
            let own = set.step(&progress[place.parent as usize], local, namespace);
            let mut around = if place.parent == DOCUMENT_PLACE {
                Vec::new()
            } else {
                self.places[place.parent as usize].ignored.clone()
            };
            let mut of_attributes = vec![Vec::new(); place.attributes.len()];
            if is_own(u32::try_from(number).expect("the number of paths is limited")) {
                for entry in set.matched(&own) {
                    match &ignored[entry].attribute {
                        None => around.push(first + entry),
                        Some(test) => {
                            for (of, attribute) in of_attributes.iter_mut().zip(&place.attributes) {
                                let namespace = namespace_of(attribute.namespace);
                                if passes_attribute(test, names, &attribute.name, namespace) {
                                    of.push(first + entry);
                                }
                            }
                        }
                    }
                }
            }
            for (known, of) in self.places[number].ignored_attributes.iter_mut().zip(of_attributes)
            {
                known.extend(of);
            }
            self.places[number].ignored.extend(around);
            progress.push(own);
        }
    }
}

/// Adds a use that is not there yet.
pub(super) fn add(uses: &mut Vec<Use>, used: Use) {
    if !uses.contains(&used) {
        uses.push(used);
    }
}

/// Whether an attribute passes the test of a step.
pub(super) fn passes_attribute(
    test: &Test,
    names: &Names,
    name: &str,
    namespace: Namespace,
) -> bool {
    match test {
        Test::Loose(local) => {
            !namespace.is_about_xml() && names.text(*local).eq_ignore_ascii_case(name)
        }
        Test::Name { .. }
        | Test::AnyIn(_)
        | Test::Any
        | Test::Text
        | Test::Node
        | Test::Group(_) => passes(test, names.find(name), namespace),
    }
}

impl Reader {
    /// Whether it is a mapping: what does not match is worth a look.
    pub(super) fn is_mapping(&self) -> bool {
        match &self.part {
            Part::Column { .. } | Part::Rows { .. } => !self.reads.is_empty(),
            Part::Other(_) => false,
        }
    }
}

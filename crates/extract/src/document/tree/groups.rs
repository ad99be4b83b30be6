//! The elements of a document by their paths: so what is in a row is found without a look at all that is beside it.

use super::{Element, ElementNo, PlaceNo};
use crate::work;

/// The elements of each path, in document order.
#[derive(Debug, Default)]
pub(super) struct Groups {
    /// Where in `elements` those of a path begin, by its number; one more for the end.
    starts: Vec<u32>,
    elements: Vec<ElementNo>,
}

impl Groups {
    pub(super) fn new(n_places: usize, all: &[Element]) -> Self {
        work::note(n_places + all.len());
        let mut starts = vec![0; n_places + 1];
        for element in all {
            starts[element.place as usize + 1] += 1;
        }
        let mut n_before = 0;
        for start in &mut starts {
            n_before += *start;
            *start = n_before;
        }
        // Each start moves on to the next one while its elements are put in, and is put back after that.
        let mut elements = vec![0; all.len()];
        for (element, number) in all.iter().zip(0..) {
            let next = &mut starts[element.place as usize];
            elements[*next as usize] = number;
            *next += 1;
        }
        starts.pop();
        starts.insert(0, 0);
        Self { starts, elements }
    }

    /// The elements at a path.
    #[inline]
    pub(super) fn of(&self, place: PlaceNo) -> &[ElementNo] {
        let place = place as usize;
        &self.elements[self.starts[place] as usize..self.starts[place + 1] as usize]
    }
}

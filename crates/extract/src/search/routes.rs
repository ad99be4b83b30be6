//! Where the first steps of paths lead: most are children by their names, and those of one row are beside those of the
//! next in the list of all elements at their path.

use std::collections::HashMap;

use crate::document::{ElementNo, PlaceNo, Route, Tree};
use crate::work;
use crate::xpath::Step;

/// How far is gone through a list before it is worth it to look for a place in it.
const NEAR: usize = 8;

/// What is known of the paths, by number.
#[derive(Debug, Default)]
pub(super) struct Routes {
    latest: Vec<Latest>,
    /// By the number of the path and the place from which it begins.
    known: HashMap<(u32, PlaceNo), Route, foldhash::fast::FixedState>,
}

/// The last use of a path.
#[derive(Debug, Clone, Copy)]
struct Latest {
    from: PlaceNo,
    route: Route,
    /// Where in the list of elements the first was.
    first: u32,
}

impl Latest {
    const NONE: Self = Self { from: PlaceNo::MAX, route: Route::Nowhere, first: 0 };
}

impl Routes {
    /// Finds the elements to which the first steps of a path lead, each of them to a child by its name: those of the
    /// list that are before the end of the element. `None` where the steps have to be walked.
    pub(super) fn elements<'t>(
        &mut self,
        tree: &'t Tree<'_>,
        path: u32,
        element: ElementNo,
        steps: &[Step],
    ) -> Option<&'t [ElementNo]> {
        let from = tree.place(element);
        let path_ix = path as usize;
        if self.latest.len() <= path_ix {
            self.latest.resize(path_ix + 1, Latest::NONE);
        }
        let latest = &mut self.latest[path_ix];
        if latest.from != from {
            let find = || tree.follow(from, steps);
            let route = *self.known.entry((path, from)).or_insert_with(find);
            *latest = Latest { from, route, first: 0 };
        }
        match latest.route {
            Route::Nowhere => Some(&[]),
            Route::Several => None,
            Route::To(place) => {
                let list = tree.elements_at(place);
                let first = first_after(list, element, latest.first as usize);
                latest.first = u32::try_from(first).expect("a document is smaller than that");
                Some(&list[first..])
            }
        }
    }
}

/// The place of the first that is after an element; rows come in the order of the document, so it is near the last.
#[inline]
fn first_after(list: &[ElementNo], element: ElementNo, last: usize) -> usize {
    work::note(1);
    if last == 0 || list[last - 1] <= element {
        for (place, other) in list[last..].iter().enumerate().take(NEAR) {
            if *other > element {
                return last + place;
            }
        }
    }
    work::note(list.len().ilog2() as usize);
    list.partition_point(|other| *other <= element)
}

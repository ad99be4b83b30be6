//! What documents have, one by one: so that whoever keeps them may still leave some out.

use std::sync::Arc;

use super::{DOCUMENT_PLACE, Inventory, NAMESPACES_MAX};
use crate::limits::Limits;

/// Paths after which the list is begun anew between two documents, long before it is full.
const PATHS_KEPT: usize = 20_000;

/// What one document has: how often each path of a list occurs.
#[derive(Debug, Clone)]
pub struct Counted {
    /// The paths, of many documents; their own counts mean nothing.
    pub(super) names: Arc<Inventory>,
    pub(super) paths: Vec<CountedPath>,
    /// Elements and attributes that are in no path of the list.
    pub(super) unlisted: u64,
}

/// How often a document has a path.
#[derive(Debug, Clone, Copy)]
pub(super) struct CountedPath {
    pub(super) place: u32,
    /// The number of the attribute among those of the place; none: the elements themselves.
    pub(super) attribute: Option<u32>,
    pub(super) times: u32,
    pub(super) filled: u32,
}

/// Counts documents one by one.
///
/// ```
/// # use xmlx_extract::{Counting, Limits, PathCounts};
/// let mut counting = Counting::new();
/// counting.add(7, "<order id='1'><line/></order>", &Limits::default())?;
/// counting.add(8, "<order id='2'/>", &Limits::default())?;
/// let mut counts = PathCounts::default();
/// let counted = counting.take();
/// counts.add(counted.iter().filter(|(app_id, _)| *app_id != 8).map(|(_, counted)| counted));
/// assert_eq!(counts.n_documents(), 1);
/// # Ok::<(), String>(())
/// ```
#[derive(Debug, Default)]
pub struct Counting {
    inventory: Inventory,
    /// The inventory as of some document, as long as no path has come since.
    names: Option<Arc<Inventory>>,
    /// Documents whose paths are in `inventory`, by their ids.
    open: Vec<(i64, Vec<CountedPath>, u64)>,
    done: Vec<(i64, Counted)>,
}

impl Counting {
    /// Nothing was counted yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts what the document of an application has. One that is not well-formed, or is over a limit, counts for nothing.
    /// What is counted does not depend on the documents before.
    ///
    /// # Errors
    ///
    /// Returns what is wrong with the document, and where.
    pub fn add(&mut self, app_id: i64, xml: &str, limits: &Limits) -> Result<(), String> {
        if self.inventory.n_paths > PATHS_KEPT {
            self.begin_anew();
        }
        let is_first = self.inventory.n_paths == 0;
        let mut counted = self.inventory.count_apart(xml, limits)?;
        let is_full = counted.1 > 0 || self.inventory.uris.len() >= NAMESPACES_MAX;
        if is_full && !is_first {
            self.begin_anew();
            counted = self.inventory.count_apart(xml, limits)?;
        }
        let (paths, unlisted) = counted;
        self.open.push((app_id, paths, unlisted));
        Ok(())
    }

    /// What was counted since the last time, by application.
    pub fn take(&mut self) -> Vec<(i64, Counted)> {
        self.close();
        std::mem::take(&mut self.done)
    }

    /// Forgets everything: for whoever cannot tell whether a document was counted to its end.
    pub fn begin_anew(&mut self) {
        self.close();
        self.inventory = Inventory::new();
        self.names = None;
    }

    /// Gives the documents their names.
    fn close(&mut self) {
        if self.open.is_empty() {
            return;
        }
        let is_same = |known: &Arc<Inventory>| {
            known.n_paths == self.inventory.n_paths && known.uris.len() == self.inventory.uris.len()
        };
        let names = self.names.take().filter(is_same);
        let names = names.unwrap_or_else(|| Arc::new(self.inventory.clone()));
        self.done.extend(self.open.drain(..).map(|(app_id, paths, unlisted)| {
            (app_id, Counted { names: Arc::clone(&names), paths, unlisted })
        }));
        self.names = Some(names);
    }
}

impl Inventory {
    /// Counts what a document has and keeps none of the counts: only the paths, and the order in which they come.
    fn count_apart(
        &mut self,
        xml: &str,
        limits: &Limits,
    ) -> Result<(Vec<CountedPath>, u64), String> {
        let read = crate::document::take_inventory(xml, self, limits);
        let mut paths = Vec::with_capacity(self.touched.len());
        for (place, attribute) in std::mem::take(&mut self.touched) {
            let of_place = &mut self.places[place as usize];
            let tally = match attribute {
                None => &mut of_place.tally,
                Some(attribute) => of_place.tally_of(attribute),
            };
            let (times, filled) = tally.take_here();
            if times > 0 {
                paths.push(CountedPath { place, attribute, times, filled });
            }
        }
        self.places[DOCUMENT_PLACE as usize].begin();
        let unlisted = std::mem::take(&mut self.n_unlisted_here);
        read.map(|()| (paths, unlisted)).map_err(|flaw| flaw.to_string())
    }
}

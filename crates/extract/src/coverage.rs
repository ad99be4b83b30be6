//! How documents and a contract cover each other: what is in the documents that nobody reads, and what the contract
//! reads that is in no document. It holds names and counts, never a value.

mod asks;
mod columns;
mod lines;
mod paths;
mod patterns;
#[cfg(test)]
mod tests;
mod uses;

pub(crate) use asks::{Ask, Asks, Ignored, Ignores, Leaf, Reader, ReaderIx};
pub use columns::{ColumnCounter, ColumnUse};

use serde::Serialize;

use crate::document::Namespace;
use crate::format2::Program;
use crate::inventory::{DOCUMENT_PLACE, Inventory, Tally};
use crate::lines::LineProgram;
use crate::plan::{Body, Plan};
use asks::Part;
use uses::{Use, Uses};

/// How documents and a contract cover each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// Documents that were counted.
    pub documents: u64,
    /// Elements and attributes that are in no path of the list, which is limited; 0 unless names are generated.
    pub unlisted: u64,
    /// Every path of the documents, those within an element right after it.
    pub paths: Vec<PathUse>,
    /// Every part of the contract that reads documents: what fills a column, and what makes rows.
    pub mappings: Vec<MappingUse>,
    /// Every path that the contract ignores by name.
    pub ignored: Vec<IgnoreUse>,
}

/// A path of the documents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PathUse {
    /// As a contract writes it. An element of a namespace that the contract does not declare is shown by its local name.
    pub path: String,
    /// The namespace, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// An element or an attribute.
    pub kind: PathKind,
    /// In how many documents it occurs.
    pub documents: u64,
    /// How often it occurs in all of them.
    pub times: u64,
    /// How often it has a value: an attribute or a text that is more than white space.
    pub filled: u64,
    /// Who accounts for it.
    pub status: PathStatus,
    /// The parts of the contract that read it: `table.column`, or what they are in words.
    pub read_by: Vec<String>,
    /// How many elements are around it: 0 for the root element, 1 for its attributes.
    #[serde(skip)]
    pub depth: usize,
}

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PathKind {
    /// An element: its text, or that it is there.
    Element,
    /// An attribute.
    Attribute,
}

/// Who accounts for a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PathStatus {
    /// The contract reads it, or something within an element that says nothing itself.
    Read,
    /// The contract ignores it by name.
    Ignored,
    /// It is about XML and none of the document's values: `xsi:nil`, `xsi:schemaLocation`, `xml:space`.
    Markup,
    /// Nobody reads it.
    Unread,
}

/// A part of a contract that reads documents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MappingUse {
    /// The table.
    pub table: String,
    /// The column; none where it says which elements are rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// Where it is in a contract of format 1, as `mappings[3]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// The paths or expressions that it reads, as written.
    pub reads: Vec<String>,
    /// How often what it reads occurs; 0: it never matched.
    pub times: u64,
}

/// A path that the contract ignores by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IgnoreUse {
    /// As written.
    pub path: String,
    /// How many paths of the documents it leaves out; 0: it could go.
    pub paths: u64,
}

/// Something that nobody reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unread {
    /// The place of the path in [`Coverage::paths`].
    pub path: usize,
    /// How many paths are within it, none of which is read either.
    pub n_within: usize,
}

impl Coverage {
    /// Lists what nobody reads. Where nothing within an element is read, the element stands for all of it.
    pub fn unread(&self) -> Vec<Unread> {
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(path) = self.paths.get(at) {
            let rest = &self.paths[at + 1..];
            let n_within = rest.iter().take_while(|other| other.depth > path.depth).count();
            let is_unread = |other: &PathUse| other.status == PathStatus::Unread;
            let within = &rest[..n_within];
            let is_whole =
                within.iter().all(|other| is_unread(other) || other.status == PathStatus::Markup);
            if is_unread(path) && is_whole {
                found.push(Unread { path: at, n_within });
                at += n_within;
            } else if is_unread(path) {
                found.push(Unread { path: at, n_within: 0 });
            }
            at += 1;
        }
        found
    }

    /// How many paths have a status.
    pub fn n_paths(&self, status: PathStatus) -> usize {
        self.paths.iter().filter(|path| path.status == status).count()
    }

    /// Lists the parts of the contract that read what is in no document.
    pub fn never_matched(&self) -> impl Iterator<Item = &MappingUse> {
        self.mappings.iter().filter(|mapping| mapping.times == 0)
    }
}

impl Plan {
    /// Compares what occurs in documents with what the contract reads.
    pub fn coverage(&self, inventory: &Inventory) -> Coverage {
        let uses = match &self.body {
            Body::Lines(lines) => lines::uses(lines, &self.tables, inventory),
            Body::Paths(program) => paths::uses(program, inventory),
        };
        let mut listing = Listing {
            inventory,
            uses: &uses,
            prefix_of: &|namespace| self.prefix_of(inventory, namespace),
            paths: Vec::new(),
            ignored: vec![0; uses.ignores.len()],
        };
        let mut children = vec![Vec::new(); inventory.places().len()];
        for (number, place) in inventory.places().iter().enumerate().skip(1) {
            if place.tally.times > 0 {
                children[place.parent as usize].push(number);
            }
        }
        for root in &children[DOCUMENT_PLACE as usize] {
            listing.element(*root, "", 0, &children);
        }
        let Listing { paths, ignored: n_ignored, .. } = listing;
        let times = uses.times_read(inventory);
        let mappings = uses
            .readers
            .iter()
            .zip(times)
            .filter(|(reader, _)| reader.is_mapping())
            .filter_map(|(reader, times)| mapping(reader, times))
            .collect();
        let mut ignored: Vec<IgnoreUse> = Vec::new();
        for (path, paths) in uses.ignores.iter().zip(n_ignored) {
            match ignored.iter_mut().find(|known| known.path == *path) {
                Some(known) => known.paths += paths,
                None => ignored.push(IgnoreUse { path: path.clone(), paths }),
            }
        }
        Coverage {
            documents: inventory.n_documents(),
            unlisted: inventory.n_unlisted(),
            paths,
            mappings,
            ignored,
        }
    }

    /// The prefix that the contract has for a namespace of an inventory.
    fn prefix_of(&self, inventory: &Inventory, namespace: Namespace) -> Option<&str> {
        match &self.body {
            Body::Paths(program) => prefix_in(program, inventory, namespace),
            Body::Lines(lines) => lines.iter().find_map(|line| match &line.program {
                LineProgram::Mappings(_) => None,
                LineProgram::Paths(program) => prefix_in(program, inventory, namespace),
            }),
        }
    }
}

fn prefix_in<'p>(
    program: &'p Program,
    inventory: &Inventory,
    namespace: Namespace,
) -> Option<&'p str> {
    let namespace = paths::namespace_in(program.uris(), inventory, namespace);
    program.asks.names.prefix_of(namespace)
}

fn mapping(reader: &Reader, times: u64) -> Option<MappingUse> {
    let (table, column) = match &reader.part {
        Part::Column { table, column } => (table.clone(), Some(column.clone())),
        Part::Rows { table } => (table.clone(), None),
        Part::Other(_) => return None,
    };
    Some(MappingUse { table, column, at: reader.at.clone(), reads: reader.reads.clone(), times })
}

/// The paths of an inventory on their way into a list.
struct Listing<'a> {
    inventory: &'a Inventory,
    uses: &'a Uses,
    prefix_of: &'a dyn Fn(Namespace) -> Option<&'a str>,
    paths: Vec<PathUse>,
    /// How many paths each entry of `ignore` leaves out.
    ignored: Vec<u64>,
}

impl Listing<'_> {
    /// Lists an element and everything in it. Its depth is bounded by the limit of documents.
    fn element(&mut self, number: usize, around: &str, depth: usize, children: &[Vec<usize>]) {
        let place = &self.inventory.places()[number];
        let uses = &self.uses.places[number];
        let path = format!("{around}/{}", self.name(&place.name, place.namespace));
        let at = self.paths.len();
        let used = if place.tally.filled > 0 {
            // That an element is there says nothing of its text.
            uses.text.clone()
        } else {
            uses.element.iter().chain(&uses.text).copied().collect()
        };
        self.push(&path, place.namespace, PathKind::Element, &place.tally, depth, &used);
        for (attribute, (used, ignored)) in
            place.attributes.iter().zip(uses.attributes.iter().zip(&uses.ignored_attributes))
        {
            if attribute.tally.times == 0 {
                continue;
            }
            let path = format!("{path}/@{}", self.name(&attribute.name, attribute.namespace));
            let kind = PathKind::Attribute;
            let place = self.paths.len();
            self.push(&path, attribute.namespace, kind, &attribute.tally, depth + 1, used);
            if used.is_empty() && attribute.namespace.is_about_xml() {
                self.paths[place].status = PathStatus::Markup;
            } else {
                self.ignore(place, &[uses.ignored.as_slice(), ignored].concat());
            }
        }
        for child in &children[number] {
            self.element(*child, &path, depth + 1, children);
        }
        self.ignore(at, &uses.ignored);
        let within = &self.paths[at + 1..];
        let has = |status| within.iter().any(|other| other.status == status);
        if self.paths[at].status == PathStatus::Unread && place.tally.filled == 0 {
            let status = if has(PathStatus::Read) {
                PathStatus::Read
            } else if has(PathStatus::Ignored) && !has(PathStatus::Unread) {
                PathStatus::Ignored
            } else {
                PathStatus::Unread
            };
            self.paths[at].status = status;
        }
    }

    fn push(
        &mut self,
        path: &str,
        namespace: Namespace,
        kind: PathKind,
        tally: &Tally,
        depth: usize,
        used: &[Use],
    ) {
        let mut read_by: Vec<String> = Vec::new();
        for used in used {
            let name = self.uses.readers[used.reader].name();
            if !read_by.contains(&name) {
                read_by.push(name);
            }
        }
        let uri = namespace.place_declared().and_then(|place| self.inventory.uris().get(place));
        self.paths.push(PathUse {
            path: path.to_owned(),
            namespace: uri.cloned(),
            kind,
            documents: tally.documents,
            times: tally.times,
            filled: tally.filled,
            status: if used.is_empty() { PathStatus::Unread } else { PathStatus::Read },
            read_by,
            depth,
        });
    }

    /// Notes that entries of `ignore` leave a path out, unless it is read.
    fn ignore(&mut self, path: usize, entries: &[usize]) {
        if self.paths[path].status == PathStatus::Unread && !entries.is_empty() {
            self.paths[path].status = PathStatus::Ignored;
            for entry in entries {
                self.ignored[*entry] += 1;
            }
        }
    }

    fn name(&self, local: &str, namespace: Namespace) -> String {
        let prefix = match namespace {
            Namespace::NONE => None,
            Namespace::XML => Some("xml"),
            Namespace::SCHEMA_INSTANCE => Some("xsi"),
            other => (self.prefix_of)(other),
        };
        match prefix {
            Some(prefix) => format!("{prefix}:{local}"),
            None => local.to_owned(),
        }
    }
}

//! What of a document is kept: for each element name the attributes that the plan reads, each with its place.
//!
//! Elements of one name share one [`Shape`], wherever they are. A place in the document is a [`Node`] of a tree of paths;
//! what a mapping reads from a path is the last element there.

mod attribute_table;
mod build;
mod name_table;

pub(crate) use attribute_table::{AttributeTable, Target};
pub(crate) use build::LayoutBuilder;
pub(crate) use name_table::{hash_name, hash_name_in};

use crate::work;
use name_table::NameTable;

/// The place of a path in the tree.
pub(crate) type NodeIx = u32;

/// The place of an attribute within its element's shape.
pub(crate) type SlotIx = u32;

/// A field of an expression that is looked for in the whole document.
pub(crate) type FieldIx = u32;

/// A kind of elements each of which may be a row.
pub(crate) type RecordKind = u16;

/// No kind.
pub(crate) const NO_RECORD: RecordKind = RecordKind::MAX;

/// The place of a contact in the tree, for what is looked for below contacts wherever they are.
pub(crate) const CONTACT_NODE: NodeIx = 1;

/// What a contract writes for an attribute where it means the text of the element. No attribute has such a name.
pub(crate) const TEXT: &str = "text()";

/// How an attribute's name is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum NameMatch {
    /// Letter by letter.
    Exact,
    /// The exact name if the element has it, else the first that differs in case only.
    AnyCase,
}

/// What an element is to the plan, apart from its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Read by path or by expression only.
    None,
    /// A contact, wherever it is.
    Contact,
    /// Belongs to the contact around it: an address, an employment or another element that a mapping reads.
    Part(u8),
}

/// What is kept of the elements of one name.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(crate) attributes: AttributeTable,
    pub(crate) n_slots: u32,
    pub(crate) role: Role,
    /// Where the text of the element goes, if it is read.
    pub(crate) text: Option<SlotIx>,
}

/// A place in the document.
#[derive(Debug)]
pub(crate) struct Node {
    /// Hash, name and place of each.
    children: Vec<(u64, Box<str>, NodeIx)>,
    /// Whether a mapping reads attributes here.
    pub(crate) read: bool,
    /// The kind of the elements here, if each may be a row; else [`NO_RECORD`].
    pub(crate) record: RecordKind,
}

impl Node {
    /// Finds a child by its name.
    pub(crate) fn child(&self, name: &str, hash: u64) -> Option<NodeIx> {
        work::note(self.children.len());
        let is_it = |child: &&(u64, Box<str>, NodeIx)| child.0 == hash && *child.1 == *name;
        self.children.iter().find(is_it).map(|(_, _, node)| *node)
    }
}

/// Everything that is kept of a document.
#[derive(Debug)]
pub(crate) struct Layout {
    /// Node 0 is above the document's root element, node [`CONTACT_NODE`] is a contact, wherever it is.
    pub(crate) nodes: Vec<Node>,
    /// Shape 0 is for elements whose name the plan does not know.
    pub(crate) shapes: Vec<Shape>,
    shape_names: NameTable<u32>,
    pub(crate) n_fields: usize,
    /// Whether the text of any element is read.
    pub(crate) reads_text: bool,
}

impl Layout {
    /// The shape of the elements of a name.
    pub(crate) fn shape_of(&self, name: &str, hash: u64) -> u32 {
        self.shape_names.find(hash, |known| known == name).copied().unwrap_or(0)
    }
}

//! A compiled contract: everything by place, nothing by name.

use crate::expr::Expr;
use crate::hash::TextMap;
use crate::layout::{FieldIx, Layout, NodeIx, SlotIx};
use crate::table::DataType;
use crate::value::Value;

/// What a contract became.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) layout: Layout,
    pub(crate) application: ApplicationPlace,
    pub(crate) app_id: AppId,
    pub(crate) contacts: Option<ContactFilter>,
    pub(crate) enums: Vec<EnumTable>,
    pub(crate) bits: BitTables,
    /// Parallel to the plan's tables.
    pub(crate) tables: Vec<TableProgram>,
}

/// Where the application's element has to be.
#[derive(Debug)]
pub(crate) struct ApplicationPlace {
    pub(crate) root: String,
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) node: NodeIx,
    pub(crate) parent: NodeIx,
}

/// Where the application's id is.
#[derive(Debug)]
pub(crate) struct AppId {
    pub(crate) node: NodeIx,
    pub(crate) slot: SlotIx,
    /// For messages, like `/Provenir/Request/@ID`.
    pub(crate) path: String,
    pub(crate) data_type: DataType,
}

/// Which contacts are kept, and what is known of those that are not.
#[derive(Debug)]
pub(crate) struct ContactFilter {
    pub(crate) role: SlotIx,
    /// By rank.
    pub(crate) roles: Vec<String>,
    /// Identifies the contact.
    pub(crate) id: SlotIx,
    /// Must not be blank, the id included.
    pub(crate) filled: Vec<SlotIx>,
    /// One of these must not be blank.
    pub(crate) meaningful: Vec<SlotIx>,
    pub(crate) addresses: Option<AddressKind>,
}

/// The addresses of contacts.
#[derive(Debug)]
pub(crate) struct AddressKind {
    pub(crate) kind: u8,
    pub(crate) type_slot: SlotIx,
    /// The type that is preferred, the current address.
    pub(crate) preferred: String,
}

/// An enum, for columns of one type.
#[derive(Debug, Default)]
pub(crate) struct EnumTable {
    pub(crate) exact: TextMap<Value>,
    pub(crate) lower_case: TextMap<Value>,
    /// What every other text is.
    pub(crate) default: Option<Value>,
}

/// The conversions to flags.
#[derive(Debug)]
pub(crate) struct BitTables {
    pub(crate) chars: BitTable,
    pub(crate) booleans: BitTable,
}

/// A few words and their flags, so few that they are looked through.
#[derive(Debug)]
pub(crate) struct BitTable {
    pub(crate) words: Vec<(Box<str>, bool)>,
}

impl BitTable {
    /// Returns the flag of a word as written.
    pub(crate) fn get(&self, word: &str) -> Option<bool> {
        self.words.iter().find(|(known, _)| **known == *word).map(|(_, bit)| *bit)
    }
}

/// How the rows of a table are made.
#[derive(Debug)]
pub(crate) enum TableProgram {
    Single(SingleProgram),
    Contacts(ContactsProgram),
    Parts(PartsProgram),
    KeyValue(KeyValueProgram),
    Groups(Vec<GroupProgram>),
}

/// A table with at most one row.
#[derive(Debug)]
pub(crate) struct SingleProgram {
    pub(crate) cells: Vec<Cell>,
    /// Written even when nothing is known.
    pub(crate) always: bool,
}

/// The table of contacts: id, application id, then the cells.
#[derive(Debug)]
pub(crate) struct ContactsProgram {
    pub(crate) cells: Vec<Cell>,
}

/// A table of what belongs to contacts: contact id, then the cells.
#[derive(Debug)]
pub(crate) struct PartsProgram {
    pub(crate) kind: u8,
    pub(crate) type_slot: SlotIx,
    pub(crate) types: Vec<String>,
    pub(crate) cells: Vec<Cell>,
    /// The column that, with the contact's id, is the key.
    pub(crate) type_column: Option<usize>,
    /// One of these columns or attributes must not be blank.
    pub(crate) meaningful_columns: Vec<usize>,
    pub(crate) meaningful_slots: Vec<SlotIx>,
}

/// A table in which each mapping is a row.
#[derive(Debug)]
pub(crate) struct KeyValueProgram {
    pub(crate) entries: Vec<Entry>,
    /// The columns that, with the application's id, are the key; the last row of a key wins.
    pub(crate) key_columns: Vec<usize>,
}

/// A row of a key/value table.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) kind: EntryKind,
    pub(crate) source: Source,
}

#[derive(Debug)]
pub(crate) enum EntryKind {
    Score { identifier: String, data_type: DataType },
    Indicator { name: String },
    History { name: String, source: String },
    ReportLookup { name: String, key: String },
    PolicyException { number: i64, notes: Option<Source> },
}

/// A row that several mappings make together.
#[derive(Debug)]
pub(crate) struct GroupProgram {
    /// The column that numbers the groups.
    pub(crate) number: (usize, Value),
    pub(crate) cells: Vec<GroupCell>,
    /// Defaults of columns that other groups map.
    pub(crate) fills: Vec<(usize, Value)>,
    /// Whether a missing value without a default is an error rather than left to the database.
    pub(crate) strict: bool,
}

#[derive(Debug)]
pub(crate) struct GroupCell {
    pub(crate) cell: Cell,
    pub(crate) counts: Counts,
}

/// Whether a value makes a row of its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counts {
    Never,
    NotBlank,
    Positive,
}

/// How one cell is made.
#[derive(Debug)]
pub(crate) struct Cell {
    pub(crate) column: usize,
    pub(crate) source: Source,
    pub(crate) steps: Vec<CellStep>,
    pub(crate) calculation: Option<CalculationProgram>,
    pub(crate) data_type: DataType,
    /// To which text is cut.
    pub(crate) chars_max: Option<u32>,
    pub(crate) nullable: bool,
    pub(crate) default: Option<Value>,
    /// Whether the default also stands for a blank value of a nullable column.
    pub(crate) default_if_blank: bool,
    pub(crate) exclude_default: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CellStep {
    Enum(usize),
    CharToBit,
    BooleanToBit,
    NumbersOnly,
    Calculate,
    /// The source has done it.
    Fetched,
    Convert,
    NowIfNull,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// The last element at a place.
    Path(NodeIx, SlotIx),
    /// The element that the row is made of.
    Own(SlotIx),
    LastContact(LastContact),
    /// The current address of the contact that the row is made of.
    CurrentAddress(SlotIx),
}

/// The last contact of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LastContact {
    /// The place of the role in the contact filter.
    pub(crate) role: usize,
    pub(crate) needs_id: bool,
    /// What to read of the elements that belong to the contact: kind and attribute.
    pub(crate) part: Option<(u8, SlotIx)>,
    /// What to read of the contact itself, failing that.
    pub(crate) own: SlotIx,
    /// Whether earlier contacts stand in when the value says nothing.
    pub(crate) search: bool,
}

/// An expression and where its fields are.
#[derive(Debug)]
pub(crate) struct CalculationProgram {
    pub(crate) expr: Expr,
    /// For each field, where it may be; the first that has it wins.
    pub(crate) fields: Vec<Vec<FieldSource>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldSource {
    Own(SlotIx),
    /// The whole document.
    Anywhere(FieldIx),
    PrimaryContact(SlotIx),
    AppId,
    ContactId,
}

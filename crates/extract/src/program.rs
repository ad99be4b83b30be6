//! A compiled contract: everything by place, nothing by name.

use crate::contract::{Keep, When};
use crate::convert::Offsets;
use crate::coverage::Ignores;
use crate::expr::Expr;
use crate::hash::TextMap;
use crate::layout::{FieldIx, Layout, NodeIx, RecordKind, SlotIx};
use crate::narrow::TextUnit;
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
    pub(crate) offsets: Offsets,
    /// Parallel to the plan's tables.
    pub(crate) tables: Vec<TableProgram>,
    /// What nobody reads, on purpose.
    pub(crate) ignores: Ignores,
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
    /// The mapping in the contract.
    pub(crate) mapping: Written,
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
    Rows(Box<RowsProgram>),
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

/// The table of contacts: id, application id, then the cells. It is no [`RowsProgram`] since contacts are chosen before
/// any row is made, and for documents without such a table, too: other tables read the primary and the last one.
#[derive(Debug)]
pub(crate) struct ContactsProgram {
    pub(crate) cells: Vec<Cell>,
}

/// A table whose rows are elements of one kind: the key of what they hang off, then the cells.
#[derive(Debug)]
pub(crate) struct RowsProgram {
    pub(crate) kind: RecordKind,
    pub(crate) parent: RowParent,
    /// What must not be blank.
    pub(crate) filled: Vec<Needed>,
    pub(crate) choice: Option<Choice>,
    pub(crate) cells: Vec<Cell>,
    /// The columns that get the number of the row within its parent.
    pub(crate) numbers: Vec<(usize, DataType)>,
    /// The columns that, with the key of the parent, are the key; without any, each element is a row.
    pub(crate) key: Vec<usize>,
    pub(crate) keep: Keep,
    pub(crate) worth: Worth,
}

/// What rows hang off, and where their first columns come from.
#[derive(Debug)]
pub(crate) enum RowParent {
    Application,
    Contact,
    /// Rows of another kind, their table, and columns of it.
    Rows {
        kind: RecordKind,
        table: usize,
        columns: Vec<usize>,
    },
}

/// What an element must have to be a row.
#[derive(Debug)]
pub(crate) struct Needed {
    pub(crate) slot: SlotIx,
    /// The kind and the text of the children that are read where there is no such attribute.
    pub(crate) child: Option<(RecordKind, SlotIx)>,
}

/// What must have one of a few values.
#[derive(Debug)]
pub(crate) struct Choice {
    pub(crate) needed: Needed,
    pub(crate) values: Vec<String>,
    /// Whether, of two rows with one key, the one with the earlier value counts. Of addresses and employments the first
    /// does, as in the reference.
    pub(crate) ranks: bool,
}

/// What makes an element worth a row.
#[derive(Debug)]
pub(crate) enum Worth {
    /// One of these columns has a value of the document.
    Data { columns: Vec<usize> },
    /// One of these columns or attributes says something, and so does a column besides one.
    Stated { columns: Vec<usize>, slots: Vec<SlotIx>, besides: Option<usize> },
}

/// A table in which each mapping is a row.
#[derive(Debug)]
pub(crate) struct KeyValueProgram {
    pub(crate) entries: Vec<Entry>,
    /// The columns that, with the application's id, are the key; the last row of a key wins. Without any, each row
    /// stands.
    pub(crate) key_columns: Vec<usize>,
}

/// A row of a key/value table.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) when: When,
    /// How the value is made.
    pub(crate) cell: Cell,
    pub(crate) parts: Vec<(usize, EntryPart)>,
}

/// What a column of such a row gets.
#[derive(Debug)]
pub(crate) enum EntryPart {
    Literal(Value),
    /// The value of the entry.
    Value,
    /// Text from elsewhere.
    Text(Source),
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

/// A mapping as the contract has it, for people.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    /// Where it is in the contract, like `mappings[3]`.
    pub(crate) at: Box<str>,
    /// What it reads: a path with the attribute, or an expression.
    pub(crate) reads: Box<str>,
}

/// How one cell is made.
#[derive(Debug)]
pub(crate) struct Cell {
    pub(crate) column: usize,
    pub(crate) written: Written,
    pub(crate) source: Source,
    pub(crate) steps: Vec<CellStep>,
    pub(crate) calculation: Option<CalculationProgram>,
    pub(crate) data_type: DataType,
    /// To how many units text is cut.
    pub(crate) units_max: Option<u32>,
    pub(crate) text_unit: TextUnit,
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
    /// The nearest element of a kind around the one that the row is made of.
    Around(RecordKind, SlotIx),
    /// The contact around the element that the row is made of.
    AroundContact(SlotIx),
    /// The last element of a kind within the one that the row is made of.
    Within(RecordKind, SlotIx),
    /// The last element of a kind within one that is around the row's own.
    Beside {
        around: RecordKind,
        kind: RecordKind,
        slot: SlotIx,
    },
}

/// The last contact of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LastContact {
    /// The place of the role in the contact filter.
    pub(crate) role: usize,
    pub(crate) needs_id: bool,
    /// What to read of the elements that belong to the contact.
    pub(crate) part: Option<LastPart>,
    /// What to read of the contact itself, failing that.
    pub(crate) own: SlotIx,
    /// Whether earlier contacts stand in when the value says nothing.
    pub(crate) search: bool,
}

/// What to read of one of the elements that belong to a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LastPart {
    pub(crate) kind: u8,
    pub(crate) slot: SlotIx,
    /// The attribute whose value makes an address the one to read.
    pub(crate) chosen_by: SlotIx,
}

/// An expression and where its fields are.
#[derive(Debug)]
pub(crate) struct CalculationProgram {
    pub(crate) expr: Expr,
    /// For each field, where it may be; the first that has it wins.
    pub(crate) fields: Vec<Vec<FieldSource>>,
    /// The fields as the expression writes them.
    pub(crate) names: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldSource {
    Own(SlotIx),
    /// The nearest element of a kind around the row's own.
    Around(RecordKind, SlotIx),
    /// The contact around the row's own.
    AroundContact(SlotIx),
    /// The last element of a kind within the row's own.
    Within(RecordKind, SlotIx),
    /// The last element of a kind within one that is around the row's own.
    Beside {
        around: RecordKind,
        kind: RecordKind,
        slot: SlotIx,
    },
    /// The last element at a place.
    Path(NodeIx, SlotIx),
    /// The whole document.
    Anywhere(FieldIx),
    PrimaryContact(SlotIx),
    AppId,
    ContactId,
}

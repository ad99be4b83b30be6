//! What the mapping of a document tells on its way, for whoever wants to hear it.
//!
//! There is one description of what a contract means: the mapping itself. It takes a recorder as a type, and the ordinary
//! one, [`Silent`], is nothing at all: what would be noted is never made, so that an ordinary mapping costs what it did.

use xmlx_domain::WarningKind;

use crate::document::{self, Document, Flaw, Interest, Spot, Tree};
use crate::layout::Layout;
use crate::limits::Limits;
use crate::program::Written;
use crate::value::Value;

/// Hears how the rows of a document are made.
pub(crate) trait Record {
    /// Whether anything comes of an event. Where several events are told in a row, who does not listen skips them all.
    const HEARS: bool;

    /// Notes an event. Who does not listen never makes it.
    fn note<'e>(&self, event: impl FnOnce() -> Event<'e>);

    /// Reads a document by a contract of format 1.
    fn read<'x>(
        &self,
        text: &'x str,
        root: &str,
        layout: &Layout,
        limits: &Limits,
    ) -> Result<Document<'x>, Flaw> {
        document::read(text, root, layout, limits)
    }

    /// Reads a document by a contract of format 2.
    fn read_tree<'x>(
        &self,
        text: &'x str,
        interest: &Interest,
        uris: &[String],
        limits: &Limits,
    ) -> Result<Tree<'x>, Flaw> {
        document::read_tree(text, interest, uris, limits)
    }
}

/// Hears nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Silent;

impl Record for Silent {
    const HEARS: bool = false;

    #[inline(always)]
    fn note<'e>(&self, _event: impl FnOnce() -> Event<'e>) {}
}

/// Something that happens while rows are made.
pub(crate) enum Event<'e> {
    /// A contract is tried, whose first table is this one of the plan.
    Line(usize),
    /// The rows of a table of that contract are made from now on.
    Table,
    /// What follows is tried and no row yet.
    Paused,
    Resumed,
    /// A row is begun.
    Row {
        from: RowFrom<'e>,
        parent: Option<ParentRow>,
    },
    /// A cell of that row is begun.
    Cell {
        column: usize,
        reads: Reads<'e>,
    },
    /// The value of something was looked at. The text is what it came to, `value` the raw value of an attribute.
    Look {
        spot: Spot,
        value: Option<&'e str>,
        text: Option<&'e str>,
    },
    /// That is what a mapping of format 1 has found: the text of something that was looked at, now or for another row.
    Fetched(Option<&'e str>),
    /// An attribute was looked for in the whole document.
    Anywhere(Option<&'e str>),
    /// The same for a field of its expression.
    Field {
        name: &'e str,
        text: Option<&'e str>,
    },
    /// Something was done on the way to the value of the cell.
    Step {
        kind: StepKind,
        detail: Detail<'e>,
        at: Option<Spot>,
        gives: Seen<'e>,
    },
    /// What was lost in the last step.
    Warned(WarningKind),
    /// The row in hand has its place; a row that was there before has gone.
    Made(usize),
    /// The row in hand is none.
    Dropped(Why),
    /// An element is no row, and never was one in hand.
    Passed(Spot, Why),
}

/// What a row is made of.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RowFrom<'e> {
    /// The document as a whole.
    Document,
    Element(Spot),
    /// A mapping of the contract.
    Mapping(&'e Written),
}

/// The row that another hangs off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ParentRow {
    Row { table: usize, row: usize },
    Contact(usize),
}

/// What a cell reads, as the contract writes it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reads<'e> {
    /// Nothing: the product fills it.
    Nothing,
    Mapping(&'e Written),
    Paths(&'e [String]),
}

/// More about a step.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Detail<'e> {
    None,
    /// A name of the contract, a type or an expression: never a value of the document.
    Name(&'e str),
    /// A column of another row.
    Column {
        table: usize,
        column: usize,
    },
    Type(crate::table::DataType),
    Count(usize),
}

/// What a step gives.
#[derive(Clone, Copy)]
pub(crate) enum Seen<'e> {
    Nothing,
    Text(&'e str),
    Value(&'e Value),
    Flag(bool),
    /// What is no value of a row yet.
    Shown(Gives, &'e dyn std::fmt::Display),
}

/// What kind of value a step gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gives {
    Nothing,
    Empty,
    Text,
    Number,
    Flag,
    Date,
}

impl<'e> Seen<'e> {
    pub(crate) fn text(text: Option<&'e str>) -> Self {
        text.map_or(Self::Nothing, Self::Text)
    }

    pub(crate) fn value(value: &'e Value) -> Self {
        if value.is_null() { Self::Nothing } else { Self::Value(value) }
    }
}

/// A kind of step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StepKind {
    Read,
    Constant,
    AppId,
    Parent,
    Position,
    Field,
    Expression,
    Condition,
    Codes,
    Flag,
    Squeeze,
    Digits,
    Type,
    Negate,
    Default,
    Join,
    Entry,
    Stored,
}

/// Why an element is no row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    Filter,
    NoParent,
    NoValue,
    /// Another row of the table has its key.
    SameKeyAsRow(usize),
    /// Another element has its key.
    SameKeyAs(Spot),
    NoRole,
    UnknownRole,
    NoId,
    Incomplete,
    Meaningless,
}

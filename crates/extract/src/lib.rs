//! Turns one application's XML into database rows by a mapping contract.
//!
//! [`Plan::from_json`] reads, checks and compiles a contract once; [`Plan::map`] then makes rows or a rejection of each
//! document. The crate knows no IO, no clock and no SQL: the same document and contract always give the same answer.
//!
//! There are two formats of contracts. Format 1 is the reference's: mappings of attributes, in JSON (`contract`,
//! `compile`, `evaluate`). Format 2 has tables whose rows are the elements of XPath paths, in TOML or JSON (`format2`,
//! `xpath`, `search`). Both read documents in the same pass (`document`).

#[cfg(test)]
extern crate self as xmlx_extract;

mod change;
mod codes;
mod comparison;
mod compile;
mod contract;
mod convert;
mod coverage;
mod date;
mod decimal;
mod document;
mod encoding;
mod evaluate;
mod explain;
mod expr;
mod expression;
mod format2;
#[cfg(test)]
mod growth;
mod hash;
mod held;
mod inventory;
mod layout;
mod limits;
mod lines;
mod lookup;
mod meant;
mod narrow;
mod number;
mod outline;
mod plan;
mod problem;
mod program;
mod reading;
mod rejection;
mod rewrite;
mod search;
mod table;
mod text;
mod value;
mod wanted;
mod warning;
mod work;
mod xpath;

pub use change::{
    Change, ChangeCounts, ChangeKind, Changed, ColumnChanges, FailureCounts, PlanPair,
};
pub use contract::{CONTRACT_FORMAT, CONTRACT_FORMAT_2};
pub use coverage::{
    ColumnCounter, ColumnUse, Coverage, IgnoreUse, MappingUse, PathKind, PathStatus, PathUse,
    Unread,
};
pub use decimal::Decimal;
pub use encoding::{DecodeError, text_of, text_of_utf16};
pub use explain::{
    Asked, CellResult, CellTrace, Explanation, Failure, LeftOut, Part, Place, RowName, RowTrace,
    StepTrace, TableTrace, Values,
};
pub use format2::Described;
pub use held::{Held, Loss};
pub use inventory::{COUNTED_PATHS_MAX, Counted, Counting, Inventory, PATHS_MAX, PathCounts};
pub use limits::{LimitError, Limits};
#[doc(hidden)]
pub use lookup::look_up;
pub use narrow::{Stored, TextUnit};
pub use outline::Outline;
pub use plan::{FileKind, Plan, Source};
pub use problem::{ContractErrors, Problem};
pub use rejection::Rejection;
pub use rewrite::{Rewritten, rewrite};
pub use table::{Application, Column, DataType, Defaulted, Parent, Table};
pub use value::{Row, Value};
pub use warning::Warning;
pub use xmlx_domain::{Stage, WarningKind};

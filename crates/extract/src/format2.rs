//! Format 2 of the contract: tables whose rows are the elements of paths, columns that are paths or expressions.
//!
//! A file (TOML or JSON) is read into items ([`item`]), items into a [`contract::Contract`], which is compiled into a
//! [`program::Program`]; documents are mapped by that ([`evaluate`]). `docs/contract.md` is the page for users.

mod compile;
mod contract;
mod ddl;
mod evaluate;
mod fit;
mod item;
mod program;
mod read;
mod types;

use crate::limits::Limits;
use crate::plan::{FileKind, Source};
use crate::problem::Problems;
use crate::table::Table;

pub(crate) use evaluate::{map, map_line};
pub use fit::Described;
pub(crate) use item::says_format_2;
pub(crate) use program::Program;

/// A contract of format 2, compiled.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) source: Source,
    pub(crate) target_schema: String,
    /// The column of the application's id in the target.
    pub(crate) target_id: String,
    pub(crate) program: Program,
    pub(crate) tables: Vec<Table>,
}

/// Reads, checks and compiles a contract; `None` if it has problems, which are noted.
pub(crate) fn compile(
    text: &str,
    kind: FileKind,
    limits: &Limits,
    problems: &mut Problems,
) -> Option<Compiled> {
    let file = item::parse(text, kind, problems)?;
    let contract = read::read(file, problems)?;
    compile::compile(contract, limits, problems)
}

#[cfg(test)]
mod tests;

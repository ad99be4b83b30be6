//! Turns one application's XML into database rows by a mapping contract.
//!
//! [`Plan::from_json`] reads, checks and compiles a contract once; [`Plan::map`] then makes rows or a rejection of each
//! document. The crate knows no IO, no clock and no SQL: the same document and contract always give the same answer.

#[cfg(test)]
extern crate self as xmlx_extract;

#[allow(dead_code, reason = "columns of format 2 use it")]
mod codes;
mod compile;
mod contract;
mod convert;
mod date;
mod decimal;
mod document;
mod encoding;
mod evaluate;
mod expr;
#[allow(dead_code, reason = "columns of format 2 use it")]
mod expression;
#[cfg(test)]
mod growth;
mod hash;
mod layout;
mod limits;
mod lines;
mod narrow;
mod number;
mod outline;
mod plan;
mod problem;
mod program;
#[allow(dead_code, reason = "columns of format 2 use it")]
mod reading;
mod rejection;
mod table;
mod text;
mod value;
mod warning;
mod work;

pub use contract::{CONTRACT_FORMAT, CONTRACT_FORMAT_2};
pub use decimal::Decimal;
pub use encoding::{DecodeError, text_of, text_of_utf16};
pub use limits::{LimitError, Limits};
pub use narrow::{Stored, TextUnit};
pub use outline::Outline;
pub use plan::{Plan, Source};
pub use problem::{ContractErrors, Problem};
pub use rejection::Rejection;
pub use table::{Application, Column, DataType, Parent, Table};
pub use value::{Row, Value};
pub use warning::{UnknownWarningKind, Warning, WarningKind};
pub use xmlx_domain::Stage;

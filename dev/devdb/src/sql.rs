//! T-SQL as text: tokens, a small tree, and the parser that refuses whatever the product does not say.

pub(crate) mod ast;
mod classify;
mod ddl;
mod dml;
mod expr;
pub(crate) mod lexer;
#[cfg(test)]
mod page;
pub(crate) mod params;
pub(crate) mod parser;
pub(crate) mod permission;
pub(crate) mod principal;
mod query;
mod statement;

pub(crate) use ddl::{reread_index, reread_table};
pub(crate) use statement::parse;

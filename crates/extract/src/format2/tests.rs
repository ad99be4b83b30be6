//! Rows and refusals of small contracts.

mod growth;
mod refusals;
mod rows;

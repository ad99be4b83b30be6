//! Sample contracts, their database schema, and as many invented applications as anybody wants.
//!
//! Two product lines, a credit card and a vehicle loan, share one source table and one target schema (`sample`).
//! [`contract`] and [`target_sql`] give the files of this crate as text; [`Synth`] makes documents that the contracts
//! map, a chosen share of them broken in a known way. Nothing here describes anybody: names, numbers and addresses come
//! from short lists and a random generator. The crate reads no clock and no file at run time.

mod bureau;
mod card;
mod fault;
mod line;
mod loan;
mod people;
mod random;
mod stamp;
mod synth;
mod text;
mod writer;

pub use fault::{Decider, Fault};
pub use line::Line;
pub use synth::{APP_ID_MAX, Options, Sample, Synth};
pub use text::{contract, contracts, source_sql, target_sql};

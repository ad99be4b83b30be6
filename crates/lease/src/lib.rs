//! Who may work on what.
//!
//! A pure state machine: [`LeaseTable::apply`] takes an event and the time, changes the table and
//! says what has to be done about it, in order. This crate does no IO, reads no clock and draws no
//! random numbers, so everything a cluster can do to a lease is tested with a loop and a seed.

mod event;
pub mod history;
mod job;
mod range;
mod ranges;
mod session;
mod sizing;
mod table;
mod time;

pub use event::{Action, Boundary, Event, JobSnapshot, Message, Wait};
pub use sizing::Limits;
pub use table::LeaseTable;
pub use time::Timestamp;

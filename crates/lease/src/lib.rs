//! Who may work on what, and how a job lives.
//!
//! Besides the table, which decides about leases, each module holds the plain functions of one decision: [`life`] moves
//! jobs, [`follow`] extends them, [`budget`] pauses them, [`overlap`] keeps two from the same applications, [`cut`] says
//! where a piece of a range ends,
//! [`throttle`] shares out commits, and [`history`] checks afterwards what was decided.
//!
//! A pure state machine: [`LeaseTable::apply`] takes an event and the time, changes the table and
//! says what has to be done about it, in order. This crate does no IO, reads no clock and draws no
//! random numbers, so everything a cluster can do to a lease is tested with a loop and a seed.

pub mod budget;
pub mod cut;
mod event;
pub mod follow;
pub mod history;
mod job;
pub mod life;
mod limits;
pub mod overlap;
mod range;
mod ranges;
mod session;
mod table;
pub mod throttle;
mod time;

pub use event::{Action, Boundary, Event, JobSnapshot, Message, Wait};
pub use limits::Limits;
pub use table::LeaseTable;
pub use time::Timestamp;

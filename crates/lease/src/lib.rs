//! Who may work on what.
//!
//! A pure state machine: [`LeaseTable::apply`] takes an event and the time, changes the table and
//! says what has to be done about it, in order. This crate does no IO, reads no clock and draws no
//! random numbers, so everything a cluster can do to a lease is tested with a loop and a seed.

mod event;
mod ids;
mod job;
mod range;
mod ranges;
mod session;
mod sizing;
mod table;

pub use event::{
    Action, Boundary, Change, Event, JobSnapshot, Lease, Order, Progress, RangeSnapshot, Standing,
};
pub use ids::{Epoch, JobId, RangeId, SessionId, Timestamp};
pub use job::JobState;
pub use range::RangeState;
pub use sizing::Limits;
pub use table::LeaseTable;

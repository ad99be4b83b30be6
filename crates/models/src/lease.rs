//! The lease table in a small cluster, in every state that can be reached.
//!
//! The decider is [`xmlx_lease::LeaseTable`] itself, not a model of it. Around it are as few lines as possible: a database
//! that compares and sets ([`Db`]), leaders that save and then speak, workers that commit under their leases, and streams
//! between them. What can go wrong is counted ([`Bounds`]), so that there are finitely many states.

mod bounds;
mod db;
mod defect;
mod digest;
mod engine;
mod fair;
mod leader;
mod properties;
mod scopes;
mod state;
mod steps;
mod worker;

pub use bounds::{Bounds, Faults};
pub use db::{Db, Row};
pub use defect::Defect;
pub use leader::Leader;
pub use properties::{Flaw, PROPERTIES};
pub use scopes::{LARGE, SMALL, Scope};
pub use state::State;
pub use steps::{Cluster, Counts, Step};
pub use worker::Worker;

//! The system from outside: a database on a real wire, real processes, the real client.
//!
//! Waiting is for events, with a deadline; nothing sleeps to hope. A fault that was to be injected
//! and did not fire fails the test (see [`Cluster::assert_faults_fired`]).

#![allow(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "tests panic where something does not hold"
)]

mod certificates;
mod cluster;
mod control;
mod crowd;
mod database;
mod link;
mod netns;
mod page;
mod process;
mod skipped;
mod statements;
pub mod supply;
mod wiretap;

pub use certificates::Certificates;
pub use cluster::{Cluster, Logs, Monitoring, Numbers, Place, Setup, Waits, Wire};
pub use control::{Owner, first_lease, first_range_change, lead, new_job, session};
pub use crowd::{Crowd, Stranger};
pub use database::{Database, Held, texts_at};
pub use link::{Direction, Link};
pub use netns::Host;
pub use page::{block, blocks};
pub use process::{Output, Process, Signal, binary, workspace};
pub use skipped::{Needs, ON_DEVDB_ALONE, skips_on_server};
pub use statements::{Statement, statements};
pub use wiretap::Wiretap;

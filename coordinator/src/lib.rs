//! The coordinator: leads by the `xmlx.leader` row, hands out leases, answers clients.
//!
//! It is a cache of the database and may die at any time. What is decided is decided in
//! `xmlx-lease`; this crate carries it out. It never reads a document and never writes to a target table.

mod access;
mod access_service;
mod calls;
mod cluster_service;
mod config;
mod convert;
mod counted;
mod coverage;
mod diff;
mod engine;
mod explain;
mod failures;
mod health;
mod incoming;
mod job_service;
mod lanes;
mod leadership;
mod metrics;
mod overlap;
mod pages;
mod quality;
mod reconciliation;
mod rehearsal;
mod role;
mod runs;
mod selection;
mod server;
mod submit;
mod warnings;
mod worker_service;

pub use config::{Args, Config};
pub use health::ask_health;
pub use server::run;

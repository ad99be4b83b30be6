//! The worker: fetches applications of the ranges it holds, extracts their rows, commits both with
//! their log under the lease's epoch.
//!
//! It decides nothing about who works on what, and it never commits without the fence.

mod board;
mod config;
mod dispatcher;
mod gate;
mod jobs;
mod memory;
mod metrics;
mod pace;
mod pipeline;
mod process;
mod session;
mod test_hooks;

pub use config::{Args, Config};
pub use process::run;
pub use test_hooks::TestHooks;

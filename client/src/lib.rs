//! The commands of `xmlx-client`, and what other programs of this workspace share with them: reaching a cluster, and
//! showing what comes back.

pub mod ca;
mod cli;
mod cluster;
pub mod commands;
mod list;
pub mod output;
pub mod view;

pub use cli::{Cli, Config};
pub use cluster::{Cluster, Proof};

//! The command line.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use xmlx_client::output::Format;
use xmlx_runtime::listen_address;

/// Clusters on the embedded database, to see the product work and to try it out. Nothing of this ships.
///
/// Exit codes: 0 yes, 1 the answer is no, 2 error, 64 wrong usage.
#[derive(Debug, Parser)]
#[command(name = "xmlx-dev", version)]
pub(crate) struct Cli {
    /// How data is printed
    #[arg(short, long, global = true, value_enum, default_value = "table")]
    pub(crate) output: Format,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run an all-in-one server on the embedded database until interrupted
    Up(Up),
    /// Show a cluster load applications while a worker and the leader are killed
    Demo(Demo),
    #[command(hide = true)]
    Internal(Box<Internal>),
}

#[derive(Args, Debug)]
pub(crate) struct Up {
    /// Where the coordinator listens
    #[arg(long, default_value = "127.0.0.1:7400", value_parser = listen_address)]
    pub(crate) listen: SocketAddr,
    /// Where the database listens
    #[arg(long, default_value = "127.0.0.1:1433", value_parser = listen_address)]
    pub(crate) database_listen: SocketAddr,
    /// Keep the data in this file; without it, it is gone at the end
    #[arg(long)]
    pub(crate) data: Option<PathBuf>,
    /// Ranges worked on at once
    #[arg(long, default_value_t = 2)]
    pub(crate) slots: u32,
    /// Fill the sample source tables with so many applications
    #[arg(long)]
    pub(crate) samples: Option<u64>,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct Demo {
    /// Applications to load
    #[arg(long, default_value_t = 20_000)]
    pub(crate) apps: u64,
    /// Worker processes
    #[arg(long, default_value_t = 3)]
    pub(crate) workers: u32,
    /// Kill nothing on the way
    #[arg(long)]
    pub(crate) no_faults: bool,
    /// Leave the cluster running at the end, until interrupted
    #[arg(long)]
    pub(crate) keep: bool,
    /// Seed of the generated applications
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

#[derive(Args, Debug)]
pub(crate) struct Internal {
    #[command(subcommand)]
    pub(crate) role: Role,
}

/// What `demo` runs as processes of their own. They end with their standard input.
#[derive(Debug, Subcommand)]
pub(crate) enum Role {
    Devdb(DevDb),
    /// Takes the flags of `xmlx-coordinator`.
    Coordinator {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// Takes the flags of `xmlx-worker`.
    Worker {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
}

#[derive(Args, Debug)]
pub(crate) struct DevDb {
    #[arg(long, default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
    #[arg(long)]
    pub(crate) data: Option<PathBuf>,
    /// A fault to inject, such as `commit:3:drop-after`; may be repeated
    #[arg(long)]
    pub(crate) fault: Vec<String>,
}

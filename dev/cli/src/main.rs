//! `xmlx-dev`: `demo` and `up`, which bring a whole cluster and its database along.

mod cli;
mod demo;
mod internal;
mod ready;
mod secured;
mod up;

use std::process::ExitCode;

use xmlx_client::output;

use crate::cli::{Cli, Command};

#[tokio::main]
async fn main() -> ExitCode {
    let cli: Cli = xmlx_runtime::command_line();
    let outcome = match cli.command {
        Command::Up(args) => up::run(args).await,
        Command::Demo(args) => demo::run(args, cli.output).await,
        Command::Internal(internal) => internal::run(internal.role).await,
    };
    output::exit_code(outcome)
}

//! `xmlx-client`: submits, watches, steers, verifies; and `demo` and `up`, which bring a cluster along.

mod cli;
mod cluster;
mod commands;
mod demo;
mod internal;
mod output;
mod view;

use std::process::ExitCode;

use clap::Parser as _;

use crate::cli::Cli;
use crate::output::Answer;

/// Wrong usage, as sysexits.h has it.
const USAGE: u8 = 64;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(it) => it,
        Err(err) => {
            drop(err.print());
            return if err.use_stderr() { ExitCode::from(USAGE) } else { ExitCode::SUCCESS };
        }
    };
    match commands::run(cli).await {
        Ok(Answer::Yes) => ExitCode::SUCCESS,
        Ok(Answer::No) => ExitCode::from(1),
        Err(err) if output::is_broken_pipe(&err) => ExitCode::SUCCESS,
        Err(err) => {
            output::note(&format!("error: {err:#}"));
            ExitCode::from(2)
        }
    }
}

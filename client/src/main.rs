//! `xmlx-client`: submits, watches, steers, verifies; and `demo` and `up`, which bring a cluster along.

mod cli;
mod cluster;
mod commands;
mod demo;
mod internal;
mod list;
mod output;
mod ready;
mod view;

use std::process::ExitCode;

use crate::output::Answer;

#[tokio::main]
async fn main() -> ExitCode {
    match commands::run(xmlx_runtime::command_line()).await {
        Ok(Answer::Yes) => ExitCode::SUCCESS,
        Ok(Answer::No) => ExitCode::from(1),
        Err(err) if output::is_broken_pipe(&err) => ExitCode::SUCCESS,
        Err(err) => {
            output::note(&format!("error: {err:#}"));
            ExitCode::from(2)
        }
    }
}

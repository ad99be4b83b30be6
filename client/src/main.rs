//! `xmlx-client`: submits, watches, steers, verifies.

use std::process::ExitCode;

use xmlx_client::{commands, output};

#[tokio::main]
async fn main() -> ExitCode {
    output::exit_code(commands::run(xmlx_runtime::command_line()).await)
}

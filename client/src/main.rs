//! `xmlx-client`: submits, watches, steers, verifies.

use std::process::ExitCode;

use xmlx_client::{Cli, commands, output};
use xmlx_runtime::load_settings;

#[tokio::main]
async fn main() -> ExitCode {
    xmlx_runtime::no_core_files();
    output::exit_code(commands::run(load_settings::<Cli>()).await)
}

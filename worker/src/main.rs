//! `xmlx-worker`.

use std::io::Write as _;

use xmlx_runtime::{Shutdown, command_line, exit, usable};
use xmlx_worker::{Args, run};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args: Args = command_line();
    let config = usable(args.config());
    xmlx_runtime::init_telemetry(config.log_format, "info");
    xmlx_runtime::raise_open_files();
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    if args.print_config() {
        writeln!(std::io::stdout(), "{config:#?}")?;
    }
    if args.check_config() || args.print_config() {
        return Ok(());
    }
    exit(run(config, Shutdown::on_signals()?).await)
}

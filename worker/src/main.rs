//! `xmlx-worker`.

use std::io::Write as _;

use clap::Parser as _;
use xmlx_runtime::{Refused, Shutdown};
use xmlx_worker::{Args, run};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let config = args.config()?;
    if args.print_config() {
        writeln!(std::io::stdout(), "{config:#?}")?;
    }
    if args.check_config() || args.print_config() {
        return Ok(());
    }
    xmlx_runtime::init_telemetry(config.log_format, "info");
    for secret in std::iter::once(&config.database).chain(&config.source_database) {
        if let Some(warning) = xmlx_runtime::public_warning(secret) {
            tracing::warn!("{warning}");
        }
    }
    Refused::exit(run(config, Shutdown::on_signals()?).await)
}

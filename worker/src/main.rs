//! `xmlx-worker`.

use clap::Parser as _;
use xmlx_runtime::Shutdown;
use xmlx_worker::{Args, run};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let config = args.config()?;
    if args.check_config() {
        return Ok(());
    }
    xmlx_runtime::init_telemetry(config.log_format, "info");
    run(config, Shutdown::on_signals()?).await
}

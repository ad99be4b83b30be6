//! `xmlx-worker`.

use xmlx_runtime::{ServiceManager, Shutdown, exit, load_settings};
use xmlx_worker::{Args, run};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let settings = load_settings::<Args>();
    xmlx_runtime::init_telemetry(settings.config.log_format, "info");
    for warning in &settings.config.warnings {
        tracing::warn!("{warning}");
    }
    if settings.ends_here()? {
        return Ok(());
    }
    xmlx_runtime::no_core_files();
    xmlx_runtime::raise_open_files();
    exit(run(settings.config, Shutdown::on_signals()?, ServiceManager::of_process()).await)
}

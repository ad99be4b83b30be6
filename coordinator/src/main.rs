//! `xmlx-coordinator`.

use xmlx_coordinator::{Args, ask_health, run};
use xmlx_runtime::{ServiceManager, Shutdown, exit, load_settings};

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
    if settings.settings.asks_health() {
        exit(ask_health(&settings.config).await)
    }
    xmlx_runtime::raise_open_files();
    exit(run(settings.config, Shutdown::on_signals()?, ServiceManager::of_process()).await)
}

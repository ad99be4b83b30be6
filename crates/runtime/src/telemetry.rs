//! Logs: to standard error, filtered by `RUST_LOG`, as text or JSON.

use std::io::IsTerminal as _;

use tracing_subscriber::filter::{FilterExt as _, filter_fn};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, fmt, registry};

/// The database driver logs messages of the server, with values of applications in them, and rows.
const NEVER_LOGGED: &str = "tiberius";

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object per line, for collectors.
    Json,
}

/// Starts logging. `default_level` holds where `RUST_LOG` says nothing. Only the first call of a process counts.
pub fn init(format: LogFormat, default_level: &str) {
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default_level));
    let filter = filter.and(filter_fn(|it| !it.target().starts_with(NEVER_LOGGED)));
    let layer = fmt::layer().with_writer(std::io::stderr).with_ansi(takes_colours());
    let started = match format {
        LogFormat::Text => registry().with(layer.with_target(false).with_filter(filter)).try_init(),
        LogFormat::Json => {
            registry().with(layer.json().flatten_event(true).with_filter(filter)).try_init()
        }
    };
    // Already started: an all-in-one process calls this once per role.
    drop(started);
}

/// Files and the journal do not, nor does who says so (<https://no-color.org>).
fn takes_colours() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|it| it.is_empty())
}

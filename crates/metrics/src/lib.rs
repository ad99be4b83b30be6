//! Numbers about a process for Prometheus, and whether it is alive and ready, over HTTP.
//!
//! Each program defines its numbers in its own `metrics.rs` and registers them here; `docs/metrics.md` lists all. Labels
//! are words of closed lists, never an id and never a value of an application.

mod expose;
mod labels;
mod process;
mod registry;
mod settings;

pub use expose::expose;
pub use labels::{Counters, Gauges, Histograms, Word};
pub use prometheus_client::metrics::counter::Counter;
pub use prometheus_client::metrics::gauge::Gauge;
pub use prometheus_client::metrics::histogram::Histogram;
pub use registry::{Numbers, SECONDS, encoded, register};
pub use settings::MetricsSettings;

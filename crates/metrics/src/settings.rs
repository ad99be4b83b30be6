//! The setting for monitoring, which coordinators and workers have.

use std::net::SocketAddr;

use xmlx_runtime::listen_address;

/// Where a program says how it is.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct MetricsSettings {
    /// IP address and port for monitoring, over HTTP; not set: none
    ///
    /// `/metrics` has the numbers for Prometheus that docs/metrics.md lists, `/healthz` says that the process is alive and
    /// `/readyz` whether it can work. There is no TLS and no login, so that probes can ask: the answers have counts and
    /// times, and never a value of an application. Where several programs run on one host each needs a port of its own.
    #[arg(long, env = "XMLX_METRICS_LISTEN", value_name = "ADDRESS", value_parser = listen_address)]
    pub metrics_listen: Option<SocketAddr>,
}

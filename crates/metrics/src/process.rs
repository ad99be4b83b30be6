//! What the operating system knows of the process, under the names that Prometheus' own libraries give it.

use std::fmt;
use std::time::Duration;

use nix::sys::resource::{Resource, UsageWho, getrlimit, getrusage};
use nix::sys::time::TimeValLike as _;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use xmlx_runtime::since_1970;

/// What `/proc/self/statm` counts in.
const PAGE_BYTES: u64 = 4096;

/// Reads the numbers when somebody asks for them.
#[derive(Debug)]
pub(crate) struct Process {
    started: Duration,
}

impl Process {
    /// Of a process that has just started.
    pub(crate) fn start() -> Self {
        Self { started: since_1970() }
    }
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let mut add = |name, help, metric: &dyn EncodeMetric| {
            let encoder = encoder.encode_descriptor(name, help, None, metric.metric_type())?;
            metric.encode(encoder)
        };
        add(
            "process_start_time_seconds",
            "When the process started, in seconds since 1970",
            &ConstGauge::new(self.started.as_secs_f64()),
        )?;
        if let Some(seconds) = cpu_seconds() {
            add(
                "process_cpu_seconds",
                "Processor time that the process has used",
                &ConstCounter::new(seconds),
            )?;
        }
        if let Some(bytes) = resident_bytes() {
            add("process_resident_memory_bytes", "Memory of the process", &ConstGauge::new(bytes))?;
        }
        if let Some(open) = open_files() {
            add("process_open_fds", "Open files and connections", &ConstGauge::new(open))?;
        }
        if let Ok((soft, _)) = getrlimit(Resource::RLIMIT_NOFILE) {
            let most = i64::try_from(soft).unwrap_or(i64::MAX);
            add("process_max_fds", "Most open files and connections", &ConstGauge::new(most))?;
        }
        Ok(())
    }
}

fn cpu_seconds() -> Option<f64> {
    let usage = getrusage(UsageWho::RUSAGE_SELF).ok()?;
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Some(Duration::from_micros(u64::try_from(micros).ok()?).as_secs_f64())
}

fn resident_bytes() -> Option<i64> {
    let pages = std::fs::read_to_string("/proc/self/statm").ok()?;
    let resident: u64 = pages.split(' ').nth(1)?.parse().ok()?;
    i64::try_from(resident * PAGE_BYTES).ok()
}

fn open_files() -> Option<i64> {
    i64::try_from(std::fs::read_dir("/proc/self/fd").ok()?.count()).ok()
}

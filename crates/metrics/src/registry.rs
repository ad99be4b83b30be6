//! The numbers of this process.

use std::fmt::{self, Debug};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry};

use crate::labels::{Counters, Gauges, Histograms, Word};
use crate::process::Process;

/// Bounds of histograms of times, in seconds: from a statement that is answered by the same host to one that waits for
/// a lock as long as it may.
pub const SECONDS: [f64; 13] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0];

static REGISTRY: LazyLock<Mutex<Registry>> = LazyLock::new(|| {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Process::start()));
    Mutex::new(registry)
});

fn registry() -> MutexGuard<'static, Registry> {
    // Nothing is left half done by a panic: a registry only ever gets one entry more.
    REGISTRY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Adds the numbers of a program. Call it once for each set of numbers, as a `LazyLock` does.
///
/// ```
/// use std::sync::LazyLock;
/// use xmlx_metrics::{Counter, encoded, register};
///
/// static ROWS: LazyLock<Counter> =
///     LazyLock::new(|| register(|numbers| numbers.counter("rows", "Rows that were written")));
///
/// ROWS.inc_by(3);
/// assert!(encoded().contains("xmlx_rows_total 3\n"));
/// ```
pub fn register<T>(define: impl FnOnce(&mut Numbers<'_>) -> T) -> T {
    define(&mut Numbers { registry: &mut registry() })
}

/// All numbers of this process as text, in the format of OpenMetrics, which Prometheus reads.
#[must_use]
pub fn encoded() -> String {
    let mut text = String::new();
    encode(&mut text, &registry()).expect("a string takes everything");
    text
}

/// Where a program defines its numbers. Each name gets `xmlx_` before it, and a counter's `_total` behind it.
#[derive(Debug)]
pub struct Numbers<'a> {
    registry: &'a mut Registry,
}

impl Numbers<'_> {
    /// A number that only grows.
    pub fn counter(&mut self, name: &str, help: &str) -> Counter {
        self.add(name, help, Counter::default())
    }

    /// Numbers that only grow, one for each word. All are there from the start, with 0.
    pub fn counters<W: Word>(&mut self, name: &str, help: &str) -> Counters<W> {
        let counters = Counters::<W>::new();
        self.registry.register(prefixed(name), help, counters.family());
        counters
    }

    /// A number that rises and falls.
    pub fn gauge(&mut self, name: &str, help: &str) -> Gauge {
        self.add(name, help, Gauge::default())
    }

    /// Numbers that rise and fall, one for each word.
    pub fn gauges<W: Word>(&mut self, name: &str, help: &str) -> Gauges<W> {
        let gauges = Gauges::<W>::new();
        self.registry.register(prefixed(name), help, gauges.family());
        gauges
    }

    /// Times, counted by [`SECONDS`]. The name ends in `_seconds`.
    pub fn seconds(&mut self, name: &str, help: &str) -> Histogram {
        self.add(name, help, Histogram::new(SECONDS))
    }

    /// Times, one histogram for each word.
    pub fn seconds_by<W: Word>(&mut self, name: &str, help: &str) -> Histograms<W> {
        let histograms = Histograms::<W>::new();
        self.registry.register(prefixed(name), help, histograms.family());
        histograms
    }

    /// A gauge that is 1 and has the build as its label, so that builds can be counted during a rolling upgrade.
    pub(crate) fn build(&mut self, version: &str) {
        let build = Family::<[(&str, String); 1], Gauge>::default();
        build.get_or_create(&[("version", version.to_owned())]).set(1);
        self.registry.register(prefixed("build_info"), "1; the label has the build", build);
    }

    /// A number that is found out whenever somebody asks; `None`: there is none at the moment.
    pub fn asked(
        &mut self,
        name: &'static str,
        help: &'static str,
        ask: impl Fn() -> Option<i64> + Send + Sync + 'static,
    ) {
        self.registry.register_collector(Box::new(Asked { name, help, ask: Box::new(ask) }));
    }

    fn add<M: Metric + Clone + Debug>(&mut self, name: &str, help: &str, metric: M) -> M {
        self.registry.register(prefixed(name), help, metric.clone());
        metric
    }
}

/// A number that is found out whenever somebody asks.
struct Asked {
    name: &'static str,
    help: &'static str,
    ask: Box<dyn Fn() -> Option<i64> + Send + Sync>,
}

impl Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asked").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Collector for Asked {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let Some(number) = (self.ask)() else { return Ok(()) };
        let gauge = ConstGauge::new(number);
        let name = prefixed(self.name);
        gauge.encode(encoder.encode_descriptor(&name, self.help, None, gauge.metric_type())?)
    }
}

fn prefixed(name: &str) -> String {
    format!("xmlx_{name}")
}

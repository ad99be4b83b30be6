//! The numbers of a worker, as docs/metrics.md lists them. They are the process's: where several workers run in one, they
//! add up.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

use xmlx_domain::{ErrorClass, Mode};
use xmlx_metrics::{Counter, Counters, Gauge, Histogram, Histograms, Word, register};
use xmlx_runtime::Clock;
use xmlx_store::Decided;

use crate::pipeline::Outcome;

/// What became of an application.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Decision {
    /// Its rows are committed.
    Success,
    /// It is recorded as failed.
    Failed,
    /// The job only reads: nothing was decided.
    Read,
}

impl Word for Decision {
    const LABEL: &'static str = "outcome";
    const ALL: &'static [Self] = &[Self::Success, Self::Failed, Self::Read];

    fn word(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Read => "read",
        }
    }
}

/// What a pipeline does with a group.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    /// Reads documents from the source.
    Fetch,
    /// Makes rows of them.
    Extract,
    /// Writes the rows, behind the fence.
    Commit,
}

impl Word for Step {
    const LABEL: &'static str = "step";
    const ALL: &'static [Self] = &[Self::Fetch, Self::Extract, Self::Commit];

    fn word(self) -> &'static str {
        match self {
            Self::Fetch => "fetch",
            Self::Extract => "extract",
            Self::Commit => "commit",
        }
    }
}

/// How a lease ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum LeaseEnd {
    /// Its range is done.
    Done,
    /// It moved on to another owner.
    Gone,
    /// It was given back in a drain.
    Drained,
    /// The database lets this process in no more.
    Expelled,
    /// It was given back with a reason.
    Stuck,
}

impl LeaseEnd {
    pub(crate) fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Done => Self::Done,
            Outcome::Gone => Self::Gone,
            Outcome::Drained => Self::Drained,
            Outcome::Expelled(_) => Self::Expelled,
            Outcome::Stuck { .. } => Self::Stuck,
        }
    }
}

impl Word for LeaseEnd {
    const LABEL: &'static str = "end";
    const ALL: &'static [Self] =
        &[Self::Done, Self::Gone, Self::Drained, Self::Expelled, Self::Stuck];

    fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Gone => "gone",
            Self::Drained => "drained",
            Self::Expelled => "expelled",
            Self::Stuck => "stuck",
        }
    }
}

/// The numbers of this process.
pub(crate) static METRICS: LazyLock<Metrics> = LazyLock::new(|| register(Metrics::define));

/// See the help texts.
#[derive(Debug)]
pub(crate) struct Metrics {
    pub(crate) connected: Gauge,
    pub(crate) slots: Gauge,
    pub(crate) leases: Gauge,
    pub(crate) leases_ended: Counters<LeaseEnd>,
    pub(crate) applications: Counters<Decision>,
    pub(crate) warnings: Counter,
    pub(crate) rows: Counter,
    pub(crate) document_bytes: Counter,
    pub(crate) steps: Histograms<Step>,
    pub(crate) commit_wait: Histogram,
    pub(crate) database_errors: Counters<ErrorClass>,
    /// Whether a coordinator has taken this worker since the process began.
    has_been_connected: AtomicBool,
}

impl Metrics {
    fn define(numbers: &mut xmlx_metrics::Numbers<'_>) -> Self {
        Self {
            connected: numbers.gauge("connected", "1 while a coordinator has this worker's session, else 0"),
            slots: numbers.gauge("slots", "Ranges that the worker works on at once"),
            leases: numbers.gauge("leases", "Leases that the worker holds, those that wait for a slot among them"),
            leases_ended: numbers.counters("leases_ended", "Leases that have ended, by how"),
            applications: numbers.counters(
                "applications",
                "Applications that were committed as loaded (success) or failed, or that a job which writes nothing has read (read)",
            ),
            warnings: numbers.counter("warnings", "Warnings of the applications that were committed"),
            rows: numbers.counter("rows", "Rows of target tables that were committed"),
            document_bytes: numbers.counter("document_bytes", "Bytes of documents that were fetched, as the database stores them"),
            steps: numbers.seconds_by("step_seconds", "Time that a group took in one step of a pipeline"),
            commit_wait: numbers.seconds(
                "commit_wait_seconds",
                "Time that a commit waited for its turn, since the throttle lets only some commit at once",
            ),
            database_errors: numbers.counters("database_errors", "Errors of the database, by what follows from them; most statements are tried again"),
            has_been_connected: AtomicBool::new(false),
        }
    }

    /// Runs one step of a group and counts the time that it took.
    pub(crate) async fn timed<T>(&self, step: Step, work: impl Future<Output = T>) -> T {
        let clock = Clock::start();
        let done = work.await;
        self.steps.of(step).observe(clock.now().as_secs_f64());
        done
    }

    /// Counts what a commit of a job that writes has decided, or one that only reads has read.
    pub(crate) fn count(&self, decided: &[Decided], mode: Mode) {
        for app in decided {
            let decision = match app {
                Decided::Elsewhere { .. } => continue,
                Decided::Rows(_) | Decided::Failed { .. } if !mode.writes() => Decision::Read,
                Decided::Rows(_) => Decision::Success,
                Decided::Failed { .. } => Decision::Failed,
            };
            self.applications.of(decision).inc();
            if let (Decided::Rows(application), true) = (app, mode.writes()) {
                self.rows.inc_by(u64::try_from(app.rows()).unwrap_or(0));
                self.warnings.inc_by(u64::try_from(application.warnings.len()).unwrap_or(0));
            }
        }
    }

    /// The session with a coordinator is open, or not.
    pub(crate) fn set_connected(&self, connected: bool) {
        self.connected.set(i64::from(connected));
        if connected {
            self.has_been_connected.store(true, Ordering::Relaxed);
        }
    }

    /// Whether the worker can work: a coordinator has taken it once. Without one it works on at what it holds, and waits
    /// for the next.
    pub(crate) fn ready(&self) -> Result<(), String> {
        if self.has_been_connected.load(Ordering::Relaxed) {
            Ok(())
        } else {
            Err("no coordinator has taken this worker yet".to_owned())
        }
    }
}

//! The numbers of a coordinator, as docs/metrics.md lists them. All but those of the leadership and of calls are the
//! leader's: a standby shows 0.

use std::sync::LazyLock;

use xmlx_domain::{JobState, RangeEvent};
use xmlx_metrics::{Counter, Counters, Gauge, Gauges, Histogram, Numbers, Word, register};

use crate::engine::{WorkerInfo, WorkerState};

impl Word for WorkerState {
    const LABEL: &'static str = "state";
    const ALL: &'static [Self] = &[Self::Active, Self::Draining, Self::Silent];

    fn word(self) -> &'static str {
        self.name()
    }
}

/// How a leadership changed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Leading {
    /// This coordinator began to lead.
    Won,
    /// It led and does not any more, whether it resigned or was replaced.
    Ended,
}

impl Word for Leading {
    const LABEL: &'static str = "change";
    const ALL: &'static [Self] = &[Self::Won, Self::Ended];

    fn word(self) -> &'static str {
        match self {
            Self::Won => "won",
            Self::Ended => "ended",
        }
    }
}

/// The numbers of this process.
pub(crate) static METRICS: LazyLock<Metrics> = LazyLock::new(|| register(Metrics::define));

/// See the help texts.
#[derive(Debug)]
pub(crate) struct Metrics {
    leading: Gauge,
    leadership_changes: Counters<Leading>,
    workers: Gauges<WorkerState>,
    slots: Gauge,
    leases: Gauge,
    jobs: Gauges<JobState>,
    jobs_waiting: Gauge,
    pub(crate) range_events: Counters<RangeEvent>,
    pub(crate) save: Histogram,
    pub(crate) saves_failed: Counter,
    pub(crate) call: Histogram,
    pub(crate) calls_refused: Counter,
}

/// What the leader sees at one moment.
#[derive(Debug, Default)]
pub(crate) struct Sight {
    pub(crate) workers: Vec<WorkerInfo>,
    pub(crate) jobs: Vec<JobState>,
    /// Running jobs of which nothing moves.
    pub(crate) waiting: usize,
}

impl Metrics {
    fn define(numbers: &mut Numbers<'_>) -> Self {
        Self {
            leading: numbers.gauge("leading", "1 while this coordinator leads, else 0"),
            leadership_changes: numbers.counters(
                "leadership_changes",
                "How often this coordinator began to lead (won) and ceased to (ended)",
            ),
            workers: numbers.gauges(
                "workers",
                "Connected workers: those that may get work, those that are drained, those that have missed heartbeats",
            ),
            slots: numbers.gauge("worker_slots", "Slots of the connected workers"),
            leases: numbers.gauge("worker_leases", "Leases that the connected workers hold"),
            jobs: numbers.gauges("jobs", "Jobs by their state; of those that have ended none is counted"),
            jobs_waiting: numbers.gauge(
                "jobs_waiting",
                "Running jobs of which nothing moves; `xmlx-client jobs` shows the reason of each",
            ),
            range_events: numbers.counters(
                "range_events",
                "What happened to ranges; revoked, stalled and lost count leases that were taken from their owner",
            ),
            save: numbers.seconds("save_seconds", "Time to save a change of a range, behind the leader's fence"),
            saves_failed: numbers.counter("saves_failed", "Changes of ranges that could not be saved; the job is read again then"),
            call: numbers.seconds("call_seconds", "Time to answer a call of a client, from the arrival of the whole request"),
            calls_refused: numbers.counter(
                "calls_refused",
                "Calls that were refused for what they may take: bytes, time, or a place among the others",
            ),
        }
    }

    /// This coordinator leads from now on.
    pub(crate) fn won(&self) {
        self.leading.set(1);
        self.leadership_changes.of(Leading::Won).inc();
    }

    /// It does not lead any more, and sees nothing.
    pub(crate) fn ended(&self) {
        self.leading.set(0);
        self.leadership_changes.of(Leading::Ended).inc();
        self.see(&Sight::default());
    }

    /// Keeps what the leader sees now.
    pub(crate) fn see(&self, sight: &Sight) {
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        for state in <WorkerState as Word>::ALL {
            let n = sight.workers.iter().filter(|worker| worker.state == *state).count();
            self.workers.of(*state).set(count(n));
        }
        self.slots.set(sight.workers.iter().map(|worker| i64::from(worker.slots)).sum());
        self.leases.set(sight.workers.iter().map(|worker| count(worker.leases)).sum());
        for state in JobState::ALL {
            let n = sight.jobs.iter().filter(|job| *job == state).count();
            self.jobs.of(*state).set(count(n));
        }
        self.jobs_waiting.set(count(sight.waiting));
    }
}

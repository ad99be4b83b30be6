//! How far it is: a bar on a terminal, plain lines in a pipe.

use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use xmlx_client::output;
use xmlx_client::view::Status;
use xmlx_runtime::{Clock, printable};

use crate::demo::faults::Killing;

/// How often a plain line is printed.
const LINE_EVERY: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    clock: Clock,
    total: u64,
    next_line: Duration,
    event: String,
}

impl Progress {
    /// For filling the source tables.
    pub(crate) fn loading(total: u64) -> Self {
        Self::new(total, "generating {bar:30} {pos}/{len}")
    }

    /// For the jobs.
    pub(crate) fn running(total: u64) -> Self {
        Self::new(total, "loading    {bar:30} {pos}/{len} {per_sec} {msg}")
    }

    fn new(total: u64, template: &str) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(total);
            bar.set_style(ProgressStyle::with_template(template).expect("the templates are valid"));
            bar
        });
        let clock = Clock::start();
        Self { bar, clock, total, next_line: Duration::ZERO, event: String::new() }
    }

    pub(crate) fn loaded(&mut self, n: u64) {
        if let Some(bar) = &self.bar {
            bar.set_position(n);
        } else if self.line_is_due() {
            output::note(&format!("generated {n}/{}", self.total));
        }
    }

    pub(crate) fn show(&mut self, status: &Status, decided: i64, killing: &Killing) {
        let decided = u64::try_from(decided).unwrap_or(0);
        // Without a leader it is not known.
        let rates = status.workers.iter().filter_map(|worker| worker.apps_per_second);
        let rate = if status.answered_by_leader {
            format!(", {:.0}/s", rates.fold(0.0, std::ops::Add::add))
        } else {
            String::new()
        };
        let mut text = format!("{} workers, {}", status.workers.len(), status.leader_line());
        if let Some(waits_for) = killing.waits_for(status) {
            text = format!("{text}; {waits_for}");
        }
        let event = killing.last_event();
        if event != self.event {
            self.event = event.to_owned();
            match &self.bar {
                Some(bar) => bar.println(printable(event)),
                None => output::note(event),
            }
        }
        if let Some(bar) = &self.bar {
            bar.set_position(decided);
            bar.set_message(printable(&text).into_owned());
        } else if self.line_is_due() {
            output::note(&format!("{decided}/{} applications{rate}, {text}", self.total));
        }
    }

    pub(crate) fn finish(&mut self) {
        if let Some(bar) = &self.bar {
            bar.abandon();
        }
    }

    fn line_is_due(&mut self) -> bool {
        let due = self.clock.now() >= self.next_line;
        if due {
            self.next_line = self.clock.now() + LINE_EVERY;
        }
        due
    }
}

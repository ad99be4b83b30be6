//! Which lease gets a slot, and what the coordinator is told of each. Decides; knows neither tasks nor channels.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use xmlx_domain::{ErrorClass, Lease, LeaseKey, Progress};
use xmlx_store::Error;

use super::{Order, Report};
use crate::pipeline::Outcome;

/// What can happen.
#[derive(Debug)]
pub(crate) enum Event {
    /// A coordinator gives an order.
    Ordered(Order),
    /// The pipeline of a lease has ended.
    Ended {
        /// How far the lease had come.
        progress: Progress,
        /// Why the pipeline ended.
        outcome: Outcome,
        /// How long it ran.
        elapsed: Duration,
    },
    /// The process is to end, or no coordinator can give orders any more.
    DrainRequested,
}

/// What is to be done, in this order.
#[derive(Debug)]
pub(crate) enum Action {
    /// Put the lease on the board: from now on heartbeats report it.
    Hold(Lease),
    /// Start its pipeline.
    Start(Lease),
    /// Stop its pipeline after what it has in hand.
    Revoke(LeaseKey),
    /// It ends at `at` now.
    Cut { key: LeaseKey, at: i64 },
    /// Take the lease off the board.
    Drop(LeaseKey),
    /// Tell the coordinator.
    Report(Report),
    /// Tell the coordinator how many more leases can be taken, which has changed.
    ReportCredits,
    /// Take no more leases, and let every pipeline finish the group that it has in hand.
    Drain,
    /// The process ends with this error.
    Expel(Error),
}

/// The leases of this process: those that are worked on, one in each slot, and those that wait for a slot.
#[derive(Debug)]
pub(crate) struct Slots {
    slots_max: usize,
    waiting: VecDeque<Lease>,
    running: BTreeSet<LeaseKey>,
    is_draining: bool,
}

impl Slots {
    pub(crate) fn new(slots_max: u32) -> Self {
        Self {
            slots_max: usize::try_from(slots_max).unwrap_or(usize::MAX).max(1),
            waiting: VecDeque::new(),
            running: BTreeSet::new(),
            is_draining: false,
        }
    }

    /// Whether a drain has begun.
    pub(crate) fn is_draining(&self) -> bool {
        self.is_draining
    }

    /// Whether the drain is over, and the coordinator was told so.
    pub(crate) fn has_ended(&self) -> bool {
        self.is_draining && self.running.is_empty()
    }

    /// What follows from an event.
    pub(crate) fn apply(&mut self, event: Event) -> Vec<Action> {
        match event {
            Event::Ordered(Order::Grant(lease)) => self.grant(lease),
            Event::Ordered(Order::Revoke(key)) => self.revoke(key),
            Event::Ordered(Order::Split { key, at }) => vec![Action::Cut { key, at }],
            Event::Ordered(Order::Drain) | Event::DrainRequested => self.drain(),
            Event::Ended { progress, outcome, elapsed } => self.end(progress, outcome, elapsed),
        }
    }

    fn grant(&mut self, lease: Lease) -> Vec<Action> {
        let waits = self.waiting.iter().any(|waiting| waiting.key == lease.key);
        if waits || self.running.contains(&lease.key) {
            // A coordinator that has just taken over may repeat a grant.
            return Vec::new();
        }
        if self.is_draining {
            // It was on its way when the drain began.
            return vec![released(Progress::none(lease), None, String::new())];
        }
        self.waiting.push_back(lease);
        let mut actions = vec![Action::Hold(lease)];
        self.fill(&mut actions);
        actions.push(Action::ReportCredits);
        actions
    }

    fn revoke(&mut self, key: LeaseKey) -> Vec<Action> {
        if let Some(place) = self.waiting.iter().position(|waiting| waiting.key == key) {
            self.waiting.remove(place);
            return vec![Action::Drop(key), Action::ReportCredits];
        }
        if self.running.contains(&key) { vec![Action::Revoke(key)] } else { Vec::new() }
    }

    /// Gives back what waits. What runs is given back, or done, when its pipeline ends.
    fn drain(&mut self) -> Vec<Action> {
        if self.is_draining {
            return Vec::new();
        }
        self.is_draining = true;
        let mut actions = vec![Action::Drain, Action::ReportCredits];
        for lease in std::mem::take(&mut self.waiting) {
            actions.push(Action::Drop(lease.key));
            actions.push(released(Progress::none(lease), None, String::new()));
        }
        self.leave_when_idle(&mut actions);
        actions
    }

    fn end(&mut self, progress: Progress, outcome: Outcome, elapsed: Duration) -> Vec<Action> {
        self.running.remove(&progress.lease.key);
        let is_expelled = matches!(outcome, Outcome::Expelled(_));
        let mut actions = consequences(progress, outcome, elapsed);
        if is_expelled && !self.is_draining {
            actions.extend(self.drain());
        } else if self.is_draining {
            self.leave_when_idle(&mut actions);
        } else {
            self.fill(&mut actions);
            actions.push(Action::ReportCredits);
        }
        actions
    }

    fn fill(&mut self, actions: &mut Vec<Action>) {
        while self.running.len() < self.slots_max {
            let Some(lease) = self.waiting.pop_front() else { return };
            self.running.insert(lease.key);
            actions.push(Action::Start(lease));
        }
    }

    fn leave_when_idle(&self, actions: &mut Vec<Action>) {
        if self.has_ended() {
            actions.push(Action::Report(Report::Goodbye));
        }
    }
}

/// What follows from how a pipeline ended.
fn consequences(progress: Progress, outcome: Outcome, elapsed: Duration) -> Vec<Action> {
    match outcome {
        Outcome::Done => {
            let elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
            let Progress { lease, apps, .. } = progress;
            vec![Action::Report(Report::Done { lease, apps, elapsed_ms })]
        }
        Outcome::Gone => vec![released(progress, Some(ErrorClass::Fenced), String::new())],
        Outcome::Drained => vec![released(progress, None, String::new())],
        Outcome::Expelled(err) => {
            // Another worker may be let in.
            let given_back = released(progress, Some(ErrorClass::Transient), String::new());
            vec![given_back, Action::Expel(err)]
        }
        Outcome::Stuck { class, reason } if concerns_the_job(class) => {
            let job = progress.lease.key.job;
            let trouble = Report::Trouble { job, class, reason: reason.clone() };
            vec![Action::Report(trouble), released(progress, Some(class), reason)]
        }
        Outcome::Stuck { class, reason } => vec![released(progress, Some(class), reason)],
    }
}

fn released(progress: Progress, class: Option<ErrorClass>, reason: String) -> Action {
    let Progress { lease, committed_through, .. } = progress;
    Action::Report(Report::Released { lease, committed_through, class, reason })
}

/// Whether the next owner of the range would meet the same error, so that the coordinator has to pause or end the job.
fn concerns_the_job(class: ErrorClass) -> bool {
    match class {
        ErrorClass::Capacity | ErrorClass::Data | ErrorClass::Unclear | ErrorClass::Fatal => true,
        ErrorClass::Fenced | ErrorClass::Transient | ErrorClass::Ambiguous => false,
    }
}

#[cfg(test)]
mod tests;

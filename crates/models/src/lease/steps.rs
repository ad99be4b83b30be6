//! What can happen next, and what comes of it.
//!
//! A step writes to the database once at most, so that everybody else can act between any two writes, and a process can
//! die there. What a leader decides and sends without writing is part of the step before or behind: nobody could tell.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use stateright::{Model, Property};
use xmlx_domain::{JobState, RangeEvent};
use xmlx_lease::life::Wish;

use super::db::Db;
use super::fair::Ended;
use super::leader::{Leader, NextSave, Reading};
use super::worker::Worker;
use super::{Bounds, Defect, Flaw, State, properties};

/// Who does not report at a [`Step::Pass`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quiet {
    /// Whoever can, does.
    Nobody,
    /// The leader does not hear of this worker.
    Silent(usize),
    /// It hears of this worker, which gets nowhere.
    Stuck(usize),
}

/// How a message arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// As it should.
    Once,
    /// It will arrive again.
    Twice,
    /// Never.
    Lost,
}

/// What can happen. Leaders have the places 0 and 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A coordinator takes over at a free place.
    Elect(usize),
    /// A leader dies, or notices that another one leads.
    EndLeader(usize),
    /// A leader goes on with what it decided.
    Continue(usize),
    /// A leader takes the next message of a worker.
    Receive(usize, Arrival),
    /// A leader notices that a session's stream has ended.
    StreamEnded(usize, u8),
    /// A boundary has been looked for; `true`: and found.
    Searched(usize, usize, bool),
    /// The job is read again.
    Read(usize),
    /// The job that was read arrives.
    Load(usize),
    /// It has been looked whether the job is done.
    Checked(usize),
    /// All deadlines pass that are not renewed now.
    Pass(usize, Quiet),
    /// An operator pauses or resumes the job.
    Order(usize, Wish),
    /// An operator drains a worker.
    Drain(usize, usize),
    /// The leader's next change is not answered; `true`: though it takes effect.
    SpoilSave(usize, bool),
    /// A worker takes the next message of its leader.
    Handle(usize, Arrival),
    /// A worker connects to a leader.
    Connect(usize, usize),
    /// Its stream breaks.
    Break(usize),
    /// It dies; where it was the last one, another process takes its place.
    CrashWorker(usize),
    /// It commits, or closes a range; `true`: and hears of it.
    Work(usize, usize, bool),
    /// Its leader gets a heartbeat, and behind it what the worker wishes.
    Beat(usize),
}

/// How often what has happened, over all steps that were tried.
#[derive(Debug, Default)]
pub struct Counts(Mutex<BTreeMap<&'static str, u64>>, AtomicU64);

impl Counts {
    pub(crate) fn count(&self, what: &'static str) {
        *self.0.lock().expect("counting does not panic").entry(what).or_insert(0) += 1;
    }

    pub(crate) fn longest(&self, n_steps: usize) {
        self.1.fetch_max(u64::try_from(n_steps).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Each of what happened, by name.
    pub fn all(&self) -> BTreeMap<&'static str, u64> {
        self.0.lock().expect("counting does not panic").clone()
    }

    /// The most steps that it took from any state to the end of the job, once nothing failed any more.
    pub fn steps_max(&self) -> u64 {
        self.1.load(Ordering::Relaxed)
    }
}

/// A cluster with a lease table.
#[derive(Debug)]
pub struct Cluster {
    pub(crate) bounds: Bounds,
    pub(crate) defect: Defect,
    /// The one property that is looked for; `None`: all.
    pub(crate) only: Option<&'static str>,
    pub(crate) counts: Arc<Counts>,
    pub(crate) ended: Ended,
}

impl Cluster {
    /// A cluster as it is, for all properties.
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        let (defect, only) = (Defect::None, None);
        Self { bounds, defect, only, counts: Arc::default(), ended: Ended::default() }
    }

    /// A cluster with a defect, for one property.
    #[must_use]
    pub fn with_defect(bounds: Bounds, defect: Defect, property: &'static str) -> Self {
        Self { defect, only: Some(property), ..Self::new(bounds) }
    }

    /// What happened in it.
    #[must_use]
    pub fn counts(&self) -> Arc<Counts> {
        Arc::clone(&self.counts)
    }

    /// Carries a step out. `false`: nothing has changed.
    pub(crate) fn take(&self, state: &mut State, step: Step) -> bool {
        state.flaw = None;
        match step {
            Step::Elect(slot) => self.elect(state, slot),
            Step::EndLeader(slot) => {
                if state.leaders[slot].as_ref().is_some_and(|it| it.term == state.db.term) {
                    state.faults.crashes -= 1;
                }
                state.end_leader(slot);
            }
            Step::Continue(slot) => self.carry_on(state, slot, 1),
            Step::Receive(at, arrival) => self.receive(state, at, arrival),
            Step::StreamEnded(slot, session) => self.stream_ended(state, slot, session),
            Step::Searched(slot, which, is_found) => self.searched(state, slot, which, is_found),
            Step::Read(slot) => {
                let snapshot = self.read(&state.db);
                if let Some(leader) = state.leader_mut(slot)
                    && let Reading::Asked { again } = leader.reading
                {
                    leader.reading = Reading::Got { snapshot, again };
                    leader.seal();
                }
            }
            Step::Load(slot) => self.load(state, slot),
            Step::Checked(slot) => self.checked(state, slot),
            Step::Pass(slot, quiet) => self.pass(state, slot, quiet),
            Step::Order(slot, wish) => self.order(state, slot, wish),
            Step::Drain(slot, at) => self.drain(state, slot, at),
            Step::SpoilSave(slot, is_saved) => {
                state.faults.unanswered -= 1;
                if let Some(leader) = state.leader_mut(slot) {
                    leader.next_save = if is_saved { NextSave::Unheard } else { NextSave::Lost };
                    leader.seal();
                }
            }
            Step::Handle(at, arrival) => handle(state, at, arrival),
            Step::Connect(at, slot) => {
                if let Some(term) = state.leaders[slot].as_ref().map(|leader| leader.term) {
                    state.workers[at].connect(slot, term, self.bounds.leases);
                }
            }
            Step::Break(at) => {
                state.faults.breaks -= 1;
                state.workers[at].disconnect();
                state.end_drained();
            }
            Step::CrashWorker(at) => {
                state.faults.crashes -= 1;
                state.end_worker(at);
            }
            Step::Work(at, lease, is_answered) => self.work(state, at, lease, is_answered),
            Step::Beat(at) => self.beat(state, at),
        }
        true
    }

    fn work(&self, state: &mut State, at: usize, lease: usize, is_answered: bool) {
        if !is_answered {
            state.faults.unanswered -= 1;
        }
        let State { db, workers, .. } = state;
        let (size, in_a_pause) = ((self.bounds.group, self.bounds.leases), db.barrier);
        let worked = workers[at].work(db, lease, size, is_answered, self.defect);
        match (worked.is_commit, worked.is_written) {
            (true, true) => self.counts.count("committed"),
            (false, true) => self.counts.count(RangeEvent::Completed.as_str()),
            (_, false) => self.counts.count("fenced"),
        }
        if worked.is_written && !worked.holds {
            state.flaw = Some(Flaw::CommittedUnderAnOldLease);
        } else if worked.is_commit && worked.is_written && in_a_pause {
            state.flaw = Some(Flaw::CommittedInAPause);
        }
    }

    /// What can happen to one leader.
    fn leader_steps(&self, state: &State, slot: usize, leader: &Leader, steps: &mut Vec<Step>) {
        let faults = &state.faults;
        let leads = leader.term == state.db.term;
        if !leads || faults.crashes > 0 {
            steps.push(Step::EndLeader(slot));
        }
        if !leader.is_idle() {
            steps.push(Step::Continue(slot));
            return;
        }
        let connected = |at: &usize| state.workers[*at].leader == Some(slot);
        let here: Vec<usize> = (0..state.workers.len()).filter(connected).collect();
        let lives = |session: u8| here.iter().any(|at| state.workers[*at].session == session);
        let ended = leader.streams.iter().filter(|session| !lives(**session));
        steps.extend(ended.map(|session| Step::StreamEnded(slot, *session)));
        for which in 0..leader.searches.len() {
            steps.push(Step::Searched(slot, which, true));
            if faults.losses > 0 {
                steps.push(Step::Searched(slot, which, false));
            }
        }
        match leader.reading {
            Reading::No => (),
            Reading::Asked { .. } => steps.push(Step::Read(slot)),
            Reading::Got { .. } => steps.push(Step::Load(slot)),
        }
        if leader.checks {
            steps.push(Step::Checked(slot));
        }
        if here.iter().all(|at| state.workers[*at].is_quiet()) {
            steps.push(Step::Pass(slot, Quiet::Nobody));
        }
        for at in here {
            if faults.silences > 0 {
                steps.extend([Quiet::Silent(at), Quiet::Stuck(at)].map(|it| Step::Pass(slot, it)));
            }
            if faults.drains > 0 {
                steps.push(Step::Drain(slot, at));
            }
        }
        if state.db.job == JobState::Paused {
            steps.push(Step::Order(slot, Wish::Resume));
        } else if faults.pauses > 0 {
            steps.push(Step::Order(slot, Wish::Pause));
        }
        if faults.unanswered > 0 && leader.next_save == NextSave::Answered {
            steps.extend([true, false].map(|is_saved| Step::SpoilSave(slot, is_saved)));
        }
    }

    fn worker_steps(&self, state: &State, at: usize, worker: &Worker, steps: &mut Vec<Step>) {
        let faults = &state.faults;
        let arrivals = [
            (Arrival::Once, true),
            (Arrival::Twice, faults.doubles > 0),
            (Arrival::Lost, faults.losses > 0),
        ];
        let arrivals = arrivals.into_iter().filter(|(_, may)| *may).map(|(arrival, _)| arrival);
        if !worker.inbox.is_empty() {
            steps.extend(arrivals.clone().map(|arrival| Step::Handle(at, arrival)));
        }
        let leader = worker.leader.and_then(|slot| state.leaders[slot].as_ref());
        if !worker.outbox.is_empty() && leader.is_some_and(|leader| leader.is_idle()) {
            steps.extend(arrivals.map(|arrival| Step::Receive(at, arrival)));
        }
        for lease in 0..worker.leases.len() {
            steps.push(Step::Work(at, lease, true));
            if faults.unanswered > 0 {
                steps.push(Step::Work(at, lease, false));
            }
        }
        if worker.leader.is_none() {
            let leads = |slot: &usize| {
                state.leaders[*slot].as_ref().is_some_and(|leader| leader.term >= worker.term)
            };
            let slots = (0..state.leaders.len()).filter(leads);
            steps.extend(slots.map(|slot| Step::Connect(at, slot)));
        } else {
            let is_heard = leader
                .is_some_and(|leader| leader.is_idle() && leader.streams.contains(&worker.session));
            if is_heard && worker.outbox.is_empty() && !worker.draining {
                steps.push(Step::Beat(at));
            }
            if faults.breaks > 0 {
                steps.push(Step::Break(at));
            }
        }
        if faults.crashes > 0 {
            steps.push(Step::CrashWorker(at));
        }
    }
}

fn handle(state: &mut State, at: usize, arrival: Arrival) {
    let State { workers, db, faults, .. } = state;
    let worker = &mut workers[at];
    let told = match arrival {
        Arrival::Twice => worker.inbox[0],
        Arrival::Once | Arrival::Lost => worker.inbox.remove(0),
    };
    match arrival {
        Arrival::Once => (),
        Arrival::Twice => faults.doubles -= 1,
        Arrival::Lost => {
            faults.losses -= 1;
            return;
        }
    }
    worker.handle(told, db);
}

impl Model for Cluster {
    type State = State;
    type Action = Step;

    /// A leader has taken over, all workers have connected, and the first of them are promised leases.
    fn init_states(&self) -> Vec<State> {
        let workers: Vec<Worker> = (0..self.bounds.workers).map(Worker::new).collect();
        let mut state = State {
            db: Db::new(self.bounds.apps),
            leaders: [None, None],
            workers,
            faults: self.bounds.faults,
            next_session: self.bounds.workers,
            flaw: None,
        };
        self.take(&mut state, Step::Elect(0));
        for at in 0..state.workers.len() {
            self.take(&mut state, Step::Connect(at, 0));
            self.take(&mut state, Step::Receive(at, Arrival::Once));
        }
        vec![state]
    }

    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
        if state.db.job == JobState::Done {
            // Nobody may do anything any more; whoever still holds a lease tries.
            for (at, worker) in state.workers.iter().enumerate() {
                steps.extend((0..worker.leases.len()).map(|lease| Step::Work(at, lease, true)));
            }
            return;
        }
        let free = state.leaders.iter().position(Option::is_none);
        let may_elect = state.current().is_none() || state.faults.takeovers > 0;
        steps.extend(free.filter(|_| may_elect).map(Step::Elect));
        for (slot, leader) in state.leaders.iter().enumerate() {
            if let Some(leader) = leader {
                self.leader_steps(state, slot, leader, steps);
            }
        }
        for (at, worker) in state.workers.iter().enumerate() {
            self.worker_steps(state, at, worker, steps);
        }
    }

    fn next_state(&self, last: &State, step: Step) -> Option<State> {
        let mut next = last.clone();
        (self.take(&mut next, step) && next != *last).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::properties(self.only)
    }
}

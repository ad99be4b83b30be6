//! What the coordinator's engine does around the table, in as few lines as possible: events in, actions out, save and then
//! speak, and read again what could not be saved.

use std::sync::Arc;

use xmlx_domain::{JobId, JobState, Lease, LeaseKey, Progress, RangeChange, RangeId};
use xmlx_lease::life::{self, AtTheEnd, JobMove, Ordered, Wish};
use xmlx_lease::{Action, Boundary, Event, JobSnapshot, Message};

use super::db::{self, Db, Held, JOB, Refused};
use super::leader::{DEADLINE_MS, Leader, NextSave, Reading};
use super::steps::{Arrival, Cluster, Quiet};
use super::worker::{self, Said, Told};
use super::{Flaw, State};
use std::time::Duration;

/// Slots of each worker.
const SLOTS: u32 = 1;

impl Cluster {
    pub(crate) fn elect(&self, state: &mut State, slot: usize) {
        if state.current().is_some() {
            state.faults.takeovers -= 1;
        }
        state.db.term += 1;
        let mut leader = Leader::new(state.db.term, &self.bounds);
        leader.seal();
        state.leaders[slot] = Some(Arc::new(leader));
        let snapshot = self.read(&state.db);
        self.apply(state, slot, Event::JobLoaded(snapshot), 0);
    }

    /// A job that has ended is read as one of which nothing is left.
    pub(crate) fn read(&self, db: &Db) -> JobSnapshot {
        let read = db.snapshot();
        if read.state.is_open() {
            return read;
        }
        let (state, last_range) = (JobState::Cancelled, RangeId(0));
        JobSnapshot { state, last_range, total: None, decided: 0, ranges: Vec::new(), ..read }
    }

    /// The table decides, and the leader begins to carry it out: `saves` changes in this step.
    fn apply(&self, state: &mut State, slot: usize, event: Event, saves: u32) {
        let Some(leader) = state.leader_mut(slot) else { return };
        let actions = leader.decide(event, self.defect);
        leader.pending.extend(actions);
        self.carry_on(state, slot, saves);
    }

    /// Carries out what is pending up to the first change beyond `saves`.
    pub(crate) fn carry_on(&self, state: &mut State, slot: usize, mut saves: u32) {
        while let Some(leader) = state.leader_mut(slot) {
            let Some(action) = leader.pending.pop_front() else {
                if !std::mem::take(&mut leader.doubted) {
                    break;
                }
                self.counts.count("doubted");
                leader.read_again();
                let actions = leader.decide(Event::JobDoubted { job: JOB }, self.defect);
                leader.pending.extend(actions);
                continue;
            };
            if leader.doubted && action.job().is_some() {
                continue;
            }
            if matches!(action, Action::Save(_)) {
                if saves == 0 {
                    leader.pending.push_front(action);
                    break;
                }
                saves -= 1;
            }
            self.act(state, slot, action);
        }
        if let Some(leader) = state.leader_mut(slot) {
            // The client is answered once every revocation is durable.
            if leader.pausing && leader.is_idle() && !leader.table.is_doubted(JOB) {
                leader.pausing = false;
                state.db.barrier = state.db.job == JobState::Paused;
            }
        }
        if let Some(leader) = state.leader_mut(slot) {
            leader.seal();
        }
    }

    fn act(&self, state: &mut State, slot: usize, action: Action) {
        let State { db, leaders, .. } = state;
        let Some(leader) = leaders[slot].as_mut().map(Arc::make_mut) else { return };
        match action {
            Action::Save(change) => self.save(state, slot, &change),
            Action::Send { session, message } => {
                let is_saved = |lease: &Lease| {
                    db.rows
                        .iter()
                        .any(|row| row.range == lease.key.range && row.epoch >= lease.key.epoch)
                };
                if let Message::Grant(lease) = &message
                    && !is_saved(lease)
                {
                    state.flaw = Some(Flaw::ToldUnsaved);
                }
                let number = db::number(&session);
                let to = state
                    .workers
                    .iter_mut()
                    .find(|worker| worker.session == number && worker.leader == Some(slot));
                if let Some(worker) = to {
                    worker.inbox.push(told(message));
                }
            }
            Action::FindBoundary { range, scope, count, .. } => {
                leader.searches.push((range, scope, count));
            }
            Action::EndSession { session, .. } => {
                let number = db::number(&session);
                leader.streams.remove(&number);
                if leader.term != db.term {
                    return state.end_leader(slot);
                }
                for worker in &mut state.workers {
                    if worker.session == number && worker.leader == Some(slot) {
                        worker.disconnect();
                    }
                }
                state.end_drained();
            }
            Action::CheckDone { .. } => leader.checks = true,
        }
    }

    fn save(&self, state: &mut State, slot: usize, change: &RangeChange) {
        let State { db, leaders, flaw, .. } = state;
        let Some(leader) = leaders[slot].as_mut().map(Arc::make_mut) else { return };
        let next = std::mem::replace(&mut leader.next_save, NextSave::Answered);
        if next == NextSave::Lost {
            leader.doubted = true;
            return;
        }
        match db.save(leader.term, change, self.defect) {
            Ok(violated) => {
                self.counts.count(change.event.as_str());
                leader.doubted |= next == NextSave::Unheard;
                *flaw = flaw.or(violated);
            }
            Err(Refused::Conflict) => {
                self.counts.count("conflict");
                leader.doubted = true;
            }
            Err(Refused::Deposed) => {
                self.counts.count("deposed");
                state.end_leader(slot);
            }
        }
    }

    pub(crate) fn receive(&self, state: &mut State, at: usize, arrival: Arrival) {
        let worker = &mut state.workers[at];
        let (session, Some(slot)) = (worker.session, worker.leader) else { return };
        let message = match arrival {
            Arrival::Twice => worker.outbox[0].clone(),
            Arrival::Once | Arrival::Lost => worker.outbox.remove(0),
        };
        match arrival {
            Arrival::Once => (),
            Arrival::Twice => state.faults.doubles -= 1,
            Arrival::Lost => {
                state.faults.losses -= 1;
                return;
            }
        }
        let leads = state.leaders[slot].as_ref().is_some_and(|it| it.term == state.db.term);
        if matches!(message.said, Said::Joined { .. }) {
            // Noting the session is a write under the term.
            if !leads {
                return state.end_leader(slot);
            }
            if let Some(leader) = state.leader_mut(slot) {
                leader.streams.insert(session);
            }
        }
        let has_left = message.said == Said::Left;
        self.hear(state, slot, session, message);
        if has_left {
            if let Some(leader) = state.leader_mut(slot) {
                leader.streams.remove(&session);
                leader.seal();
            }
            if state.workers.get(at).is_some_and(|worker| worker.session == session) {
                state.end_worker(at);
            }
        }
    }

    /// A heartbeat arrives at once: one that arrives later says what an earlier one said.
    pub(crate) fn beat(&self, state: &mut State, at: usize) {
        let worker = &state.workers[at];
        let (session, Some(slot)) = (worker.session, worker.leader) else { return };
        // Where no lease is split, nothing is decided by how far the others have come.
        let held = if self.bounds.splits() { worker.leases.clone() } else { Vec::new() };
        let message = worker::Message {
            said: Said::Beat { held },
            credits: worker.credits(self.bounds.leases),
        };
        self.hear(state, slot, session, message);
    }

    /// What is said is heard, and then how many leases the worker can take. A leader that has more to save by then hears
    /// that with the next heartbeat.
    fn hear(&self, state: &mut State, slot: usize, session: u8, message: worker::Message) {
        let worker::Message { said, credits } = message;
        let has_left = said == Said::Left;
        self.apply(state, slot, event(said, session), 1);
        if !has_left && state.leaders[slot].as_ref().is_some_and(|leader| leader.is_idle()) {
            let asked = Event::Asked { session: db::session(session), credits };
            self.apply(state, slot, asked, 1);
        }
    }

    pub(crate) fn stream_ended(&self, state: &mut State, slot: usize, session: u8) {
        if let Some(leader) = state.leader_mut(slot) {
            leader.streams.remove(&session);
        }
        self.apply(state, slot, Event::Broke { session: db::session(session) }, 1);
    }

    pub(crate) fn searched(&self, state: &mut State, slot: usize, which: usize, is_found: bool) {
        let Some(leader) = state.leader_mut(slot) else { return };
        let (range, scope, count) = leader.searches.remove(which);
        let boundary = if is_found {
            state.db.boundary(scope, count)
        } else {
            state.faults.losses -= 1;
            Boundary::Unknown
        };
        self.apply(state, slot, Event::Found { job: JOB, range, boundary }, 1);
    }

    pub(crate) fn load(&self, state: &mut State, slot: usize) {
        let Some(leader) = state.leader_mut(slot) else { return };
        let Reading::Got { snapshot, again } = std::mem::replace(&mut leader.reading, Reading::No)
        else {
            return;
        };
        if again {
            leader.reading = Reading::Asked { again: false };
            return leader.seal();
        }
        self.apply(state, slot, Event::JobLoaded(snapshot), 1);
    }

    pub(crate) fn checked(&self, state: &mut State, slot: usize) {
        let waiting = state.db.decided.iter().filter(|times| **times == 0).count();
        let open = state.db.snapshot().ranges.len();
        let Some(leader) = state.leader_mut(slot) else { return };
        leader.checks = false;
        let state_known = leader.table.state(JOB);
        match life::at_the_end(u64::try_from(waiting).unwrap_or(u64::MAX), open) {
            AtTheEnd::AllDecided => {
                if let Some(moved) = life::all_decided(state_known) {
                    self.move_job(state, slot, &moved);
                }
            }
            AtTheEnd::ReadAgain => {
                leader.read_again();
                self.apply(state, slot, Event::JobDoubted { job: JOB }, 1);
            }
            // No application comes late in this model: here one would have been passed over.
            AtTheEnd::TakeLate => (),
        }
        if let Some(leader) = state.leader_mut(slot) {
            leader.seal();
        }
    }

    /// Durable first, then the table, then every revocation.
    fn move_job(&self, state: &mut State, slot: usize, JobMove { from, to, .. }: &JobMove) {
        let leads = state.leaders[slot].as_ref().is_some_and(|it| it.term == state.db.term);
        if !leads {
            return state.end_leader(slot);
        }
        if state.db.move_job(*from, *to) {
            self.counts.count(to.as_str());
            if let Some(leader) = state.leader_mut(slot) {
                leader.pausing = *to == JobState::Paused;
            }
            return self.apply(state, slot, Event::JobMoved { job: JOB, state: *to }, 0);
        }
        if let Some(leader) = state.leader_mut(slot) {
            leader.read_again();
        }
        self.apply(state, slot, Event::JobDoubted { job: JOB }, 0);
    }

    pub(crate) fn order(&self, state: &mut State, slot: usize, wish: Wish) {
        let known = state.leaders[slot].as_ref().and_then(|leader| leader.table.state(JOB));
        if wish == Wish::Pause {
            state.faults.pauses -= 1;
        }
        if let Some(Ordered::Move(moved)) = known.map(|job| life::order(job, wish)) {
            self.move_job(state, slot, &moved);
        }
    }

    pub(crate) fn drain(&self, state: &mut State, slot: usize, at: usize) {
        state.faults.drains -= 1;
        let session = db::session(state.workers[at].session);
        self.apply(state, slot, Event::DrainAsked { session }, 1);
    }

    /// Every deadline passes. Workers that are connected report right before, so that theirs begin anew.
    pub(crate) fn pass(&self, state: &mut State, slot: usize, quiet: Quiet) {
        if quiet != Quiet::Nobody {
            state.faults.silences -= 1;
        }
        let State { leaders, workers, .. } = state;
        let Some(leader) = leaders[slot].as_mut().map(Arc::make_mut) else { return };
        leader.now += DEADLINE_MS;
        for (at, worker) in workers.iter().enumerate() {
            let is_here = worker.leader == Some(slot) && leader.streams.contains(&worker.session);
            if !is_here || quiet == Quiet::Silent(at) {
                continue;
            }
            let reading = (quiet != Quiet::Stuck(at)).then_some(Duration::ZERO);
            let held = worker.leases.iter().map(|held| Progress { reading, ..progress(held) });
            let event =
                Event::Beat { session: db::session(worker.session), progress: held.collect() };
            let actions = leader.decide(event, self.defect);
            leader.pending.extend(actions);
        }
        self.apply(state, slot, Event::Ticked, 1);
    }
}

fn told(message: Message) -> Told {
    match message {
        Message::Grant(Lease { key: LeaseKey { range, epoch, .. }, scope }) => {
            Told::Grant { range, epoch, scope }
        }
        Message::Revoke { lease, .. } => {
            Told::Revoke { range: lease.key.range, epoch: lease.key.epoch }
        }
        Message::Split { lease, at } => {
            Told::Split { range: lease.key.range, epoch: lease.key.epoch, at }
        }
        Message::Drain => Told::Drain,
    }
}

fn event(said: Said, session: u8) -> Event {
    let session = db::session(session);
    let key = |range, epoch| LeaseKey { job: JobId(JOB.0), range, epoch };
    match said {
        Said::Joined { held } => {
            let held = held.iter().map(lease).collect();
            Event::Joined { session, slots: SLOTS, held, protocol: 1 }
        }
        Said::Beat { held } => {
            let progress = held.iter().map(progress).collect();
            Event::Beat { session, progress }
        }
        Said::Finished { range, epoch, apps } => {
            let lease = key(range, epoch);
            Event::Finished { session, lease, apps, elapsed: Duration::ZERO }
        }
        Said::Released { range, epoch, cursor } => {
            let lease = key(range, epoch);
            Event::Released { session, lease, committed_through: cursor, backoff: Duration::ZERO }
        }
        Said::Left => Event::Left { session },
    }
}

fn lease(held: &Held) -> Lease {
    let key = LeaseKey { job: JOB, range: held.range, epoch: held.epoch };
    Lease { key, scope: held.scope }
}

/// What a worker reports of a lease.
fn progress(held: &Held) -> Progress {
    let committed = u64::try_from(held.cursor - (held.scope.lo - 1)).unwrap_or(0);
    Progress {
        lease: lease(held),
        committed_through: held.cursor,
        claimed_through: held.cursor,
        apps: committed,
        reading: Some(Duration::ZERO),
    }
}

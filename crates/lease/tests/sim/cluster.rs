//! Leaders, workers and the network between them, one random step at a time.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use xmlx_domain::{Epoch, JobState, RangeEvent, RangeId, RangeSnapshot, RangeState, Scope};
use xmlx_lease::{Action, Boundary, Event, JobSnapshot, LeaseTable, Limits, Timestamp};

use super::db::{Db, JOB, Refused};
use super::rng::Rng;
use super::worker::Worker;

/// A defect planted to see whether it is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mutation {
    None,
    CommitWithoutFence,
    SaveWithoutTerm,
    EpochFalls,
    CursorNotChecked,
    PauseDoesNotRevoke,
    SplitLosesTheRest,
    StalledIsLeftAlone,
    GrantSkipsTheFirst,
    LateIsReopenedTooShort,
    ClosesAtAnyEnd,
}

/// What a run came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Digest {
    /// Every step and time, folded.
    pub(crate) trace: u64,
    /// Saved changes by name.
    pub(crate) changes: BTreeMap<&'static str, u64>,
}

#[derive(Debug)]
struct Leader {
    term: u64,
    table: LeaseTable,
    /// Boundaries that are being looked for.
    asked: VecDeque<(RangeId, Scope, u64)>,
    /// The job as it was read after a failed save, on its way to the table.
    read: Option<JobSnapshot>,
    alive: bool,
}

#[derive(Debug)]
pub(crate) struct Cluster {
    rng: Rng,
    db: Db,
    now: u64,
    leaders: Vec<Leader>,
    workers: Vec<Worker>,
    joined: u64,
    faults: bool,
    mutation: Mutation,
    /// Commits when a pause was acknowledged; there must be no more while it lasts.
    barrier: Option<usize>,
    epochs: BTreeMap<RangeId, Epoch>,
    /// The database as it was, and the steps until a failover to a secondary that lags makes it so again.
    lagging: Option<(Db, u64)>,
    digest: Digest,
}

impl Cluster {
    pub(crate) fn new(seed: u64, mutation: Mutation) -> Self {
        let mut rng = Rng::new(seed);
        let n = 40 + rng.below(160);
        let mut id = 0;
        let mut next = || {
            id += i64::try_from(1 + rng.below(3)).unwrap();
            id
        };
        let source = (0..n).map(|_| next()).collect();
        Self {
            rng,
            db: Db::new(source, mutation),
            now: 0,
            leaders: Vec::new(),
            workers: Vec::new(),
            joined: 0,
            faults: true,
            mutation,
            barrier: None,
            epochs: BTreeMap::new(),
            lagging: None,
            digest: Digest::default(),
        }
    }

    /// What happened, or what was violated.
    pub(crate) fn run(mut self, steps: u64) -> Result<Digest, String> {
        self.elect();
        for _ in 0..3 {
            self.hire();
        }
        for step in 0..steps {
            self.step();
            self.check().map_err(|flaw| format!("step {step}: {flaw}"))?;
        }
        (self.faults, self.lagging) = (false, None);
        self.db.state = JobState::Running;
        self.barrier = None;
        self.elect();
        self.hire();
        // One worker that works is enough.
        if let Some(worker) = self.workers.first_mut() {
            (worker.stuck, worker.draining) = (false, false);
        }
        for _ in 0..20_000 {
            let done = self.db.ranges.values().all(|range| range.state == RangeState::Done);
            if done && self.db.late.is_empty() {
                return self.finished();
            }
            self.step();
            self.check().map_err(|flaw| format!("liveness: {flaw}"))?;
        }
        Err(format!("no end in sight: {:?}", self.db.ranges))
    }

    fn finished(&self) -> Result<Digest, String> {
        match self.db.source.iter().find(|app_id| self.db.committed.get(app_id) != Some(&1)) {
            Some(app) => Err(format!("app {app} was not decided")),
            None => Ok(self.digest.clone()),
        }
    }

    fn step(&mut self) {
        self.fail_over();
        self.now += self.rng.below(60);
        let kind = self.rng.below(if self.faults { 125 } else { 101 });
        self.digest.trace =
            self.digest.trace.wrapping_mul(31).wrapping_add(kind * 1_000_003 + self.now);
        match kind {
            0..30 => self.with_worker(|worker, db, rng| worker.work(db, rng)),
            30..55 => self.receive_from_worker(),
            55..75 => self.with_worker(|worker, db, _| {
                if let Some(order) = worker.inbox.pop_front() {
                    worker.handle(order, db);
                }
            }),
            75..83 => self.with_worker(|worker, _, _| worker.beat()),
            83..90 => self.connect(),
            90..94 => self.answer_boundary(),
            94 => self.answer_reading(),
            95..100 => self.tick(),
            100 => self.reopen(),
            101..103 => self.cut_off(),
            103..105 => self.fire(),
            105..107 => self.hire(),
            107 => self.elect(),
            108 => self.crash_leader(),
            109 => self.pause(),
            110 => self.resume(),
            111..119 => self.drain(),
            119..122 => self.db.appear(&mut self.rng),
            122 => self.with_worker(|worker, _, rng| worker.stuck = rng.one_in(2)),
            123 => self.back_up(20),
            _ => self.now += 3_000,
        }
    }

    fn with_worker(&mut self, act: impl FnOnce(&mut Worker, &mut Db, &mut Rng)) {
        let n = u64::try_from(self.workers.len()).unwrap();
        if n > 0 {
            let i = usize::try_from(self.rng.below(n)).unwrap();
            act(&mut self.workers[i], &mut self.db, &mut self.rng);
        }
    }

    fn hire(&mut self) {
        if self.workers.len() < 5 {
            self.joined += 1;
            self.workers.push(Worker::new(self.joined));
        }
    }

    /// A worker process dies.
    fn fire(&mut self) {
        if self.workers.len() > 1 {
            let n = u64::try_from(self.workers.len()).unwrap();
            let mut worker = self.workers.remove(usize::try_from(self.rng.below(n)).unwrap());
            let leader = worker.disconnect();
            self.deliver(leader, Event::Broke { session: worker.session.clone() });
        }
    }

    /// A stream breaks; the leader may take its time to notice.
    fn cut_off(&mut self) {
        let mut broke = None;
        self.with_worker(|worker, _, _| {
            broke = Some((worker.disconnect(), worker.session.clone()))
        });
        if let Some((leader, session)) = broke
            && self.rng.one_in(2)
        {
            self.deliver(leader, Event::Broke { session });
        }
    }

    fn connect(&mut self) {
        let alive = (0..self.leaders.len()).rev().find(|leader| self.leaders[*leader].alive);
        let Some(leader) = alive else { return self.elect() };
        self.with_worker(|worker, _, _| {
            if worker.leader.is_none() {
                worker.connect(leader);
            }
        });
    }

    /// A new leader takes over; the old one may go on for a while, not knowing.
    fn elect(&mut self) {
        (self.db.term, self.db.holder) = (self.db.term + 1, self.leaders.len());
        let stalled_after = if self.mutation == Mutation::StalledIsLeftAlone {
            Duration::MAX
        } else {
            Duration::from_secs(10)
        };
        let limits = Limits {
            first_apps: 10,
            apps_min: 3,
            split_min: 3,
            stalled_after,
            ..Limits::default()
        };
        let table = LeaseTable::new(limits, Timestamp(self.now));
        self.leaders.push(Leader {
            term: self.db.term,
            table,
            asked: VecDeque::new(),
            read: None,
            alive: true,
        });
        let i = self.leaders.len() - 1;
        let snapshot = self.db.snapshot();
        self.deliver(Some(i), Event::JobLoaded(snapshot));
    }

    fn crash_leader(&mut self) {
        if let Some(i) = (0..self.leaders.len()).rev().find(|leader| self.leaders[*leader].alive) {
            self.depose(i);
        }
    }

    fn depose(&mut self, i: usize) {
        self.leaders[i].alive = false;
        for worker in self.workers.iter_mut().filter(|worker| worker.leader == Some(i)) {
            worker.disconnect();
        }
    }

    /// A save has failed: the job is read again. The answer comes later, and things happen until then.
    fn doubt(&mut self, i: usize) {
        self.deliver(Some(i), Event::JobDoubted { job: JOB });
        self.leaders[i].read = Some(self.db.snapshot());
    }

    fn answer_reading(&mut self) {
        for i in 0..self.leaders.len() {
            if let Some(snapshot) = self.leaders[i].read.take() {
                self.deliver(Some(i), Event::JobLoaded(snapshot));
            }
        }
    }

    fn receive_from_worker(&mut self) {
        let mut heard = None;
        self.with_worker(|worker, _, _| {
            heard = worker.outbox.pop_front().map(|message| (worker.leader, message))
        });
        if let Some((leader, event)) = heard {
            self.deliver(leader, event);
        }
    }

    fn answer_boundary(&mut self) {
        for i in 0..self.leaders.len() {
            let Some((range, scope, count)) = self.leaders[i].asked.pop_front() else {
                continue;
            };
            let n = usize::try_from(count).unwrap();
            let ids: Vec<i64> = self.db.waiting(scope).take(n).collect();
            let is_long = ids.len() > 1;
            let skips = i64::from(is_long && self.mutation == Mutation::GrantSkipsTheFirst);
            let boundary = match ids.last() {
                _ if self.faults && self.rng.one_in(10) => Boundary::Unknown,
                None => Boundary::Empty,
                Some(_) if ids.len() < n => {
                    Boundary::Cut { from: ids[0] + skips, at: scope.hi, count }
                }
                Some(last) => Boundary::Cut { from: ids[0] + skips, at: last + 1, count },
            };
            self.deliver(Some(i), Event::Found { job: JOB, range, boundary });
        }
    }

    fn tick(&mut self) {
        for i in 0..self.leaders.len() {
            self.deliver(Some(i), Event::Ticked);
        }
    }

    fn pause(&mut self) {
        self.move_job(JobState::Paused);
        // Acknowledged once every revocation is durable; a leader that died on the way acknowledges nothing.
        let held = self.db.ranges.values().any(|range| range.state == RangeState::Leased);
        let acknowledged = !held || self.mutation == Mutation::PauseDoesNotRevoke;
        if self.db.state == JobState::Paused && acknowledged {
            self.barrier = Some(self.db.committed.len());
        }
    }

    fn resume(&mut self) {
        self.barrier = None;
        self.move_job(JobState::Running);
    }

    /// Within so many steps the database will be as it is now.
    fn back_up(&mut self, steps_max: u64) {
        if self.faults && self.lagging.is_none() {
            self.lagging = Some((self.db.clone(), 1 + self.rng.below(steps_max)));
        }
    }

    /// The database goes back in time: a restore, or a failover to a secondary that lagged. Nobody is told.
    fn fail_over(&mut self) {
        let Some((_, steps_left)) = &mut self.lagging else { return };
        *steps_left -= 1;
        if *steps_left > 0 {
            return;
        }
        let (db, _) = self.lagging.take().expect("it was just there");
        self.db = db;
        self.epochs.clear();
        self.barrier = None;
        *self.digest.changes.entry("went back").or_insert(0) += 1;
    }

    /// Durable under the term first, then the table; the newest leader does it.
    fn move_job(&mut self, state: JobState) {
        let i = self.leaders.len() - 1;
        if self.leaders[i].alive && (self.leaders[i].term, i) == (self.db.term, self.db.holder) {
            self.db.state = state;
            if !(self.mutation == Mutation::PauseDoesNotRevoke && state == JobState::Paused) {
                self.deliver(Some(i), Event::JobMoved { job: JOB, state });
            }
        }
    }

    /// The newest leader finds what came late and gives it a range.
    fn reopen(&mut self) {
        let i = self.leaders.len() - 1;
        let leader = &self.leaders[i];
        let leads = leader.alive && leader.term == self.db.term && !leader.table.is_doubted(JOB);
        let Some(last) = leader.table.last_range(JOB).filter(|_| leads) else { return };
        if self.db.state != JobState::Running {
            return;
        }
        if let Some(event) = self.db.reopen(last) {
            *self.digest.changes.entry("reopened").or_insert(0) += 1;
            self.deliver(Some(i), event);
        }
    }

    fn drain(&mut self) {
        let mut found = None;
        self.with_worker(|worker, _, _| found = Some((worker.leader, worker.session.clone())));
        if let Some((leader, session)) = found {
            self.deliver(leader, Event::DrainAsked { session });
        }
    }

    /// Applies an event at a leader and carries its actions out, as the engine does.
    fn deliver(&mut self, leader: Option<usize>, event: Event) {
        let Some(i) = leader.filter(|leader| self.leaders[*leader].alive) else { return };
        let actions = self.leaders[i].table.apply(event, Timestamp(self.now));
        let mut doubted = false;
        for action in actions {
            if doubted && action.job().is_some() {
                continue;
            }
            if self.faults && self.rng.one_in(400) {
                // It dies between two actions.
                return self.depose(i);
            }
            match action {
                Action::Save(change) => {
                    // A split that is lost again leaves an owner that knows of it and a database that does not.
                    if change.event == RangeEvent::Split {
                        self.back_up(30);
                    }
                    match self.db.save((self.leaders[i].term, i), &change) {
                        Ok(()) if self.faults && self.rng.one_in(200) => doubted = true,
                        Ok(()) => {
                            *self.digest.changes.entry(change.event.as_str()).or_insert(0) += 1
                        }
                        Err(Refused::Deposed) => return self.depose(i),
                        Err(Refused::Conflict) => doubted = true,
                    }
                }
                Action::Send { session, message } => {
                    let to = self
                        .workers
                        .iter_mut()
                        .find(|worker| worker.session == session && worker.leader == Some(i));
                    if let Some(worker) = to {
                        worker.inbox.push_back(message);
                    }
                }
                Action::FindBoundary { range, scope, count, .. } => {
                    self.leaders[i].asked.push_back((range, scope, count));
                }
                Action::EndSession { session, .. } => {
                    let ended = self
                        .workers
                        .iter_mut()
                        .find(|worker| worker.session == session && worker.leader == Some(i));
                    if let Some(worker) = ended {
                        worker.disconnect();
                    }
                }
                // Where a finished range is open again, the database went back in time.
                Action::CheckDone { .. } => {
                    let is_open = |range: &RangeSnapshot| range.state != RangeState::Done;
                    doubted |= self.db.ranges.values().any(is_open);
                }
            }
        }
        if doubted {
            self.doubt(i);
        }
    }

    fn check(&mut self) -> Result<(), String> {
        self.db.check()?;
        for range in self.db.ranges.values() {
            let before = self.epochs.insert(range.range, range.epoch);
            if before.is_some_and(|epoch| epoch > range.epoch) {
                return Err(format!("the epoch of range {} fell", range.range));
            }
        }
        if self.barrier.is_some_and(|barrier| barrier < self.db.committed.len()) {
            return Err("something was committed after a pause was acknowledged".to_owned());
        }
        // A worker that drained goes home.
        self.workers.retain(|worker| {
            !(worker.draining && worker.leases.is_empty() && worker.outbox.is_empty())
        });
        if self.workers.is_empty() {
            self.hire();
        }
        Ok(())
    }
}

//! The lease table: an event and the time in, changes and actions out.

mod ceiling;
mod hand_out;
mod questions;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use xmlx_domain::{
    JobId, JobState, Lease, LeaseKey, Progress, RangeEvent, RangeId, RangeState, SessionId,
    SessionState, leases_max,
};

use crate::event::{Action, Event, JobSnapshot, Message};
use crate::job::Job;
use crate::range::Range;
use crate::session::Session;
use crate::{Limits, Timestamp};

const GONE: &str = "its owner is gone";
/// A boundary that could not be found is looked for again after this time.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// All jobs, ranges and sessions that one leader knows of. See [`LeaseTable::apply`].
#[derive(Clone, Debug)]
pub struct LeaseTable {
    limits: Limits,
    jobs: BTreeMap<JobId, Job>,
    /// Jobs that are to be loaded again, with what has happened to them meanwhile.
    doubted: BTreeMap<JobId, Doubted>,
    sessions: BTreeMap<SessionId, Session>,
    /// No more sessions than this hold leases at once.
    workers_max: Option<usize>,
    /// Leases of sessions that are not here are revoked from then on.
    orphans_from: Timestamp,
}

/// A job of which table and database may differ.
#[derive(Clone, Debug)]
struct Doubted {
    /// What was known of it; `None`: nothing.
    job: Option<Job>,
    events: Vec<Event>,
}

impl LeaseTable {
    /// An empty table of a leader that took over at `now`.
    #[must_use]
    pub fn new(limits: Limits, now: Timestamp) -> Self {
        let orphans_from = now.after(limits.reattach_grace);
        Self {
            limits,
            jobs: BTreeMap::new(),
            doubted: BTreeMap::new(),
            sessions: BTreeMap::new(),
            workers_max: None,
            orphans_from,
        }
    }

    /// Applies one event. This is the only way the table changes.
    pub fn apply(&mut self, event: Event, now: Timestamp) -> Vec<Action> {
        // A worker repeats what it wishes behind every heartbeat: leases are handed out then, and not twice.
        let is_beat = matches!(event, Event::Beat { .. });
        let mut actions = match event.job().and_then(|job| self.doubted.get_mut(&job)) {
            Some(doubted) => {
                doubted.events.push(event);
                Vec::new()
            }
            None => self.take_in(event, now),
        };
        if !is_beat {
            actions.extend(self.hand_out(now));
        }
        actions.extend(self.checks());
        actions
    }

    fn take_in(&mut self, event: Event, now: Timestamp) -> Vec<Action> {
        match event {
            Event::JobLoaded(snapshot) => self.load(snapshot, now),
            Event::JobDoubted { job } => self.doubt(job),
            Event::RangeAdded { job, range, scope, waiting } => {
                if let Some(job) = self.jobs.get_mut(&job) {
                    job.add(range, scope, waiting);
                }
                Vec::new()
            }
            Event::JobMoved { job, state } => self.move_job(job, state),
            Event::Counted { job, total } => self.count(job, total),
            Event::Joined { session, slots, held, protocol } => {
                self.join(session, (slots, protocol), &held, now)
            }
            Event::Beat { session, progress } => self.beat(&session, &progress, now),
            Event::Asked { session, credits } => self.ask(&session, credits),
            Event::Finished { session, lease, apps, elapsed } => {
                self.finish(&session, lease, apps, elapsed)
            }
            Event::Released { session, lease, committed_through, backoff } => {
                self.release(&session, lease, committed_through, now.after(backoff))
            }
            Event::Broke { session } => self.broke(&session, now),
            Event::Left { session } => self.end_session(&session, SessionState::Left),
            Event::DrainAsked { session } => self.drain(session),
            Event::Found { job, range, boundary } => self.found(job, range, boundary, now),
            Event::WorkersLimited { workers_max } => {
                self.workers_max = workers_max;
                self.revoke_surplus()
            }
            Event::Ticked => self.tick(now),
        }
    }

    fn known(&self, job: JobId) -> Option<&Job> {
        self.jobs.get(&job).or_else(|| self.doubted.get(&job)?.job.as_ref())
    }

    /// All jobs, those in doubt as they were.
    fn all_known(&self) -> impl Iterator<Item = &Job> {
        self.jobs.values().chain(self.doubted.values().filter_map(|doubted| doubted.job.as_ref()))
    }

    fn doubt(&mut self, id: JobId) -> Vec<Action> {
        let job = self.jobs.remove(&id);
        self.doubted.entry(id).or_insert(Doubted { job, events: Vec::new() });
        Vec::new()
    }

    /// Takes a job in as the database has it, and then what has happened since it was doubted: the database may have
    /// been read before that, or after.
    fn load(&mut self, snapshot: JobSnapshot, now: Timestamp) -> Vec<Action> {
        let id = snapshot.job;
        let doubted = self.doubted.remove(&id);
        let (old, events) = doubted.map_or_else(
            || (self.jobs.remove(&id), Vec::new()),
            |doubted| (doubted.job, doubted.events),
        );
        let mut actions = self.replace(old.as_ref(), snapshot, now);
        actions.extend(events.into_iter().flat_map(|event| self.take_in(event, now)));
        actions
    }

    /// After a failed save nobody knows which grants went out: what a session here holds is told to
    /// it again, and it ignores what it has.
    fn replace(&mut self, old: Option<&Job>, snapshot: JobSnapshot, now: Timestamp) -> Vec<Action> {
        let (id, state) = (snapshot.job, snapshot.state);
        let mut job = Job::from_snapshot(snapshot, self.limits.apps_max, now);
        if let Some(old) = old {
            job.ranges.remember(&old.ranges);
        }
        if state != JobState::Running {
            self.jobs.insert(id, job);
            return self.move_job(id, state);
        }
        let mut actions = Vec::new();
        for owner in job.ranges.owners() {
            if self.sessions.get(owner).is_some_and(|session| !session.broken) {
                actions.extend(job.leases_of(id, owner).map(|lease| {
                    let message = Message::Grant(lease);
                    Action::Send { session: owner.clone(), message }
                }));
            }
        }
        self.jobs.insert(id, job);
        actions
    }

    /// Leaving `Running` is a barrier: every lease is revoked before the answer goes out.
    fn move_job(&mut self, id: JobId, state: JobState) -> Vec<Action> {
        let Some(job) = self.jobs.get_mut(&id) else { return Vec::new() };
        job.state = state;
        job.checked = false;
        let leased: Vec<RangeId> = job.ranges.leased().map(|(range, _)| range).collect();
        let reason = match state {
            JobState::Running => return Vec::new(),
            JobState::Paused => "the job is paused",
            JobState::Done | JobState::Failed | JobState::Cancelled => "the job has ended",
        };
        let revoked = leased.into_iter();
        let actions =
            revoked.flat_map(|range| self.revoke(id, range, RangeEvent::Revoked, reason)).collect();
        if !state.is_open() {
            self.jobs.remove(&id);
        }
        actions
    }

    fn count(&mut self, id: JobId, total: u64) -> Vec<Action> {
        if let Some(job) = self.jobs.get_mut(&id) {
            job.total = Some(total);
        }
        Vec::new()
    }

    /// A session presents what it holds and keeps what is still its own.
    fn join(
        &mut self,
        id: SessionId,
        (slots, protocol): (u32, u32),
        held: &[Lease],
        now: Timestamp,
    ) -> Vec<Action> {
        let mut actions = Vec::new();
        for lease in held {
            let LeaseKey { job, range, epoch } = lease.key;
            if self.is_doubted(job) {
                continue;
            }
            let ours = self.jobs.get(&job).and_then(|known| known.ranges.get(range));
            if !ours.is_some_and(|known| known.held_by(&id, epoch)) {
                let message = Message::Revoke { lease: *lease, reason: "the lease has moved on" };
                actions.push(Action::Send { session: id.clone(), message });
            }
        }
        // What the table has as its own and the session does not present was never received.
        for ours in self.all_leases_of(&id) {
            if !held.iter().any(|lease| lease.key == ours.key) {
                let reason = "not presented at a reconnect";
                let LeaseKey { job, range, .. } = ours.key;
                actions.extend(self.revoke(job, range, RangeEvent::Revoked, reason));
            }
        }
        let session = self
            .sessions
            .entry(id.clone())
            .or_insert_with(|| Session::new(slots, protocol, now, &self.limits));
        if session.draining {
            // The order may have been lost with the stream before.
            actions.push(Action::Send { session: id, message: Message::Drain });
        }
        session.broken = false;
        session.credits = 0;
        session.protocol = protocol;
        session.lost_at = now.after(self.limits.lost_after);
        actions
    }

    fn beat(&mut self, id: &SessionId, progress: &[Progress], now: Timestamp) -> Vec<Action> {
        let Some(session) = self.sessions.get_mut(id) else { return Vec::new() };
        if !session.broken {
            session.lost_at = now.after(self.limits.lost_after);
        }
        let reading_max = self.limits.reading_max;
        for reported in progress {
            let LeaseKey { job, range, epoch } = reported.lease.key;
            let Some(job) = self.jobs.get_mut(&job) else { continue };
            let has_moved = job.ranges.edit(range, |range| {
                range.held_by(id, epoch) && range.progress(reported, reading_max, now)
            });
            if has_moved == Some(true) {
                session.rests_until = Timestamp::default();
            }
        }
        Vec::new()
    }

    /// Counts leases already on their way to the session, so that a stale request is not granted twice.
    fn ask(&mut self, id: &SessionId, credits: u32) -> Vec<Action> {
        let jobs = self.all_known().map(|job| &job.ranges);
        let promised: usize =
            jobs.map(|ranges| ranges.n_held_by(id) + ranges.n_promised_to(id)).sum();
        let promised = u32::try_from(promised).unwrap_or(u32::MAX);
        if let Some(session) = self.sessions.get_mut(id) {
            session.credits = credits.min(leases_max(session.slots).saturating_sub(promised));
        }
        Vec::new()
    }

    fn finish(
        &mut self,
        id: &SessionId,
        lease: LeaseKey,
        apps: u64,
        elapsed: Duration,
    ) -> Vec<Action> {
        if let Some(session) = self.sessions.get_mut(id) {
            session.measure(apps, elapsed);
            if apps > 0 {
                session.rests_until = Timestamp::default();
            }
        }
        let Some(job) = self.jobs.get_mut(&lease.job) else { return Vec::new() };
        if job.ranges.get(lease.range).is_some_and(|range| range.held_by(id, lease.epoch)) {
            job.decided = job.decided.saturating_add(apps);
            job.checked = false;
            // The database has it already: this is news, not a change to save.
            job.ranges.remove(lease.range);
        }
        Vec::new()
    }

    fn release(
        &mut self,
        id: &SessionId,
        lease: LeaseKey,
        committed_through: i64,
        rests_until: Timestamp,
    ) -> Vec<Action> {
        let Some(job) = self.jobs.get_mut(&lease.job) else { return Vec::new() };
        if !job.ranges.get(lease.range).is_some_and(|range| range.held_by(id, lease.epoch)) {
            return Vec::new();
        }
        job.ranges.edit(lease.range, |range| {
            let committed_through = committed_through.min(range.hi - 1);
            range.committed_through = range.committed_through.max(committed_through);
            range.rests_until = rests_until;
        });
        let change = job.close(lease.job, lease.range, RangeEvent::Released, RangeState::Pending);
        vec![Action::Save(change)]
    }

    fn broke(&mut self, id: &SessionId, now: Timestamp) -> Vec<Action> {
        if let Some(session) = self.sessions.get_mut(id) {
            session.broken = true;
            session.credits = 0;
            session.lost_at = session.lost_at.min(now.after(self.limits.broken_after));
        }
        Vec::new()
    }

    fn drain(&mut self, id: SessionId) -> Vec<Action> {
        let Some(session) = self.sessions.get_mut(&id) else { return Vec::new() };
        session.draining = true;
        vec![Action::Send { session: id, message: Message::Drain }]
    }

    fn tick(&mut self, now: Timestamp) -> Vec<Action> {
        let lost = self.sessions.iter().filter(|(_, session)| session.lost_at <= now);
        let lost: Vec<(SessionId, SessionState)> = lost
            .map(|(id, session)| {
                (id.clone(), if session.broken { SessionState::Lost } else { SessionState::Silent })
            })
            .collect();
        let mut actions = Vec::new();
        for (session, ended) in lost {
            actions.extend(self.end_session(&session, ended));
        }
        if self.orphans_from <= now {
            actions.extend(self.revoke_orphans());
        }
        actions.extend(self.revoke_stalled(now));
        actions.extend(self.revoke_surplus());
        actions
    }

    fn revoke_orphans(&mut self) -> Vec<Action> {
        let owners = self.jobs.values().flat_map(|job| job.ranges.owners());
        let gone = owners.filter(|owner| !self.sessions.contains_key(*owner));
        let gone: BTreeSet<SessionId> = gone.cloned().collect();
        gone.iter().flat_map(|owner| self.revoke_all(owner, RangeEvent::Lost, GONE)).collect()
    }

    /// The heartbeat says that the process lives; this is for what hangs inside of it. Others go first for a while, if
    /// there are any that can.
    fn revoke_stalled(&mut self, now: Timestamp) -> Vec<Action> {
        let after = self.limits.stalled_after;
        let mut stalled = Vec::new();
        for (&id, job) in &self.jobs {
            let leases =
                job.ranges.leased().filter(|(_, range)| range.moved_at.after(after) <= now);
            let stands = leases.filter(|(_, range)| !self.waits_for_a_slot(range));
            stalled.extend(stands.map(|(range, lease)| (id, range, lease.owner().cloned())));
        }
        let mut actions = Vec::new();
        for (job, range, owner) in stalled {
            if let Some(session) = owner.and_then(|owner| self.sessions.get_mut(&owner)) {
                session.rests_until = now.after(after);
            }
            actions.extend(self.revoke(
                job,
                range,
                RangeEvent::Stalled,
                "it has got nowhere for too long",
            ));
        }
        actions
    }

    /// A lease that is held ready, while each slot works on another one, has no progress to show.
    fn waits_for_a_slot(&self, range: &Range) -> bool {
        let busy = |owner: &SessionId| {
            let jobs = self.all_known();
            let begun = jobs.map(|job| job.ranges.n_begun_by(owner)).sum::<usize>();
            begun >= self.slots_of(owner)
        };
        !range.is_begun() && range.owner().is_some_and(busy)
    }

    fn end_session(&mut self, id: &SessionId, ended: SessionState) -> Vec<Action> {
        if self.sessions.remove(id).is_none() {
            return Vec::new();
        }
        let mut actions = vec![Action::EndSession { session: id.clone(), ended }];
        let event = match ended {
            SessionState::Lost | SessionState::Silent => RangeEvent::Lost,
            SessionState::Active | SessionState::Left => RangeEvent::Revoked,
        };
        actions.extend(self.revoke_all(id, event, GONE));
        actions
    }

    fn revoke_all(
        &mut self,
        owner: &SessionId,
        event: RangeEvent,
        reason: &'static str,
    ) -> Vec<Action> {
        let leases = self.all_leases_of(owner);
        let revoked = leases.into_iter();
        revoked
            .flat_map(|lease| self.revoke(lease.key.job, lease.key.range, event, reason))
            .collect()
    }

    /// Takes a range away: durable first, then the owner is told, if it can be.
    fn revoke(
        &mut self,
        job_id: JobId,
        range_id: RangeId,
        event: RangeEvent,
        reason: &'static str,
    ) -> Vec<Action> {
        let job = self.jobs.get_mut(&job_id).expect("the caller found it");
        let range = job.ranges.get(range_id).expect("the caller found it");
        let Some(owner) = range.owner().cloned() else { return Vec::new() };
        let lease = range.lease(job_id, range_id);
        let change = job.close(job_id, range_id, event, RangeState::Pending);
        let mut actions = vec![Action::Save(change)];
        if self.sessions.contains_key(&owner) {
            actions
                .push(Action::Send { session: owner, message: Message::Revoke { lease, reason } });
        }
        actions
    }

    fn all_leases_of(&self, session: &SessionId) -> Vec<Lease> {
        self.jobs.iter().flat_map(|(&id, job)| job.leases_of(id, session)).collect()
    }

    fn checks(&mut self) -> Vec<Action> {
        let mut actions = Vec::new();
        for (&id, job) in &mut self.jobs {
            if job.state == JobState::Running && !job.checked && job.ranges.is_empty() {
                job.checked = true;
                actions.push(Action::CheckDone { job: id });
            }
        }
        actions
    }
}

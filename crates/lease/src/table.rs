//! The lease table: an event and the time in, changes and actions out.

mod hand_out;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::event::{Action, Event, JobSnapshot, Lease, Order, Progress};
use crate::job::{Job, JobState, Range, RangeState};
use crate::session::Session;
use crate::{JobId, Limits, RangeId, SessionId, Timestamp};

/// A lease that was taken away; and one whose owner was lost, perhaps through an application in it.
const REVOKED: &str = "revoked";
const LOST: &str = "lost";
/// Leases that a worker holds beside one per slot, so that no slot waits for the coordinator.
const PREFETCHED: u32 = 1;
/// A boundary that could not be found is looked for again after this time.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// All jobs, ranges and sessions that one leader knows of. See [`LeaseTable::apply`].
#[derive(Debug)]
pub struct LeaseTable {
    limits: Limits,
    jobs: BTreeMap<JobId, Job>,
    sessions: BTreeMap<SessionId, Session>,
    /// Leases of sessions that are not here are revoked from then on.
    orphans_from: Timestamp,
}

impl LeaseTable {
    /// An empty table of a leader that took over at `now`.
    #[must_use]
    pub fn new(limits: Limits, now: Timestamp) -> Self {
        let orphans_from = now.after(limits.reattach_grace);
        Self { limits, jobs: BTreeMap::new(), sessions: BTreeMap::new(), orphans_from }
    }

    /// Applies one event. This is the only way the table changes.
    pub fn apply(&mut self, event: Event, now: Timestamp) -> Vec<Action> {
        let mut actions = match event {
            Event::JobLoaded(snapshot) => self.load(snapshot),
            Event::JobMoved { job, state } => self.move_job(job, state),
            Event::Counted { job, total } => self.count(job, total),
            Event::Joined { session, slots, held } => self.join(session, slots, &held, now),
            Event::Beat { session, progress } => self.beat(&session, &progress, now),
            Event::Asked { session, credits } => self.ask(&session, credits),
            Event::Finished { session, lease, apps, elapsed } => {
                self.finish(&session, lease, apps, elapsed)
            }
            Event::Released { session, lease, committed_through, backoff } => {
                self.release(&session, lease, committed_through, now.after(backoff))
            }
            Event::Broke { session } => self.broke(&session, now),
            Event::Left { session } => self.end_session(&session, "left"),
            Event::DrainAsked { session } => self.drain(session),
            Event::Found { job, range, boundary } => self.found(job, range, boundary, now),
            Event::Ticked => self.tick(now),
        };
        actions.extend(self.hand_out(now));
        actions.extend(self.checks());
        actions
    }

    /// Whether the session is known.
    #[must_use]
    pub fn knows(&self, session: &SessionId) -> bool {
        self.sessions.contains_key(session)
    }

    /// Whether the table thinks that the job has not ended.
    #[must_use]
    pub fn is_open(&self, job: JobId) -> bool {
        self.jobs.get(&job).is_some_and(|it| it.state != JobState::Ended)
    }

    /// The highest range id of the job; `None` where it is not known.
    #[must_use]
    pub fn last_range(&self, job: JobId) -> Option<RangeId> {
        self.jobs.get(&job).map(|it| it.last_range)
    }

    /// How many leases the session holds.
    #[must_use]
    pub fn leases_of(&self, session: &SessionId) -> usize {
        let ranges = self.jobs.values().flat_map(|job| job.ranges.values());
        ranges.filter(|it| it.held_by_session(session)).count()
    }

    /// Whether the session is being drained.
    #[must_use]
    pub fn is_draining(&self, session: &SessionId) -> bool {
        self.sessions.get(session).is_some_and(|it| it.draining)
    }

    /// After a failed save nobody knows which grants went out: what a session here holds is told to
    /// it again, and it ignores what it has.
    fn load(&mut self, snapshot: JobSnapshot) -> Vec<Action> {
        let (id, state) = (snapshot.job, snapshot.state);
        let job = Job::from_snapshot(snapshot);
        if state != JobState::Running {
            self.jobs.insert(id, job);
            return self.move_job(id, state);
        }
        let mut actions = Vec::new();
        for (&range_id, range) in &job.ranges {
            if let RangeState::Leased(owner) = &range.state
                && self.sessions.get(owner).is_some_and(|it| !it.broken)
            {
                let order = Order::Grant(range.lease(id, range_id));
                actions.push(Action::Send { session: owner.clone(), order });
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
        let leased = job.ranges.iter().filter(|(_, it)| it.is_leased());
        let leased: Vec<RangeId> = leased.map(|(&it, _)| it).collect();
        let reason = match state {
            JobState::Running => return Vec::new(),
            JobState::Paused => "the job is paused",
            JobState::Ended => "the job has ended",
        };
        leased.into_iter().flat_map(|range| self.revoke(id, range, REVOKED, reason)).collect()
    }

    fn count(&mut self, id: JobId, total: u64) -> Vec<Action> {
        if let Some(job) = self.jobs.get_mut(&id) {
            job.total = Some(total);
        }
        Vec::new()
    }

    /// A session presents what it holds and keeps what is still its own.
    fn join(&mut self, id: SessionId, slots: u32, held: &[Lease], now: Timestamp) -> Vec<Action> {
        let mut actions = Vec::new();
        for lease in held {
            let ours = self.jobs.get(&lease.job).and_then(|it| it.ranges.get(&lease.range));
            if !ours.is_some_and(|it| it.held_by(&id, lease.epoch)) {
                let order = Order::Revoke { lease: *lease, reason: "the lease has moved on" };
                actions.push(Action::Send { session: id.clone(), order });
            }
        }
        // What the table has as its own and the session does not present was never received.
        for (job, range) in self.ranges_of(&id) {
            let lease = self.jobs[&job].ranges[&range].lease(job, range);
            if !held.iter().any(|it| it.range == range && it.job == job && it.epoch == lease.epoch)
            {
                actions.extend(self.revoke(job, range, REVOKED, "not presented at a reconnect"));
            }
        }
        let session = self
            .sessions
            .entry(id.clone())
            .or_insert_with(|| Session::new(slots, now, &self.limits));
        if session.draining {
            // The order may have been lost with the stream before.
            actions.push(Action::Send { session: id, order: Order::Drain });
        }
        session.broken = false;
        session.credits = 0;
        session.lost_at = now.after(self.limits.lost_after);
        actions
    }

    fn beat(&mut self, id: &SessionId, progress: &[Progress], now: Timestamp) -> Vec<Action> {
        let Some(session) = self.sessions.get_mut(id) else { return Vec::new() };
        if !session.broken {
            session.lost_at = now.after(self.limits.lost_after);
        }
        for it in progress {
            let range = self
                .jobs
                .get_mut(&it.lease.job)
                .and_then(|job| job.ranges.get_mut(&it.lease.range));
            if let Some(range) = range.filter(|range| range.held_by(id, it.lease.epoch)) {
                range.committed_through = range.committed_through.max(it.committed_through);
                range.claimed_through = range.claimed_through.max(it.claimed_through);
                range.apps_done = it.apps;
            }
        }
        Vec::new()
    }

    /// What is on its way to the session counts: an old wish that was read late is none any more.
    fn ask(&mut self, id: &SessionId, credits: u32) -> Vec<Action> {
        let ranges = self.jobs.values().flat_map(|it| it.ranges.values());
        let promised = |it: &&Range| {
            it.held_by_session(id) || (it.is_pending() && it.cutting_for.as_ref() == Some(id))
        };
        let promised = u32::try_from(ranges.filter(promised).count()).unwrap_or(u32::MAX);
        if let Some(session) = self.sessions.get_mut(id) {
            session.credits = credits.min((session.slots + PREFETCHED).saturating_sub(promised));
        }
        Vec::new()
    }

    fn finish(
        &mut self,
        id: &SessionId,
        lease: Lease,
        apps: u64,
        elapsed: Duration,
    ) -> Vec<Action> {
        if let Some(session) = self.sessions.get_mut(id) {
            session.measure(apps, elapsed);
        }
        let Some(job) = self.jobs.get_mut(&lease.job) else { return Vec::new() };
        job.decided += apps;
        job.checked = false;
        // The database has it already: this is news, not a change to save.
        if job.ranges.get(&lease.range).is_some_and(|it| it.held_by(id, lease.epoch)) {
            job.ranges.remove(&lease.range);
        }
        Vec::new()
    }

    fn release(
        &mut self,
        id: &SessionId,
        lease: Lease,
        committed_through: i64,
        rests_until: Timestamp,
    ) -> Vec<Action> {
        let Some(job) = self.jobs.get_mut(&lease.job) else { return Vec::new() };
        let Some(range) = job.ranges.get_mut(&lease.range) else { return Vec::new() };
        if !range.held_by(id, lease.epoch) {
            return Vec::new();
        }
        range.committed_through = range.committed_through.max(committed_through);
        range.rests_until = rests_until;
        let change =
            job.move_to(lease.job, lease.range, "released", RangeState::Pending, lease.epoch);
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
        vec![Action::Send { session: id, order: Order::Drain }]
    }

    fn tick(&mut self, now: Timestamp) -> Vec<Action> {
        let lost = self.sessions.iter().filter(|(_, it)| it.lost_at <= now);
        let lost: Vec<SessionId> = lost.map(|(id, _)| id.clone()).collect();
        let mut actions = Vec::new();
        for session in lost {
            actions.extend(self.end_session(&session, LOST));
        }
        if self.orphans_from <= now {
            actions.extend(self.revoke_orphans());
        }
        actions
    }

    fn revoke_orphans(&mut self) -> Vec<Action> {
        let mut orphans = Vec::new();
        for (&job_id, job) in &self.jobs {
            for (&range_id, range) in &job.ranges {
                if matches!(&range.state, RangeState::Leased(it) if !self.sessions.contains_key(it))
                {
                    orphans.push((job_id, range_id));
                }
            }
        }
        orphans
            .into_iter()
            .flat_map(|(job, range)| self.revoke(job, range, LOST, "its owner is gone"))
            .collect()
    }

    fn end_session(&mut self, id: &SessionId, reason: &'static str) -> Vec<Action> {
        if self.sessions.remove(id).is_none() {
            return Vec::new();
        }
        let mut actions = vec![Action::EndSession { session: id.clone(), reason }];
        let event = if reason == LOST { LOST } else { REVOKED };
        for (job, range) in self.ranges_of(id) {
            actions.extend(self.revoke(job, range, event, "its owner is gone"));
        }
        actions
    }

    /// Takes a range away: durable first, then the owner is told, if it can be.
    fn revoke(
        &mut self,
        job_id: JobId,
        range_id: RangeId,
        event: &'static str,
        reason: &'static str,
    ) -> Vec<Action> {
        let job = self.jobs.get_mut(&job_id).expect("the caller found it");
        let range = &job.ranges[&range_id];
        let RangeState::Leased(owner) = range.state.clone() else { return Vec::new() };
        let lease = range.lease(job_id, range_id);
        let change = job.move_to(job_id, range_id, event, RangeState::Pending, lease.epoch.next());
        let mut actions = vec![Action::Save(change)];
        if self.sessions.contains_key(&owner) {
            actions.push(Action::Send { session: owner, order: Order::Revoke { lease, reason } });
        }
        actions
    }

    fn ranges_of(&self, session: &SessionId) -> Vec<(JobId, RangeId)> {
        let mut found = Vec::new();
        for (&job_id, job) in &self.jobs {
            for (&range_id, range) in &job.ranges {
                if range.held_by_session(session) {
                    found.push((job_id, range_id));
                }
            }
        }
        found
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

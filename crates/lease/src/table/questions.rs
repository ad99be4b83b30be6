//! What the table can be asked. None of it changes anything.

use std::time::Duration;

use xmlx_domain::{JobId, JobState, LeaseKey, RangeId, SessionId};

use crate::Timestamp;
use crate::event::{Event, Wait};
use crate::table::LeaseTable;

impl LeaseTable {
    /// Whether the session is known.
    #[must_use]
    pub fn knows(&self, session: &SessionId) -> bool {
        self.sessions.contains_key(session)
    }

    /// What the table thinks that the job is doing; `None` where it is not known or has ended.
    #[must_use]
    pub fn state(&self, job: JobId) -> Option<JobState> {
        let doubted = self.doubted.get(&job);
        let moved =
            doubted.and_then(|doubted| doubted.events.iter().rev().find_map(Event::moves_to));
        let state = moved.or_else(|| self.known(job).map(|job| job.state));
        state.filter(|state| state.is_open())
    }

    /// Whether the session has that lease.
    #[must_use]
    pub fn holds(&self, session: &SessionId, lease: LeaseKey) -> bool {
        let range = self.known(lease.job).and_then(|job| job.ranges.get(lease.range));
        range.is_some_and(|range| range.held_by(session, lease.epoch))
    }

    /// Whether the session has a lease of the job.
    #[must_use]
    pub fn holds_any(&self, session: &SessionId, job: JobId) -> bool {
        self.known(job).is_some_and(|job| job.ranges.n_held_by(session) > 0)
    }

    /// Whether it is known how many applications the job has.
    #[must_use]
    pub fn is_counted(&self, job: JobId) -> bool {
        self.known(job).is_some_and(|job| job.total.is_some())
    }

    /// Whether the job has to be loaded again.
    #[must_use]
    pub fn is_doubted(&self, job: JobId) -> bool {
        self.doubted.contains_key(&job)
    }

    /// The highest range id of the job; `None` where it is not known.
    #[must_use]
    pub fn last_range(&self, job: JobId) -> Option<RangeId> {
        self.known(job).map(|job| job.last_range)
    }

    /// Running jobs of which nothing has moved for `after`, with what each waits for and for how long.
    pub fn standing(
        &self,
        after: Duration,
        now: Timestamp,
    ) -> impl Iterator<Item = (JobId, Wait, Duration)> {
        let here =
            self.sessions.values().filter(|known| known.stays()).map(|known| known.protocol).max();
        let running = self.jobs.iter().filter(|(_, job)| job.state == JobState::Running);
        running.filter_map(move |(&id, job)| {
            let (what, so_long) = job.standing(here, now)?;
            (so_long >= after).then_some((id, what, so_long))
        })
    }

    /// How many leases the session holds.
    #[must_use]
    pub fn leases_of(&self, session: &SessionId) -> usize {
        self.all_known().map(|job| job.ranges.n_held_by(session)).sum()
    }

    /// Whether the session is being drained.
    #[must_use]
    pub fn is_draining(&self, session: &SessionId) -> bool {
        self.sessions.get(session).is_some_and(|session| session.draining)
    }
}

//! What this process holds, for the heartbeat to read and the pipelines to write.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use xmlx_domain::{Lease, LeaseKey, Progress};
use xmlx_runtime::Clock;

use crate::metrics::METRICS;

/// Shared between the session's thread and the pipelines. Its lock is held for a few instructions only.
#[derive(Debug)]
pub(crate) struct Board {
    /// The most leases to hold; 0 once nothing new is taken.
    leases_max: AtomicU32,
    held: Mutex<BTreeMap<LeaseKey, Held>>,
    apps_done: AtomicU64,
    clock: Clock,
}

#[derive(Debug)]
struct Held {
    /// How far it has come; for how long it has been reading is filled in when somebody asks.
    progress: Progress,
    /// Since when the next applications are being read.
    reading_since: Option<Duration>,
    revoked: CancellationToken,
}

impl Held {
    fn progress(&self, now: Duration) -> Progress {
        let reading = self.reading_since.map(|since| now.saturating_sub(since));
        Progress { reading, ..self.progress }
    }
}

impl Board {
    /// A board for at most `leases_max` leases.
    pub(crate) fn new(leases_max: u32) -> Self {
        Self {
            leases_max: AtomicU32::new(leases_max),
            held: Mutex::default(),
            apps_done: AtomicU64::new(0),
            clock: Clock::start(),
        }
    }

    /// Nothing new is taken from now on.
    pub(crate) fn close(&self) {
        self.leases_max.store(0, Ordering::Relaxed);
    }

    /// How many more leases can be taken.
    pub(crate) fn credits(&self) -> u32 {
        let held = u32::try_from(self.lock().len()).unwrap_or(u32::MAX);
        self.leases_max.load(Ordering::Relaxed).saturating_sub(held)
    }

    /// Takes a lease on. One that is held already stays as it is.
    pub(crate) fn hold(&self, lease: Lease) {
        let new = || Held {
            progress: Progress::none(lease),
            reading_since: None,
            revoked: CancellationToken::new(),
        };
        let mut held = self.lock();
        held.entry(lease.key).or_insert_with(new);
        METRICS.leases.set(i64::try_from(held.len()).unwrap_or(i64::MAX));
    }

    /// Cancelled once the lease is revoked. What is not held is as good as revoked.
    pub(crate) fn revocation(&self, key: LeaseKey) -> CancellationToken {
        let known = self.lock().get(&key).map(|held| held.revoked.clone());
        known.unwrap_or_else(|| {
            let revoked = CancellationToken::new();
            revoked.cancel();
            revoked
        })
    }

    /// The lease is gone: its pipeline stops after what it has in hand.
    pub(crate) fn revoke(&self, key: LeaseKey) {
        if let Some(held) = self.lock().get(&key) {
            held.revoked.cancel();
        }
    }

    /// The lease ends at `at` now.
    pub(crate) fn cut(&self, key: LeaseKey, at: i64) {
        if let Some(held) = self.lock().get_mut(&key) {
            let scope = &mut held.progress.lease.scope;
            scope.hi = scope.hi.min(at);
        }
    }

    /// Where the lease ends by now; `hi` where it is not held any more.
    pub(crate) fn end_of(&self, key: LeaseKey, hi: i64) -> i64 {
        self.lock().get(&key).map_or(hi, |held| held.progress.lease.scope.hi.min(hi))
    }

    /// The next applications of the lease are read from now on, which may take long where many ids are decided already.
    pub(crate) fn reads(&self, key: LeaseKey) {
        let now = self.clock.now();
        if let Some(held) = self.lock().get_mut(&key) {
            held.reading_since = Some(now);
        }
    }

    /// The read that was begun has ended.
    pub(crate) fn has_read(&self, key: LeaseKey) {
        if let Some(held) = self.lock().get_mut(&key) {
            held.reading_since = None;
        }
    }

    /// Every application of the lease at or below has been fetched.
    pub(crate) fn claimed(&self, key: LeaseKey, through: i64) {
        if let Some(held) = self.lock().get_mut(&key) {
            held.progress.claimed_through = held.progress.claimed_through.max(through);
        }
    }

    /// Every application of the lease at or below is decided; `apps` of them just now.
    pub(crate) fn committed(&self, key: LeaseKey, through: i64, apps: usize) {
        let apps = u64::try_from(apps).unwrap_or(0);
        if let Some(held) = self.lock().get_mut(&key) {
            held.progress.committed_through = held.progress.committed_through.max(through);
            held.progress.apps += apps;
        }
        self.apps_done.fetch_add(apps, Ordering::Relaxed);
    }

    /// Lets go of a lease; how far it had come.
    pub(crate) fn drop_lease(&self, key: LeaseKey) -> Option<Progress> {
        let now = self.clock.now();
        let mut held = self.lock();
        let dropped = held.remove(&key).map(|dropped| dropped.progress(now));
        METRICS.leases.set(i64::try_from(held.len()).unwrap_or(i64::MAX));
        dropped
    }

    /// How far everything that is held has come.
    pub(crate) fn progress(&self) -> Vec<Progress> {
        let held = self.lock();
        let now = self.clock.now();
        held.values().map(|held| held.progress(now)).collect()
    }

    /// Applications decided by this process so far.
    pub(crate) fn apps_done(&self) -> u64 {
        self.apps_done.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<LeaseKey, Held>> {
        self.held.lock().expect("nobody panics while holding this lock")
    }
}

#[cfg(test)]
mod tests {
    use xmlx_domain::{Epoch, JobId, RangeId, Scope};

    use super::*;

    fn lease(range: i64, epoch: i64) -> Lease {
        let key = LeaseKey { job: JobId(1), range: RangeId(range), epoch: Epoch(epoch) };
        Lease { key, scope: Scope { lo: 100, hi: 200 } }
    }

    #[test]
    fn credits_are_what_is_not_held() {
        let board = Board::new(3);
        assert_eq!(board.credits(), 3);
        board.hold(lease(1, 1));
        board.hold(lease(2, 1));
        assert_eq!(board.credits(), 1);
        board.hold(lease(2, 1));
        assert_eq!(board.credits(), 1, "it is held already");
        board.hold(lease(2, 2));
        assert_eq!(board.credits(), 0, "under a later epoch it is another lease");
        board.hold(lease(3, 1));
        assert_eq!(board.credits(), 0, "more than was asked for is no negative number");
        assert!(board.drop_lease(lease(1, 1).key).is_some());
        assert!(board.drop_lease(lease(1, 1).key).is_none());
        assert!(board.drop_lease(lease(3, 1).key).is_some());
        assert_eq!(board.credits(), 1);
        board.close();
        assert_eq!(board.credits(), 0, "nothing new is taken");
        assert_eq!(board.progress().len(), 2, "what is held stays");
    }

    #[test]
    fn progress_only_ever_grows() {
        let (board, key) = (Board::new(1), lease(1, 1).key);
        board.hold(lease(1, 1));
        assert_eq!(board.progress(), [Progress::none(lease(1, 1))]);
        board.claimed(key, 120);
        board.claimed(key, 110);
        board.committed(key, 109, 4);
        board.committed(key, 105, 0);
        // A repeated grant does not begin anew.
        board.hold(lease(1, 1));
        let expected = Progress {
            claimed_through: 120,
            committed_through: 109,
            apps: 4,
            ..Progress::none(lease(1, 1))
        };
        assert_eq!(board.progress(), [expected]);
        assert_eq!(board.drop_lease(key), Some(expected));
        // A commit that is answered after its lease was dropped has decided applications all the same.
        board.committed(key, 119, 3);
        board.claimed(key, 119);
        assert_eq!((board.apps_done(), board.progress()), (7, Vec::new()));
    }

    #[test]
    fn a_lease_only_ever_ends_earlier() {
        let (board, key) = (Board::new(1), lease(1, 1).key);
        assert_eq!(board.end_of(key, 200), 200, "it is not held");
        board.hold(lease(1, 1));
        board.cut(key, 150);
        board.cut(key, 170);
        assert_eq!((board.end_of(key, 200), board.end_of(key, 140)), (150, 140));
        board.cut(lease(2, 1).key, 110);
        assert_eq!(board.end_of(key, 200), 150, "another lease was cut");
    }

    #[test]
    fn a_lease_is_revoked_by_itself() {
        let board = Board::new(2);
        board.hold(lease(1, 1));
        board.hold(lease(2, 1));
        let revoked = board.revocation(lease(1, 1).key);
        assert!(!revoked.is_cancelled());
        board.revoke(lease(2, 1).key);
        assert!(!revoked.is_cancelled());
        board.revoke(lease(1, 1).key);
        assert!(revoked.is_cancelled());
        assert!(board.revocation(lease(1, 2).key).is_cancelled(), "it is not held");
    }

    #[test]
    fn a_long_read_is_shown_while_it_lasts() {
        let (board, key) = (Board::new(1), lease(1, 1).key);
        board.hold(lease(1, 1));
        board.reads(key);
        assert!(board.progress()[0].reading.is_some());
        board.has_read(key);
        assert_eq!(board.progress()[0].reading, None);
        let reading = |since: Option<u64>, now| {
            let held = Held {
                progress: Progress::none(lease(1, 1)),
                reading_since: since.map(Duration::from_secs),
                revoked: CancellationToken::new(),
            };
            held.progress(Duration::from_secs(now)).reading.map(|reading| reading.as_secs())
        };
        assert_eq!(
            (reading(None, 9), reading(Some(4), 9), reading(Some(9), 4)),
            (None, Some(5), Some(0))
        );
    }
}

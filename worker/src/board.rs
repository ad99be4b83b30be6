//! What this process holds, for the heartbeat to read and the pipelines to write.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use xmlx_domain::{Lease, LeaseKey, Progress};
use xmlx_runtime::Clock;

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

    /// Takes a lease on; `None` where it is held already.
    pub(crate) fn take(&self, lease: Lease) -> Option<CancellationToken> {
        let mut held = self.lock();
        if held.contains_key(&lease.key) {
            return None;
        }
        let revoked = CancellationToken::new();
        let progress = Progress::none(lease);
        let entry = Held { progress, reading_since: None, revoked: revoked.clone() };
        held.insert(lease.key, entry);
        Some(revoked)
    }

    /// The lease is gone: its pipeline stops after what it has in hand.
    pub(crate) fn revoke(&self, key: LeaseKey) {
        if let Some(it) = self.lock().get(&key) {
            it.revoked.cancel();
        }
    }

    /// The lease ends at `at` now.
    pub(crate) fn cut(&self, key: LeaseKey, at: i64) {
        if let Some(it) = self.lock().get_mut(&key) {
            let scope = &mut it.progress.lease.scope;
            scope.hi = scope.hi.min(at);
        }
    }

    /// Where the lease ends by now; `hi` where it is not held any more.
    pub(crate) fn end_of(&self, key: LeaseKey, hi: i64) -> i64 {
        self.lock().get(&key).map_or(hi, |it| it.progress.lease.scope.hi.min(hi))
    }

    /// The next applications of the lease are read from now on, which may take long where many ids are decided already.
    pub(crate) fn reads(&self, key: LeaseKey) {
        let now = self.clock.now();
        if let Some(it) = self.lock().get_mut(&key) {
            it.reading_since = Some(now);
        }
    }

    /// The read that was begun has ended.
    pub(crate) fn has_read(&self, key: LeaseKey) {
        if let Some(it) = self.lock().get_mut(&key) {
            it.reading_since = None;
        }
    }

    /// Every application of the lease at or below has been fetched.
    pub(crate) fn claimed(&self, key: LeaseKey, through: i64) {
        if let Some(it) = self.lock().get_mut(&key) {
            it.progress.claimed_through = it.progress.claimed_through.max(through);
        }
    }

    /// Every application of the lease at or below is decided; `apps` of them just now.
    pub(crate) fn committed(&self, key: LeaseKey, through: i64, apps: usize) {
        let apps = u64::try_from(apps).unwrap_or(0);
        if let Some(it) = self.lock().get_mut(&key) {
            it.progress.committed_through = it.progress.committed_through.max(through);
            it.progress.apps += apps;
        }
        self.apps_done.fetch_add(apps, Ordering::Relaxed);
    }

    /// Lets go of a lease; how far it had come.
    pub(crate) fn drop_lease(&self, key: LeaseKey) -> Option<Progress> {
        let now = self.clock.now();
        self.lock().remove(&key).map(|it| it.progress(now))
    }

    /// How far everything that is held has come.
    pub(crate) fn progress(&self) -> Vec<Progress> {
        let held = self.lock();
        let now = self.clock.now();
        held.values().map(|it| it.progress(now)).collect()
    }

    /// Applications decided by this process so far.
    pub(crate) fn apps_done(&self) -> u64 {
        self.apps_done.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<LeaseKey, Held>> {
        self.held.lock().expect("nobody panics while holding this lock")
    }
}

//! How fast the server commits: groups of several sizes, by several sessions at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use xmlx_domain::ErrorClass;

use super::scratch::{RANGES, Scratch};
use crate::Error;

/// Applications of a group, and sessions that commit at once.
const TRIALS: [(u32, u32); 8] =
    [(1, 1), (10, 1), (100, 1), (100, 2), (100, 4), (100, 8), (500, 4), (500, 8)];
/// For how long each is measured.
const WINDOW: Duration = Duration::from_millis(1_500);
/// Ids of what is measured begin here, far from those of the trials.
const FIRST_ID: i64 = 1_000;

/// What was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// Applications of a commit; each has three rows and one of the log.
    pub group_apps: u32,
    /// Sessions that committed at once.
    pub slots: u32,
    /// Commits of all of them.
    pub commits_per_second: f64,
    /// Applications of all of them.
    pub apps_per_second: f64,
}

impl Scratch {
    /// Measures each size of groups with each number of sessions.
    pub(super) async fn measure(self) -> Result<Vec<Pace>, Error> {
        let scratch = Arc::new(self);
        let next_id = Arc::new(AtomicI64::new(FIRST_ID));
        let mut range = RANGES;
        let mut paces = Vec::with_capacity(TRIALS.len());
        for (group_apps, slots) in TRIALS {
            let n_commits = Arc::new(AtomicU64::new(0));
            let mut sessions = JoinSet::new();
            for _ in 0..slots {
                // Each trial has ranges of its own, whose cursors begin at 0.
                range -= 1;
                sessions.spawn(commit_on(
                    Arc::clone(&scratch),
                    range,
                    group_apps,
                    (Arc::clone(&next_id), Arc::clone(&n_commits)),
                ));
            }
            let ended = tokio::time::timeout(WINDOW, sessions.join_next()).await;
            if let Ok(Some(Ok(Err(err)))) = ended {
                return Err(err);
            }
            sessions.shutdown().await;
            let n_commits = u32::try_from(n_commits.load(Ordering::Relaxed)).unwrap_or(u32::MAX);
            let commits_per_second = f64::from(n_commits) / WINDOW.as_secs_f64();
            let apps_per_second = commits_per_second * f64::from(group_apps);
            paces.push(Pace { group_apps, slots, commits_per_second, apps_per_second });
        }
        Ok(paces)
    }
}

/// Commits group after group to a range. Ends with an error alone.
async fn commit_on(
    scratch: Arc<Scratch>,
    range: i64,
    group_apps: u32,
    (next_id, n_commits): (Arc<AtomicI64>, Arc<AtomicU64>),
) -> Result<(), Error> {
    let mut cursor = 0;
    loop {
        let n = i64::from(group_apps);
        let first = next_id.fetch_add(n, Ordering::Relaxed);
        let group: Vec<_> = (first..first + n).map(|id| scratch.application(id)).collect();
        match scratch.commit(range, cursor, 1, &group).await {
            Ok(()) => cursor = first + n - 1,
            // As a worker does, though without a pause: a deadlock costs its time.
            Err(err) if err.class() == ErrorClass::Transient => continue,
            Err(err) => return Err(err),
        }
        n_commits.fetch_add(1, Ordering::Relaxed);
    }
}

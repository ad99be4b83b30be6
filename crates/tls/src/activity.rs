//! Whether a connection is used, so that those that are not can be closed.
//!
//! Connections cost memory and a file descriptor, and whoever answers pings keeps one for as long as he likes. The
//! server says here which calls it lets through; a connection that has none for too long is over.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use xmlx_runtime::Clock;

/// Whoever has connected makes a call that is let through within this time. Programs call at once; strangers, who may
/// call nothing, are gone after it.
const FIRST_CALL: Duration = Duration::from_secs(15);
/// A connection between two calls is kept so long. A client that calls again later connects again by itself.
const BETWEEN_CALLS: Duration = Duration::from_secs(600);

/// The calls of one connection. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub struct Activity {
    clock: Clock,
    calls: Arc<Mutex<Calls>>,
}

#[derive(Debug, Default)]
struct Calls {
    under_way: usize,
    /// When the last call ended; `None`: there was none.
    ended: Option<Duration>,
}

/// A call that was let through, until dropped.
#[derive(Debug)]
pub struct Call(Activity);

impl Activity {
    /// Of a connection that begins now.
    pub(crate) fn start() -> Self {
        Self { clock: Clock::start(), calls: Arc::default() }
    }

    /// Says that a call was let through.
    #[must_use]
    pub fn begin(&self) -> Call {
        self.calls().under_way += 1;
        Call(self.clone())
    }

    /// Whether nobody would miss the connection.
    pub(crate) fn is_over(&self) -> bool {
        is_over(&self.calls(), self.clock.now())
    }

    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().expect("nobody panics while holding this lock")
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let now = self.0.clock.now();
        let mut calls = self.0.calls();
        calls.under_way -= 1;
        calls.ended = Some(now);
    }
}

/// `now`: since the connection began.
fn is_over(calls: &Calls, now: Duration) -> bool {
    let has_rested_since = calls.ended.map_or(FIRST_CALL, |ended| ended + BETWEEN_CALLS);
    calls.under_way == 0 && now > has_rested_since
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_over_when_nobody_would_miss_it() {
        for (under_way, ended, now, expected) in [
            (0, None, 15, false),
            (0, None, 16, true),
            (1, None, 86_400, false),
            (0, Some(20), 620, false),
            (0, Some(20), 621, true),
            (1, Some(20), 86_400, false),
        ] {
            let calls = Calls { under_way, ended: ended.map(Duration::from_secs) };
            assert_eq!(is_over(&calls, Duration::from_secs(now)), expected, "{calls:?} at {now}");
        }
    }

    #[test]
    fn calls_are_counted_until_they_are_dropped() {
        let activity = Activity::start();
        let (first, second) = (activity.begin(), activity.clone().begin());
        drop(first);
        assert_eq!(activity.calls().under_way, 1);
        assert!(!activity.is_over());
        drop(second);
        assert_eq!(activity.calls().under_way, 0);
        assert!(activity.calls().ended.is_some());
    }
}

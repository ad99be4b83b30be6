//! How fast a worker has been of late.

use std::collections::VecDeque;
use std::time::Duration;

/// The time that a shown rate is of: so long after its last application a worker is shown to do nothing.
const WINDOW_MS: u64 = 5_000;
/// Heartbeats that are kept; where they come faster than ten in a second, the rate is of a shorter time.
const BEATS_MAX: usize = 64;

/// The applications decided by the time of the latest heartbeats.
#[derive(Debug, Default)]
pub(super) struct Rate {
    beats: VecDeque<Beat>,
}

#[derive(Clone, Copy, Debug)]
struct Beat {
    at_ms: u64,
    apps_done: u64,
}

impl Rate {
    pub(super) fn beat(&mut self, at_ms: u64, apps_done: u64) {
        // One beat from before the window is its beginning.
        let is_old = |beat: Option<&Beat>| beat.is_some_and(|it| it.at_ms + WINDOW_MS <= at_ms);
        while is_old(self.beats.get(1)) || self.beats.len() >= BEATS_MAX {
            self.beats.pop_front();
        }
        self.beats.push_back(Beat { at_ms, apps_done });
    }

    /// Applications per second within the window that ends now. Of a worker that is not heard of it falls.
    pub(super) fn per_second(&self, now_ms: u64) -> f64 {
        let before = self.beats.iter().rev().find(|it| it.at_ms + WINDOW_MS <= now_ms);
        let first = before.or_else(|| self.beats.front());
        let (Some(first), Some(last)) = (first, self.beats.back()) else { return 0.0 };
        let apps = u32::try_from(last.apps_done.saturating_sub(first.apps_done));
        let seconds = Duration::from_millis(now_ms.saturating_sub(first.at_ms)).as_secs_f64();
        if seconds > 0.0 { f64::from(apps.unwrap_or(u32::MAX)) / seconds } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A worker that beats each second; it does 10 applications in each of the first ten seconds.
    fn after(seconds: u64) -> Rate {
        let mut rate = Rate::default();
        for second in 0..=seconds {
            rate.beat(second * 1_000, second.min(10) * 10);
        }
        rate
    }

    #[test]
    fn a_rate_is_of_the_last_seconds() {
        for (seconds, shown) in [(0, 0.0), (1, 10.0), (10, 10.0), (12, 6.0), (15, 0.0), (60, 0.0)] {
            let rate = after(seconds).per_second(seconds * 1_000);
            assert!((rate - shown).abs() < 0.01, "after {seconds} s: {rate}");
        }
    }

    #[test]
    fn silence_is_no_work() {
        let rate = after(10);
        assert!((rate.per_second(10_500) - 50.0 / 5.5).abs() < 0.01);
        assert!(rate.per_second(15_000) < 0.01, "nothing for five seconds");
        assert!(rate.per_second(60_000) < 0.01);
    }

    #[test]
    fn few_beats_are_kept() {
        let mut rate = Rate::default();
        for at in 0..10_000 {
            rate.beat(at, at);
        }
        assert!(rate.beats.len() <= BEATS_MAX);
        assert!((rate.per_second(9_999) - 1_000.0).abs() < 1.0);
        let slow = after(1_000);
        assert!(slow.beats.len() <= 7, "{slow:?}");
    }
}

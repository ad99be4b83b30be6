//! The only file that reads a clock: the wall clock for the database's time, the monotonic one for waits.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Ticks of 100 ns from 0001-01-01 to 1970-01-01.
const UNIX_EPOCH_TICKS: i64 = 719_162 * 86_400 * 10_000_000;

/// The time of now in UTC, in ticks of 100 ns since 0001-01-01.
#[allow(clippy::disallowed_methods, reason = "this is the file that may read the wall clock")]
pub(crate) fn utc_ticks() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let ticks = i64::try_from(since.as_nanos() / 100).unwrap_or(i64::MAX - UNIX_EPOCH_TICKS);
    UNIX_EPOCH_TICKS + ticks
}

/// The monotonic time of now.
#[allow(clippy::disallowed_methods, reason = "this is the file that may read the monotonic clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

//! Trying again, bounded: what passes by itself, or may, is waited for, everything else comes back at once.

use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};
use tokio_util::sync::CancellationToken;
use tracing::warn;
use xmlx_domain::ErrorClass;
use xmlx_store::Error;

use crate::metrics::METRICS;

/// Waits between tries begin with this and double. Up to as much again is added by chance, so that workers whose
/// statements met each other do not meet again.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The wait stops doubling here.
const PAUSE_MAX: Duration = Duration::from_millis(2_500);
/// After so many tries (about half a minute) the range is given back.
const TRIES_MAX: u32 = 10;
/// Tries of a commit that is not answered in time: the second one finds out whether the first took effect.
const TRIES_UNANSWERED: u32 = 2;
/// Tries of a commit on a server that gives no number: a lock timeout passes, a value that does not fit stays.
const TRIES_UNNAMED: u32 = 3;

/// Runs an attempt (an expression that makes a future) until it succeeds, fails for good, or has been
/// tried often enough. Statements here are reads or fenced writes: repeating one whose answer was
/// lost is safe. A macro, because a closure that lends its arguments to a future is not `Send`.
macro_rules! persist {
    ($stop:expr, $attempt:expr) => {
        persist!($stop, $crate::pipeline::retry::tries, $attempt)
    };
    ($stop:expr, $tries_max:expr, $attempt:expr) => {{
        let mut tries = $crate::pipeline::retry::Tries::new();
        loop {
            match $attempt.await {
                Ok(done) => break Ok(done),
                Err(err) => {
                    let tries_max = $tries_max(&err);
                    let again =
                        $crate::pipeline::retry::pause($stop, err, &mut tries, tries_max).await;
                    if let Err(err) = again {
                        break Err(err);
                    }
                }
            }
        }
    }};
}
pub(super) use persist;

/// How often a statement is tried that meets this error.
pub(super) fn tries(err: &Error) -> u32 {
    match err.class() {
        ErrorClass::Transient | ErrorClass::Ambiguous | ErrorClass::Unclear => TRIES_MAX,
        ErrorClass::Fenced | ErrorClass::Capacity | ErrorClass::Data | ErrorClass::Fatal => 1,
    }
}

/// The same for a commit, which can be taken apart instead.
pub(super) fn tries_of_a_commit(err: &Error) -> u32 {
    match err.class() {
        ErrorClass::Ambiguous if err.is_unanswered() => TRIES_UNANSWERED,
        ErrorClass::Unclear if err.is_unnamed() => TRIES_UNNAMED,
        ErrorClass::Unclear => 1,
        ErrorClass::Transient
        | ErrorClass::Ambiguous
        | ErrorClass::Fenced
        | ErrorClass::Capacity
        | ErrorClass::Data
        | ErrorClass::Fatal => tries(err),
    }
}

/// What has been tried in vain so far, and how long to wait before the next try.
#[derive(Debug)]
pub(super) struct Tries {
    n: u32,
    pauses: ExponentialBackoff,
}

impl Tries {
    pub(super) fn new() -> Self {
        let pauses = ExponentialBuilder::new()
            .with_min_delay(FIRST_PAUSE)
            .with_max_delay(PAUSE_MAX)
            .with_factor(2.0)
            .with_jitter()
            .without_max_times();
        Self { n: 0, pauses: pauses.build() }
    }
}

/// Waits before the next try, or gives the error back.
pub(super) async fn pause(
    stop: &CancellationToken,
    err: Error,
    tries: &mut Tries,
    tries_max: u32,
) -> Result<(), Error> {
    METRICS.database_errors.of(err.class()).inc();
    tries.n += 1;
    if tries.n >= tries_max || stop.is_cancelled() {
        return Err(err);
    }
    warn!(%err, tries = tries.n, "trying again");
    tokio::time::sleep(tries.pauses.next().unwrap_or(PAUSE_MAX)).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_limit() {
        let pauses: Vec<Duration> = Tries::new().pauses.take(40).collect();
        let mut shortest = FIRST_PAUSE;
        for pause in pauses {
            assert!((shortest..=2 * shortest).contains(&pause), "{pause:?}, not {shortest:?}");
            shortest = (2 * shortest).min(PAUSE_MAX);
        }
    }

    #[test]
    fn commits_are_taken_apart_early() {
        let server = |number| Error::Server { number, message: String::new() };
        for (err, read, commit) in [
            (server(1205), 10, 10),
            (server(2627), 1, 1),
            (server(208), 1, 1),
            (server(3616), 10, 1),
            (server(33_557_097), 10, 3),
            (Error::Lost(String::new()), 10, 10),
            (Error::Unanswered(String::new()), 10, 2),
        ] {
            assert_eq!((tries(&err), tries_of_a_commit(&err)), (read, commit), "{err}");
        }
    }
}

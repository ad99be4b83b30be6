//! Trying again, bounded: what passes by itself, or may, is waited for, everything else comes back at once.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::warn;
use xmlx_store::{Class, Error};

/// Waits between tries: doubling from here, with jitter.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// No wait is longer.
const PAUSE_MAX: Duration = Duration::from_secs(5);
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
        let mut tries = 0;
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
        Class::Transient | Class::Ambiguous | Class::Unclear => TRIES_MAX,
        Class::Fenced | Class::Capacity | Class::Data | Class::Fatal => 1,
    }
}

/// The same for a commit, which can be taken apart instead.
pub(super) fn tries_of_a_commit(err: &Error) -> u32 {
    match err.class() {
        Class::Ambiguous if err.is_unanswered() => TRIES_UNANSWERED,
        Class::Unclear if err.is_unnamed() => TRIES_UNNAMED,
        Class::Unclear => 1,
        Class::Transient
        | Class::Ambiguous
        | Class::Fenced
        | Class::Capacity
        | Class::Data
        | Class::Fatal => tries(err),
    }
}

/// Waits before the next try, or gives the error back.
pub(super) async fn pause(
    stop: &CancellationToken,
    err: Error,
    tries: &mut u32,
    tries_max: u32,
) -> Result<(), Error> {
    *tries += 1;
    if *tries >= tries_max || stop.is_cancelled() {
        return Err(err);
    }
    warn!(%err, tries, "trying again");
    tokio::time::sleep(backoff(*tries, jitter())).await;
    Ok(())
}

/// Between half and all of the doubled pause; `jitter` in 0..=1.
fn backoff(tries: u32, jitter: f64) -> Duration {
    let pause = FIRST_PAUSE.saturating_mul(1 << tries.saturating_sub(1).min(10)).min(PAUSE_MAX);
    pause.mul_f64(0.5 + jitter / 2.0)
}

/// Chance enough to keep workers from trying in step.
fn jitter() -> f64 {
    let [a, b, ..] = *uuid::Uuid::new_v4().as_bytes();
    f64::from(u16::from_be_bytes([a, b])) / f64::from(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_limit() {
        assert_eq!(backoff(1, 1.0), Duration::from_millis(100));
        assert_eq!(backoff(1, 0.0), Duration::from_millis(50));
        assert_eq!(backoff(3, 1.0), Duration::from_millis(400));
        assert_eq!(backoff(40, 1.0), PAUSE_MAX);
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

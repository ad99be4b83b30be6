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

/// Runs an attempt (an expression that makes a future) until it succeeds, fails for good, or has been
/// tried often enough. Statements here are reads or fenced writes: repeating one whose answer was
/// lost is safe. A macro, because a closure that lends its arguments to a future is not `Send`.
macro_rules! persist {
    ($stop:expr, $attempt:expr) => {{
        let mut tries = 0;
        loop {
            match $attempt.await {
                Ok(it) => break Ok(it),
                Err(err) => {
                    if let Err(err) = $crate::pipeline::retry::pause($stop, err, &mut tries).await {
                        break Err(err);
                    }
                }
            }
        }
    }};
}
pub(super) use persist;

/// Waits before the next try, or gives the error back.
pub(super) async fn pause(
    stop: &CancellationToken,
    err: Error,
    tries: &mut u32,
) -> Result<(), Error> {
    *tries += 1;
    let passes = matches!(err.class(), Class::Transient | Class::Ambiguous | Class::Unclear);
    if !passes || *tries >= TRIES_MAX || stop.is_cancelled() {
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
}

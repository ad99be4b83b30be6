//! Locks of which no holder panics.

use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::Duration;

/// Takes a lock.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no holder panics")
}

/// Lets go of a lock until it is told of a change or the time is over; whether it is.
pub(crate) fn wait<'a, T>(
    changed: &Condvar,
    guard: MutexGuard<'a, T>,
    time: Duration,
) -> (MutexGuard<'a, T>, bool) {
    let (guard, waited) = changed.wait_timeout(guard, time).expect("no holder panics");
    (guard, waited.timed_out())
}

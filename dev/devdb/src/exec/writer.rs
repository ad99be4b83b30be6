//! The one writer: who may change the database, for how long the others wait, in which order they come.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::Duration;

use rusqlite::Connection;

use crate::clock;
use crate::error::{SqlError, SqlResult};
use crate::sync;

/// How often a wait looks whether its client is still there.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// The connection that writes; whoever holds it holds the lock.
pub(crate) struct Writer {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    free: Option<Connection>,
    waiting: VecDeque<u64>,
    next_ticket: u64,
    is_stopping: bool,
}

impl Writer {
    pub(crate) fn new(connection: Connection) -> Self {
        let state = State {
            free: Some(connection),
            waiting: VecDeque::new(),
            next_ticket: 0,
            is_stopping: false,
        };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Waits for the lock, first come, first served; 1222 after `timeout`.
    pub(crate) fn acquire(
        &self,
        timeout: Option<Duration>,
        is_hung_up: &dyn Fn() -> bool,
    ) -> SqlResult<Connection> {
        let mut state = self.state();
        let ticket = state.next_ticket;
        state.next_ticket += 1;
        state.waiting.push_back(ticket);
        let started = clock::now();
        let outcome = loop {
            if state.is_stopping {
                break Err(cancelled());
            }
            if state.waiting.front() == Some(&ticket)
                && let Some(connection) = state.free.take()
            {
                break Ok(connection);
            }
            let waited = clock::now().duration_since(started);
            let left = timeout.map_or(POLL_INTERVAL, |timeout| timeout.saturating_sub(waited));
            if left.is_zero() {
                break Err(
                    SqlError::new(1222, "Lock request time out period exceeded.").with_state(51)
                );
            }
            let (guard, is_over) = sync::wait(&self.changed, state, left.min(POLL_INTERVAL));
            state = guard;
            if is_over && is_hung_up() {
                break Err(cancelled());
            }
        };
        state.waiting.retain(|waiting| *waiting != ticket);
        drop(state);
        self.changed.notify_all();
        outcome
    }

    /// Gives the lock back.
    pub(crate) fn release(&self, connection: Connection) {
        self.state().free = Some(connection);
        self.changed.notify_all();
    }

    /// Ends all waits, now and to come.
    pub(crate) fn stop(&self) {
        self.state().is_stopping = true;
        self.changed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        sync::lock(&self.state)
    }
}

fn cancelled() -> SqlError {
    SqlError::new(3617, "The request was cancelled: its client is gone or the server is stopping.")
        .with_class(11)
}

//! Lets commits pass at the [`Pace`], first come, first served.

use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::Semaphore;
use tracing::info;
use xmlx_runtime::Clock;
use xmlx_store::Error;

use crate::pace::{Pace, Signal};

/// Lets commits pass at the pace, first come, first served; shared by the pipelines.
#[derive(Debug)]
pub(crate) struct Gate {
    clock: Clock,
    state: Mutex<State>,
    /// What is left of the passes.
    free: Semaphore,
}

#[derive(Debug)]
struct State {
    pace: Pace,
    /// Passes that there are, free or in use.
    passes: u32,
}

/// The right to one commit, until dropped.
#[derive(Debug)]
pub(crate) struct Pass<'a> {
    gate: &'a Gate,
    entered_at: Duration,
}

impl Gate {
    pub(crate) fn new(slots: u32) -> Self {
        let pace = Pace::new(slots);
        let passes = pace.allowed();
        let free = Semaphore::new(usize::try_from(passes).unwrap_or(usize::MAX));
        Self { clock: Clock::start(), state: Mutex::new(State { pace, passes }), free }
    }

    /// What the coordinator leaves to this worker; 0: everything.
    pub(crate) fn set_share(&self, share: u32) {
        if self.with(|pace| pace.set_share((share > 0).then_some(share))) {
            info!(commits_max = share, "commits at once, 0 without a limit");
        }
    }

    /// Waits for its turn.
    pub(crate) async fn enter(&self) -> Pass<'_> {
        let free = self.free.acquire().await;
        free.expect("the semaphore is never closed").forget();
        Pass { gate: self, entered_at: self.clock.now() }
    }

    /// Changes the pace, and with it the number of passes.
    fn with<T>(&self, change: impl FnOnce(&mut Pace) -> T) -> T {
        let mut state = self.state.lock().expect("nobody panics while holding this lock");
        let outcome = change(&mut state.pace);
        let allowed = state.pace.allowed();
        let n = |passes: u32| usize::try_from(passes).unwrap_or(usize::MAX);
        if allowed > state.passes {
            self.free.add_permits(n(allowed - state.passes));
            state.passes = allowed;
        } else {
            // Those in use are taken when they come back.
            let taken = self.free.forget_permits(n(state.passes - allowed));
            state.passes -= u32::try_from(taken).unwrap_or(0);
        }
        outcome
    }
}

impl Pass<'_> {
    /// Learns from how the commit of so many rows went.
    pub(crate) fn note<T>(&self, outcome: &Result<T, Error>, rows: usize) {
        let took = self.gate.clock.now().saturating_sub(self.entered_at);
        self.gate.with(|pace| match Signal::of(outcome) {
            Signal::Well => pace.committed(took, rows),
            Signal::Congested => pace.congested(),
            Signal::Nothing => (),
        });
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        let mut state = self.gate.state.lock().expect("nobody panics while holding this lock");
        if state.passes > state.pace.allowed() {
            state.passes -= 1;
        } else {
            self.gate.free.add_permits(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_is_not_let_in_waits_for_a_pass_or_a_larger_share() {
        let gate = Gate::new(2);
        gate.set_share(1);
        let first = gate.enter().await;
        let mut second = std::pin::pin!(gate.enter());
        assert!(futures_util::poll!(&mut second).is_pending());
        drop(first);
        let _second = second.await;
        let mut third = std::pin::pin!(gate.enter());
        assert!(futures_util::poll!(&mut third).is_pending());
        gate.set_share(0);
        let _third = third.await;
    }

    /// Who has just committed does not push in.
    #[tokio::test]
    async fn first_come_first_served() {
        let gate = Gate::new(2);
        gate.set_share(1);
        let first = gate.enter().await;
        let mut second = std::pin::pin!(gate.enter());
        assert!(futures_util::poll!(&mut second).is_pending());
        drop(first);
        let mut again = std::pin::pin!(gate.enter());
        assert!(futures_util::poll!(&mut again).is_pending());
        let second = second.await;
        assert!(futures_util::poll!(&mut again).is_pending());
        drop(second);
        let _again = again.await;
    }

    /// Passes that there are no more are not taken away from those who have them, and come back to nobody.
    #[tokio::test]
    async fn a_smaller_share_takes_passes_as_they_come_back() {
        let gate = Gate::new(4);
        let free = || gate.free.available_permits();
        let held = [gate.enter().await, gate.enter().await, gate.enter().await];
        assert_eq!(free(), 1);
        gate.set_share(2);
        assert_eq!(free(), 0);
        let [first, second, third] = held;
        drop(first);
        assert_eq!(free(), 0, "two are in use, and two there are");
        drop(second);
        assert_eq!(free(), 1);
        gate.set_share(3);
        assert_eq!(free(), 2);
        drop(third);
        assert_eq!(free(), 3);
        gate.set_share(0);
        assert_eq!(free(), 4, "0 is no limit");
    }

    #[tokio::test]
    async fn what_a_commit_meets_changes_the_pace() {
        let gate = Gate::new(4);
        let refused = |number| Err::<(), _>(Error::Server { number, message: String::new() });
        let free = || gate.free.available_permits();
        gate.enter().await.note(&refused(2627), 1);
        assert_eq!(free(), 4, "the database is well");
        gate.enter().await.note(&refused(1205), 1);
        assert_eq!(free(), 2, "halved");
        for _ in 0..2 {
            gate.enter().await.note(&Ok(()), 1);
        }
        assert_eq!(free(), 3, "one more after as many as were allowed");
    }
}

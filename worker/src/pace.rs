//! How many commits may be under way at once: fewer where the database is slow or its locks collide,
//! more again where it is well, and never more than the cluster's ceiling leaves to this worker.

use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::Semaphore;
use tracing::info;
use xmlx_runtime::Clock;
use xmlx_store::Error;

/// The window is counted in hundredths of a commit.
const ONE: u32 = 100;
/// A commit that takes so many times as long as usual is slow.
const SLOW: u32 = 4;
/// A commit that takes no longer is never slow: below this, times tell of groups more than of the database.
const NEVER_SLOW: Duration = Duration::from_millis(500);
/// Deadlock victim, lock timeout, no memory for the query.
const CONGESTION: &[u32] = &[1205, 1222, 8645];

/// Additive increase, multiplicative decrease. Decides; knows no clock.
#[derive(Clone, Debug)]
pub(crate) struct Pace {
    slots: u32,
    /// What the coordinator leaves to this worker.
    share: Option<u32>,
    window: u32,
    /// About the shortest time for one row of a commit lately.
    usual: Option<Duration>,
}

impl Pace {
    pub(crate) fn new(slots: u32) -> Self {
        let slots = slots.max(1);
        Self { slots, share: None, window: slots * ONE, usual: None }
    }

    /// How many commits may be under way; at least one, or nothing would ever be learnt.
    pub(crate) fn allowed(&self) -> u32 {
        (self.window / ONE).min(self.ceiling()).max(1)
    }

    fn ceiling(&self) -> u32 {
        self.share.map_or(self.slots, |it| it.min(self.slots))
    }

    /// Whether that is news.
    pub(crate) fn set_share(&mut self, share: Option<u32>) -> bool {
        let changed = self.share != share;
        self.share = share;
        changed
    }

    /// A commit of so many rows has succeeded. Times are compared by the row: a group of one application says nothing
    /// of a group of a hundred.
    pub(crate) fn committed(&mut self, took: Duration, rows: usize) {
        let for_row = took / u32::try_from(rows.max(1)).unwrap_or(u32::MAX);
        let usual = self.usual.map_or(for_row, |it| it + for_row.saturating_sub(it) / 64);
        let usual = usual.min(for_row);
        let is_slow = took > NEVER_SLOW && for_row > self.usual.unwrap_or(for_row) * SLOW;
        self.usual = Some(usual);
        if is_slow {
            self.window = (self.window - self.window / 8).max(ONE);
        } else {
            let step = ONE / self.allowed();
            self.window = (self.window + step).min(self.slots * ONE);
        }
    }

    /// The database refused a commit because too much is under way.
    pub(crate) fn congested(&mut self) {
        self.window = (self.window.min(self.ceiling() * ONE) / 2).max(ONE);
    }
}

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
        let n = |it: u32| usize::try_from(it).unwrap_or(usize::MAX);
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
        self.gate.with(|pace| match outcome {
            Ok(_) => pace.committed(took, rows),
            Err(err) if err.number().is_some_and(|it| CONGESTION.contains(&it)) => pace.congested(),
            Err(_) => (),
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

    const MILLI: Duration = Duration::from_millis(1);

    #[test]
    fn congestion_halves_and_success_adds_one_per_round() {
        let mut pace = Pace::new(8);
        assert_eq!(pace.allowed(), 8);
        pace.congested();
        assert_eq!(pace.allowed(), 4);
        // One round: as many commits as are allowed.
        for _ in 0..4 {
            pace.committed(10 * MILLI, 10);
        }
        assert_eq!(pace.allowed(), 5);
        for _ in 0..20 {
            pace.congested();
        }
        assert_eq!(pace.allowed(), 1, "never none");
        for _ in 0..100 {
            pace.committed(10 * MILLI, 10);
        }
        assert_eq!(pace.allowed(), 8, "never more than slots");
    }

    #[test]
    fn slow_commits_narrow_the_window() {
        let mut pace = Pace::new(8);
        pace.committed(50 * MILLI, 100);
        for _ in 0..6 {
            pace.committed(3_000 * MILLI, 100);
        }
        assert!(pace.allowed() < 8, "{pace:?}");
        let mut brisk = Pace::new(8);
        brisk.committed(MILLI, 100);
        for _ in 0..6 {
            brisk.committed(400 * MILLI, 100);
        }
        assert_eq!(brisk.allowed(), 8, "half a second is never slow");
    }

    #[test]
    fn small_commits_say_nothing_of_large_ones() {
        let mut pace = Pace::new(8);
        for _ in 0..20 {
            pace.committed(5 * MILLI, 1);
            pace.committed(900 * MILLI, 1_700);
        }
        assert_eq!(pace.allowed(), 8, "{pace:?}");
    }

    #[test]
    fn the_share_is_a_ceiling() {
        let mut pace = Pace::new(8);
        assert!(pace.set_share(Some(3)) && !pace.set_share(Some(3)));
        assert_eq!(pace.allowed(), 3);
        pace.congested();
        assert_eq!(pace.allowed(), 1, "halved from what was in use");
        assert!(pace.set_share(None));
        for _ in 0..100 {
            pace.committed(10 * MILLI, 10);
        }
        assert_eq!(pace.allowed(), 8);
    }

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
}

//! How many commits may be under way at once: fewer where the database is slow or its locks collide,
//! more again where it is well, and never more than the cluster's ceiling leaves to this worker.
//! Decides; knows no clock. [`Gate`](crate::gate::Gate) lets commits pass at this pace.

use std::time::Duration;

use xmlx_store::Error;

/// The window is counted in hundredths of a commit.
const ONE: u32 = 100;
/// A commit that takes so many times as long as usual is slow.
const SLOW: u32 = 4;
/// A commit that takes no longer is never slow: below this, times tell of groups more than of the database.
const NEVER_SLOW: Duration = Duration::from_millis(500);
/// The usual time moves towards a longer one by this part of the difference with each commit, so that a database that
/// has become slower for good counts as well again after some hundred commits. A shorter one is taken over at once.
const FORGETTING: u32 = 64;
/// Deadlock victim, lock timeout, no memory for the query.
const CONGESTION: &[u32] = &[1205, 1222, 8645];

/// What the outcome of a commit tells of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// It keeps up.
    Well,
    /// Too much is under way.
    Congested,
    /// Neither: the error has another cause.
    Nothing,
}

impl Signal {
    pub(crate) fn of<T>(outcome: &Result<T, Error>) -> Self {
        match outcome {
            Ok(_) => Self::Well,
            Err(err) if err.number().is_some_and(|number| CONGESTION.contains(&number)) => {
                Self::Congested
            }
            Err(_) => Self::Nothing,
        }
    }
}

/// Additive increase, multiplicative decrease, as TCP does it: of several workers each finds its share by itself, and a
/// database that gets slower is relieved at once.
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
        self.share.map_or(self.slots, |share| share.min(self.slots))
    }

    /// Sets what the coordinator leaves to this worker; whether that has changed.
    pub(crate) fn set_share(&mut self, share: Option<u32>) -> bool {
        let changed = self.share != share;
        self.share = share;
        changed
    }

    /// A commit of so many rows has succeeded. Times are compared by the row: what a group of one application takes says
    /// nothing of a group of a hundred.
    pub(crate) fn committed(&mut self, took: Duration, rows: usize) {
        let for_row = took / u32::try_from(rows.max(1)).unwrap_or(u32::MAX);
        let usual =
            self.usual.map_or(for_row, |usual| usual + for_row.saturating_sub(usual) / FORGETTING);
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

    #[test]
    fn congestion_is_told_from_other_errors() {
        let server = |number| Err::<(), _>(Error::Server { number, message: String::new() });
        for number in [1205, 1222, 8645] {
            assert_eq!(Signal::of(&server(number)), Signal::Congested, "{number}");
        }
        for outcome in [server(2627), server(1204), Err(Error::Lost(String::new()))] {
            assert_eq!(Signal::of(&outcome), Signal::Nothing, "{outcome:?}");
        }
        assert_eq!(Signal::of(&Ok(())), Signal::Well);
    }

    /// Four times as long as usual is not slow yet, and neither is half a second.
    #[test]
    fn slow_begins_behind_four_times_and_half_a_second() {
        // What is usual for a row, a commit of 100 rows that follows, and whether it narrows the window.
        for (usual, took, narrows) in [
            (10 * MILLI, 4_000 * MILLI, false),
            (10 * MILLI, 4_001 * MILLI, true),
            (MILLI, 500 * MILLI, false),
            (MILLI, 501 * MILLI, true),
        ] {
            let mut pace = Pace::new(8);
            pace.committed(usual, 1);
            pace.committed(took, 100);
            assert_eq!(pace.window < 8 * ONE, narrows, "{usual:?} {took:?}");
        }
    }

    #[test]
    fn the_usual_time_falls_at_once_and_rises_slowly() {
        let mut pace = Pace::new(1);
        for (took, usual_micros) in [(640, 640), (64, 64), (128, 65), (65, 65), (0, 0)] {
            pace.committed(Duration::from_micros(took), 1);
            assert_eq!(pace.usual, Some(Duration::from_micros(usual_micros)), "{took}");
        }
        // A commit that wrote no row counts as one row.
        pace.committed(Duration::ZERO, 0);
    }

    #[test]
    fn each_step_is_a_part_of_the_window() {
        let mut pace = Pace::new(8);
        pace.congested();
        assert_eq!(pace.window, 4 * ONE);
        pace.committed(MILLI, 1);
        assert_eq!(pace.window, 4 * ONE + ONE / 4, "a whole commit more after four");
        pace.committed(900 * MILLI, 1);
        let before = 4 * ONE + ONE / 4;
        assert_eq!(pace.window, before - before / 8, "an eighth less");
        for _ in 0..100 {
            pace.committed(900_000 * MILLI, 1);
            pace.usual = Some(MILLI);
        }
        assert_eq!(pace.window, ONE, "never less than one commit");
    }
}

//! Trouble that comes again and again, and is worth a line in the log only now and then.

use std::time::Duration;

/// The same trouble is logged again after so long: often enough for whoever begins to read the log.
const LOGGED_AGAIN: Duration = Duration::from_secs(30);

/// What was logged last, and when.
///
/// ```
/// use std::time::Duration;
/// use xmlx_runtime::Recurring;
///
/// let mut trouble = Recurring::default();
/// assert!(trouble.is_due("refused", Duration::from_secs(0)));
/// assert!(!trouble.is_due("refused", Duration::from_secs(1)));
/// assert!(trouble.is_due("no route", Duration::from_secs(2)));
/// assert!(trouble.is_due("no route", Duration::from_secs(32)));
/// ```
#[derive(Debug)]
pub struct Recurring<T> {
    last: Option<(T, Duration)>,
}

impl<T> Default for Recurring<T> {
    fn default() -> Self {
        Self { last: None }
    }
}

impl<T: PartialEq> Recurring<T> {
    /// Whether trouble is worth a line: it is other than the last that was, or that was long ago. `now` is the time of
    /// any one clock.
    pub fn is_due(&mut self, trouble: T, now: Duration) -> bool {
        let repeats = self
            .last
            .as_ref()
            .is_some_and(|(last, at)| *last == trouble && now < *at + LOGGED_AGAIN);
        if !repeats {
            self.last = Some((trouble, now));
        }
        !repeats
    }
}

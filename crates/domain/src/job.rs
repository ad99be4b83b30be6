//! What a job is for, and how it stands.

use crate::word::words;

words! {
    /// How a job stands.
    "job state": JobState {
        /// Its ranges are handed out.
        Running = "running",
        /// Nothing is handed out and nothing is held, until it is resumed.
        Paused = "paused",
        /// Every application of its scope is decided.
        Done = "done",
        /// It cannot go on: no application of it would get through.
        Failed = "failed",
        /// An operator has ended it.
        Cancelled = "cancelled",
    }
}

impl JobState {
    /// Whether the job has not ended: it runs, or may be resumed.
    ///
    /// ```
    /// # use xmlx_domain::JobState;
    /// let open: Vec<_> = JobState::ALL.iter().filter(|state| state.is_open()).collect();
    /// assert_eq!(open, [&JobState::Running, &JobState::Paused]);
    /// ```
    #[must_use]
    pub fn is_open(self) -> bool {
        match self {
            Self::Running | Self::Paused => true,
            Self::Done | Self::Failed | Self::Cancelled => false,
        }
    }

    /// Whether a job may move from this state to that one.
    #[must_use]
    pub fn may_become(self, next: Self) -> bool {
        match next {
            Self::Running => self == Self::Paused,
            Self::Paused | Self::Done => self == Self::Running,
            Self::Failed | Self::Cancelled => self.is_open(),
        }
    }
}

words! {
    /// Which applications of its scope a job takes.
    "job mode": Mode {
        /// Those without a row in `processing_log`.
        Once = "once",
        /// The same, and those that come later.
        Follow = "follow",
        /// Those whose latest row is `failed`, as of the submission.
        Retry = "retry",
    }
}

impl Mode {
    /// Whether jobs of both modes could take the same application: a `retry` takes what has failed already, the other
    /// modes take what has no decision yet.
    ///
    /// ```
    /// # use xmlx_domain::Mode;
    /// assert!(Mode::Once.competes_with(Mode::Follow));
    /// assert!(!Mode::Once.competes_with(Mode::Retry));
    /// ```
    #[must_use]
    pub fn competes_with(self, other: Self) -> bool {
        let takes_failed = |mode| match mode {
            Self::Once | Self::Follow => false,
            Self::Retry => true,
        };
        takes_failed(self) == takes_failed(other)
    }
}

#[cfg(test)]
mod tests {
    use super::JobState::{Cancelled, Done, Failed, Paused, Running};
    use super::*;

    #[test]
    fn what_has_ended_stays_so() {
        let possible: &[(JobState, &[JobState])] = &[
            (Running, &[Paused, Done, Failed, Cancelled]),
            (Paused, &[Running, Failed, Cancelled]),
            (Done, &[]),
            (Failed, &[]),
            (Cancelled, &[]),
        ];
        for (state, next) in possible {
            let found: Vec<JobState> =
                JobState::ALL.iter().copied().filter(|to| state.may_become(*to)).collect();
            assert_eq!(found, *next, "from {state}");
        }
    }

    #[test]
    fn only_retries_leave_the_others_alone() {
        for mode in Mode::ALL {
            for other in Mode::ALL {
                let is_alike = (*mode == Mode::Retry) == (*other == Mode::Retry);
                assert_eq!(mode.competes_with(*other), is_alike, "{mode} and {other}");
            }
        }
    }
}

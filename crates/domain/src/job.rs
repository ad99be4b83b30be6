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
        /// What [`Mode::Once`] would take, as of the submission: reads and maps them, and writes none of their rows.
        Rehearse = "rehearse",
        /// Those whose latest row is `success`, as of the submission: maps them again, compares, and writes none of their
        /// rows.
        Reconcile = "reconcile",
        /// All of them, decided or not: reads and maps them, counts what their documents have, and writes none of their
        /// rows.
        Cover = "cover",
        /// All of them, decided or not: maps them by two contracts, compares the rows, and writes none.
        Diff = "diff",
        /// Those that have a row, as of the submission: writes them again in the place of the rows that they have. Those
        /// that a job with the same contract wrote last are left alone.
        Replace = "replace",
        /// The same, and those that the same contract wrote.
        ReplaceAll = "replace-all",
    }
}

impl Mode {
    /// Whether the job decides applications: it writes rows to the target and to `processing_log`. One that does not
    /// reads documents and reports what it found, and its commits write to the control tables alone.
    ///
    /// ```
    /// # use xmlx_domain::Mode;
    /// assert!(Mode::Once.writes());
    /// assert!(!Mode::Rehearse.writes());
    /// ```
    #[must_use]
    pub fn writes(self) -> bool {
        match self {
            Self::Once | Self::Follow | Self::Retry | Self::Replace | Self::ReplaceAll => true,
            Self::Rehearse | Self::Reconcile | Self::Cover | Self::Diff => false,
        }
    }

    /// Whether the job counts what the documents have, whatever the contract reads.
    ///
    /// ```
    /// # use xmlx_domain::Mode;
    /// assert!(Mode::Cover.covers() && Mode::Rehearse.covers());
    /// assert!(!Mode::Once.covers());
    /// ```
    #[must_use]
    pub fn covers(self) -> bool {
        match self {
            Self::Rehearse | Self::Cover => true,
            Self::Once
            | Self::Follow
            | Self::Retry
            | Self::Reconcile
            | Self::Diff
            | Self::Replace
            | Self::ReplaceAll => false,
        }
    }

    /// Whether the job deletes the rows that an application has before it writes it.
    ///
    /// ```
    /// # use xmlx_domain::Mode;
    /// assert!(Mode::Replace.replaces() && Mode::ReplaceAll.replaces());
    /// assert!(!Mode::Retry.replaces());
    /// ```
    #[must_use]
    pub fn replaces(self) -> bool {
        match self {
            Self::Replace | Self::ReplaceAll => true,
            Self::Once
            | Self::Follow
            | Self::Retry
            | Self::Rehearse
            | Self::Reconcile
            | Self::Cover
            | Self::Diff => false,
        }
    }

    /// Whether the cursors of its ranges alone say how far the job is: applications may stay as they are in the log.
    ///
    /// ```
    /// # use xmlx_domain::Mode;
    /// assert!(Mode::Rehearse.goes_by_cursors() && Mode::Replace.goes_by_cursors());
    /// assert!(!Mode::Once.goes_by_cursors());
    /// ```
    #[must_use]
    pub fn goes_by_cursors(self) -> bool {
        self.replaces() || !self.writes()
    }

    /// Whether jobs of both modes could write the same application: a `retry` takes what has failed already, a `replace`
    /// whatever has a decision, the others what has none yet. One that writes nothing is in nobody's way.
    ///
    /// ```
    /// # use xmlx_domain::Mode;
    /// assert!(Mode::Once.competes_with(Mode::Follow));
    /// assert!(!Mode::Once.competes_with(Mode::Retry));
    /// assert!(Mode::Replace.competes_with(Mode::Retry));
    /// assert!(!Mode::Rehearse.competes_with(Mode::Once));
    /// ```
    #[must_use]
    pub fn competes_with(self, other: Self) -> bool {
        let takes_decided = |mode| match mode {
            Self::Once | Self::Follow => Some(false),
            Self::Retry | Self::Replace | Self::ReplaceAll => Some(true),
            Self::Rehearse | Self::Reconcile | Self::Cover | Self::Diff => None,
        };
        takes_decided(self)
            .zip(takes_decided(other))
            .is_some_and(|(takes, other_takes)| takes == other_takes)
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
    fn jobs_compete_where_both_write_what_has_a_decision_or_what_has_none() {
        let undecided = [Mode::Once, Mode::Follow];
        let decided = [Mode::Retry, Mode::Replace, Mode::ReplaceAll];
        for mode in Mode::ALL {
            for other in Mode::ALL {
                let competes = [&undecided[..], &decided]
                    .iter()
                    .any(|it| it.contains(mode) && it.contains(other));
                assert_eq!(mode.competes_with(*other), competes, "{mode} and {other}");
            }
            assert_eq!(mode.writes(), undecided.contains(mode) || decided.contains(mode), "{mode}");
        }
    }
}

//! A job's life: what follows for it from what happens. Plain functions of state and event; the caller saves what they
//! decide, and only then tells anybody.

use xmlx_domain::{ErrorClass, JobState};

/// What an operator wants of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Nothing more is handed out or committed until it is resumed.
    Pause,
    /// It goes on.
    Resume,
    /// It ends, and nothing more is committed.
    Cancel,
}

/// A move of a job that has to be saved: a compare-and-set on its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobMove {
    /// The state before.
    pub from: JobState,
    /// The state after.
    pub to: JobState,
    /// Why, for whoever looks at the job; empty where the state says it all.
    pub reason: String,
}

/// What follows from an operator's wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ordered {
    /// The job has to be moved.
    Move(JobMove),
    /// It is as wished already.
    AlreadySo,
    /// It has ended in another way.
    HasEnded,
}

impl Wish {
    fn target(self) -> JobState {
        match self {
            Self::Pause => JobState::Paused,
            Self::Resume => JobState::Running,
            Self::Cancel => JobState::Cancelled,
        }
    }

    fn reason(self) -> &'static str {
        match self {
            Self::Pause | Self::Cancel => "by an operator",
            Self::Resume => "",
        }
    }
}

/// What follows from an operator's wish for a job in that state.
///
/// ```
/// use xmlx_domain::JobState;
/// use xmlx_lease::life::{Ordered, Wish, order};
///
/// assert_eq!(order(JobState::Paused, Wish::Pause), Ordered::AlreadySo);
/// assert_eq!(order(JobState::Done, Wish::Cancel), Ordered::HasEnded);
/// ```
#[must_use]
pub fn order(state: JobState, wish: Wish) -> Ordered {
    let to = wish.target();
    if state == to {
        Ordered::AlreadySo
    } else if state.may_become(to) {
        Ordered::Move(JobMove { from: state, to, reason: wish.reason().to_owned() })
    } else {
        Ordered::HasEnded
    }
}

/// Moves a job that runs. Where it does not run, an earlier report has already moved it.
fn leave_running(state: Option<JobState>, to: JobState, reason: &str) -> Option<JobMove> {
    let from = state.filter(|state| *state == JobState::Running)?;
    Some(JobMove { from, to, reason: reason.to_owned() })
}

/// What follows from an error that concerns a whole job. What an operator can mend, or has to look at, pauses it;
/// what no application of it would get past fails it.
#[must_use]
pub fn trouble(state: Option<JobState>, class: ErrorClass, reason: &str) -> Option<JobMove> {
    let to = match class {
        ErrorClass::Capacity | ErrorClass::Unclear => JobState::Paused,
        ErrorClass::Fenced
        | ErrorClass::Transient
        | ErrorClass::Ambiguous
        | ErrorClass::Data
        | ErrorClass::Fatal => JobState::Failed,
    };
    leave_running(state, to, reason)
}

/// The job's budget is used up.
#[must_use]
pub fn over_budget(state: Option<JobState>, reason: &str) -> Option<JobMove> {
    leave_running(state, JobState::Paused, reason)
}

/// Every application of the job's scope is decided.
#[must_use]
pub fn all_decided(state: Option<JobState>) -> Option<JobMove> {
    leave_running(state, JobState::Done, "")
}

/// How often a source is read that answers with an error which may pass or may not. With pauses of two seconds this is
/// about twenty seconds: longer than a failover of SQL Server takes, and an operator still sees the job pause at once.
pub const SOURCE_TRIES_MAX: u32 = 10;

/// An error met while reading a job's source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceError {
    /// Its class.
    pub class: ErrorClass,
    /// What it means.
    pub cause: SourceCause,
}

/// What an error of a source is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceCause {
    /// A table or a column is not there.
    MissingName,
    /// The server refuses the statement for another reason.
    Server,
    /// Anything else, such as a contract that this build cannot read: a newer coordinator may do better.
    Other,
}

/// What follows from an error of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterSourceError {
    /// Read it again after a pause.
    TryAgain,
    /// It is trouble of this class for the job.
    Trouble(ErrorClass),
}

/// What follows from the error of a source that was read `tries` times.
#[must_use]
pub fn after_source_error(err: SourceError, tries: u32) -> AfterSourceError {
    match (err.class, err.cause) {
        (ErrorClass::Fatal, SourceCause::MissingName) => {
            AfterSourceError::Trouble(ErrorClass::Fatal)
        }
        // A right that is missing, say: an operator can mend it and resume.
        (ErrorClass::Fatal, SourceCause::Server) => AfterSourceError::Trouble(ErrorClass::Capacity),
        (ErrorClass::Data | ErrorClass::Unclear, _) if tries >= SOURCE_TRIES_MAX => {
            AfterSourceError::Trouble(ErrorClass::Capacity)
        }
        (
            ErrorClass::Fenced
            | ErrorClass::Transient
            | ErrorClass::Ambiguous
            | ErrorClass::Capacity
            | ErrorClass::Data
            | ErrorClass::Unclear
            | ErrorClass::Fatal,
            _,
        ) => AfterSourceError::TryAgain,
    }
}

/// What to do with a job whose ranges were all done a moment ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtTheEnd {
    /// Nothing waits: it is done.
    AllDecided,
    /// Ranges are open again, since the database has gone back in time: the job has to be read again.
    ReadAgain,
    /// Applications wait in ranges that are done: they came late, and get ranges of their own.
    TakeLate,
}

/// What to do with such a job, by how many applications of its scope wait and how many of its ranges are open.
#[must_use]
pub fn at_the_end(waiting: u64, open_ranges: usize) -> AtTheEnd {
    if waiting == 0 {
        AtTheEnd::AllDecided
    } else if open_ranges > 0 {
        AtTheEnd::ReadAgain
    } else {
        AtTheEnd::TakeLate
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xmlx_domain::JobState::{Cancelled, Done, Failed, Paused, Running};

    /// Every state and every wish.
    #[test]
    fn wishes_move_open_jobs_alone() {
        use Wish::{Cancel, Pause, Resume};
        let moved =
            |from, to, reason: &str| Ordered::Move(JobMove { from, to, reason: reason.to_owned() });
        let operator = "by an operator";
        for (state, wish, expected) in [
            (Running, Pause, moved(Running, Paused, operator)),
            (Running, Resume, Ordered::AlreadySo),
            (Running, Cancel, moved(Running, Cancelled, operator)),
            (Paused, Pause, Ordered::AlreadySo),
            (Paused, Resume, moved(Paused, Running, "")),
            (Paused, Cancel, moved(Paused, Cancelled, operator)),
            (Done, Pause, Ordered::HasEnded),
            (Done, Resume, Ordered::HasEnded),
            (Done, Cancel, Ordered::HasEnded),
            (Failed, Pause, Ordered::HasEnded),
            (Failed, Resume, Ordered::HasEnded),
            (Failed, Cancel, Ordered::HasEnded),
            (Cancelled, Pause, Ordered::HasEnded),
            (Cancelled, Resume, Ordered::HasEnded),
            (Cancelled, Cancel, Ordered::AlreadySo),
        ] {
            assert_eq!(order(state, wish), expected, "{state} and {wish:?}");
        }
    }

    #[test]
    fn trouble_pauses_or_fails_by_its_class() {
        for (class, to) in [
            (ErrorClass::Capacity, Paused),
            (ErrorClass::Unclear, Paused),
            (ErrorClass::Data, Failed),
            (ErrorClass::Fatal, Failed),
            (ErrorClass::Fenced, Failed),
            (ErrorClass::Transient, Failed),
            (ErrorClass::Ambiguous, Failed),
        ] {
            let moved = trouble(Some(Running), class, "no room").expect("it runs");
            assert_eq!((moved.from, moved.to, moved.reason.as_str()), (Running, to, "no room"));
        }
    }

    #[test]
    fn only_a_job_that_runs_leaves_that_state_by_itself() {
        let states = JobState::ALL.iter().copied().map(Some).chain([None]);
        for state in states {
            let runs = state == Some(Running);
            let done = all_decided(state);
            assert_eq!(done.is_some(), runs, "{state:?}");
            assert!(done.is_none_or(|moved| (moved.to, moved.reason.as_str()) == (Done, "")));
            let paused = over_budget(state, "spent");
            assert_eq!(paused.is_some(), runs, "{state:?}");
            assert!(
                paused.is_none_or(|moved| (moved.to, moved.reason.as_str()) == (Paused, "spent"))
            );
            assert_eq!(trouble(state, ErrorClass::Capacity, "full").is_some(), runs, "{state:?}");
        }
    }

    #[test]
    fn a_source_is_read_again_unless_that_cannot_help() {
        use AfterSourceError::{Trouble, TryAgain};
        use SourceCause::{MissingName, Other, Server};
        let last = SOURCE_TRIES_MAX;
        for (class, cause, tries, expected) in [
            (ErrorClass::Fatal, MissingName, 1, Trouble(ErrorClass::Fatal)),
            (ErrorClass::Fatal, Server, 1, Trouble(ErrorClass::Capacity)),
            (ErrorClass::Fatal, Other, last, TryAgain),
            (ErrorClass::Data, Server, last - 1, TryAgain),
            (ErrorClass::Data, Server, last, Trouble(ErrorClass::Capacity)),
            (ErrorClass::Unclear, Other, last - 1, TryAgain),
            (ErrorClass::Unclear, Other, last, Trouble(ErrorClass::Capacity)),
            (ErrorClass::Fenced, Other, last, TryAgain),
            (ErrorClass::Transient, Server, last, TryAgain),
            (ErrorClass::Ambiguous, Other, last, TryAgain),
            (ErrorClass::Capacity, Server, last, TryAgain),
        ] {
            let found = after_source_error(SourceError { class, cause }, tries);
            assert_eq!(found, expected, "{class} {cause:?} after {tries}");
        }
    }

    #[test]
    fn a_job_is_done_once_nothing_waits() {
        for (waiting, open_ranges, expected) in [
            (0, 0, AtTheEnd::AllDecided),
            (0, 1, AtTheEnd::AllDecided),
            (1, 1, AtTheEnd::ReadAgain),
            (1, 0, AtTheEnd::TakeLate),
        ] {
            assert_eq!(at_the_end(waiting, open_ranges), expected, "{waiting} {open_ranges}");
        }
    }
}

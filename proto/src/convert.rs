//! Between the words of the protocol and those of the domain. What is missing or not known is refused, by its name.

use std::time::Duration;

use xmlx_domain::{
    Epoch, ErrorClass, JobId, JobState, Lease, LeaseKey, Mode, Outcome, Progress, RangeId, Scope,
};

use crate::{ErrorCode, Refusal, v1 as pb};

/// A field that has to be there.
///
/// # Errors
/// Names the field.
pub fn required<T>(field: Option<T>, name: &str) -> Result<T, Refusal> {
    field.ok_or_else(|| missing(name))
}

fn missing(name: &str) -> Refusal {
    Refusal::new(ErrorCode::Invalid, format!("`{name}` is missing, or newer than this build"))
}

impl From<Lease> for pb::Lease {
    fn from(lease: Lease) -> Self {
        Self {
            job_id: lease.key.job.0,
            range_id: lease.key.range.0,
            epoch: lease.key.epoch.0,
            lo: lease.scope.lo,
            hi: lease.scope.hi,
        }
    }
}

impl TryFrom<pb::Lease> for Lease {
    type Error = Refusal;

    fn try_from(lease: pb::Lease) -> Result<Self, Refusal> {
        if lease.hi < lease.lo {
            return Err(Refusal::new(ErrorCode::Invalid, "`lease.hi` is below `lease.lo`"));
        }
        let key = LeaseKey {
            job: JobId(lease.job_id),
            range: RangeId(lease.range_id),
            epoch: Epoch(lease.epoch),
        };
        Ok(Self { key, scope: Scope { lo: lease.lo, hi: lease.hi } })
    }
}

impl From<Progress> for pb::Progress {
    fn from(progress: Progress) -> Self {
        let millis = |length: Duration| u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
        Self {
            lease: Some(progress.lease.into()),
            committed_through: progress.committed_through,
            claimed_through: progress.claimed_through,
            apps: progress.apps,
            reading_ms: progress.reading.map(millis),
        }
    }
}

impl TryFrom<pb::Progress> for Progress {
    type Error = Refusal;

    fn try_from(progress: pb::Progress) -> Result<Self, Refusal> {
        Ok(Self {
            lease: required(progress.lease, "progress.lease")?.try_into()?,
            committed_through: progress.committed_through,
            claimed_through: progress.claimed_through,
            apps: progress.apps,
            reading: progress.reading_ms.map(Duration::from_millis),
        })
    }
}

impl From<JobState> for pb::JobState {
    fn from(state: JobState) -> Self {
        match state {
            JobState::Running => Self::Running,
            JobState::Paused => Self::Paused,
            JobState::Done => Self::Done,
            JobState::Failed => Self::Failed,
            JobState::Cancelled => Self::Cancelled,
        }
    }
}

impl TryFrom<pb::JobState> for JobState {
    type Error = Refusal;

    fn try_from(state: pb::JobState) -> Result<Self, Refusal> {
        match state {
            pb::JobState::Running => Ok(Self::Running),
            pb::JobState::Paused => Ok(Self::Paused),
            pb::JobState::Done => Ok(Self::Done),
            pb::JobState::Failed => Ok(Self::Failed),
            pb::JobState::Cancelled => Ok(Self::Cancelled),
            pb::JobState::Unspecified => Err(missing("job.state")),
        }
    }
}

impl From<Mode> for pb::JobMode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Once => Self::Once,
            Mode::Follow => Self::Follow,
            Mode::Retry => Self::Retry,
            Mode::Rehearse => Self::Rehearse,
            Mode::Reconcile => Self::Reconcile,
            Mode::Cover => Self::Cover,
            Mode::Diff => Self::Diff,
            Mode::Replace => Self::Replace,
            Mode::ReplaceAll => Self::ReplaceAll,
        }
    }
}

impl TryFrom<pb::JobMode> for Mode {
    type Error = Refusal;

    fn try_from(mode: pb::JobMode) -> Result<Self, Refusal> {
        match mode {
            pb::JobMode::Once => Ok(Self::Once),
            pb::JobMode::Follow => Ok(Self::Follow),
            pb::JobMode::Retry => Ok(Self::Retry),
            pb::JobMode::Rehearse => Ok(Self::Rehearse),
            pb::JobMode::Reconcile => Ok(Self::Reconcile),
            pb::JobMode::Cover => Ok(Self::Cover),
            pb::JobMode::Diff => Ok(Self::Diff),
            pb::JobMode::Replace => Ok(Self::Replace),
            pb::JobMode::ReplaceAll => Ok(Self::ReplaceAll),
            pb::JobMode::Unspecified => Err(missing("mode")),
        }
    }
}

impl From<Outcome> for pb::Outcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Accepted => Self::Accepted,
            Outcome::AlreadySo => Self::AlreadySo,
        }
    }
}

impl TryFrom<pb::Outcome> for Outcome {
    type Error = Refusal;

    fn try_from(outcome: pb::Outcome) -> Result<Self, Refusal> {
        match outcome {
            pb::Outcome::Accepted => Ok(Self::Accepted),
            pb::Outcome::AlreadySo => Ok(Self::AlreadySo),
            pb::Outcome::Unspecified => Err(missing("outcome")),
        }
    }
}

/// The class of an error for messages that carry two fields of it: the first as every release reads it, the second
/// exact. Releases before know no `unclear` and would fail the job; what they do on `capacity`, pausing it until
/// somebody has looked, is right for both.
#[must_use]
pub fn class_fields(class: ErrorClass) -> (pb::ErrorClass, pb::ErrorClass) {
    let exact = match class {
        ErrorClass::Fenced => pb::ErrorClass::Fenced,
        ErrorClass::Transient => pb::ErrorClass::Transient,
        ErrorClass::Ambiguous => pb::ErrorClass::Ambiguous,
        ErrorClass::Capacity => pb::ErrorClass::Capacity,
        ErrorClass::Data => pb::ErrorClass::Data,
        ErrorClass::Unclear => pb::ErrorClass::Unclear,
        ErrorClass::Fatal => pb::ErrorClass::Fatal,
    };
    let known_to_all = if class == ErrorClass::Unclear { pb::ErrorClass::Capacity } else { exact };
    (known_to_all, exact)
}

/// The class that a message's two fields name; `None`: none. A class that this build does not know is taken for what
/// the first field says, which every release can read.
///
/// # Errors
/// A class that no worker sends.
pub fn class_of_fields(
    known_to_all: pb::ErrorClass,
    exact: pb::ErrorClass,
) -> Result<Option<ErrorClass>, Refusal> {
    let named = if exact == pb::ErrorClass::Unspecified { known_to_all } else { exact };
    match named {
        pb::ErrorClass::Unspecified => Ok(None),
        pb::ErrorClass::Fenced => Ok(Some(ErrorClass::Fenced)),
        pb::ErrorClass::Transient => Ok(Some(ErrorClass::Transient)),
        pb::ErrorClass::Ambiguous => Ok(Some(ErrorClass::Ambiguous)),
        pb::ErrorClass::Capacity => Ok(Some(ErrorClass::Capacity)),
        pb::ErrorClass::Data => Ok(Some(ErrorClass::Data)),
        pb::ErrorClass::Unclear => Ok(Some(ErrorClass::Unclear)),
        pb::ErrorClass::Fatal => Ok(Some(ErrorClass::Fatal)),
        pb::ErrorClass::Poison => Err(Refusal::new(
            ErrorCode::Invalid,
            "`class` is `poison`, which is no class of a lease or a job",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_back_from_the_wire() {
        for state in JobState::ALL.iter().copied() {
            assert_eq!(JobState::try_from(pb::JobState::from(state)).expect("known"), state);
        }
        for mode in Mode::ALL.iter().copied() {
            assert_eq!(Mode::try_from(pb::JobMode::from(mode)).expect("known"), mode);
        }
        for outcome in Outcome::ALL.iter().copied() {
            assert_eq!(Outcome::try_from(pb::Outcome::from(outcome)).expect("known"), outcome);
        }
        for class in ErrorClass::ALL.iter().copied() {
            let (known_to_all, exact) = class_fields(class);
            assert_eq!(class_of_fields(known_to_all, exact).expect("known"), Some(class));
        }
    }

    #[test]
    fn what_is_missing_is_refused_by_its_name() {
        let refused = |message: Result<(), Refusal>| message.expect_err("missing").message;
        let name = |field: &str| format!("`{field}` is missing, or newer than this build");
        let state = JobState::try_from(pb::JobState::Unspecified).map(drop);
        assert_eq!(refused(state), name("job.state"));
        assert_eq!(refused(Mode::try_from(pb::JobMode::Unspecified).map(drop)), name("mode"));
        let outcome = Outcome::try_from(pb::Outcome::Unspecified).map(drop);
        assert_eq!(refused(outcome), name("outcome"));
        let progress = Progress::try_from(pb::Progress::default()).map(drop);
        assert_eq!(refused(progress), name("progress.lease"));
        let lease = pb::Lease { lo: 5, hi: 4, ..pb::Lease::default() };
        assert_eq!(refused(Lease::try_from(lease).map(drop)), "`lease.hi` is below `lease.lo`");
        assert!(class_of_fields(pb::ErrorClass::Poison, pb::ErrorClass::Unspecified).is_err());
    }

    #[test]
    fn releases_before_read_a_class_that_they_know() {
        use pb::ErrorClass::{Capacity, Data, Unclear, Unspecified};
        assert_eq!(class_fields(ErrorClass::Unclear), (Capacity, Unclear));
        assert_eq!(class_fields(ErrorClass::Data), (Data, Data));
        for (known_to_all, exact, class) in [
            (Capacity, Unspecified, Some(ErrorClass::Capacity)),
            (Capacity, Unclear, Some(ErrorClass::Unclear)),
            (Unspecified, Unspecified, None),
        ] {
            assert_eq!(class_of_fields(known_to_all, exact).expect("known"), class);
        }
    }

    #[test]
    fn leases_and_progress_come_back_from_the_wire() {
        let key = LeaseKey { job: JobId(1), range: RangeId(2), epoch: Epoch(3) };
        let lease = Lease { key, scope: Scope { lo: 4, hi: 50 } };
        let progress = Progress {
            lease,
            committed_through: 6,
            claimed_through: 7,
            apps: 8,
            reading: Some(Duration::from_millis(9)),
        };
        assert_eq!(Progress::try_from(pb::Progress::from(progress)).expect("whole"), progress);
    }
}

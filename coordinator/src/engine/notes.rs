//! What holds jobs up at the moment: reported by whoever meets it, shown by `status`, dropped at the next progress.
//!
//! Informational only: no decision rests on it, and it is lost when the leader changes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use std::time::Duration;

use xmlx_domain::{ErrorClass, JobId, Progress, RangeId};
use xmlx_lease::Wait;

/// Cheap to clone; all clones are one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes(Arc<Mutex<All>>);

#[derive(Debug, Default)]
struct All {
    met: BTreeMap<JobId, Note>,
    /// Jobs of which nothing moves, though nobody has met an error, with what they wait for.
    standing: BTreeMap<JobId, String>,
}

#[derive(Debug)]
struct Note {
    reason: String,
    /// Whether this coordinator has met it, and not a worker.
    is_ours: bool,
    /// How far ranges were when they were first heard of after the trouble.
    seen: BTreeMap<RangeId, i64>,
}

impl Notes {
    /// Something does not work for a worker, and is tried again.
    pub(crate) fn held_up(&self, job: JobId, class: ErrorClass, reason: &str) {
        self.note(job, class.as_str(), reason, false);
    }

    /// The source cannot be read from here, and is tried again.
    pub(crate) fn source_unreadable(&self, job: JobId, class: ErrorClass, reason: &str) {
        self.note(job, class.as_str(), reason, true);
    }

    /// Others who read the source have to come first.
    pub(crate) fn waits_for_others(&self, job: JobId, reason: &str) {
        self.note(job, "busy", reason, true);
    }

    /// The source can be read from here.
    pub(crate) fn source_readable(&self, job: JobId) {
        let mut all = self.all();
        if all.met.get(&job).is_some_and(|it| it.is_ours) {
            all.met.remove(&job);
        }
    }

    fn note(&self, job: JobId, class: &str, reason: &str, is_ours: bool) {
        let reason = format!("held up ({class}): {reason}");
        self.all().met.insert(job, Note { reason, is_ours, seen: BTreeMap::new() });
    }

    /// A heartbeat: a cursor that has moved on is progress.
    pub(crate) fn beat(&self, progress: &[Progress]) {
        let mut all = self.all();
        for it in progress {
            let Some(note) = all.met.get_mut(&it.lease.key.job) else { continue };
            let seen = *note.seen.entry(it.lease.key.range).or_insert(it.committed_through);
            if it.committed_through > seen {
                all.met.remove(&it.lease.key.job);
            }
        }
    }

    /// Nothing holds the job up any more.
    pub(crate) fn forget(&self, job: JobId) {
        self.all().met.remove(&job);
    }

    /// Which jobs stand still at the moment, and why; replaces what was said before.
    pub(crate) fn stand(&self, standing: BTreeMap<JobId, String>) {
        self.all().standing = standing;
    }

    /// What holds the job up: what somebody has met, else what it waits for.
    pub(crate) fn of(&self, job: JobId) -> Option<String> {
        let all = self.all();
        let met = all.met.get(&job).map(|it| it.reason.clone());
        met.or_else(|| all.standing.get(&job).cloned())
    }

    /// How many jobs something holds up.
    pub(crate) fn n_jobs(&self) -> usize {
        let all = self.all();
        all.met.len() + all.standing.keys().filter(|job| !all.met.contains_key(job)).count()
    }

    fn all(&self) -> MutexGuard<'_, All> {
        self.0.lock().expect("nobody panics while holding this lock")
    }
}

/// What a job waits for, in words.
pub(super) fn wait_text(what: Wait, so_long: Duration) -> String {
    let seconds = so_long.as_secs();
    match what {
        Wait::Searching => format!(
            "looking for the next applications that wait among those that are decided, for {seconds} s now"
        ),
        Wait::Waiting(range) => {
            format!("range {range}: its worker has had it for {seconds} s and not begun with it")
        }
        Wait::Reading(range) => {
            format!(
                "range {range}: its worker has been reading the next applications for {seconds} s"
            )
        }
        Wait::Working(range) => {
            format!("range {range}: its worker has committed nothing for {seconds} s")
        }
        Wait::NoWorker => "no worker is connected".to_owned(),
        Wait::OldWorkers => {
            "the workers that are connected are too old for a job of this mode: upgrade them"
                .to_owned()
        }
    }
}

/// What came late below the end of a job that follows is taken once the range around it is done.
pub(super) fn late_text(n: u64) -> String {
    format!("{n} applications came late; they wait until the ranges around them are done")
}

/// Before a job is called done, its whole scope is looked through once more.
pub(super) fn check_text(so_long: Duration) -> String {
    format!("looking for applications that were passed over, for {} s now", so_long.as_secs())
}

#[cfg(test)]
mod tests {
    use xmlx_domain::{Epoch, Lease, LeaseKey, Scope};

    use super::*;

    #[test]
    fn progress_of_the_same_job_empties_the_note() {
        let notes = Notes::default();
        let beat = |job, committed_through| {
            let (job, range) = (JobId(job), RangeId(1));
            let key = LeaseKey { job, range, epoch: Epoch(1) };
            let lease = Lease { key, scope: Scope { lo: 1, hi: 100 } };
            notes.beat(&[Progress {
                lease,
                committed_through,
                claimed_through: 100,
                apps: 9,
                reading: None,
            }]);
        };
        notes.held_up(JobId(1), ErrorClass::Transient, "no connection");
        assert_eq!(notes.of(JobId(1)).as_deref(), Some("held up (transient): no connection"));
        beat(1, 10);
        beat(1, 10);
        beat(2, 11);
        beat(2, 12);
        assert!(notes.of(JobId(1)).is_some(), "nothing has moved on");
        beat(1, 11);
        assert_eq!(notes.of(JobId(1)), None);
    }

    #[test]
    fn what_a_job_waits_for_is_shown_unless_somebody_has_met_an_error() {
        let notes = Notes::default();
        let standing = wait_text(Wait::Searching, Duration::from_millis(41_900));
        notes.stand(BTreeMap::from([(JobId(1), standing)]));
        assert!(notes.of(JobId(1)).expect("it stands").ends_with("for 41 s now"));
        assert_eq!(notes.of(JobId(2)), None);
        notes.held_up(JobId(1), ErrorClass::Capacity, "no room");
        assert_eq!(notes.of(JobId(1)).as_deref(), Some("held up (capacity): no room"));
        assert_eq!(notes.n_jobs(), 1, "it is held up once");
        notes.held_up(JobId(2), ErrorClass::Capacity, "no room");
        assert_eq!(notes.n_jobs(), 2);
        notes.forget(JobId(2));
        notes.forget(JobId(1));
        notes.stand(BTreeMap::new());
        assert_eq!(notes.of(JobId(1)), None);
    }

    #[test]
    fn a_good_look_empties_only_what_a_look_has_noted() {
        let notes = Notes::default();
        notes.held_up(JobId(1), ErrorClass::Capacity, "no room");
        notes.source_unreadable(JobId(2), ErrorClass::Transient, "no connection");
        notes.source_readable(JobId(1));
        notes.source_readable(JobId(2));
        assert!(notes.of(JobId(1)).is_some());
        assert_eq!(notes.of(JobId(2)), None);
    }
}

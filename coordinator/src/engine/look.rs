//! Looking into a job's source, in tasks beside the engine: it may take long, and heartbeats must not wait.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tracing::warn;
use xmlx_domain::{JobId, Scope};
use xmlx_lease::Boundary;
use xmlx_lease::life::{self, AfterSourceError, AtTheEnd, SourceCause, SourceError};
use xmlx_store::{Error, Source, Store, Waiting};

use super::command::{Checked, Command, Handle};
use super::convert;
use super::follow::late_at_the_end;
use crate::lanes::Lane;

/// Looking is tried again after so long.
const RETRY_PAUSE: Duration = Duration::from_secs(2);

/// A lease spans no more ids than this. Its owner looks through all of them, and those between the ones that wait are
/// decided already: a million is a few seconds of index lookups.
const SPAN_MAX: i64 = 1_000_000;

/// Jobs whose sources are kept; older ones are read again if they come back.
const JOBS_MAX: usize = 64;

/// The sources of jobs, read once: a contract never changes once submitted, and compiling one for every
/// lease would be most of what a coordinator does.
#[derive(Clone, Debug, Default)]
pub(super) struct Sources {
    known: Arc<Mutex<BTreeMap<JobId, Source>>>,
}

impl Sources {
    pub(super) async fn of(&self, store: &Store, job: JobId) -> Result<Source, Error> {
        if let Some(it) = self.known().get(&job) {
            return Ok(it.clone());
        }
        let (_, source) = store.job_plan(job).await?;
        let mut known = self.known();
        if known.len() >= JOBS_MAX {
            // The lowest id is the oldest job.
            known.pop_first();
        }
        known.insert(job, source.clone());
        Ok(source)
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<JobId, Source>> {
        self.known.lock().expect("nobody panics while holding this lock")
    }
}

pub(super) async fn find_boundary(
    handle: &Handle,
    (store, sources, lane): (&Store, &Sources, &Lane),
    job: JobId,
    scope: Scope,
    count: u64,
) -> Boundary {
    let _turn = lane.enter(format!("looking where to cut a range of job {job}")).await;
    let n = i64::try_from(count).unwrap_or(i64::MAX);
    let found = async {
        let source = sources.of(store, job).await?;
        let found = source.boundary(store, scope, n).await?;
        match found.map(|it| cut(scope, n, it)) {
            Some(Cut::Within(narrow)) => {
                let found = source.boundary(store, narrow, n).await?;
                // What waited may have been decided by another tool in the meantime.
                Ok(found.map_or(Boundary::Unknown, |it| at(narrow.hi, it)))
            }
            Some(Cut::At(hi)) => Ok(found.map_or(Boundary::Unknown, |it| at(hi, it))),
            None => Ok(Boundary::Empty),
        }
    };
    match found.await {
        Ok(boundary) => {
            handle.notes().can_look(job);
            boundary
        }
        Err(err) => {
            trouble(handle, job, err, 1).await;
            Boundary::Unknown
        }
    }
}

/// Where to cut what a search for `n` applications has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    /// The range ends there.
    At(i64),
    /// They lie too far apart: as many as there are in here.
    Within(Scope),
}

fn cut(scope: Scope, n: i64, found: Waiting) -> Cut {
    let is_wide = |hi: i64| hi.saturating_sub(found.first) > SPAN_MAX;
    if is_wide(found.last) {
        Cut::Within(Scope { lo: found.first, hi: found.first + SPAN_MAX })
    } else if found.count < n && !is_wide(scope.hi) {
        // Fewer than asked for: the rest of the range has nothing for anybody else.
        Cut::At(scope.hi)
    } else {
        Cut::At(found.last + 1)
    }
}

fn at(hi: i64, found: Waiting) -> Boundary {
    Boundary::Cut { from: found.first, at: hi, count: convert::count(found.count) }
}

/// How many applications of a job waited at its submission, and in which scope.
pub(super) async fn count_total(
    store: &Store,
    sources: &Sources,
    job: JobId,
) -> Result<(Scope, i64), Error> {
    let source = sources.of(store, job).await?;
    let Some(open) = store.open_job(job).await? else { return Ok((Scope { lo: 0, hi: 0 }, 0)) };
    Ok((open.scope, source.submitted(store, open.scope).await?))
}

/// What a job comes to whose ranges are all done.
pub(super) async fn check_ended(
    store: &Store,
    sources: &Sources,
    job: JobId,
) -> Result<Checked, Error> {
    let Some(open) = store.open_job(job).await? else { return Ok(Checked::AllDecided) };
    let source = sources.of(store, job).await?;
    let waiting = convert::count(source.waiting(store, open.scope).await?);
    match life::at_the_end(waiting, store.open_ranges(job, None, 1).await?.len()) {
        AtTheEnd::AllDecided => Ok(Checked::AllDecided),
        AtTheEnd::ReadAgain => Ok(Checked::Reopened),
        AtTheEnd::TakeLate => {
            let late = late_at_the_end(store, &source, job, open.scope).await?;
            // What waited may have been decided by another tool in the meantime.
            Ok(if late.is_empty() { Checked::Reopened } else { Checked::Appeared(late) })
        }
    }
}

/// `None`: it cannot go on, and the engine knows.
pub(super) async fn until_it_works<F, T>(
    handle: &Handle,
    job: JobId,
    mut attempt: impl FnMut() -> F,
) -> Option<T>
where
    F: Future<Output = Result<T, Error>>,
{
    let mut tries = 0;
    loop {
        match attempt().await {
            Ok(it) => {
                handle.notes().can_look(job);
                return Some(it);
            }
            Err(err) => {
                tries += 1;
                if trouble(handle, job, err, tries).await {
                    return None;
                }
                tokio::time::sleep(RETRY_PAUSE).await;
            }
        }
    }
}

/// Reports what keeps a source from being read; whether that is the end of it. A login that is refused ends this
/// coordinator: others may do better.
pub(super) async fn trouble(handle: &Handle, job: JobId, err: Error, tries: u32) -> bool {
    if err.is_refused_entry() {
        handle.tell(Command::Expelled { err }).await;
        return true;
    }
    let (class, reason) = (err.class(), err.to_string());
    let cause = match err.number() {
        _ if err.is_missing_name() => SourceCause::MissingName,
        Some(_) => SourceCause::Server,
        None => SourceCause::Other,
    };
    match life::after_source_error(SourceError { class, cause }, tries) {
        AfterSourceError::Trouble(class) => {
            handle.tell(Command::Trouble { job, class, reason }).await;
            true
        }
        AfterSourceError::TryAgain => {
            warn!(%job, reason, "cannot read the source; trying again");
            handle.notes().cannot_look(job, class, &reason);
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leases_begin_where_something_waits_and_span_no_desert() {
        const FAR: i64 = 10 * SPAN_MAX;
        let scope = Scope { lo: 1, hi: FAR };
        let found = |first, last, count| cut(scope, 25, Waiting { first, last, count });
        assert_eq!(found(100, 200, 25), Cut::At(201), "as many as asked for");
        assert_eq!(found(FAR - 900, FAR - 800, 3), Cut::At(FAR), "the last ones");
        assert_eq!(found(100, 200, 3), Cut::At(201), "nothing for a long way behind them");
        let within = Cut::Within(Scope { lo: 100, hi: 100 + SPAN_MAX });
        assert_eq!(found(100, 101 + SPAN_MAX, 25), within, "a desert between them");
        assert_eq!(found(100, FAR - 1, 2), within, "fewer than asked for, and a desert");
    }
}

//! Reading a job's source, in tasks beside the engine: it may take long, and heartbeats must not wait.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tracing::warn;
use xmlx_domain::{JobId, Scope};
use xmlx_lease::Boundary;
use xmlx_lease::cut::{self, Cut, Found};
use xmlx_lease::life::{self, AfterSourceError, AtTheEnd, SourceCause, SourceError};
use xmlx_store::{Error, Source, Store, Waiting};

use super::command::{Checked, Command, Handle};
use super::convert;
use super::follow::late_at_the_end;
use crate::lanes::Lane;

/// A read that failed is tried again after so long.
const RETRY_PAUSE: Duration = Duration::from_secs(2);

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
        if let Some(source) = self.known().get(&job) {
            return Ok(source.clone());
        }
        let (_, source) = store.job_plan(job).await?;
        self.keep(job, source.clone());
        Ok(source)
    }

    /// Keeps the source of a job whose contract was compiled elsewhere.
    pub(super) fn keep(&self, job: JobId, source: Source) {
        let mut known = self.known();
        if known.len() >= JOBS_MAX {
            // The lowest id is the oldest job.
            known.pop_first();
        }
        known.insert(job, source);
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
    let search = async {
        let source = sources.of(store, job).await?;
        let first = source.boundary(store, scope, n).await?;
        Ok(match cut::cut(scope, count, first.map(found)) {
            Cut::At(boundary) => boundary,
            Cut::Within(narrow) => {
                let within = source.boundary(store, narrow, n).await?;
                cut::at_the_end_of(narrow, within.map(found))
            }
        })
    };
    match search.await {
        Ok(boundary) => {
            handle.notes().source_readable(job);
            boundary
        }
        Err(err) => {
            trouble(handle, job, err, 1).await;
            Boundary::Unknown
        }
    }
}

fn found(waiting: Waiting) -> Found {
    Found { first: waiting.first, last: waiting.last, count: convert::count(waiting.count) }
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
    if open.mode.goes_by_cursors() {
        // What a job only reads goes on waiting, and so does what kept its rows when it was to be replaced: the cursors
        // tell what the job has tried.
        let is_read = store.open_ranges(job, None, 1).await?.is_empty();
        return Ok(if is_read { Checked::AllDecided } else { Checked::Reopened });
    }
    let source = sources.of(store, job).await?;
    let waiting = convert::count(source.waiting(store, open.scope, job).await?);
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
            Ok(read) => {
                handle.notes().source_readable(job);
                return Some(read);
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
        handle.send(Command::Expelled { err }).await;
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
            handle.send(Command::Trouble { job, class, reason }).await;
            true
        }
        AfterSourceError::TryAgain => {
            warn!(%job, reason, "cannot read the source; trying again");
            handle.notes().source_unreadable(job, class, &reason);
            false
        }
    }
}

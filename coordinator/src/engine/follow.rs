//! `follow` jobs: what comes later, above their scope, below it, and between what is decided already.
//!
//! Nothing tells when a document is filled in, when the row comes that makes it one of the job's line, or when a
//! transaction is committed that took its id long ago. So the whole scope is gone through, a page in every look.

use tracing::{info, warn};
use xmlx_domain::{JobId, Mode, RangeState, Scope};
use xmlx_lease::Event;
use xmlx_store::{Error, Late, Source, Store};

use super::command::{Command, Grown, Look, Side};
use super::look::{Sources, trouble};
use super::{Engine, convert, ends_leadership};

/// Rows of the source in a page. With one page every 2 seconds ten million rows are gone through in 33 minutes, at some
/// ten thousand index lookups a second.
const PAGE_ROWS: i64 = 10_000;
/// The newest rows of the scope, where most of what comes late is found, are looked at every time.
const NEWEST_ROWS: i64 = 1_000;
/// Ranges that are opened again at the end of a job that does not follow, before they are worked off.
const LATE_MAX: usize = 1_000;

/// How far looking at a source has come.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Follow {
    /// Where the source ended at the latest look.
    seen: Option<i64>,
    /// Where the next page begins.
    next: Option<i64>,
    /// Applications that came late and cannot be taken yet.
    pub(super) late: i64,
    /// The total is what has been decided, and nothing has come since.
    is_settled: bool,
}

/// Looks at the source of a running job: whether it reaches beyond the scope, and what waits in the next page of what is
/// decided. The scope grows to where the source ended at the look before: ids below that have had their time to be
/// committed, whatever order they were committed in.
async fn look(
    store: &Store,
    sources: &Sources,
    job: JobId,
    before: Follow,
) -> Result<Option<Look>, Error> {
    let Some(scope) = store.scope_that_may_grow(job).await? else { return Ok(None) };
    let source = sources.of(store, job).await?;
    let Some(bounds) = source.bounds(store).await? else { return Ok(None) };
    let above = before.seen.map(|it| it.min(bounds.hi)).filter(|it| *it > scope.hi);
    let above = above.map(|hi| (Side::Above, Scope { lo: scope.hi, hi }));
    let below = below(store, job, scope, bounds).await?;
    let mut grown = Vec::new();
    for (side, scope) in above.into_iter().chain(below) {
        grown.push(Grown { side, scope, waiting: source.waiting(store, scope).await? });
    }
    let (late, next) = late(store, &source, job, scope, before.next).await?;
    let is_quiet =
        grown.is_empty() && late.is_empty() && store.open_ranges(job, None, 1).await?.is_empty();
    Ok(Some(Look { end: bounds.hi, grown, late, next, is_quiet }))
}

/// The ids that have come below the scope, unless the job was told where to begin.
async fn below(
    store: &Store,
    job: JobId,
    scope: Scope,
    bounds: Scope,
) -> Result<Option<(Side, Scope)>, Error> {
    let lower = Scope { lo: bounds.lo, hi: scope.lo };
    let may_grow = lower.lo < lower.hi && store.grows_down(job).await?;
    Ok(may_grow.then_some((Side::Below, lower)))
}

/// What waits among the newest rows and in the page from `next` on although cursors have passed it, and where the next
/// page begins. A page in which something waits is looked at again: it may be in a range that is worked on.
async fn late(
    store: &Store,
    source: &Source,
    job: JobId,
    scope: Scope,
    next: Option<i64>,
) -> Result<(Vec<Late>, i64), Error> {
    let lo = next.filter(|id| scope.contains(*id)).unwrap_or(scope.lo);
    let page = source.rows_up(store, Scope { lo, hi: scope.hi }, PAGE_ROWS).await?;
    let found = source.late(store, job, page).await?;
    let next = if found.late.is_empty() { found.through } else { lo };
    let mut late = found.late;
    let newest = source.rows_down(store, scope, NEWEST_ROWS).await?;
    for it in source.late(store, job, newest).await?.late {
        if late.iter().all(|other| other.range.range_id != it.range.range_id) {
            late.push(it);
        }
    }
    Ok((late, next))
}

/// What waits in a job's scope although all ranges are done.
pub(super) async fn late_at_the_end(
    store: &Store,
    source: &Source,
    job: JobId,
    mut scope: Scope,
) -> Result<Vec<Late>, Error> {
    let mut late = Vec::new();
    while scope.lo < scope.hi && late.len() < LATE_MAX {
        let page = source.late(store, job, scope).await?;
        late.extend(page.late);
        scope.lo = page.through;
    }
    Ok(late)
}

impl Engine {
    /// Looks at the sources of `follow` jobs, one look at a time.
    pub(super) fn look_for_new(&mut self) {
        let follow = self.modes.iter().filter(|(_, mode)| **mode == Mode::Follow);
        let due: Vec<JobId> =
            follow.map(|(&job, _)| job).filter(|it| self.table.state(*it).is_some()).collect();
        for job in due {
            if self.following.insert(job) {
                let (handle, store) = (self.handle.clone(), self.looks.clone());
                let (sources, lanes) = (self.sources.clone(), self.lanes.clone());
                let before = self.follows.get(&job).copied().unwrap_or_default();
                tokio::spawn(async move {
                    let _turn = lanes.follow.enter(format!("following job {job}")).await;
                    let look = match look(&store, &sources, job, before).await {
                        Ok(it) => {
                            handle.notes().can_look(job);
                            it
                        }
                        Err(err) => {
                            trouble(&handle, job, err, 1).await;
                            None
                        }
                    };
                    handle.tell(Command::Looked { job, look }).await;
                });
            }
        }
    }

    pub(super) async fn looked(&mut self, job: JobId, look: Option<Look>) -> Result<(), Error> {
        self.following.remove(&job);
        let Some(look) = look else { return Ok(()) };
        let (late, held): (Vec<Late>, Vec<Late>) =
            look.late.into_iter().partition(|it| it.range.state == RangeState::Done);
        let held = held.iter().map(|it| it.count).sum();
        // Once everything is done, the ranges are added up; not again before something has come.
        let was_settled = self.follows.get(&job).is_some_and(|it| it.is_settled);
        let settles = look.is_quiet && !was_settled && !self.table.is_doubted(job);
        let is_settled = look.is_quiet && (was_settled || settles);
        let (seen, next) = (Some(look.end), Some(look.next));
        self.follows.insert(job, Follow { seen, next, late: held, is_settled });
        for grown in look.grown {
            self.extend(job, grown).await?;
        }
        self.reopen(job, late).await?;
        if settles {
            let settled = self.store.settle_job(&self.leadership, job).await;
            self.saved(job, settled).await?;
        }
        Ok(())
    }

    /// The scope grows by one pending range. A job in doubt is looked at again soon.
    async fn extend(&mut self, job: JobId, grown: Grown) -> Result<(), Error> {
        let Some(last) = self.table.last_range(job) else { return Ok(()) };
        if self.table.is_doubted(job) {
            return Ok(());
        }
        let Grown { side, scope, waiting } = grown;
        let Scope { lo, hi } = scope;
        let (range, leader) = (last.next(), &self.leadership);
        let extended = match side {
            Side::Above => self.store.extend_job(leader, job, range, (lo, hi), waiting).await,
            Side::Below => self.store.extend_job_down(leader, job, range, (hi, lo), waiting).await,
        };
        if self.saved(job, extended).await? {
            info!(%job, lo, hi, "scope extended");
            let waiting = convert::count(waiting);
            self.apply(Event::RangeAdded { job, range, scope, waiting }).await?;
        }
        Ok(())
    }

    /// Gives what waits in ranges that are done ranges of its own.
    pub(super) async fn reopen(&mut self, job: JobId, late: Vec<Late>) -> Result<(), Error> {
        for it in late {
            let Some(last) = self.table.last_range(job) else { return Ok(()) };
            if self.table.is_doubted(job) {
                return Ok(());
            }
            // The pending one has the higher id: the table takes in no lower one after it.
            let (done, range) = (last.next(), last.next().next());
            let reopened = self.store.reopen_range(&self.leadership, &it, job, (range, done)).await;
            if !self.saved(job, reopened).await? {
                return self.doubt(job).await;
            }
            let (scope, waiting) = (it.scope, convert::count(it.count));
            let Scope { lo, hi } = scope;
            info!(%job, of = %it.range.range_id, lo, hi, waiting, "applications came late; their range is open again");
            self.apply(Event::RangeAdded { job, range, scope, waiting }).await?;
        }
        Ok(())
    }

    /// Whether it was saved. What conflicts was changed by somebody else, and is looked at again; after other errors the
    /// job is read again.
    async fn saved(&mut self, job: JobId, outcome: Result<(), Error>) -> Result<bool, Error> {
        match outcome {
            Ok(()) => Ok(true),
            // Paused, ended, or changed since it was looked at.
            Err(Error::Conflict) => Ok(false),
            Err(err) if ends_leadership(&err) => Err(err),
            Err(err) => {
                warn!(%job, %err, "a change was not saved; reading the job again");
                self.doubt(job).await?;
                Ok(false)
            }
        }
    }
}

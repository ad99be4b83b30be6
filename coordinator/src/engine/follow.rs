//! Jobs that follow their source, carried out: the source is searched in tasks beside the engine, and the job extended as
//! `xmlx_lease::follow` says.

use tracing::{info, warn};
use xmlx_domain::{JobId, Mode, Scope};
use xmlx_lease::Event;
use xmlx_lease::follow::{Follow, Rest, Search, Side, Total, Trust, can_be_taken, next_page};
use xmlx_lease::overlap::Grows;
use xmlx_store::{Error, Late, Source, Store};

use super::command::{Command, Found, Grown};
use super::source::{Sources, trouble};
use super::{Engine, convert, ends_leadership};

/// Rows of the source in a page. With one page every 2 seconds ten million rows are gone through in 33 minutes, at some
/// ten thousand index lookups a second.
const PAGE_ROWS: i64 = 10_000;
/// The newest rows of the scope, where most of what comes late is found, are looked at every time.
const NEWEST_ROWS: i64 = 1_000;
/// Ranges that are opened again at the end of a job that does not follow, before they are worked off.
const LATE_MAX: usize = 1_000;

/// Searches the source of a running job: whether it reaches beyond the scope, and what waits in the next page of what is
/// decided.
async fn search(
    store: &Store,
    sources: &Sources,
    job: JobId,
    before: Follow,
) -> Result<Option<Found>, Error> {
    let Some(scope) = store.scope_that_may_grow(job).await? else { return Ok(None) };
    let source = sources.of(store, job).await?;
    let Some(bounds) = source.bounds(store).await? else { return Ok(None) };
    // Only where it makes a difference.
    let grows_down = bounds.lo < scope.lo && store.grows_down(job).await?;
    let grows = if grows_down { Grows::BothWays } else { Grows::Up };
    let mut grown = Vec::new();
    for (side, scope) in before.growth(scope, bounds, grows) {
        grown.push(Grown { side, scope, waiting: source.waiting(store, scope, job).await? });
    }
    let (late, next) = late(store, &source, job, scope, before.page_from(scope)).await?;
    let is_quiet =
        grown.is_empty() && late.is_empty() && store.open_ranges(job, None, 1).await?.is_empty();
    let rest = if is_quiet { Rest::Nothing } else { Rest::Something };
    Ok(Some(Found { end: bounds.hi, grown, late, next, rest }))
}

/// What waits among the newest rows and in the page from `lo` on although cursors have passed it, and where the next page
/// begins.
async fn late(
    store: &Store,
    source: &Source,
    job: JobId,
    scope: Scope,
    lo: i64,
) -> Result<(Vec<Late>, i64), Error> {
    let page = source.rows_up(store, Scope { lo, hi: scope.hi }, PAGE_ROWS).await?;
    let found = source.late(store, job, page).await?;
    let next = next_page(lo, found.through, found.late.len());
    let mut late = found.late;
    let newest = source.rows_down(store, scope, NEWEST_ROWS).await?;
    for more in source.late(store, job, newest).await?.late {
        if late.iter().all(|known| known.range.range_id != more.range.range_id) {
            late.push(more);
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
    /// Searches the sources of the open jobs that follow, each once at a time.
    pub(super) fn search_sources(&mut self) {
        let follow = self.modes.iter().filter(|(_, mode)| **mode == Mode::Follow);
        let open: Vec<JobId> =
            follow.map(|(&job, _)| job).filter(|job| self.table.state(*job).is_some()).collect();
        for job in open {
            if self.following.insert(job) {
                let (handle, store) = (self.handle.clone(), self.looks.clone());
                let (sources, lanes) = (self.sources.clone(), self.lanes.clone());
                let before = self.follows.get(&job).copied().unwrap_or_default();
                tokio::spawn(async move {
                    let _turn = lanes.follow.enter(format!("following job {job}")).await;
                    let found = match search(&store, &sources, job, before).await {
                        Ok(found) => {
                            handle.notes().source_readable(job);
                            found
                        }
                        Err(err) => {
                            trouble(&handle, job, err, 1).await;
                            None
                        }
                    };
                    handle.send(Command::Searched { job, found }).await;
                });
            }
        }
    }

    pub(super) async fn searched(&mut self, job: JobId, found: Option<Found>) -> Result<(), Error> {
        self.following.remove(&job);
        let Some(Found { end, grown, late, next, rest }) = found else { return Ok(()) };
        let (late, held): (Vec<Late>, Vec<Late>) =
            late.into_iter().partition(|late| can_be_taken(late.range.state));
        let held = held.iter().map(|late| convert::count(late.count)).sum();
        let trust = if self.table.is_doubted(job) { Trust::Doubted } else { Trust::Certain };
        let follow = self.follows.entry(job).or_default();
        let total = follow.searched(Search { end, next, held, rest }, trust);
        for grown in grown {
            self.extend(job, grown).await?;
        }
        self.reopen(job, late).await?;
        if total == Total::Settle {
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

//! First stage: applications that wait, in groups.

use std::collections::VecDeque;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use xmlx_domain::{Lease, Scope};
use xmlx_store::{Connection, Error, Fetched, OpenRange, Store, WaitingDocument};

use super::retry::persist;
use super::{Group, Outcome, Shop};
use crate::jobs::Job;
use crate::metrics::{METRICS, Step};

/// The first group is small, so that a job whose applications all fail is noticed early.
const FIRST_GROUP: usize = 20;

/// So many applications are looked up at once, with the sizes of their documents: one round trip for several groups.
const LISTED_MAX: usize = 1_000;

/// So many groups can be in the stages of a pipeline at once (fetched, waiting, extracted, waiting, committed): among
/// them is whatever brought an earlier owner down.
const SUSPECT_GROUPS: usize = 5;

/// Why the stage ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Nothing that has not been fetched waits below `hi`.
    AtTheEnd {
        /// Where the range ended when it was looked at last.
        hi: i64,
    },
    /// A drain, or a later stage that has stopped.
    Stopped,
}

/// The stage's state: what it reads with, and how far it has come.
struct Fetcher<'a> {
    shop: &'a Shop,
    lease: &'a Lease,
    job: &'a Job,
    stop: &'a CancellationToken,
    connection: Connection,
    copy: Option<Connection>,
    /// What has not been fetched; its end only ever falls.
    scope: Scope,
    /// Applications from the beginning of `scope` on that wait.
    listed: VecDeque<WaitingDocument>,
    /// Nothing waits behind them.
    is_all: bool,
}

pub(super) async fn run(
    shop: &Shop,
    lease: &Lease,
    job: &Job,
    range: OpenRange,
    stop: &CancellationToken,
    groups: mpsc::Sender<Group>,
) -> Result<Ended, Outcome> {
    let apps_max = usize::try_from(shop.config.group_apps).unwrap_or(1);
    let mut suspects = if range.deaths > 0 { SUSPECT_GROUPS * apps_max } else { 0 };
    let mut first = FIRST_GROUP.min(apps_max);
    let mut fetcher = Fetcher {
        shop,
        lease,
        job,
        stop,
        connection: shop.store.connection(),
        copy: shop.copy.as_ref().map(Store::connection),
        scope: Scope { lo: range.committed_through + 1, hi: range.scope.hi },
        listed: VecDeque::new(),
        is_all: false,
    };
    loop {
        if stop.is_cancelled() {
            return Ok(Ended::Stopped);
        }
        fetcher.fill_list().await?;
        let suspect = suspects > 0;
        let apps_max = if suspect { 1 } else { std::mem::replace(&mut first, apps_max) };
        let n = group_len(&fetcher.listed, apps_max, shop.config.group_bytes);
        if n == 0 {
            return Ok(Ended::AtTheEnd { hi: fetcher.scope.hi });
        }
        let bytes = fetcher.listed.iter().take(n).map(|app| app.n_bytes).sum();
        let Some(room) = shop.room.take(bytes, stop).await else { return Ok(Ended::Stopped) };
        let apps = METRICS.timed(Step::Fetch, fetcher.fetch(n)).await?;
        METRICS.document_bytes.inc_by(bytes);
        // Another tool may have decided all of them since they were listed.
        let Some(last) = apps.last() else { continue };
        shop.board.claimed(lease.key, last.app_id);
        suspects = suspects.saturating_sub(apps.len());
        if groups.send(Group { apps, room, suspect }).await.is_err() {
            return Ok(Ended::Stopped);
        }
    }
}

impl Fetcher<'_> {
    /// Lists the next applications that wait, where none is listed.
    async fn fill_list(&mut self) -> Result<(), Outcome> {
        self.scope.hi = self.shop.board.end_of(self.lease.key, self.scope.hi);
        while self.listed.back().is_some_and(|app| app.app_id >= self.scope.hi) {
            self.listed.pop_back();
        }
        if !self.listed.is_empty() || self.is_all || self.scope.lo >= self.scope.hi {
            return Ok(());
        }
        let (documents, board) = (&self.job.documents, &self.shop.board);
        // The search may pass many rows that do not wait; while it runs the lease counts as getting on.
        board.reads(self.lease.key);
        let page =
            persist!(self.stop, documents.waiting(&mut self.connection, self.scope, LISTED_MAX));
        board.has_read(self.lease.key);
        let page = page.map_err(Outcome::from)?;
        (self.listed, self.is_all) = (page.apps.into(), page.is_last);
        Ok(())
    }

    /// Fetches the first `n` of the listed applications, as far as they still wait.
    async fn fetch(&mut self, n: usize) -> Result<Vec<Fetched>, Outcome> {
        let listed: Vec<i64> = self.listed.iter().take(n).map(|app| app.app_id).collect();
        let last = *listed.last().expect("a group is not empty");
        let (documents, stop) = (&self.job.documents, self.stop);
        let (apps, fetched_to) = if let Some(copy) = &mut self.copy {
            (persist!(stop, documents.fetch_from(&mut self.connection, copy, &listed)), last)
        } else {
            let scope = Scope { lo: self.scope.lo, hi: last + 1 };
            let page: Result<_, Error> =
                persist!(stop, documents.fetch(&mut self.connection, scope, n));
            let page = page.map_err(Outcome::from)?;
            // Something was inserted between the listed ids: what it has displaced comes next.
            let displaced = page.apps.last().map(|app| app.app_id).filter(|_| !page.is_last);
            (Ok(page.apps), displaced.unwrap_or(last))
        };
        while self.listed.front().is_some_and(|app| app.app_id <= fetched_to) {
            self.listed.pop_front();
        }
        self.scope.lo = fetched_to + 1;
        apps.map_err(Outcome::from)
    }
}

/// How many of the listed applications make up a group: at most `apps_max` of them with `bytes_max` of documents, and
/// at least one.
fn group_len(listed: &VecDeque<WaitingDocument>, apps_max: usize, bytes_max: u64) -> usize {
    let mut bytes = 0_u64;
    let fits = |app: &&WaitingDocument| {
        bytes = bytes.saturating_add(app.n_bytes);
        bytes <= bytes_max
    };
    let n = listed.iter().take(apps_max).take_while(fits).count();
    n.max(1).min(listed.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_follow_the_sizes_of_documents() {
        let listed = |sizes: &[u64]| -> VecDeque<WaitingDocument> {
            sizes.iter().map(|n_bytes| WaitingDocument { app_id: 1, n_bytes: *n_bytes }).collect()
        };
        assert_eq!(group_len(&listed(&[10; 9]), 5, 100), 5);
        assert_eq!(group_len(&listed(&[30; 9]), 5, 100), 3);
        assert_eq!(group_len(&listed(&[10, 10, 500, 10]), 5, 100), 2, "before it is read");
        assert_eq!(group_len(&listed(&[500, 10]), 5, 100), 1, "at least one");
        assert_eq!(group_len(&listed(&[0; 3]), 5, 100), 3);
        assert_eq!(group_len(&listed(&[]), 5, 100), 0);
    }
}
